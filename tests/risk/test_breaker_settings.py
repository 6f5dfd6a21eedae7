"""`[risk.breakers]`: what is no breaker is refused where it is written, with what was expected."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.breaker_settings import (
    BreakerSettings,
    CountRow,
    DrawdownRow,
    LagRow,
    LossRow,
    QuorumRow,
    SpreadRow,
    day_begins_ns,
)
from risk.breakers.ladder import Ladder, Step
from risk.breakers.tally import SECOND_NS, Tally
from risk.errors import LimitsError
from risk.limits import InstrumentRisk, RiskLimits


@pytest.mark.parametrize(
    ("rows", "key", "expected"),
    [
        ({"loss": (LossRow(warn_at=0),)}, "warn_at", "a number above 0"),
        ({"loss": (LossRow(warn_at=-1),)}, "warn_at", "a number, 0 or more"),
        ({"loss": (LossRow(warn_at=5), LossRow(warn_at=6))}, "scope", "one row for each scope"),
        ({"loss": (LossRow(scope="group:majors", warn_at=5),)}, "scope", "all, venue:NAME or venue:\\*"),
        ({"loss": (LossRow(scope="strategy:", warn_at=5),)}, "scope", "all, venue"),
        ({"loop_lag_ms": (LagRow(scope="venue:BINANCE", warn_at=5),)}, "scope", "all"),
        ({"loop_lag_ms": (LagRow(warn_at="5.5"),)}, "warn_at", "a whole number above 0"),
        ({"loop_lag_ms": (LagRow(warn_at=5, window_s=0),)}, "window_s", "from 1 to 86400"),
        ({"spread": (SpreadRow(warn_at=1),)}, "scope", "symbol:NAME"),
        ({"drawdown": (DrawdownRow(scope="strategy:a", warn_at="0.1", share=True),)}, "share", "only in the scope all"),
        ({"day_begins": "24:00"}, "day_begins", "an hour of UTC"),
        ({"day_begins": "17:60"}, "day_begins", "an hour of UTC"),
        ({"loop_lag_ms": (LagRow(warn_at=5, window_s=86_401),)}, "window_s", "from 1 to 86400"),
        ({"day_begins": "9"}, "day_begins", "an hour of UTC"),
        ({"collar": "0.5"}, "collar", "a share below 0.5"),
        ({"hysteresis": 1}, "hysteresis", "a share below 1"),
        ({"unvalued_after_s": -1}, "unvalued_after_s", "0 or more"),
    ],
)
def test_what_is_no_breaker_is_refused_with_its_key(rows, key, expected):
    with pytest.raises(LimitsError, match=expected) as refused:
        BreakerSettings(**rows)
    assert refused.value.key == key


@pytest.mark.parametrize(("collar", "refused"), [("0.01", False), ("0.02", True)])
def test_a_collar_that_the_gate_would_not_let_pass_is_refused(collar, refused):
    for own in ({"max_price_deviation": "0.02"}, {"instruments": {"A.B": InstrumentRisk(max_price_deviation="0.02")}}):
        breakers = BreakerSettings(collar=collar)
        if refused:
            with pytest.raises(
                LimitsError, match=r"risk.breakers.collar: expected less than max_price_deviation, 0.02"
            ):
                RiskLimits(breakers=breakers, **own)
        else:
            assert RiskLimits(breakers=breakers, **own).breakers == breakers


@pytest.mark.parametrize("window_s", [1, 86_400])
def test_a_window_lasts_from_a_second_to_a_day(window_s):
    row = LagRow(warn_at=5, window_s=window_s)
    assert BreakerSettings(loop_lag_ms=(row,), day_begins="23:59").rows("loop_lag_ms") == (row,)


def test_a_second_count_needs_no_figure_and_the_day_begins_where_it_says():
    assert BreakerSettings(second_count=(CountRow(),)).rows("second_count")
    assert day_begins_ns("17:30") == (17 * 60 + 30) * 60 * SECOND_NS


@given(st.integers(1, 10**9), st.integers(-5, 5))
def test_each_rung_is_reached_at_its_figure_and_not_a_unit_before(at, beside):
    ladder = Ladder(LossRow(warn_at=at, flatten_at=at + 10), 1, 100_000)
    rung = ladder.reached(at + beside)
    assert (rung.step if rung else Step.CALM) == (Step.WARN if beside >= 0 else Step.CALM)
    assert ladder.reached(at + 10) is not None
    assert ladder.reached(at + 9) != ladder.reached(at + 10)


@given(st.integers(1, 100), st.integers(-2, 2))
def test_fewer_than_so_many_is_a_step_and_just_as_many_is_none(below, beside):
    ladder = Ladder(QuorumRow(reduce_below=below), 1, 0)
    assert (ladder.reached(-(below + beside)) is not None) == (beside < 0)


def test_a_warning_is_over_a_unit_below_where_the_hysteresis_ends_and_not_there():
    ladder = Ladder(LossRow(warn_at=100), 1, 100_000)
    assert [ladder.is_calm(figure) for figure in (89, 90, 91)] == [True, False, False]


def test_the_next_step_is_the_first_above_the_one_that_was_taken():
    ladder = Ladder(LossRow(warn_at=1, halt_at="3.5"), 1, 0)
    assert [ladder.next_text(step) for step in Step] == ["1", "3.5", "3.5", "", ""]


def test_a_tally_forgets_a_second_just_when_it_is_as_old_as_the_window():
    tally = Tally(2, 1)
    tally.add(SECOND_NS, 5)
    tally.roll(3 * SECOND_NS - 1)
    assert tally.sums == [5]
    tally.roll(3 * SECOND_NS)
    assert tally.sums == [0]


def test_what_is_counted_in_one_second_or_before_the_newest_leaves_with_the_newest():
    tally = Tally(2, 1)
    for now_ns in (SECOND_NS, SECOND_NS + 1, 0):
        tally.add(now_ns, 4)
    assert tally.state() == [["1", "12"]]


@given(st.lists(st.tuples(st.integers(0, 3 * SECOND_NS), st.integers(0, 9)), max_size=30), st.integers(1, 5))
def test_a_tally_is_the_sum_of_what_is_younger_than_its_window(script, window_s):
    tally, now_ns, seen = Tally(window_s, 1), 0, []
    for after_ns, amount in script:
        now_ns += after_ns
        tally.add(now_ns, amount)
        seen.append((now_ns // SECOND_NS, amount))
        oldest = now_ns // SECOND_NS - window_s
        assert tally.sums == [sum(each for second, each in seen if second > oldest)]
