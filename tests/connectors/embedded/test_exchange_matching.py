"""The matching against a naive book of explicit queues, and the rules that hold for every sequence of calls."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.embedded.exchange.matching import Book, Event, Execution, Prevention
from connectors.embedded.exchange.orders import UNIT, Order, OrderType, SelfTrade, Side, Status, TimeInForce

BUY, SELL = Side.BUY, Side.SELL


def limit(number: int, side: Side, price: int, quantity: int, account: str = "a", **more: Any) -> Order:
    kind = OrderType.LIMIT if price else OrderType.MARKET
    return Order(
        order_id=number,
        account=account,
        symbol="X",
        side=side,
        type=kind,
        price=price * UNIT,
        quantity=quantity * UNIT,
        **more,
    )


def told(events: list[Event] | list[Execution]) -> list[tuple[Any, ...]]:
    rows = [
        (
            event.maker.order_id if event.maker else None,
            event.taker.order_id if event.taker else None,
            event.price // UNIT,
            event.quantity // UNIT,
        )
        for event in events
        if isinstance(event, Execution)
    ]
    return merged(rows)


def merged(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Neighbours between the same parties at the same price as one."""
    found: list[tuple[Any, ...]] = []
    for row in rows:
        same = bool(found) and found[-1][:3] == row[:3]
        found.append((*row[:3], found.pop()[3] + row[3]) if same else row)
    return found


class NaiveBook:
    """Each price is a list of segments, first come first: orders, and parts of the displayed quantity."""

    def __init__(self) -> None:
        self.sides: dict[Side, dict[int, list[list[Any]]]] = {BUY: {}, SELL: {}}
        self.shown: dict[tuple[Side, int], int] = {}

    def _prices(self, side: Side) -> list[int]:
        prices = [price for price, queue in self.sides[side].items() if any(left for _, left, *_ in queue)]
        return sorted(prices, reverse=side is BUY)

    def _own(self, side: Side) -> list[int]:
        return [p for p in self._prices(side) if any(who is not None and left for who, left, *_ in self.sides[side][p])]

    def submit(self, number: int, side: Side, price: int, quantity: int, iceberg: int) -> list[tuple[Any, ...]]:
        trades: list[tuple[Any, ...]] = []
        for at in self._prices(side.other):
            if quantity == 0 or (price and (at > price if side is BUY else at < price)):
                break
            quantity = self._hit(side.other, at, quantity, number, trades)
        if quantity and price:
            visible = min(iceberg, quantity) if iceberg else quantity
            self.sides[side].setdefault(price, []).append([number, visible, quantity - visible, iceberg])
        return trades

    def _hit(self, side: Side, at: int, quantity: int, taker: int | None, trades: list[tuple[Any, ...]]) -> int:
        queue = self.sides[side][at]
        while quantity and queue:
            segment = queue[0]
            part = min(quantity, segment[1])
            segment[1] -= part
            quantity -= part
            if part and not (taker is None and segment[0] is None):
                trades.append((segment[0], taker, at, part))
            if segment[1] == 0:
                queue.pop(0)
                if segment[0] is not None and segment[2]:
                    visible = min(segment[3], segment[2])
                    queue.append([segment[0], visible, segment[2] - visible, segment[3]])
        return quantity

    def cancel(self, number: int) -> None:
        for side in self.sides.values():
            for queue in side.values():
                queue[:] = [segment for segment in queue if segment[0] != number]

    def show(self, side: Side, price: int, quantity: int) -> list[tuple[Any, ...]]:
        if self.shown.get((side, price), 0) == quantity:
            return []
        self.shown[side, price] = quantity
        queue = self.sides[side].setdefault(price, [])
        left = sum(segment[1] for segment in queue if segment[0] is None)
        if quantity > left:
            queue.append([None, quantity - left])
        while left > quantity:
            last = next(segment for segment in reversed(queue) if segment[0] is None and segment[1])
            part = min(last[1], left - quantity)
            last[1] -= part
            left -= part
        trades: list[tuple[Any, ...]] = []
        own = side.other
        while prices := self._own(own):
            market = [p for p in self._prices(side) if any(who is None and n for who, n, *_ in self.sides[side][p])]
            if not market or (market[0] > prices[0] if own is BUY else market[0] < prices[0]):
                break
            segment = next(s for s in self.sides[side][market[0]] if s[0] is None and s[1])
            self.sides[own][prices[0]].sort(key=lambda s: s[0] is None)  # the queue's market part has just moved away
            before = segment[1]
            segment[1] = self._hit_own(own, prices[0], before, trades)
        return trades

    def _hit_own(self, side: Side, at: int, quantity: int, trades: list[tuple[Any, ...]]) -> int:
        """Trade with the accounts' orders only."""
        queue = self.sides[side][at]
        segment = next(s for s in queue if s[0] is not None)
        part: int = min(quantity, segment[1])
        segment[1] -= part
        trades.append((segment[0], None, at, part))
        if segment[1] == 0:
            queue.remove(segment)
            if segment[2]:
                visible = min(segment[3], segment[2])
                queue.append([segment[0], visible, segment[2] - visible, segment[3]])
        return quantity - part

    def trade(self, side: Side, price: int, quantity: int) -> list[tuple[Any, ...]]:
        """A trade of the market's with the resting `side`."""
        trades: list[tuple[Any, ...]] = []
        for at in self._own(side):
            if at == price or (at < price if side is BUY else at > price):
                break
            while quantity and any(s[0] is not None for s in self.sides[side][at]):
                quantity = self._hit_own(side, at, quantity, trades)
        if price in self.sides[side]:
            self._hit(side, price, quantity, None, trades)
        return trades


