"""Money that a venue moved without an order: told by its stream, found in its history, booked once.

The stream and the history name one move differently, and times differ by seconds. So a move of the one is held to be a
move of the other where currency and amount are equal and their times are near, the nearest first; each is taken for one
other at most, hence as many are booked as happened. The stream may tell in one what the history tells in several rows
of one time, as the funding of both legs in hedge mode, or of several contracts: then their sum is the move. The names
of what was booked are the account's (`oms.account`): they survive restarts.

Whose funding it was the stream does not always tell: on Binance, of a crossed position, it names no symbol. Then the
history's row, which does, has the amount counted among the fees of that position, and no balance is booked again. So
profit and loss are the same whoever told of it first. Sessions of before the stream told the venue's time, and the
history its symbol, have neither in their records, and replay as they were.
"""

from collections.abc import Sequence

import msgspec

from core.effects import Effect
from core.events import AccountMoved
from core.evidence import EvidenceGiven, EvidenceWanted, VenueMove
from core.records import NO_INSTRUMENT
from oms.manager import OrderManager
from oms.reconcile.opening import Opening
from oms.reconcile.settings import ReconcileSettings

NEAR_NS = 120_000_000_000
SAME_NS = 1_000_000_000
"""Two times of the venue's that are nearer than this are one; farther apart, its history is asked which move it was."""
KEEP = 10_000


