"""Which of our rules made which difference: the fewest that, put into the replica, turn their outcome into ours."""

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from research.fidelity.fills import Outcome
from research.fidelity.peer_data import Rows
from research.fidelity.plan import MS, Queue, Script
from research.fidelity.recording import Recorded
from research.fidelity.replica import Replica, Rule

NOT_TOLD = "not told by these rules"
_CENT = 1e-6  # of a price unit: averages of floats


def is_same(first: Outcome, second: Outcome) -> bool:
    """Whether two outcomes are the same: quantities, times to the nanosecond, prices."""
    return (
        first.filled == second.filled
        and (first.first_ns, first.last_ns) == (second.first_ns, second.last_ns)
        and first.refused == second.refused
        and abs(first.price - second.price) < _CENT
    )


@dataclass(frozen=True)
class Differences:
    """How the outcomes of the same orders differ between two runs. Each order counts once, by the first that holds."""

    orders: int
    filled_first: int  # orders filled at all
    filled_second: int
    same: int
    only_first: int
    only_second: int
    less: int  # filled in both, not the same quantity
    began: int  # the same quantity, the first fill not at the same time
    ended: int  # only the last fill not at the same time
    price: int  # only the price
    refused: int  # filled in neither, refused in one
    median_ms: float  # of how much later the second's last fill is, where both filled the same at other times


def compare(first: Sequence[Outcome], second: Sequence[Outcome]) -> Differences:
    """Return how two runs of the same orders differ."""
    kinds = Counter(_kind(one, other) for one, other in zip(first, second, strict=True))
    later = [
        (other.last_ns - one.last_ns) / MS
        for one, other in zip(first, second, strict=True)
        if _kind(one, other) in {"began", "ended"}
    ]
    return Differences(
        orders=len(first),
        filled_first=sum(one.filled > 0 for one in first),
        filled_second=sum(other.filled > 0 for other in second),
        median_ms=statistics.median(later) if later else 0.0,
        **{kind: kinds[kind] for kind in _KINDS},
    )


_KINDS = ("same", "only_first", "only_second", "less", "began", "ended", "price", "refused")


def _kind(one: Outcome, other: Outcome) -> str:
    if is_same(one, other):
        return "same"
    if bool(one.filled) != bool(other.filled):
        return "only_first" if one.filled else "only_second"
    if not one.filled:
        return "refused"
    if one.filled != other.filled:
        return "less"
    if one.first_ns != other.first_ns:
        return "began"
    return "ended" if one.last_ns != other.last_ns else "price"


@dataclass(frozen=True)
class Told:
    """One order whose outcome differs, and the rules that tell why."""

    row: int
    theirs: Outcome
    ours: Outcome
    cause: str

    @property
    def kind(self) -> str:
        """How it differs, theirs first."""
        return _kind(self.theirs, self.ours)


def causes_of(
    recorded: Recorded, rows: Rows, script: Script, queue: Queue, theirs: Sequence[Outcome], ours: Sequence[Outcome]
) -> list[Told]:
    """Return each order that differs with the smallest set of our rules that brings hftbacktest's outcome to ours."""
    left = [row for row in range(len(script)) if not is_same(theirs[row], ours[row])]
    told: list[Told] = []
    for size in range(1, len(Rule) + 1):
        for rules in combinations(Rule, size):
            if not left:
                break
            found = Replica(recorded, rows, script[left], queue, frozenset(rules)).run()
            text = " + ".join(rule.value for rule in rules)
            hits = {row for row, each in zip(left, found, strict=True) if is_same(each, ours[row])}
            told += [Told(row, theirs[row], ours[row], text) for row in sorted(hits)]
            left = [row for row in left if row not in hits]
    told += [Told(row, theirs[row], ours[row], NOT_TOLD) for row in left]
    return sorted(told, key=lambda each: each.row)
