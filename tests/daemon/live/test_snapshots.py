"""Snapshots are made beside a market that goes on: each is of one place of the journal, and a restart proves it."""

import asyncio
import threading

import msgspec
import pytest

from core.codec import encode_payload
from core.events import InstrumentDefined, LifecycleChanged, LifecycleState, OrderReport, ReportType, StateCarried
from core.ids import client_order_id
from core.orders import ApprovedSubmit, OrderIntent, OrderType, Side
from core.records import NO_INSTRUMENT, Kind
from daemon.errors import StartFailed
from daemon.live import snapshots
from daemon.live.carry import carried_from
from daemon.live.snapshots import Snapshots
from daemon.pipeline import Pipeline
from daemon.replay import relived_engine
from daemon.stats import Stats
from journal.errors import JournalError, JournalIOError, RecordRefused
from journal.head import FlushPolicy
from journal.reader import open_session
from journal.writer import JournalWriter
from oms.state import pack, plain_hash
from oms.written import write_ahead
from tests.bench.market import BTC
from tests.bench.trading import AtOnce
from tests.daemon.live.heads import live_head

START_NS = 1_800_000_000_000_000_000


class Session:
    """A live session without a strategy, whose orders come from the test."""

    def __init__(self, folder, policy=FlushPolicy.OS):
        head = msgspec.structs.replace(live_head(folder.name, START_NS), flush_policy=policy)
        self.folder = folder
        self.journal = JournalWriter.create(folder, head)
        self.engine = relived_engine(head)
        self.pipeline = Pipeline(
            self.engine, self.journal, Stats(0), lambda: 0,
            durable=False, digest_every=10**9, watch=lambda _now_ns, _effect: None, execution=AtOnce(),
        )  # fmt: skip
        self.failures: list[JournalError] = []
        self.snapshots = Snapshots(self.pipeline, self.failures.append)
        self.now_ns, self.count = START_NS, 0
        self.input(Kind.INSTRUMENT, InstrumentDefined(BTC), 0)
        self.input(Kind.LIFECYCLE, LifecycleChanged(LifecycleState.STARTING))

    def input(self, kind, payload, index=NO_INSTRUMENT):
        self.now_ns += 1_000
        self.pipeline.feed([(kind, 0, index, self.now_ns, 0, payload, 0, 0, 0, 0)])

    def order(self, *, fill=True):
        """One order, approved, journaled and submitted, and filled unless it shall work on; return its name."""
        name = client_order_id(7, self.count)
        self.count += 1
        intent = OrderIntent(
            client_order_id=name, strategy_id="s", instrument=0, side=Side.BUY if self.count % 2 else Side.SELL,
            type=OrderType.LIMIT, quantity=1000, price=60_000_00,
        )  # fmt: skip
        command = ApprovedSubmit(intent=intent, reference_price=60_000_00, limits_version=1)
        self.journal.append_payload(Kind.SUBMIT, 0, 0, self.now_ns, encode_payload(command))
        self.engine.manager.submit(command, self.now_ns, [])
        self.report(name, ReportType.ACCEPTED, venue_order_id=f"v{name}")
        if fill:
            self.fill(name)
        return name

    def fill(self, name):
        self.report(name, ReportType.FILLED, exec_id=f"e{name}", quantity=1000, price=60_000_00)

    def report(self, name, kind, **fields):
        self.input(Kind.REPORT, OrderReport(type=kind, client_order_id=name, **fields), 0)

    def end(self):
        """Crash; return what the next start goes on from, which proves the newest snapshot."""
        self.journal.close()
        return carried_from(self.folder)

    def recorded(self):
        """The snapshots on the disk, the oldest first: where each stands, and of which place it is."""
        with open_session(self.folder) as reader:
            decode = msgspec.msgpack.Decoder(StateCarried).decode
            return [(seq, decode(payload).seq) for seq, payload in reader.snapshots()][::-1]


@pytest.fixture
def session(tmp_path):
    return Session(tmp_path / "first")


