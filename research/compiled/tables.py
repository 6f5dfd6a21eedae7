"""The compiled engine's state: every record as a row, every table as a structured array.

One record, the world, goes through the loop. It holds in compiled form what the live engine holds in objects: the
records are the very dataclasses that the hot functions of `core`, `oms`, `risk`, `connectors.sim` and `strategies`
are written for.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from connectors.sim.codes import REPORT_TYPES
from connectors.sim.listing import Listing, VenueNumbers
from connectors.sim.orders import Order as VenueOrder
from connectors.sim.orders import Request
from connectors.sim.unmoved import Met
from core.clock import NEVER
from core.hot import Ints, growing
from core.market import MarketNumbers
from oms.codes import NEXT
from oms.moves import Exposure, Totals
from oms.order import OrderNumbers
from oms.positions import PositionNumbers
from research.compiled.layout import dtype_of
from risk.limits import InstrumentLimits
from risk.rate import Rates
from risk.records import Asked, Rules
from strategies.desk import KernelDesk

ORDERS_MAX = 8_192  # orders that are open or have a request or an answer under way
NUMBERS_MASK = 65_535  # an order's number finds its row while it is among the newest so many, or still open
INSTRUMENTS_MAX = 16
WAKES_MAX = 256
RATE_MAX = 1 << 20  # orders that may pass in a minute
LOG_ROWS = 1 << 14  # as much as a processor's second cache holds; the driver empties it
EFFECTS_MAX = 4_096  # what one event may cause; before each event the log must have room for as many

# Why the loop came back.
DONE, PAYLOAD, LOG_FULL, DESK_OVERFLOWED, ORDERS_FULL, RUNAWAY, WAKE_IN_THE_PAST, MIXED_BARS = 0, 1, 2, 3, 4, 5, 6, 7

# What a row of the log says; which of its numbers mean what.
SUBMIT = 1  # number, instrument, side, quantity, price, row, reference price, flags
CANCEL = 2  # number, instrument, row
UPDATE = 3  # number, instrument, previous state (-1: none), state, filled, venue number, reason
FILL = 4  # number, instrument, price, quantity, fee, liquidity, execution, side, realised (the strategy's)
REFUSAL = 5  # number, instrument, code, side, quantity, price, flags
NOT_CANCELLED = 6  # number
TIMER = 7  # due time
ANOMALY = 8  # number, instrument, code
SAMPLE = 12  # NO_NUMBER, instrument, net quantity, cost, realised, fees, fees below a unit, mark price
FAULT = 11  # NO_NUMBER, instrument, fault, the book's last update id
POSITION = 10  # number, instrument, net quantity, cost, realised, fees, fees below a unit, realised by this fill
CLOSED = 9  # number, instrument, submitted number, venue number, notional, fee, cancel sent, closing, submitted at
NO_NUMBER = -1


@dataclass(slots=True)
class Row(OrderNumbers):
    """An order of the compiled table: the order manager's numbers, what the gate asks, and the venue's number."""

    client_number: int = 0  # counts what was asked for, refused orders included, from 1
    is_market: bool = False
    rests: bool = False
    post_only: bool = False
    reduce_only: bool = False
    time_in_force: int = 0
    venue_number: int = 0  # 0 until the venue has told it
    under_way: int = 0  # cancels without an answer: the row cannot be given to another order


@dataclass(slots=True)
class Cash:
    """What one instrument's fills have moved: quantity units of the base, value units, and fee units of either."""

    base: int = 0
    value: int = 0
    quote_fee: int = 0
    base_fee: int = 0


@dataclass(slots=True)
class TermsNumbers:
    """What an instrument's fills move (`oms.terms`), and in what the simulated venue takes its fees."""

    holds_base: bool = False
    is_option: bool = False
    fees_in_base: bool = False  # purchases pay in what they bring in
    price_unit: int = 1
    fee_unit: int = 1


@dataclass(slots=True)
class Answer:
    """One answer under way, `connectors.sim.answers.Answer` as a record."""

    due_ns: int = 0
    instrument: int = 0
    kind: int = 0
    row: int = 0
    number: int = 0
    execution: int = 0
    price: int = 0
    quantity: int = 0
    leaves: int = 0
    fee: int = 0
    liquidity: int = 0
    reason: int = 0


