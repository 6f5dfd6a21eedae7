"""A second count of what is held, from the executions alone: by code that shares nothing with the books.

Each execution has a name; one that is told twice counts once here, whatever the books made of it. Where the count and
the account's position differ, one of them is wrong, and nobody should trade until a person knows which.
"""

import msgspec

from core.bookings import SPLIT, BookedByHand
from core.effects import OrderBusted, OrderFilled
from risk.breaker_settings import CountRow, Row
from risk.breakers.ladder import STEP_OF
from risk.breakers.watch import MONEY_UNIT, Desk, Watch, money_figure
from risk.controls.worth import worth_of

NAMES_MOST = 10_000
_BEGUN = "begun"
_OF = "of:"

Name = tuple[int, str, str, str]


class SecondCount(Watch):
    """Quantities by instrument, counted from executions; the figure is their gross value in the base currency."""

    unit = MONEY_UNIT
    tells = (OrderFilled, OrderBusted, BookedByHand)

    def __init__(self, desk: Desk, scope: str, base: str, row: CountRow) -> None:
        """Begin at the first look, with what the books say then: what came before has no executions here."""
        super().__init__(desk, scope)
        self._base = base
        self.change(row)
        self._seen: dict[Name, None] = {}
        self._difference = ""

    def change(self, row: Row) -> None:
        """Have what a row says of differences from now on, and value what is held where it has steps."""
        assert isinstance(row, CountRow)
        self._step = STEP_OF[row.on_difference]
        self._values = bool(row.rungs())

    def figure(self, now_ns: int) -> int | None:
        """Return the gross value; compare the counts with the books on the way."""
        if _BEGUN not in self.memory:
            self.memory = {_BEGUN: 1} | {
                _OF + market.instrument.id: quantity
                for market in self.scoped.markets()
                if (quantity := self.desk.manager.position(market.index).quantity)
            }
        self._difference, gross = "", 0
        for market in self.scoped.markets():
            counted = self.memory.get(_OF + market.instrument.id, 0)
            booked = self.desk.manager.position(market.index).quantity
            if counted != booked and not self._difference:
                instrument = market.instrument
                counts = f"{instrument.quantity_text(counted)} by executions, {instrument.quantity_text(booked)}"
                self._difference = f"{instrument.id} is {counts} in the books"
            if counted and self._values:
                worth = worth_of(market.index, self.desk.manager, self._base)
                if worth is None:
                    self.problem = f"{market.instrument.id} has no value in {self._base}"
                    return None
                gross += worth.of(abs(counted))
        self.problem = ""
        return gross

    def demands(self) -> tuple[int, str] | None:
        """Return the step that a difference asks for, and why."""
        return (self._step, self._difference) if self._difference else None

    def note(self, effect: msgspec.Struct, now_ns: int) -> bool:
        """Count an execution, or take one off that the venue took back."""
        if _BEGUN not in self.memory:
            return False
        if isinstance(effect, BookedByHand):
            if effect.what == SPLIT:
                self.retake(effect.instrument)
            return False
        assert isinstance(effect, OrderFilled | OrderBusted)
        if not self.scoped.holds("", effect.instrument):
            return False
        name = (effect.instrument, effect.strategy_id, effect.client_order_id, effect.exec_id)
        busted = isinstance(effect, OrderBusted)
        if busted:
            self._seen.pop(name, None)
        elif name in self._seen:
            return True
        else:
            self._seen[name] = None
            if len(self._seen) > NAMES_MOST:
                del self._seen[next(iter(self._seen))]
        sign = -int(effect.side) if busted else int(effect.side)
        key = _OF + self.desk.markets[effect.instrument].instrument.id
        self._set(key, self.memory.get(key, 0) + sign * effect.quantity)
        return True

    def retake(self, index: int) -> None:
        """Begin again with the books' quantity of one instrument: a split makes other shares of what was executed."""
        if _BEGUN in self.memory and 0 <= index < len(self.desk.markets):
            instrument = self.desk.markets[index].instrument
            if self.scoped.has(instrument):
                self._set(_OF + instrument.id, self.desk.manager.position(index).quantity)

    def text(self, figure: int) -> str:
        """Return money."""
        return money_figure(figure)

    def state(self) -> list[object]:
        """Return the names that were seen."""
        return [list(self._seen)]

    def _set(self, key: str, quantity: int) -> None:
        rest = {name: value for name, value in self.memory.items() if name != key}
        self.memory = rest | {key: quantity} if quantity else rest
