"""Which numbers of the simulated venue stay inside 64 bits: what compiled code has to know before it runs.

Python's integers have no end, so live nothing here is asked. Compiled, a product that wraps would be a fee that nobody
pays. As the gate's (`risk/bounds.py`), the bounds are of what can be asked for at all:

- Prices: below 2**40, the house's bound, and no order at one beyond `max_order_value` passes the gate.
- What a fill is worth: at most four times `max_order_value`, twice for a book that is walked and twice for an impact
  model; the price that is paid likewise.
- A rate goes from price times quantity to fee units in steps (`fees.scaled_up`): price times multiplier, then what that
  makes times the quantity. The sum of the traded volume is what the settings say at the start, and each fill's.
- Margin, funding and borrow are not compiled (`settings.uncompilable`).
"""

from connectors.sim.fees import BASE, RATES, FeeTable, Volume
from connectors.sim.impact import NO_IMPACT, TICKS, TICKS_MAX
from connectors.sim.listing import Listing

PRICE_MAX = 1 << 40
_END = 1 << 62
_WORSE = 4
_PPM = 1_000_000


def venue_fits_64_bits(listing: Listing, volume: Volume, max_order_value: int) -> str:
    """Return an empty text if the compiled venue is exact in an instrument, else what is too large and what to do.

    `max_order_value` is the gate's, price times quantity in the instrument's units.
    """
    if listing.tick * _PPM >= _END:
        return _too_large("the tick in millionths", listing.tick * _PPM)
    if listing.impact.model != NO_IMPACT:
        ticks = listing.impact.ticks if listing.impact.model == TICKS else int(TICKS_MAX)
        if listing.tick * ticks >= _END:
            return _too_large("paper.sim.impact's move in price units", listing.tick * ticks)
    if listing.fees.minimum >= _END:
        return _too_large("paper.sim.minimum_fee in fee units", listing.fees.minimum)
    return _rates(listing.fees, volume.tier_count, max_order_value) or _volumes(listing.fees, volume, max_order_value)


def _rates(table: FeeTable, tier_count: int, max_order_value: int) -> str:
    """Return what is too large of an instrument's rates."""
    price = _price(max_order_value)
    for place in range(tier_count * RATES):
        multiplier, divisor = abs(table.multipliers[place]), table.divisors[place]
        in_base = place % RATES >= BASE
        if in_base and not table.in_base:
            continue
        factor = multiplier if in_base else price * multiplier
        if factor >= _END:
            return _too_large("a price times a rate of paper.sim's fees", factor)
        fee = _WORSE * max_order_value * multiplier // divisor
        if fee >= _END:
            return _too_large("the fee of one order in fee units", fee)
    return ""


def _volumes(table: FeeTable, volume: Volume, max_order_value: int) -> str:
    """Return what is too large of what decides the tier."""
    if volume.tier_count == 1:
        return ""
    largest = max(volume.total, *volume.thresholds)
    factor = _price(max_order_value) * table.volume_multiplier
    traded = _WORSE * max_order_value * table.volume_multiplier // table.volume_divisor
    for name, number in (
        ("a volume of paper.sim.fee_tiers or volume_before in hundredths", largest),
        ("a price in hundredths of the quote currency", factor),
        ("what an order trades in hundredths of the quote currency", traded),
    ):
        if number >= _END:
            return _too_large(name, number)
    return ""


def _price(max_order_value: int) -> int:
    """Return the highest price that can be paid."""
    return min(PRICE_MAX, _WORSE * max_order_value)


def _too_large(name: str, value: int) -> str:
    """Return what to do about a number."""
    return (
        f"{name} may be {value}, compiled code counts to 2**62: set risk.max_order_notional or paper.sim.fee_decimals "
        "lower, or run in Python"
    )
