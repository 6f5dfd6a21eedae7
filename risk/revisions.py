"""What the gate needs to know of an order that is to be replaced: whether it can be, and what is open beside it."""

from core.ids import REVISION_DIGITS
from core.orders import OrderIntent, OrderState, OrderType, ReplaceIntent, TimeInForce
from oms.moves import Exposure
from oms.order import Order
from risk.rate import Rates, RateWindow
from risk.records import Asked

NATIVE = "replace"  # in `Instrument.native`, where the venue has a command for it
REVISIONS_MAX = 36**REVISION_DIGITS - 1
NO_RATES = Rates(RateWindow(limit=1), RateWindow(limit=1))  # for an order that consumed its rate before
_MARKET = OrderType.MARKET
_GTC = TimeInForce.GTC
_NEVER_REST = frozenset((TimeInForce.IOC, TimeInForce.FOK))
_REPLACEABLE = frozenset((OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED))


def ask_as(asked: Asked, wanted: OrderIntent) -> None:
    """Let the checks see an order as it shall be."""
    asked.side, asked.quantity, asked.price = 1 if wanted.side > 0 else -1, wanted.quantity, wanted.price
    asked.is_market, asked.rests = wanted.type is _MARKET, wanted.time_in_force is _GTC
    asked.post_only, asked.reduce_only = wanted.post_only, wanted.reduce_only


def leave_out(beside: Exposure, exposure: Exposure, order: Order, filled: int) -> None:
    """Set `beside` to what is open in an instrument but for one order.

    `filled` units, which the checks are asked for once more, are in the position already: they are left out as well.
    """
    own = order.leaves + filled
    beside.open_orders = exposure.open_orders - 1
    beside.open_buy_quantity = exposure.open_buy_quantity - (own if order.side > 0 else 0)
    beside.open_sell_quantity = exposure.open_sell_quantity - (own if order.side < 0 else 0)


def belongs(intent: OrderIntent) -> bool:
    """Whether an order belongs to others: the legs of a bracket or a group must have the quantities asked for."""
    return intent.terms is not None and bool(intent.terms.group or intent.terms.parent)


def makes_place(order: Order) -> bool:
    """Whether a cancel is under way only to make place for a replacement."""
    return order.chain is not None and order.chain.pending is not None and not order.chain.pending.sent


def why_not_replaced(intent: ReplaceIntent, order: Order | None) -> str:
    """Return why an order cannot be replaced now, empty where it can."""
    if order is None:
        return f"order {intent.client_order_id} is not known in this session"
    if intent.strategy_id not in {"", order.strategy_id}:
        return f"order {order.client_order_id} belongs to {order.strategy_id}, not to {intent.strategy_id}"
    if order.type is _MARKET or order.time_in_force in _NEVER_REST:
        what = f"{order.type.value} {order.time_in_force.value}"
        return f"order {order.client_order_id} is a {what} order, which never rests: there is nothing to replace"
    if order.state not in _REPLACEABLE:
        return f"order {order.client_order_id} cannot be replaced, it is {order.state.value}"
    if order.chain is not None and order.chain.newest >= REVISIONS_MAX:
        return f"order {order.client_order_id} was replaced {REVISIONS_MAX} times: cancel it and send a new one"
    price, quantity = intent.price or order.price, intent.quantity or order.quantity
    if (price, quantity) == (order.price, order.quantity):
        return f"order {order.client_order_id} is as it shall be already"
    if quantity <= order.filled:
        return f"order {order.client_order_id} is filled to {order.filled} units: cancel what is left of it"
    return ""
