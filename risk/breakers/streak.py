"""Losing trades in a row: a trade is what a strategy earned in an instrument from flat to flat, fees and funding in.

Flat is where no order could close what is left: a fee that is taken from what was bought leaves dust. A win, or a trade
that brought nothing, begins the count anew. What was realised by the last flat is kept beside the count, so a restart
in the middle of a trade does not cut it in two.
"""

import msgspec

from core.effects import OrderFilled
from oms.dust import is_flat
from risk.breakers.watch import Desk, Watch

_STREAK = "streak"


class Streak(Watch):
    """How many closed trades in a row have lost."""

    tells = (OrderFilled,)

    def __init__(self, desk: Desk, scope: str) -> None:
        """Begin at the first look."""
        super().__init__(desk, scope)

    def figure(self, now_ns: int) -> int | None:
        """Return the count; at the first look, take what was realised before as no trade of ours."""
        if _STREAK not in self.memory:
            self.memory = {_STREAK: 0} | {
                self._key(strategy_id, index): position.realised_money - position.fees
                for index, strategy_id, position in self.desk.manager.positions()
                if strategy_id is not None and position.fills and self.scoped.holds(strategy_id, index)
            }
        return self.memory[_STREAK]

    def note(self, effect: msgspec.Struct, now_ns: int) -> bool:
        """Count a trade that this execution closed."""
        assert isinstance(effect, OrderFilled)
        strategy_id, index, side = effect.strategy_id, effect.instrument, int(effect.side)
        if _STREAK not in self.memory or not self.scoped.holds(strategy_id, index):
            return False
        position = self.desk.manager.strategy_position(strategy_id, index)
        instrument, left = self.desk.markets[index].instrument, position.quantity
        before = left - side * effect.quantity
        if before * side >= 0 or is_flat(index, instrument, before, effect.price):
            return False  # it opens
        if left * side < 0 and not is_flat(index, instrument, left, effect.price):
            return False  # it closes a part
        key, earned = self._key(strategy_id, index), position.realised_money - position.fees
        lost = earned < self.memory.get(key, 0)
        self.memory = self.memory | {key: earned, _STREAK: self.memory[_STREAK] + 1 if lost else 0}
        return True

    def anew(self, now_ns: int) -> None:
        """Forgive what was lost; a trade that is open goes on."""
        if self.memory:
            self.memory = self.memory | {_STREAK: 0}

    def _key(self, strategy_id: str, index: int) -> str:
        return f"{strategy_id} {self.desk.markets[index].instrument.id}"
