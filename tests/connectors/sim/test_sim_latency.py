"""Requests and reports take their time, and the market moves meanwhile."""

import pytest

from connectors.sim import SimSettings
from tests.connectors.sim.world import World

SLOW = SimSettings(entry_latency_ns=100, response_latency_ns=40)


def quoted() -> World:
    world = World(SLOW)
    world.quote("5 @ 100 | 101 @ 4")
    return world


def test_an_order_is_seen_after_the_entry_latency_and_answered_after_the_response_latency() -> None:
    world = quoted()
    sent_ns = world.now_ns
    world.send("A: buy 1")
    assert world.venue.next_due_ns() == sent_ns + 100
    world.venue.advance(sent_ns + 99)
    assert world.venue.next_due_ns() == sent_ns + 100
    world.venue.advance(sent_ns + 100)
    assert world.venue.next_due_ns() == sent_ns + 140
    assert world.venue.poll(sent_ns + 139) == []
    assert [(due_ns, index) for due_ns, index, _ in world.venue.poll(sent_ns + 140)] == [(sent_ns + 140, 0)] * 2
    assert world.venue.next_due_ns() == 0


@pytest.mark.parametrize("filled_by", ["print", "quote", "book"])
def test_a_fill_of_a_resting_order_is_reported_a_response_latency_after_the_event(filled_by: str) -> None:
    world = World(SLOW)
    world.draw("  | 102 | 4\n 5 | 100 |")
    if filled_by != "book":
        world.quote("5 @ 100 | 102 @ 4")
    world.send("A: buy 1 @ 101")
    world.wait(10_000)
    world.hears("A accepted")
    if filled_by == "print":
        world.trade("sell 1 @ 100")
    elif filled_by == "quote":
        world.quote("5 @ 100 | 101 @ 4")
    else:
        world.depth(("ask", 101, 4))
    assert world.venue.next_due_ns() == world.now_ns + 40


def test_an_order_meets_the_market_of_its_arrival() -> None:
    world = quoted()
    world.send("A: buy 1")
    world.quote("5 @ 102 | 103 @ 4")
    world.wait(200)
    world.hears("A accepted", "A filled 1 @ 103 taker")


def test_an_order_that_arrived_before_an_event_meets_the_market_before_it() -> None:
    world = quoted()
    world.send("A: buy 1")
    world.now_ns += 150
    world.quote("5 @ 102 | 103 @ 4")
    world.wait(100)
    world.hears("A accepted", "A filled 1 @ 101 taker")


def test_a_late_driver_matches_at_the_time_of_the_event_that_woke_it() -> None:
    """Without `advance` before the event, nothing is reported earlier than the market that it was matched on."""
    world = quoted()
    sent_ns = world.now_ns
    world.send("A: buy 1")
    event = (16, 0, 0, sent_ns + 150, 0, 100, 5, 101, 4, 0)
    world.venue.on_event(event)
    assert [due_ns for due_ns, _, _ in world.venue.poll(sent_ns + 1_000)] == [sent_ns + 190] * 2


def test_an_order_may_fill_while_its_cancel_travels() -> None:
    world = quoted()
    world.send("A: buy 1 @ 100")
    world.wait(150)
    world.hears("A accepted")
    world.cancel("A")
    world.trade("sell 6 @ 100")
    world.wait(200)
    world.hears("A filled 1 @ 100 maker", "A cancel-rejected: Unknown order sent.")


def test_an_order_may_fill_in_part_while_its_cancel_travels() -> None:
    world = quoted()
    world.send("A: buy 3 @ 100")
    world.wait(150)
    world.cancel("A")
    world.trade("sell 7 @ 100")
    world.wait(200)
    world.hears("A accepted", "A filled 2 @ 100 maker", "A cancelled")


def test_a_cancel_sent_right_behind_its_order_arrives_behind_it() -> None:
    world = quoted()
    world.send("A: buy 3 @ 100")
    world.cancel("A")
    world.wait(200)
    world.hears("A accepted", "A cancelled")


def test_an_order_under_way_is_not_filled_by_what_happens_before_it_arrives() -> None:
    world = quoted()
    world.send("A: buy 1 @ 100")
    world.trade("sell 60 @ 90")
    world.wait(500)
    world.hears("A accepted")


def test_requests_do_not_overtake_each_other_when_the_clock_steps_back() -> None:
    world = quoted()
    world.send("A: buy 1 @ 90")
    world.now_ns -= 50
    world.send("B: buy 1 @ 90")
    world.wait(500)
    world.hears("A accepted", "B accepted")


def test_an_event_of_another_instrument_brings_requests_in() -> None:
    world = quoted()
    world.send("A: buy 1")
    world.venue.on_event((16, 0, 7, world.now_ns + 100, 0, 1, 1, 2, 1, 0))
    world.now_ns += 200
    world.hears("A accepted", "A filled 1 @ 101 taker")


def test_without_orders_nothing_is_ever_due() -> None:
    world = quoted()
    world.trade("sell 6 @ 100")
    world.venue.advance(world.now_ns + 10_000_000)
    assert world.venue.next_due_ns() == 0
    assert world.venue.poll(world.now_ns + 10_000_000) == []
