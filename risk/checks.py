"""Every check, in the order in which an order meets them; the first that says no decides.

A check looks at `Facts` and returns a `Breach` or None; it changes nothing. First what the order is, then whether
the market can be trusted, then the limits, and the rate last, so that only orders that would pass consume it.

To add a check: write one function in the file of its subject, put it here, and test it at its limit and one unit
beyond it.
"""

from collections.abc import Callable

from risk import limit_checks, market_checks, order_checks
from risk.facts import Breach, Facts

Check = Callable[[Facts], Breach | None]

CHECKS: tuple[Check, ...] = (
    order_checks.not_ready,
    order_checks.not_tradable,
    order_checks.duplicate_id,
    order_checks.quantity_not_positive,
    order_checks.price_of_type,
    order_checks.post_only,
    order_checks.tick_size,
    order_checks.lot_size,
    order_checks.min_quantity,
    order_checks.max_venue_quantity,
    market_checks.feed_broken,
    market_checks.no_reference,
    market_checks.data_age,
    market_checks.collar_mid,
    market_checks.collar_last,
    market_checks.min_notional,
    limit_checks.max_quantity,
    limit_checks.max_notional,
    limit_checks.reduce_only,
    limit_checks.max_position,
    limit_checks.max_position_notional,
    limit_checks.max_open_orders,
    limit_checks.max_open_orders_total,
    limit_checks.order_rate_second,
    limit_checks.order_rate_minute,
)


def first_breach(facts: Facts) -> Breach | None:
    """Return what stops the order, None if nothing does."""
    for check in CHECKS:
        breach = check(facts)
        if breach is not None:
            return breach
    return None
