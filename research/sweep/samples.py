"""A compiled run's log in numbers: how many rows of each kind, and the equity at all samples at once."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from connectors.sim.fees import fee_unit
from connectors.sim.settings import SimSettings
from core.instruments import Instrument
from core.records import NO_INSTRUMENT
from research.compiled.tables import SAMPLE

_KINDS = 64  # more than the log has
_SAMPLED = ("instrument", "a", "b", "c", "d", "e", "f")
_ROOM = float(1 << 60)  # what is computed with 64 bits stays below, sums of it too
Rows = np.ndarray[Any, Any]


class Tally:
    """Takes the rows of the log as they come: counts them, keeps the samples as columns."""

    def __init__(self) -> None:
        """Have seen none."""
        self.counts = np.zeros(_KINDS, np.int64)
        self._samples: list[list[Rows]] = []

    def clear(self) -> None:
        """Begin another run."""
        self.counts[:] = 0
        self._samples.clear()

    def __call__(self, rows: Rows) -> None:
        """Take rows, which are the loop's own: what is kept of them is copied."""
        kinds = np.ascontiguousarray(rows["kind"])
        counts = np.bincount(kinds, minlength=_KINDS)
        self.counts += counts
        if counts[SAMPLE]:
            places = np.flatnonzero(kinds == SAMPLE)
            self._samples.append([rows[name][places] for name in _SAMPLED])

    def samples(self) -> "Samples":
        """Return the samples so far."""
        if not self._samples:
            return Samples(*(np.zeros(0, np.int64) for _ in _SAMPLED))
        return Samples(*(np.concatenate(columns) for columns in zip(*self._samples, strict=True)))


class Samples(NamedTuple):
    """Positions as the log tells them: at each sample a row for each instrument that ever traded, then one of none."""

    instrument: Rows
    quantity: Rows
    cost: Rows
    realised: Rows
    fees: Rows
    fees_rest: Rows
    mark: Rows


class Held(msgspec.Struct, frozen=True):
    """What positions were worth at a sample or at the end: rows of one instrument each, numbers as in the log."""

    instrument: int
    quantity: int
    cost: int
    realised: int
    fees: int
    fees_rest: int
    mark_price: int


class Scale:
    """How the positions of one currency become money."""

    def __init__(self, instruments: Sequence[Instrument], currency: str, sim: SimSettings) -> None:
        """Take the instruments by index; those of other currencies do not count."""
        self.fee_unit = fee_unit(sim)
        self._factors = [each.notional_factor if each.currency == currency else 0 for each in instruments]
        self.unit = math.gcd(self.fee_unit, *self._factors)

    def profit_and_fees(self, held: Sequence[Held]) -> tuple[int, int]:
        """Return profit after fees, and fees, as money; exact."""
        profit = fees = 0
        for each in held:
            factor = self._factors[each.instrument]
            if factor:
                fee = each.fees * self.fee_unit + each.fees_rest
                profit += (each.quantity * each.mark_price - each.cost + each.realised) * factor - fee
                fees += fee
        return profit, fees

    def equities(self, start: int, samples: Samples, end: int) -> tuple[Rows, int]:
        """Return (equities, unit): the start, each sample and the end, in multiples of a unit of money; exact."""
        unit = self.unit
        if start % unit or end % unit or samples.fees_rest.any():
            unit = 1  # fees below a fee unit, or a starting balance finer than that
        profits = self._profits(samples, unit)
        wide = profits.dtype == object or max(abs(start), abs(end)) // unit >= _ROOM
        equities = np.zeros(len(profits) + 2, object if wide else np.int64)
        equities[0], equities[-1] = start // unit, end // unit
        equities[1:-1] = profits.astype(equities.dtype, copy=False) + start // unit
        return equities, unit

    def _profits(self, samples: Samples, unit: int) -> Rows:
        """Return the profit after fees at each sample, in multiples of `unit`."""
        none = samples.instrument == NO_INSTRUMENT
        ends = np.flatnonzero(none)
        if not len(ends):
            return np.zeros(0, np.int64)
        factors = [factor // unit for factor in self._factors]
        kind = np.int64 if self._fits(samples, factors, unit) else object
        factor = np.array([*factors, 0], kind)[np.where(none, len(factors), samples.instrument)]
        _, quantity, cost, realised, fees, rest, mark = (column.astype(kind, copy=False) for column in samples)
        values = (quantity * mark - cost + realised) * factor
        values -= (fees * (self.fee_unit // unit) + rest // unit) * (factor != 0)
        return np.add.reduceat(values, np.concatenate(([0], ends[:-1] + 1)))

    def _fits(self, samples: Samples, factors: Sequence[int], unit: int) -> bool:
        """Whether all of it can be computed with 64 bits."""
        _, quantity, cost, realised, fees, _, mark = (max(-float(each.min()), float(each.max())) for each in samples)
        value = (quantity * mark + cost + realised) * max(factors)
        return max((value + fees * (self.fee_unit // unit)) * len(factors), *factors) < _ROOM
