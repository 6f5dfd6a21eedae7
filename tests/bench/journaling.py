"""The journal alone: appending with a flush every 64 records, and verifying CRCs, structure and hash chain."""

import time
from pathlib import Path

from journal.head import Build, SessionHead
from journal.reader import open_session
from journal.verify import verify
from journal.writer import JournalWriter
from tests.bench.figures import Figure, median_of
from tests.bench.market import quotes

RECORDS = 500_000
BATCH = 64


def measure(folder: Path, runs: int, scale: float) -> list[Figure]:
    """Return records per second appended and verified."""
    events = quotes(int(RECORDS * scale), 1)
    sessions = iter(range(1_000))

    def append() -> float:
        journal = JournalWriter.create(folder / f"append-{next(sessions)}", head_of("bench"))
        started = time.perf_counter()
        for number, event in enumerate(events):
            journal.append_event(event)
            if number % BATCH == 0:
                journal.flush()
        journal.flush()
        elapsed = time.perf_counter() - started
        journal.close()
        return len(events) / elapsed

    appended = median_of(append, runs)
    session = folder / "append-0"
    verify(session)

    def check() -> float:
        started = time.perf_counter()
        report = verify(session)
        assert report.ok, report
        with open_session(session, verify=False) as reader:
            return reader.end_seq / (time.perf_counter() - started)

    return [
        Figure("journal_append_records_per_s", f"flush every {BATCH}", appended, "records/s"),
        Figure("journal_verify_records_per_s", "CRC, structure, hash chain", median_of(check, runs), "records/s"),
    ]


def head_of(session_id: str) -> SessionHead:
    """Return a head for a journal without an engine."""
    return SessionHead(
        session_id=session_id,
        started_ns=0,
        mode="paper",
        seed=0,
        build=Build("bench", ""),
        config_digest="",
        config={},
        libraries={},
        python="",
    )
