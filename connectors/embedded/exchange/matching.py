"""The matching of one symbol: price-time priority among accounts' orders and the market that playback shows. No I/O.

The market is a counterparty without orders: displayed levels, and trades on the tape. Its liquidity and the accounts'
meet by these rules:

- What was displayed at a price before an order arrived there is ahead of it. Trades at the price use that up first; a
  level that shrinks without a trade shrinks behind the order as long as it can.
- What an account takes from a displayed level is gone until the level is shown with another quantity.
- A trade on the tape fills resting orders that it would have met: better prices first, then the queue at its price,
  never more than was traded. A displayed level that crosses a resting order fills it, never more than is displayed.

Deterministic: the same calls give the same executions. Resting, cancelling and each execution cost O(log levels).
"""

import heapq
from collections.abc import Iterable, Iterator

import msgspec

from connectors.embedded.exchange.levels import Half, Queue
from connectors.embedded.exchange.orders import UNIT, Order, OrderType, SelfTrade, Side, Status, TimeInForce

Levels = Iterable[tuple[int, int]]  # price, quantity

_NO_LIMIT = -(1 << 62)


class Execution(msgspec.Struct, frozen=True):
    """One trade. `maker` or `taker` is None where the market is that party; totals are those after this trade."""

    price: int
    quantity: int
    quote: int
    maker: Order | None
    taker: Order | None
    maker_executed: int = 0
    maker_quote: int = 0
    taker_executed: int = 0
    taker_quote: int = 0
    buyer_is_maker: bool = False


class Prevention(msgspec.Struct, frozen=True):
    """A trade with oneself that did not happen, and what each order lost for it."""

    price: int
    maker: Order
    taker: Order
    mode: SelfTrade
    maker_prevented: int
    taker_prevented: int


Event = Execution | Prevention


