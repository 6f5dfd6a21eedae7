"""Checks of the order itself against the daemon's state and the instrument's rules.

`order_breach` asks them in order; below it, for each, the rule and what a person is told.
"""

from risk.codes import (
    DUPLICATE_ID,
    LOT_SIZE,
    MAX_VENUE_QUANTITY,
    MIN_QUANTITY,
    NOT_READY,
    NOT_TRADABLE,
    PASSES,
    POST_ONLY_NOT_LIMIT,
    PRICE_NOT_POSITIVE,
    PRICE_ON_MARKET,
    QUANTITY_NOT_POSITIVE,
    TICK_SIZE,
)
from risk.facts import Facts, Why
from risk.records import Asked, Rules


def order_breach(order: Asked, rules: Rules, ready: bool, id_known: bool, now_ns: int) -> int:
    """Return the number of the first of these checks that the order breaks, 0 for none."""
    quantity, price = order.quantity, order.price
    if not ready:
        return NOT_READY
    if not rules.tradable or (rules.expiry_ns != 0 and now_ns >= rules.expiry_ns):
        return NOT_TRADABLE
    if id_known:
        return DUPLICATE_ID
    if quantity <= 0:
        return QUANTITY_NOT_POSITIVE
    if order.is_market and price != 0:
        return PRICE_ON_MARKET
    if price <= 0 and not order.is_market:
        return PRICE_NOT_POSITIVE
    if order.post_only and (order.is_market or not order.rests):
        return POST_ONLY_NOT_LIMIT
    if price % rules.tick != 0:
        return TICK_SIZE
    if quantity % rules.lot != 0:
        return LOT_SIZE
    if quantity < rules.min_quantity:
        return MIN_QUANTITY
    if quantity > rules.max_quantity and rules.max_quantity != 0:
        return MAX_VENUE_QUANTITY
    return PASSES


HOT = (order_breach,)


def why_not_ready(_facts: Facts) -> Why:
    """Orders pass in READY alone."""
    return Why("", "", "the daemon is not READY: wait until it has synchronised, or start it again")


def why_not_tradable(facts: Facts) -> Why:
    """The venue must offer the instrument, and it must not have expired."""
    instrument = facts.instrument
    if not instrument.tradable:
        why = f"{instrument.id} is not open for trading at the venue: wait for the venue to reopen it"
    else:
        why = f"{instrument.id} has expired: trade another contract"
    return Why("", "", why)


def why_duplicate_id(facts: Facts) -> Why:
    """A client order id names one order for ever."""
    name = facts.intent.client_order_id
    return Why("", "", f"client order id {name!r} is empty or taken: use a new one for each order")


def why_quantity_not_positive(facts: Facts) -> Why:
    """The side says which way; the quantity is a size."""
    figure = facts.instrument.quantity_text(facts.order.quantity)
    return Why("0", figure, f"the quantity is {figure}: ask for more than 0, use side to sell")


def why_price_on_market(facts: Facts) -> Why:
    """A market order has no price."""
    text = facts.instrument.price_text(facts.order.price)
    return Why("0", text, f"a market order carries the price {text}: leave it 0 or send a limit")


def why_price_not_positive(facts: Facts) -> Why:
    """A limit order has a price above 0."""
    text = facts.instrument.price_text(facts.order.price)
    return Why("0", text, f"the limit price is {text}: set a price above 0")


def why_post_only(facts: Facts) -> Why:
    """Only an order that may rest can be post-only."""
    what = f"{facts.intent.type.value} {facts.intent.time_in_force.value}"
    return Why("", "", f"a {what} order cannot be post-only: send a limit order good till cancel")


def why_tick_size(facts: Facts) -> Why:
    """Limit prices are whole ticks."""
    limit, figure = facts.instrument.price_text(facts.instrument.tick), facts.instrument.price_text(facts.order.price)
    return Why(limit, figure, f"price {figure} is no multiple of the tick {limit}: round it")


def why_lot_size(facts: Facts) -> Why:
    """Quantities are whole lots."""
    limit = facts.instrument.quantity_text(facts.instrument.lot)
    figure = facts.instrument.quantity_text(facts.order.quantity)
    return Why(limit, figure, f"quantity {figure} is no multiple of the lot {limit}: round it down")


def why_min_quantity(facts: Facts) -> Why:
    """The venue's smallest quantity."""
    limit, figure = facts.instrument.min_quantity, facts.order.quantity
    return Why(
        facts.instrument.quantity_text(limit),
        facts.instrument.quantity_text(figure),
        f"{facts.quantity_text(figure)} is below the venue's minimum, {facts.quantity_text(limit)}: ask for more",
    )


def why_max_venue_quantity(facts: Facts) -> Why:
    """The venue's largest quantity, where it names one."""
    limit, figure = facts.instrument.max_quantity, facts.order.quantity
    return Why(
        facts.instrument.quantity_text(limit),
        facts.instrument.quantity_text(figure),
        f"{facts.quantity_text(figure)} is above the venue's maximum, {facts.quantity_text(limit)}: split it",
    )
