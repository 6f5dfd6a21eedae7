"""One instrument at the simulated venue, and the venue's own counts: records of hot functions."""

from dataclasses import dataclass, field

from connectors.sim import queues
from connectors.sim.delays import CONSTANT, Delay, delay_of
from connectors.sim.fees import FeeTable, Volume, fee_table, start_volume
from connectors.sim.impact import Impact, impact_of
from connectors.sim.ladder import Ladder
from connectors.sim.settings import LatencySettings, QueueModel, SimSettings
from core.clock import NEVER
from core.instruments import Instrument
from core.money import MONEY_DECIMALS

_QUEUE_CODES = {
    QueueModel.RISK_AVERSE: queues.RISK_AVERSE,
    QueueModel.PRO_RATA: queues.PRO_RATA,
    QueueModel.POWER: queues.POWER,
    QueueModel.POWER_TOTAL: queues.POWER_TOTAL,
    QueueModel.POWER_FRONT: queues.POWER_FRONT,
    QueueModel.LOG: queues.LOG,
    QueueModel.LOG_TOTAL: queues.LOG_TOTAL,
    QueueModel.OPTIMISTIC: queues.OPTIMISTIC,
    QueueModel.FIFO: queues.FIFO,
}

QUIET_LOW, QUIET_HIGH = -(1 << 62), 1 << 62  # below and above every price


@dataclass(slots=True)
class Listing:
    """The rules, models, orders and position of one instrument. Prices and quantities in its units."""

    listed: bool = False
    tradable: bool = False
    active: bool = False  # whether a market event can change anything
    quiet_low: int = QUIET_LOW  # a quote with `quiet_low < bid < ask < quiet_high` cannot
    quiet_high: int = QUIET_HIGH
    tick: int = 1
    lot: int = 1
    min_quantity: int = 0
    max_quantity: int = 0
    min_product: int = 0  # the least price times quantity of an order
    position: int = 0  # our fills summed: what reduce-only is judged by
    queue_model: int = queues.RISK_AVERSE
    queue_shape: int = 1
    print_lag_ns: int = 0
    half_spread_ppm: int = 0
    bar_touch_fills: bool = False
    bar_join_ns: int = 0
    bar_open: int = 0  # the open of the bar that forms, where a driver tells it
    bar_open_ns: int = 0
    bar_close_ns: int = 0
    bar_high: int = 0
    bar_low: int = 0
    bar_serve_ns: int = NEVER  # when the forming bar serves resting orders
    waiting: int = 0  # how many orders wait for the next open
    gathering: bool = False  # whether all orders wait: the venue is closed, halted or calls an auction
    barred: int = 0  # why no order is taken, a code of `codes.py`, 0 where they are
    watched: bool = False  # whether every market event matters, orders or not
    fees: FeeTable = field(default_factory=FeeTable)
    impact: Impact = field(default_factory=Impact)
    bids: Ladder = field(default_factory=lambda: Ladder(1))
    asks: Ladder = field(default_factory=lambda: Ladder(-1))


@dataclass(slots=True)
class VenueNumbers:
    """What the whole venue counts, and its ring of requests under way: `request_count` rows from `request_head` on."""

    match_ns: int = 0  # the time of what is matched now
    orders: int = 0
    executions: int = 0
    last_due_ns: int = 0  # of drawn delays
    out_ns: int = -1  # how long every request travels where that is constant
    back_ns: int = -1  # likewise every answer
    request_head: int = 0
    request_count: int = 0
    bar_due_ns: int = NEVER  # when the first bar serves resting orders
    feed: Delay = field(default_factory=Delay)
    entry: Delay = field(default_factory=Delay)
    response: Delay = field(default_factory=Delay)
    volume: Volume = field(default_factory=Volume)


def venue_numbers(settings: SimSettings) -> VenueNumbers:
    """Return the counts of a venue that has seen nothing yet."""
    feed = settings.feed_latency or LatencySettings()
    entry = settings.entry_latency or LatencySettings(least_ns=settings.entry_latency_ns)
    response = settings.response_latency or LatencySettings(least_ns=settings.response_latency_ns)
    feed_delay, entry_delay, response_delay = (
        delay_of(each, settings.latency_seed, stream) for stream, each in enumerate((feed, entry, response))
    )
    venue = VenueNumbers(feed=feed_delay, entry=entry_delay, response=response_delay, volume=start_volume(settings))
    if feed_delay.model == entry_delay.model == CONSTANT:
        venue.out_ns = feed_delay.least_ns + entry_delay.least_ns
    if feed_delay.model == response_delay.model == CONSTANT:
        venue.back_ns = max(response_delay.least_ns - feed_delay.least_ns, 0)
    return venue


def define(listing: Listing, settings: SimSettings, instrument: Instrument) -> None:
    """Put an instrument's rules and the settings' models into its record; what works keeps its price and place."""
    listing.listed = True
    listing.tradable = instrument.tradable
    listing.tick = instrument.tick
    listing.lot = instrument.lot
    listing.min_quantity = instrument.min_quantity
    listing.max_quantity = instrument.max_quantity
    listing.min_product = -(-instrument.min_notional // instrument.notional_factor)
    if instrument.inverse:  # a contract is worth its face whatever the price
        face = int(10 ** (MONEY_DECIMALS - instrument.size_precision)) * instrument.multiplier
        listing.min_quantity, listing.min_product = max(listing.min_quantity, -(-instrument.min_notional // face)), 0
    listing.queue_model = _QUEUE_CODES[settings.queue_model]
    listing.queue_shape = settings.queue_shape
    listing.print_lag_ns = settings.print_lag_ns
    listing.half_spread_ppm = settings.bar_half_spread_ppm
    listing.bar_touch_fills = settings.bar_touch_fills
    listing.bar_join_ns = settings.bar_join_ns
    listing.fees = fee_table(settings, instrument)
    volume = settings.impact.daily_volumes.get(instrument.id, 0)
    listing.impact = impact_of(settings.impact, volume, instrument.size_precision)
    listing.bids.refill_ns = listing.asks.refill_ns = settings.refill_ns
