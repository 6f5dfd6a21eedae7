"""Makes hot functions known to numba: compiled code that calls one gets it inlined, Python calls it as it stands."""

from bisect import bisect_left
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

from numba.extending import overload, register_jitable

from connectors.sim import answers
from core import hot

known: set[Callable[..., Any]] = set()
"""Every function that compiled code may call by now."""


def register(*modules: ModuleType) -> None:
    """Make every function in each module's `HOT` callable from compiled code; again is harmless."""
    _register_primitives()
    for module in modules:
        for function in module.HOT:
            if function not in known:
                register_jitable(function)
                known.add(function)


@cache
def _register_primitives() -> None:
    """Give the primitives that move a list live their compiled bodies: shifts in an array of fixed capacity."""
    overload(hot.insert_at)(_choose_insert_at)
    overload(hot.delete_at)(_choose_delete_at)
    overload(bisect_left)(_choose_bisect_left)
    overload(answers.put_report)(_choose_put_report)


def _insert_at(values: Any, count: int, place: int, value: int) -> None:
    """The compiled body of `insert_at`."""
    if count >= len(values):
        raise IndexError("a growing field of the compiled form is full")
    index = count
    while index > place:
        values[index] = values[index - 1]
        index -= 1
    values[place] = value


def _delete_at(values: Any, count: int, place: int) -> None:
    """The compiled body of `delete_at`."""
    for index in range(place, count - 1):
        values[index] = values[index + 1]


def _bisect_left(values: Any, wanted: int, low: int, high: int) -> int:
    """The compiled body of `bisect.bisect_left(values, wanted, low, high)`."""
    while low < high:
        middle = (low + high) >> 1
        if values[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


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
