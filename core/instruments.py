"""Instruments: what can be traded, and the integer units in which it is counted."""

import enum
import functools

import msgspec

from core.decimals import to_text, to_units
from core.money import MONEY_DECIMALS
from core.sessions import Sessions, check_sessions


class AssetClass(enum.StrEnum):
    """The kinds of instrument that the words cover; which venues offer them is the connectors' matter."""

    CRYPTO_SPOT = "crypto-spot"
    PERPETUAL = "perpetual"
    FUTURE = "future"
    EQUITY = "equity"
    ETF = "etf"
    FX = "fx"
    OPTION = "option"


class OptionKind(enum.StrEnum):
    """The right that an option gives."""

    CALL = "call"
    PUT = "put"


class Instrument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One tradable thing at one venue.

    Prices are ints in units of 10^-price_precision of the quote currency, quantities ints in units of
    10^-size_precision; `tick`, `lot`, `min_quantity` and `max_quantity` are in those units. `min_notional` is money.
    The size precision is finer than the lot, since a venue's own data holds odd lots from before its lot grew.
    """

    symbol: str
    venue: str
    asset_class: AssetClass
    base: str
    quote: str
    settlement: str = ""
    price_precision: int
    size_precision: int
    tick: int
    lot: int
    min_quantity: int = 0
    max_quantity: int = 0
    min_notional: int = 0
    multiplier: int = 1
    inverse: bool = False
    calendar: str = "24/7"
    margin_initial_ppm: int = 1_000_000
    margin_maintenance_ppm: int = 1_000_000
    expiry_ns: int = 0
    strike: int = 0
    option_kind: OptionKind | None = None
    underlying: str = ""
    tradable: bool = True
    native: tuple[str, ...] = ()
    """What the venue itself keeps of our order words, beside market and limit orders: values of `OrderType`,
    `TimeInForce` and `Contingency`, and "iceberg", "hidden", "replace", "reduce-only", "mark" (as a trigger)."""
    sessions: Sessions = ()
    """When it is traded, (open, close) in ns, rising; empty: always. Orders pass the gate in a session alone."""

    def __post_init__(self) -> None:
        """Refuse units in which money would not be exact, and steps that are not positive."""
        if self.price_precision + self.size_precision > MONEY_DECIMALS:
            raise ValueError(f"{self.id}: price and size precision together exceed {MONEY_DECIMALS} decimals")
        if self.tick <= 0 or self.lot <= 0 or self.multiplier <= 0:
            raise ValueError(f"{self.id}: tick, lot and multiplier must be positive")
        if self.sessions and (wrong := check_sessions(self.sessions)):
            raise ValueError(f"{self.id}: {wrong}")

    @property
    def id(self) -> str:
        """The name used everywhere, `BTCUSDT.BINANCE`."""
        return f"{self.symbol}.{self.venue}"

    @property
    def currency(self) -> str:
        """The currency in which profit is counted: an inverse contract's is its base, unless it says otherwise."""
        return self.settlement or (self.base if self.inverse else self.quote)

    @property
    def holds_base(self) -> bool:
        """Whether a trade exchanges the base asset itself (spot), instead of opening a contract."""
        return self.asset_class in {AssetClass.CRYPTO_SPOT, AssetClass.FX, AssetClass.EQUITY, AssetClass.ETF}

    @property
    def notional_factor(self) -> int:
        """Money per unit of price times unit of quantity: `money = price * quantity * notional_factor`."""
        return notional_factor(self.price_precision, self.size_precision, self.multiplier)

    def price(self, text: str) -> int:
        """Return a decimal price in this instrument's units. Raises PrecisionError."""
        return to_units(text, self.price_precision)

    def quantity(self, text: str) -> int:
        """Return a decimal quantity in this instrument's units. Raises PrecisionError."""
        return to_units(text, self.size_precision)

    def price_text(self, price: int) -> str:
        """Return a price as decimal text."""
        return to_text(price, self.price_precision)

    def quantity_text(self, quantity: int) -> str:
        """Return a quantity as decimal text."""
        return to_text(quantity, self.size_precision)


@functools.cache
def notional_factor(price_precision: int, size_precision: int, multiplier: int) -> int:
    """Return the factor that turns price units times quantity units into money (10^-18 of the quote currency)."""
    return int(10 ** (MONEY_DECIMALS - price_precision - size_precision)) * multiplier
