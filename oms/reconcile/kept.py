"""What of reconciliation survives a restart, and how it is folded out of a journal."""

import msgspec

from core.effects import Effect, FreezeChanged
from core.events import AccountMoved, OrderReport
from core.evidence import EvidenceGiven, EvidenceWanted
from core.records import NO_INSTRUMENT, Kind
from oms.freezes import Freezes
from oms.manager import OrderManager
from oms.reconcile.judge import Judge
from oms.reconcile.moves import Waiting
from oms.reconcile.restated import RESTATED
from oms.reconcile.settings import ReconcileSettings
from oms.reconcile.vanished import Leg
from oms.sections import read_section


class _Saved(msgspec.Struct, frozen=True, array_like=True):
    """The section's content, instruments by name."""

    cursors: list[tuple[str, int]]
    opened: list[tuple[str, int]]
    told: list[str]
    adopted: list[tuple[str, int]]
    inferred: list[tuple[str, list[str]]]
    halted: str
    frozen: list[tuple[str, str]]
    questions: list[tuple[EvidenceWanted, str]]
    absent: list[tuple[str, int, int]]
    behind: list[tuple[str, int]]
    listed: list[tuple[str, int]]
    scanned: list[tuple[str, int]]
    accepted: list[tuple[str, str]] = []
    vanished: list[tuple[str, int, int]] = []
    moves_first: list[tuple[str, int]] = []
    moves_read: list[tuple[str, int]] = []
    moves_waiting: list[Waiting] = []
    vanished_legs: list[tuple[str, list[tuple[int, Leg]]]] = []
    moves_late: list[tuple[str, str, str, int]] = []


_ALWAYS = 12  # fields that came later are left out where they hold nothing: older states keep their bytes
_MOVES_WAITING = _Saved.__struct_fields__.index("moves_waiting")
_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_decoder = msgspec.msgpack.Decoder(_Saved)


