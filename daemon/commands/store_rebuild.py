"""`tickerd store rebuild`: bring the store up to date from the journals, or make it anew."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from config.progress import Progress, progress_bar
from daemon.commands.printing import count_text, write_json, write_line
from daemon.commands.sessions import find_session
from daemon.commands.store_file import add_file, file_of, with_store
from daemon.errors import ExitCode

if TYPE_CHECKING:
    import aiosqlite

SUMMARY = "bring the store up to date from the journals, or make it anew"
JSON_HELP = "one JSON object a line, for each session"

EPILOG = """examples:
  tickerd store rebuild
  tickerd store rebuild --session latest
  tickerd store rebuild --all --root var/sessions

Without an option every session under the root is read from where the store stands: what a follower that was killed, or
was never started, has left. --session reads one session from its first record, --all every one; sessions whose journals
are gone stay in the store as they are. Sessions that run are read as far as they are.

exit codes: 0 ok, 1 the store cannot be written, 2 no such session, or the store is locked, 4 a journal is damaged
"""


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """One session that was read: `next_seq` is where the store stands; `problem` says what kept it from the end."""

    session: str
    folder: str
    next_seq: int = 0
    problem: str = ""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the action."""
    parser.epilog = EPILOG
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--session", metavar="S", help="this session anew: a folder, a name under the root, or latest")
    which.add_argument("--all", action="store_true", help="every session under the root anew")
    add_file(parser)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    from journal.folders import sessions

    folders = [find_session(options.session, options.root)] if options.session else sessions(options.root)
    file, anew = file_of(options), bool(options.all or options.session)
    damaged = False

    async def rebuild(db: "aiosqlite.Connection") -> None:
        nonlocal damaged
        for folder in folders:
            with progress_bar(folder.name, quiet=options.json) as progress:
                done, bad = await _rebuild(db, file, folder, anew=anew, progress=progress)
            damaged = damaged or bad
            _tell(done, as_json=options.json)

    with_store(file, rebuild, must_exist=False)
    if not folders and not options.json:
        write_line(f"no sessions in {options.root}; `tickerd demo` records one")
    return ExitCode.JOURNAL_DAMAGED if damaged else ExitCode.OK


async def _rebuild(
    db: "aiosqlite.Connection", file: Path, folder: Path, *, anew: bool, progress: Progress | None
) -> tuple[Rebuilt, bool]:
    """Read one session; return what came of it, and whether its journal is damaged. Raises StoreError, CodecError."""
    from daemon.store.follower import Follower
    from journal.errors import JournalDamaged, JournalError

    try:
        follower = Follower(db, file, folder)
        next_seq = await follower.run(anew=anew, progress=progress)
    except JournalError as error:
        found = Rebuilt(session=folder.name, folder=str(folder), problem=str(error))
        return found, isinstance(error, JournalDamaged)
    return Rebuilt(session=follower.head.session_id, folder=str(folder), next_seq=next_seq), False


def _tell(done: Rebuilt, *, as_json: bool) -> None:
    """Say what came of one session."""
    if as_json:
        write_json(done)
    elif done.problem:
        sys.stderr.write(f"tickerd: {done.session}: {done.problem}\n")
    else:
        write_line(f"{done.session}  {count_text(done.next_seq)} slots read")
