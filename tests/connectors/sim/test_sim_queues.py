"""Queue position models: what each believes, what none may believe, and the same numbers compiled."""

import dataclasses
import random

import numba
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sim import matching, queues
from connectors.sim.queues import FINE, Queue, print_queue, share_behind, show_queue
from research.compiled.layout import row_of
from research.compiled.registry import register

LAG = 150
GUESSES = [
    queues.PRO_RATA,
    queues.POWER,
    queues.POWER_TOTAL,
    queues.POWER_FRONT,
    queues.LOG,
    queues.LOG_TOTAL,
]
MODELS = [queues.RISK_AVERSE, *GUESSES, queues.OPTIMISTIC]
quantities = st.one_of(st.integers(0, 30), st.integers(0, 1 << 50))


def joined(displayed: int) -> Queue:
    queue = Queue()
    queues.join_queue(queue, displayed)
    return queue


def estimate(queue: Queue) -> float:
    return queue.ahead - queue.part / FINE


def test_the_shares_are_those_of_the_published_formulas() -> None:
    assert share_behind(queues.PRO_RATA, 1, 3.0, 1.0) == 0.25
    assert share_behind(queues.POWER, 2, 3.0, 1.0) == pytest.approx(1 / (1 + 9))
    assert share_behind(queues.POWER_TOTAL, 2, 3.0, 1.0) == pytest.approx(1 / 16)
    assert share_behind(queues.POWER_FRONT, 2, 3.0, 1.0) == pytest.approx(1 - 9 / 16)
    assert share_behind(queues.LOG, 1, 3.0, 1.0) == pytest.approx(0.6931471805599453 / (0.6931471805599453 * 3))
    assert share_behind(queues.LOG_TOTAL, 1, 3.0, 3.0) == pytest.approx(1.3862943611198906 / 1.9459101490553132)


@pytest.mark.parametrize("model", GUESSES)
def test_all_cancels_stand_behind_the_head_and_ahead_of_the_tail(model: int) -> None:
    assert share_behind(model, 3, 0.0, 7.0) == 1.0
    assert share_behind(model, 3, 7.0, 0.0) == 0.0


def test_the_exponent_one_is_the_same_guess_in_every_normalisation() -> None:
    for model in (queues.POWER, queues.POWER_TOTAL, queues.POWER_FRONT):
        assert share_behind(model, 1, 2.0, 6.0) == pytest.approx(share_behind(queues.PRO_RATA, 1, 2.0, 6.0))


def test_a_careful_queue_moves_by_a_cancel_only_where_less_is_displayed_than_stood_ahead() -> None:
    queue = joined(10)
    show_queue(queue, queues.RISK_AVERSE, 1, 15, 1, LAG)
    show_queue(queue, queues.RISK_AVERSE, 1, 11, 2, LAG)
    assert queue.ahead == 10
    show_queue(queue, queues.RISK_AVERSE, 1, 4, 3, LAG)
    assert queue.ahead == 4


def test_many_small_cancels_move_a_short_queue_as_far_as_one_large_one() -> None:
    queue = joined(4)
    show_queue(queue, queues.PRO_RATA, 1, 24, 1, LAG)
    for displayed in range(23, 11, -1):
        show_queue(queue, queues.PRO_RATA, 1, displayed, 2, LAG)
    assert estimate(queue) == pytest.approx(2.0, abs=0.02)  # half of the queue went, so half of those ahead
    assert queue.ahead - queue.part / FINE <= queue.ahead < estimate(queue) + 1


def test_a_trade_printed_before_the_display_shows_it_moves_the_queue_once() -> None:
    for model in MODELS:
        queue = joined(10)
        show_queue(queue, model, 2, 16, 1, LAG)
        assert print_queue(queue, 4, 2, LAG) == 0
        show_queue(queue, model, 2, 12, 3, LAG)
        assert estimate(queue) == 6, model


def test_a_trade_printed_after_the_display_shows_it_moves_the_queue_once() -> None:
    for model in MODELS:
        queue = joined(10)
        show_queue(queue, model, 2, 16, 1, LAG)
        show_queue(queue, model, 2, 12, 2, LAG)
        assert print_queue(queue, 4, 3, LAG) == 0
        assert estimate(queue) == 6, model


def test_a_trade_gets_past_the_queue_to_us_in_either_order() -> None:
    for model in MODELS:
        first, later = joined(2), joined(2)
        for queue in (first, later):
            show_queue(queue, model, 2, 10, 1, LAG)
        assert print_queue(first, 8, 2, LAG) == 6, model
        show_queue(later, model, 2, 2, 2, LAG)
        assert print_queue(later, 8, 3, LAG) == 6, model


