"""One order beside all that the checks of its scopes may look at."""

from dataclasses import dataclass

from core.instruments import Instrument
from core.market import Market
from core.orders import OrderIntent
from risk.controls.cells import Reach, Values


@dataclass(slots=True, frozen=True)
class Asked:
    """An order as it shall be, and what it would add to the scopes of one owner.

    `reach` is of the owner's instrument with the order, `before` without it; `more` is what the order adds, in money of
    the base currency at the price that it is valued at, `value` the whole order there.
    """

    intent: OrderIntent
    instrument: Instrument
    market: Market
    value: int
    before: Reach
    reach: Reach
    more: Values
    ceiling: int  # the highest price in the collar for a market order, else its limit
    now_ns: int

    @property
    def adds(self) -> bool:
        """Whether the order may do more than close what is held, if everything open on its side fills."""
        return self.reach.opens(int(self.intent.side))
