"""Checks against the limits that a person set: size, value, position, open orders, rate.

`limit_breach` asks them in order; below it, for each, the rule and what a person is told.
"""

from oms.moves import Exposure
from risk.codes import (
    MAX_NOTIONAL,
    MAX_OPEN_ORDERS,
    MAX_OPEN_ORDERS_TOTAL,
    MAX_POSITION,
    MAX_POSITION_NOTIONAL,
    MAX_QUANTITY,
    PASSES,
    RATE_MINUTE,
    RATE_SECOND,
    REDUCE_ONLY,
)
from risk.facts import Facts, Why
from risk.figures import worst_position, worth_more
from risk.limits import NO_LIMIT, InstrumentLimits
from risk.rate import Rates
from risk.records import Asked


def limit_breach(
    order: Asked,
    limits: InstrumentLimits,
    exposure: Exposure,
    open_orders: int,
    position: int,
    valued_at: int,
    rates: Rates,
) -> int:
    """Return the number of the first of these checks that the order breaks, 0 for none.

    `valued_at` is the price behind every notional, above 0. What passes MAX_NOTIONAL has a quantity that is small
    enough for the sum in `worst_position`.
    """
    quantity = order.quantity
    if quantity > limits.max_order_quantity and limits.max_order_quantity != NO_LIMIT:
        return MAX_QUANTITY
    if worth_more(quantity, valued_at, limits.max_order_value):
        return MAX_NOTIONAL
    open_same = exposure.open_buy_quantity if order.side > 0 else exposure.open_sell_quantity
    worst = worst_position(order.side, position, open_same, quantity)
    if worst > 0 and order.reduce_only:
        return REDUCE_ONLY
    if worst > limits.max_position and limits.max_position != NO_LIMIT:
        return MAX_POSITION
    if worth_more(worst, valued_at, limits.max_position_value):
        return MAX_POSITION_NOTIONAL
    if exposure.open_orders >= limits.max_open_orders:
        return MAX_OPEN_ORDERS
    if open_orders >= limits.max_open_orders_total:
        return MAX_OPEN_ORDERS_TOTAL
    if rates.second.count >= rates.second.limit:
        return RATE_SECOND
    if rates.minute.count >= rates.minute.limit:
        return RATE_MINUTE
    return PASSES


HOT = (limit_breach,)


def why_max_quantity(facts: Facts) -> Why:
    """The largest quantity of one order."""
    limit, figure = facts.limits.max_order_quantity, facts.order.quantity
    return Why(
        facts.instrument.quantity_text(limit),
        facts.instrument.quantity_text(figure),
        f"{facts.quantity_text(figure)} is above the largest order allowed, {facts.quantity_text(limit)}: "
        "ask for less, or raise risk.max_order_quantity",
    )


def why_max_notional(facts: Facts) -> Why:
    """The largest value of one order; a market order counts at the highest price in the collar."""
    limit, figure = facts.limits.max_order_value, facts.order.quantity * facts.valued_at
    limit_text, figure_text, quote = facts.value_text(limit), facts.value_text(figure), facts.instrument.quote
    return Why(
        limit_text,
        figure_text,
        f"the order may cost {figure_text} {quote} at {facts.price_text(facts.valued_at)}, allowed are {limit_text}: "
        "ask for less, or raise risk.max_order_notional",
    )


def why_reduce_only(facts: Facts) -> Why:
    """A reduce-only order must leave the position on its side or flat, even if all that is open beside it fills."""
    room = max(facts.order.quantity - facts.worst, 0)
    return Why(
        facts.instrument.quantity_text(room),
        facts.instrument.quantity_text(facts.order.quantity),
        f"only {facts.quantity_text(room)} can be closed, position {facts.quantity_text(facts.position)} less the "
        "orders already open on this side: ask for less, or cancel those first",
    )


def why_max_position(facts: Facts) -> Why:
    """The largest position if every open order on this side fills; what only reduces passes."""
    limit = facts.limits.max_position
    return Why(
        facts.instrument.quantity_text(limit),
        facts.instrument.quantity_text(facts.worst),
        f"the position might reach {facts.quantity_text(facts.worst)} if all open orders fill, allowed are "
        f"{facts.quantity_text(limit)}: ask for less, cancel open orders, or raise risk.max_position",
    )


def why_max_position_notional(facts: Facts) -> Why:
    """The same as a value, at the price at which this order is valued."""
    limit, figure = facts.limits.max_position_value, facts.worst * facts.valued_at
    limit_text, figure_text, quote = facts.value_text(limit), facts.value_text(figure), facts.instrument.quote
    return Why(
        limit_text,
        figure_text,
        f"the position could be worth {figure_text} {quote} if all open orders fill, allowed are {limit_text}: "
        "ask for less, cancel open orders, or raise risk.max_position_notional",
    )


def why_max_open_orders(facts: Facts) -> Why:
    """How many orders may be open in one instrument; UNKNOWN and unacknowledged ones count."""
    limit, figure = facts.limits.max_open_orders, facts.exposure.open_orders + 1
    why = f"it would be open order {figure} in {facts.instrument.id}, allowed are {limit}"
    return Why(str(limit), str(figure), f"{why}: cancel some first, or raise risk.max_open_orders")


def why_max_open_orders_total(facts: Facts) -> Why:
    """How many orders may be open over all instruments."""
    limit, figure = facts.limits.max_open_orders_total, facts.open_orders + 1
    why = f"it would be open order {figure} over all instruments, allowed are {limit}"
    return Why(str(limit), str(figure), f"{why}: cancel some first, or raise risk.max_open_orders_total")


def why_rate_second(facts: Facts) -> Why:
    """How many orders may pass in one second."""
    return _why_rate(facts.rates.second.count + 1, facts.rates.second.limit, "second")


def why_rate_minute(facts: Facts) -> Why:
    """How many orders may pass in one minute."""
    return _why_rate(facts.rates.minute.count + 1, facts.rates.minute.limit, "minute")


def _why_rate(figure: int, limit: int, unit: str) -> Why:
    """Return why a window that is full stops an order."""
    why = f"it would be order {figure} within one {unit}, allowed are {limit}"
    return Why(str(limit), str(figure), f"{why}: wait, or raise risk.max_orders_per_{unit}")
