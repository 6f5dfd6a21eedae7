"""From which session an account goes on, wherever the last one died."""

import pytest

from core.events import InstrumentDefined, LifecycleChanged, LifecycleState, StateCarried
from core.records import NO_INSTRUMENT, Kind
from daemon.errors import StartFailed
from daemon.live.carry import carried_from, last_with_state
from daemon.live.lease import LeaseRecord
from daemon.live.snapshots import Snapshots
from daemon.pipeline import Pipeline
from daemon.replay import relived_engine
from daemon.stats import Stats
from journal.writer import JournalWriter
from oms.state import state_hash
from tests.bench.market import BTC
from tests.bench.trading import AtOnce
from tests.daemon.live.heads import live_head

START_NS = 1_800_000_000_000_000_000


def _record(session, before="", *, taken_over=True):
    return LeaseRecord(
        epoch=1, pid=1, session=str(session), started_ns=START_NS, before=str(before), taken_over=taken_over
    )


def _begin(folder, carried=None, *, snapshots=0):
    """A session that defines an instrument, takes over what it is given, and dies."""
    head = live_head(folder.name, START_NS)
    journal, engine = JournalWriter.create(folder, head), relived_engine(head)
    pipeline = Pipeline(
        engine, journal, Stats(0), lambda: 0, durable=False, digest_every=10**9, watch=_ignore, execution=AtOnce()
    )
    events = [(Kind.INSTRUMENT, 0, 0, START_NS, 0, InstrumentDefined(BTC), 0, 0, 0, 0)]
    if carried is not None:
        events.append((Kind.CARRIED, 0, NO_INSTRUMENT, START_NS, 0, carried, 0, 0, 0, 0))
    change = LifecycleChanged(LifecycleState.STARTING)
    pipeline.feed([*events, (Kind.LIFECYCLE, 0, NO_INSTRUMENT, START_NS, 0, change, 0, 0, 0, 0)])
    for _ in range(snapshots):
        Snapshots(pipeline, _raise).take_at_once()
    journal.close()
    return folder


def _ignore(_now_ns, _effect):
    pass


def _raise(error):
    raise error


def test_the_last_session_is_gone_on_from_once_it_has_taken_over(tmp_path):
    assert last_with_state(_record(tmp_path / "second", tmp_path / "first")) == tmp_path / "second"


def test_a_session_that_died_before_it_had_taken_over_leaves_the_account_to_the_one_before(tmp_path):
    record = _record(tmp_path / "second", tmp_path / "first", taken_over=False)
    assert last_with_state(record) == tmp_path / "first"


def test_an_accounts_very_first_session_may_die_at_once(tmp_path):
    assert last_with_state(_record(tmp_path / "first", taken_over=False)) is None


def test_what_was_carried_is_carried_on(tmp_path):
    first = carried_from(_begin(tmp_path / "first"))
    second = carried_from(_begin(tmp_path / "second", first))
    assert (second.session, second.state) == ("second", first.state)


def test_a_session_that_is_gone_is_not_taken_for_a_first_start(tmp_path):
    record = _record(tmp_path / "gone")
    last = last_with_state(record)
    assert last is not None
    with pytest.raises(StartFailed, match=r"last session is gone.*put .* back"):
        carried_from(last)


def test_the_newest_snapshot_must_come_out_of_the_one_before_it(tmp_path):
    first = _begin(tmp_path / "first", snapshots=3)
    carried = carried_from(first)
    assert state_hash(carried.state) == carried.digest
    wrong = StateCarried(session="first", seq=0, state=b"other", digest=b"\0" * 32)
    head = live_head("second", START_NS)
    journal = JournalWriter.create(tmp_path / "second", head)
    journal.append_struct(Kind.INSTRUMENT, 0, 0, START_NS, InstrumentDefined(BTC))
    journal.append_struct(Kind.SNAPSHOT, 0, NO_INSTRUMENT, START_NS, wrong)
    journal.close()
    with pytest.raises(StartFailed, match=r"snapshot at record .* has digest 0000"):
        carried_from(tmp_path / "second")
