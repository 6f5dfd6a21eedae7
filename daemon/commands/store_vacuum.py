"""`tickerd store vacuum`: give back the space that removed sessions took."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.commands.printing import size_text, write_json, write_line
from daemon.commands.store_file import add_file, file_of, with_store
from daemon.errors import ExitCode

if TYPE_CHECKING:
    import aiosqlite

SUMMARY = "give back the space that removed sessions took"
JSON_HELP = "one JSON object"

EPILOG = """examples:
  tickerd store vacuum
  tickerd store vacuum --file /srv/tickerd/store.db

SQLite writes the file anew, which takes as much free space again while it lasts; the rows of sessions that run wait
meanwhile, their trading does not.

exit codes: 0 ok, 1 the store cannot be written, 2 no store, or it is locked
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the action."""
    parser.epilog = EPILOG
    add_file(parser)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    from daemon.store.queries import vacuum

    file = file_of(options)
    before = _size(file)

    async def act(db: "aiosqlite.Connection") -> None:
        await vacuum(db)

    with_store(file, act)
    after = _size(file)
    if options.json:
        write_json({"file": str(file), "bytes_before": before, "bytes_after": after})
    else:
        write_line(f"{file}: {size_text(before)}, now {size_text(after)}")
    return ExitCode.OK


def _size(file: Path) -> int:
    """Return the bytes of the file and of what is not yet moved into it."""
    return sum(path.stat().st_size for path in (file, Path(f"{file}-wal")) if path.exists())
