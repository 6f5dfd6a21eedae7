"""Order lists of spot: OCO, OTO and OTOCO.

"An OCO has 2 orders called the above order and below order"; "the first order [of an OTO] is called the working order
and must be LIMIT or LIMIT_MAKER"; an OTOCO's pending orders are an OCO.
"""

from connectors.binance.trading.requests import Rare, Request, Target
from connectors.binance.trading.settings import TradingSettings
from connectors.binance.trading.terms import spot_terms
from core.instruments import Instrument
from core.orders import ApprovedGroup, Contingency, OrderIntent, OrderType

_OCO = Target("orderList.place.oco", "POST", "/api/v3/orderList/oco", 1, 2)
_OTO = Target("orderList.place.oto", "POST", "/api/v3/orderList/oto", 1, 2)
_OTOCO = Target("orderList.place.otoco", "POST", "/api/v3/orderList/otoco", 1, 3)

_LEG_NAMES = {
    "type": "Type",
    "price": "Price",
    "stopPrice": "StopPrice",
    "timeInForce": "TimeInForce",
    "icebergQty": "IcebergQty",
    "trailingDelta": "TrailingDelta",
}


def list_request(group: ApprovedGroup, instrument: Instrument, settings: TradingSettings) -> Request | str:
    """Return the request that places a list, or why the venue cannot take it."""
    intents = [order.intent for order in group.orders]
    if any(intent.instrument != intents[0].instrument for intent in intents):
        return "the orders of a list are for one symbol"
    shape = group.contingency, len(intents)
    params: dict[str, str] | str
    if shape == (Contingency.OCO, 2):
        target, params = _OCO, _oco(intents[0], intents[1], instrument, "")
    elif shape == (Contingency.OTO, 2):
        target, params = _OTO, _oto(intents[0], intents[1], instrument)
    elif shape == (Contingency.OTO, 3):
        target, params = _OTOCO, _otoco(intents, instrument)
    else:
        return f"Binance offers no list of {len(intents)} orders as {group.contingency}"
    if isinstance(params, str):
        return params
    params |= {
        "symbol": instrument.symbol,
        "listClientOrderId": "l" + intents[0].client_order_id,
        "newOrderRespType": "RESULT",
    }
    if settings.stp_mode:
        params["selfTradePreventionMode"] = settings.stp_mode.value
    return Rare(target, params, settings.recv_window_ms)


def _oco(first: OrderIntent, second: OrderIntent, instrument: Instrument, prefix: str) -> dict[str, str] | str:
    """Return a pair of which one cancels the other; `prefix` is "pending" inside of an OTOCO."""
    if (first.side, first.quantity) != (second.side, second.quantity):
        return "the two orders of an OCO have one side and one quantity"
    above, below = (first, second) if _level(first) > _level(second) else (second, first)
    upper, lower = _leg(above, instrument, _name(prefix, "above")), _leg(below, instrument, _name(prefix, "below"))
    if isinstance(upper, str) or isinstance(lower, str):
        return upper if isinstance(upper, str) else str(lower)
    quantity = instrument.quantity_text(first.quantity)
    return upper | lower | {_name(prefix, "side"): first.side.name, _name(prefix, "quantity"): quantity}


def _oto(working: OrderIntent, pending: OrderIntent, instrument: Instrument) -> dict[str, str] | str:
    """Return an order, and one that waits until the first is fully filled."""
    first, second = _working(working, instrument), _leg(pending, instrument, "pending", as_maker=False)
    if isinstance(first, str) or isinstance(second, str):
        return first if isinstance(first, str) else str(second)
    quantity = instrument.quantity_text(pending.quantity)
    return first | second | {"pendingSide": pending.side.name, "pendingQuantity": quantity}


def _otoco(intents: list[OrderIntent], instrument: Instrument) -> dict[str, str] | str:
    """Return an order, and an OCO that waits until it is fully filled."""
    first, rest = _working(intents[0], instrument), _oco(intents[1], intents[2], instrument, "pending")
    if isinstance(first, str) or isinstance(rest, str):
        return first if isinstance(first, str) else str(rest)
    return first | rest


def _working(intent: OrderIntent, instrument: Instrument) -> dict[str, str] | str:
    """Return the order that goes to the book at once."""
    if intent.type is not OrderType.LIMIT:
        return "the working order of a list must be a limit order"
    params = _leg(intent, instrument, "working", as_maker=False)
    if isinstance(params, str):
        return params
    quantity = instrument.quantity_text(intent.quantity)
    return params | {"workingSide": intent.side.name, "workingQuantity": quantity}


def _leg(intent: OrderIntent, instrument: Instrument, prefix: str, *, as_maker: bool = True) -> dict[str, str] | str:
    """Return one order's parameters under their names in a list; the limit order of an OCO is a LIMIT_MAKER."""
    params = spot_terms(intent, instrument)
    if isinstance(params, str):
        return params
    if as_maker and params["type"] == "LIMIT":
        params["type"] = "LIMIT_MAKER"
        del params["timeInForce"]
    renamed = {prefix + _LEG_NAMES[name]: value for name, value in params.items() if name in _LEG_NAMES}
    return renamed | {prefix + "ClientOrderId": intent.client_order_id}


def _level(intent: OrderIntent) -> int:
    """Return the price that tells above from below."""
    terms = intent.terms
    return (terms.trigger_price or terms.activation_price if terms is not None else 0) or intent.price


def _name(prefix: str, name: str) -> str:
    """Return a parameter's name behind a prefix, `pendingAbove`."""
    return prefix + name[0].upper() + name[1:] if prefix else name