class Kept:
    """The section "reconcile": all that the judge goes by, what is frozen, what is foreign, how the books began.

    Questions are kept, too: a state taken while one is open may be folded on from, and then meets its answer.
    """

    name = "reconcile"
    version = 1
    kinds = (Kind.REPORT, Kind.EVIDENCE, Kind.QUERY, Kind.FREEZE, Kind.ACCOUNT_MOVE)

    def __init__(self, manager: OrderManager, judge: Judge, freezes: Freezes) -> None:
        """Speak of these live objects."""
        self._manager = manager
        self._judge = judge
        self._freezes = freezes
        self._dropped: list[Effect] = []

    def durable(self) -> bytes:
        """Return what must survive, empty where nothing was ever asked."""
        judge, name = self._judge, self._name
        saved = _Saved(
            cursors=[(name(index), cursor_ns) for index, cursor_ns in sorted(judge.cursors.items())],
            opened=sorted(judge.opening.opened.items()),
            told=list(judge.foreign.told),
            adopted=sorted(judge.foreign.adopted.items()),
            inferred=sorted(judge.inferred.items()),
            halted=self._freezes.halted,
            frozen=[(name(index), reason) for index, reason in sorted(self._freezes.instruments.items())],
            questions=[(each, self._name_of(each)) for each in judge.questions.values()],
            absent=[(each, *counted) for each, counted in sorted(judge.absent.items())],
            behind=sorted(judge.behind.items()),
            listed=sorted(judge.listed_ns.items()),
            scanned=[(name(index), asked_ns) for index, asked_ns in sorted(judge.scanned_ns.items())],
            accepted=[(key, str(figure)) for key, figure in sorted(judge.accepted.items()) if judge.looks_back],
            vanished=[(each, *counted) for each, counted in sorted(judge.vanished.counts.items())],
            moves_first=sorted(judge.moves.first_ns.items()),
            moves_read=sorted(judge.moves.cursors.items()),
            moves_waiting=judge.moves.waiting,
            vanished_legs=[(each, sorted(told.items())) for each, told in sorted(judge.vanished.legs.items())],
            moves_late=[(name(index), currency, amount, ns) for index, currency, amount, ns in judge.moves.late],
        )
        fields = list(msgspec.structs.astuple(saved))
        fields[_MOVES_WAITING] = [each.row() for each in saved.moves_waiting]
        while len(fields) > _ALWAYS and not fields[-1]:
            fields.pop()
        return _encode(fields) if any(fields) else b""

    def restore(self, version: int, data: bytes, indexes: dict[int, int]) -> None:
        """Become what wrote `data`; what it says of an instrument that is not traded any more is left out."""
        saved = read_section("reconciled books", _decoder, data, version, self.version)
        by_name = {self._name(index): index for index in self._manager.instruments()}
        judge = self._judge
        judge.cursors.update({by_name[name]: cursor_ns for name, cursor_ns in saved.cursors if name in by_name})
        judge.opening.opened.update(dict(saved.opened))
        judge.foreign.told.update(dict.fromkeys(saved.told))
        judge.foreign.adopted.update(dict(saved.adopted))
        judge.inferred.update(dict(saved.inferred))
        for wanted, name in saved.questions:
            if not name or name in by_name:
                index = by_name.get(name, NO_INSTRUMENT)
                judge.asked(msgspec.structs.replace(wanted, instrument=index))
        judge.absent.update({name: (count, first_ns) for name, count, first_ns in saved.absent})
        judge.behind.update(dict(saved.behind))
        judge.listed_ns.update(dict(saved.listed))
        judge.scanned_ns.update({by_name[name]: asked_ns for name, asked_ns in saved.scanned if name in by_name})
        judge.accepted.update({key: int(figure) for key, figure in saved.accepted})
        judge.vanished.counts.update({name: (count, filled) for name, count, filled in saved.vanished})
        judge.vanished.legs.update({name: dict(told) for name, told in saved.vanished_legs})
        judge.moves.first_ns.update(dict(saved.moves_first))
        judge.moves.cursors.update(dict(saved.moves_read))
        judge.moves.waiting = list(saved.moves_waiting)
        late = [each for each in saved.moves_late if each[0] in by_name]
        judge.moves.late = [(by_name[name], currency, amount, ns) for name, currency, amount, ns in late]
        frozen = {by_name[name]: reason for name, reason in saved.frozen if name in by_name}
        self._freezes.restore(saved.halted, frozen)

    def fold(self, kind: int, instrument: int, now_ns: int, payload: msgspec.Struct) -> None:
        """Follow one record before the order manager does."""
        if isinstance(payload, OrderReport):
            self._judge.before(payload, instrument, now_ns, self._dropped)
        elif isinstance(payload, EvidenceWanted):
            self._judge.asked(payload)
        elif isinstance(payload, EvidenceGiven):
            self._judge.answer(payload, now_ns, self._dropped)
            self._judge.recancel.clear()  # the cancels that came of it are records of their own
        elif isinstance(payload, AccountMoved):
            self._judge.heard(payload, instrument, now_ns)
        elif isinstance(payload, FreezeChanged) and payload.key == RESTATED:
            self._manager.taking.restate(payload.instrument, int(payload.figure), self._dropped)
        elif isinstance(payload, FreezeChanged) and payload.key:
            self._judge.accepted[payload.key] = int(payload.figure)
        elif isinstance(payload, FreezeChanged):
            self._freezes.take(payload)
        self._dropped.clear()

    def _name_of(self, wanted: EvidenceWanted) -> str:
        """Return the name of the instrument that a question is about, empty for none."""
        return "" if wanted.instrument == NO_INSTRUMENT else self._name(wanted.instrument)

    def _name(self, index: int) -> str:
        """Return the name of an instrument."""
        return self._manager.instrument(index).id


def folded_part(manager: OrderManager, settings: ReconcileSettings, epoch: int) -> Kept:
    """Return the part of a fold into `manager`, for the session of `epoch` that had these settings."""
    freezes = Freezes()
    return Kept(manager, Judge(manager, settings, epoch, freezes), freezes)
