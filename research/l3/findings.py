"""What a study asks and what it found."""

from collections import Counter
from dataclasses import dataclass, field

from research.l3.believers import MODELS, VIEWS, Model, View
from research.l3.ghosts import Ghost

SECOND_NS = 1_000_000_000
HORIZONS = (("1 s", SECOND_NS), ("10 s", 10 * SECOND_NS), ("30 s", 30 * SECOND_NS))
END = "end"  # the true fill, or the end of the order's life


@dataclass(frozen=True, slots=True)
class Plan:
    """How many orders are asked, for how long each lives, and the seed that chooses times, sides and levels."""

    orders: int = 5_000
    seed: int = 1
    life_ns: int = 60 * SECOND_NS
    models: tuple[Model, ...] = MODELS
    views: tuple[View, ...] = VIEWS


@dataclass(slots=True)
class Findings:
    """What was found. `cancels` counts cancelled units by the tenth of the line in which they stood, head first."""

    plan: Plan
    ghosts: list[Ghost] = field(default_factory=list)
    cancels: Counter[int] = field(default_factory=Counter)
    events: int = 0
    trades: int = 0
    span_ns: int = 0
    fills: int = 0
    fills_out_of_line: int = 0