class Book:
    """One symbol's orders and displayed levels. `lot` is the step of quantities that a quote amount is cut to."""

    def __init__(self, lot: int = 1) -> None:
        """Start empty."""
        self.lot = lot
        self._halves = {Side.BUY: Half(1), Side.SELL: Half(-1)}

    # ------------------------------------------------------------------------------------------------ what there is

    def best(self, side: Side) -> int | None:
        """Return the best price of a side, the accounts' or the market's; None where there is none."""
        key = self._halves[side].best()
        return None if key is None else abs(key)

    def resting(self, side: Side) -> Iterator[Order]:
        """Yield the accounts' orders of a side, best first, in the order in which they trade."""
        half = self._halves[side]
        for key in reversed(half.keys):
            yield from (order for order in half.queues[key].orders if order.resting)

    def displayed(self, side: Side) -> list[tuple[int, int]]:
        """Return what is left of the market's levels of a side, best first."""
        half = self._halves[side]
        return [(abs(key), half.left[key]) for key in reversed(half.shown_keys)]

    def crosses(self, side: Side, price: int) -> bool:
        """Return whether an order would trade at once: what post-only orders must not do."""
        half = self._halves[side.other]
        best = half.best()
        return best is not None and best >= price * half.sign

    def preview(self, order: Order) -> tuple[int, int]:
        """Return the quantity and quote amount that the order would trade now; nothing changes.

        With self-trade prevention one's own orders are no liquidity, and those that expire the taker end it.
        """
        half = self._halves[order.side.other]
        limit = order.price * half.sign if order.price else _NO_LIMIT
        quantity = quote = 0
        last = None
        for key in heapq.merge(reversed(half.keys), reversed(half.shown_keys), reverse=True):
            if key < limit:
                break
            if key == last:
                continue
            last = key
            price = abs(key)
            available, ends = self._available(half, key, order)
            traded = min(available, _wanted(order, price, self.lot, quantity, quote))
            quantity += traded
            quote += price * traded // UNIT
            if ends or traded < available or (not order.quantity and quote >= order.quote_quantity):
                break
        return quantity, quote

    def _available(self, half: Half, key: int, taker: Order) -> tuple[int, bool]:
        available = half.left.get(key, 0)
        queue = half.queues.get(key)
        for maker in queue.orders if queue is not None else ():
            if not maker.resting:
                continue
            if taker.stp is not SelfTrade.NONE and _same_owner(maker, taker):
                if taker.stp in (SelfTrade.EXPIRE_TAKER, SelfTrade.EXPIRE_BOTH):
                    return available, True
                continue
            available += maker.remaining
        return available, False

    # ------------------------------------------------------------------------------------------------- what accounts do

    def submit(self, taker: Order) -> list[Event]:
        """Trade an order as far as it goes, rest what is left if it may, and set its status.

        A price of 0 means no limit. Post-only is the caller's to check, with `crosses`.
        """
        events: list[Event] = []
        half = self._halves[taker.side.other]
        if taker.tif is TimeInForce.FOK and self.preview(taker)[0] < taker.quantity:
            taker.status = Status.EXPIRED
            return events
        limit = taker.price * half.sign if taker.price else _NO_LIMIT
        while True:
            if half.keys:
                key = half.keys[-1]
                if half.shown_keys and half.shown_keys[-1] > key:
                    key = half.shown_keys[-1]
            elif half.shown_keys:
                key = half.shown_keys[-1]
            else:
                break
            if key < limit or not self._take(half, key, taker, events):
                break
        if not taker.quantity:
            taker.quantity = taker.executed + taker.prevented  # how the venue reports orders by quote amount
        if taker.quantity == taker.executed + taker.prevented:
            taker.status = Status.EXPIRED_IN_MATCH if taker.prevented else Status.FILLED
            if not taker.quantity:
                taker.status = Status.EXPIRED
        elif taker.price == 0 or taker.tif in _IMMEDIATE or taker.type is OrderType.MARKET:
            taker.status = Status.EXPIRED
        else:
            taker.status = Status.PARTIALLY_FILLED if taker.executed else Status.NEW
            self._halves[taker.side].rest(taker)
        return events

    def cancel(self, order: Order) -> None:
        """Take a resting order off the book; its status is the caller's to set."""
        self._halves[order.side].take_off(order)

    def amend(self, order: Order, quantity: int) -> None:
        """Give a resting order a smaller quantity, more than it has executed; it keeps its place."""
        order.quantity = quantity
        if order.resting:
            order.visible = min(order.visible, order.remaining)

    def _take(self, half: Half, key: int, taker: Order, events: list[Event]) -> bool:
        """Let the taker trade at one price; returns whether it may go on to the next."""
        price = abs(key)
        want = _wanted(taker, price, self.lot, taker.executed, taker.quote)
        if want <= 0:
            return False
        before = len(events)
        taken = 0  # from the displayed quantity
        queue = half.queues.get(key)
        while queue is not None and queue.live and want > 0:
            maker = queue.orders[0]
            if not maker.resting:
                queue.orders.popleft()
                continue
            if maker.ahead > taken:
                part = min(want, maker.ahead - taken, half.left.get(key, 0) - taken)
                if part > 0:
                    _trade_market(taker, price, part, events)
                    taken += part
                    want -= part
                    continue
            if taker.stp is not SelfTrade.NONE and _same_owner(maker, taker):
                if not self._prevent(half, maker, taker, price, events):
                    want = 0
                    break
                want = _wanted(taker, price, self.lot, taker.executed, taker.quote)
                continue
            part = min(want, maker.visible)
            want -= part
            events.append(_trade(maker, taker, price, part))
            self._after_hit(half, queue, maker)
        if want > 0:
            part = min(want, half.left.get(key, 0) - taken)
            if part > 0:
                _trade_market(taker, price, part, events)
                taken += part
                want -= part
        if taken:
            self._taken_from_shown(half, key, taken)
        return len(events) > before

    def _after_hit(self, half: Half, queue: Queue, maker: Order) -> None:
        """Give an order that was hit its status, and its place: the end of the queue once what it showed is gone."""
        remaining = maker.remaining
        if remaining == 0:
            maker.status = Status.EXPIRED_IN_MATCH if maker.prevented else Status.FILLED
            half.take_off(maker)
            return
        maker.status = Status.PARTIALLY_FILLED if maker.executed else maker.status
        if maker.visible == 0:
            maker.visible = min(maker.iceberg, remaining)
            maker.ahead = half.left.get(maker.price * half.sign, 0)  # behind all that is displayed now
            queue.orders.popleft()
            queue.orders.append(maker)

    def _taken_from_shown(self, half: Half, key: int, taken: int) -> None:
        half.take_shown(key, taken)
        queue = half.queues.get(key)
        if queue is not None:
            for order in queue.orders:
                order.ahead = max(0, order.ahead - taken)

    def _prevent(self, half: Half, maker: Order, taker: Order, price: int, events: list[Event]) -> bool:
        """Do what the taker's mode says in the place of a trade; returns whether the taker goes on.

        "STP behavior is typically determined by the STP mode of the taker order only."
        """
        maker_left = maker.remaining
        taker_left = _wanted(taker, price, self.lot, taker.executed, taker.quote)
        mode = taker.stp
        if mode is SelfTrade.DECREMENT:
            maker_left = taker_left = min(maker_left, taker_left)
        lost_maker = 0 if mode is SelfTrade.EXPIRE_TAKER else maker_left
        lost_taker = 0 if mode is SelfTrade.EXPIRE_MAKER else taker_left
        maker.prevented += lost_maker
        taker.prevented += lost_taker
        if not taker.quantity:
            taker.quote_quantity -= price * lost_taker // UNIT
        events.append(Prevention(price, maker, taker, mode, lost_maker, lost_taker))
        if maker.remaining == 0:
            maker.status = Status.EXPIRED_IN_MATCH
            half.take_off(maker)
        elif maker.visible > maker.remaining:
            maker.visible = maker.remaining
        return _wanted(taker, price, self.lot, taker.executed, taker.quote) > 0

    # ------------------------------------------------------------------------------------------- what the market does

    def show(self, bids: Levels, asks: Levels) -> list[Execution]:
        """Display levels with their absolute quantities (0 removes one); fill resting orders that they cross."""
        changed = False
        for half, levels in ((self._halves[Side.BUY], bids), (self._halves[Side.SELL], asks)):
            for price, quantity in levels:
                changed |= half.show(price, quantity)
        return self._cross() if changed else []

    def reset(self, bids: Levels, asks: Levels) -> list[Execution]:
        """Display these levels and no others; a level shown as before keeps what is left of it."""
        for half, levels in ((self._halves[Side.BUY], dict(bids)), (self._halves[Side.SELL], dict(asks))):
            for key in list(half.shown):
                if abs(key) not in levels:
                    half.show(abs(key), 0)
            for price, quantity in levels.items():
                half.show(price, quantity)
        return self._cross()

    def trade(self, price: int, quantity: int, *, buyer_is_maker: bool) -> list[Execution]:
        """Take a trade of the market's: fill the resting orders that it would have met first."""
        half = self._halves[Side.BUY if buyer_is_maker else Side.SELL]
        at = price * half.sign
        executions: list[Execution] = []
        while quantity > 0 and half.keys and half.keys[-1] > at:
            quantity -= self._fill_first(half, half.keys[-1], quantity, executions)
        gone = 0  # of the quantity displayed at the price
        while quantity > 0 and half.keys and half.keys[-1] == at:
            queue = half.queues[at]
            first = queue.orders[0]
            if not first.resting:
                queue.orders.popleft()
                continue
            part = min(quantity, max(0, first.ahead - gone))
            gone += part
            quantity -= part
            if quantity > 0:
                quantity -= self._fill_first(half, at, quantity, executions)
        gone += quantity
        if gone:
            self._taken_from_shown(half, at, gone)
        return executions

    def _cross(self) -> list[Execution]:
        """Fill resting orders from displayed levels that have reached their price."""
        executions: list[Execution] = []
        for side in (Side.BUY, Side.SELL):
            half, shown = self._halves[side], self._halves[side.other]
            while half.keys and shown.shown_keys and half.keys[-1] >= -shown.shown_keys[-1]:
                key = shown.shown_keys[-1]
                left = shown.left[key]
                filled = self._fill_first(half, half.keys[-1], left, executions)
                if filled:
                    self._taken_from_shown(shown, key, filled)
        return executions

    def _fill_first(self, half: Half, key: int, most: int, executions: list[Execution]) -> int:
        """Let the market trade with the first order at a price; returns how much."""
        queue = half.queues[key]
        maker = queue.orders[0]
        if not maker.resting:
            queue.orders.popleft()
            return 0
        part = min(most, maker.visible)
        price = maker.price
        quote = price * part // UNIT
        maker.executed += part
        maker.quote += quote
        maker.visible -= part
        executions.append(
            Execution(price, part, quote, maker, None, maker.executed, maker.quote, 0, 0, buyer_is_maker=half.sign == 1)
        )
        self._after_hit(half, queue, maker)
        return part