PRICES = st.integers(1, 4)
SIZES = st.integers(1, 9)
OWN = st.tuples(st.just("order"), st.sampled_from(Side), PRICES | st.just(0), SIZES, st.sampled_from([0, 0, 0, 2]))
CANCEL = st.tuples(st.just("cancel"), st.integers(0, 30))
SHOW = st.tuples(st.just("show"), st.sampled_from(Side), PRICES, st.integers(0, 9))
TRADE = st.tuples(st.just("trade"), st.sampled_from(Side), PRICES, SIZES)


@settings(max_examples=70)
@given(st.lists(st.one_of(OWN, OWN, CANCEL), min_size=15, max_size=40))
def test_accounts_trade_in_price_time_priority_as_in_a_naive_book(steps: list[Any]) -> None:
    play(steps)


@settings(max_examples=70)
@given(st.lists(st.one_of(OWN, OWN, CANCEL, SHOW, SHOW, TRADE), min_size=15, max_size=40))
def test_accounts_and_the_displayed_market_trade_as_in_a_naive_book(steps: list[Any]) -> None:
    # The naive book keeps no crossed market: levels are shown where they do not cross what is displayed.
    play(steps)


def play(steps: list[Any]) -> None:
    book, naive = Book(), NaiveBook()
    orders: list[Order] = []
    for step in steps:
        match step:
            case ("order", side, price, quantity, iceberg):
                order = limit(len(orders), side, price, quantity, f"a{len(orders)}", iceberg=iceberg * UNIT)
                orders.append(order)
                assert told(book.submit(order)) == merged(naive.submit(order.order_id, side, price, quantity, iceberg))
            case ("cancel", number):
                if number < len(orders) and orders[number].resting:
                    book.cancel(orders[number])
                    orders[number].status = Status.CANCELED
                    naive.cancel(number)
            case ("show", side, price, quantity):
                shown = book.displayed(side.other)
                if shown and quantity and (price * UNIT >= shown[0][0] if side is BUY else price * UNIT <= shown[0][0]):
                    continue
                level = [(price * UNIT, quantity * UNIT)]
                events = book.show(level, []) if side is BUY else book.show([], level)
                assert told(events) == merged(naive.show(side, price, quantity))
            case ("trade", side, price, quantity):
                events = book.trade(price * UNIT, quantity * UNIT, buyer_is_maker=side is BUY)
                assert told(events) == merged(naive.trade(side, price, quantity))
                assert sum(event.quantity for event in events) <= quantity * UNIT
        for order in orders:
            assert 0 <= order.executed <= order.quantity
            assert order.resting == (order.status.is_open)
            assert not order.resting or 0 < order.visible <= order.remaining


