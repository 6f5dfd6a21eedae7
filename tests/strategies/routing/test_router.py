"""The router on the engine it runs in: what it sends where, and what it does when a venue does not as it should."""

import json
import re
from typing import Any

import msgspec
import pytest

from core.effects import StrategyChanged, StrategyState
from core.events import FeedState, ReportType
from core.instruments import AssetClass
from core.orders import ApprovedCancel, Side, TimeInForce
from risk.rule_settings import Rule, RuleSettings, Target, Then, When
from strategies import BUILTIN
from strategies.algos import ParentParams
from strategies.routing import SmartRouter
from tests.docs.markdown import document
from tests.engine.scenario import LOT, SECOND, only
from tests.strategies.algos.market_place import WIDE
from tests.strategies.routing.places import MILLISECOND, TWO, Places, at

PAGE = document("docs/routing.md")
FREE = {"drift_ppm_s": 0, "fee_ppm": 0}


def two(**params: Any) -> Places:
    return Places(**{"quantity": "0.12", **FREE, **params})


def test_it_is_a_strategy_of_the_settings():
    assert BUILTIN["router"] is SmartRouter


def test_a_parent_is_swept_over_two_venues_at_once():
    place = two()
    place.quote(0, 99_98, 100_00, 5)
    assert place.sent == [], "the other venue has shown nothing yet"
    place.quote(1, 99_99, 100_01, 9)
    assert place.sent == [(0, 5, 100_00), (1, 7, 100_01)]
    assert {intent.time_in_force for intent in place.intents.values()} == {TimeInForce.IOC}
    assert place.last_decision() == [("sent", 5, "100x0.05"), ("sent", 7, "100.01x0.09")]
    for index in (0, 1):
        place.fill(place.accept(index))
    told = place.progress[-1]
    assert (told.state, told.filled, told.children) == ("filled", 12 * LOT, 2)
    assert told.notional == str(5 * LOT * 100_00 + 7 * LOT * 100_01)


def test_a_sale_goes_where_most_is_paid():
    place = two(side="sell")
    place.quote(0, 100_00, 100_05, 5)
    place.quote(1, 100_02, 100_06, 9)
    assert place.sent == [(0, 3, 100_00), (1, 9, 100_02)]
    assert {intent.side for intent in place.intents.values()} == {Side.SELL}


def test_fees_decide_between_prices():
    place = two(quantity="0.05", taker_fees_ppm={"NEAR": 500, "FAR": 100})
    place.quote(0, 99_98, 100_00, 9)
    place.quote(1, 99_99, 100_02, 9)
    assert place.sent == [(1, 5, 100_02)], "2 dearer by price, 4 cheaper by fee"
    assert [(each.state, each.fee_ppm, each.score_ppm) for each in place.routes] == [
        ("worse", 500, 500), ("sent", 100, 100),
    ]  # fmt: skip


def test_three_venues_with_depth_each_give_their_cheapest_levels():
    instruments = (at("NEAR"), at("FAR"), at("DEEP"))
    place = Places(*instruments, quantity="0.20", **FREE, taker_fees_ppm={"FAR": 1_000})
    place.quote(0, 99_98, 100_00, 6)
    place.quote(2, 99_98, 100_04, 30)
    place.quote(1, 99_97, 99_99, 30)
    assert place.sent == [(0, 6, 100_00), (2, 14, 100_04)], "FAR asks 99.99 and 0.10 on top"


def test_a_book_is_swept_by_one_order_at_its_last_level():
    place = two(quantity="0.12", taker_fees_ppm={"FAR": 100})
    place.book(0, [(100_00, 2), (100_01, 3), (100_03, 9)])
    place.book(1, [(100_01, 4), (100_02, 9)])
    assert place.sent == [(0, 8, 100_03), (1, 4, 100_01)], "100.02 costs 100.030002 all in"
    assert [each.levels for each in place.routes] == ["100x0.02 100.01x0.03 100.03x0.09", "100.01x0.04 100.02x0.09"]


