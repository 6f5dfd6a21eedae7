"""Orders that belong together: OCO, OTO and OTOCO, from placement to their end. No I/O.

Source: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/trading-endpoints#order-lists
"""

from collections.abc import Callable

from connectors.embedded.errors import RequestError
from connectors.embedded.exchange import refusals
from connectors.embedded.exchange.orders import Order, OrderType, Side, Status
from connectors.embedded.exchange.spot import reports
from connectors.embedded.exchange.spot.drafts import CLIENT_ID, Parameters, Reader, read_order
from connectors.embedded.exchange.spot.engine import Engine
from connectors.embedded.exchange.spot.records import ALL_DONE, EXEC_STARTED, OCO, OTO, OrderList

_WORKING = (OrderType.LIMIT, OrderType.LIMIT_MAKER)
_PROFITS = (OrderType.LIMIT_MAKER, OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT)
_STOPS = (OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT)
Tell = Callable[[Order], reports.Json]


class Lists:
    """All order lists; the engine tells it what becomes of their orders."""

    def __init__(self, engine: Engine, tell: Callable[[str, reports.Json], None]) -> None:
        """Serve an engine; `tell` gets the user data events."""
        self.all: dict[int, OrderList] = {}
        self._engine = engine
        self._tell = tell
        engine.lists = self

    def find(self, account: str, list_id: int | None, client_id: str) -> OrderList | None:
        """Return an account's order list by its id, by its client id, or by both."""
        if list_id is None:
            mine = (listed for listed in reversed(self.all.values()) if listed.account == account)
            return next((listed for listed in mine if listed.client_id == client_id), None)
        listed = self.all.get(list_id)
        if listed is None or listed.account != account or (client_id and listed.client_id != client_id):
            return None
        return listed

    def of(self, account: str) -> list[OrderList]:
        """Return an account's order lists, oldest first."""
        return [listed for listed in self.all.values() if listed.account == account]

    # --------------------------------------------------------------------------------------------------------- placing

    def place_oco(self, account: str, parameters: Parameters, now_ms: int, told: Tell) -> reports.Json:
        """Place two orders of which one ends the other. Raises RequestError."""
        rules = self._engine.state(_symbol(parameters)).rules
        reader = Reader(parameters)
        side = reader.side()
        reader.need("quantity")
        pair = [
            read_order(parameters, rules, account, prefix=prefix, side=side, quantity=reader.units("quantity"))
            for prefix in ("above", "below")
        ]
        _check_pair(pair, self._engine.state(rules.symbol).last_price)
        self._engine.check(pair)
        for order in pair:
            self._engine.check_start(order)
        listed = self._open(account, parameters, OCO, pair, now_ms)
        for order in pair:
            self._engine.register(order, now_ms)
        self._announce(listed, now_ms)
        for order in pair:
            if order.is_open:
                self._engine.start(order, now_ms)
        self._engine.settle(now_ms)
        return reports.order_list(listed) | {"orderReports": [told(order) for order in pair]}

    def place_old_oco(self, account: str, parameters: Parameters, now_ms: int, told: Tell) -> reports.Json:
        """Place an OCO as the deprecated `POST /api/v3/order/oco` asks for it. Raises RequestError."""
        return self.place_oco(account, _renamed(parameters), now_ms, told)

    def place_oto(self, account: str, parameters: Parameters, now_ms: int, told: Tell) -> reports.Json:
        """Place a working order, and one that starts when it is filled. Raises RequestError."""
        rules = self._engine.state(_symbol(parameters)).rules
        pending = read_order(parameters, rules, account, prefix="pending")
        return self._place_working(account, parameters, [pending], now_ms, told)

    def place_otoco(self, account: str, parameters: Parameters, now_ms: int, told: Tell) -> reports.Json:
        """Place a working order, and an OCO that starts when it is filled. Raises RequestError."""
        rules = self._engine.state(_symbol(parameters)).rules
        reader = Reader(parameters, "pending")
        side = reader.side()
        reader.need("quantity")
        pair = [
            read_order(parameters, rules, account, prefix=prefix, side=side, quantity=reader.units("quantity"))
            for prefix in ("pendingAbove", "pendingBelow")
        ]
        _check_pair(pair, 0)
        return self._place_working(account, parameters, pair, now_ms, told)

    def _place_working(
        self, account: str, parameters: Parameters, pending: list[Order], now_ms: int, told: Tell
    ) -> reports.Json:
        rules = self._engine.state(_symbol(parameters)).rules
        working = read_order(parameters, rules, account, prefix="working")
        if working.type not in _WORKING:
            raise RequestError(-1116, "Invalid orderType.")
        self._engine.check([working, *pending])
        self._engine.check_start(working)
        listed = self._open(account, parameters, OTO, [working, *pending], now_ms)
        self._engine.register(working, now_ms)
        for order in pending:
            self._engine.register(order, now_ms, Status.PENDING_NEW)
        self._announce(listed, now_ms)
        # "if the working order gets immediately fully filled, the placement response will show the working order as
        # FILLED but the pending order will still appear as PENDING_NEW"
        waiting = [told(order) for order in pending]
        self._engine.start(working, now_ms)
        self._engine.settle(now_ms)
        return reports.order_list(listed) | {"orderReports": [told(working), *waiting]}

    def _open(
        self, account: str, parameters: Parameters, contingency: str, orders: list[Order], now_ms: int
    ) -> OrderList:
        client_id = Reader(parameters).text("listClientOrderId", CLIENT_ID)
        mine = [listed for listed in self.of(account) if listed.is_open]
        if client_id and any(listed.client_id == client_id for listed in mine):
            raise refusals.rejected("Duplicate order sent.")
        rules = self._engine.state(orders[0].symbol).rules
        if sum(listed.symbol == rules.symbol for listed in mine) >= rules.max_order_lists:
            raise refusals.filter_failure("MAX_NUM_ORDER_LISTS")
        listed = OrderList(
            list_id=len(self.all),
            account=account,
            symbol=rules.symbol,
            contingency=contingency,
            client_id=client_id or self._engine.new_client_id(),
            orders=orders,
            time_ms=now_ms,
        )
        self.all[listed.list_id] = listed
        for order in orders:
            order.list_id = listed.list_id
        return listed

    def cancel(self, listed: OrderList, now_ms: int, client_id: str) -> list[reports.Json]:
        """Cancel all open orders of a list; returns their reports."""
        ids = client_id or self._engine.new_client_id()
        told = []
        for order in listed.orders:
            if order.is_open:
                self._engine.cancel(order, now_ms, ids)
            told.append(reports.cancelled(order, now_ms, ids))
        return told

    # ------------------------------------------------------------------------------- what the engine says (ListHook)

    def started_or_filled(self, order: Order, now_ms: int) -> None:
        """Let one of a pair end the other: "activation of one order immediately cancels the other"."""
        for other in self._pair(order):
            if other is not order and other.is_open:
                self._engine.expire(other, "OCO_TRIGGER", now_ms)

    def ended(self, order: Order, now_ms: int) -> None:
        """Start what waited for this order, or end the rest of its list."""
        listed = self.all[order.list_id]
        if order is listed.orders[0] and listed.contingency == OTO and order.status is Status.FILLED:
            self._start_pending(listed, now_ms)
        elif order.status is not Status.FILLED:
            for other in listed.orders:
                if other.is_open and order.status is Status.CANCELED:
                    self._engine.cancel(other, now_ms)
                elif other.is_open and order.expiry_reason != "OCO_TRIGGER":
                    self._engine.expire(other, "OTO_PHASE_ONE_EXPIRED" if _waits(other) else "OCO_TRIGGER", now_ms)
        if listed.is_open and not any(each.is_open for each in listed.orders):
            listed.status_type = listed.order_status = ALL_DONE
            listed.time_ms = now_ms
            self._announce(listed, now_ms)

    def shares_hold(self, order: Order) -> tuple[Order, ...]:
        """Return the orders that are paid for together: a pair, or the order alone."""
        return self._pair(order) or (order,)

    def _pair(self, order: Order) -> tuple[Order, ...]:
        """Return the two orders of an OCO or of the second half of an OTOCO; nothing for others."""
        listed = self.all.get(order.list_id)
        if listed is None:
            return ()
        pair = listed.orders if listed.contingency == OCO else listed.orders[1:]
        return tuple(pair) if len(pair) == 2 and any(each is order for each in pair) else ()

    def _start_pending(self, listed: OrderList, now_ms: int) -> None:
        pending = [order for order in listed.orders[1:] if order.is_open]
        for order in pending:
            order.status = Status.NEW
        try:
            for order in pending:
                self._engine.check_start(order)
        except RequestError:
            # "A contingent order or an order that was part of an OTO was rejected by the matching engine"
            for order in pending:
                if order.is_open:
                    self._engine.expire(order, "REJECTED", now_ms)
            return
        for order in pending:
            order.working_ms = -1 if order.waits_for_trigger else now_ms
            self._engine.report(order, "NEW", now_ms)
        for order in pending:
            if order.is_open:
                self._engine.start(order, now_ms)

    def renamed(self, order: Order, now_ms: int) -> None:
        """Tell that an order of a list goes by another client order id now: `UPDATED`."""
        listed = self.all[order.list_id]
        listed.status_type = "UPDATED"
        self._announce(listed, now_ms)
        listed.status_type = EXEC_STARTED

    def _announce(self, listed: OrderList, now_ms: int) -> None:
        self._tell(listed.account, reports.list_status(listed, now_ms))


