"""What the account's last session left: its journal made whole, verified, and folded into the state to go on from.

The newest snapshot is proven, not trusted: the fold begins at the one before it (or at the session's beginning) and
must come to the newest one's digest. No strategy runs and no market moves here, so it takes as long as the session had
orders and reports between two snapshots, not as long as its market data.
"""

from pathlib import Path

import msgspec

from core.codec import decode_payload
from core.errors import CodecError
from core.events import StateCarried
from core.records import NO_INSTRUMENT, Kind
from daemon.errors import StartFailed
from daemon.live.lease import LeaseRecord
from daemon.replay import relived_engine
from journal.chunks import PayloadRecord
from journal.errors import JournalNotFound
from journal.reader import SessionReader, open_session
from journal.recover import recover
from journal.verify import verify
from oms.errors import OmsError
from oms.fold import Fold
from oms.state import state_hash

_decode = msgspec.msgpack.Decoder(StateCarried).decode


def last_with_state(record: LeaseRecord) -> Path | None:
    """Return the session to go on from: the last one, or where it died before it had taken over, the one before it.

    None where the account's very first session died so early.
    """
    if record.taken_over:
        return Path(record.session)
    return Path(record.before) if record.before else None


def carried_from(folder: Path) -> StateCarried:
    """Return the state at the end of the session in `folder`, by the settings and the epoch of its own head.

    A tail that an interrupted write left is cut off and kept beside. Raises JournalDamaged where anything else is
    wrong (nothing is repaired), StartFailed where the session is gone or does not fold, JournalLocked, JournalIOError.
    """
    if not folder.is_dir():
        raise _gone(folder, "no such folder")
    try:
        report = verify(folder)
        report.raise_if_damaged()
        if report.torn is not None:
            recover(folder)
        with open_session(folder, verify=False, whole=True) as reader:
            scratch = relived_engine(reader.head)
            return _folded(reader, Fold(scratch.manager, scratch.parts()))
    except JournalNotFound as error:
        raise _gone(folder, str(error)) from error
    except (OmsError, CodecError) as error:
        raise StartFailed(f"{folder} does not fold into the state to go on from: {error}") from error


def _gone(folder: Path, why: str) -> StartFailed:
    """Return the refusal to begin anew where a session should be gone on from."""
    return StartFailed(
        f"the account's last session is gone ({why}): put {folder} back, or remove the lease's record once you know "
        "that the account has no orders and no positions of ours"
    )


def _folded(reader: SessionReader, fold: Fold) -> StateCarried:
    """Return the state at the session's end."""
    snapshots = map(_snapshot, reader.snapshots())
    newest = next(snapshots, None)
    before = next(snapshots, None)
    from_seq = 0
    if before is not None:
        from_seq = before.seq
        for record in reader.payloads((Kind.INSTRUMENT,), until_seq=from_seq):
            _take(fold, record)
        fold.record(Kind.CARRIED, NO_INSTRUMENT, 0, before)
    for record in reader.payloads(fold.kinds, from_seq=from_seq):
        if newest is not None and record.seq >= newest.seq:
            _prove(fold, newest)
            newest = None
        _take(fold, record)
    if newest is not None:
        _prove(fold, newest)
    state = fold.durable_state()
    return StateCarried(session=reader.head.session_id, seq=reader.end_seq, state=state, digest=state_hash(state))


def _take(fold: Fold, record: PayloadRecord) -> None:
    """Fold one record."""
    payload = decode_payload(record.kind, record.payload)
    fold.record(record.kind, record.instrument, record.recv_ns, payload)


def _snapshot(found: tuple[int, bytes]) -> StateCarried:
    """Return a snapshot. It is of the records before its `seq`, and may have been written down a little later."""
    at_seq, payload = found
    snapshot = _decode(payload)
    if snapshot.seq > at_seq:
        raise StartFailed(
            f"the snapshot at record {at_seq} says that it is of record {snapshot.seq}, which comes after it: it was "
            "written by a defect; look at the session with `tickerd replay` and reconcile by hand"
        )
    return snapshot


def _prove(fold: Fold, snapshot: StateCarried) -> None:
    """Compare the state that was folded so far with a snapshot. Raises StartFailed."""
    recorded, folded = snapshot.digest, state_hash(fold.durable_state())
    if recorded != folded:
        raise StartFailed(
            f"the snapshot at record {snapshot.seq} has digest {recorded.hex()}, its journal folds to {folded.hex()}: "
            "one of them was written by a defect; look at the session with `tickerd replay` and reconcile by hand"
        )
