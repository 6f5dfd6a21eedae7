"""Checks against the market: that there is a price to trust, and that the order is near it.

`market_breach` asks them in order; below it, for each, the rule and what a person is told.
"""

from core.book import LIVE
from core.decimals import to_text
from core.market import STALE_BARS, STALE_BOOK, STALE_QUOTES, MarketNumbers
from risk.codes import (
    CHANNEL_STALE,
    COLLAR_LAST,
    COLLAR_MID,
    DATA_AGE,
    FEED_DISCONNECTED,
    MIN_NOTIONAL,
    NO_REFERENCE,
    PASSES,
)
from risk.facts import Facts, Why
from risk.figures import outside_collar, worth_less
from risk.limits import DEVIATION_DECIMALS, InstrumentLimits
from risk.records import Asked

_NS_PER_MS = 1_000_000


def market_breach(
    order: Asked,
    limits: InstrumentLimits,
    market: MarketNumbers,
    price: int,
    reference_twice: int,
    touch_ns: int,
    now_ns: int,
) -> int:
    """Return the number of the first of these checks that the order breaks, 0 for none.

    `price` is where the order would trade: its limit, or the other side's best for a market order.
    """
    oldest_ns = now_ns - limits.max_data_age_ns
    if not market.connected:
        return FEED_DISCONNECTED
    if market.stale != 0 and stale_channel(market) != 0:
        return CHANNEL_STALE
    if reference_twice == 0:
        return NO_REFERENCE
    if touch_ns < oldest_ns:
        return DATA_AGE
    if outside_collar(price, reference_twice, limits.max_deviation):
        return COLLAR_MID
    last_price = market.last_price
    if last_price > 0 and market.trade_ns >= oldest_ns and outside_collar(price, 2 * last_price, limits.max_deviation):
        return COLLAR_LAST
    if order.is_market:
        return MIN_NOTIONAL if worth_less(order.quantity, reference_twice, 2 * limits.min_value) else PASSES
    return MIN_NOTIONAL if worth_less(order.quantity, price, limits.min_value) else PASSES


def stale_channel(market: MarketNumbers) -> int:
    """Return the bit of the channel that gives the reference, where that is marked stale, else 0.

    Without quotes a book in trouble counts, whether or not there are bars to fall back to.
    """
    if market.quote_ns != 0:
        return market.stale & STALE_QUOTES
    if market.stale & STALE_BOOK:
        return STALE_BOOK
    if market.bar_ns != 0 and market.book.state != LIVE:
        return market.stale & STALE_BARS
    return 0


HOT = (stale_channel, market_breach)


def why_feed_disconnected(facts: Facts) -> Why:
    """The feed must be connected."""
    return Why("", "", f"{facts.instrument.id}: its feed is disconnected; wait for the reconnect")


def why_channel_stale(facts: Facts) -> Why:
    """The channel that gives the reference must not be marked stale."""
    channel = {STALE_QUOTES: "quotes", STALE_BOOK: "book", STALE_BARS: "bars"}[stale_channel(facts.market)]
    return Why("", "", f"{facts.instrument.id}: channel {channel} is stale; wait for fresh data")


def why_no_reference(facts: Facts) -> Why:
    """There is a bid and an ask above 0, and they do not cross. Fail closed: no price, no order."""
    bid, ask = facts.instrument.price_text(facts.bid), facts.instrument.price_text(facts.ask)
    why = f"{facts.instrument.id}: bid {bid} and ask {ask} are no market to value an order at; wait for a quote"
    return Why("", "", why)


def why_data_age(facts: Facts) -> Why:
    """The reference is fresh enough."""
    age_ns, limit_ns = facts.now_ns - facts.touch_ns, facts.limits.max_data_age_ns
    limit, figure = str(limit_ns // _NS_PER_MS), to_text(age_ns, 6)
    why = f"the last price of {facts.instrument.id} is {figure} ms old, allowed are {limit}: wait for fresh data"
    return Why(limit, figure, f"{why}, or raise risk.max_data_age_ms")


def why_collar_mid(facts: Facts) -> Why:
    """The price is near the middle of bid and ask, on the aggressive and on the passive side."""
    return _why_outside(facts, facts.reference_twice, "the middle of bid and ask")


def why_collar_last(facts: Facts) -> Why:
    """The price is near the last trade, where that is as fresh as the reference must be: a bad quote shows here."""
    return _why_outside(facts, 2 * facts.market.last_price, "the last trade")


def why_min_notional(facts: Facts) -> Why:
    """The venue's smallest notional: a limit order at its price, a market order at the middle of bid and ask."""
    order = facts.order
    twice = order.quantity * (facts.reference_twice if order.is_market else 2 * order.price)
    limit = facts.value_text(facts.limits.min_value)
    # Half of an odd number has one decimal more than the money's factor may hold; cutting it shows less, never more.
    figure = facts.value_text(twice // 2)
    why = f"the order is worth {figure} {facts.instrument.quote}, the venue takes {limit} or more"
    return Why(limit, figure, f"{why}: ask for a larger quantity")


def _why_outside(facts: Facts, reference_twice: int, name: str) -> Why:
    """Return why the collar stops an order: limit and figure are distances as fractions of the reference."""
    distance = abs(2 * facts.price - reference_twice)
    # Rounded up, so that the figure shown is above the limit shown.
    figure = to_text(-(-distance * 10**DEVIATION_DECIMALS // reference_twice), DEVIATION_DECIMALS)
    limit = to_text(facts.limits.max_deviation, DEVIATION_DECIMALS)
    side = "buy" if facts.order.side > 0 else "sell"
    at = "the best price on the other side" if facts.order.is_market else "its limit"
    reference = to_text(reference_twice * 5, facts.instrument.price_precision + 1)
    why = (
        f"{side} at {at}, {facts.price_text(facts.price)}, is a fraction {figure} away from {name}, {reference}; "
        f"allowed is {limit}: price it nearer, or raise risk.max_price_deviation"
    )
    return Why(limit, figure, why)