def test_the_ticker_goes_before_the_book_and_what_an_order_went_through_is_gone():
    place = two(quantity="0.05", limit="100.01")
    place.quote(1, 99_98, 100_09, 1)
    place.book(0, [(100_00, 2), (100_01, 3), (100_02, 9)])
    name = place.accept(0)
    place.quote(0, 99_99, 100_01, 1)  # the ticker: 100.00 has gone
    place.end(name)
    assert place.sent == [(0, 1, 100_01)]
    place.end(place.accept(0))
    assert place.last_decision()[0] == ("empty", 0, "")


def test_an_odd_lot_that_is_left_ends_it():
    place = two(quantity="0.05")
    place.quote(0, 99_98, 100_00, 5)
    place.quote(1, 99_99, 100_01, 5)
    name = place.accept(0)
    place.fill(name, 5 * LOT - 1)
    place.end(name)
    assert (place.progress[-1].state, place.progress[-1].filled) == ("expired", 5 * LOT - 1)


def test_nothing_is_sent_beyond_the_limit():
    place = two(limit="100.00")
    place.quote(0, 99_98, 100_00, 5)
    place.quote(1, 99_99, 100_01, 9)
    assert place.sent == [(0, 5, 100_00)]
    assert place.last_decision()[1] == ("empty", 0, "")


def test_what_a_venue_rejects_goes_to_the_other_at_once():
    place = two(quantity="0.05", pause_ms=2_000)
    place.quote(0, 99_98, 100_00)
    place.quote(1, 99_99, 100_01)
    assert place.sent == [(0, 5, 100_00)]
    place.refuse(0)
    assert place.sent == [(1, 5, 100_01)]
    assert place.routes[-1].reason == "rejected"
    assert [state for state, _, _ in place.last_decision()] == ["paused", "sent"]
    place.fill(place.accept(1))
    assert place.progress[-1].state == "filled"


def test_a_venue_that_rejects_is_tried_again_after_its_pause():
    place = two(quantity="0.05", pause_ms=2_000, limit="100.00")
    place.quote(0, 99_98, 100_00)
    place.quote(1, 99_99, 100_01)
    place.refuse(0)
    place.quote(0, 99_98, 100_00, after_ns=SECOND)
    assert place.sent == []
    place.time(SECOND)
    assert place.sent == [(0, 5, 100_00)]


def test_what_came_back_without_a_fill_goes_where_something_is_left():
    place = two(quantity="0.08")
    place.quote(0, 99_98, 100_00, 8)
    place.quote(1, 99_99, 100_01, 9)
    name = place.accept(0)
    place.fill(name, 3 * LOT)
    place.end(name)
    assert place.sent == [(1, 5, 100_01)]
    assert place.last_decision()[0] == ("empty", 0, ""), "what NEAR showed is gone"
    assert place.routes[-1].reason == "expired"


def test_what_the_gate_refuses_goes_elsewhere():
    place = two(quantity="0.05")
    place.engine.markets[0].instrument = at("NEAR", tradable=False)
    place.engine.gate.define(0, place.engine.markets[0].instrument)
    place.quote(0, 99_98, 100_00)
    place.quote(1, 99_99, 100_01)
    assert place.sent == [(1, 5, 100_01)]
    assert place.routes[-1].reason == "refused"


def test_what_a_rule_shrinks_counts_as_sent_and_the_rest_is_asked_for_again():
    rule = Rule(name="near", when=When(venue="NEAR"), then=Then.SHRINK, to=Target(quantity="0.02"))
    place = two(limits=msgspec.structs.replace(WIDE, rules=RuleSettings(rule=(rule,))))
    place.quote(0, 99_98, 100_00, 5)
    place.quote(1, 99_99, 100_01, 9)
    assert place.sent == [(0, 2, 100_00), (1, 7, 100_01)]
    place.fill(place.accept(0))
    assert place.last_decision()[0] == ("sent", 3, "100x0.03"), "of the 5 that were shown 2 are taken, not all 5"
    assert place.sent == [(1, 7, 100_01), (0, 2, 100_00)]
    for index in (1, 0, 1):
        place.fill(place.accept(index))
    assert (place.progress[-1].state, place.progress[-1].filled) == ("filled", 12 * LOT)


