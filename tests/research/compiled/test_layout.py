from dataclasses import dataclass, field
from types import ModuleType

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import hot
from core.hot import Floats, Ints, delete_at, floats, growing, insert_at, ints
from research.compiled import registry
from research.compiled.errors import CapacityExceeded, NotCompilable
from research.compiled.layout import copy_back, dtype_of, row_of


@dataclass(slots=True)
class Inner:
    value: float = 0.5
    seen: bool = True


@dataclass(slots=True)
class Outer:
    count: int = 0
    inner: Inner = field(default_factory=Inner)
    values: Ints = growing(8)
    ring: Floats = floats(3)
    marks: Ints = ints(2)


def test_a_record_survives_the_way_to_a_row_and_back():
    record = Outer(count=3, inner=Inner(1.25, seen=False), values=[5, -6, 7])
    record.ring[1] = 0.1
    record.marks[0] = -(2**62)
    other = Outer()

    copy_back(row_of(record)[0], other)

    assert other == record
    assert type(other.count) is int
    assert type(other.inner.seen) is bool


def test_field_names_and_types_are_those_of_the_record():
    assert dtype_of(Outer).names == ("count", "inner", "values", "ring", "marks")
    assert dtype_of(Outer)["inner"] == dtype_of(Inner)
    assert dtype_of(Outer)["ring"].shape == (3,)


def test_more_values_than_the_compiled_form_holds_are_refused():
    with pytest.raises(CapacityExceeded, match=r"Outer.values holds 9 values, the compiled form 8"):
        row_of(Outer(count=9, values=list(range(9))))


def test_a_field_without_a_compiled_form_is_named():
    @dataclass(slots=True)
    class Bad:
        name: str = ""

    with pytest.raises(NotCompilable, match=r"Bad.name"):
        dtype_of(Bad)
    with pytest.raises(NotCompilable, match="dict is no record"):
        dtype_of(dict)


def change(outer: Outer, place: int, value: int) -> None:
    """Insert a value, or delete one where there is no more room."""
    if outer.count < 6:
        insert_at(outer.values, outer.count, min(place, outer.count), value)
        outer.count += 1
    else:
        delete_at(outer.values, outer.count, place)
        outer.count -= 1


def overfill(outer: Outer) -> None:
    """Insert more than there is room for."""
    for value in range(9):
        insert_at(outer.values, outer.count, 0, value)
        outer.count += 1


module = ModuleType("module")
module.HOT = (change, overfill)  # type: ignore[attr-defined]
registry.register(module)


@numba.njit
def compiled_change(row, places, values):
    for index in range(len(places)):
        change(row[0], places[index], values[index])


@numba.njit
def compiled_overfill(row):
    overfill(row[0])


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(-(2**63), 2**63 - 1)), max_size=40))
def test_growing_fields_move_alike_in_a_list_and_in_an_array(steps):
    live, other = Outer(), Outer()
    row = row_of(live)

    for place, value in steps:
        change(live, place, value)
    compiled_change(row, np.array([s[0] for s in steps], "i8"), np.array([s[1] for s in steps], "i8"))

    copy_back(row[0], other)
    assert other == live


def test_a_full_array_raises_instead_of_writing_beyond_itself():
    with pytest.raises(IndexError, match="full"):
        compiled_overfill(row_of(Outer()))


def test_a_hot_function_is_still_plain_python():
    assert hot.insert_at is insert_at
    assert change.__module__ == __name__