def test_what_left_the_display_long_ago_was_cancelled_and_explains_no_print() -> None:
    queue = joined(10)
    show_queue(queue, queues.RISK_AVERSE, 1, 6, 1, LAG)
    print_queue(queue, 4, 2 + LAG, LAG)
    assert queue.ahead == 2


def test_an_unknown_queue_lets_nothing_past_until_the_level_is_shown() -> None:
    queue = joined(matching.UNKNOWN_QUEUE)
    assert print_queue(queue, 100, 1, LAG) == 0
    show_queue(queue, queues.POWER, 2, 7, 2, LAG)
    assert (queue.ahead, queue.part, queue.displayed) == (7, 0, 7)


steps = st.lists(st.tuples(st.booleans(), quantities, st.integers(0, 200)), max_size=30)


@given(st.sampled_from(MODELS), st.integers(1, queues.POWER_MAX), quantities, steps)
def test_nobody_joins_ahead_of_us_and_never_more_stand_ahead_than_are_displayed(model, shape, displayed, steps) -> None:
    queue, now_ns = joined(displayed), 0
    for is_print, quantity, wait_ns in steps:
        now_ns += wait_ns
        before = estimate(queue)
        if is_print:
            assert 0 <= print_queue(queue, quantity, now_ns, LAG) <= quantity
        else:
            show_queue(queue, model, shape, quantity, now_ns, LAG)
            assert queue.ahead <= quantity
        assert 0 <= estimate(queue) <= before
        assert 0 <= queue.part < FINE
        assert min(queue.traded, queue.unprinted, queue.credited) >= 0


@given(quantities, steps)
def test_the_careful_model_is_the_arithmetic_that_matching_has_had(displayed, steps) -> None:
    queue, now_ns = joined(displayed), 0
    ahead, unprinted, dropped_ns = displayed, 0, 0
    for is_print, quantity, wait_ns in steps:
        now_ns += wait_ns
        unprinted = unprinted if now_ns - dropped_ns <= LAG else 0
        if is_print:
            passed = print_queue(queue, quantity, now_ns, LAG)
            fill, ahead, unprinted = matching.fill_on_print(1, 5, 1 << 60, ahead, unprinted, 5, quantity)
            assert passed == fill
        else:
            show_queue(queue, queues.RISK_AVERSE, 1, quantity, now_ns, LAG)
            if quantity < ahead:
                ahead, unprinted = matching.queue_after_display(ahead, unprinted, quantity)
                dropped_ns = now_ns
        assert queue.ahead == ahead


def test_first_in_first_out_counts_only_who_joined_before() -> None:
    assert queues.leave_fifo(10, 5, 4, 3) == 7
    assert queues.leave_fifo(10, 5, 5, 3) == 7
    assert queues.leave_fifo(10, 5, 6, 3) == 10
    assert queues.reaches_fifo(5, 6)
    assert not queues.reaches_fifo(5, 5)
    assert not queues.reaches_fifo(5, 4)


def test_compiled_and_plain_queues_give_equal_numbers() -> None:
    register(queues)

    @numba.njit
    def walk(queue, model, shape, steps, out):
        queues.join_queue(queue, steps[0, 1])
        for at in range(1, len(steps)):
            if steps[at, 0]:
                out[at, 0] = queues.print_queue(queue, steps[at, 1], steps[at, 2], 150)
            else:
                queues.show_queue(queue, model, shape, steps[at, 1], steps[at, 2], 150)
            out[at, 1] = queue.ahead * 1024 - queue.part
            out[at, 2] = queue.unprinted
            out[at, 3] = queue.credited
            out[at, 4] = queue.traded

    import numpy as np

    rng = random.Random(7)
    for _ in range(300):
        model, shape = rng.choice(MODELS), rng.choice([1, 2, 3, 10])
        largest = rng.choice([5, 50, 10**6, 1 << 49])
        now_ns, drawn = 0, []
        for _ in range(40):
            now_ns += rng.randrange(120)
            drawn.append((rng.randrange(2), rng.randrange(largest), now_ns))
        steps = np.array(drawn, dtype=np.int64)
        fast, plain = np.zeros((40, 5), np.int64), np.zeros((40, 5), np.int64)
        row, queue = row_of(Queue()), Queue()
        walk(row[0], model, shape, steps, fast)
        walk.py_func(queue, model, shape, _Table(drawn), plain)
        assert (fast == plain).all(), (model, shape, drawn)
        assert {each.name: int(row[0][each.name]) for each in dataclasses.fields(Queue)} == dataclasses.asdict(queue)


class _Table:
    """Rows of plain ints under the indexing that numpy has, so that the plain walk computes with Python's own ints."""

    def __init__(self, rows):
        self._rows = rows

    def __len__(self):
        return len(self._rows)

    def __getitem__(self, place):
        return self._rows[place[0]][place[1]]
