import statistics

from hypothesis import given
from hypothesis import strategies as st

from daemon.stats import LATENCY_WINDOW, Latency


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=300), st.integers(1, 400))
def test_percentiles_are_those_of_the_last_values(values, last):
    latency = Latency()
    for value in values:
        latency.add(value)
    window = sorted(values[-last:])
    assert latency.percentiles(0.0, 0.5, 1.0, last=last) == [window[0], window[len(window) // 2], window[-1]]


def test_the_window_wraps_around():
    latency = Latency()
    for value in range(LATENCY_WINDOW + 100):
        latency.add(value)
    assert latency.count == LATENCY_WINDOW + 100
    assert latency.percentiles(0.0, 1.0) == [100, LATENCY_WINDOW + 99]
    assert latency.percentiles(0.0, 1.0, last=200) == [LATENCY_WINDOW - 100, LATENCY_WINDOW + 99]
    middle = statistics.median_high(range(100, LATENCY_WINDOW + 100))
    assert latency.percentiles(0.5) == [middle]


def test_before_the_first_value_there_is_nothing():
    assert Latency().percentiles(0.5, 0.99) == [0, 0]
