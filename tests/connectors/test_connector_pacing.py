"""How often a venue is asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.pacing import Backoff, RetryGate, TokenBucket, asked_wait_s
from core.rng import Rng

SECOND = 1_000_000_000


@given(waits=st.lists(st.integers(0, 3 * SECOND), min_size=1, max_size=60))
def test_a_bucket_never_lets_through_more_than_its_burst_and_rate(waits):
    bucket, now, uses = TokenBucket(per_second=2.0, burst=3), 0, []
    for wait in waits:
        now += wait
        uses.append(now + bucket.take(now))
    uses.sort()
    for first in range(len(uses)):
        for last in range(first, len(uses)):
            assert last - first + 1 <= 3 + (uses[last] - uses[first]) * 2 / SECOND + 1e-6


def test_a_bucket_is_free_at_first():
    bucket = TokenBucket(per_second=0.5, burst=5)
    assert [bucket.take(0) for _ in range(6)] == [0, 0, 0, 0, 0, 2 * SECOND]


def test_delays_double_to_a_cap_with_jitter_and_start_again_after_a_reset():
    backoff = Backoff(Rng(1), first_s=1.0, cap_s=8.0)
    delays = [backoff.next_s() for _ in range(8)]
    for delay, expected in zip(delays, [1, 2, 4, 8, 8, 8, 8, 8], strict=True):
        assert 0.5 * expected <= delay <= 1.5 * expected
    assert len(set(delays)) == 8
    backoff.reset()
    assert backoff.next_s() <= 1.5


def test_the_same_seed_gives_the_same_delays():
    first, second = (Backoff(Rng(7), first_s=1.0, cap_s=60.0) for _ in range(2))
    assert [first.next_s() for _ in range(5)] == [second.next_s() for _ in range(5)]


def test_a_gate_stays_closed_for_the_longest_time_asked():
    gate = RetryGate()
    assert gate.wait_s(0.0) == 0.0
    gate.close(10.0, 30.0)
    gate.close(10.0, 5.0)
    assert gate.wait_s(15.0) == 25.0
    assert gate.wait_s(40.0) == 0.0


@pytest.mark.parametrize(
    ("status", "header", "expected"),
    [(429, "7", 7.0), (418, "120", 120.0), (429, "", 10.0), (418, "soon", 120.0), (503, "9", 0.0), (200, "", 0.0)],
)
def test_only_429_and_418_ask_for_silence(status, header, expected):
    assert asked_wait_s(status, header) == expected
