"""An indicator as plain numbers, for a strategy's `save` and `load`."""

import dataclasses
from collections.abc import Iterator, MutableSequence
from typing import Any

from core.hot import LENGTH
from strategies.base import StrategyError


def numbers_of(record: object) -> list[float]:
    """Return all numbers of an indicator, field by field; of an array its length without trailing zeros, then those.

    Whole numbers come back exactly below 2**53.
    """
    return list(_numbers(record))


def restore(record: Any, numbers: list[float]) -> None:  # noqa: ANN401 - any record class
    """Set an indicator made with the same arguments to what `numbers_of` returned. Raises StrategyError."""
    rest = iter(numbers)
    try:
        _restore(record, rest)
    except StopIteration:
        raise StrategyError(f"{type(record).__name__}: saved numbers end early; were they of this indicator?") from None
    if next(rest, None) is not None:
        raise StrategyError(f"{type(record).__name__}: more numbers saved than it has; were they of this indicator?")


def _numbers(record: object) -> Iterator[float]:
    """Yield the numbers of a record and of those inside it."""
    for each in dataclasses.fields(record):  # type: ignore[arg-type] # a record is a dataclass, see core.hot
        value = getattr(record, each.name)
        if LENGTH in each.metadata:
            used = _used(value)
            yield float(used)
            yield from value[:used]
        elif dataclasses.is_dataclass(value):
            yield from _numbers(value)
        else:
            yield float(value)


def _restore(record: Any, rest: Iterator[float]) -> None:  # noqa: ANN401 - any record class
    """Set the fields of a record and of those inside it."""
    for each in dataclasses.fields(record):
        value = getattr(record, each.name)
        if LENGTH in each.metadata:
            used = int(next(rest))
            for index in range(len(value)):
                value[index] = next(rest) if index < used else 0.0
        elif dataclasses.is_dataclass(value):
            _restore(value, rest)
        else:
            setattr(record, each.name, type(value)(next(rest)))


def _used(values: MutableSequence[float]) -> int:
    """Return the length without trailing zeros."""
    used = len(values)
    while used and values[used - 1] == 0.0:
        used -= 1
    return used
