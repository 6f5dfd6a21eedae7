"""What is tried: `--vary NAME=VALUES` for each parameter, and every combination of them, the last varying fastest.

VALUES are single values and ranges `FIRST:LAST:STEP` with commas between; a range holds LAST where it comes to it.
Decimals stay what they were written as: 0.1:0.3:0.1 is three values.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import product
from math import prod

import msgspec

from config.explain import field_types
from research.sweep.errors import VaryProblem
from strategies import StrategyParams

COMBINATIONS_MAX = 1_000_000
_GUESSES = (int, float, bool)

Values = tuple[object, ...]
"""The varied parameters of one trial, in the order in which they were named."""


class Grid(msgspec.Struct, frozen=True):
    """The names and the values of what is varied."""

    axes: dict[str, tuple[object, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that are varied."""
        return tuple(self.axes)

    @property
    def size(self) -> int:
        """How many combinations there are."""
        return prod(len(values) for values in self.axes.values())

    def combinations(self) -> Iterator[Values]:
        """Yield every combination, the last name varying fastest."""
        return product(*self.axes.values())


def grid_of(words: Sequence[str], params: type[StrategyParams]) -> Grid:
    """Return what `--vary` words say of a strategy with parameters of the type `params`. Raises VaryProblem."""
    types = field_types(params)
    axes: dict[str, tuple[object, ...]] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name or not text:
            raise VaryProblem(f"cannot read --vary {word}; write NAME=FIRST:LAST:STEP or NAME=VALUE,VALUE,...")
        if name not in types:
            known = ", ".join(types) or "none"
            raise VaryProblem(f"--vary {name}: the strategy has no parameter of that name; it has {known}")
        if name in axes:
            raise VaryProblem(f"--vary {name} was said twice; put its values into one, with commas between")
        axes[name] = _values(word, text, types[name])
    grid = Grid(axes)
    if grid.size > COMBINATIONS_MAX:
        raise VaryProblem(f"{grid.size:,} combinations, at most {COMBINATIONS_MAX:,}: take larger steps")
    return grid


def with_params(given: Mapping[str, object], names: Sequence[str], values: Values) -> dict[str, object]:
    """Return a strategy's parameters as configured, with the varied ones in place."""
    return {**given, **dict(zip(names, values, strict=True))}


def _values(word: str, text: str, wanted: object) -> tuple[object, ...]:
    """Return the values of one word, each once. Raises VaryProblem."""
    found: dict[object, None] = {}
    for part in text.split(","):
        if ":" not in part:
            found[_value(part, wanted)] = None
            continue
        for value in _range(word, part):
            found[_value(value, wanted)] = None
    return tuple(found)


def _range(word: str, text: str) -> Iterator[str]:
    """Yield the values of `FIRST:LAST:STEP` as text, with LAST. Raises VaryProblem."""
    parts = text.split(":")
    try:
        first, last, step = (Decimal(part) for part in (parts if len(parts) == 3 else (*parts, "1")))
    except (InvalidOperation, ValueError) as error:
        raise VaryProblem(f"cannot read {text} in --vary {word}; write FIRST:LAST:STEP, such as 5:50:5") from error
    if not (first.is_finite() and last.is_finite() and step.is_finite()) or step <= 0 or last < first:
        raise VaryProblem(f"{text} in --vary {word} is empty: FIRST must not exceed LAST, and STEP be above 0")
    steps = int((last - first) // step)
    if steps >= COMBINATIONS_MAX:
        raise VaryProblem(f"--vary {word} has more than {COMBINATIONS_MAX:,} values: take larger steps")
    for number in range(steps + 1):
        yield f"{first + number * step:f}"


def _value(text: str, wanted: object) -> object:
    """Return a value as the parameter's type, else as what it looks like: the strategy's parameters then refuse it."""
    for kind in (wanted, *_GUESSES):
        try:
            return msgspec.convert(text, kind, strict=False)
        except (msgspec.ValidationError, TypeError):
            continue
    return text
