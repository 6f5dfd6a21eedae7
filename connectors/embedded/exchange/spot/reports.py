"""How the spot exchange tells orders, trades, lists and balances: the documented JSON. No I/O.

Sources: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/trading-endpoints and
https://developers.binance.com/docs/binance-spot-api-docs/user-data-stream
"""

from collections.abc import Iterable, Mapping

from connectors.embedded.exchange.orders import Order, Status
from connectors.embedded.exchange.spot.accounts import Account
from connectors.embedded.exchange.spot.records import ALL_DONE, Amendment, Fill, OrderList, Prevented
from connectors.embedded.exchange.spot.rules import text

Json = dict[str, object]

# ------------------------------------------------------------------------------------------------------------- answers


def acknowledged(order: Order, now_ms: int) -> Json:
    """`newOrderRespType=ACK`."""
    return {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "orderListId": order.list_id,
        "clientOrderId": order.client_order_id,
        "transactTime": now_ms,
    }


def result(order: Order, now_ms: int) -> Json:
    """`newOrderRespType=RESULT`."""
    told = acknowledged(order, now_ms) | _figures(order) | {"workingTime": order.working_ms}
    return told | {"selfTradePreventionMode": order.stp.value} | _conditional(order)


def full(order: Order, now_ms: int, fills: Iterable[Fill]) -> Json:
    """`newOrderRespType=FULL`."""
    return result(order, now_ms) | {
        "fills": [
            {
                "price": text(fill.price),
                "qty": text(fill.quantity),
                "commission": text(fill.commission),
                "commissionAsset": fill.commission_asset,
                "tradeId": fill.trade_id,
            }
            for fill in fills
        ]
    }


def cancelled(order: Order, now_ms: int, client_id: str) -> Json:
    """Answer a cancel: its own client order id, and the order's as `origClientOrderId`."""
    return {
        "symbol": order.symbol,
        "origClientOrderId": order.client_order_id,
        "orderId": order.order_id,
        "orderListId": order.list_id,
        "clientOrderId": client_id,
        "transactTime": now_ms,
        **_figures(order),
        "selfTradePreventionMode": order.stp.value,
        **_conditional(order),
    }


def queried(order: Order) -> Json:
    """Answer a query of an order."""
    told: Json = {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "orderListId": order.list_id,
        "clientOrderId": order.client_order_id,
        **_figures(order),
        "stopPrice": text(order.stop_price),
        "icebergQty": text(order.iceberg),
        "time": order.created_ms,
        "updateTime": order.updated_ms,
        "isWorking": order.working_ms != -1,
        "workingTime": order.working_ms,
        "selfTradePreventionMode": order.stp.value,
    }
    return told | _conditional(order)


def amended(order: Order, old_client_id: str) -> Json:
    """Answer an amendment; its field names differ from all others."""
    told: Json = {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "orderListId": order.list_id,
        "origClientOrderId": old_client_id,
        "clientOrderId": order.client_order_id,
        "price": text(order.price),
        "qty": text(order.quantity),
        "executedQty": text(order.executed),
        "preventedQty": text(order.prevented),
        "quoteOrderQty": text(order.quote_quantity),
        "cumulativeQuoteQty": text(order.quote),
        "status": order.status.value,
        "timeInForce": order.tif.value,
        "type": order.type.value,
        "side": order.side.value,
        "workingTime": order.working_ms,
        "selfTradePreventionMode": order.stp.value,
    }
    return told | _conditional(order)


def amendment(entry: Amendment) -> Json:
    """Tell one amendment of an order."""
    return {
        "symbol": entry.symbol,
        "orderId": entry.order_id,
        "executionId": entry.execution_id,
        "origClientOrderId": entry.old_client_id,
        "newClientOrderId": entry.new_client_id,
        "origQty": text(entry.old_quantity),
        "newQty": text(entry.new_quantity),
        "time": entry.time_ms,
    }


def trade(fill: Fill) -> Json:
    """Tell one of an account's trades."""
    return {
        "symbol": fill.symbol,
        "id": fill.trade_id,
        "orderId": fill.order_id,
        "orderListId": fill.list_id,
        "price": text(fill.price),
        "qty": text(fill.quantity),
        "quoteQty": text(fill.quote),
        "commission": text(fill.commission),
        "commissionAsset": fill.commission_asset,
        "time": fill.time_ms,
        "isBuyer": fill.is_buyer,
        "isMaker": fill.is_maker,
        "isBestMatch": True,
    }


def prevented(match: Prevented) -> Json:
    """Tell one prevented match."""
    told: Json = {
        "symbol": match.symbol,
        "preventedMatchId": match.match_id,
        "takerOrderId": match.taker_order_id,
        "makerSymbol": match.symbol,
        "makerOrderId": match.maker_order_id,
        "tradeGroupId": match.trade_group,
        "selfTradePreventionMode": match.mode,
        "price": text(match.price),
    }
    if match.taker_quantity:
        told["takerPreventedQuantity"] = text(match.taker_quantity)
    if match.maker_quantity:
        told["makerPreventedQuantity"] = text(match.maker_quantity)
    return told | {"transactTime": match.time_ms}


def order_list(listed: OrderList) -> Json:
    """Tell an order list, without its orders' reports."""
    return {
        "orderListId": listed.list_id,
        "contingencyType": listed.contingency,
        "listStatusType": listed.status_type,
        "listOrderStatus": listed.order_status,
        "listClientOrderId": listed.client_id,
        "transactionTime": listed.time_ms,
        "symbol": listed.symbol,
        "orders": [
            {"symbol": order.symbol, "orderId": order.order_id, "clientOrderId": order.client_order_id}
            for order in listed.orders
        ],
    }


