"""The follower: every record once, whoever is stopped when; a store that cannot be written harms nothing else."""

import asyncio
import random
import sqlite3

import pytest

from core.effects import Alert, Severity
from daemon.store.database import open_store
from daemon.store.errors import StoreFull, StoreLocked
from daemon.store.follower import Follower
from journal.errors import JournalDamaged, JournalNotFound
from tests.daemon.sessions import Recorder, flip_byte, record_crashed_session, record_session
from tests.daemon.store.store_making import (
    START_NS,
    digest_of,
    effect,
    follow,
    rebuilt_digest,
    rows_of,
    table_of,
    with_db,
    write_session,
)


class Stopped(Exception):
    """What stands for a kill in these tests: nothing after it happens."""


def test_a_session_read_while_it_was_written_is_as_one_read_at_once(tmp_path):
    recorder, file = Recorder(tmp_path, segment_bytes=1 << 16), tmp_path / "store.db"
    recorder.open()
    for rounds in (1, 7, 20, 2, 30):
        recorder.trade(rounds)
        recorder.journal.flush()
        follow(file, recorder.folder, batch=rounds)
    assert rows_of(file, "SELECT state FROM sessions") == [("running",)]
    folder = recorder.seal()
    follow(file, folder)

    assert rows_of(file, "SELECT state, reason FROM sessions") == [("ended", "asked to")]
    assert digest_of(file, folder.name) == rebuilt_digest(folder, tmp_path / "other.db")


def test_stopped_at_any_statement_it_goes_on_at_the_cursor(tmp_path, monkeypatch):
    folder, file = record_session(tmp_path, rounds=40), tmp_path / "store.db"
    rng, left = random.Random(5), [0]
    write = sqlite3.Connection.executemany

    class Failing(sqlite3.Connection):
        def executemany(self, *arguments):
            left[0] -= 1
            if left[0] == 0:
                raise Stopped
            return write(self, *arguments)

    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **options: real(*args, factory=Failing, **options))
    stops = 0
    for _ in range(60):
        left[0] = rng.randrange(2, 30)
        try:
            follow(file, folder, batch=3, commit_s=0)
        except Stopped:
            stops += 1
            continue
        if rows_of(file, "SELECT state FROM sessions") == [("ended",)]:
            break
    left[0] = 0
    follow(file, folder)

    assert stops >= 1
    assert digest_of(file, folder.name) == rebuilt_digest(folder, tmp_path / "other.db")


def test_stopped_after_the_last_rows_it_does_not_take_an_ended_session_for_a_crashed_one(tmp_path, monkeypatch):
    folder, file = record_session(tmp_path, rounds=5), tmp_path / "store.db"

    async def stop(*_arguments):
        raise Stopped

    with monkeypatch.context() as patched:
        patched.setattr(Follower, "_finish", stop)
        with pytest.raises(Stopped):
            follow(file, folder)
    follow(file, folder)

    assert rows_of(file, "SELECT state FROM sessions") == [("ended",)]


def test_read_again_nothing_changes_and_read_anew_the_same_comes_out(tmp_path):
    folder, file = record_session(tmp_path, rounds=40), tmp_path / "store.db"
    first = follow(file, folder)
    before = digest_of(file, folder.name)

    assert follow(file, folder) == first
    assert digest_of(file, folder.name) == before
    assert follow(file, folder, anew=True) == first
    assert digest_of(file, folder.name) == before
    assert rows_of(file, "SELECT count(*) FROM sessions") == [(1,)]


def test_two_followers_of_one_session_do_no_harm(tmp_path):
    folder, file = record_session(tmp_path, rounds=60), tmp_path / "store.db"

    async def both() -> None:
        stores = [await open_store(file), await open_store(file)]
        followers = [Follower(db, file, folder, batch=5, commit_s=0) for db in stores]
        await asyncio.gather(*(follower.run() for follower in followers))
        for db in stores:
            await db.close()

    asyncio.run(both())
    assert digest_of(file, folder.name) == rebuilt_digest(folder, tmp_path / "other.db")


