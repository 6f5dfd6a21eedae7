"""The TRADE endpoints: parameters in, orders placed, cancelled, replaced and amended, documented JSON out. No I/O.

Source: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/trading-endpoints
"""

from collections.abc import Callable

from connectors.embedded import refusals as market_refusals
from connectors.embedded.errors import RequestError
from connectors.embedded.exchange import refusals
from connectors.embedded.exchange.gate import Caller
from connectors.embedded.exchange.limits import RateLimits
from connectors.embedded.exchange.orders import Order, OrderType, Status
from connectors.embedded.exchange.spot import reports
from connectors.embedded.exchange.spot.drafts import CLIENT_ID, Parameters, Reader, read_order
from connectors.embedded.exchange.spot.engine import Engine
from connectors.embedded.exchange.spot.lists import Lists
from connectors.embedded.exchange.spot.rules import text

_ANSWERS = ("ACK", "RESULT", "FULL")
_RESTRICTIONS = {"ONLY_NEW": Status.NEW, "ONLY_PARTIALLY_FILLED": Status.PARTIALLY_FILLED}
_MODES = ("STOP_ON_FAILURE", "ALLOW_FAILURE")
_EXCEEDED_MODES = ("DO_NOTHING", "CANCEL_ONLY")


class Trading:
    """Order entry for all accounts."""

    def __init__(self, engine: Engine, lists: Lists, limits: RateLimits) -> None:
        """Trade on an engine; `limits` count the orders."""
        self._engine = engine
        self._lists = lists
        self._limits = limits

    # ---------------------------------------------------------------------------------------------------- single orders

    def place(self, caller: Caller, parameters: Parameters) -> object:
        """`POST /api/v3/order`."""
        self._limits.orders(caller.account, 1, caller.now_ms)
        order, tell = self._draft(caller, parameters)
        return self._counted(caller, 1, lambda: self._place(caller, order, tell))

    def test(self, caller: Caller, parameters: Parameters) -> object:
        """`POST /api/v3/order/test`: "creates and validates a new order but does not send it"."""
        order, _ = self._draft(caller, parameters)
        self._engine.check([order])
        if parameters.get("computeCommissionRates") != "true":
            return {}
        account = self._engine.bank.accounts[caller.account]
        standard = {"maker": text(account.maker_rate), "taker": text(account.taker_rate)}
        none = {"maker": text(0), "taker": text(0)}
        return {
            "standardCommissionForOrder": standard,
            "specialCommissionForOrder": none,
            "taxCommissionForOrder": none,
            "discount": discount(self._engine, caller.account),
        }

    def cancel(self, caller: Caller, parameters: Parameters) -> object:
        """`DELETE /api/v3/order`: of an order in a list, the whole list."""
        order = self._to_cancel(caller, parameters, "orderId", "origClientOrderId")
        client_id = Reader(parameters).text("newClientOrderId", CLIENT_ID)
        if order.list_id != -1:
            listed = self._lists.all[order.list_id]
            told = self._lists.cancel(listed, caller.now_ms, client_id)
            self._engine.settle(caller.now_ms)
            return reports.order_list(listed) | {"orderReports": told}
        return self._cancel_one(order, client_id, caller.now_ms)

    def cancel_all(self, caller: Caller, parameters: Parameters) -> object:
        """`DELETE /api/v3/openOrders`: "includes orders that are part of an order list"."""
        state = self._engine.state(Reader(parameters).need("symbol"))
        orders = state.open_of(caller.account)
        if not orders:
            raise refusals.unknown_order()
        told: list[reports.Json] = []
        for order in orders:
            if not order.is_open:
                continue  # it ended with the list of an order before it
            if order.list_id == -1:
                told.append(self._cancel_one(order, "", caller.now_ms))
            else:
                listed = self._lists.all[order.list_id]
                rows = self._lists.cancel(listed, caller.now_ms, "")
                told.append(reports.order_list(listed) | {"orderReports": rows})
        self._engine.settle(caller.now_ms)
        return told

    def replace(self, caller: Caller, parameters: Parameters) -> object:
        """`POST /api/v3/order/cancelReplace`."""
        reader = Reader(parameters)
        mode = reader.need("cancelReplaceMode")
        exceeded = reader.text("orderRateLimitExceededMode") or "DO_NOTHING"
        if mode not in _MODES:
            raise market_refusals.not_valid("cancelReplaceMode")
        if exceeded not in _EXCEEDED_MODES:
            raise market_refusals.not_valid("orderRateLimitExceededMode")
        over = self._over_limit(caller)
        if over is not None and exceeded == "DO_NOTHING":
            raise over
        # "Filters and Order Count are evaluated before the processing of the cancellation and order placement occurs."
        order, tell = self._draft(caller, parameters)
        if over is None:
            state = self._engine.state(order.symbol)
            state.rules.check(order, self._engine.average_price(order.symbol) or state.last_price)
        cancelled = self._attempt(lambda: self._cancel_for(caller, parameters))
        if isinstance(cancelled, RequestError) and mode == "STOP_ON_FAILURE":
            self._limits.count_orders(caller.account, 1, caller.now_ms)
            raise _failed(-2022, 400 if over is None else 429, cancelled, None)
        placed = (
            over
            if over is not None
            else self._attempt(lambda: self._counted(caller, 1, lambda: self._place(caller, order, tell)))
        )
        if isinstance(cancelled, RequestError) and isinstance(placed, RequestError):
            raise _failed(-2022, 400 if over is None else 429, cancelled, placed)
        if isinstance(cancelled, RequestError) or isinstance(placed, RequestError):
            raise _failed(-2021, 409 if over is None else 429, cancelled, placed)
        return {
            "cancelResult": "SUCCESS",
            "newOrderResult": "SUCCESS",
            "cancelResponse": cancelled,
            "newOrderResponse": placed,
        }

    def amend(self, caller: Caller, parameters: Parameters) -> object:
        """`PUT /api/v3/order/amend/keepPriority`."""
        reader = Reader(parameters)
        reader.need("newQty")
        order = self._known(caller, parameters, "orderId", "origClientOrderId")
        if order is None or not order.is_open:
            raise RequestError(-2038, "Unknown order sent.")
        rules = self._engine.state(order.symbol).rules
        quantity = reader.units("newQty")
        client_id = reader.text("newClientOrderId", CLIENT_ID)
        if quantity == order.quantity:
            raise RequestError(-2038, "The requested action would change no state; rejecting.")
        if quantity > order.quantity:
            raise RequestError(-2038, "Order amend (quantity increase) is not supported.")
        if quantity <= order.executed + order.prevented or quantity < rules.step or quantity % rules.step:
            raise refusals.filter_failure("LOT_SIZE")
        if order.amends >= rules.max_amends:
            raise RequestError(-2038, "Filter failure: MAX_NUM_ORDER_AMENDS")
        old_client_id = order.client_order_id
        execution_id = self._engine.amend(order, quantity, client_id, caller.now_ms)
        told: reports.Json = {"transactTime": caller.now_ms, "executionId": execution_id}
        told["amendedOrder"] = reports.amended(order, old_client_id)
        if order.list_id != -1:
            listed = self._lists.all[order.list_id]
            self._lists.renamed(order, caller.now_ms)
            told["listStatus"] = {
                name: value
                for name, value in reports.order_list(listed).items()
                if name not in ("listStatusType", "transactionTime")
            }
        self._engine.settle(caller.now_ms)
        return told

    # ------------------------------------------------------------------------------------------------------ order lists

    def place_oco(self, caller: Caller, parameters: Parameters) -> object:
        """`POST /api/v3/orderList/oco`."""
        return self._place_list(caller, parameters, self._lists.place_oco, 2)

    def place_old_oco(self, caller: Caller, parameters: Parameters) -> object:
        """`POST /api/v3/order/oco`, deprecated."""
        return self._place_list(caller, parameters, self._lists.place_old_oco, 2)

    def place_oto(self, caller: Caller, parameters: Parameters) -> object:
        """`POST /api/v3/orderList/oto`."""
        return self._place_list(caller, parameters, self._lists.place_oto, 2)

    def place_otoco(self, caller: Caller, parameters: Parameters) -> object:
        """`POST /api/v3/orderList/otoco`."""
        return self._place_list(caller, parameters, self._lists.place_otoco, 3)

    def cancel_list(self, caller: Caller, parameters: Parameters) -> object:
        """`DELETE /api/v3/orderList`."""
        reader = Reader(parameters)
        self._engine.state(reader.need("symbol"))
        list_id, client_id = reader.integer("orderListId"), reader.text("listClientOrderId")
        if list_id is None and not client_id:
            raise market_refusals.missing("orderListId")
        listed = self._lists.find(caller.account, list_id, client_id)
        if listed is None or not listed.is_open or listed.symbol != parameters["symbol"]:
            raise refusals.unknown_order()
        told = self._lists.cancel(listed, caller.now_ms, reader.text("newClientOrderId", CLIENT_ID))
        self._engine.settle(caller.now_ms)
        return reports.order_list(listed) | {"orderReports": told}

    # ------------------------------------------------------------------------------------------------------------ parts

    def _draft(self, caller: Caller, parameters: Parameters) -> tuple[Order, Callable[[Order], reports.Json]]:
        rules = self._engine.state(Reader(parameters).need("symbol")).rules
        order = read_order(parameters, rules, caller.account)
        # "MARKET and LIMIT order types default to FULL, all other orders default to ACK"
        usual = "FULL" if order.type in (OrderType.MARKET, OrderType.LIMIT) else "ACK"
        return order, self._teller(parameters, usual, caller.now_ms)

    def _teller(self, parameters: Parameters, usual: str, now_ms: int) -> Callable[[Order], reports.Json]:
        wanted = Reader(parameters).text("newOrderRespType") or usual
        if wanted not in _ANSWERS:
            raise market_refusals.not_valid("newOrderRespType")
        if wanted == "ACK":
            return lambda order: reports.acknowledged(order, now_ms)
        if wanted == "RESULT":
            return lambda order: reports.result(order, now_ms)
        fills = self._engine.fills_of
        return lambda order: reports.full(order, now_ms, fills(order))

    def _place(self, caller: Caller, order: Order, tell: Callable[[Order], reports.Json]) -> reports.Json:
        self._engine.place(order, caller.now_ms)
        return tell(order)

    def _place_list(
        self,
        caller: Caller,
        parameters: Parameters,
        place: Callable[[str, Parameters, int, Callable[[Order], reports.Json]], reports.Json],
        count: int,
    ) -> reports.Json:
        self._limits.orders(caller.account, count, caller.now_ms)
        tell = self._teller(parameters, "RESULT", caller.now_ms)
        return self._counted(caller, count, lambda: place(caller.account, parameters, caller.now_ms, tell))

    def _counted(self, caller: Caller, count: int, action: Callable[[], reports.Json]) -> reports.Json:
        """Count orders before they are placed: those that trade at once are given back. A refusal counts nothing."""
        self._limits.count_orders(caller.account, count, caller.now_ms)
        try:
            return action()
        except RequestError:
            self._limits.count_orders(caller.account, -count, caller.now_ms)
            raise

    def _over_limit(self, caller: Caller) -> RequestError | None:
        try:
            self._limits.orders(caller.account, 1, caller.now_ms)
        except RequestError as error:
            return error
        return None

    def _cancel_for(self, caller: Caller, parameters: Parameters) -> reports.Json:
        order = self._to_cancel(caller, parameters, "cancelOrderId", "cancelOrigClientOrderId")
        told = self._cancel_one(order, Reader(parameters).text("cancelNewClientOrderId", CLIENT_ID), caller.now_ms)
        self._engine.settle(caller.now_ms)
        return told

    def _cancel_one(self, order: Order, client_id: str, now_ms: int) -> reports.Json:
        told = reports.cancelled(order, now_ms, self._engine.cancel(order, now_ms, client_id))
        self._engine.settle(now_ms)
        return told

    def _to_cancel(self, caller: Caller, parameters: Parameters, by_id: str, by_client: str) -> Order:
        restriction = Reader(parameters).text("cancelRestrictions")
        if restriction and restriction not in _RESTRICTIONS:
            raise RequestError(-1145, "Invalid cancelRestrictions")
        order = self._known(caller, parameters, by_id, by_client)
        if order is None or not order.is_open:
            raise refusals.unknown_order()
        if restriction and order.status is not _RESTRICTIONS[restriction]:
            raise RequestError(-2011, "Order was not canceled due to cancel restrictions.")
        return order

    def _known(self, caller: Caller, parameters: Parameters, by_id: str, by_client: str) -> Order | None:
        reader = Reader(parameters)
        symbol = reader.need("symbol")
        order_id, client_id = reader.integer(by_id), reader.text(by_client)
        if order_id is None and not client_id:
            raise RequestError(-1102, f"Param '{by_client}' or '{by_id}' must be sent, but both were empty/null!")
        return self._engine.find(caller.account, symbol, order_id, client_id)

    @staticmethod
    def _attempt(action: Callable[[], reports.Json]) -> reports.Json | RequestError:
        try:
            return action()
        except RequestError as error:
            return error


def discount(engine: Engine, account: str) -> reports.Json:
    """Tell the discount for commission paid in BNB."""
    return {
        "enabledForAccount": engine.bank.accounts[account].pays_in_bnb,
        "enabledForSymbol": True,
        "discountAsset": "BNB",
        "discount": text(engine.bank.discount),
    }


def _failed(
    code: int, status: int, cancelled: reports.Json | RequestError, placed: reports.Json | RequestError | None
) -> RequestError:
    message = "Order cancel-replace failed." if code == -2022 else "Order cancel-replace partially failed."
    data = {
        "cancelResult": _outcome(cancelled),
        "newOrderResult": _outcome(placed),
        "cancelResponse": _told(cancelled),
        "newOrderResponse": _told(placed),
    }
    return RequestError(code, message, status, data=data)


def _outcome(answer: reports.Json | RequestError | None) -> str:
    if answer is None:
        return "NOT_ATTEMPTED"
    return "FAILURE" if isinstance(answer, RequestError) else "SUCCESS"


def _told(answer: reports.Json | RequestError | None) -> object:
    return {"code": answer.code, "msg": answer.message} if isinstance(answer, RequestError) else answer
