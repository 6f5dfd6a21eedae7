"""Every check, in the order in which an order meets them; the first that is broken decides.

First what the order is, then whether the market can be trusted, then the limits, and the rate last, so that only
orders that would pass consume it. The decision is `first_breach`, hot functions on numbers: the same lines run live and
in the compiled backtest (see `core/hot.py`). Texts are made only once it has said no.

To add a check: in the file of its subject write a line in the order (and a hot function, where it is more than a
comparison) and the function that tells a person why; give it a number in `codes.py` and a line here; test it at its
limit and one unit beyond it.
"""

from collections.abc import Callable

from core.market import MarketNumbers
from oms.moves import Exposure
from risk import codes, limit_checks, market_checks, order_checks
from risk.codes import PASSES
from risk.facts import Facts, Why
from risk.figures import reference_twice_of, valuation_price
from risk.limit_checks import limit_breach
from risk.limits import InstrumentLimits
from risk.market_checks import market_breach
from risk.order_checks import order_breach
from risk.rate import Rates
from risk.records import Asked, Rules

CHECKS: dict[int, tuple[str, Callable[[Facts], Why]]] = {
    codes.NOT_READY: ("NOT_READY", order_checks.why_not_ready),
    codes.NOT_TRADABLE: ("NOT_TRADABLE", order_checks.why_not_tradable),
    codes.DUPLICATE_ID: ("DUPLICATE_ID", order_checks.why_duplicate_id),
    codes.QUANTITY_NOT_POSITIVE: ("QUANTITY_NOT_POSITIVE", order_checks.why_quantity_not_positive),
    codes.PRICE_ON_MARKET: ("PRICE_ON_MARKET", order_checks.why_price_on_market),
    codes.PRICE_NOT_POSITIVE: ("PRICE_NOT_POSITIVE", order_checks.why_price_not_positive),
    codes.POST_ONLY_NOT_LIMIT: ("POST_ONLY_NOT_LIMIT", order_checks.why_post_only),
    codes.TICK_SIZE: ("TICK_SIZE", order_checks.why_tick_size),
    codes.LOT_SIZE: ("LOT_SIZE", order_checks.why_lot_size),
    codes.MIN_QUANTITY: ("MIN_QUANTITY", order_checks.why_min_quantity),
    codes.MAX_VENUE_QUANTITY: ("MAX_VENUE_QUANTITY", order_checks.why_max_venue_quantity),
    codes.FEED_DISCONNECTED: ("MARKET_STALE", market_checks.why_feed_disconnected),
    codes.CHANNEL_STALE: ("MARKET_STALE", market_checks.why_channel_stale),
    codes.NO_REFERENCE: ("NO_REFERENCE", market_checks.why_no_reference),
    codes.DATA_AGE: ("MARKET_STALE", market_checks.why_data_age),
    codes.COLLAR_MID: ("PRICE_COLLAR", market_checks.why_collar_mid),
    codes.COLLAR_LAST: ("PRICE_COLLAR", market_checks.why_collar_last),
    codes.MIN_NOTIONAL: ("MIN_NOTIONAL", market_checks.why_min_notional),
    codes.MAX_QUANTITY: ("MAX_QUANTITY", limit_checks.why_max_quantity),
    codes.MAX_NOTIONAL: ("MAX_NOTIONAL", limit_checks.why_max_notional),
    codes.REDUCE_ONLY: ("REDUCE_ONLY", limit_checks.why_reduce_only),
    codes.MAX_POSITION: ("MAX_POSITION", limit_checks.why_max_position),
    codes.MAX_POSITION_NOTIONAL: ("MAX_POSITION_NOTIONAL", limit_checks.why_max_position_notional),
    codes.MAX_OPEN_ORDERS: ("MAX_OPEN_ORDERS", limit_checks.why_max_open_orders),
    codes.MAX_OPEN_ORDERS_TOTAL: ("MAX_OPEN_ORDERS_TOTAL", limit_checks.why_max_open_orders_total),
    codes.RATE_SECOND: ("ORDER_RATE", limit_checks.why_rate_second),
    codes.RATE_MINUTE: ("ORDER_RATE", limit_checks.why_rate_minute),
}
"""By the check's number, the code that its refusals carry and the function that tells why."""


def first_breach(
    order: Asked,
    rules: Rules,
    limits: InstrumentLimits,
    market: MarketNumbers,
    touch: tuple[int, int, int, int, int],
    exposure: Exposure,
    open_orders: int,
    position: int,
    rates: Rates,
    ready: bool,
    id_known: bool,
    now_ns: int,
) -> int:
    """Return the number of the first check that the order breaks, 0 if it passes.

    `touch` is `touch_of(market)`, `open_orders` counts over all instruments, `position` is the account's net quantity,
    `rates` have been advanced to `now_ns`. For the bounds of these numbers see `bounds.py`.
    """
    number = order_breach(order, rules, ready, id_known, now_ns)
    if number != PASSES:
        return number
    bid, _, ask, _, touch_ns = touch
    reference_twice = reference_twice_of(bid, ask)
    price = order.price
    if order.is_market:
        price = ask if order.side > 0 else bid
    number = market_breach(order, limits, market, price, reference_twice, touch_ns, now_ns)
    if number != PASSES:
        return number
    valued_at = valuation_price(order.is_market, order.side, price, bid, reference_twice, limits.max_deviation)
    return limit_breach(order, limits, exposure, open_orders, position, valued_at, rates)


HOT = (first_breach,)
