"""The order manager's hot functions, compiled beside plain Python: the same numbers, whatever happens to the orders."""

import dataclasses
from functools import cache

import numba
import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from oms import codes, ledger, moves, order, positions
from oms.codes import EVENT_COUNT, NEXT
from oms.ledger import trade_flow
from oms.moves import Exposure, Totals, cancel_order, enter_order, fill_order, learn_name, status_order
from oms.order import OrderNumbers
from oms.positions import PositionNumbers, apply_fill, book_fee, fee_value, fill_position
from research.compiled.layout import copy_back, row_of, table_of
from research.compiled.registry import register

MODULES = (codes, ledger, moves, order, positions)
SUBMIT, STATUS, CANCEL, FILL = range(4)
ORDERS = 4
SPOT, OPTION, CONTRACT = range(3)


def play(orders, exposures, totals, held, table, steps, told):
    """Do each step (what, order, a, b, c, now_ns) and write down all that the hot functions return."""
    for number in range(len(steps)):
        what, index, a, b, c, now_ns = steps[number]
        order, exposure, total, position = orders[index], exposures[0], totals[0], held[0]
        previous = event = anomaly = realised = base = value = whole = rest = 0
        if what == SUBMIT:
            order.number = total.submitted
            order.side, order.quantity = b, a
            order.submitted_ns = order.updated_ns = now_ns
            enter_order(order, exposure, total)
        elif what == STATUS:
            learnt = b == 1 and learn_name(order)
            previous, event, anomaly, changed = status_order(order, exposure, total, table, a, learnt, now_ns)
            value = 1 if changed else 0
        elif what == CANCEL:
            previous, anomaly = cancel_order(order, exposure, total, table, now_ns)
        else:
            previous, event, anomaly = fill_order(order, exposure, total, table, a, b, now_ns)
            realised = fill_position(position, order.side, a, b)
            base, value = trade_flow(c == SPOT, c == OPTION, order.side, a, b, realised)
            whole, rest = fee_value(-now_ns * (c - 1), b, 100, 10**10)
            book_fee(position, whole, rest, 10**10)
        told[number, 0], told[number, 1], told[number, 2], told[number, 3] = previous, event, anomaly, realised
        told[number, 4], told[number, 5], told[number, 6], told[number, 7] = base, value, whole, rest


@cache
def compiled_play():
    register(*MODULES)
    return numba.njit(play)


@cache
def compiled_apply_fill():
    register(*MODULES)

    def fill(quantity, cost, side, fill_quantity, fill_price):
        return apply_fill(quantity, cost, side, fill_quantity, fill_price)

    return numba.njit(fill)


events = st.integers(0, EVENT_COUNT - 1)
orders_named = st.integers(0, ORDERS - 1)
steps_of_any_kind = st.lists(
    st.one_of(
        st.tuples(st.just(STATUS), orders_named, events, st.integers(0, 1), st.just(0), st.integers(1, 10**6)),
        st.tuples(st.just(CANCEL), orders_named, st.just(0), st.just(0), st.just(0), st.integers(1, 10**6)),
        st.tuples(
            st.just(FILL),
            orders_named,
            st.integers(1, 2**33),
            st.integers(1, 2**24),
            st.integers(SPOT, CONTRACT),
            st.integers(1, 10**6),
        ),
    ),
    max_size=30,
)
submissions = st.lists(st.tuples(st.integers(1, 2**36), st.sampled_from([1, -1])), min_size=ORDERS, max_size=ORDERS)


def numbers(record):
    """A record's fields as plain values."""
    return [
        list(value) if field.metadata else value
        for field in dataclasses.fields(record)
        for value in [getattr(record, field.name)]
    ]


@settings(max_examples=200, deadline=None)
@given(submissions, steps_of_any_kind)
def test_the_life_of_orders_is_the_same_compiled(sizes, drawn):
    entries = [(SUBMIT, index, quantity, side, 0, 1) for index, (quantity, side) in enumerate(sizes)]
    steps = np.array([*entries, *drawn], np.int64)
    plain_told, compiled_told = np.zeros((len(steps), 8), np.int64), np.zeros((len(steps), 8), np.int64)

    orders = [OrderNumbers() for _ in range(ORDERS)]
    exposure, totals, position = Exposure(), Totals(), PositionNumbers()
    play(orders, [exposure], [totals], [position], NEXT, steps.tolist(), plain_told)

    order_rows = table_of(OrderNumbers, ORDERS)
    order_rows["side"] = 1
    rows = [row_of(record) for record in (Exposure(), Totals(), PositionNumbers())]
    compiled_play()(order_rows, *rows, np.array(NEXT, np.int64), steps, compiled_told)

    assert compiled_told.tolist() == plain_told.tolist()
    for row, record in zip(
        [*order_rows, *(row[0] for row in rows)], [*orders, exposure, totals, position], strict=True
    ):
        again = type(record)()
        copy_back(row, again)
        assert numbers(again) == numbers(record)


@settings(max_examples=300, deadline=None)
@given(
    st.integers(-(2**50) + 1, 2**50 - 1),
    st.integers(0, 2**12),
    st.sampled_from([1, -1]),
    st.integers(1, 2**50 - 1),
    st.integers(1, 2**12),
    st.floats(0, 1),
)
@example(2**50 - 1, 2**12, -1, 2**50 - 2, 2**12, 1.0)
@example(3_000_000_000, 2**12, -1, 2_999_999_999, 6_000, 0.5)
@example(3_037_000_500, 2**12, -1, 3_037_000_499, 6_000, 1.0)
def test_a_position_is_filled_to_the_same_numbers_compiled_at_the_bounds_too(
    quantity, average, side, fill_quantity, fill_price, part
):
    """Costs to 2**62 and positions to 2**50 units: cost times quantity would be 2**112."""
    sign = 1 if quantity >= 0 else -1
    cost = quantity * average + sign * int(part * max(abs(quantity) - 1, 0)) if quantity else 0
    expected = apply_fill(quantity, cost, side, fill_quantity, fill_price)
    assert compiled_apply_fill()(quantity, cost, side, fill_quantity, fill_price) == expected


def test_each_code_is_the_place_of_its_word_in_the_enumeration():
    for prefix, words in (("STATE", codes.STATES), ("EVENT", codes.EVENTS)):
        assert [getattr(codes, f"{prefix}_{word.name}") for word in words] == list(range(len(words)))
        assert getattr(codes, f"{prefix}_COUNT") == len(words)
    assert [getattr(codes, f"ANOMALY_{word.name if word else 'NONE'}") for word in codes.ANOMALIES] == list(
        range(len(codes.ANOMALIES))
    )
    assert len(codes.ANOMALIES) <= codes.ANOMALY_RADIX