def test_an_unknown_child_stays_reserved_until_there_is_evidence():
    place = two(quantity="0.05")
    place.quote(0, 99_98, 100_00)
    place.quote(1, 99_99, 100_01)
    name = place.refuse(0, ReportType.OUTCOME_UNKNOWN)
    for _ in range(5):
        place.quote(0, 99_98, 100_00, after_ns=SECOND)
        place.quote(1, 99_99, 100_01)
    assert place.sent == []
    place.end(name, ReportType.NEVER_ARRIVED)
    assert place.sent == [(1, 5, 100_01)]


def test_a_venue_in_doubt_gets_nothing_else():
    place = two(quantity="0.30")
    place.quote(0, 99_98, 100_00, 10)
    place.quote(1, 99_99, 100_01, 5)
    place.refuse(0, ReportType.OUTCOME_UNKNOWN)
    place.fill(place.accept(1))
    place.quote(0, 99_98, 100_00, 10)
    place.quote(1, 99_99, 100_01, 5)
    assert place.sent == [(1, 5, 100_01)]
    assert place.last_decision()[0][0] == "busy"


@pytest.mark.parametrize("state", [FeedState.STALE, FeedState.DISCONNECTED])
def test_a_venue_that_goes_silent_mid_way_is_left_out(state):
    place = two(quantity="0.30")
    place.quote(0, 99_98, 100_00, 10)
    place.quote(1, 99_99, 100_01, 5)
    for index in (0, 1):
        place.fill(place.accept(index))
    place.feed(0, state, "quotes" if state is FeedState.STALE else "")
    place.quote(1, 99_99, 100_01, 5)
    assert place.sent == [(1, 5, 100_01)]
    assert place.last_decision()[0][0] == ("stale" if state is FeedState.STALE else "down")


def test_what_was_shown_too_long_ago_is_stale():
    place = two(quantity="0.05", max_age_ms=3_000)
    place.quote(0, 99_98, 100_00, 10)
    place.quote(1, 99_99, 100_01, 5, after_ns=4 * SECOND)
    assert place.sent == [(1, 5, 100_01)]
    assert place.last_decision()[0][0] == "stale"


