"""What is cleared without being weighed: just as much as there is room for, and no twin; and who is counted ahead."""

from types import SimpleNamespace
from typing import Any

import pytest

from core.market import Market
from core.orders import OrderIntent, OrderType, Side
from oms.manager import OrderManager
from risk.controls import clearance
from risk.controls.clearance import Clearance, Rooms
from risk.controls.scope import PPM
from tests.risk.room import INSTRUMENT

TOUCH = (99, 10, 100, 10, 0)


def passes(side: Side, *, quantity: int = 5, valued_at: int = 100, now_ns: int = 9, age_ns: int = -1) -> bool:
    """Ask for a limit order at 100 with room for 5 either way, valued at no more than 100, until 9 ns, half a book."""
    clear: Any = object.__new__(Clearance)
    twins = SimpleNamespace(is_lately=lambda _now_ns: True, age_of_twin=lambda _intent, _now_ns: age_ns)
    clear._top_price, clear._until_ns, clear._buys, clear._sells = 100, 9, 5, 5
    clear._bids, clear._asks, clear._types, clear._twins, clear._depth = 0, 0, None, (twins,), PPM // 2
    intent = OrderIntent(
        client_order_id="o",
        strategy_id="s",
        instrument=0,
        side=side,
        type=OrderType.LIMIT,
        quantity=quantity,
        price=100,
    )
    return bool(clear.lets_pass(intent, Market(0, INSTRUMENT), TOUCH, valued_at, now_ns))


@pytest.mark.parametrize("side", Side)
def test_what_there_is_just_room_for_passes(side):
    assert passes(side)
    assert not passes(side, quantity=6)
    assert not passes(side, valued_at=101)
    assert not passes(side, now_ns=10)


@pytest.mark.parametrize(("age_ns", "passing"), [(-1, True), (0, False), (1, False)])
def test_a_twin_of_the_same_instant_is_weighed(age_ns, passing):
    assert passes(Side.BUY, age_ns=age_ns) is passing


def rooms() -> Rooms:
    sums: Any = None
    return Rooms(OrderManager({}), "USDT", sums)


def test_so_many_are_counted_ahead_and_who_came_first_waits(monkeypatch):
    monkeypatch.setattr(clearance, "AHEAD", 2)
    made = rooms()
    for name in ("a", "b", "a", "c"):
        made.expect((name, 0))
    assert list(made._next) == [("a", 0), ("c", 0)]


def test_what_was_left_in_one_instrument_is_forgotten_alone():
    made, left = rooms(), object.__new__(Clearance)
    made.clear = {("a", 0): left, ("a", 1): left, ("b", 0): left}
    made.forget(0)
    assert list(made.clear) == [("a", 1)]
