"""Checks of an order that asks for more than a market or limit order does, before tickerd keeps it or a venue gets it.

They ask only whether the words fit together, the instrument and each other: what a kept order may do to the account is
for the whole gate to say when the order is released. The first that is broken decides; its code names it.
"""

from collections.abc import Callable
from typing import NamedTuple

from core.instruments import Instrument
from core.orders import Contingency, OrderIntent, OrderTerms, OrderType, TimeInForce, TriggerBy
from oms.held.expiry import AUCTIONS, has_day, session_of
from oms.held.triggers import PPM, TRAILING
from risk.facts import Why

NO_TERMS = OrderTerms()
LIMITS = (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED)
TRIGGERED = (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED)
RESTS = (TimeInForce.GTC, TimeInForce.GTD, TimeInForce.DAY)
_PLAIN_TYPES = (OrderType.MARKET, OrderType.LIMIT)
_ONCE = (TimeInForce.IOC, TimeInForce.FOK)


class Wish(NamedTuple):
    """An order that is to be kept beside what its refusal may look at."""

    intent: OrderIntent
    terms: OrderTerms
    instrument: Instrument
    native: bool  # the venue itself keeps it
    parent_quantity: int  # of the order that it waits for; -1 where none is known by that name
    ready: bool
    id_known: bool
    kept: int  # how many orders of this instrument tickerd keeps already
    kept_max: int
    now_ns: int
    marked: bool = True  # a mark price of the instrument was told
    changes: bool = False  # it is kept already, and its session stands


def first_fault(wish: Wish) -> tuple[str, Why] | None:
    """Return the code of the first of these checks that the order breaks, and why; None if it may be kept."""
    for check in CHECKS:
        found = check(wish)
        if found is not None:
            return found
    return None


Found = tuple[str, Why] | None


def _no(code: str, message: str, limit: str = "", figure: str = "") -> Found:
    """Return a refusal."""
    return code, Why(limit, figure, message)


def _state(wish: Wish) -> Found:
    """The daemon is READY, the instrument can be traded, the name is free."""
    instrument = wish.instrument
    if not wish.ready:
        return _no("NOT_READY", "the daemon is not READY: wait until it has synchronised, or start it again")
    expired = instrument.expiry_ns and wish.now_ns >= instrument.expiry_ns
    if not instrument.tradable or expired:
        return _no("NOT_TRADABLE", f"{instrument.id} is closed or expired: trade another instrument")
    if wish.id_known:
        name = wish.intent.client_order_id
        return _no("DUPLICATE_ID", f"client order id {name!r} is empty or taken: use a new one for each order")
    if wish.kept >= wish.kept_max:
        why = f"tickerd keeps {wish.kept} orders of {instrument.id}: cancel some, or raise risk.max_open_orders"
        return _no("MAX_HELD_ORDERS", why, str(wish.kept_max), str(wish.kept))
    return None


def _quantity(wish: Wish) -> Found:
    """The quantity is positive, in whole lots, within the venue's bounds."""
    quantity, instrument = wish.intent.quantity, wish.instrument
    text = instrument.quantity_text(quantity)
    if quantity <= 0:
        return _no("QUANTITY_NOT_POSITIVE", f"the quantity is {text}: ask for more than 0, use side to sell", "0", text)
    if quantity % instrument.lot:
        lot = instrument.quantity_text(instrument.lot)
        return _no("LOT_SIZE", f"quantity {text} is no multiple of the lot {lot}: round it down", lot, text)
    if quantity < instrument.min_quantity:
        least = instrument.quantity_text(instrument.min_quantity)
        return _no("MIN_QUANTITY", f"{text} is below the venue's minimum, {least}: ask for more", least, text)
    most = instrument.max_quantity
    if most and quantity > most and not wish.terms.display_quantity:
        limit = instrument.quantity_text(most)
        return _no("MAX_VENUE_QUANTITY", f"{text} is above the venue's maximum, {limit}: split it", limit, text)
    return None


