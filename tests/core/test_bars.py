import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bars import Bar, BarBuilder, BarSpec, BarUnit, time_bars

SECOND = 1_000_000_000
trades = st.lists(
    st.tuples(st.integers(1, 5 * SECOND), st.integers(1, 1000), st.integers(1, 50)), min_size=1, max_size=100
)


def run(spec: BarSpec, moves):
    """Feed trades the way the engine does: a due bar is closed before the trade that brings the time."""
    builder, now_ns = BarBuilder(0, spec), 10 * SECOND
    bars: list[Bar] = []
    for wait_ns, price, quantity in moves:
        now_ns += wait_ns
        closed = (builder.close_due(now_ns), builder.add(now_ns, price, quantity))
        bars.extend(bar for bar in closed if bar is not None)
    return builder, bars


@pytest.mark.parametrize(
    ("text", "step_ns"),
    [("250ms", SECOND // 4), ("1s", SECOND), ("5m", 300 * SECOND), ("1h", 3600 * SECOND), ("1d", 86400 * SECOND)],
)
def test_intervals_are_read_from_text(text, step_ns):
    assert time_bars(text) == BarSpec(BarUnit.TIME, step_ns)


@pytest.mark.parametrize("text", ["", "m", "5", "5x", "-5m", "1.5m", "0s"])
def test_what_is_no_interval_is_refused(text):
    with pytest.raises(ValueError, match=r"interval|positive"):
        time_bars(text)


@given(trades)
def test_every_trade_is_in_exactly_one_bar(moves):
    for spec in (
        time_bars("1s"),
        BarSpec(BarUnit.TICK, 3),
        BarSpec(BarUnit.VOLUME, 60),
        BarSpec(BarUnit.NOTIONAL, 9000),
    ):
        builder, bars = run(spec, moves)
        open_volume, open_trades = builder.state()[6], builder.state()[8]
        assert sum(bar.volume for bar in bars) + open_volume == sum(quantity for _, _, quantity in moves)
        assert sum(bar.trades for bar in bars) + open_trades == len(moves)


@given(trades)
def test_a_bar_spans_its_own_trades(moves):
    _, bars = run(BarSpec(BarUnit.TICK, 4), moves)
    for number, bar in enumerate(bars):
        prices = [price for _, price, _ in moves[4 * number : 4 * number + 4]]
        assert (bar.open, bar.high, bar.low, bar.close) == (prices[0], max(prices), min(prices), prices[-1])


@given(trades)
def test_time_bars_are_aligned_and_hold_only_trades_of_their_interval(moves):
    _, bars = run(time_bars("1s"), moves)
    for bar in bars:
        assert bar.start_ns % SECOND == 0
        assert bar.end_ns == bar.start_ns + SECOND


def test_a_time_bar_closes_by_time_alone():
    builder = BarBuilder(0, time_bars("1s"))
    assert builder.add(SECOND, 10, 1) is None
    assert builder.add(2 * SECOND - 1, 12, 1) is None
    assert builder.close_due(2 * SECOND - 1) is None
    bar = builder.close_due(2 * SECOND)
    assert bar is not None
    assert (bar.open, bar.close, bar.volume) == (10, 12, 2)
    assert builder.close_due(3 * SECOND) is None


def test_a_threshold_bar_closes_with_the_trade_that_reaches_it_unsplit():
    builder = BarBuilder(0, BarSpec(BarUnit.VOLUME, 10))
    assert builder.add(1, 5, 9) is None
    bar = builder.add(2, 6, 100)
    assert bar is not None
    assert bar.volume == 109


def test_a_bar_during_which_trades_were_missed_says_so_and_the_next_does_not():
    builder = BarBuilder(0, BarSpec(BarUnit.TICK, 2))
    builder.add(1, 5, 1)
    builder.mark_incomplete()
    first, _, second = builder.add(2, 5, 1), builder.add(3, 5, 1), builder.add(4, 5, 1)
    assert first is not None
    assert second is not None
    assert (first.complete, second.complete) == (False, True)
