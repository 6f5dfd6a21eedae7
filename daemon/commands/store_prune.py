"""`tickerd store prune`: remove old sessions from the store; journals stay."""

import argparse
import time
from typing import TYPE_CHECKING

from daemon.commands.printing import write_json, write_line
from daemon.commands.store_file import add_file, file_of, with_store
from daemon.errors import ExitCode

if TYPE_CHECKING:
    import aiosqlite

SUMMARY = "remove old sessions from the store"
JSON_HELP = "one JSON object"
DAY_NS = 86_400_000_000_000

EPILOG = """examples:
  tickerd store prune --max-age-days 90 --dry-run
  tickerd store prune --max-age-days 90

A session's age counts from its last record. Sessions that run stay, and so do all journals: `tickerd store rebuild`
brings a session back as long as its journal is there. The file shrinks with `tickerd store vacuum`.

exit codes: 0 ok, 1 the store cannot be written, 2 no store, or it is locked
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the action."""
    parser.epilog = EPILOG
    parser.add_argument(
        "--max-age-days", type=_positive, required=True, metavar="N", help="remove what was last written before"
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would go")
    add_file(parser)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    from daemon.store.queries import prune

    before_ns = time.time_ns() - int(options.max_age_days * DAY_NS)

    async def act(db: "aiosqlite.Connection") -> list[str]:
        return await prune(db, before_ns, dry_run=options.dry_run)

    removed = with_store(file_of(options), act)
    if options.json:
        write_json({"removed": removed, "dry_run": options.dry_run})
        return ExitCode.OK
    verb = "would remove" if options.dry_run else "removed"
    for name in removed:
        write_line(f"{verb} {name}")
    write_line(f"{verb} {len(removed)} session{'' if len(removed) == 1 else 's'}")
    return ExitCode.OK


def _positive(text: str) -> float:
    """Return an option's value that is a number above 0."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 < number <= 36_500:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days, above 0 and at most 36500")
    return number
