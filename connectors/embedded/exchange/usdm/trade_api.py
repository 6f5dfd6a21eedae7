"""The trading endpoints: orders, batches, conditional orders, and what is asked about them. No I/O.

Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from connectors.embedded import refusals as market_refusals
from connectors.embedded.errors import RequestError
from connectors.embedded.exchange import refusals as shared_refusals
from connectors.embedded.exchange.clients import plain
from connectors.embedded.exchange.orders import OrderType, TimeInForce
from connectors.embedded.exchange.usdm import checks, refusals
from connectors.embedded.exchange.usdm.algo import AlgoService
from connectors.embedded.exchange.usdm.answers import Json, algo_cancelled, algo_row, order_row, trade_row
from connectors.embedded.exchange.usdm.engine import Engine
from connectors.embedded.exchange.usdm.orders import AlgoOrder, AlgoStatus, FuturesOrder
from connectors.embedded.exchange.usdm.requests import (
    PRICE_MATCHES,
    Parameters,
    integer,
    new_algo_order,
    new_order,
    price_of,
    quantity_of,
    side_of,
)
from connectors.embedded.exchange.usdm.state import SymbolState
from connectors.embedded.exchange.usdm.windows import window
from core.codec import UNREADABLE

Item = TypeVar("Item")

_BATCH_MAX = 5
_CANCEL_BATCH_MAX = 10
_TERMINAL = frozenset({TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTX})
_CANCELLED_ALL: Json = {"code": 200, "msg": "The operation of cancel all open order is done."}


class TradeApi:
    """Every trading endpoint: (account, parameters) in, the answer out, RequestError where it is refused."""

    def __init__(self, engine: Engine, algos: AlgoService) -> None:
        """Trade through the engine and the Algo Service."""
        self.engine = engine
        self.state = engine.state
        self.algos = algos
        self.countdowns: dict[tuple[str, str], int] = {}  # (account, symbol): when its orders are cancelled

    # ---------------------------------------------------------------------------------------------------------- orders

    def place(self, account: str, parameters: Parameters) -> Json:
        """`POST order`."""
        order = self._checked(account, parameters)
        self.engine.place(order)
        # "newOrderRespType=RESULT: MARKET order: the final FILLED result of the order will be returned directly; LIMIT
        # order with special timeInForce: the final status result of the order (FILLED or EXPIRED)".
        told = order.respond_result and (order.type is OrderType.MARKET or order.tif in _TERMINAL)
        return order_row(self.state.contracts[order.symbol], order, as_new=not told)

    def test(self, account: str, parameters: Parameters) -> Json:
        """`POST order/test`: checked, and not sent into the matching engine."""
        order = self._checked(account, parameters)
        return order_row(self.state.contracts[order.symbol], order, as_new=True)

    def modify(self, account: str, parameters: Parameters) -> Json:
        """`PUT order`: "both quantity and price must be sent"."""
        one = self._symbol(parameters)
        order = self._open(account, parameters)
        if side_of(parameters) is not order.side:
            raise refusals.invalid_side()
        match = parameters.get("priceMatch", "") or "NONE"
        if match != "NONE":
            if match not in PRICE_MATCHES:
                raise refusals.invalid_price_match()
            if parameters.get("price"):
                raise refusals.not_required("price")
            price = checks.matched_price(one, order.side, match)
        else:
            price = price_of(one.contract, parameters)
        self.engine.modify(order, price, quantity_of(one.contract, parameters, market=False))
        return order_row(one.contract, order)

    def cancel(self, account: str, parameters: Parameters) -> Json:
        """`DELETE order`."""
        order = self._open(account, parameters)
        self.engine.cancel(order)
        return order_row(self.state.contracts[order.symbol], order)

    def cancel_all(self, account: str, parameters: Parameters) -> Json:
        """`DELETE allOpenOrders` of a symbol."""
        one = self._symbol(parameters)
        self.cancel_symbol(account, one.contract.symbol)
        return _CANCELLED_ALL

    def cancel_symbol(self, account: str, symbol: str) -> None:
        """Cancel an account's open orders of a symbol; conditional ones have a call of their own."""
        for order in self.state.open_orders(account, symbol):
            if order.is_open:  # not if cancelling another has ended it
                self.engine.cancel(order)

    def countdown(self, account: str, parameters: Parameters) -> Json:
        """`POST countdownCancelAll`: cancel all unless it is sent again in time; 0 stops the countdown."""
        symbol = self._symbol(parameters).contract.symbol
        span_ms = integer(parameters, "countdownTime")
        self.countdowns.pop((account, symbol), None)
        if span_ms:
            self.countdowns[account, symbol] = self.state.now_ms() + span_ms
        return {"symbol": symbol, "countdownTime": str(span_ms)}

    # --------------------------------------------------------------------------------------------------------- batches

    def place_batch(self, account: str, parameters: Parameters) -> list[Json]:
        """`POST batchOrders`: each order succeeds or is refused for itself."""
        return self._batch(account, parameters, self.place, "place orders")

    def modify_batch(self, account: str, parameters: Parameters) -> list[Json]:
        """`PUT batchOrders`."""
        return self._batch(account, parameters, self.modify, "modify orders")

    def _batch(
        self, account: str, parameters: Parameters, act: Callable[[str, Parameters], Json], what: str
    ) -> list[Json]:
        rows = _json_list(parameters, "batchOrders", dict[str, object])
        if not 0 < len(rows) <= _BATCH_MAX:
            raise refusals.bad_batch(what, len(rows))
        return [_each(act, account, {name: plain(value) for name, value in row.items()}) for row in rows]

    def cancel_batch(self, account: str, parameters: Parameters) -> list[Json]:
        """`DELETE batchOrders`: by `orderIdList` or `origClientOrderIdList`."""
        symbol = self._symbol(parameters).contract.symbol
        # The venue takes these two names in any case, and clients rely on that.
        lists = {name.lower(): name for name in parameters}
        if name := lists.get("orderidlist"):
            wanted = [("orderId", str(one)) for one in _json_list(parameters, name, int)]
        elif name := lists.get("origclientorderidlist"):
            wanted = [("origClientOrderId", one) for one in _json_list(parameters, name, str)]
        else:
            raise market_refusals.missing("orderIdList")
        if not 0 < len(wanted) <= _CANCEL_BATCH_MAX:
            raise refusals.bad_batch("cancel orders", len(wanted))
        return [_each(self.cancel, account, {"symbol": symbol, name: value}) for name, value in wanted]

    # --------------------------------------------------------------------------------------------------------- queries

    def query(self, account: str, parameters: Parameters) -> Json:
        """`GET order`."""
        contract = self._symbol(parameters).contract
        order = self._find(account, parameters)
        if order is None:
            raise shared_refusals.no_such_order()
        return order_row(contract, order, query=True)

    def query_open(self, account: str, parameters: Parameters) -> Json:
        """`GET openOrder`: of one that has been filled or cancelled, "Order does not exist" is told."""
        order = self._find(account, parameters)
        if order is None or not order.is_open:
            raise shared_refusals.no_such_order()
        return order_row(self.state.contracts[order.symbol], order, query=True)

    def open_orders(self, account: str, parameters: Parameters) -> list[Json]:
        """`GET openOrders`, of one symbol or all."""
        symbol = self._symbol(parameters).contract.symbol if parameters.get("symbol") else None
        found = sorted(self.state.open_orders(account, symbol), key=lambda order: order.order_id)
        return [order_row(self.state.contracts[order.symbol], order, query=True) for order in found]

    def all_orders(self, account: str, parameters: Parameters) -> list[Json]:
        """`GET allOrders` of a symbol."""
        contract = self._symbol(parameters).contract
        mine = [o for o in self.state.orders.get(account, {}).values() if o.symbol == contract.symbol]
        found = window(mine, parameters, "orderId", lambda o: o.order_id, lambda o: o.created_ms)
        return [order_row(contract, order, query=True) for order in found]

    def trades(self, account: str, parameters: Parameters) -> list[Json]:
        """`GET userTrades` of a symbol."""
        contract = self._symbol(parameters).contract
        mine = [t for t in self.state.trades.get(account, []) if t.symbol == contract.symbol]
        if parameters.get("orderId"):
            order_id = integer(parameters, "orderId")
            mine = [trade for trade in mine if trade.order_id == order_id]
        found = window(mine, parameters, "fromId", lambda t: t.trade_id, lambda t: t.time_ms)
        return [trade_row(contract, trade) for trade in found]

    def amendments(self, account: str, parameters: Parameters) -> list[Json]:
        """`GET orderAmendment`, the latest first."""
        contract = self._symbol(parameters).contract
        order = self._find(account, parameters) if _names_an_order(parameters) else None
        orders = [order] if order else [o for o in self.state.orders.get(account, {}).values() if o.modifications]
        rows = [
            row
            for one in orders
            if one.symbol == contract.symbol
            for row in self.state.amendments.get(one.order_id, [])
        ]
        return rows[::-1][: integer(parameters, "limit", 50)]

    def forced(self, account: str, parameters: Parameters) -> list[Json]:
        """`GET forceOrders`: liquidations; nothing is ever auto-deleveraged here."""
        kind = parameters.get("autoCloseType", "")
        if kind not in ("", "LIQUIDATION", "ADL"):
            raise market_refusals.not_valid("autoCloseType")
        symbol = self._symbol(parameters).contract.symbol if parameters.get("symbol") else None
        mine = [
            order for order in self.state.forced.get(account, []) if symbol in (None, order.symbol) and kind != "ADL"
        ]
        found = window(mine, parameters, "", lambda o: o.order_id, lambda o: o.created_ms, default=50)
        return [order_row(self.state.contracts[order.symbol], order, query=True) for order in found]

    # ----------------------------------------------------------------------------------------------- conditional orders

    def place_algo(self, account: str, parameters: Parameters) -> Json:
        """`POST algoOrder`."""
        one, state = self._symbol(parameters), self.state
        dual = state.account(account).dual
        algo = new_algo_order(one.contract, account, parameters, state.next_id(), state.now_ms(), dual=dual)
        self.algos.place(algo)
        return algo_row(one.contract, algo)

    def cancel_algo(self, account: str, parameters: Parameters) -> Json:
        """`DELETE algoOrder`, by `algoId` or `clientAlgoId`."""
        algo = self._algo(account, parameters)
        if algo is None or algo.algo_status is not AlgoStatus.NEW:
            raise shared_refusals.unknown_order()
        self.algos.cancel(algo)
        return algo_cancelled(algo)

    def cancel_all_algos(self, account: str, parameters: Parameters) -> Json:
        """`DELETE algoOpenOrders` of a symbol."""
        symbol = self._symbol(parameters).contract.symbol
        for algo in self.state.open_algos(account, symbol):
            self.algos.cancel(algo)
        return _CANCELLED_ALL

    def query_algo(self, account: str, parameters: Parameters) -> Json:
        """`GET algoOrder`."""
        algo = self._algo(account, parameters)
        if algo is None:
            raise shared_refusals.no_such_order()
        return algo_row(self.state.contracts[algo.symbol], algo)

    def open_algos(self, account: str, parameters: Parameters) -> list[Json]:
        """`GET openAlgoOrders`, of one symbol or all, or the one of an `algoId`."""
        symbol = self._symbol(parameters).contract.symbol if parameters.get("symbol") else None
        wanted = integer(parameters, "algoId", 0)
        found = [algo for algo in self.state.open_algos(account, symbol) if wanted in (0, algo.order_id)]
        return [algo_row(self.state.contracts[algo.symbol], algo) for algo in found]

    def all_algos(self, account: str, parameters: Parameters) -> list[Json]:
        """`GET allAlgoOrders` of a symbol."""
        contract = self._symbol(parameters).contract
        mine = [algo for algo in self.state.algos.get(account, {}).values() if algo.symbol == contract.symbol]
        found = window(mine, parameters, "algoId", lambda a: a.order_id, lambda a: a.created_ms)
        return [algo_row(contract, algo) for algo in found]

    # ----------------------------------------------------------------------------------------------- looking up

    def _checked(self, account: str, parameters: Parameters) -> FuturesOrder:
        one, state = self._symbol(parameters), self.state
        dual = state.account(account).dual
        number = state.next_of("order")
        order = new_order(one.contract, account, parameters, number, state.now_ms(), dual=dual)
        self.engine.check(order)
        return order

    def _symbol(self, parameters: Parameters) -> SymbolState:
        name = parameters.get("symbol", "")
        if not name:
            raise market_refusals.missing("symbol")
        one = self.state.symbols.get(name)
        if one is None:
            raise market_refusals.invalid_symbol()
        return one

    def _find(self, account: str, parameters: Parameters) -> FuturesOrder | None:
        symbol = self._symbol(parameters).contract.symbol
        if not _names_an_order(parameters):
            raise market_refusals.missing("orderId")
        order_id = integer(parameters, "orderId") if parameters.get("orderId") else None
        return self.state.find(account, symbol, order_id, parameters.get("origClientOrderId", ""))

    def _open(self, account: str, parameters: Parameters) -> FuturesOrder:
        order = self._find(account, parameters)
        if order is None or not order.is_open:
            raise shared_refusals.unknown_order()
        return order

    def _algo(self, account: str, parameters: Parameters) -> AlgoOrder | None:
        mine = self.state.algos.get(account, {})
        if parameters.get("algoId"):
            return mine.get(integer(parameters, "algoId"))
        client_id = parameters.get("clientAlgoId", "")
        if not client_id:
            raise market_refusals.missing("algoId")
        return next((algo for algo in reversed(mine.values()) if algo.client_order_id == client_id), None)


def _names_an_order(parameters: Parameters) -> bool:
    return bool(parameters.get("orderId") or parameters.get("origClientOrderId"))


def _each(act: Callable[[str, Parameters], Json], account: str, parameters: Mapping[str, str]) -> Json:
    try:
        return act(account, parameters)
    except RequestError as error:
        return {"code": error.code, "msg": error.message}


def _json_list(parameters: Parameters, name: str, kind: type[Item]) -> list[Item]:
    text = parameters.get(name, "")
    if not text:
        raise market_refusals.missing(name)
    try:
        return msgspec.json.decode(text, type=list[kind])  # type: ignore[valid-type]
    except UNREADABLE:
        raise market_refusals.not_valid(name) from None
