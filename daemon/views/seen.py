"""What passed and is not kept elsewhere: fills, refusals by strategy and code, when a strategy last asked for anything.

Fed by the effects as they are journaled, beside the core: nothing here decides anything, and none of it replays.
"""

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

from core.effects import OrderFilled, ParentProgress, StrategyChanged, StrategyState, TimerSet
from core.orders import ApprovedGroup, ApprovedSubmit, Refusal

KEEP_FILLS = 1_000
KEEP_PARENTS = 200
KEEP_CODES = 1_000
WORKER = "#"  # in the name of an execution algorithm, behind that of the strategy that it works for


class Refused(NamedTuple):
    """How often one strategy was refused for one reason, and the last time."""

    times: int
    first_ns: int
    last_ns: int
    last: Refusal


class Asked(NamedTuple):
    """How often a strategy's orders were let out, and when the last was."""

    times: int
    last_ns: int


class Seen:
    """Notes a few of the effects that pass; each costs what a dictionary costs."""

    def __init__(self) -> None:
        """Have seen nothing."""
        self.fills: deque[tuple[int, OrderFilled]] = deque(maxlen=KEEP_FILLS)
        self.refused: dict[tuple[str, str], Refused] = {}
        self.asked: dict[str, Asked] = {}
        self.changed: dict[str, tuple[int, StrategyChanged]] = {}
        self.timers: dict[str, tuple[int, TimerSet]] = {}
        self.parents: dict[str, ParentProgress] = {}

    def filled(self, now_ns: int, fill: OrderFilled) -> None:
        """Note an execution."""
        self.fills.append((now_ns, fill))

    def refuse(self, now_ns: int, refusal: Refusal) -> None:
        """Note a refusal; the newest of a strategy and code stands last."""
        key = (refusal.intent.strategy_id, refusal.code)
        known = self.refused.pop(key, None)
        count, first_ns = (0, now_ns) if known is None else known[:2]
        self.refused[key] = Refused(count + 1, first_ns, now_ns, refusal)
        if len(self.refused) > KEEP_CODES:
            del self.refused[next(iter(self.refused))]

    def submitted(self, now_ns: int, command: ApprovedSubmit) -> None:
        """Note an order that was let out."""
        strategy_id = command.intent.strategy_id
        known = self.asked.get(strategy_id)
        self.asked[strategy_id] = Asked(1 if known is None else known.times + 1, now_ns)

    def submitted_together(self, now_ns: int, group: ApprovedGroup) -> None:
        """Note orders that were let out as one list."""
        for command in group.orders:
            self.submitted(now_ns, command)

    def change(self, now_ns: int, change: StrategyChanged) -> None:
        """Note a strategy's state, and since when; an execution algorithm that is done is forgotten."""
        if change.state is StrategyState.STOPPED and WORKER in change.strategy_id:
            self.changed.pop(change.strategy_id, None)
            self.timers.pop(change.strategy_id, None)
        else:
            self.changed[change.strategy_id] = (now_ns, change)

    def timer(self, now_ns: int, timer: TimerSet) -> None:
        """Note when a strategy last asked to be woken."""
        self.timers[timer.strategy_id] = (now_ns, timer)

    def progress(self, _now_ns: int, progress: ParentProgress) -> None:
        """Note how far a parent order is."""
        self.parents.pop(progress.parent, None)
        self.parents[progress.parent] = progress
        if len(self.parents) > KEEP_PARENTS:
            del self.parents[next(iter(self.parents))]

    def refusals_of(self, strategy_id: str) -> Mapping[str, Refused]:
        """Return a strategy's refusals by code, the newest last."""
        return {code: refused for (owner, code), refused in self.refused.items() if owner == strategy_id}