@given(
    st.lists(
        st.tuples(st.sampled_from(Side), PRICES, SIZES, st.sampled_from("ab"), st.sampled_from(SelfTrade)), max_size=30
    )
)
def test_nobody_trades_with_himself_unless_he_asks_for_it(rows: list[Any]) -> None:
    book = Book()
    for number, (side, price, quantity, account, mode) in enumerate(rows):
        taker = limit(number, side, price, quantity, account, stp=mode)
        for event in book.submit(taker):
            if isinstance(event, Execution):
                assert event.maker is not None
                assert event.maker.account != account or mode is SelfTrade.NONE
            else:
                assert isinstance(event, Prevention)
                assert event.maker.account == account
                assert event.mode is mode is not SelfTrade.NONE
        assert taker.executed + taker.prevented <= taker.quantity
        assert taker.resting == taker.is_open
    bid, ask = book.best(BUY), book.best(SELL)
    assert bid is None or ask is None or bid < ask


def test_each_prevention_mode_expires_what_the_documents_say() -> None:
    outcomes = {}
    for mode in SelfTrade:
        book = Book()
        maker, taker = limit(1, SELL, 5, 3), limit(2, BUY, 5, 2, stp=mode)
        book.submit(maker)
        book.submit(taker)
        outcomes[mode] = (maker.status, maker.prevented // UNIT, taker.status, taker.prevented // UNIT)
    gone, new = Status.EXPIRED_IN_MATCH, Status.NEW
    assert outcomes == {
        SelfTrade.NONE: (Status.PARTIALLY_FILLED, 0, Status.FILLED, 0),
        SelfTrade.EXPIRE_TAKER: (new, 0, gone, 2),
        SelfTrade.EXPIRE_MAKER: (gone, 3, new, 0),
        SelfTrade.EXPIRE_BOTH: (gone, 3, gone, 2),
        SelfTrade.DECREMENT: (new, 2, gone, 2),
    }


def test_what_is_taken_from_a_displayed_level_is_gone_until_the_level_changes() -> None:
    book = Book()
    book.show([], [(10 * UNIT, 5 * UNIT)])
    assert told(book.submit(limit(1, BUY, 0, 4))) == [(None, 1, 10, 4)]
    book.show([], [(10 * UNIT, 5 * UNIT)])
    assert told(book.submit(limit(2, BUY, 0, 4))) == [(None, 2, 10, 1)]
    book.show([], [(10 * UNIT, 6 * UNIT)])
    assert told(book.submit(limit(3, BUY, 0, 4))) == [(None, 3, 10, 4)]


def test_fill_or_kill_fills_or_does_nothing_and_a_quote_amount_buys_whole_lots() -> None:
    book = Book(lot=UNIT)
    book.show([], [(10 * UNIT, 5 * UNIT), (11 * UNIT, 5 * UNIT)])
    killed = limit(1, BUY, 10, 6, tif=TimeInForce.FOK)
    assert (book.submit(killed), killed.status) == ([], Status.EXPIRED)
    spend = limit(2, BUY, 0, 0, quote_quantity=75 * UNIT)
    assert told(book.submit(spend)) == [(None, 2, 10, 5), (None, 2, 11, 2)]
    assert (spend.status, spend.quantity, spend.quote) == (Status.FILLED, 7 * UNIT, 72 * UNIT)


def test_what_was_displayed_before_an_order_is_ahead_of_it() -> None:
    book = Book()
    book.show([(10 * UNIT, 5 * UNIT)], [])
    order = limit(1, BUY, 10, 3)
    book.submit(order)
    book.show([(10 * UNIT, 9 * UNIT)], [])  # 4 more, behind the order
    assert told(book.trade(10 * UNIT, 4 * UNIT, buyer_is_maker=True)) == []
    assert told(book.trade(10 * UNIT, 2 * UNIT, buyer_is_maker=True)) == [(1, None, 10, 1)]
    assert told(book.trade(9 * UNIT, 9 * UNIT, buyer_is_maker=True)) == [(1, None, 10, 2)]
    assert order.status is Status.FILLED
