"""What was lost: realised and marked, less fees, in the base currency, since a place that survives a restart.

Amounts are kept by currency and converted at the rates of now, so a rate that moves does not turn yesterday's profit
into a loss of today. Fail closed: a position without a mark, or a currency without a rate, has no figure, never 0.
"""

import enum

import msgspec

from core.effects import OrderBusted, OrderFilled
from core.market import mark_price_of
from risk.breakers.watch import MONEY_UNIT, Desk, Scoped, Watch, money_figure

DAY_NS = 86_400 * 1_000_000_000
_AT = "at:"  # keys of the memory: what was earned by then, by currency
_SINCE = "since"


class Earned:
    """What a scope earned since its positions began, by currency."""

    __slots__ = ("_base", "_desk", "_scoped", "problem")

    def __init__(self, desk: Desk, scoped: Scoped, base: str) -> None:
        """Look at what the scope holds; values are of the base currency."""
        self._desk = desk
        self._scoped = scoped
        self._base = base
        self.problem = ""

    def amounts(self) -> dict[str, int] | None:
        """Return money by currency, None where a position has no mark."""
        manager, markets = self._desk.manager, self._desk.markets
        by_strategy, amounts = self._scoped.kind == "strategy", dict[str, int]()
        for index, strategy_id, position in manager.positions():
            if (strategy_id is not None) != by_strategy or not position.fills:
                continue
            if not self._scoped.holds(strategy_id or "", index):
                continue
            earned = position.realised_money - position.fees
            if position.quantity:
                mark = mark_price_of(markets[index])
                if mark <= 0:
                    self.problem = f"{markets[index].instrument.id} has no price"
                    return None
                earned += position.unrealised(mark)
            currency = manager.terms(index).currency
            amounts[currency] = amounts.get(currency, 0) + earned
        return amounts

    def value(self, amounts: dict[str, int], since: dict[str, int]) -> int | None:
        """Return the value of amounts less those of before, None where a currency has no rate; cut downwards."""
        total = 0
        for currency in sorted(amounts.keys() | since.keys()):
            gained = amounts.get(currency, 0) - since.get(currency, 0)
            if not gained:
                continue
            rate = self._desk.manager.books.rates.find(currency, self._base)
            if rate is None:
                self.problem = f"{currency} has no rate to {self._base}"
                return None
            total += gained * rate.numerator // rate.denominator
        return total


class Since(enum.Enum):
    """Since when a loss counts."""

    ARMED = "armed"  # since the breaker was first there, or was armed
    DAY = "day"
    SESSION = "session"


class Loss(Watch):
    """What was lost since then; a profit is a negative figure."""

    unit = MONEY_UNIT
    tells = (OrderFilled, OrderBusted)

    def __init__(self, desk: Desk, scope: str, base: str, since: Since) -> None:
        """Begin at the first look."""
        super().__init__(desk, scope)
        self._earned = Earned(desk, self.scoped, base)
        self._since = since

    def figure(self, now_ns: int) -> int | None:
        """Return the loss; begin to count where a new day or session has come."""
        amounts = self._earned.amounts()
        if amounts is None:
            self.problem = self._earned.problem
            return None
        since = self._place(now_ns)
        if not self.memory or self._is_over(since):
            self.memory = {_SINCE: since} | {_AT + currency: amount for currency, amount in sorted(amounts.items())}
        before = {key.removeprefix(_AT): amount for key, amount in self.memory.items() if key.startswith(_AT)}
        gained = self._earned.value(amounts, before)
        self.problem = "" if gained is not None else self._earned.problem
        return None if gained is None else -gained

    def note(self, effect: msgspec.Struct, now_ns: int) -> bool:
        """Look at once after an execution."""
        assert isinstance(effect, OrderFilled | OrderBusted)
        return self.scoped.holds(effect.strategy_id, effect.instrument)

    def text(self, figure: int) -> str:
        """Return money."""
        return money_figure(figure)

    def _place(self, now_ns: int) -> int:
        """Return the number of the day, or of the session, that it is."""
        if self._since is Since.DAY:
            return (now_ns - self.desk.day_begins_ns) // DAY_NS
        return self.desk.epoch if self._since is Since.SESSION else 0

    def _is_over(self, since: int) -> bool:
        """Whether what was counted from is over; a clock that steps back begins no new day."""
        if self._since is Since.DAY:
            return since > self.memory[_SINCE]
        return since != self.memory[_SINCE]