class Waiting(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A move that has no other half yet; `symbol` is what it is for, as far as it was told."""

    venue: str
    currency: str
    amount: str
    when_ns: int
    by_stream: bool
    timed: bool = False  # the stream's, at the venue's time; else at ours
    symbol: str = ""

    def row(self) -> list[object]:
        """Return it in plain values, as short as before there was the rest where that holds nothing."""
        told: list[object] = [self.venue, self.currency, self.amount, self.when_ns, self.by_stream]
        return [*told, self.timed, self.symbol] if self.timed or self.symbol else told

    def may_be(self, other: "Waiting") -> bool:
        """Whether this and another are halves of one move, of whatever amounts."""
        near = self.by_stream is not other.by_stream and abs(self.when_ns - other.when_ns) <= NEAR_NS
        same = self.venue == other.venue and self.currency == other.currency
        return near and same and (not self.symbol or not other.symbol or self.symbol == other.symbol)

    def distance_ns(self, other: "Waiting") -> int:
        """Return how far this and another are apart by the venue's own times, 0 where not both are known."""
        return abs(self.when_ns - other.when_ns) if self.timed or other.timed else 0


class Moves:
    """Pairs what the stream tells with what the history tells, and knows how far the history was read."""

    def __init__(self, manager: OrderManager, opening: Opening, settings: ReconcileSettings) -> None:
        """Have read nothing."""
        self.first_ns: dict[str, int] = {}
        """From when on each venue's moves are ours to book: earlier ones were in the books already."""
        self.cursors: dict[str, int] = {}
        self.waiting: list[Waiting] = []
        self.late: list[tuple[int, str, str, int]] = []
        """(instrument, currency, amount, when) of what is booked for a position of which no fill is yet."""
        self._manager = manager
        self._opening = opening
        self._overlap_ns = settings.overlap_ns
        self._lag_ns = settings.visibility_ns

    def since_ns(self, venue: str, now_ns: int) -> int:
        """Return from when on a venue is asked for its moves."""
        cursor_ns = self.cursors.get(venue)
        return now_ns if cursor_ns is None else max(cursor_ns - self._overlap_ns, self.first_ns.get(venue, 0))

    def heard(self, move: AccountMoved, instrument: int, now_ns: int) -> bool:
        """See a move of the stream before it is booked: it is not, where the history has told it.

        Nor is it while the books have only just begun: they may have begun with it. The history tells when it was.
        Returns whether the history should be asked at once: what it told was at another time, and may be another move.
        """
        name = f"{move.venue}:{move.move_id}"
        if name in self._manager.account.canonical():
            return False
        timed, symbol = move.moved_ns > 0, ""
        if timed and instrument != NO_INSTRUMENT:
            symbol = self._manager.instrument(instrument).symbol
        when_ns = move.moved_ns or now_ns
        waiting = Waiting(move.venue, move.currency, move.amount, when_ns, by_stream=True, timed=timed, symbol=symbol)
        young = not self._opening.is_after(move.venue, now_ns - self._lag_ns)
        rows = [] if young else self._rows_of(waiting)
        if young or rows:
            self._manager.account.is_new(name)
        else:
            self._wait(waiting)
        return any(waiting.distance_ns(row) > SAME_NS for row in rows)

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
        heard = self._heard_of([_waiting_of(venue, move) for move in fresh])
        for move, other in zip(fresh, heard, strict=True):
            if other is not None:
                account.is_new(f"{venue}:{move.move_id}")
                if other.timed and not other.symbol:
                    self._count(move, effects)
                continue
            self._wait(_waiting_of(venue, move))
            self._book(venue, move, now_ns, effects)
        if given.complete:
            self.cursors[venue] = given.asked_ns
            self._forget(venue, given.asked_ns - self._overlap_ns - NEAR_NS)

    def filled(self, instrument: int, effects: list[Effect]) -> None:
        """Count what was told before the fills of its position, where these have been told now."""
        for late in [each for each in self.late if each[0] == instrument]:
            if self._manager.taking.count_cost(instrument, late[1], int(late[2]), effects):
                self.late.remove(late)

    def _book(self, venue: str, move: VenueMove, now_ns: int, effects: list[Effect]) -> None:
        """Book a row of the history."""
        booked = AccountMoved(
            venue=venue,
            move_id=move.move_id,
            currency=move.currency,
            amount=move.amount,
            reason=move.reason,
            detail=move.detail,
        )
        self._manager.account_event(booked, move.instrument, effects, now_ns)
        if self._is_early(move):
            self._keep_late(move)

    def _count(self, move: VenueMove, effects: list[Effect]) -> None:
        """Count what the stream has had booked to the balance alone for the position that the history names."""
        if self._is_early(move):
            self._keep_late(move)
        elif move.instrument != NO_INSTRUMENT:
            self._manager.taking.count_cost(move.instrument, move.currency, int(move.amount), effects)

    def _is_early(self, move: VenueMove) -> bool:
        """Whether a move is for a position of which no fill is booked yet."""
        known = move.symbol and move.instrument in self._manager.instruments()
        return bool(known) and not self._manager.position(move.instrument).fills

    def _keep_late(self, move: VenueMove) -> None:
        """Keep a move until the fills of its position are told."""
        self.late.append((move.instrument, move.currency, move.amount, move.venue_ns))
        if len(self.late) > KEEP:
            del self.late[0]

    def _heard_of(self, fresh: Sequence[Waiting]) -> list[Waiting | None]:
        """Return by which move the stream has told each of the history's, in their order: alone, or several in one."""
        heard = [self._take_pair(one) for one in fresh]
        if not any(each.by_stream for each in self.waiting):
            return heard
        left = [at for at, other in enumerate(heard) if other is None]
        for run in _runs([fresh[at] for at in left]):
            rows = [left[at] for at in run]
            if any(heard[at] is not None for at in rows):
                continue
            amount = str(sum(int(fresh[at].amount) for at in rows))
            symbols = dict.fromkeys(fresh[at].symbol for at in rows)
            symbol = fresh[rows[0]].symbol if len(symbols) == 1 else ""
            other = self._take_pair(msgspec.structs.replace(fresh[rows[0]], amount=amount, symbol=symbol))
            if other is not None:
                for at in rows:
                    heard[at] = other
        return heard

    def _rows_of(self, told: Waiting) -> list[Waiting]:
        """Take what the history told of a move of the stream off what waits, if it is there: one row, or several."""
        alone = self._take_pair(told)
        if alone is not None:
            return [alone]
        rows = [each for each in self.waiting if each.may_be(told)]
        for run in _runs(rows):
            if sum(int(rows[at].amount) for at in run) == int(told.amount):
                for at in run:
                    self.waiting.remove(rows[at])
                return [rows[at] for at in run]
        return []

    def _take_pair(self, one: Waiting) -> Waiting | None:
        """Take the other half of a move off what waits, the nearest, if it is there."""
        halves = [each for each in self.waiting if each.amount == one.amount and each.may_be(one)]
        if not halves:
            return None
        other = min(halves, key=one.distance_ns)
        self.waiting.remove(other)
        return other

    def _wait(self, waiting: Waiting) -> None:
        """Keep a move for its other half."""
        self.waiting.append(waiting)
        if len(self.waiting) > KEEP:
            del self.waiting[0]

    def _forget(self, venue: str, before_ns: int) -> None:
        """Let go of what can have no other half any more, and of what no fills followed for."""
        self.waiting = [each for each in self.waiting if each.venue != venue or each.when_ns >= before_ns]
        self.late = [
            each for each in self.late if self._manager.instrument(each[0]).venue != venue or each[3] >= before_ns
        ]

    def state(self) -> list[object]:
        """Return everything that a digest must cover, nothing where nothing was asked."""
        told = [sorted(self.first_ns.items()), sorted(self.cursors.items()), [each.row() for each in self.waiting]]
        if self.late:
            told.append([list(each) for each in self.late])
        return told if any(told) else []


def _when(move: VenueMove) -> tuple[int, str]:
    """Return what orders moves in time."""
    return move.venue_ns, move.move_id


def _waiting_of(venue: str, move: VenueMove) -> Waiting:
    """Return a row of the history as it waits for the stream's word."""
    return Waiting(venue, move.currency, move.amount, move.venue_ns, by_stream=False, symbol=move.symbol)


def _runs(rows: Sequence[Waiting]) -> list[range]:
    """Return where two or more neighbours have one currency and one time, the longest first."""
    runs = []
    keys = [(each.currency, each.when_ns) for each in rows]
    for start, key in enumerate(keys):
        end = start + 1
        while end < len(keys) and keys[end] == key:
            end += 1
            runs.append(range(start, end))
    return sorted(runs, key=lambda run: (-len(run), run.start))