async def test_a_restart_goes_on_from_snapshots_that_were_made_while_orders_flowed(session, monkeypatch):
    monkeypatch.setattr(snapshots, "AT_ONCE", 4)
    monkeypatch.setattr(snapshots, "PAUSE_S", 0.0)
    packing, go = threading.Event(), threading.Event()
    prepare = snapshots.prepare

    def held_up(*args):
        packing.set()
        assert go.wait(10)
        return prepare(*args)

    monkeypatch.setattr(snapshots, "prepare", held_up)
    works = session.order(fill=False)
    for _ in range(3):
        packing.clear()
        go.clear()
        for _ in range(20):
            session.order()
        taking = asyncio.create_task(session.snapshots.take())
        while not packing.is_set():
            session.order()
            await asyncio.sleep(0.001)
        session.order()
        if works:
            session.fill(works)  # open when the state was captured, closed when it is written down
            works = ""
        go.set()
        await taking
    session.order()
    assert not session.failures
    expected = session.engine.durable_state()
    assert session.end().state == expected
    assert len(session.recorded()) == 3
    assert all(place < stands for stands, place in session.recorded())


async def test_orders_are_encoded_before_the_state_is_captured_and_the_capture_encodes_none(session, monkeypatch):
    monkeypatch.setattr(snapshots, "AT_ONCE", 8)
    for _ in range(50):
        session.order()
    encoded = []

    def counted(*args):
        encoded.append(write_ahead(*args))
        return encoded[-1]

    monkeypatch.setattr("daemon.live.snapshots.write_ahead", counted)
    capture = session.pipeline.capture
    left = []

    def captured():
        left.append(write_ahead(session.engine.manager.closed_orders(), 10**9))
        return capture()

    monkeypatch.setattr(Pipeline, "capture", lambda _self: captured())
    await session.snapshots.take()
    assert encoded == [8, 8, 8, 8, 8, 8, 2, 0], "never more than a few at once"
    assert left == [0]


async def test_a_snapshot_made_at_once_is_the_one_that_is_made_beside(session):
    session.order()
    await session.snapshots.take()
    session.snapshots.take_at_once()
    with open_session(session.folder) as reader:
        (_, at_once), (_, beside) = reader.snapshots()
    decode = msgspec.msgpack.Decoder(StateCarried).decode
    assert (decode(at_once).state, decode(at_once).digest) == (decode(beside).state, decode(beside).digest)


def test_a_snapshot_of_before_stands_at_the_place_that_it_is_of(session):
    """Builds before this one journaled it in the turn in which they captured it, and numbered it by its own record."""
    for _ in range(3):
        session.order()
        plain = b"".join(session.engine.state_pieces())
        seq = session.journal.next_seq
        old = StateCarried(session="first", seq=seq, state=pack(plain), digest=plain_hash(plain))
        assert session.journal.append_struct(Kind.SNAPSHOT, 0, NO_INSTRUMENT, session.now_ns, old) == seq
    session.order()
    expected = session.engine.durable_state()
    assert session.end().state == expected


def test_a_snapshot_of_what_comes_after_it_is_refused(session):
    plain = b"".join(session.engine.state_pieces())
    wrong = StateCarried(session="first", seq=10**6, state=pack(plain), digest=plain_hash(plain))
    session.journal.append_struct(Kind.SNAPSHOT, 0, NO_INSTRUMENT, session.now_ns, wrong)
    with pytest.raises(StartFailed, match=r"says that it is of record 1000000, which comes after it"):
        session.end()


async def test_where_commands_wait_for_the_disk_a_thread_waits_for_the_snapshot(tmp_path, monkeypatch):
    session = Session(tmp_path / "durable", FlushPolicy.DISK)
    synced = []
    monkeypatch.setattr(snapshots, "sync_beside", lambda path: synced.append((path, threading.current_thread())))
    await session.snapshots.take()
    ((path, thread),) = synced
    assert path.parent == session.folder
    assert thread is not threading.main_thread()


async def test_a_disk_that_cannot_keep_a_snapshot_ends_the_session(tmp_path, monkeypatch):
    session = Session(tmp_path / "durable", FlushPolicy.DISK)

    def broken(_descriptor):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("journal.files._sync_data", broken)
    await session.snapshots.take()
    (failure,) = session.failures
    assert isinstance(failure, JournalIOError)


async def test_a_snapshot_too_large_for_a_record_is_left_out_and_nothing_ends(session, monkeypatch):
    def refused(*_args):
        raise RecordRefused("a payload of 4000000 bytes exceeds 3670016")

    monkeypatch.setattr(session.journal.__class__, "append_prepared", refused)
    session.order()
    await session.snapshots.take()
    assert not session.failures
    expected = session.engine.durable_state()
    assert session.end().state == expected
