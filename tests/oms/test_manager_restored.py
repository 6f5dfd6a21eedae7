"""A manager restored from numbers is the manager that lived: the same state, digest, and answers to what comes next."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events import OrderReport, ReportType
from core.orders import Side
from engine.digest import state_digest
from oms.errors import AlreadyUsed, UndefinedInstrument
from oms.manager import OrderManager
from oms.moves import Totals
from oms.order import Order, OrderNumbers
from oms.positions import Position
from tests.oms.making import BTC, ETH, PERPETUAL, SPOT, Desk, approved, intent

NAMES = tuple(f"o{number}" for number in range(5))
reports = st.builds(
    OrderReport,
    type=st.sampled_from(ReportType),
    client_order_id=st.sampled_from(NAMES),
    venue_order_id=st.sampled_from(["", "v"]),
    exec_id=st.sampled_from(["e1", "e2", "e3", "e4"]),
    quantity=st.integers(1, 60),
    price=st.integers(1, 10**7),
    fee=st.sampled_from(["0", "600000000000000", "-7"]),
    fee_currency=st.sampled_from(["", "USDT", "BTC", "BNB"]),
)
# Orders end, and are denied and then live after all, often enough for the bounds to be reached.
endings = st.builds(
    OrderReport,
    type=st.sampled_from([ReportType.CANCELLED, ReportType.REJECTED, ReportType.NEVER_ARRIVED]),
    client_order_id=st.sampled_from(NAMES),
)
returns = st.builds(OrderReport, type=st.just(ReportType.ACCEPTED), client_order_id=st.sampled_from(NAMES))
histories = st.one_of(
    st.lists(reports | endings | returns | st.sampled_from(NAMES), max_size=40),
    st.lists(reports | endings | returns | st.sampled_from(NAMES), min_size=20, max_size=40),
    st.lists(endings | returns, min_size=10, max_size=30),
)
bounds = st.tuples(st.sampled_from([0, 1, 2, 3, 100]), st.sampled_from([0, 1, 2, 100]))


def index_of(name):
    return BTC if int(name[1:]) % 3 else ETH


def submit_all(manager):
    """Submit five orders of three strategies; return them, to be looked at even when the manager has dropped them."""
    orders = []
    for number, name in enumerate(NAMES):
        side = Side.BUY if number % 2 else Side.SELL
        wish = intent(name, instrument=index_of(name), side=side, strategy_id=f"s{number % 3}")
        manager.submit(approved(wish), 1_000 + number, [])
        orders.append(manager.order(name))
    return orders


def play(manager, history, now_ns):
    """Hand reports to the manager, and cancels of the orders that it still knows; return the effects."""
    effects: list[object] = []
    for item in history:
        now_ns += 1
        if isinstance(item, OrderReport):
            manager.report(item, index_of(item.client_order_id), now_ns, effects)
        elif (order := manager.order(item)) is not None:
            manager.cancel_sent(order, now_ns, effects)  # all that it reads of a command is the client order id
    return effects


def rebuilt(order):
    """An order made anew from its intent, its numbers and its texts."""
    again = Order(order.intent, order.number, order.submitted_ns)
    for field in dataclasses.fields(OrderNumbers):
        setattr(again, field.name, getattr(order, field.name))
    again.fees, again.exec_ids = dict(order.fees), dict(order.exec_ids)
    again.venue_order_id = order.venue_order_id
    return again


def position_copied(position):
    again = Position(position.instrument, position.factor)
    again.take(position)
    return again


def restored(manager, orders, keep, closed_at_least=None):
    """A manager made of what is left of another: `orders` are all of its session."""
    again = OrderManager(manager.balances(), *keep)
    again.define(BTC, SPOT)
    again.define(ETH, PERPETUAL)
    closed = sorted((order for order in orders if not order.is_open), key=lambda order: order.closing)
    drop = len(closed) - len(manager.closed_orders())
    if closed_at_least is not None:
        skipped = max(len(closed) - closed_at_least, 0)
        closed, drop = closed[skipped:], max(drop - skipped, 0)
    again.restore(
        [rebuilt(order) for order in manager.open_orders()],
        (rebuilt(order) for order in closed),
        manager.totals,
        [position_copied(manager.position(index)) for index in (BTC, ETH)],
        [
            (name, position_copied(manager.strategy_position(name, index)))
            for name in ("s0", "s1", "s2")
            for index in (BTC, ETH)
        ],
        drop,
    )
    return again


def new_manager(keep):
    manager = OrderManager({"USDT": 10**24}, *keep)
    manager.define(BTC, SPOT)
    manager.define(ETH, PERPETUAL)
    return manager


@given(bounds, histories, histories)
def test_a_restored_manager_has_the_state_and_the_future_of_the_one_that_lived(keep, past, future):
    lived = new_manager(keep)
    orders = submit_all(lived)
    play(lived, past, 10_000)
    again = restored(lived, orders, keep)
    assert again.state() == lived.state()
    assert state_digest(again.state()) == state_digest(lived.state())
    assert again.counts_by_state() == lived.counts_by_state()
    assert again.open_count == lived.open_count
    for index in (BTC, ETH):
        one, other = again.exposure(index), lived.exposure(index)
        assert one.open_orders == other.open_orders
        assert one.open_buy_quantity == other.open_buy_quantity
        assert one.open_sell_quantity == other.open_sell_quantity
    assert play(again, future, 20_000) == play(lived, future, 20_000)
    assert again.state() == lived.state()


@given(bounds, histories)
def test_closed_orders_beyond_both_bounds_may_be_left_out(keep, past):
    lived = new_manager(keep)
    orders = submit_all(lived)
    play(lived, past, 10_000)
    again = restored(lived, orders, keep, closed_at_least=sum(keep))
    assert again.state() == lived.state()


def test_asking_for_the_state_often_or_once_gives_the_same_state():
    """Closed orders are hashed when the state is asked for; `oms.table` hashes the oldest ones on its own."""
    one, other = Desk(keep_closed=3_000), Desk(keep_closed=3_000)
    for desk in (one, other):
        for number in range(1_200):
            desk.submit(f"n{number}")
            desk.report(ReportType.REJECTED, f"n{number}")
            if desk is one and number % 100 == 0:
                desk.manager.state()
        desk.report(ReportType.ACCEPTED, "n3")
    assert one.manager.state() == other.manager.state()


def test_a_history_is_restored_into_a_new_manager_only():
    desk = Desk()
    desk.submit()
    with pytest.raises(AlreadyUsed, match="restore into a new OrderManager"):
        desk.manager.restore([], [], Totals(), [], [])


def test_an_order_of_an_undefined_instrument_is_not_restored():
    desk = Desk()
    with pytest.raises(UndefinedInstrument):
        desk.manager.restore([Order(intent(instrument=9), 0, 0)], [], Totals(), [], [])
