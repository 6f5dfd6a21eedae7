"""The Algo Service: conditional orders wait here, and go to the matching engine when their price comes. No I/O.

"STOP_MARKET/TAKE_PROFIT_MARKET/STOP/TAKE_PROFIT/TRAILING_STOP_MARKET": since 2025-12-09 they are placed, queried and
cancelled at the algoOrder endpoints, and need no margin before they trigger.
"""

from connectors.embedded.errors import RequestError
from connectors.embedded.exchange.orders import OrderType
from connectors.embedded.exchange.triggers import reached
from connectors.embedded.exchange.usdm import checks, events, refusals
from connectors.embedded.exchange.usdm.engine import Engine
from connectors.embedded.exchange.usdm.orders import AlgoOrder, AlgoStatus, FuturesOrder, WorkingType
from connectors.embedded.exchange.usdm.requests import LIMITED
from connectors.embedded.exchange.usdm.state import SymbolState

_OPEN_MAX = 200  # "The condtional order limits is 200 across all symbols."


class AlgoService:
    """Conditional orders of all accounts."""

    def __init__(self, engine: Engine) -> None:
        """Hand triggered orders to the engine, and hear from it when they are over."""
        self.engine = engine
        self.state = engine.state
        engine.ended = self._ended

    def place(self, algo: AlgoOrder) -> None:
        """Take a conditional order, or refuse it: RequestError."""
        opened = self.state.open_algos(algo.account)
        if len(opened) >= _OPEN_MAX:
            raise refusals.too_many_algo_orders()
        if any(other.client_order_id == algo.client_order_id for other in opened):
            raise refusals.duplicate_client_order_id()
        if algo.close_position and any(self._same_close(algo, other) for other in opened):
            raise refusals.second_close_order()
        one = self.state.symbols[algo.symbol]
        price = self._price(one, WorkingType(algo.working_type))
        if price and algo.stop_price and reached(algo, price):
            raise refusals.would_trigger()
        self.state.algos.setdefault(algo.account, {})[algo.order_id] = algo
        one.triggers[WorkingType(algo.working_type)].add(algo, price)
        self._tell(algo)

    def cancel(self, algo: AlgoOrder, status: AlgoStatus = AlgoStatus.CANCELED) -> None:
        """End a conditional order that waits."""
        self.state.symbols[algo.symbol].triggers[WorkingType(algo.working_type)].remove(algo)
        self._become(algo, status)

    def on_prices(self, symbol: str) -> None:
        """Trigger what the contract's last or mark price has reached."""
        one = self.state.symbols[symbol]
        for kind in WorkingType:
            price = self._price(one, kind)
            if price and len(one.triggers[kind]):
                for order in one.triggers[kind].on_price(price):
                    algo = self.state.algos[order.account][order.order_id]
                    self._trigger(one, algo)

    def _trigger(self, one: SymbolState, algo: AlgoOrder) -> None:
        algo.triggered, algo.triggered_ms = True, self.state.now_ms()
        self._become(algo, AlgoStatus.TRIGGERING)
        if algo.price_protect and checks.protected(one):
            self._reject(algo, "Price protection: mark price and last price are too far apart")
            return
        order = self._order(algo)
        try:
            self.engine.check(order)
        except RequestError as error:
            self._reject(algo, error.message)
            return
        algo.actual = order
        self._become(algo, AlgoStatus.TRIGGERED)
        self.engine.place(order)

    def _order(self, algo: AlgoOrder) -> FuturesOrder:
        """Return the order that a conditional one becomes; Close-All takes the position as it is now."""
        position = self.state.account(algo.account).position(algo.symbol, algo.position)
        now_ms = self.state.now_ms()
        return FuturesOrder(
            order_id=self.state.next_id(),
            account=algo.account,
            symbol=algo.symbol,
            side=algo.side,
            type=OrderType.LIMIT if algo.type in LIMITED else OrderType.MARKET,
            original_type=algo.type,
            quantity=abs(position.amount) if algo.close_position else algo.quantity,
            price=algo.price,
            price_match=algo.price_match,
            tif=algo.tif,
            good_till_ms=algo.good_till_ms,
            client_order_id=algo.client_order_id,
            stp=algo.stp,
            stop_price=algo.stop_price,
            position_side=algo.position_side,
            reduce_only=algo.reduce_only or algo.close_position,
            close_position=algo.close_position,
            working_type=algo.working_type,
            price_protect=algo.price_protect,
            algo_id=algo.order_id,
            created_ms=now_ms,
            updated_ms=now_ms,
        )

    def _reject(self, algo: AlgoOrder, reason: str) -> None:
        algo.reason = reason
        self._become(algo, AlgoStatus.REJECTED)

    def _ended(self, order: FuturesOrder) -> None:
        algo = self.state.algos.get(order.account, {}).get(order.algo_id)
        if algo is not None and algo.actual is order:
            self._become(algo, AlgoStatus.FINISHED)

    def _become(self, algo: AlgoOrder, status: AlgoStatus) -> None:
        algo.algo_status, algo.updated_ms = status, self.state.now_ms()
        self._tell(algo)

    def _tell(self, algo: AlgoOrder) -> None:
        event = events.algo_event(self.state.contracts[algo.symbol], algo, self.state.now_ms())
        self.state.tell(algo.account, event)

    @staticmethod
    def _price(one: SymbolState, kind: WorkingType) -> int:
        return one.pricing.mark if kind is WorkingType.MARK_PRICE else one.pricing.last

    @staticmethod
    def _same_close(algo: AlgoOrder, other: AlgoOrder) -> bool:
        return (
            other.close_position
            and other.symbol == algo.symbol
            and other.side is algo.side
            and other.position_side == algo.position_side
            and other.type is algo.type
        )
