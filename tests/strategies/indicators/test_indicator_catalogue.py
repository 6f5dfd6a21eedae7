"""The table in strategies/indicators/README.md is complete and true."""

import dataclasses
import inspect
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from core.book import Levels, set_level
from strategies import indicators as ti

README = Path(ti.__file__).with_name("README.md")
ARGUMENTS: dict[str, float] = {
    "period": 7,
    "fast": 3,
    "slow": 8,
    "signal": 4,
    "smooth_k": 3,
    "smooth_d": 2,
    "atr_period": 9,
    "multiplier": 2.0,
    "samples_per_year": 365,
    "probability": 0.3,
    "process": 0.1,
    "noise": 1.0,
    "level_process": 0.1,
    "slope_process": 0.01,
    "intercept_process": 0.1,
    "beta_process": 0.1,
    "prior": 1.0,
}
OTHERS = {"MODULES", "CAPACITY", "numbers_of", "restore"}


class Row(NamedTuple):
    make: str
    arguments: list[str]
    update: str
    inputs: list[str]
    outputs: list[str]
    warm_up: str


def rows() -> list[Row]:
    found = []
    for line in README.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 6 and cells[1].startswith("`"):
            (make, arguments), (update, inputs) = (
                re.fullmatch(r"`(\w+)\((.*)\)`", cell).groups()  # type: ignore[union-attr]
                for cell in cells[1:3]
            )
            outputs = re.findall(r"`(\w+)`", cells[3])
            found.append(Row(make, names(arguments), update, names(inputs), outputs, cells[4].strip("`")))
    return found


def names(text: str) -> list[str]:
    return [name for name in text.split(", ") if name]


def samples(inputs: list[str], count: int) -> list[list[Any]]:
    """Return `count` values of each input: moving prices, volume above 0."""
    chance = np.random.default_rng(2)
    close = 100.0 + np.cumsum(chance.normal(size=count))
    bids, asks = Levels(1), Levels(-1)
    set_level(bids, 99, 5)
    set_level(asks, 101, 5)
    known: dict[str, list[Any]] = {
        "high": (close + 1.0).tolist(),
        "low": (close - 1.0).tolist(),
        "volume": [1.0] * count,
        "session": [3] * count,
        "bids": [bids] * count,
        "asks": [asks] * count,
        "levels": [2] * count,
    }
    return [known.get(name, close.tolist()) for name in inputs]


TABLE = rows()
by_name = pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.make}-{row.update}")


def test_every_public_function_and_record_is_in_the_table() -> None:
    shown = {row.make for row in TABLE} | {row.update for row in TABLE}
    records = {type(make(row)).__name__ for row in TABLE}

    assert shown | records == set(ti.__all__) - OTHERS


@by_name
def test_the_table_names_the_arguments_in_order(row: Row) -> None:
    assert list(inspect.signature(getattr(ti, row.make)).parameters) == row.arguments
    assert list(inspect.signature(getattr(ti, row.update)).parameters) == row.inputs


@by_name
def test_the_table_names_fields_that_there_are(row: Row) -> None:
    fields = {field.name for field in dataclasses.fields(make(row))}

    assert fields >= {"ready", *row.outputs}


@by_name
def test_an_indicator_is_ready_after_the_stated_warm_up_and_not_before(row: Row) -> None:
    stated = eval(row.warm_up, {"__builtins__": {}, "max": max}, dict(ARGUMENTS))
    record, update = make(row), getattr(ti, row.update)
    readiness = []
    for sample in zip(*samples(row.inputs[1:], stated + 20), strict=True):
        update(record, *sample)
        readiness.append(record.ready)

    assert readiness == [False] * (stated - 1) + [True] * 21


@by_name
def test_a_record_tells_its_source_and_warm_up(row: Row) -> None:
    told = type(make(row)).__doc__ or ""

    assert "Warm-up" in told
    assert "Source" in told


def make(row: Row) -> Any:
    return getattr(ti, row.make)(*(ARGUMENTS[name] for name in row.arguments))
