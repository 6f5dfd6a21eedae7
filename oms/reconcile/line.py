"""Where the reconciliation with one venue stands."""

from dataclasses import dataclass, field

from core.clock import NEVER
from core.evidence import EvidenceWanted
from oms.reconcile.compare import Difference

IDLE, ORDERS, FILLS, ASK, ACCOUNT = "idle", "orders", "fills", "ask", "account"


@dataclass(slots=True)
class Open:
    """A question that is not answered. `staged`: the round waits for it."""

    wanted: EvidenceWanted
    sent_ns: int
    tries: int
    staged: bool


@dataclass(slots=True)
class Later:
    """A question that failed and is asked again at `due_ns`."""

    wanted: EvidenceWanted
    due_ns: int
    tries: int
    staged: bool


@dataclass(slots=True)
class Doubt:
    """An order whose last request has no certain answer."""

    next_ns: int
    step_ns: int
    since_ns: int
    paged: bool = False


@dataclass(slots=True)
class Line:
    """One venue: its link, the round under way, what is due next, and what was found."""

    venue: str
    up: bool = False
    started: bool = False  # a reconciliation was begun since the link came up, and told
    done: bool = False  # and has ended
    broken: bool = False  # with differences
    stage: str = IDLE
    full: bool = False  # the round compares figures, too
    attempt: int = 0  # how often in a row figures differed
    moved: int = 0  # how often in a row they moved while they were compared
    next_ns: int = NEVER  # when a round is due, beside the regular ones
    swept_ns: int = 0
    compared_ns: int = 0
    listed_ns: int = 0
    listed: dict[str, None] = field(default_factory=dict)  # the names of the orders that work there
    worked: dict[int, None] = field(default_factory=dict)  # instruments with orders of ours, now or at the last sweep
    unread: dict[int, None] = field(default_factory=dict)  # instruments whose fills could not be read in this round
    waiting: dict[int, Open] = field(default_factory=dict)
    later: list[Later] = field(default_factory=list)
    doubts: dict[str, Doubt] = field(default_factory=dict)
    differs: list[Difference] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)  # ours, when the venue's were asked for

    def is_staged(self) -> bool:
        """Whether the stage of the round still waits for an answer."""
        return any(each.staged for each in self.waiting.values()) or any(each.staged for each in self.later)

    def drop(self) -> None:
        """Forget the round and every question: the link is gone, or came up anew."""
        self.stage, self.attempt, self.moved = IDLE, 0, 0
        self.waiting.clear()
        self.later.clear()
        self.doubts.clear()

    def state(self) -> list[object]:
        """Return everything that a digest must cover."""
        return [
            self.venue,
            [self.up, self.started, self.done, self.broken, self.stage, self.full, self.attempt, self.moved],
            [self.next_ns, self.swept_ns, self.compared_ns, self.listed_ns],
            [list(self.listed), list(self.worked), list(self.unread)],
            [(number, each.sent_ns, each.tries, each.staged) for number, each in self.waiting.items()],
            [(each.wanted.number, each.due_ns, each.tries, each.staged) for each in self.later],
            [(name, each.next_ns, each.step_ns, each.since_ns, each.paged) for name, each in self.doubts.items()],
            [(each.key, str(each.figure)) for each in self.differs],
            [(key, str(figure)) for key, figure in sorted(self.figures.items())],
        ]
