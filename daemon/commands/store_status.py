"""`tickerd store status`: which sessions the store holds, and how far it has read them."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from daemon.commands.printing import Column, count_text, size_text, utc_text, write_json, write_line, write_table
from daemon.commands.store_file import add_file, file_of, with_store
from daemon.errors import ExitCode

if TYPE_CHECKING:
    import aiosqlite

    from daemon.store.queries import SessionRow

SUMMARY = "show which sessions the store holds, and how far it has read them"
JSON_HELP = "one JSON object"

EPILOG = """examples:
  tickerd store status
  tickerd store status --file /srv/tickerd/store.db --json

behind: slots of the journal that are not in the store yet; "gone" where there is no journal any more. old: projected by
an older build, which lacks tables of this one: tickerd store rebuild --session S fills them.

exit codes: 0 ok, 1 the file cannot be read, 2 no store, or not one of this build
"""

COLUMNS = (
    Column("session"),
    Column("state"),
    Column("last record (UTC)", wide=True),
    Column("orders", right=True),
    Column("fills", right=True),
    Column("behind", right=True),
    Column("note"),
)


class SessionStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One session of the store; `behind` is None where its journal cannot be looked at."""

    session: str
    folder: str
    mode: str
    state: str
    recv_ns: int
    next_seq: int
    orders: int
    fills: int
    behind: int | None
    old: bool


class StoreStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The store as a whole."""

    file: str
    bytes: int
    schema: int
    sessions: list[SessionStatus]


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the action."""
    parser.epilog = EPILOG
    add_file(parser)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    from daemon.store.queries import sessions
    from daemon.store.schema import VERSION

    file = file_of(options)

    async def ask(db: "aiosqlite.Connection") -> "list[SessionRow]":
        return await sessions(db)

    found = [_status(row) for row in with_store(file, ask)]
    size = sum(path.stat().st_size for path in (file, Path(f"{file}-wal")) if path.exists())
    status = StoreStatus(file=str(file), bytes=size, schema=VERSION, sessions=found)
    if options.json:
        write_json(status)
        return ExitCode.OK
    write_line(f"{file}: {size_text(size)}, schema {VERSION}, {len(found)} session{'' if len(found) == 1 else 's'}")
    if found:
        write_table(COLUMNS, [_row(session) for session in found])
    return ExitCode.OK


def _status(row: "SessionRow") -> SessionStatus:
    """Return one session beside its journal."""
    from daemon.store.schema import COMPLETE_FROM

    end_seq = _end_seq(Path(row.folder))
    return SessionStatus(
        session=row.session,
        folder=row.folder,
        mode=row.mode,
        state=row.state,
        recv_ns=row.recv_ns,
        next_seq=row.next_seq,
        orders=row.orders,
        fills=row.fills,
        behind=None if end_seq is None else max(0, end_seq - row.next_seq),
        old=row.schema < COMPLETE_FROM,
    )


def _end_seq(folder: Path) -> int | None:
    """Return how many slots a journal has, None where there is none to look at."""
    from journal.errors import JournalError
    from journal.folders import segment_files
    from journal.segments import Segment

    try:
        slots = [Segment(path, number, 0).slots for number, path in enumerate(segment_files(folder))]
    except (OSError, JournalError):
        return None
    return sum(slots) if slots else None


def _row(session: SessionStatus) -> tuple[str, ...]:
    """Return one row of the table."""
    return (
        session.session,
        session.state,
        utc_text(session.recv_ns)[:19] if session.recv_ns else "",
        count_text(session.orders),
        count_text(session.fills),
        "gone" if session.behind is None else count_text(session.behind),
        "old" if session.old else "",
    )
