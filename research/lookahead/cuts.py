"""Where the data is cut: right after decisions, which is where a glance ahead shows, and at times by seed."""

from collections.abc import Sequence

from core.rng import Rng
from research.lookahead.decisions import Decision

DEFAULT_CUTS = 12
_STREAM = 77


def choose_cuts(decisions: Sequence[Decision], first_ns: int, last_ns: int, count: int, seed: int) -> list[int]:
    """Return up to `count` times, ascending, all after `first_ns`; records before a cut stay as they are.

    Two of three are the nanosecond after a decision, one from each of as many even stretches of the decisions; the
    others fall anywhere.
    """
    rng = Rng(seed, _STREAM)
    near = min(len(decisions), count - count // 3)
    cuts: set[int] = set()
    for number in range(near):
        begin, end = number * len(decisions) // near, (number + 1) * len(decisions) // near
        cuts.add(decisions[begin + rng.below(max(1, end - begin))].now_ns + 1)
    span = last_ns - first_ns
    for _ in range(count - near):
        cuts.add(first_ns + 1 + int(span * rng.uniform()))
    return sorted(cut for cut in cuts if first_ns < cut <= last_ns + 1)
