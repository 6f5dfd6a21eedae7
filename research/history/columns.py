"""Columns of a user's own table to integers of the record, whole blocks at a time, each number exact or refused."""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from research.history.errors import BadInput

Ints = npt.NDArray[np.int64]
Column = npt.NDArray[np.generic]

_FLOAT_EXACT = 1 << 53


class Block:
    """Some rows of a table: `columns` of one length by name, the first of them row `first_row` (from 1) of `path`."""

    def __init__(self, path: object, first_row: int, columns: Mapping[str, Column]) -> None:
        """Look at columns that are there already; nothing is copied."""
        self.path = path
        self.first_row = first_row
        self.columns = columns
        self.rows = len(next(iter(columns.values()))) if columns else 0

    def has(self, name: str) -> bool:
        """Whether the table has a column."""
        return name in self.columns

    def units(self, name: str, precision: int, least: int) -> Ints:
        """Return prices or quantities in units of 10^-precision, none below `least`. Raises BadInput.

        Integers are units already. A float must be the very number nearest to a decimal of that precision, so that
        nothing is rounded: 61737.63 is at two decimals, 61737.635 is not.
        """
        column = self._column(name)
        if column.dtype.kind in "iu":
            units = self._int64(name, column)
        elif column.dtype.kind == "f":
            factor = 10.0**precision
            wide = column.astype(np.float64)
            scaled = np.rint(wide * factor)
            exact = np.abs(scaled) < _FLOAT_EXACT
            exact &= (scaled / factor).astype(column.dtype) == column
            self._refuse(name, exact, column, f"a number of at most {precision} decimals")
            units = scaled.astype(np.int64)
        else:
            raise self._bad(0, f"column {name} of integers (units) or floats", str(column.dtype))
        self._refuse(name, units >= least, column, f"at least {least} units of 10^-{precision}")
        return units

    def ints(self, name: str, default: Callable[[int, int], Ints] | None = None) -> Ints:
        """Return a column of integers; where there is none, what `default` gives for (first row, rows)."""
        if default is not None and name not in self.columns:
            return default(self.first_row, self.rows)
        column = self._column(name)
        if column.dtype.kind not in "iu":
            raise self._bad(0, f"column {name} of integers", str(column.dtype))
        return self._int64(name, column)

    def times(self, name: str, default: Ints | None = None) -> Ints:
        """Return times in ns since 1970: integers are ns, datetime64 of any unit is UTC. Raises BadInput."""
        if default is not None and name not in self.columns:
            return default
        column = self._column(name)
        if column.dtype.kind == "M":
            self._refuse(name, ~np.isnat(column), column, "a time")
            column = column.astype("datetime64[ns]").astype(np.int64)
        return Block(self.path, self.first_row, {name: column}).ints(name)

    def flags(self, name: str, *, needed: bool = False) -> npt.NDArray[np.bool_]:
        """Return a column of truths (booleans, or integers 0 and 1), all false where one that is not needed lacks."""
        if not needed and name not in self.columns:
            return np.zeros(self.rows, np.bool_)
        column = self._column(name)
        if column.dtype.kind not in "biu":
            raise self._bad(0, f"column {name} of booleans", str(column.dtype))
        self._refuse(name, (column == 0) | (column == 1), column, "0 or 1")
        return column.astype(np.bool_)

    def in_order(self, name: str, values: Ints, last: int) -> int:
        """Return the last of `values`, or `last` without any. Raises BadInput where one is below the one before it."""
        if not len(values):
            return last
        before = np.concatenate((np.array([last], np.int64), values[:-1]))
        self._refuse(name, values >= before, values, "times in order")
        return int(values[-1])

    def _column(self, name: str) -> Column:
        column = self.columns.get(name)
        if column is None:
            raise self._bad(0, f"a column {name}", ", ".join(self.columns) or "none")
        return column

    def _int64(self, name: str, column: Column) -> Ints:
        if column.dtype == np.uint64:
            fits = column.astype(np.uint64) <= np.uint64(np.iinfo(np.int64).max)
            self._refuse(name, fits, column, "a number below 2^63")
        return column.astype(np.int64)

    def _refuse(self, name: str, good: npt.NDArray[np.bool_], column: Column, expected: str) -> None:
        """Raise BadInput for the first row that is not good."""
        if not good.all():
            row = int(np.argmin(good))
            raise self._bad(self.first_row + row, f"{name}: {expected}", str(column[row]))

    def _bad(self, row: int, expected: str, found: str) -> BadInput:
        return BadInput(self.path, row, expected=expected, found=found)
