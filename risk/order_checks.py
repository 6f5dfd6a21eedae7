"""Checks of the order itself against the daemon's state and the instrument's rules."""

from core.orders import TimeInForce
from risk.facts import Breach, Facts


def not_ready(facts: Facts) -> Breach | None:
    """Orders pass in READY alone."""
    if facts.ready:
        return None
    return Breach("NOT_READY", "", "", "the daemon is not READY: wait until it has synchronised, or start it again")


def not_tradable(facts: Facts) -> Breach | None:
    """The venue must offer the instrument, it must not have expired, and our books must be able to count it."""
    instrument = facts.instrument
    if not instrument.tradable:
        why = f"{instrument.id} is not open for trading at the venue: wait for the venue to reopen it"
    elif instrument.expiry_ns and facts.now_ns >= instrument.expiry_ns:
        why = f"{instrument.id} has expired: trade another contract"
    elif instrument.inverse:
        why = f"{instrument.id} is an inverse contract, which positions do not count yet: trade a linear one"
    else:
        return None
    return Breach("NOT_TRADABLE", "", "", why)


def duplicate_id(facts: Facts) -> Breach | None:
    """A client order id names one order for ever."""
    name = facts.intent.client_order_id
    if name and not facts.manager.knows(name):
        return None
    return Breach("DUPLICATE_ID", "", "", f"client order id {name!r} is empty or taken: use a new one for each order")


def quantity_not_positive(facts: Facts) -> Breach | None:
    """The side says which way; the quantity is a size."""
    quantity = facts.quantity
    if quantity > 0:
        return None
    figure = facts.instrument.quantity_text(quantity)
    return Breach(
        "QUANTITY_NOT_POSITIVE", "0", figure, f"the quantity is {figure}: ask for more than 0, use side to sell"
    )


def price_of_type(facts: Facts) -> Breach | None:
    """A limit order has a price above 0, a market order has none."""
    price = facts.intent.price
    if price == 0 if facts.is_market else price > 0:
        return None
    text = facts.instrument.price_text(price)
    if facts.is_market:
        return Breach(
            "PRICE_ON_MARKET", "0", text, f"a market order carries the price {text}: leave it 0 or send a limit"
        )
    return Breach("PRICE_NOT_POSITIVE", "0", text, f"the limit price is {text}: set a price above 0")


def post_only(facts: Facts) -> Breach | None:
    """Only an order that may rest can be post-only."""
    intent = facts.intent
    if not intent.post_only or (not facts.is_market and intent.time_in_force is TimeInForce.GTC):
        return None
    what = f"{intent.type.value} {intent.time_in_force.value}"
    return Breach(
        "POST_ONLY_NOT_LIMIT", "", "", f"a {what} order cannot be post-only: send a limit order good till cancel"
    )


def tick_size(facts: Facts) -> Breach | None:
    """Limit prices are whole ticks."""
    if facts.intent.price % facts.instrument.tick == 0:
        return None
    limit, figure = facts.instrument.price_text(facts.instrument.tick), facts.instrument.price_text(facts.intent.price)
    return Breach("TICK_SIZE", limit, figure, f"price {figure} is no multiple of the tick {limit}: round it")


def lot_size(facts: Facts) -> Breach | None:
    """Quantities are whole lots."""
    if facts.quantity % facts.instrument.lot == 0:
        return None
    limit = facts.instrument.quantity_text(facts.instrument.lot)
    figure = facts.instrument.quantity_text(facts.quantity)
    return Breach("LOT_SIZE", limit, figure, f"quantity {figure} is no multiple of the lot {limit}: round it down")


def min_quantity(facts: Facts) -> Breach | None:
    """The venue's smallest quantity."""
    if facts.quantity >= facts.instrument.min_quantity:
        return None
    limit, figure = facts.instrument.min_quantity, facts.quantity
    return Breach(
        "MIN_QUANTITY",
        facts.instrument.quantity_text(limit),
        facts.instrument.quantity_text(figure),
        f"{facts.quantity_text(figure)} is below the venue's minimum, {facts.quantity_text(limit)}: ask for more",
    )


def max_venue_quantity(facts: Facts) -> Breach | None:
    """The venue's largest quantity, where it names one."""
    limit, figure = facts.instrument.max_quantity, facts.quantity
    if not limit or figure <= limit:
        return None
    return Breach(
        "MAX_VENUE_QUANTITY",
        facts.instrument.quantity_text(limit),
        facts.instrument.quantity_text(figure),
        f"{facts.quantity_text(figure)} is above the venue's maximum, {facts.quantity_text(limit)}: split it",
    )