def test_a_rebuild_beside_a_running_follower_does_no_harm(tmp_path):
    recorder, file = Recorder(tmp_path), tmp_path / "store.db"
    recorder.open()
    recorder.trade(20)
    recorder.journal.flush()

    async def main() -> None:
        ended = asyncio.Event()
        db = await open_store(file)
        running = asyncio.create_task(Follower(db, file, recorder.folder, commit_s=0).run(ended))
        await asyncio.sleep(0.3)
        other = await open_store(file)
        await Follower(other, file, recorder.folder).run(anew=True)
        recorder.trade(20)
        recorder.seal()
        ended.set()
        await running
        await db.close()
        await other.close()

    asyncio.run(main())
    name = recorder.folder.name
    assert digest_of(file, name) == rebuilt_digest(recorder.folder, tmp_path / "other.db")


def test_several_sessions_live_in_one_store(tmp_path):
    file = tmp_path / "store.db"
    folders = [record_session(tmp_path, rounds=3 + number, short_id=f"aa0{number}") for number in range(2)]
    for folder in folders:
        follow(file, folder)

    for folder in folders:
        assert digest_of(file, folder.name) == rebuilt_digest(folder, tmp_path / "other.db")


def test_a_crashed_session_is_told_as_crashed_and_its_torn_tail_left_out(tmp_path):
    folder, file = record_crashed_session(tmp_path), tmp_path / "store.db"
    follow(file, folder)

    ((state, ended_ns),) = rows_of(file, "SELECT state, ended_ns FROM sessions")
    assert (state, ended_ns) == ("crashed", 0)
    assert table_of(file, "orders")


def test_a_damaged_journal_is_read_up_to_the_damage(tmp_path):
    folder, file = record_session(tmp_path, rounds=60), tmp_path / "store.db"
    flip_byte(folder, 700)

    with pytest.raises(JournalDamaged) as told:
        follow(file, folder)
    assert told.value.seq == 700


def test_no_session_makes_no_rows(tmp_path):
    with pytest.raises(JournalNotFound):
        follow(tmp_path / "store.db", tmp_path / "nothing")
    assert rows_of(tmp_path / "store.db", "SELECT * FROM sessions") == []


def test_a_full_disk_is_told_and_once_there_is_space_it_goes_on(tmp_path):
    alerts = [Alert(severity=Severity.INFO, code="X", message="m" * 3000) for _ in range(400)]
    events = [effect(alert, START_NS + number) for number, alert in enumerate(alerts)]
    folder, file = write_session(tmp_path / "20241121T103000Z-paper-aa", events), tmp_path / "store.db"

    async def with_little_space(db) -> None:
        await db.execute("PRAGMA max_page_count = 100")
        await Follower(db, file, folder, batch=20, commit_s=0).run()

    with pytest.raises(StoreFull, match="free space, then `tickerd store rebuild` catches up"):
        with_db(file, with_little_space)
    follow(file, folder)

    assert len(table_of(file, "alerts")) == 400
    assert digest_of(file, folder.name) == rebuilt_digest(folder, tmp_path / "other.db")


def test_the_last_of_the_disk_is_left_to_the_journals(tmp_path, monkeypatch):
    folder, file = record_session(tmp_path, rounds=5), tmp_path / "store.db"
    with monkeypatch.context() as patched:
        patched.setattr("daemon.store.database.ROOM_BYTES", 1 << 60)
        with pytest.raises(StoreFull, match="are for journals: free space"):
            follow(file, folder)
    assert table_of(file, "orders") == []
    follow(file, folder)
    assert digest_of(file, folder.name) == rebuilt_digest(folder, tmp_path / "other.db")


def test_a_locked_store_is_told_and_once_it_is_free_it_goes_on(tmp_path):
    folder, file = record_session(tmp_path, rounds=30), tmp_path / "store.db"
    with_db(file, lambda db: db.commit())
    holder = sqlite3.connect(file)
    holder.execute("BEGIN IMMEDIATE")

    async def locked() -> None:
        db = await open_store(file, busy_s=0.05)
        try:
            await Follower(db, file, folder).run()
        finally:
            await db.close()

    with pytest.raises(StoreLocked, match="end it, then `tickerd store rebuild` catches up"):
        asyncio.run(locked())
    holder.close()
    follow(file, folder)

    assert digest_of(file, folder.name) == rebuilt_digest(folder, tmp_path / "other.db")
