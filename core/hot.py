"""What a hot function is, and the array fields that its records may hold.

A hot function is written once and used twice: Python calls it as it stands in the live engine, and numba inlines it
into the compiled backtest. It lives in a pure package and is named in its module's `HOT`. It works on

- integers, floats and booleans,
- *records*: objects with fixed fields. Live they are slotted objects (`@dataclass(slots=True)`), compiled they are
  rows of a structured array with the same field names,
- *tables*: a list of records live, a structured array compiled,
- array fields of records and plain sequences of numbers, by index.

It uses arithmetic, comparisons, `if`, `while`, `for ... in range(...)`, `min`, `max`, `abs`, tuples of numbers,
module constants that are plain ints or floats (an enum member is not), and other hot functions. It uses no strings,
None, dicts, sets, exceptions, closures, defaults or keyword arguments. Each name keeps one type. Integers must stay
inside 64 bits: say in the docstring which bound of the inputs makes that so.

What a float field or a float argument is given must be a float: `state.mean = float(price)`. Python keeps the int that
it is given, compiled code makes a float of it, and 1 and 1.0 are saved as different bytes: state digests would differ.
"""

from array import array
from collections.abc import MutableSequence
from dataclasses import field
from typing import Any

LENGTH = "length"  # the metadata key under which an array field tells its length

Ints = MutableSequence[int]
Floats = MutableSequence[float]


def ints(length: int) -> Any:  # noqa: ANN401 - `dataclasses.field` itself is typed as the field's own type
    """Return a dataclass field that holds `length` 64-bit integers, all 0."""
    return field(default_factory=lambda: array("q", bytes(8 * length)), metadata={LENGTH: length})


def floats(length: int) -> Any:  # noqa: ANN401 - likewise
    """Return a dataclass field that holds `length` floats, all 0.0."""
    return field(default_factory=lambda: array("d", bytes(8 * length)), metadata={LENGTH: length})


def growing(capacity: int) -> Any:  # noqa: ANN401 - likewise
    """Return a dataclass field that holds a list live, and `capacity` 64-bit integers compiled; a count tells how many.

    Change it with `insert_at` and `delete_at` alone: live they move a list, compiled they shift an array.
    """
    return field(default_factory=list, metadata={LENGTH: capacity})


def insert_at(values: Ints, count: int, place: int, value: int) -> None:  # noqa: ARG001 - compiled, the count is needed
    """Insert before `place` into a `growing` field that holds `count` values; the caller adds 1 to its count.

    Compiled it raises IndexError where the capacity is reached.
    """
    values.insert(place, value)


def delete_at(values: Ints, count: int, place: int) -> None:  # noqa: ARG001 - likewise
    """Delete at `place` from a `growing` field that holds `count` values; the caller takes 1 from its count."""
    del values[place]
