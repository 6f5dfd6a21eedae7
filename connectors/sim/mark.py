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

MID, LAST = 0, 1
MARK_CODES = {MarkModel.MID: MID, MarkModel.LAST: LAST}
_SPLIT = 10**12


@dataclass(slots=True)
class Worth:
    """How an instrument's doubled price times quantity becomes fee units: times `multiplier / (divisor * rest)`."""

    multiplier: int = 1
    divisor: int = 1
    divisor_rest: int = 1


def doubled_mark(listing: Listing, market: MarketNumbers, model: int) -> int:
    """Return twice the mark price, 0 where nothing is known."""
    bid, _, ask, _ = touch_met(market, listing.bar_open, listing.bar_open_ns, listing.half_spread_ppm, listing.tick)
    last = 2 * market.last_price
    if model == LAST and last > 0:
        return last
    if bid > 0 and ask > 0:
        return bid + ask
    return last


def worth_down(worth: Worth, doubled: int) -> int:
    """Return what a doubled price times quantity is worth in fee units, rounded down, losses too."""
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


HOT = (doubled_mark, worth_down, share_up)


def worth_of(settings: SimSettings, instrument: Instrument) -> Worth:
    """Return how an instrument's notional is counted, in the decimals in which the venue books fees."""
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