@dataclass(slots=True)
class Ring:
    """Where the answers under way begin in their table, and how many they are."""

    head: int = 0
    count: int = 0


@dataclass(slots=True)
class World:
    """The clock, the counts, and where the loop stands."""

    now_ns: int = 0
    events: int = 0  # inputs stepped so far, reports and timers included
    wake_ns: int = NEVER  # the first of the wake-ups below
    wakes: int = 0
    wakes_set: int = 0  # ever
    wake_dues: Ints = growing(WAKES_MAX)
    wake_marks: Ints = growing(WAKES_MAX)  # which setting of the session each was
    rows_used: int = 0
    rows_free: int = 0
    log_count: int = 0
    cursor: int = 0  # the next row of the log that the kernel has not been told
    asked: int = 0  # what the kernel asked for at this event
    stop: int = DONE
    first: int = 0  # the log's row with which this event's effects begin
    bars_opened: int = 0  # the first record of the present array whose bar has not been told to the venue
    bar_length: int = 0  # of all bars, as a record's flags tell it and 1; 0 before the first
    ready: bool = False
    active: bool = False  # whether the kernel gets events
    sample_ns: int = NEVER  # when the equity is sampled next, and how long after that again
    sample_step_ns: int = 0
    until_ns: int = 0  # where the records are done, let time pass to it; 0: do not
    cancel_count: int = 0  # how many orders the driver wants cancelled first
    totals: Totals = field(default_factory=Totals)


@dataclass(slots=True)
class LogRow:
    """One effect: what happened at which input event. The meaning of `a` to `f` is the kind's."""

    event: int = 0
    now_ns: int = 0
    kind: int = 0
    number: int = 0
    instrument: int = 0
    a: int = 0
    b: int = 0
    c: int = 0
    d: int = 0
    e: int = 0
    f: int = 0
    g: int = 0


def world_type(state: np.dtype[Any]) -> np.dtype[Any]:
    """Return the structured type of everything, for a kernel whose state has the type `state`.

    One record, so that compiled functions hand on one pointer; what is not used yet costs no memory.
    """
    fields: list[tuple[Any, ...]] = [
        *[(name, *_form(World, name)) for name in dtype_of(World).names or ()],
        ("state", state),
        ("desk", dtype_of(KernelDesk)),
        ("wish", dtype_of(Asked)),
        ("rates", dtype_of(Rates)),
        ("venue", dtype_of(VenueNumbers)),
        ("ring", dtype_of(Ring)),
        *[(name, dtype_of(record), (INSTRUMENTS_MAX,)) for name, record in _BY_INSTRUMENT.items()],
        ("tickets", dtype_of(Row), (ORDERS_MAX,)),
        ("orders", dtype_of(VenueOrder), (ORDERS_MAX,)),
        ("requests", dtype_of(Request), (2 * ORDERS_MAX,)),
        ("answers", dtype_of(Answer), (4 * ORDERS_MAX,)),
        ("log", dtype_of(LogRow), (LOG_ROWS,)),
        ("free_rows", "<i8", (ORDERS_MAX,)),
        ("cancels", "<i8", (ORDERS_MAX,)),
        ("row_of", "<i8", (NUMBERS_MASK + 1,)),
        ("times", "<i8", (RATE_MAX,)),
        ("transitions", "<i8", (len(NEXT),)),
        ("statuses", "<i8", (len(REPORT_TYPES),)),
    ]
    return np.dtype(fields, align=True)


_BY_INSTRUMENT: dict[str, type] = {
    "markets": MarketNumbers,
    "rules": Rules,
    "limits": InstrumentLimits,
    "terms": TermsNumbers,
    "exposures": Exposure,
    "net": PositionNumbers,
    "own": PositionNumbers,
    "cash": Cash,
    "listings": Listing,
    "mets": Met,
}


def _form(record: type, name: str) -> tuple[Any, ...]:
    """Return the numpy form of one field of a record."""
    form = dtype_of(record)[name]
    return (form.base, form.shape) if form.shape else (form,)
