"""Checks against the market: that there is a price to trust, and that the order is near it."""

from core.decimals import to_text
from core.orders import Side
from risk.facts import Breach, Facts
from risk.figures import outside_collar
from risk.limits import DEVIATION_DECIMALS

_NS_PER_MS = 1_000_000


def feed_broken(facts: Facts) -> Breach | None:
    """The feed is connected and the channel that gives the reference is not marked stale."""
    market = facts.market
    if not market.connected:
        return Breach(
            "MARKET_STALE", "", "", f"{facts.instrument.id}: its feed is disconnected; wait for the reconnect"
        )
    channel = "quotes" if market.quote_ns else "book"
    if channel in market.stale_channels:
        return Breach("MARKET_STALE", "", "", f"{facts.instrument.id}: channel {channel} is stale; wait for fresh data")
    return None


def no_reference(facts: Facts) -> Breach | None:
    """There is a bid and an ask above 0, and they do not cross. Fail closed: no price, no order."""
    if facts.reference_twice:
        return None
    bid, ask = facts.instrument.price_text(facts.bid), facts.instrument.price_text(facts.ask)
    why = f"{facts.instrument.id}: bid {bid} and ask {ask} are no market to value an order at; wait for a quote"
    return Breach("NO_REFERENCE", "", "", why)


def data_age(facts: Facts) -> Breach | None:
    """The reference is fresh enough."""
    age_ns, limit_ns = facts.now_ns - facts.touch_ns, facts.limits.max_data_age_ns
    if age_ns <= limit_ns:
        return None
    limit, figure = str(limit_ns // _NS_PER_MS), to_text(age_ns, 6)
    why = f"the last price of {facts.instrument.id} is {figure} ms old, allowed are {limit}: wait for fresh data"
    return Breach("MARKET_STALE", limit, figure, f"{why}, or raise risk.max_data_age_ms")


def collar_mid(facts: Facts) -> Breach | None:
    """The price is near the middle of bid and ask, on the aggressive and on the passive side."""
    if not outside_collar(facts.price, facts.reference_twice, facts.limits.max_deviation):
        return None
    return _collar(facts, facts.reference_twice, "the middle of bid and ask")


def collar_last(facts: Facts) -> Breach | None:
    """The price is near the last trade, where that is as fresh as the reference must be: a bad quote shows here."""
    market = facts.market
    if market.last_price <= 0 or facts.now_ns - market.trade_ns > facts.limits.max_data_age_ns:
        return None
    if not outside_collar(facts.price, 2 * market.last_price, facts.limits.max_deviation):
        return None
    return _collar(facts, 2 * market.last_price, "the last trade")


def min_notional(facts: Facts) -> Breach | None:
    """The venue's smallest notional: a limit order at its price, a market order at the middle of bid and ask."""
    limit = facts.limits.min_value
    quantity = facts.quantity
    twice = quantity * facts.reference_twice if facts.is_market else 2 * quantity * facts.intent.price
    if twice >= 2 * limit:
        return None
    limit_text = facts.value_text(limit)
    # Half of an odd number has one decimal more than the money's factor may hold; cutting it shows less, never more.
    figure = facts.value_text(twice // 2)
    quote = facts.instrument.quote
    why = f"the order is worth {figure} {quote}, the venue takes {limit_text} or more: ask for a larger quantity"
    return Breach("MIN_NOTIONAL", limit_text, figure, why)


def _collar(facts: Facts, reference_twice: int, name: str) -> Breach:
    """Return the breach: limit and figure are distances as fractions of the reference."""
    distance = abs(2 * facts.price - reference_twice)
    # Rounded up, so that the figure shown is above the limit shown.
    figure = to_text(-(-distance * 10**DEVIATION_DECIMALS // reference_twice), DEVIATION_DECIMALS)
    limit = to_text(facts.limits.max_deviation, DEVIATION_DECIMALS)
    side = "buy" if facts.intent.side is Side.BUY else "sell"
    at = "the best price on the other side" if facts.is_market else "its limit"
    reference = to_text(reference_twice * 5, facts.instrument.price_precision + 1)
    why = (
        f"{side} at {at}, {facts.price_text(facts.price)}, is a fraction {figure} away from {name}, {reference}; "
        f"allowed is {limit}: price it nearer, or raise risk.max_price_deviation"
    )
    return Breach("PRICE_COLLAR", limit, figure, why)
