"""Bars to feed indicators with: seeded synthetic ones, and recorded ones where there are any."""

import csv
import gzip
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Column = np.ndarray[Any, np.dtype[np.float64]]

RECORDED = {"btc": "bars/btc-perp-1m*.csv.gz", "fxcm": "bars/fxcm-*-bid-*.csv.gz"}
RECORDED_BARS = 20_000  # two weeks of minutes; drift over millions of samples has tests of its own
NAMES = [
    pytest.param("walk"),
    pytest.param("flat"),
    pytest.param("btc", marks=pytest.mark.recorded),
    pytest.param("fxcm", marks=pytest.mark.recorded),
]
"""Parameters of the `bars` fixture."""


@dataclass(frozen=True)
class Bars:
    """Columns of equal length; FX bars have no volume, so theirs is made up."""

    open: Column
    high: Column
    low: Column
    close: Column
    volume: Column


def synthetic(seed: int, length: int = 3_000, *, flat: bool = False) -> Bars:
    """Return a random walk in ticks; with `flat`, one that stands still most of the time and often trades nothing."""
    chance = np.random.default_rng(seed)
    moves = chance.normal(0.0, 3.0, length).round() * 0.01
    volume = chance.integers(1, 1_000, length) / 8.0
    if flat:
        still = np.repeat(chance.random(length // 50 + 1) < 0.6, 50)[:length]
        moves[still] = 0.0
        volume[still] = 0.0
    close = 100.0 + np.cumsum(moves)
    first = np.concatenate([[100.0], close[:-1]])
    reach = np.where(moves == 0.0, 0.0, chance.integers(0, 5, length) * 0.01)
    return Bars(first, np.maximum(first, close) + reach, np.minimum(first, close) - reach, close, volume)


def recorded(folder: Path, pattern: str) -> Bars:
    """Return the bars of a recorded file."""
    found = sorted(folder.glob(pattern))
    if not found:
        pytest.skip(f"no recorded bars {folder / pattern}; set TICKERD_RECORDED_DIR")
    with gzip.open(found[0], "rt", encoding="ascii", newline="") as file:
        rows = list(itertools.islice(csv.DictReader(file), RECORDED_BARS))
    columns = {name: np.array([float(row[name]) for row in rows]) for name in ("open", "high", "low", "close")}
    if "volume" in rows[0]:
        volume = np.array([float(row["volume"]) for row in rows])
    else:
        volume = np.random.default_rng(1).integers(0, 1_000, len(rows)) / 8.0
    return Bars(**columns, volume=volume)


def drive(record: Any, update: Callable[..., None], columns: list[Column], outputs: list[str]) -> list[Column]:
    """Feed an indicator and return its outputs, NaN where it was not ready."""
    length = len(columns[0])
    found = np.full((len(outputs), length), np.nan)
    for place, sample in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
        update(record, *sample)
        if record.ready:
            for row, name in enumerate(outputs):
                found[row, place] = getattr(record, name)
    return list(found)


def assert_close(found: Column, expected: Column, *, floor: float = 0.0) -> None:
    """Want equal warm-up and values within 1e-9, relative to the expected value or to `floor` where it is less."""
    known = ~np.isnan(expected)
    assert known.any()
    np.testing.assert_array_equal(~np.isnan(found), known, err_msg="warm-up")
    off = np.abs(found[known] - expected[known]) / np.maximum(np.abs(expected[known]), max(floor, 1e-300))
    assert off.max() <= 1e-9, f"off by {off.max():.3g} at {np.flatnonzero(known)[off.argmax()]}"


def windows(column: Column, period: int) -> Column:
    """Return each whole window as a row."""
    return np.lib.stride_tricks.sliding_window_view(column, period)


def padded(values: Column, warm_up: int) -> Column:
    """Return values of whole windows, NaN before the first."""
    return np.concatenate([np.full(warm_up - 1, np.nan), values])
