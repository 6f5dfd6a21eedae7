"""At which price the simulated venue values a position, and what a quantity is worth in the units of its fees.

A venue marks by an index of several venues' prices, which recordings of one venue do not tell; the middle of the touch
is the nearest thing, and where no price is known nothing is charged. Prices are doubled, so that a middle between two
ticks is exact.

Bounds of the compiled form: twice price times quantity, and the result in units, below 2**62.
"""

from dataclasses import dataclass
from math import gcd

from connectors.sim.account_settings import MarkModel
from connectors.sim.fees import scaled_up
from connectors.sim.listing import Listing
from connectors.sim.settings import SimSettings
from connectors.sim.view import touch_met
from core.instruments import Instrument
from core.market import MarketNumbers
from core.money import MONEY_DECIMALS

MID, LAST = 0, 1
MARK_CODES = {MarkModel.MID: MID, MarkModel.LAST: LAST}
_SPLIT = 10**12


@dataclass(slots=True)
class Worth:
    """How an instrument's doubled price times quantity becomes fee units: times `multiplier / (divisor * rest)`.

    What an inverse contract is worth is counted in money of the base, `inverse_scale` times quantity over price, and
    doubled likewise; money over `divisor` is fee units.
    """

    multiplier: int = 1
    divisor: int = 1
    divisor_rest: int = 1
    inverse_scale: int = 0  # 0: not inverse


def doubled_mark(listing: Listing, market: MarketNumbers, model: int) -> int:
    """Return twice the mark price, 0 where nothing is known."""
    bid, _, ask, _ = touch_met(market, listing.bar_open, listing.bar_open_ns, listing.half_spread_ppm, listing.tick)
    last = 2 * market.last_price
    if model == LAST and last > 0:
        return last
    if bid > 0 and ask > 0:
        return bid + ask
    return last


def value_at(worth: Worth, price: int, quantity: int) -> int:
    """Return price times quantity; of inverse contracts what they are worth, money of the base cut towards zero."""
    if worth.inverse_scale == 0:
        return price * quantity
    if price <= 0:
        return 0
    value = abs(quantity) * worth.inverse_scale // price
    return -value if quantity < 0 else value


def doubled_value(worth: Worth, doubled_price: int, quantity: int) -> int:
    """Return twice that at a doubled price."""
    if worth.inverse_scale == 0:
        return doubled_price * quantity
    return value_at(worth, doubled_price, 4 * quantity)


def worth_down(worth: Worth, doubled: int) -> int:
    """Return what a doubled value is worth in fee units, rounded down, losses too."""
    if worth.inverse_scale != 0:
        return doubled // worth.divisor
    if doubled > 0:
        return -scaled_up(-worth.multiplier, doubled, worth.divisor, worth.divisor_rest)
    if doubled < 0:
        return -scaled_up(worth.multiplier, -doubled, worth.divisor, worth.divisor_rest)
    return 0


def share_up(amount: int, part: int, whole: int) -> int:
    """Return `amount * part / whole` rounded up, where `amount` is 0 or more; exact beyond 64 bits inside."""
    if amount == 0:
        return 0
    return scaled_up(part, amount, whole, 1)


HOT = (doubled_mark, value_at, doubled_value, worth_down, share_up)


def worth_of(settings: SimSettings, instrument: Instrument) -> Worth:
    """Return how an instrument's notional is counted, in the decimals in which the venue books fees."""
    if instrument.inverse:
        terms_scale = int(10 ** (MONEY_DECIMALS - instrument.size_precision + instrument.price_precision))
        unit = int(10 ** (MONEY_DECIMALS - settings.fee_decimals))
        return Worth(divisor=2 * unit, inverse_scale=terms_scale * instrument.multiplier)
    decimals = instrument.price_precision + instrument.size_precision - settings.fee_decimals
    numerator, denominator = instrument.multiplier, 2
    if decimals < 0:
        numerator *= 10**-decimals
    else:
        denominator *= 10**decimals
    common = gcd(numerator, denominator)
    numerator, denominator = numerator // common, denominator // common
    divisor = gcd(denominator, _SPLIT)
    return Worth(numerator, divisor, denominator // divisor)