_IMMEDIATE = frozenset({TimeInForce.IOC, TimeInForce.FOK})


def _same_owner(maker: Order, taker: Order) -> bool:
    return maker.account == taker.account or (maker.trade_group != -1 and maker.trade_group == taker.trade_group)


def _wanted(order: Order, price: int, lot: int, executed: int, quote: int) -> int:
    """Return how much an order still wants at a price; one by quote amount wants what the rest of it buys in lots."""
    if order.quantity:
        return order.quantity - executed - order.prevented
    return (order.quote_quantity - quote) * UNIT // price // lot * lot


def _trade(maker: Order, taker: Order, price: int, quantity: int) -> Execution:
    quote = price * quantity // UNIT
    maker.executed += quantity
    maker.quote += quote
    maker.visible -= quantity
    taker.executed += quantity
    taker.quote += quote
    return Execution(
        price,
        quantity,
        quote,
        maker,
        taker,
        maker.executed,
        maker.quote,
        taker.executed,
        taker.quote,
        maker.side is Side.BUY,
    )


def _trade_market(taker: Order, price: int, quantity: int, events: list[Event]) -> None:
    quote = price * quantity // UNIT
    taker.executed += quantity
    taker.quote += quote
    events.append(
        Execution(
            price,
            quantity,
            quote,
            None,
            taker,
            0,
            0,
            taker.executed,
            taker.quote,
            taker.side is Side.SELL,
        )
    )