def _symbol(parameters: Parameters) -> str:
    return Reader(parameters).need("symbol")


def _renamed(parameters: Parameters) -> Parameters:
    """Return the parameters of the deprecated OCO by their names today: the limit order above a sell, below a buy."""
    reader = Reader(parameters)
    profit, stop = ("above", "below") if reader.side() is Side.SELL else ("below", "above")
    reader.need("price")
    reader.need("stopPrice")
    names = {
        "price": f"{profit}Price",
        "limitClientOrderId": f"{profit}ClientOrderId",
        "limitIcebergQty": f"{profit}IcebergQty",
        "limitStrategyId": f"{profit}StrategyId",
        "limitStrategyType": f"{profit}StrategyType",
        "stopPrice": f"{stop}StopPrice",
        "trailingDelta": f"{stop}TrailingDelta",
        "stopLimitPrice": f"{stop}Price",
        "stopLimitTimeInForce": f"{stop}TimeInForce",
        "stopClientOrderId": f"{stop}ClientOrderId",
        "stopIcebergQty": f"{stop}IcebergQty",
        "stopStrategyId": f"{stop}StrategyId",
        "stopStrategyType": f"{stop}StrategyType",
    }
    limited = bool(reader.text("stopLimitPrice"))
    kinds = {
        f"{profit}Type": OrderType.LIMIT_MAKER.value,
        f"{stop}Type": (OrderType.STOP_LOSS_LIMIT if limited else OrderType.STOP_LOSS).value,
    }
    return {names.get(name, name): value for name, value in parameters.items()} | kinds


