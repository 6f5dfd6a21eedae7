"""What a user's function sees, and what it may answer. All of it is immutable, and numbers are whole.

Prices and quantities are in the instrument's units (10^-price_precision, 10^-size_precision), money in 10^-18 of its
currency, times in nanoseconds of the event that is being handled: a function has no other clock.
"""

import msgspec

from core.decimals import to_units
from core.instruments import AssetClass, Instrument
from core.money import MONEY_DECIMALS, money_text

MINUTE_NS = 60 * 1_000_000_000


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """The order as it was asked for. `side` is 1 for a buy, -1 for a sell; a market order has no price, 0.

    `valued_at` is the gate's price of it, a market order's the worst of the collar, and `notional` its value there, of
    the quote currency. `closes`: it does no more than close what is held, with everything open on its side filled.
    """

    strategy: str
    about: Instrument
    side: int
    is_market: bool
    price: int
    quantity: int
    valued_at: int
    notional: int
    post_only: bool
    reduce_only: bool
    closes: bool

    @property
    def instrument(self) -> str:
        """Its name, `BTCUSDT.BINANCE`."""
        return self.about.id

    @property
    def venue(self) -> str:
        """Its venue, `BINANCE`."""
        return self.about.venue

    @property
    def asset_class(self) -> AssetClass:
        """What is traded."""
        return self.about.asset_class

    @property
    def lot(self) -> int:
        """The step of quantities; what an order is shrunk to is cut to whole lots."""
        return self.about.lot

    @property
    def price_text(self) -> str:
        """The price in decimals."""
        return self.about.price_text(self.price)

    @property
    def quantity_text(self) -> str:
        """The quantity in decimals."""
        return self.about.quantity_text(self.quantity)

    @property
    def notional_text(self) -> str:
        """The value in decimals of the quote currency."""
        return money_text(self.notional)

    def quantity_of(self, text: str) -> int:
        """Return a decimal quantity in units: `quantity_of("0.5")`. Raises PrecisionError."""
        return to_units(text, self.about.size_precision)

    def price_of(self, text: str) -> int:
        """Return a decimal price in units. Raises PrecisionError."""
        return to_units(text, self.about.price_precision)

    def worth(self, quantity: int) -> int:
        """Return what so many units are worth, as money of the quote currency."""
        if self.about.inverse:
            return quantity * int(10 ** (MONEY_DECIMALS - self.about.size_precision)) * self.about.multiplier
        return quantity * self.valued_at * self.about.notional_factor


class MarketView(msgspec.Struct, frozen=True, kw_only=True):
    """The instrument's market: the touch, how old it is, the last trade (0 for none), and the time.

    `depth` is what the book shows on the other side up to the order's price.
    """

    bid: int
    bid_quantity: int
    ask: int
    ask_quantity: int
    last: int
    depth: int
    age_ns: int
    now_ns: int

    @property
    def spread(self) -> int:
        """Ask less bid, in price units."""
        return self.ask - self.bid

    @property
    def middle_twice(self) -> int:
        """Bid plus ask: the middle may fall between two price units."""
        return self.bid + self.ask

    @property
    def minute_of_day(self) -> int:
        """Minutes since midnight UTC."""
        return self.now_ns // MINUTE_NS % 1440

    @property
    def weekday(self) -> int:
        """The day of the week by UTC: Monday is 0, Sunday 6."""
        return (self.now_ns // (1440 * MINUTE_NS) + 3) % 7


class BookView(msgspec.Struct, frozen=True, kw_only=True):
    """Our books: what is held and open in the instrument, beside the order itself.

    Positions are negative where short; `worst_position` is what the account's comes to on the order's side once
    everything open there and the order have filled. What was traded today is the strategy's in the instrument, by UTC
    days, turnover as money of the currency that it settles in; None without [risk.controls], which counts it.
    """

    position: int
    strategy_position: int
    worst_position: int
    open_orders: int
    open_orders_total: int
    open_buy_quantity: int
    open_sell_quantity: int
    orders_today: int | None
    fills_today: int | None
    turnover_today: int | None


class Pass(msgspec.Struct, frozen=True):
    """The order may pass as it is."""


class Reject(msgspec.Struct, frozen=True):
    """The order is refused: with a code in capitals, the limit and the figure as decimal texts, and why in words."""

    code: str
    limit: str = ""
    figure: str = ""
    message: str = ""


class Shrink(msgspec.Struct, frozen=True):
    """The order may pass with at most so many units, cut to whole lots, and why in words."""

    quantity: int
    why: str = ""


Answer = Pass | Reject | Shrink
