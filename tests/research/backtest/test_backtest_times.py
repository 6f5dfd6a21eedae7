"""Times of settings, steps of equity curves, and statistics taken in one pass."""

import statistics
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.backtest.account import DAY_NS, YEAR_S, Curve
from research.backtest.times import choose_step_ns, moment, time_ns


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 7),
        ("1970-01-01", 0),
        ("1970-01-02T00:00:00Z", 86_400_000_000_000),
        ("1970-01-01 01:00:00.5+01:00", 500_000_000),
        ("2024-08-08T12:00:00.123456789Z", 1_723_118_400_123_456_789),
        ("1970-01-01T00:01", 60_000_000_000),
    ],
)
def test_times_are_utc_to_the_nanosecond(text, expected):
    assert time_ns(text, 7) == expected


def test_a_moment_reads_back_as_the_same_time():
    assert time_ns(moment(1_723_118_400_123_456_000), 0) == 1_723_118_400_123_456_000


@given(st.integers(0, 10**19))
def test_a_step_gives_a_bounded_number_of_samples_for_any_span_of_a_few_years(span_ns):
    step_ns = choose_step_ns(span_ns)

    assert step_ns >= 1_000_000_000
    assert span_ns / step_ns <= 2_000 or step_ns == DAY_NS


@given(st.lists(st.integers(1, 10**24), min_size=3, max_size=40))
def test_a_curve_knows_its_drawdown_and_sharpe_without_remembering_samples(equities):
    curve = Curve(equities[0], equities[0], equities[0])
    for equity in equities[1:]:
        curve.add(equity)

    falls = [max(equities[: place + 1]) - equity for place, equity in enumerate(equities)]
    returns = [(new - old) / old for old, new in pairwise(equities)]
    assert curve.drawdown == max(falls)
    assert curve.sharpe(1) is None  # not a day
    deviation = statistics.stdev(returns)
    if deviation > 1e-9 * max(map(abs, returns)):
        expected = statistics.mean(returns) / deviation * (YEAR_S * 1e9 / DAY_NS) ** 0.5
        assert curve.sharpe(DAY_NS) == pytest.approx(expected, rel=1e-6, abs=1e-6)
