"""From record classes to structured arrays and back: the compiled form of a hot function's records.

A record is a dataclass with slots whose fields are int, float, bool, another record, or an array field made by
`core.hot` (`ints`, `floats`, `growing`). Its compiled form has the same field names: int64, float64, bool, a nested
structure, or a nested array of the declared length.
"""

import dataclasses
from array import array
from functools import cache
from typing import Any, get_type_hints

import numpy as np

from core.hot import LENGTH, Floats
from research.compiled.errors import CapacityExceeded, NotCompilable

_SCALARS: dict[object, np.dtype[Any]] = {
    int: np.dtype("<i8"),
    float: np.dtype("<f8"),
    bool: np.dtype("?"),
}
Row = np.ndarray[tuple[int], np.dtype[np.void]]
"""A structured array of one record."""


@cache
def dtype_of(record: type) -> np.dtype[np.void]:
    """Return the structured type of a record class. Raises NotCompilable naming the field that has no such form."""
    if not dataclasses.is_dataclass(record):
        raise NotCompilable(f"{record.__name__} is no record: make it a dataclass with slots, see core/hot.py")
    hints = get_type_hints(record)
    fields = [(each.name, *_form(record, each, hints[each.name])) for each in dataclasses.fields(record)]
    return np.dtype(fields, align=True)


def row_of(record: object) -> Row:
    """Return a structured array of length 1 that holds a copy of `record`. Raises NotCompilable, CapacityExceeded."""
    row = np.zeros(1, dtype_of(type(record)))  # type: ignore[arg-type] # mypy doubts that classes hash
    fill(row[0], record)
    return row


def table_of(record: type, length: int) -> Row:
    """Return `length` rows of a record class, all zero."""
    return np.zeros(length, dtype_of(record))


def fill(place: Any, record: object) -> None:  # noqa: ANN401 - numpy's void scalars have no useful type
    """Copy a record into a row. Raises CapacityExceeded where a growing field holds more than the row can."""
    for each in dataclasses.fields(record):  # type: ignore[arg-type]
        value = getattr(record, each.name)
        if dataclasses.is_dataclass(value):
            fill(place[each.name], value)
        elif LENGTH in each.metadata:
            if len(value) > each.metadata[LENGTH]:
                raise CapacityExceeded(
                    f"{type(record).__name__}.{each.name} holds {len(value)} values, the compiled form "
                    f"{each.metadata[LENGTH]}: use the Python driver"
                )
            place[each.name][: len(value)] = value
        else:
            try:
                place[each.name] = value
            except OverflowError as error:
                raise CapacityExceeded(
                    f'{type(record).__name__}.{each.name} is {value}, more than 64 bits hold: use driver = "python"'
                ) from error


def copy_back(place: Any, record: object) -> None:  # noqa: ANN401 - likewise
    """Copy a row into a record, in place. A growing field takes as many values as its record's `count` says."""
    for each in dataclasses.fields(record):  # type: ignore[arg-type]
        value = getattr(record, each.name)
        if dataclasses.is_dataclass(value):
            copy_back(place[each.name], value)
        elif isinstance(value, list):
            value[:] = place[each.name][: int(place["count"])].tolist()
        elif LENGTH in each.metadata:
            value[:] = array(value.typecode, place[each.name].tolist())
        else:
            setattr(record, each.name, place[each.name].item())


def _form(record: type, each: dataclasses.Field[Any], hint: object) -> tuple[Any, ...]:
    """Return the numpy form of one field."""
    if LENGTH in each.metadata:
        scalar = "<f8" if hint == Floats else "<i8"
        return scalar, (each.metadata[LENGTH],)
    if hint in _SCALARS:
        return (_SCALARS[hint],)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return (dtype_of(hint),)
    raise NotCompilable(
        f"{record.__name__}.{each.name} is {hint}: a record holds int, float, bool, records and core.hot arrays"
    )
