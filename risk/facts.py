"""All that an explanation may look at, gathered once a check has said no, and what it answers."""

from dataclasses import dataclass
from typing import NamedTuple

from core.instruments import Instrument
from core.market import Market, touch_of
from core.money import money_text
from core.orders import OrderIntent
from oms.moves import Exposure
from risk.figures import reference_twice_of, valuation_price, worst_position
from risk.limits import InstrumentLimits
from risk.rate import Rates
from risk.records import Asked

Touch = tuple[int, int, int, int, int]
"""(bid, bid quantity, ask, ask quantity, time), as `core.market.touch_of` returns it."""


class Why(NamedTuple):
    """Why a check says no: `limit` and `figure` as decimal texts in the unit that `message` names."""

    limit: str
    figure: str
    message: str


@dataclass(slots=True, frozen=True)
class Facts:
    """One refused order beside its instrument, market, limits and exposure. Prices and quantities in units."""

    intent: OrderIntent
    order: Asked  # the same in numbers
    instrument: Instrument
    limits: InstrumentLimits
    market: Market
    exposure: Exposure
    open_orders: int  # over all instruments
    position: int  # the account's net quantity
    rates: Rates
    now_ns: int

    @property
    def bid(self) -> int:
        """The best bid, 0 where nobody is."""
        return touch_of(self.market)[0]

    @property
    def ask(self) -> int:
        """The best ask, 0 where nobody is."""
        return touch_of(self.market)[2]

    @property
    def touch_ns(self) -> int:
        """When the reference was received."""
        return touch_of(self.market)[4]

    @property
    def reference_twice(self) -> int:
        """Bid plus ask, 0 where they are no market."""
        return reference_twice_of(self.bid, self.ask)

    @property
    def price(self) -> int:
        """Where the order would trade: at its limit, or at the other side's best for a market order."""
        if not self.order.is_market:
            return self.order.price
        return self.ask if self.order.side > 0 else self.bid

    @property
    def valued_at(self) -> int:
        """The price behind every notional."""
        order, deviation = self.order, self.limits.max_deviation
        return valuation_price(order.is_market, order.side, order.price, self.bid, self.reference_twice, deviation)

    @property
    def worst(self) -> int:
        """The quantity on the order's side if everything open there fills; negative: not across yet."""
        side = self.order.side
        open_same = self.exposure.open_buy_quantity if side > 0 else self.exposure.open_sell_quantity
        return worst_position(side, self.position, open_same, self.order.quantity)

    def quantity_text(self, quantity: int) -> str:
        """Return a quantity with its unit."""
        return f"{self.instrument.quantity_text(quantity)} {self.instrument.base}"

    def price_text(self, price: int) -> str:
        """Return a price with its unit."""
        return f"{self.instrument.price_text(price)} {self.instrument.quote}"

    def value_text(self, value: int) -> str:
        """Return price units times quantity units as an amount of the quote currency."""
        return money_text(value * self.instrument.notional_factor)
