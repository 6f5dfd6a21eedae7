"""One order beside all that the checks of its scopes may look at."""

from core.instruments import Instrument
from core.market import Market
from core.orders import OrderIntent
from risk.controls.cells import Cell, Reach
from risk.controls.observed import Observed
from risk.controls.worth import Worth
from risk.facts import Touch


class Asked:
    """An order as it shall be, and what it would add to the scopes of one owner; one object, refilled.

    `more_gross`, `more_side` and `value` are money of the base currency at the price that the order is valued at:
    by how much the largest position that may come grows, what the order adds to what is open on its side, and the
    whole order. `adds`: it may do more than close what is held, if everything open on its side fills.
    """

    __slots__ = (
        "adds",
        "instrument",
        "intent",
        "market",
        "more_gross",
        "more_orders",
        "more_side",
        "now_ns",
        "observed",
        "side",
        "touch",
        "value",
        "valued_at",
    )

    intent: OrderIntent
    instrument: Instrument
    market: Market
    touch: Touch
    observed: Observed
    side: int
    valued_at: int
    value: int
    more_gross: int
    more_side: int
    more_orders: int
    adds: bool
    now_ns: int

    def weigh(self, cell: Cell, without: Reach | None, quantity: int, worth: Worth | None) -> None:
        """Take what `quantity` units more add to a cell, `without` the order that they replace."""
        reach, side = cell.reach, self.side
        if without is None:
            without, more, self.more_orders = reach, quantity, 1
        else:
            more = quantity - (reach.buys - without.buys if side > 0 else reach.sells - without.sells)
            self.more_orders = 0
        self.adds = (without.long if side > 0 else -without.short) + quantity > 0
        if worth is None:
            self.more_gross = self.more_side = 0
        else:
            self.more_gross = worth.of(without.gross_with(side, quantity) - reach.gross)
            self.more_side = worth.of(more)