def _waits(order: Order) -> bool:
    return order.status is Status.PENDING_NEW


def _check_pair(pair: list[Order], last_price: int) -> None:
    """Refuse a pair of which not one takes profit and one stops a loss, on the right sides of the market."""
    above, below = pair
    if any(order.type not in (*_PROFITS, *_STOPS) for order in pair):
        raise RequestError(-1158, "Order type not supported in OCO.")
    if all(order.type is OrderType.LIMIT_MAKER for order in pair):
        raise RequestError(-1168, "At least one OCO order must be contingent.")
    selling = above.side is Side.SELL
    profit, stop = (above, below) if selling else (below, above)
    if stop.type is OrderType.LIMIT_MAKER:
        raise (
            RequestError(-1166, "A limit order in a sell OCO must be above.")
            if selling
            else RequestError(-1165, "A limit order in a buy OCO must be below.")
        )
    if profit.type in _STOPS:
        raise (
            RequestError(-1197, "A stop loss order in a sell OCO must be below.")
            if selling
            else RequestError(-1196, "A stop loss order in a buy OCO must be above.")
        )
    if stop.type in _PROFITS:
        raise (
            RequestError(-1199, "A take profit order in a sell OCO must be above.")
            if selling
            else RequestError(-1198, "A take profit order in a buy OCO must be below.")
        )
    high, low = (_level(profit), _level(stop)) if selling else (_level(stop), _level(profit))
    if (high and low and high <= low) or (last_price and ((high and high <= last_price) or low >= last_price)):
        raise refusals.rejected("The relationship of the prices for the orders is not correct.")


def _level(order: Order) -> int:
    """Return where an order lies for the price restrictions; 0 for a trailing stop without a stop price."""
    if order.type in (OrderType.LIMIT_MAKER, OrderType.TAKE_PROFIT_LIMIT):
        return order.price
    return order.stop_price
