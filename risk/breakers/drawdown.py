"""What is lost since the peak.

In the scope all it is the account's equity: money that is brought or taken away moves the peak with it, so a withdrawal
is no drawdown. Elsewhere it is the curve of what the scope earned since it was first looked at, or was armed.
"""

import msgspec

from core.effects import OrderBusted, OrderFilled
from core.scopes import ALL
from oms.books import ACCOUNTS, TRANSFERS
from oms.valuation import equity_in
from risk.breaker_settings import DrawdownRow, Row
from risk.breakers.losses import Earned
from risk.breakers.watch import MONEY_UNIT, Desk, Watch, money_figure, share_figure

_PEAK, _AT = "peak", "at:"
_TRANSFERS = ACCOUNTS[TRANSFERS]
_DECIMALS = 9  # of a share
_SHARE: int = 10**_DECIMALS


class Drawdown(Watch):
    """Peak less now, as money or as a share of the peak."""

    tells = (OrderFilled, OrderBusted)

    def __init__(self, desk: Desk, scope: str, base: str, *, share: bool) -> None:
        """Begin at the first look."""
        super().__init__(desk, scope)
        self._base = base
        self._share = share
        self.unit = _SHARE if share else MONEY_UNIT
        self._earned = None if self.scoped.kind == ALL else Earned(desk, self.scoped, base)
        self._moved: dict[str, int] = {}

    def figure(self, now_ns: int) -> int | None:
        """Return the drawdown, and raise the peak where there is none."""
        now = self._equity() if self._earned is None else self._profit(self._earned)
        if now is None:
            return None
        peak = max(self.memory.get(_PEAK, now), now)
        self.memory = self.memory | {_PEAK: peak}
        if not self._share:
            return peak - now
        return -(-(peak - now) * _SHARE // peak) if peak > 0 else 0  # rounded up: an account that owes has no share

    def change(self, row: Row) -> None:
        """Be a share of the peak, or money, from now on."""
        assert isinstance(row, DrawdownRow)
        self._share = row.share
        self.unit = _SHARE if row.share else MONEY_UNIT

    def note(self, effect: msgspec.Struct, now_ns: int) -> bool:
        """Look at once after an execution."""
        assert isinstance(effect, OrderFilled | OrderBusted)
        return self.scoped.holds(effect.strategy_id, effect.instrument)

    def text(self, figure: int) -> str:
        """Return money, or a share."""
        return share_figure(figure, _DECIMALS) if self._share else money_figure(figure)

    def state(self) -> list[object]:
        """Return what is known of the money that was moved."""
        return [[currency, str(amount)] for currency, amount in sorted(self._moved.items())]

    def _equity(self) -> int | None:
        """Return the account's equity, the peak moved by what was brought or taken since the last look."""
        valuation = equity_in(self._base, self.desk.manager)
        if not valuation.complete:
            self.problem = f"{', '.join((*valuation.unknown, *valuation.unmarked))} has no value in {self._base}"
            return None
        brought = self._brought()
        if brought is None:
            return None
        self.problem = ""
        if brought and _PEAK in self.memory:
            self.memory = self.memory | {_PEAK: self.memory[_PEAK] + brought}
        return valuation.total

    def _brought(self) -> int | None:
        """Return what was brought less what was taken since the last look; keep what has no rate for the next."""
        moved = {
            line.currency: -line.amount
            for line in self.desk.manager.books.ledger.books.lines()
            if line.account == _TRANSFERS
        }
        total = 0
        for currency in sorted(moved.keys() | self._moved.keys()):
            amount = moved.get(currency, 0) - self._moved.get(currency, 0)
            if amount:
                rate = self.desk.manager.books.rates.find(currency, self._base)
                if rate is None:
                    self.problem = f"{currency} has no rate to {self._base}"
                    return None
                total += amount * rate.numerator // rate.denominator
        self._moved = moved
        return total

    def _profit(self, earned: Earned) -> int | None:
        """Return what the scope earned since it was first looked at."""
        amounts = earned.amounts()
        if amounts is not None and not self.memory:
            self.memory = {_AT + currency: amount for currency, amount in sorted(amounts.items())} | {_PEAK: 0}
        before = {key.removeprefix(_AT): amount for key, amount in self.memory.items() if key.startswith(_AT)}
        value = None if amounts is None else earned.value(amounts, before)
        self.problem = earned.problem if value is None else ""
        return value
