"""Checks against the limits that a person set: size, value, position, open orders, rate."""

from risk.facts import Breach, Facts


def max_quantity(facts: Facts) -> Breach | None:
    """The largest quantity of one order."""
    limit, figure = facts.limits.max_order_quantity, facts.quantity
    if limit is None or figure <= limit:
        return None
    return Breach(
        "MAX_QUANTITY",
        facts.instrument.quantity_text(limit),
        facts.instrument.quantity_text(figure),
        f"{facts.quantity_text(figure)} is above the largest order allowed, {facts.quantity_text(limit)}: "
        "ask for less, or raise risk.max_order_quantity",
    )


def max_notional(facts: Facts) -> Breach | None:
    """The largest value of one order; a market order counts at the highest price in the collar."""
    limit, figure = facts.limits.max_order_value, facts.quantity * facts.valued_at
    if figure <= limit:
        return None
    limit_text, figure_text, quote = facts.value_text(limit), facts.value_text(figure), facts.instrument.quote
    return Breach(
        "MAX_NOTIONAL",
        limit_text,
        figure_text,
        f"the order may cost {figure_text} {quote} at {facts.price_text(facts.valued_at)}, allowed are {limit_text}: "
        "ask for less, or raise risk.max_order_notional",
    )


def reduce_only(facts: Facts) -> Breach | None:
    """A reduce-only order must leave the position on its side or flat, even if all that is open beside it fills."""
    if not facts.intent.reduce_only or facts.worst <= 0:
        return None
    room = max(facts.quantity - facts.worst, 0)
    return Breach(
        "REDUCE_ONLY",
        facts.instrument.quantity_text(room),
        facts.instrument.quantity_text(facts.quantity),
        f"only {facts.quantity_text(room)} can be closed, position {facts.quantity_text(facts.position)} less the "
        "orders already open on this side: ask for less, or cancel those first",
    )


def max_position(facts: Facts) -> Breach | None:
    """The largest position if every open order on this side fills; what only reduces passes."""
    limit = facts.limits.max_position
    if limit is None or facts.worst <= 0 or facts.worst <= limit:
        return None
    return Breach(
        "MAX_POSITION",
        facts.instrument.quantity_text(limit),
        facts.instrument.quantity_text(facts.worst),
        f"the position might reach {facts.quantity_text(facts.worst)} if all open orders fill, allowed are "
        f"{facts.quantity_text(limit)}: ask for less, cancel open orders, or raise risk.max_position",
    )


def max_position_notional(facts: Facts) -> Breach | None:
    """The same as a value, at the price at which this order is valued."""
    limit, figure = facts.limits.max_position_value, facts.worst * facts.valued_at
    if facts.worst <= 0 or figure <= limit:
        return None
    limit_text, figure_text, quote = facts.value_text(limit), facts.value_text(figure), facts.instrument.quote
    return Breach(
        "MAX_POSITION_NOTIONAL",
        limit_text,
        figure_text,
        f"the position could be worth {figure_text} {quote} if all open orders fill, allowed are {limit_text}: "
        "ask for less, cancel open orders, or raise risk.max_position_notional",
    )


def max_open_orders(facts: Facts) -> Breach | None:
    """How many orders may be open in one instrument; UNKNOWN and unacknowledged ones count."""
    limit, figure = facts.limits.max_open_orders, facts.exposure.open_orders + 1
    if figure <= limit:
        return None
    why = f"it would be open order {figure} in {facts.instrument.id}, allowed are {limit}"
    return Breach(
        "MAX_OPEN_ORDERS", str(limit), str(figure), f"{why}: cancel some first, or raise risk.max_open_orders"
    )


def max_open_orders_total(facts: Facts) -> Breach | None:
    """How many orders may be open over all instruments."""
    limit, figure = facts.limits.max_open_orders_total, facts.manager.open_count + 1
    if figure <= limit:
        return None
    why = f"it would be open order {figure} over all instruments, allowed are {limit}"
    return Breach(
        "MAX_OPEN_ORDERS_TOTAL",
        str(limit),
        str(figure),
        f"{why}: cancel some first, or raise risk.max_open_orders_total",
    )


def order_rate_second(facts: Facts) -> Breach | None:
    """How many orders may pass in one second."""
    return _rate(facts.per_second.count + 1, facts.per_second.limit, "second")


def order_rate_minute(facts: Facts) -> Breach | None:
    """How many orders may pass in one minute."""
    return _rate(facts.per_minute.count + 1, facts.per_minute.limit, "minute")


def _rate(figure: int, limit: int, unit: str) -> Breach | None:
    """Return the breach of a window that is full."""
    if figure <= limit:
        return None
    why = f"it would be order {figure} within one {unit}, allowed are {limit}"
    return Breach("ORDER_RATE", str(limit), str(figure), f"{why}: wait, or raise risk.max_orders_per_{unit}")
