"""Money that a venue moved without an order: told by its stream, found in its history, booked once.

The stream and the history name one move differently, and times differ by seconds. So a move of the one is held to be a
move of the other where currency and amount are equal and their times are near; each is taken for one other at most,
hence as many are booked as happened. The stream may tell in one what the history tells in several rows of one time,
as the funding of both legs in hedge mode, or of several contracts: then their sum is the move. The names of what was
booked are the account's (`oms.account`): they survive restarts.
"""

from collections.abc import Sequence

from core.effects import Effect
from core.events import AccountMoved
from core.evidence import EvidenceGiven, EvidenceWanted, VenueMove
from oms.manager import OrderManager
from oms.reconcile.opening import Opening
from oms.reconcile.settings import ReconcileSettings

NEAR_NS = 120_000_000_000
KEEP = 10_000
Waiting = tuple[str, str, str, int, bool]
"""(venue, currency, amount, when, whether the stream told it) of a move that has no other half yet."""


class Moves:
    """Pairs what the stream tells with what the history tells, and knows how far the history was read."""

    def __init__(self, manager: OrderManager, opening: Opening, settings: ReconcileSettings) -> None:
        """Have read nothing."""
        self.first_ns: dict[str, int] = {}
        """From when on each venue's moves are ours to book: earlier ones were in the books already."""
        self.cursors: dict[str, int] = {}
        self.waiting: list[Waiting] = []
        self._manager = manager
        self._opening = opening
        self._overlap_ns = settings.overlap_ns
        self._lag_ns = settings.visibility_ns

    def since_ns(self, venue: str, now_ns: int) -> int:
        """Return from when on a venue is asked for its moves."""
        cursor_ns = self.cursors.get(venue)
        return now_ns if cursor_ns is None else max(cursor_ns - self._overlap_ns, self.first_ns.get(venue, 0))

    def heard(self, move: AccountMoved, now_ns: int) -> None:
        """See a move of the stream before it is booked: it is not, where the history has told it.

        Nor is it while the books have only just begun: they may have begun with it. The history tells when it was.
        """
        name = f"{move.venue}:{move.move_id}"
        if name in self._manager.account.canonical():
            return
        young = not self._opening.is_after(move.venue, now_ns - self._lag_ns)
        if young or self._was_told(move, now_ns):
            self._manager.account.is_new(name)
        else:
            self._wait((move.venue, move.currency, move.amount, now_ns, True))

    def told(self, question: EvidenceWanted, given: EvidenceGiven, now_ns: int, effects: list[Effect]) -> None:
        """Book what the history tells and nobody told before."""
        venue, account = given.venue, self._manager.account
        first_ns = self.first_ns.setdefault(venue, question.since_ns)
        known = dict.fromkeys(account.canonical())
        fresh = []
        for move in sorted(given.moves, key=_when):
            name = f"{venue}:{move.move_id}"
            old = move.venue_ns <= first_ns or not self._opening.is_after(venue, move.venue_ns)
            if not old and name not in known:
                known[name] = None
                fresh.append(move)
        heard = self._heard_of(venue, fresh)
        for at, move in enumerate(fresh):
            if heard[at]:
                account.is_new(f"{venue}:{move.move_id}")
                continue
            self._wait((venue, move.currency, move.amount, move.venue_ns, False))
            booked = AccountMoved(
                venue=venue,
                move_id=move.move_id,
                currency=move.currency,
                amount=move.amount,
                reason=move.reason,
                detail=move.detail,
            )
            self._manager.account_event(booked, move.instrument, effects, now_ns)
        if given.complete:
            self.cursors[venue] = given.asked_ns
            self._forget(venue, given.asked_ns - self._overlap_ns - NEAR_NS)

    def _heard_of(self, venue: str, fresh: Sequence[VenueMove]) -> list[bool]:
        """Return which of the history's moves, in their order, the stream has told: alone, or several in one."""
        heard = [self._has_pair(venue, one.currency, one.amount, one.venue_ns, by_stream=True) for one in fresh]
        if not any(each[4] for each in self.waiting):
            return heard
        left = [at for at, was_heard in enumerate(heard) if not was_heard]
        for run in _runs([(fresh[at].currency, fresh[at].venue_ns) for at in left]):
            rows = [left[at] for at in run]
            if any(heard[at] for at in rows):
                continue
            amount = str(sum(int(fresh[at].amount) for at in rows))
            if self._has_pair(venue, fresh[rows[0]].currency, amount, fresh[rows[0]].venue_ns, by_stream=True):
                for at in rows:
                    heard[at] = True
        return heard

    def _was_told(self, move: AccountMoved, now_ns: int) -> bool:
        """Take what the history told of a move of the stream off what waits, if it is there: one row, or several."""
        if self._has_pair(move.venue, move.currency, move.amount, now_ns, by_stream=False):
            return True
        rows = [
            each for each in self.waiting
            if each[:2] == (move.venue, move.currency) and not each[4] and abs(each[3] - now_ns) <= NEAR_NS
        ]  # fmt: skip
        for run in _runs([(each[1], each[3]) for each in rows]):
            if sum(int(rows[at][2]) for at in run) == int(move.amount):
                for at in run:
                    self.waiting.remove(rows[at])
                return True
        return False

    def _has_pair(self, venue: str, currency: str, amount: str, when_ns: int, *, by_stream: bool) -> bool:
        """Take the other half of a move off what waits, if it is there."""
        for at, waiting in enumerate(self.waiting):
            near = waiting[4] is by_stream and abs(waiting[3] - when_ns) <= NEAR_NS
            if near and waiting[:3] == (venue, currency, amount):
                del self.waiting[at]
                return True
        return False

    def _wait(self, waiting: Waiting) -> None:
        """Keep a move for its other half."""
        self.waiting.append(waiting)
        if len(self.waiting) > KEEP:
            del self.waiting[0]

    def _forget(self, venue: str, before_ns: int) -> None:
        """Let go of what can have no other half any more."""
        self.waiting = [each for each in self.waiting if each[0] != venue or each[3] >= before_ns]

    def state(self) -> list[object]:
        """Return everything that a digest must cover, nothing where nothing was asked."""
        told = [sorted(self.first_ns.items()), sorted(self.cursors.items()), [list(each) for each in self.waiting]]
        return told if any(told) else []


def _when(move: VenueMove) -> tuple[int, str]:
    """Return what orders moves in time."""
    return move.venue_ns, move.move_id


def _runs(keys: Sequence[tuple[str, int]]) -> list[range]:
    """Return where two or more neighbours have one currency and one time, the longest first."""
    runs = []
    for start, key in enumerate(keys):
        end = start + 1
        while end < len(keys) and keys[end] == key:
            end += 1
            runs.append(range(start, end))
    return sorted(runs, key=lambda run: (-len(run), run.start))
