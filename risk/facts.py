"""All that the checks may look at, gathered once for each order, and what they answer."""

from typing import NamedTuple

from core.instruments import Instrument
from core.market import Market
from core.money import money_text
from core.orders import OrderIntent
from oms.manager import OrderManager
from oms.table import Exposure
from risk.limits import InstrumentLimits
from risk.rate import RateWindow


class Breach(NamedTuple):
    """Why a check says no: `limit` and `figure` as decimal texts in the unit that `message` names."""

    code: str
    limit: str
    figure: str
    message: str


class Facts:
    """One order beside its instrument, market, limits and exposure; the gate owns one object and refills it.

    Prices and quantities in units. `touch_ns` is when the reference was received, `reference_twice` is bid plus ask,
    0 where they are no market. `price` is where the order would trade: its limit, or the other side's best for a
    market order.
    """

    __slots__ = (
        "ask",
        "bid",
        "exposure",
        "instrument",
        "intent",
        "is_market",
        "limits",
        "manager",
        "market",
        "now_ns",
        "per_minute",
        "per_second",
        "position",
        "price",
        "quantity",
        "ready",
        "reference_twice",
        "touch_ns",
        "valued_at",
        "worst",
    )

    ask: int
    bid: int
    exposure: Exposure
    instrument: Instrument
    intent: OrderIntent
    is_market: bool
    limits: InstrumentLimits
    manager: OrderManager
    market: Market
    now_ns: int
    per_minute: RateWindow
    per_second: RateWindow
    position: int  # the account's net quantity
    price: int
    quantity: int
    ready: bool
    reference_twice: int
    touch_ns: int
    valued_at: int  # the price behind every notional
    worst: int  # the quantity on the order's side if everything open there fills; negative: not across yet

    def quantity_text(self, quantity: int) -> str:
        """Return a quantity with its unit."""
        return f"{self.instrument.quantity_text(quantity)} {self.instrument.base}"

    def price_text(self, price: int) -> str:
        """Return a price with its unit."""
        return f"{self.instrument.price_text(price)} {self.instrument.quote}"

    def value_text(self, value: int) -> str:
        """Return price units times quantity units as an amount of the quote currency."""
        return money_text(value * self.instrument.notional_factor)
