"""The embedded venue's matching alone: orders of eight accounts that rest, are cancelled, and cross, one symbol."""

import time

from connectors.embedded.exchange.matching import Book
from connectors.embedded.exchange.orders import UNIT, Order, OrderType, SelfTrade, Side
from core.rng import Rng
from tests.bench.figures import Figure, median_of

ORDERS = 200_000
_MIDDLE = 100_000


def measure(runs: int, scale: float) -> list[Figure]:
    """Return orders and cancels per second."""
    count = int(ORDERS * scale)
    detail = "a third cancels, a fifth cross"
    return [
        Figure("matching_orders_per_s", detail, median_of(lambda: _run(count), runs), "orders/s", 100_000, higher=True)
    ]


def _run(count: int) -> float:
    rng = Rng(1)
    plan = [(rng.below(3), rng.below(2), rng.below(40), 1 + rng.below(5)) for _ in range(count)]
    book = Book()
    live: list[Order] = []
    started = time.perf_counter()
    for number, (kind, buying, distance, lots) in enumerate(plan):
        if kind == 0 and live:
            order = live.pop()
            if order.resting:
                book.cancel(order)
            continue
        order = Order(
            order_id=number,
            account=f"a{number & 7}",
            symbol="X",
            side=Side.BUY if buying else Side.SELL,
            type=OrderType.LIMIT,
            quantity=lots * UNIT,
            price=_MIDDLE + (10 - distance if buying else distance - 10),
            stp=SelfTrade.EXPIRE_MAKER,
        )
        book.submit(order)
        if order.resting:
            live.append(order)
    return count / (time.perf_counter() - started)