def _prices(wish: Wish) -> Found:
    """Orders that end as a limit order have a price, others have none; all prices are whole ticks."""
    intent, terms, tick = wish.intent, wish.terms, wish.instrument.tick
    if intent.type in LIMITS and intent.price <= 0:
        return _no("PRICE_NOT_POSITIVE", f"a {intent.type.value} order has a limit price: set one above 0")
    if intent.type not in LIMITS and intent.price:
        return _no("PRICE_ON_MARKET", f"a {intent.type.value} order has no limit price of its own: leave it 0")
    prices = (intent.price, terms.trigger_price, terms.activation_price, terms.trail, terms.limit_offset)
    for price in prices:
        if price < 0 or price % tick:
            limit, figure = wish.instrument.price_text(tick), wish.instrument.price_text(price)
            return _no("TICK_SIZE", f"price {figure} is no multiple of the tick {limit}: round it", limit, figure)
    if intent.post_only and (intent.type not in LIMITS or intent.time_in_force not in RESTS):
        return _no("POST_ONLY_NOT_LIMIT", "only a limit order that may rest can be post-only")
    return None


def _trigger(wish: Wish) -> Found:
    """A trigger belongs to orders that wait for one; a mark price to contracts."""
    terms, type_ = wish.terms, wish.intent.type
    if type_ in TRIGGERED and not terms.trigger_price:
        return _no("TRIGGER_PRICE", f"a {type_.value} order waits for a trigger price: set terms.trigger_price")
    if type_ not in TRIGGERED and type_ not in TRAILING and terms.trigger_price:
        return _no("TRIGGER_PRICE", f"a {type_.value} order waits for nothing: leave terms.trigger_price 0")
    if terms.trigger_by is TriggerBy.MARK and wish.instrument.holds_base:
        return _no("TRIGGER_BY", f"{wish.instrument.id} has no mark price: trigger by last, touch or mid")
    if terms.trigger_by is TriggerBy.MARK and not wish.native and not wish.marked:
        why = (
            f'no mark price of {wish.instrument.id} was told: add "marks" to the channels of its venue, or wait for it'
        )
        return _no("TRIGGER_BY", f"{why}; or trigger by last, touch or mid")
    return None


def _trail(wish: Wish) -> Found:
    """A trailing stop follows at one distance, an amount or a share."""
    terms, type_ = wish.terms, wish.intent.type
    if type_ in TRAILING:
        if (terms.trail > 0) == (terms.trail_ppm > 0) or not 0 <= terms.trail_ppm < PPM:
            why = "a trailing stop follows at terms.trail price units or at terms.trail_ppm below 1,000,000: set one"
            return _no("TRAIL", why)
    elif terms.trail or terms.trail_ppm or terms.activation_price:
        return _no("TRAIL", f"a {type_.value} order does not follow the market: leave trail and activation 0")
    if terms.limit_offset and type_ is not OrderType.TRAILING_STOP_LIMIT:
        return _no("TRAIL", f"a {type_.value} order has no limit beyond a trailing trigger: leave limit_offset 0")
    return None


def _time(wish: Wish) -> Found:
    """The end time is ahead and known; auctions are where the venue holds them."""
    intent, terms, native = wish.intent, wish.terms, wish.native
    until = intent.time_in_force
    if until is TimeInForce.GTD and terms.expire_ns <= wish.now_ns:
        return _no("EXPIRE_TIME", "a good-till-date order ends at a time ahead: set terms.expire_ns")
    if until is not TimeInForce.GTD and terms.expire_ns:
        return _no("EXPIRE_TIME", f"a {until.value} order has no end time of its own: leave terms.expire_ns 0")
    if not native and (found := _session(wish)):
        return found
    if intent.type is OrderType.MARKET and until in RESTS[1:]:
        return _no("EXPIRE_TIME", "a market order does not rest: leave out when it ends")
    return None


