"""Bounds: closed orders are dropped in time, their executions remembered a while longer, and the state follows."""

import msgspec

from core.events import ReportType
from core.orders import OrderState
from tests.oms.making import BTC, Desk


def closed(desk, count, fill=True):
    for number in range(count):
        name = f"n{number}"
        desk.submit(name, quantity=10)
        if fill:
            desk.fill(f"e{number}", 10, 60_000_00, name)
        else:
            desk.report(ReportType.CANCELLED, name)


def test_only_the_most_recently_closed_orders_are_kept():
    desk = Desk(keep_closed=3)
    closed(desk, 5)
    assert [order.client_order_id for order in desk.manager.closed_orders()] == ["n2", "n3", "n4"]
    assert desk.manager.order("n1") is None
    assert desk.manager.counts_by_state()[OrderState.FILLED] == 5


def test_a_repeated_fill_of_a_dropped_order_is_silent():
    desk = Desk(keep_closed=1)
    closed(desk, 3)
    state = desk.manager.state()
    assert desk.fill("e0", 10, 60_000_00, "n0") is None
    assert desk.report(ReportType.ACCEPTED, "n0") is None
    assert desk.effects == []
    assert desk.manager.state() == state


def test_a_new_fill_of_a_dropped_order_alarms_that_it_is_ours_and_not_booked():
    desk = Desk(keep_closed=1)
    closed(desk, 3)
    quantity = desk.manager.position(BTC).quantity
    assert desk.fill("late", 5, 60_000_00, "n0") is None
    assert desk.alerts() == ["FORGOTTEN_ORDER"]
    assert desk.manager.position(BTC).quantity == quantity


def test_a_dropped_orders_id_stays_taken_until_it_is_forgotten():
    desk = Desk(keep_closed=1, keep_forgotten=1)
    closed(desk, 4)
    assert desk.manager.order("n2") is None
    assert desk.manager.knows("n3")
    assert desk.manager.knows("n2")
    assert not desk.manager.knows("n1")
    desk.fill("e0", 10, 60_000_00, "n0")
    assert desk.alerts() == ["FOREIGN_ORDER"]


def test_open_orders_are_never_dropped():
    desk = Desk(keep_closed=1, keep_forgotten=1)
    desk.submit("old")
    closed(desk, 5)
    assert [order.client_order_id for order in desk.manager.open_orders()] == ["old"]


def test_an_order_reopened_and_ended_again_counts_as_closed_last():
    desk = Desk(keep_closed=2)
    desk.submit("a")
    desk.submit("b")
    desk.report(ReportType.REJECTED, "a")
    desk.report(ReportType.REJECTED, "b")
    desk.report(ReportType.ACCEPTED, "a")
    desk.report(ReportType.CANCELLED, "a")
    assert [order.client_order_id for order in desk.manager.closed_orders()] == ["b", "a"]


def test_the_state_is_plain_and_fits_msgpack():
    desk = Desk(keep_closed=1)
    closed(desk, 3)
    desk.submit("open", quantity=2**62)
    desk.fill("huge", 2**61, 2**62, "open", fee=str(10**30))
    packed = msgspec.msgpack.encode(desk.manager.state())
    assert packed == msgspec.msgpack.encode(desk.manager.state())


def test_the_same_history_gives_the_same_state_and_any_difference_shows():
    def history(price=60_000_00, venue_id="v1", name="n", late="e9", fee="0"):
        desk = Desk(keep_closed=2, keep_forgotten=2)
        closed(desk, 6)
        desk.submit(name, quantity=100)
        desk.report(ReportType.ACCEPTED, name, venue_order_id=venue_id)
        desk.report(ReportType.CANCELLED, name)
        desk.fill(late, 10, price, name, fee=fee)
        return desk.manager.state()

    assert history() == history()
    assert history() != history(price=60_000_01)
    assert history() != history(venue_id="v2")  # seen through the fold of closed orders
    assert history() != history(name="m")
    assert history() != history(late="e8")
    assert history() != history(fee="1")


def test_a_late_change_of_a_closed_order_changes_the_state():
    desk = Desk()
    closed(desk, 3, fill=False)
    before = desk.manager.state()
    desk.report(ReportType.ACCEPTED, "n1", venue_order_id="v")
    assert desk.manager.state() != before


def test_the_dropped_part_of_the_history_is_part_of_the_state():
    def history(exec_id):
        desk = Desk(keep_closed=1)
        desk.submit("x", quantity=10)
        desk.fill(exec_id, 10, 60_000_00, "x")
        closed(desk, 3)
        return desk.manager.state()

    assert history("a") == history("a")
    assert history("a") != history("b")


def test_what_is_forgotten_leaves_no_trace_in_the_state():
    desk = Desk(keep_closed=0, keep_forgotten=0)
    closed(desk, 3)
    assert desk.manager.closed_orders() == []
    nothing = f"{0:032x}"
    assert desk.manager.state()[2] == [[], 3, 0, nothing, 0, nothing, [0, 0, 0, 0, 0, 3, 0, 0, 0, 0]]


def test_orders_changed_after_closing_dropped_or_reopened_leave_no_trace_in_the_closed_part():
    desk = Desk(keep_closed=1)
    desk.submit("a")
    desk.submit("b")
    desk.report(ReportType.CANCELLED, "a")
    desk.report(ReportType.ACCEPTED, "a", venue_order_id="late")
    desk.report(ReportType.REJECTED, "b")  # drops a
    assert [order.client_order_id for order in desk.manager.closed_orders()] == ["b"]
    desk.report(ReportType.ACCEPTED, "b")  # reopens b
    table = desk.manager.state()[2]
    assert isinstance(table, list)
    assert table[1:4] == [2, 0, f"{0:032x}"]  # two closings, none kept, nothing folded in
