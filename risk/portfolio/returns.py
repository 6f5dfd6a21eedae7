"""From price histories to one matrix of returns. Bars that a name lacks are told and left out, never filled in."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from risk.portfolio.errors import NotComparable, TooFewObservations

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Prices(NamedTuple):
    """The closes of one name: shape (T,) each, times in ns, ascending and without repeats, prices above 0."""

    times_ns: Ints
    closes: Floats


class ReturnMatrix(NamedTuple):
    """Returns of several names over the same bars.

    `names`: the columns, sorted. `returns`: shape (T, N), of the bars that end at `times_ns` (T,). `missing`: how many
    bars of all that any name has, one lacks. `dropped`: returns left out because they span more than one bar.
    `left_out`: names with too few bars, and how many they have.
    """

    names: tuple[str, ...]
    times_ns: Ints
    returns: Floats
    missing: dict[str, int]
    dropped: int
    left_out: dict[str, int]

    def column(self, name: str) -> Floats:
        """Return one name's returns, shape (T,). Raises NotComparable for one that is not there."""
        if name not in self.names:
            raise NotComparable(f"no returns of {name}: {self.left_out.get(name, 0)} bars of it are known")
        return self.returns[:, self.names.index(name)]


def prices(times_ns: npt.ArrayLike, closes: npt.ArrayLike, name: str = "this history") -> Prices:
    """Return a history that keeps what `Prices` promises. Raises NotComparable saying what is wrong with it."""
    times, values = np.asarray(times_ns, np.int64), np.asarray(closes, np.float64)
    if times.ndim != 1 or times.shape != values.shape:
        raise NotComparable(f"{name}: {times.shape} times for {values.shape} prices")
    if np.any(np.diff(times) <= 0):
        raise NotComparable(f"{name}: times must ascend; sort the bars and keep one for each time")
    if not np.all(np.isfinite(values)) or np.any(values <= 0):
        raise NotComparable(f"{name}: every price must be a number above 0; leave out the bars that have none")
    return Prices(times, values)


def align(
    histories: Mapping[str, Prices],
    *,
    step_ns: int = 0,
    least: int = 2,
    kind: Literal["simple", "log"] = "simple",
) -> ReturnMatrix:
    """Return the returns of all names over the times that all of them have.

    A name with fewer than `least` bars is left out and told, so that it does not take the others' history with it.
    `step_ns`: the length of a bar; where it is given, a return from one common time to the next that spans more is
    dropped: it is of another horizon. `simple` is p1 / p0 - 1, `log` is ln(p1 / p0).
    Raises TooFewObservations where no return is left.
    """
    left_out = {name: len(each.closes) for name, each in sorted(histories.items()) if len(each.closes) < least}
    names = tuple(name for name in sorted(histories) if name not in left_out)
    if not names:
        raise TooFewObservations(f"no name has {least} bars: {left_out}; wait for history, or seed it from files")
    common, union = histories[names[0]].times_ns, histories[names[0]].times_ns
    for name in names[1:]:
        common = np.intersect1d(common, histories[name].times_ns, assume_unique=True)
        union = np.union1d(union, histories[name].times_ns)
    missing = {name: int(len(union) - len(histories[name].times_ns)) for name in names}
    if len(common) < 2:
        raise TooFewObservations(f"{len(common)} bars are known of all of {', '.join(names)}; lacking: {missing}")
    table = np.column_stack([_at(histories[name], common) for name in names])
    ratios = table[1:] / table[:-1]
    returns = np.log(ratios) if kind == "log" else ratios - 1.0
    ends = common[1:]
    dropped = 0
    if step_ns:
        whole = np.diff(common) == step_ns
        dropped = int(np.count_nonzero(~whole))
        returns, ends = returns[whole], ends[whole]
        if not len(ends):
            raise TooFewObservations(f"no two bars of all of {', '.join(names)} follow each other; lacking: {missing}")
    return ReturnMatrix(names, ends, returns, missing, dropped, left_out)


def _at(history: Prices, times_ns: Ints) -> Floats:
    """Return a history's closes at times that it has."""
    return history.closes[np.searchsorted(history.times_ns, times_ns)]
