"""What a venue rewrites of its own books: an execution that it takes back, a number that it gives again. No I/O."""

from collections.abc import Callable

from connectors.embedded.exchange.faults import Bust, Reuse
from connectors.embedded.exchange.orders import Order, Side, Status
from connectors.embedded.exchange.usdm.account import Income
from connectors.embedded.exchange.usdm.house import add
from connectors.embedded.exchanges import Exchanges
from connectors.embedded.market import Market


class Rewritten:
    """Changes what has happened on the accounts of these exchanges; where nothing has, nothing is changed."""

    def __init__(self, exchanges: Exchanges, now_ms: Callable[[], int]) -> None:
        """Change these exchanges."""
        self._exchanges = exchanges
        self._now_ms = now_ms

    def happen(self, fault: Bust | Reuse) -> None:
        """Let a fault happen on the markets that it names."""
        for market in Market if fault.market is None else (fault.market,):
            spot = market is Market.SPOT
            if isinstance(fault, Reuse):
                self._reuse_spot(fault) if spot else self._reuse_usdm(fault)
            else:
                self._bust_spot(fault) if spot else self._bust_usdm(fault)

    def _reuse_spot(self, fault: Reuse) -> None:
        engine = self._exchanges.spot.engine
        state = engine.states.get(fault.symbol)
        if state is None:
            return
        given = [fill.trade_id for fill in state.fills.get(fault.account, [])]
        if fault.number == "order":
            given = [order.order_id for order in state.account_orders.get(fault.account, [])]
        if given:
            engine.again[fault.number] = given[-1]

    def _reuse_usdm(self, fault: Reuse) -> None:
        state = self._exchanges.usdm.state
        given = [trade.trade_id for trade in state.trades.get(fault.account, []) if trade.symbol == fault.symbol]
        if fault.number == "order":
            orders = state.orders.get(fault.account, {}).values()
            given = [order.order_id for order in orders if order.symbol == fault.symbol]
        if given:
            state.again[fault.number] = given[-1]

    def _bust_spot(self, fault: Bust) -> None:
        """Give back what was exchanged, the commission too; the other side is made whole by the market."""
        engine = self._exchanges.spot.engine
        state = engine.states.get(fault.symbol)
        fills = [] if state is None else state.fills.get(fault.account, [])
        if state is None or not fills:
            return
        fill, bank = fills.pop(), engine.bank
        state.order_fills[fill.order_id].remove(fill)
        base, quote = (state.rules.base, fill.quantity), (state.rules.quote, fill.quote)
        received, paid = (base, quote) if fill.is_buyer else (quote, base)
        bank.receive(fill.account, received[0], -received[1])
        bank.receive(fill.account, *paid)
        bank.receive(fill.account, fill.commission_asset, fill.commission)
        bank.with_market(*received)
        bank.with_market(paid[0], -paid[1])
        bank.commissions[fill.commission_asset] -= fill.commission
        _taken_back(state.orders[fill.order_id], fill.quantity, fill.quote, self._now_ms())
        engine.settle(self._now_ms())

    def _bust_usdm(self, fault: Bust) -> None:
        """Close at its own price what the execution opened, and give the commission back."""
        exchange = self._exchanges.usdm
        state = exchange.state
        mine = [trade for trade in state.trades.get(fault.account, []) if trade.symbol == fault.symbol]
        if not mine:
            return
        trade, account, contract = mine[-1], state.account(fault.account), state.contracts[fault.symbol]
        now_ms = self._now_ms()
        state.trades[fault.account].remove(trade)
        signed = -trade.quantity if trade.side is Side.BUY else trade.quantity
        profit = account.execute(contract, trade.position_side, signed, trade.price, now_ms)
        add(state.house.fees, trade.asset, -trade.commission)
        state.house.trade(contract, -signed, trade.price)
        for kind, amount in (("REALIZED_PNL", profit), ("COMMISSION", trade.commission)):
            account.change(
                Income(
                    kind=kind,
                    symbol=fault.symbol,
                    amount=amount,
                    asset=trade.asset,
                    time_ms=now_ms,
                    transaction_id=state.next_id(),
                )
            )
        _taken_back(state.orders[fault.account][trade.order_id], trade.quantity, trade.quote, now_ms)
        state.moved[fault.symbol] = None


def _taken_back(order: Order, quantity: int, quote: int, now_ms: int) -> None:
    """Let an order have traded less; one that was filled does not stand again."""
    order.executed -= quantity
    order.quote -= quote
    order.updated_ms = now_ms
    if not order.is_open:
        order.status = Status.CANCELED
    elif not order.executed:
        order.status = Status.NEW