def test_a_slow_venue_loses_by_what_prices_do_meanwhile():
    place = two(quantity="0.20", drift_ppm_s=1_000)
    place.quote(0, 99_98, 100_00, 10)
    place.quote(1, 99_98, 100_00, 10)
    far, near = place.accept(1, after_ns=5 * MILLISECOND), place.accept(0, after_ns=900 * MILLISECOND)
    for index, name in ((0, near), (1, far)):
        place.feed(index, FeedState.STALE, "quotes")
        place.end(name)
    place.quote(1, 99_98, 100_00, 50)
    for index in (0, 1):
        place.feed(index, FeedState.FRESH, "quotes")
    place.quote(0, 99_97, 99_99, 50)  # the better price by 100 ppm
    assert place.sent == [(1, 20, 100_00)]
    slow, fast = place.routes[-2:]
    assert (slow.latency_ns // MILLISECOND, fast.latency_ns // MILLISECOND) == (905, 5)
    assert slow.score_ppm - fast.score_ppm == 900


def test_missed_orders_count_against_a_venue_and_are_forgotten():
    place = two(quantity="0.10", miss_ppm=400, memory_s=10)
    place.quote(0, 99_98, 100_00, 10)
    place.quote(1, 99_98, 100_01, 10)
    place.end(place.accept(0))
    near, far = place.routes[-2:]
    assert (near.fill_ppm, far.fill_ppm) == (500_000, 1_000_000)
    assert (near.score_ppm, far.score_ppm) == (200, 0)
    place.end(place.accept(1))
    place.quote(0, 99_98, 100_00, 5, after_ns=40 * SECOND)
    assert place.routes[-2].fill_ppm > 940_000


def test_resting_children_are_shared_out_and_what_is_left_is_swept():
    place = two(style="rest", rest_ms=2_000)
    place.quote(0, 99_98, 100_00, 20, bids=30)
    place.quote(1, 99_98, 100_01, 20, bids=10)
    assert place.sent == [(0, 9, 99_98), (1, 3, 99_98)]
    near, far = place.accept(0), place.accept(1)
    place.fill(near, 4 * LOT)
    place.time(2 * SECOND)
    cancels = [command for command in place.inbox if isinstance(command, ApprovedCancel)]
    assert {each.client_order_id for each in cancels} == {near, far}
    place.inbox.clear()
    place.end(near, ReportType.CANCELLED)
    place.quote(0, 99_98, 100_00, 20)
    assert place.sent == [(0, 5, 100_00)], "what FAR may still do is not asked for again"
    place.end(far, ReportType.CANCELLED)
    assert place.sent == [(0, 5, 100_00), (1, 3, 100_01)]


def test_the_time_ends_it():
    place = two(duration_s=3, limit="90.00")
    place.quote(0, 99_98, 100_00)
    place.quote(1, 99_99, 100_01)
    place.time(3 * SECOND)
    assert place.progress[-1].state == "expired"


def test_what_is_less_than_any_venue_takes_is_given_up():
    instruments = tuple(at(name, min_notional=5 * 10**18) for name in ("NEAR", "FAR"))
    place = Places(*instruments, quantity="0.06", **FREE)
    place.quote(0, 99_98, 100_00, 1)
    place.quote(1, 99_99, 100_01, 2)
    assert place.sent == []
    place.quote(1, 99_99, 100_01, 9)
    name = place.accept(1)
    place.fill(name, 5 * LOT)
    place.end(name)
    told = place.progress[-1]
    assert (told.state, told.reason) == ("expired", "what is left is less than any venue takes")


def test_units_of_venues_convert_exactly():
    """FAR counts coarser quantities and finer prices."""
    far = at("FAR", price_precision=3, size_precision=4, lot=1)
    place = Places(at("NEAR"), far, quantity="0.1234567", **FREE)
    place.quote(0, 99_98, 100_00, 4)
    place.quote(1, 99_980, 100_001, 9)
    near, other = place.intents.values()
    assert (near.quantity, near.price) == (3_995_000, 100_00), "the remainder that FAR cannot do"
    assert (other.quantity, other.price) == (835, 100_001)
    for index in (0, 1):
        place.fill(place.accept(index))
    assert place.progress[-1].filled == 12_345_000


@pytest.mark.parametrize(
    ("instruments", "said"),
    [
        ((at("NEAR"), at("FAR", quote="USDC")), "not the same"),
        ((at("NEAR"), at("FAR", asset_class=AssetClass.PERPETUAL)), "not the same"),
        ((at("NEAR"), at("FAR", multiplier=10)), "not the same"),
        ((at("NEAR"),), "2 to 8 instruments"),
    ],
)
def test_what_is_not_one_asset_is_not_routed(instruments, said):
    place = Places(*instruments, **FREE)
    [change] = [each for each in only(place.out, StrategyChanged) if each.state is StrategyState.PAUSED]
    assert said in change.traceback


def test_a_fee_for_a_venue_that_is_not_there_is_refused():
    place = two(taker_fees_ppm={"NAER": 1})
    [change] = [each for each in only(place.out, StrategyChanged) if each.state is StrategyState.PAUSED]
    assert "a fee is given for NAER, but the router's venues are NEAR, FAR" in change.traceback


def test_the_page_lists_every_parameter_with_its_default():
    rows = dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", PAGE.text, re.MULTILINE))
    own = {field.name for field in msgspec.structs.fields(SmartRouter.Params)}
    own -= {field.name for field in msgspec.structs.fields(ParentParams)}
    made = SmartRouter.Params()
    assert {name: json.loads(text) for name, text in rows.items()} == {name: getattr(made, name) for name in own}


def test_a_strategy_asks_for_it_as_the_page_shows():
    [code] = [block.text for block in PAGE.blocks if block.language == "python"]
    names: dict[str, Any] = {}
    exec(code, names)
    place = Places(*TWO, strategy=names["Rebalance"])
    place.quote(0, 99_98, 100_00, 5)
    place.quote(1, 99_99, 100_01, 9)
    assert place.sent == [(0, 5, 100_00), (1, 7, 100_01)]
    assert {(each.parent, each.strategy_id) for each in place.routes} == {("r#1", "r")}
