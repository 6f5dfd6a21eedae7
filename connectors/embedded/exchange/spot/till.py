"""What orders cost: holds when they are placed, payments when they trade, the exact rest back when they end. No I/O."""

from collections.abc import Callable

from connectors.embedded.exchange.matching import Execution
from connectors.embedded.exchange.orders import UNIT, Order, Side, Status
from connectors.embedded.exchange.spot.accounts import Bank
from connectors.embedded.exchange.spot.records import Fill, SymbolState

Sharing = Callable[[Order], tuple[Order, ...]]


class Till:
    """Holds and payments of all orders. `sharing` names the orders that one hold pays for, as the two of an OCO."""

    def __init__(self, bank: Bank, sharing: Sharing) -> None:
        """Move money in `bank`."""
        self._bank = bank
        self._sharing = sharing

    def rehold(self, state: SymbolState, order: Order) -> None:
        """Hold exactly what an order, or the orders that share its hold, may still cost."""
        sharing = self._sharing(order)
        self._bank.hold(sharing[0].order_id, order.account, _paid_in(state, order), max(map(_need, sharing)))

    def set_reserve(self, state: SymbolState, order: Order) -> None:
        """Say at what price a waiting buy without a limit is paid for in advance: its stop, or the last price."""
        if order.side is Side.BUY and not order.price and order.type.is_contingent:
            order.reserve_price = order.stop_price or state.last_price

    def covers(self, state: SymbolState, order: Order) -> bool:
        """Return whether the account can pay for the order: free money and what is held for it already."""
        held = self._bank.holds.get(self._sharing(order)[0].order_id) if order.order_id else None
        free = self._bank.free(order.account, _paid_in(state, order))
        return _cost(state, order) <= free + (held.amount if held is not None else 0)

    def settle(
        self, state: SymbolState, order: Order, trade: Execution, trade_id: int, now_ms: int, *, maker: bool
    ) -> Fill:
        """Exchange the assets of one side of a trade, take the commission, and note the fill."""
        base, quote = (state.rules.base, trade.quantity), (state.rules.quote, trade.quote)
        paid, received = (quote, base) if order.side is Side.BUY else (base, quote)
        self._bank.pay_from_hold(self._sharing(order)[0].order_id, order.account, *paid)
        self._bank.receive(order.account, *received)
        asset, fee = self._bank.charge(order.account, maker=maker, received=received, quote=quote)
        fill = Fill(
            trade_id=trade_id,
            symbol=order.symbol,
            order_id=order.order_id,
            list_id=order.list_id,
            account=order.account,
            price=trade.price,
            quantity=trade.quantity,
            quote=trade.quote,
            commission=fee,
            commission_asset=asset,
            time_ms=now_ms,
            is_buyer=order.side is Side.BUY,
            is_maker=maker,
        )
        state.fills.setdefault(order.account, []).append(fill)
        state.order_fills.setdefault(order.order_id, []).append(fill)
        return fill


def _paid_in(state: SymbolState, order: Order) -> str:
    return state.rules.quote if order.side is Side.BUY else state.rules.base


def _cost(state: SymbolState, order: Order) -> int:
    """Return what an order costs if it works now: exactly for one at any price, at its limit otherwise."""
    if order.side is Side.SELL:
        return order.remaining if order.quantity else state.book.preview(order)[0]
    if order.price or order.waits_for_trigger:
        return (order.price or order.reserve_price) * order.remaining // UNIT
    return max(state.book.preview(order)[1], order.quote_quantity)


def _need(order: Order) -> int:
    if not order.is_open or order.status is Status.PENDING_NEW:
        return 0
    if order.side is Side.SELL:
        return max(0, order.remaining)
    return (order.price or order.reserve_price) * max(0, order.remaining) // UNIT
