"""Whether the venue itself keeps an order's words, or tickerd does: read off `Instrument.native`."""

from collections.abc import Sequence

import msgspec

from core.instruments import Instrument
from core.orders import Contingency, OrderIntent, OrderTerms, OrderType, Side, TimeInForce, TriggerBy
from oms.held.expiry import AUCTIONS
from oms.held.triggers import TRAILING, limit_beyond

NO_TERMS = OrderTerms()
# Every order is asked about its plain words, and an enumeration's attribute costs four times a module's.
_MARKET, _LIMIT = OrderType.MARKET, OrderType.LIMIT
_GTC, _IOC, _FOK = TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK
PLAIN_TYPES = (_MARKET, _LIMIT)
_PLAIN_TIMES = (_GTC, _IOC, _FOK)
_ENDS_AS_LIMIT = (
    OrderType.LIMIT,
    OrderType.STOP_LIMIT,
    OrderType.LIMIT_IF_TOUCHED,
    OrderType.TRAILING_STOP_LIMIT,
)
_EXCLUSIVE = (Contingency.OCO, Contingency.OUO)


def is_plain(intent: OrderIntent) -> bool:
    """Whether an order is a market or limit order without terms, which every venue takes as it is."""
    type_, until = intent.type, intent.time_in_force
    return (
        intent.terms is None
        and (type_ is _LIMIT or type_ is _MARKET)
        and (until is _GTC or until is _IOC or until is _FOK)
    )


def keeps_alone(intent: OrderIntent, instrument: Instrument) -> bool:
    """Whether the venue keeps an order that hangs together with no other."""
    terms = intent.terms or NO_TERMS
    return not terms.parent and not terms.group and keeps_words(intent, instrument)


def keeps_words(intent: OrderIntent, instrument: Instrument) -> bool:
    """Whether the venue keeps every word of an order, its group and parent apart."""
    terms, native = intent.terms or NO_TERMS, instrument.native
    if terms.keep:
        return False
    triggered = intent.type not in PLAIN_TYPES
    if triggered and (intent.type.value not in native or terms.trigger_by in (TriggerBy.TOUCH, TriggerBy.MID)):
        return False
    if triggered and terms.trigger_by is TriggerBy.MARK and "mark" not in native:
        return False
    if intent.time_in_force not in _PLAIN_TIMES and intent.time_in_force.value not in native:
        return False
    asked = (
        (terms.display_quantity > 0, "iceberg"),
        (terms.hidden, "hidden"),
        (intent.reduce_only and triggered, "reduce-only"),
    )
    return all(word in native for wanted, word in asked if wanted)


def native_group(intents: Sequence[OrderIntent], instrument: Instrument) -> Contingency | None:
    """Return as what the venue takes these orders in one list, None where tickerd has to keep them together."""
    terms = [intent.terms or NO_TERMS for intent in intents]
    if any(intent.instrument != intents[0].instrument or not keeps_words(intent, instrument) for intent in intents):
        return None
    if len(intents) == 2 and not terms[0].parent and not terms[1].parent:
        return Contingency.OCO if _is_oco(intents, instrument) else None
    children = terms[1:]
    if terms[0].parent or terms[0].group or Contingency.OTO.value not in instrument.native:
        return None
    if any(each.parent != intents[0].client_order_id for each in children):
        return None
    if len(intents) == 2:
        return None if children[0].contingency in _EXCLUSIVE else Contingency.OTO
    return Contingency.OTO if len(intents) == 3 and _is_oco(intents[1:], instrument) else None


def _is_oco(legs: Sequence[OrderIntent], instrument: Instrument) -> bool:
    """Whether two legs are a list of the venue's: one side, one quantity, one of them a stop or a touch."""
    first, second = legs
    terms = [leg.terms or NO_TERMS for leg in legs]
    return (
        Contingency.OCO.value in instrument.native
        and all(each.contingency is Contingency.OCO and each.group == terms[0].group for each in terms)
        and first.side is second.side
        and first.quantity == second.quantity
        and (first.type not in PLAIN_TYPES or second.type not in PLAIN_TYPES)
    )


def plain_of(intent: OrderIntent, name: str, quantity: int, trigger: int, tick: int, parent: str = "") -> OrderIntent:
    """Return the market or limit order that an order becomes once it is released, so much of it, under `name`."""
    is_limit = intent.type in _ENDS_AS_LIMIT
    until = intent.time_in_force
    if until not in _PLAIN_TIMES:  # a market order for an auction takes what is there then, and rests nowhere
        until = _IOC if until in AUCTIONS and not is_limit else _GTC
    hedge: Side | None = intent.terms.hedge if intent.terms is not None else None
    price = intent.price
    if intent.type is OrderType.TRAILING_STOP_LIMIT and intent.terms is not None:
        price = limit_beyond(intent.side, trigger, intent.terms.limit_offset, tick)
    return OrderIntent(
        client_order_id=name,
        strategy_id=intent.strategy_id,
        instrument=intent.instrument,
        side=intent.side,
        type=OrderType.LIMIT if is_limit else OrderType.MARKET,
        quantity=quantity,
        price=price if is_limit else 0,
        time_in_force=until,
        post_only=intent.post_only,
        reduce_only=intent.reduce_only,
        terms=OrderTerms(parent=parent, hedge=hedge) if parent or hedge is not None else None,
    )


def first_trigger(intent: OrderIntent, bid: int, ask: int) -> int:
    """Return where an order's trigger stands at first, 0 for none: a trailing stop's at its distance."""
    terms = intent.terms or NO_TERMS
    if terms.trigger_price or intent.type not in TRAILING or not 0 < bid <= ask:
        return terms.trigger_price
    distance = terms.trail or bid * terms.trail_ppm // 1_000_000
    return max(bid - distance, 1) if intent.side is Side.SELL else ask + distance


def changed(intent: OrderIntent, price: int, quantity: int) -> OrderIntent | None:
    """Return an order with another price or quantity (0 leaves it), None for a price where the trigger trails.

    The price is the limit of an order that has one, else its trigger.
    """
    terms = intent.terms or NO_TERMS
    if price and intent.type in TRAILING:
        return None
    if price and intent.type not in _ENDS_AS_LIMIT:
        terms, price = msgspec.structs.replace(terms, trigger_price=price), 0
    return msgspec.structs.replace(
        intent,
        price=price or intent.price,
        quantity=quantity or intent.quantity,
        terms=None if intent.terms is None else terms,
    )


def whole_price(side: Side, price: int, tick: int) -> int:
    """Return the nearest whole price at which an order risks no more: a buy's lower, a sale's higher."""
    return price // tick * tick if side is Side.BUY else -(-price // tick) * tick
