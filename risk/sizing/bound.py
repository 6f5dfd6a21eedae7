"""What one rule allows."""

import math

import msgspec

UNKNOWN = "-unknown"
LARGEST = 2**62  # what a rule says that has nothing against any quantity
BILLION = 1_000_000_000


class Bound(msgspec.Struct, frozen=True):
    """The quantity that a rule allows, in units, and the figures that it counted with."""

    rule: str
    quantity: int
    figures: dict[str, str]


def unproven(rule: str, quantity: int, why: str) -> Bound:
    """Return what a rule allows whose figure is not known yet: a fixed quantity."""
    return Bound(rule + UNKNOWN, quantity, {f"{rule}_needs": why})


def floor_of(quantity: float) -> int:
    """Return whole units of a quantity that floats gave: never more, never negative, and never no number at all."""
    return math.floor(min(max(0.0, quantity), LARGEST))  # this way around NaN is 0


def text_of(figure: float) -> str:
    """Return a statistic as text of nine digits: enough for a person, the same on every machine."""
    return f"{figure:.9g}"
