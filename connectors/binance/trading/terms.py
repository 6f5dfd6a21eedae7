"""Our words for orders as Binance's parameters; what has no word there is refused with a reason."""

from connectors.binance.settings import Market
from core.decimals import to_text
from core.instruments import Instrument
from core.orders import OrderIntent, OrderTerms, OrderType, Side, TimeInForce, TriggerBy

_NO_TERMS = OrderTerms()
_PPM_PER_BIP = 100
_CALLBACK_DECIMALS = 4  # ppm to percent
_NS_PER_MS = 1_000_000

_SPOT_TYPES = {
    OrderType.MARKET: "MARKET",
    OrderType.LIMIT: "LIMIT",
    OrderType.STOP: "STOP_LOSS",
    OrderType.STOP_LIMIT: "STOP_LOSS_LIMIT",
    OrderType.MARKET_IF_TOUCHED: "TAKE_PROFIT",
    OrderType.LIMIT_IF_TOUCHED: "TAKE_PROFIT_LIMIT",
    OrderType.TRAILING_STOP: "STOP_LOSS",
}
_USDM_TYPES = {
    OrderType.MARKET: "MARKET",
    OrderType.LIMIT: "LIMIT",
    OrderType.STOP: "STOP_MARKET",
    OrderType.STOP_LIMIT: "STOP",
    OrderType.MARKET_IF_TOUCHED: "TAKE_PROFIT_MARKET",
    OrderType.LIMIT_IF_TOUCHED: "TAKE_PROFIT",
    OrderType.TRAILING_STOP: "TRAILING_STOP_MARKET",
}
_LIMITS = (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED)
_IMMEDIATE = {TimeInForce.GTC: "GTC", TimeInForce.IOC: "IOC", TimeInForce.FOK: "FOK"}
_WORKING_TYPES = {TriggerBy.LAST: "CONTRACT_PRICE", TriggerBy.MARK: "MARK_PRICE"}


def spot_terms(intent: OrderIntent, instrument: Instrument) -> dict[str, str] | str:
    """Return type, prices, quantity and time in force of a spot order, or why spot cannot take it."""
    terms = intent.terms or _NO_TERMS
    kind = _SPOT_TYPES.get(intent.type)
    if kind is None:
        return _not_offered(intent.type, Market.SPOT)
    if terms.hidden:
        return "Binance offers no hidden orders"
    params = {"type": kind, "quantity": instrument.quantity_text(intent.quantity)}
    if intent.type in _LIMITS:
        params["price"] = instrument.price_text(intent.price)
        if intent.post_only:
            if intent.type is not OrderType.LIMIT:
                return "spot offers post-only for plain limit orders alone"
            params["type"] = "LIMIT_MAKER"
        else:
            time_in_force = _IMMEDIATE.get(intent.time_in_force)
            if time_in_force is None:
                return f"spot offers no time in force {intent.time_in_force}"
            params["timeInForce"] = time_in_force
    if terms.display_quantity:
        params["icebergQty"] = instrument.quantity_text(terms.display_quantity)
    if intent.type in {OrderType.MARKET, OrderType.LIMIT}:
        return params
    if terms.trigger_by is not TriggerBy.LAST:
        return f"spot triggers by the last price, not by {terms.trigger_by}"
    if intent.type is OrderType.TRAILING_STOP:
        return _spot_trail(terms, instrument, params)
    params["stopPrice"] = instrument.price_text(terms.trigger_price)
    return params


def _spot_trail(terms: OrderTerms, instrument: Instrument, params: dict[str, str]) -> dict[str, str] | str:
    """Add a trailing stop's distance: `trailingDelta` is in basis points, and `stopPrice` is where it wakes."""
    bips, rest = divmod(terms.trail_ppm, _PPM_PER_BIP)
    if terms.trail or rest or not bips:
        return "spot's trailing stops follow at whole basis points of the price"
    params["trailingDelta"] = str(bips)
    if terms.activation_price:
        params["stopPrice"] = instrument.price_text(terms.activation_price)
    return params


def usdm_terms(intent: OrderIntent, instrument: Instrument, *, hedge_mode: bool) -> dict[str, str] | str:
    """Return type, prices, quantity, time in force and position side of a USDⓈ-M order, or why it cannot be taken."""
    terms = intent.terms or _NO_TERMS
    kind = _USDM_TYPES.get(intent.type)
    if kind is None:
        return _not_offered(intent.type, Market.USDM)
    if terms.hidden or terms.display_quantity:
        return "USDⓈ-M offers no hidden and no iceberg orders"
    params = {"type": kind, "quantity": instrument.quantity_text(intent.quantity)}
    if intent.type in _LIMITS:
        params["price"] = instrument.price_text(intent.price)
        time_in_force = _usdm_time_in_force(intent, terms, params)
        if not time_in_force:
            return f"USDⓈ-M offers no time in force {intent.time_in_force}"
        params["timeInForce"] = time_in_force
    if hedge_mode:
        # "reduceOnly cannot be sent in Hedge Mode": the side of the position says what an order does to it.
        side = terms.hedge or (intent.side.opposite if intent.reduce_only else intent.side)
        params["positionSide"] = "LONG" if side is Side.BUY else "SHORT"
    elif terms.hedge is not None:
        return "the account is in one-way mode; set hedge_mode for positions of both sides"
    elif intent.reduce_only:
        params["reduceOnly"] = "true"
    if intent.type in {OrderType.MARKET, OrderType.LIMIT}:
        return params
    return _usdm_trigger(intent, terms, instrument, params)


def _usdm_time_in_force(intent: OrderIntent, terms: OrderTerms, params: dict[str, str]) -> str:
    """Return the word for how long an order lives, empty for none; GTX is post-only."""
    if intent.post_only:
        return "GTX"
    if intent.time_in_force is TimeInForce.GTD:
        # "the timestamp only retains second-level precision, ms part will be ignored"
        params["goodTillDate"] = str(terms.expire_ns // _NS_PER_MS)
        return "GTD"
    return _IMMEDIATE.get(intent.time_in_force, "")


def _usdm_trigger(
    intent: OrderIntent, terms: OrderTerms, instrument: Instrument, params: dict[str, str]
) -> dict[str, str] | str:
    """Add what pulls the trigger of a conditional order."""
    working_type = _WORKING_TYPES.get(terms.trigger_by)
    if working_type is None:
        return f"USDⓈ-M triggers by the last or the mark price, not by {terms.trigger_by}"
    params |= {"algoType": "CONDITIONAL", "workingType": working_type}
    if intent.type is not OrderType.TRAILING_STOP:
        params["triggerPrice"] = instrument.price_text(terms.trigger_price)
        return params
    if terms.trail or not terms.trail_ppm or terms.trail_ppm % 1000:
        return "USDⓈ-M's trailing stops follow at tenths of a percent of the price"
    params["callbackRate"] = to_text(terms.trail_ppm, _CALLBACK_DECIMALS)  # "where 1 for 1%"
    if terms.activation_price:
        params["activatePrice"] = instrument.price_text(terms.activation_price)
    return params


def _not_offered(kind: OrderType, market: Market) -> str:
    """Return the refusal of an order type."""
    return f"Binance {market} offers no {kind} orders: tickerd must keep its trigger"