def _session(wish: Wish) -> Found:
    """What lasts to a session's end, or waits for its open or close, needs a table that reaches there."""
    until, instrument = wish.intent.time_in_force, wish.instrument
    sessions = instrument.sessions
    if until is TimeInForce.DAY and not has_day(instrument.calendar, sessions):
        why = f"the sessions of calendar {instrument.calendar!r} are not known: give them in [hours], or use gtd"
        return _no("CALENDAR", why)
    if until not in AUCTIONS and (until is not TimeInForce.DAY or not sessions):
        return None
    if not sessions:
        why = f"{instrument.id} has no table of sessions, nor does {instrument.venue} take {until.value} orders of it"
        return _no("NO_AUCTION", f"{why}: give one in [hours] where it opens and closes")
    if not wish.changes and session_of(until, sessions, wish.now_ns) is None:
        why = f"the table of sessions of {instrument.id} ends at {sessions[-1][1]} ns, before a session for this order"
        return _no("SESSIONS_END", f"{why}: give later ones in [hours]", str(sessions[-1][1]), str(wish.now_ns))
    if until in AUCTIONS and (wish.intent.type not in _PLAIN_TYPES or wish.terms.group or wish.terms.display_quantity):
        why = f"an {until.value} order is a market or limit order, in no group, shown whole"
        return _no("NO_AUCTION", f"{why}: leave the rest out, or use another time in force")
    return None


def _shown(wish: Wish) -> Found:
    """An iceberg shows a part that the venue takes; hidden is for the venue alone to offer."""
    intent, terms, instrument = wish.intent, wish.terms, wish.instrument
    if terms.hidden and not wish.native:
        return _no("HIDDEN_NOT_OFFERED", f"{instrument.venue} offers no hidden orders for {instrument.id}")
    shown = terms.display_quantity
    if not shown:
        return None
    least = max(instrument.min_quantity, instrument.lot)
    fits = least <= shown <= intent.quantity and shown % instrument.lot == 0
    if not fits or terms.hidden:
        text, lot = instrument.quantity_text(shown), instrument.quantity_text(instrument.lot)
        why = f"an iceberg shows whole lots of {lot}, at least the venue's minimum and no more than there is"
        return _no("DISPLAY_QUANTITY", f"it would show {text}: {why}", lot, text)
    if intent.type not in (*LIMITS, OrderType.TRAILING_STOP_LIMIT) or intent.time_in_force in _ONCE:
        return _no("DISPLAY_QUANTITY", "only a limit order that rests can be an iceberg")
    return None


def _group(wish: Wish) -> Found:
    """Groups have a name and a rule, children a parent that can fill, legs something to wait for."""
    intent, terms = wish.intent, wish.terms
    exclusive = terms.contingency in (Contingency.OCO, Contingency.OUO)
    if exclusive != bool(terms.group) and terms.contingency is not Contingency.OTO:
        return _no("GROUP", "a group has a name and a contingency: set terms.group and terms.contingency, or neither")
    if exclusive and intent.type is OrderType.MARKET:
        return _no("GROUP", "a market order waits for nothing, so it cannot be a leg: use a limit or a trigger")
    if not terms.parent:
        return None
    if wish.parent_quantity < 0:
        return _no("PARENT", f"no open order of this strategy is called {terms.parent!r}, which it would wait for")
    if intent.quantity > wish.parent_quantity:
        limit, figure = (wish.instrument.quantity_text(each) for each in (wish.parent_quantity, intent.quantity))
        return _no("PARENT", f"a child of {figure} is larger than its parent of {limit}: ask for less", limit, figure)
    return None


CHECKS: tuple[Callable[[Wish], Found], ...] = (
    _state,
    _quantity,
    _prices,
    _trigger,
    _trail,
    _time,
    _shown,
    _group,
)
"""In the order in which an order meets them."""
