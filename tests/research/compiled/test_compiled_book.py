"""The book's hot functions, compiled beside plain."""

import numba
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core import book as core_book
from core import market as core_market
from core.book import L2Book, apply_level, apply_order
from core.market import MarketNumbers, touch_of
from core.records import ASK, EMPTY, FIRST, LAST, SNAPSHOT
from research.compiled.layout import copy_back, row_of
from research.compiled.registry import register

register(core_book, core_market)


BY_ORDER = -1  # in place of the update before: an MBO record


@numba.njit
def apply_all(row, levels):
    faults = np.zeros(len(levels), np.int64)
    for index in range(len(levels)):
        flags, price, quantity, last, prev = levels[index]
        if prev == BY_ORDER:
            faults[index] = apply_order(row[0].book, flags, price, quantity, last)
        else:
            faults[index] = apply_level(row[0].book, flags, price, quantity, last, prev)
    return faults, touch_of(row[0])


level = st.tuples(
    st.sampled_from(
        [0, ASK, FIRST, FIRST | ASK, LAST, LAST | ASK, FIRST | LAST, FIRST | LAST | SNAPSHOT, FIRST | EMPTY]
    ),
    st.integers(90, 110),
    st.integers(0, 3),
    st.integers(1, 6),
    st.integers(0, 5),
)
order = st.tuples(
    st.sampled_from([0, ASK, FIRST, LAST, LAST | ASK, FIRST | LAST, FIRST | LAST | SNAPSHOT]),
    st.integers(97, 103),
    st.integers(-3, 5),
    st.sampled_from([1, 1, 1, 1, 1, 0, 2]),  # by how much the sequence moves on
    st.just(BY_ORDER),
)
SEED = [(FIRST | SNAPSHOT, 99, 5, 1, 0), (LAST | SNAPSHOT | ASK, 101, 7, 1, 0)]


@settings(deadline=None)
@given(st.lists(level, max_size=60), st.booleans())
def test_compiled_and_plain_book_see_the_same_faults_levels_and_touch(steps, with_quote):
    live, other = MarketNumbers(), MarketNumbers()
    if with_quote:
        live.quote_ns, live.bid_price, live.ask_price = 5, 98, 102
    row = row_of(live)
    steps = SEED + steps

    faults = [apply_level(live.book, *step) for step in steps]
    compiled_faults, compiled_touch = apply_all(row, np.array(steps, "i8"))

    copy_back(row[0], other)
    assert compiled_faults.tolist() == faults
    assert compiled_touch == touch_of(live)
    assert other == live


@settings(deadline=None)
@given(st.lists(order, max_size=60))
def test_compiled_and_plain_book_by_order_see_the_same_faults_levels_and_touch(steps):
    live, other = MarketNumbers(), MarketNumbers()
    row = row_of(live)
    numbered = [(*SEED[0][:3], 1, BY_ORDER), (*SEED[1][:3], 2, BY_ORDER)]
    for flags, price, change, step, by_order in steps:
        numbered.append((flags, price, change, numbered[-1][3] + step, by_order))

    faults = [apply_order(live.book, *step[:4]) for step in numbered]
    compiled_faults, compiled_touch = apply_all(row, np.array(numbered, "i8"))

    copy_back(row[0], other)
    assert compiled_faults.tolist() == faults
    assert compiled_touch == touch_of(live)
    assert other == live


def test_a_book_has_no_bound_live():
    book = L2Book()
    for price in range(1, 20_000):
        book.set_level(0, price, 1)

    assert (len(book.bids), book.best_bid) == (19_999, 19_999)
