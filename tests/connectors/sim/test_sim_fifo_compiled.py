"""True queues compiled beside plain: the same answers, queues and ladders."""

import random
from typing import Any

import numba
import numpy as np
import pytest

from connectors.sim import fifo
from connectors.sim.fifo import on_order_event
from connectors.sim.matcher import advance, next_arrival
from core.book import apply_order
from core.records import ASK, EXECUTED, FIRST, LAST, SNAPSHOT, Kind
from research.compiled.layout import table_of
from research.compiled.registry import register
from research.compiled.tables import Answer, Ring
from tests.connectors.sim.line import EXACT
from tests.connectors.sim.test_sim_compiled import Sink, as_rows, same, tables

pytestmark = pytest.mark.slow  # compiles for half a minute

register(fifo)
MBO, SUBMIT, CANCEL = int(Kind.MBO), 100, 101
STEPS, ANSWERS = 400, 4_096


@numba.njit
def play(steps, venue, listings, markets, orders, requests, out):
    """Drive the matching as a driver does; a step is kind, flags, time, price, change and rank, or a request."""
    for index in range(len(steps)):
        kind, flags, now_ns, a, b, c, d = steps[index]
        advance(venue[0], listings, markets, orders, requests, now_ns, out)
        if kind == MBO:
            apply_order(markets[0].book, flags, a, b, c)
            if listings[0].active:
                on_order_event(venue[0], listings[0], orders, markets[0], flags, now_ns, a, b, d, out)
        else:
            request = requests[(venue[0].request_head + venue[0].request_count) % len(requests)]
            venue[0].request_count += 1
            request.arrival_ns = next_arrival(venue[0], now_ns)
            request.is_cancel = kind == CANCEL
            request.row = a
            request.instrument = 0
            request.sign = 1 if flags & ASK == 0 else -1
            request.quantity = b
            request.price = c


@numba.njit
def play_rows(steps, venue, listings, markets, orders, requests, ring, rows):
    """Drive the compiled form."""
    play(steps, venue, listings, markets, orders, requests, Sink(ring[0], rows))


def drawn(seed):
    """Draw orders of others that join, leave and trade, a gap and a snapshot after it, and requests of ours."""
    draw = random.Random(seed)
    steps, others, sequence = [], [], 0
    for number in range(6):
        sequence += 1
        side, price, quantity = number % 2, 100 - number // 2 if number % 2 == 0 else 103 + number // 2, 5
        others.append([side, price, quantity, sequence])
        ends = (0 if number else FIRST) | (LAST if number == 5 else 0)
        steps.append((MBO, SNAPSHOT | side | ends, 1, price, quantity, sequence, sequence))
    for now_ns in range(2, STEPS):
        what = draw.random()
        sequence += 1
        if now_ns == STEPS // 2:
            sequence += 1  # a record is lost
        if what < 0.35:
            side = draw.randint(0, 1)
            order = [side, draw.randint(98, 101) if not side else draw.randint(102, 105), draw.randint(1, 6), sequence]
            others.append(order)
            steps.append((MBO, side | FIRST | LAST, now_ns, order[1], order[2], sequence, sequence))
        elif what < 0.75 and others:
            order = draw.choice(others)
            gone = draw.randint(1, order[2])
            order[2] -= gone
            if not order[2]:
                others.remove(order)
            cause = draw.choice((0, EXECUTED))
            steps.append((MBO, order[0] | cause | FIRST | LAST, now_ns, order[1], -gone, sequence, order[3]))
        else:
            sequence -= 1
            side = draw.randint(0, 1)
            row = draw.randint(0, 31)
            price = draw.randint(98, 101) if not side else draw.randint(102, 105)
            kind = SUBMIT if draw.random() < 0.8 else CANCEL
            steps.append((kind, side, now_ns, row, draw.randint(1, 6), price, 0))
        if now_ns == STEPS // 2 + 30:
            for number, order in enumerate(others):
                sequence += 1
                ends = (0 if number else FIRST) | (LAST if number == len(others) - 1 else 0)
                steps.append((MBO, SNAPSHOT | order[0] | ends, now_ns, order[1], order[2], sequence, order[3]))
    return steps


def test_compiled_and_plain_queues_give_the_same_answers_and_end_alike():
    filled = 0
    for seed in range(30):
        steps = drawn(seed)
        plain = tables(EXACT)
        answers: list[Any] = []
        rows = [as_rows(table) for table in plain]
        ring, answered = table_of(Ring, 1), table_of(Answer, ANSWERS)

        play.py_func(steps, *plain, answers)
        play_rows(np.array(steps, "i8"), *rows, ring, answered)

        count = int(ring[0]["count"])
        assert [tuple(row)[: len(answers[0])] for row in answered[:count].tolist()] == answers
        for table, compiled in zip(plain, rows, strict=True):
            for record, row in zip(table, compiled, strict=True):
                same(record, row)
        filled += sum(answer[2] == 2 for answer in answers)
    assert filled > 100
