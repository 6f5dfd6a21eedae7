"""What holding a position costs or brings while time passes: funding of perpetual contracts, borrow fees of shorts.

- funding, constant or by a table. "Funding Amount = Nominal Value of Positions x Funding Rate", the nominal value being
  "Mark Price x Size of a Contract", at 00:00, 08:00 and 16:00 UTC; "traders are only liable for funding payments in
  either direction if they have open positions at the pre-specified funding times"; where the rate is positive longs pay
  shorts (Binance, "Introduction to Binance Futures Funding Rates", support/faq/360033525031). The minute around these
  times in which a position may or may not count is not simulated.
- borrow, by value: the position's value at the end of the day times the yearly rate over the days of the year.
- borrow, by collateral: "102% of the prior day's settlement price, rounded up to the nearest whole dollar and then
  multiplied times the number of shares borrowed"; the fee is "(Value x Fee Rate)/360" (Interactive Brokers, reporting
  guide, "Borrow Fee Details"). Nights of the weekend count; settlement two days later is not simulated.

Costs are in fee units, rounded against us; a negative cost is received. Bounds of the compiled form: as `mark.py`.
"""

from bisect import bisect_left
from dataclasses import dataclass, field

from connectors.sim.account_settings import (
    DAY_NS,
    E8,
    PPM,
    RATES_MAX,
    BorrowModel,
    FundingModel,
)
from connectors.sim.errors import MissingRates
from connectors.sim.fees import scaled_up
from connectors.sim.mark import MARK_CODES, MID, Worth, doubled_value, share_up, worth_down, worth_of
from connectors.sim.settings import SimSettings
from core.clock import NEVER
from core.hot import Ints, growing
from core.instruments import AssetClass, Instrument

NOTHING, CONSTANT, TABLE = 0, 1, 2
VALUE, COLLATERAL = 1, 2
_FUNDING_CODES = {FundingModel.NONE: NOTHING, FundingModel.CONSTANT: CONSTANT, FundingModel.TABLE: TABLE}
_BORROW_CODES = {BorrowModel.NONE: NOTHING, BorrowModel.VALUE: VALUE, BorrowModel.COLLATERAL: COLLATERAL}


@dataclass(slots=True)
class Carry:
    """One instrument's funding and borrow: models, when each is due, and the table of rates."""

    funding: int = NOTHING
    funding_mark: int = MID
    funding_due_ns: int = NEVER
    interval_ns: int = DAY_NS
    offset_ns: int = 0
    rate_e8: int = 0  # the constant
    borrow: int = NOTHING
    borrow_mark: int = MID
    borrow_due_ns: int = NEVER
    borrow_ppm: int = 0
    days: int = 360
    day_end_ns: int = 0
    price_unit: int = 1  # price units to a whole unit of currency
    worth: Worth = field(default_factory=Worth)
    place: int = 0  # the next row of the table
    count: int = 0
    times: Ints = growing(RATES_MAX)
    rates: Ints = growing(RATES_MAX)


def next_step(now_ns: int, interval_ns: int, offset_ns: int) -> int:
    """Return the first of the even times that is after `now_ns`."""
    return (now_ns - offset_ns) // interval_ns * interval_ns + offset_ns + interval_ns


def row_due(carry: Carry) -> int:
    """Return the time of the table's next row, NEVER at its end."""
    if carry.place < carry.count:
        return carry.times[carry.place]
    return NEVER


def begin_carry(carry: Carry, now_ns: int) -> None:
    """Begin at a time: what was due before it is none of ours."""
    if carry.funding == CONSTANT:
        carry.funding_due_ns = next_step(now_ns, carry.interval_ns, carry.offset_ns)
    elif carry.funding == TABLE:
        carry.place = bisect_left(carry.times, now_ns + 1, 0, carry.count)
        carry.funding_due_ns = row_due(carry)
    if carry.borrow != NOTHING:
        carry.borrow_due_ns = next_step(now_ns, DAY_NS, carry.day_end_ns)


def take_rate(carry: Carry) -> int:
    """Return the funding rate that is due, and look up when the next one is."""
    if carry.funding == CONSTANT:
        carry.funding_due_ns += carry.interval_ns
        return carry.rate_e8
    rate = carry.rates[carry.place]
    carry.place += 1
    carry.funding_due_ns = row_due(carry)
    return rate


def funding_cost(worth: Worth, rate_e8: int, position: int, doubled_mark: int) -> int:
    """Return what holding a position through a funding time costs; of its notional, rounded down to fee units."""
    notional = worth_down(worth, doubled_value(worth, doubled_mark, abs(position)))
    if notional == 0:
        return 0
    rate = rate_e8
    if position < 0:
        rate = -rate_e8
    return scaled_up(rate, notional, E8, 1)


def borrow_cost(carry: Carry, position: int, doubled_mark: int) -> int:
    """Return what a day of a short position costs; nothing for a long one."""
    if position >= 0:
        return 0
    doubled = doubled_mark
    if carry.borrow == COLLATERAL:
        whole = -(-doubled_mark * 102 // (200 * carry.price_unit))
        doubled = 2 * whole * carry.price_unit
    return share_up(worth_down(carry.worth, -position * doubled), carry.borrow_ppm, PPM * carry.days)


HOT = (next_step, row_due, begin_carry, take_rate, funding_cost, borrow_cost)


def carry_of(settings: SimSettings, instrument: Instrument) -> Carry:
    """Return what holding an instrument costs under the settings. Raises MissingRates."""
    funding, borrow = settings.funding, settings.borrow
    carry = Carry(worth=worth_of(settings, instrument), price_unit=10**instrument.price_precision)
    if instrument.asset_class is AssetClass.PERPETUAL and funding.model is not FundingModel.NONE:
        rows = funding.rates.get(instrument.id, ())
        if funding.model is FundingModel.TABLE and not rows:
            raise MissingRates(
                f"the funding model 'table' has no rates of {instrument.id}; give them: "
                f'funding.rates."{instrument.id}" = [[time_ns, rate_e8], ...]'
            )
        carry.funding = _FUNDING_CODES[funding.model]
        carry.funding_mark = MARK_CODES[funding.mark]
        carry.rate_e8 = funding.rate_e8
        carry.interval_ns, carry.offset_ns = funding.interval_ns, funding.offset_ns
        carry.count = len(rows)
        carry.times = [time_ns for time_ns, _ in rows]
        carry.rates = [rate for _, rate in rows]
    if instrument.holds_base and borrow.model is not BorrowModel.NONE:
        carry.borrow = _BORROW_CODES[borrow.model]
        carry.borrow_mark = MARK_CODES[borrow.mark]
        carry.borrow_ppm = borrow.rates_ppm.get(instrument.id, borrow.rate_ppm)
        carry.days, carry.day_end_ns = borrow.days, borrow.day_end_ns
    return carry
