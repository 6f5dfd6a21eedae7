"""How orders, conditional orders and trades are answered. Pure.

Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api
"""

from connectors.embedded.exchange.orders import OrderType, Side, Status
from connectors.embedded.exchange.usdm.contracts import Contract
from connectors.embedded.exchange.usdm.events import callback_text
from connectors.embedded.exchange.usdm.orders import AccountTrade, AlgoOrder, FuturesOrder
from connectors.embedded.exchange.usdm.texts import money_text, units_text
from connectors.embedded.market import fixed_text

Json = dict[str, object]


def order_row(contract: Contract, order: FuturesOrder, *, as_new: bool = False, query: bool = False) -> Json:
    """Return an order as it stands, or as it was when it was new; queries also tell when that was."""
    executed, quote, average = (0, 0, 0) if as_new else (order.executed, order.quote, order.average)
    row: Json = {
        "orderId": order.order_id,
        "symbol": order.symbol,
        "status": Status.NEW.value if as_new else order.status.value,
        "clientOrderId": order.client_order_id,
        "price": contract.price_text(order.price),
        "avgPrice": units_text(average),
        "origQty": contract.quantity_text(order.quantity),
        "executedQty": contract.quantity_text(executed),
        "cumQuote": fixed_text(quote, 8),
        "timeInForce": order.tif.value,
        "type": _told_type(order.type),
        "reduceOnly": order.reduce_only,
        "closePosition": order.close_position,
        "side": order.side.value,
        "positionSide": order.position_side,
        "stopPrice": contract.price_text(order.stop_price),
        "workingType": order.working_type,
        "priceProtect": order.price_protect,
        "origType": _told_type(order.original_type),
        "priceMatch": order.price_match,
        "selfTradePreventionMode": order.stp.value,
        "goodTillDate": order.good_till_ms,
        "updateTime": order.created_ms if as_new else order.updated_ms,
    }
    if query:
        return {**row, "time": order.created_ms}
    return {**row, "cumQty": contract.quantity_text(executed)}


def _told_type(kind: OrderType) -> str:
    # A liquidation is told as LIQUIDATION on the private stream, and as the limit order that it is by REST.
    return OrderType.LIMIT.value if kind is OrderType.LIQUIDATION else kind.value


def algo_row(contract: Contract, algo: AlgoOrder) -> Json:
    """Return a conditional order."""
    row: Json = {
        "algoId": algo.order_id,
        "clientAlgoId": algo.client_order_id,
        "algoType": "CONDITIONAL",
        "orderType": algo.type.value,
        "symbol": algo.symbol,
        "side": algo.side.value,
        "positionSide": algo.position_side,
        "timeInForce": algo.tif.value,
        "quantity": contract.quantity_text(algo.quantity),
        "algoStatus": algo.algo_status.value,
        "actualOrderId": "" if algo.actual is None else str(algo.actual.order_id),
        "actualPrice": "" if algo.actual is None else units_text(algo.actual.average),
        "triggerPrice": contract.price_text(0 if algo.trailing_bips else algo.stop_price),
        "price": contract.price_text(algo.price),
        "icebergQuantity": None,
        "selfTradePreventionMode": algo.stp.value,
        "workingType": algo.working_type,
        "priceMatch": algo.price_match,
        "closePosition": algo.close_position,
        "priceProtect": algo.price_protect,
        "reduceOnly": algo.reduce_only,
        "createTime": algo.created_ms,
        "updateTime": algo.updated_ms,
        "triggerTime": algo.triggered_ms,
        "goodTillDate": algo.good_till_ms,
    }
    if algo.trailing_bips:
        row |= {"activatePrice": contract.price_text(algo.stop_price), "callbackRate": callback_text(algo)}
    return row


def algo_cancelled(algo: AlgoOrder) -> Json:
    """Return the answer to the cancellation of a conditional order."""
    return {"algoId": algo.order_id, "clientAlgoId": algo.client_order_id, "code": "200", "msg": "success"}


def trade_row(contract: Contract, trade: AccountTrade) -> Json:
    """Return an execution as `GET /fapi/v1/userTrades` tells it."""
    return {
        "buyer": trade.side is Side.BUY,
        "commission": money_text(trade.commission),
        "commissionAsset": trade.asset,
        "id": trade.trade_id,
        "maker": trade.maker,
        "orderId": trade.order_id,
        "price": contract.price_text(trade.price),
        "qty": contract.quantity_text(trade.quantity),
        "quoteQty": fixed_text(trade.quote, 8),
        "realizedPnl": money_text(trade.realised),
        "side": trade.side.value,
        "positionSide": trade.position_side.value,
        "symbol": trade.symbol,
        "time": trade.time_ms,
    }
