"""Who may leave when, and who goes first."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.binance.address import RateLimit
from connectors.binance.trading.budget import Budget, Urgency
from connectors.binance.trading.outbox import Outbox, Waiting, urgency_of
from core.orders import ApprovedCancel, ApprovedReplace, ApprovedSubmit, OrderIntent, OrderTerms, OrderType, Side

S = 1_000_000_000
MINUTE = 60 * S
LIMITS = (
    RateLimit("REQUEST_WEIGHT", "MINUTE", 1, 100),
    RateLimit("ORDERS", "SECOND", 10, 10),
    RateLimit("RAW_REQUESTS", "MINUTE", 5, 61_000),
)


def told() -> Budget:
    budget = Budget(cancel_share=0.2, reduce_share=0.1)
    budget.told(0, LIMITS)
    return budget


def test_each_urgency_leaves_something_for_the_more_urgent():
    budget = told()
    budget.spend(0, 70, 0)
    assert budget.wait_ns(0, 1, 0, Urgency.OPEN) == MINUTE
    assert budget.wait_ns(0, 1, 0, Urgency.REDUCE) == 0
    budget.spend(0, 10, 0)
    assert budget.wait_ns(0, 1, 0, Urgency.REDUCE) == MINUTE
    assert budget.wait_ns(0, 20, 0, Urgency.CANCEL) == 0
    budget.spend(0, 20, 0)
    assert budget.wait_ns(0, 1, 0, Urgency.CANCEL) == MINUTE


def test_an_interval_ends_on_the_venues_clock():
    budget = told()
    budget.spend(59 * S, 100, 0)
    assert budget.wait_ns(59 * S, 1, 0, Urgency.CANCEL) == S
    assert budget.wait_ns(60 * S, 1, 0, Urgency.CANCEL) == 0
    ahead = told()
    ahead.offset_ns = S
    ahead.spend(58 * S, 100, 0)
    assert ahead.wait_ns(58 * S, 1, 0, Urgency.CANCEL) == S


def test_cancels_count_no_orders_and_opens_do():
    budget = told()
    budget.spend(0, 1, 9)
    assert budget.wait_ns(0, 1, 1, Urgency.OPEN) == 10 * S
    assert budget.wait_ns(0, 1, 1, Urgency.REDUCE) == 0
    assert budget.wait_ns(0, 1, 0, Urgency.CANCEL) == 0


def test_the_venues_counts_are_believed_whoever_used_them_up():
    budget = told()
    budget.told(0, (RateLimit("REQUEST_WEIGHT", "MINUTE", 1, 100, 90),))
    assert budget.wait_ns(0, 1, 0, Urgency.OPEN) > 0
    budget = told()
    budget.told_by_headers(0, {"x-mbx-used-weight-1m": "90", "x-mbx-order-count-10s": "10", "date": "x"})
    assert budget.weight.used == 90
    assert budget.busiest_orders(0) == (10, 10)


def test_what_was_used_in_an_interval_that_is_over_is_not_told_as_used():
    budget = told()
    budget.spend(0, 20, 5)
    assert (budget.weight_used(1 * S), budget.busiest_orders(1 * S)) == (20, (5, 10))
    assert budget.busiest_orders(10 * S)[0] == 0
    assert budget.weight_used(60 * S) == 0


def test_the_silence_that_a_venue_asked_for_is_told_until_it_is_over():
    budget = told()
    assert budget.silent_until_ns(0) == 0
    budget.close(5 * S, orders_only=True)
    assert (budget.silent_until_ns(0), budget.silent_until_ns(5 * S)) == (5 * S, 0)


def test_a_count_that_falls_is_believed_and_what_is_under_way_comes_on_top():
    budget = told()
    budget.spend(0, 1, 9)
    budget.told(0, (RateLimit("ORDERS", "SECOND", 10, 10, 2),), in_flight=3)  # the others were filled
    assert budget.busiest_orders(0) == (5, 10)
    budget.told(0, (RateLimit("REQUEST_WEIGHT", "MINUTE", 1, 100, 0),))  # weight only grows: this answer is old
    assert budget.weight.used == 1


def test_a_silence_holds_all_or_only_orders():
    budget = told()
    budget.close(5 * S, orders_only=True)
    assert budget.wait_ns(S, 1, 1, Urgency.REDUCE) == 4 * S
    assert budget.wait_ns(S, 1, 0, Urgency.CANCEL) == 0
    budget.close(7 * S, orders_only=False)
    assert budget.wait_ns(S, 1, 0, Urgency.CANCEL) == 6 * S


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 5 * S), st.integers(1, 30), st.sampled_from(list(Urgency))), max_size=40))
def test_no_sequence_of_requests_exceeds_the_limit_in_an_interval(asked):
    budget, now = told(), 0
    used: dict[int, int] = {}
    for step, weight, urgency in asked:
        now += step
        wait = budget.wait_ns(now, weight, 0, urgency)
        if wait and weight <= 70:
            assert budget.wait_ns(now + wait, weight, 0, urgency) == 0
        if not wait:
            budget.spend(now, weight, 0)
            used[now // MINUTE] = used.get(now // MINUTE, 0) + weight
    assert all(amount <= 100 for amount in used.values())


def submit(name: str, *, reduce_only: bool = False) -> ApprovedSubmit:
    intent = OrderIntent(client_order_id=name, strategy_id="s", instrument=0, side=Side.BUY, type=OrderType.LIMIT,
                         quantity=1, price=1, reduce_only=reduce_only)  # fmt: skip
    return ApprovedSubmit(intent=intent, reference_price=1, limits_version=1)


def cancel(name: str) -> ApprovedCancel:
    return ApprovedCancel(client_order_id=name, strategy_id="s", instrument=0, venue_order_id="")


def replace(name: str, revision: int) -> ApprovedReplace:
    return ApprovedReplace(client_order_id=name, strategy_id="s", instrument=0, venue_order_id="", revision=revision,
                           side=Side.BUY, type=OrderType.LIMIT, price=1, quantity=2, filled=0, reference_price=1,
                           limits_version=1)  # fmt: skip


NAME, OTHER = "t0000039u000001", "t0000039u000002"


def put(box: Outbox, *commands) -> list[Waiting]:
    return [gone for each in commands for gone in box.put(Waiting(each, 0), urgency_of(each))]


def order_of(box: Outbox) -> list[object]:
    out: list[object] = []
    while (first := box.first()) is not None:
        out.append(box.pop(first[1]).command)
    return out


def test_cancels_go_before_what_reduces_and_that_before_what_opens():
    box = Outbox(10)
    commands = [submit("a"), submit("b", reduce_only=True), cancel(NAME), submit("c")]
    assert put(box, *commands) == []
    assert order_of(box) == [commands[2], commands[1], commands[0], commands[3]]


def test_an_order_against_its_leg_closes_and_goes_before_what_opens():
    plain = submit("a")
    side = plain.intent.side
    for leg, urgency in ((side.opposite, Urgency.REDUCE), (side, Urgency.OPEN)):
        intent = msgspec.structs.replace(plain.intent, terms=OrderTerms(hedge=leg))
        assert urgency_of(msgspec.structs.replace(plain, intent=intent)) is urgency


def test_a_chain_of_replacements_leaves_as_its_last():
    box = Outbox(10)
    gone = put(box, replace(NAME, 1), replace(OTHER, 1), replace(NAME, 2), replace(NAME, 3))
    assert [each.command for each in gone] == [replace(NAME, 1), replace(NAME, 2)]
    assert order_of(box) == [replace(OTHER, 1), replace(NAME, 3)]


def test_a_cancel_takes_the_place_of_what_waits_for_its_order():
    box = Outbox(10)
    gone = put(box, replace(NAME, 1), cancel(NAME), cancel(NAME))
    assert [type(each.command) for each in gone] == [ApprovedReplace]
    assert order_of(box) == [cancel(NAME)]
    gone = put(box, submit(NAME), cancel(NAME))
    assert [each.command for each in gone] == [submit(NAME), cancel(NAME)]
    assert len(box) == 0


def test_there_is_no_room_for_ever_more_opens_and_always_for_cancels():
    box = Outbox(2)
    gone = put(box, submit("a"), submit("b"), submit("c"), cancel(NAME), submit("d", reduce_only=True))
    assert [each.command for each in gone] == [submit("c")]
    assert len(box) == 4


def test_old_opens_are_taken_out():
    box = Outbox(10)
    box.put(Waiting(submit("a"), 5), Urgency.OPEN)
    box.put(Waiting(submit("b"), 9), Urgency.OPEN)
    assert [each.since_ns for each in box.take_old(7)] == [5]
