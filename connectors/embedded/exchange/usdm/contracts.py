"""A contract's units, filters and leverage brackets.

Prices (marks too) and quantities are ints of 10^-8 as everywhere in the venue, money is in 10^-18 of the margin asset
(core/money.py): a notional is exact.
Source of the brackets' meaning:
https://developers.binance.com/docs/derivatives/usds-margined-futures/account/rest-api/Notional-and-Leverage-Brackets
"""

import msgspec

from connectors.embedded.exchange.limits import Limit, LimitKind
from connectors.embedded.exchange.orders import DECIMALS, UNIT
from connectors.embedded.market import Listing, fixed_text
from core.errors import PrecisionError
from core.money import MONEY_DECIMALS, MONEY_UNIT

PPM = 1_000_000  # rates of margin and commission are ints of a millionth
RATE_DECIMALS = 8  # funding rates are ints of 10^-8, as the venue writes them
_WIRE: int = 10 ** (MONEY_DECIMALS - 8)  # the finest money that the wire tells
_PRODUCT: int = 10 ** (MONEY_DECIMALS - 2 * DECIMALS)  # money in the product of a price and a quantity

# Ceiling of the notional (in whole units of the margin asset), leverage, maintenance margin ratio in ppm: the shape of
# a large pair's brackets.
_TIERS = (
    (50_000, 125, 4_000),
    (600_000, 100, 5_000),
    (3_000_000, 75, 6_500),
    (12_000_000, 50, 10_000),
    (70_000_000, 25, 20_000),
    (100_000_000, 20, 25_000),
    (230_000_000, 10, 50_000),
    (480_000_000, 5, 100_000),
    (600_000_000, 4, 125_000),
    (800_000_000, 3, 150_000),
    (1_200_000_000, 2, 250_000),
    (1_800_000_000, 1, 500_000),
)


USDM_LIMITS = (
    Limit(LimitKind.REQUEST_WEIGHT, "MINUTE", 1, 2_400),
    Limit(LimitKind.ORDERS, "MINUTE", 1, 1_200),
    Limit(LimitKind.ORDERS, "SECOND", 10, 300),
)


class Bracket(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One tier: up to `cap` of notional, `leverage` is allowed and `maintenance_ppm` is to be kept.

    `cumulative` ("cum", an "auxiliary number for quick calculation") makes maintenance continuous over the tiers.
    """

    number: int
    leverage: int
    floor: int
    cap: int
    maintenance_ppm: int
    cumulative: int


def make_brackets(tiers: tuple[tuple[int, int, int], ...]) -> tuple[Bracket, ...]:
    """Return the brackets of (ceiling in whole units, leverage, maintenance ppm), lowest first."""
    brackets: list[Bracket] = []
    for number, (ceiling, leverage, maintenance_ppm) in enumerate(tiers, start=1):
        floor = brackets[-1].cap if brackets else 0
        before_ppm = brackets[-1].maintenance_ppm if brackets else maintenance_ppm
        cumulative = brackets[-1].cumulative if brackets else 0
        brackets.append(
            Bracket(
                number=number,
                leverage=leverage,
                floor=floor,
                cap=ceiling * MONEY_UNIT,
                maintenance_ppm=maintenance_ppm,
                cumulative=cumulative + floor * (maintenance_ppm - before_ppm) // PPM,
            )
        )
    return tuple(brackets)


BRACKETS = make_brackets(_TIERS)


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """A listed contract with what trading it needs; the filters are those that exchangeInfo shows."""

    listing: Listing
    tick: int
    step: int
    brackets: tuple[Bracket, ...] = BRACKETS
    max_price: int
    max_quantity: int = 1_000 * UNIT
    market_max_quantity: int = 120 * UNIT
    min_notional: int = 5 * MONEY_UNIT
    price_up_ppm: int = 1_050_000  # PERCENT_PRICE: "BUY: price <= markPrice * multiplierUp"
    price_down_ppm: int = 950_000  # PERCENT_PRICE: "SELL: price >= markPrice * multiplierDown"
    trigger_protect_ppm: int = 50_000  # triggerProtect: how far mark and last may differ under priceProtect
    liquidation_fee_ppm: int = 12_500
    max_orders: int = 200

    @property
    def symbol(self) -> str:
        """The name as REST writes it."""
        return self.listing.symbol

    @property
    def asset(self) -> str:
        """The margin asset."""
        return self.listing.quote

    def bracket(self, notional: int) -> Bracket:
        """Return the tier of a notional (of either sign); beyond the last ceiling the last."""
        size = abs(notional)
        return next((tier for tier in self.brackets if size < tier.cap), self.brackets[-1])

    def max_notional(self, leverage: int) -> int:
        """Return the largest notional that this leverage allows."""
        return max((tier.cap for tier in self.brackets if tier.leverage >= leverage), default=0)

    @property
    def max_leverage(self) -> int:
        """The highest leverage of any tier."""
        return self.brackets[0].leverage

    def price_text(self, price: int) -> str:
        """Write a price with as many decimals as the tick has."""
        return fixed_text(price // self.tick, self.listing.price_decimals)

    def quantity_text(self, quantity: int) -> str:
        """Write a quantity, which may be negative, with as many decimals as the lot has."""
        text = fixed_text(abs(quantity) // self.step, self.listing.quantity_decimals)
        return f"-{text}" if quantity < 0 else text


def value(price: int, quantity: int) -> int:
    """Return the money that a quantity is worth at a price; it has the quantity's sign."""
    return price * quantity * _PRODUCT


def whole(amount: int) -> int:
    """Return money as it is paid: with the eight decimals that the wire tells, the rest cut towards zero.

    Else a wallet would drift from the sum of all that was ever told of it.
    """
    return amount // _WIRE * _WIRE if amount >= 0 else -(-amount // _WIRE * _WIRE)


def make_contract(listing: Listing) -> Contract:
    """Return a listing as a contract. May raise PrecisionError."""
    if max(listing.price_decimals, listing.quantity_decimals) > DECIMALS:
        raise PrecisionError(f"{listing.symbol}: more than {DECIMALS} decimals are finer than the venue counts")
    tick = 10 ** (DECIMALS - listing.price_decimals)
    return Contract(
        listing=listing, tick=tick, step=10 ** (DECIMALS - listing.quantity_decimals), max_price=10**9 * tick
    )