def _figures(order: Order) -> Json:
    return {
        "price": text(order.price),
        "origQty": text(order.quantity),
        "executedQty": text(order.executed),
        "origQuoteOrderQty": text(order.quote_quantity),
        "cummulativeQuoteQty": text(order.quote),
        "status": order.status.value,
        "timeInForce": order.tif.value,
        "type": order.type.value,
        "side": order.side.value,
    }


def _conditional(order: Order) -> Json:
    """Fields that "appear only if certain conditions are met"."""
    told: Json = {}
    if order.iceberg:
        told["icebergQty"] = text(order.iceberg)
    if order.type.is_contingent:
        told["stopPrice"] = text(order.stop_price)
    if order.prevented:
        told["preventedMatchId"] = order.prevented_match_id
        told["preventedQuantity"] = text(order.prevented)
    if order.strategy_id is not None:
        told["strategyId"] = order.strategy_id
    if order.strategy_type is not None:
        told["strategyType"] = order.strategy_type
    if order.trailing_bips:
        told["trailingDelta"] = order.trailing_bips
        told["trailingTime"] = order.trailing_ms
    if order.expiry_reason:
        told["expiryReason"] = order.expiry_reason
    return told


# -------------------------------------------------------------------------------------------------------------- events


def execution(order: Order, kind: str, now_ms: int, execution_id: int, details: Mapping[str, object]) -> Json:
    """`executionReport`. `details` of a trade: status, executed and quote then, and its fill; of others: see below.

    `client_id` is a cancel's own id, `original` the id before an amendment, `lost`, `counter` and `price` what
    self-trade prevention took.
    """
    fill = details.get("fill")
    client_id, original = order.client_order_id, ""
    if "client_id" in details:
        client_id, original = str(details["client_id"]), order.client_order_id
    elif "original" in details:
        original = str(details["original"])
    at_trade = details.get("status")
    status = at_trade if isinstance(at_trade, Status) else order.status
    told: Json = {
        "e": "executionReport",
        "E": now_ms,
        "s": order.symbol,
        "c": client_id,
        "S": order.side.value,
        "o": order.type.value,
        "f": order.tif.value,
        "q": text(order.quantity),
        "p": text(order.price),
        "P": text(order.stop_price),
        "F": text(order.iceberg),
        "g": order.list_id,
        "C": original,
        "x": kind,
        "X": status.value,
        "r": "NONE",
        "i": order.order_id,
        "l": text(fill.quantity if isinstance(fill, Fill) else 0),
        "z": text(_int(details.get("executed", order.executed))),
        "L": text(fill.price if isinstance(fill, Fill) else 0),
        "n": text(fill.commission) if isinstance(fill, Fill) else "0",
        "N": fill.commission_asset if isinstance(fill, Fill) else None,
        "T": now_ms,
        "t": fill.trade_id if isinstance(fill, Fill) else -1,
        "I": execution_id,
        "w": order.working_ms != -1 and status.is_open,
        "m": isinstance(fill, Fill) and fill.is_maker,
        "M": isinstance(fill, Fill),
        "O": order.created_ms,
        "Z": text(_int(details.get("quote", order.quote))),
        "Y": text(fill.quote if isinstance(fill, Fill) else 0),
        "Q": text(order.quote_quantity),
        "V": order.stp.value,
    }
    return told | _conditional_event(order, details)


def _conditional_event(order: Order, details: Mapping[str, object]) -> Json:
    told: Json = {}
    if order.working_ms != -1:
        told["W"] = order.working_ms
    if order.trailing_bips:
        told |= {"d": order.trailing_bips, "D": order.trailing_ms}
    if order.strategy_id is not None:
        told["j"] = order.strategy_id
    if order.strategy_type is not None:
        told["J"] = order.strategy_type
    if order.prevented:
        told |= {"v": order.prevented_match_id, "A": text(order.prevented)}
    counter = details.get("counter")
    if isinstance(counter, Order):
        lost, price = _int(details["lost"]), _int(details["price"])
        told |= {
            "B": text(lost),
            "u": order.trade_group,
            "U": counter.order_id,
            "Cs": counter.symbol,
            "pl": text(lost),
            "pL": text(price),
            "pY": text(price * lost // 10**8),
        }
    if order.expiry_reason:
        told["eR"] = order.expiry_reason
    return told


def list_status(listed: OrderList, now_ms: int) -> Json:
    """`listStatus`."""
    return {
        "e": "listStatus",
        "E": now_ms,
        "s": listed.symbol,
        "g": listed.list_id,
        "c": listed.contingency,
        "l": listed.status_type,
        "L": listed.order_status,
        "r": "NONE",
        "C": listed.client_id,
        "T": now_ms,
        "O": [{"s": order.symbol, "i": order.order_id, "c": order.client_order_id} for order in listed.orders],
    }


def account_position(account: Account, assets: Iterable[str], now_ms: int) -> Json:
    """`outboundAccountPosition`: "the assets that were possibly changed"."""
    return {
        "e": "outboundAccountPosition",
        "E": now_ms,
        "u": account.updated_ms,
        "B": [
            {"a": asset, "f": text(account.balance(asset).free), "l": text(account.balance(asset).locked)}
            for asset in assets
        ],
    }


def balance_update(asset: str, delta: int, now_ms: int) -> Json:
    """`balanceUpdate`: a deposit, a withdrawal or a transfer."""
    return {"e": "balanceUpdate", "E": now_ms, "a": asset, "d": text(delta), "T": now_ms}


def stream_terminated(now_ms: int) -> Json:
    """`eventStreamTerminated`."""
    return {"e": "eventStreamTerminated", "E": now_ms}


def is_done(listed: OrderList) -> bool:
    """Return whether a list has ended."""
    return listed.order_status == ALL_DONE


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0
