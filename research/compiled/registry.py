"""Makes hot functions known to numba: compiled code that calls one gets it inlined, Python calls it as it stands."""

from bisect import bisect_left
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
from numba.extending import overload, register_jitable

from connectors.sim import answers
from core import hot
from research.compiled.inner import INNER

NEAR = 16  # places from the end that are compared at once
ONE = np.uint64(1)

known: set[Callable[..., Any]] = set()
"""Every function that compiled code may call by now."""


def register(*modules: ModuleType) -> None:
    """Make every function in each module's `HOT` callable from compiled code; again is harmless."""
    _register_primitives()
    for module in modules:
        for function in module.HOT:
            if function not in known:
                make_callable(function)
                known.add(function)


def make_callable(function: Callable[..., Any]) -> None:
    """Make one function callable from compiled code."""
    register_jitable(**INNER)(function)


@cache
def _register_primitives() -> None:
    """Give the primitives that move a list live their compiled bodies: shifts in an array of fixed capacity."""
    overload(hot.insert_at, jit_options=INNER)(_choose_insert_at)
    overload(hot.delete_at, jit_options=INNER)(_choose_delete_at)
    overload(bisect_left, jit_options=INNER)(_choose_bisect_left)
    overload(answers.put_report, jit_options=INNER)(_choose_put_report)


def _insert_at(values: Any, count: int, place: int, value: int) -> None:
    """The compiled body of `insert_at`.

    Indexes here are unsigned: of a signed one numba asks each time whether it counts from the end.
    """
    if count >= len(values):
        raise IndexError("a growing field of the compiled form is full")
    index = np.uint64(count)
    first = np.uint64(place)
    while index > first:
        before = index - ONE
        values[index] = values[before]
        index = before
    values[first] = value


def _delete_at(values: Any, count: int, place: int) -> None:
    """The compiled body of `delete_at`."""
    index = np.uint64(place)
    last = np.uint64(count - 1)
    while index < last:
        after = index + ONE
        values[index] = values[after]
        index = after


def _bisect_left(values: Any, wanted: int, low: int, high: int) -> int:
    """The compiled body of `bisect.bisect_left(values, wanted, low, high)`.

    What is looked for is mostly near the end: in a book next to the touch. So the last few are compared all at once,
    without a branch that a processor could guess wrong; only beyond them the rest is halved.
    """
    if high - low >= NEAR:
        last = np.uint64(high)
        behind = 0
        for back in range(NEAR):
            behind += values[last - np.uint64(back + 1)] >= wanted
        if behind < NEAR:
            return high - behind
        high -= NEAR
    first, end = np.uint64(low), np.uint64(high)
    while first < end:
        middle = (first + end) >> ONE
        if values[middle] < wanted:
            first = middle + ONE
        else:
            end = middle
    return np.int64(first)  # type: ignore[return-value] # compiled it is an int


def _choose_insert_at(values: Any, count: int, place: int, value: int) -> Callable[..., None]:
    """Answer numba's question for a body; the arguments are types."""
    return _insert_at


def _choose_delete_at(values: Any, count: int, place: int) -> Callable[..., None]:
    """Answer numba's question for a body."""
    return _delete_at


def _choose_bisect_left(values: Any, wanted: int, low: int, high: int) -> Callable[..., int]:
    """Answer numba's question for a body."""
    return _bisect_left


def _put_report(
    out: Any,
    due_ns: int,
    instrument: int,
    kind: int,
    row: int,
    number: int,
    execution: int,
    price: int,
    quantity: int,
    leaves: int,
    fee: int,
    liquidity: int,
    reason: int,
) -> None:
    """The compiled body of `put_report`: the ring's next row."""
    ring, table = out.ring, out.answers
    if ring.count == len(table):
        raise IndexError("more answers are under way than the compiled form holds")
    answer = table[(ring.head + ring.count) % len(table)]
    ring.count += 1
    answer.due_ns = due_ns
    answer.instrument = instrument
    answer.kind = kind
    answer.row = row
    answer.number = number
    answer.execution = execution
    answer.price = price
    answer.quantity = quantity
    answer.leaves = leaves
    answer.fee = fee
    answer.liquidity = liquidity
    answer.reason = reason


def _choose_put_report(
    out: Any,
    due_ns: int,
    instrument: int,
    kind: int,
    row: int,
    number: int,
    execution: int,
    price: int,
    quantity: int,
    leaves: int,
    fee: int,
    liquidity: int,
    reason: int,
) -> Callable[..., None]:
    """Answer numba's question for a body."""
    return _put_report
