"""`tickerd journal prune`: remove old sessions by age, number and size."""

import argparse
import time

from config.progress import progress_bar
from daemon.commands.printing import size_text, write_json, write_line
from daemon.commands.sessions import add_root, whole_number
from daemon.errors import ExitCode, UsageError
from journal.retention import RetentionPolicy, apply_retention

SUMMARY = "remove old sessions by age, number and size"
JSON_HELP = "one JSON object"
GIB = 1 << 30

EPILOG = """examples:
  tickerd journal prune --max-age-days 30 --dry-run
  tickerd journal prune --max-gib 20 --max-sessions 500

A session goes, oldest first, where any of the limits asks for it; running sessions and the newest one always stay.
[session.keep] in the settings does the same at the end of every session.

exit codes: 0 ok, 2 no limit given
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the action."""
    parser.epilog = EPILOG
    parser.add_argument("--max-age-days", type=_positive, metavar="N", help="remove what was last written before")
    parser.add_argument("--max-sessions", type=whole_number, metavar="N", help="keep at most so many")
    parser.add_argument("--max-gib", type=_positive, metavar="G", help="keep at most so much")
    parser.add_argument("--dry-run", action="store_true", help="only say what would go")
    add_root(parser)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    limits = (options.max_age_days, options.max_sessions, options.max_gib)
    if limits == (None, None, None):
        raise UsageError("say what to keep: --max-age-days, --max-sessions or --max-gib; --dry-run only tells")
    policy = RetentionPolicy(
        max_age_days=options.max_age_days,
        max_sessions=options.max_sessions,
        max_total_bytes=None if options.max_gib is None else int(options.max_gib * GIB),
    )
    with progress_bar("removing", quiet=options.json) as progress:
        report = apply_retention(options.root, policy, time.time_ns(), dry_run=options.dry_run, progress=progress)
    if options.json:
        write_json(report)
        return ExitCode.OK
    verb = "would remove" if options.dry_run else "removed"
    for name in report.removed:
        write_line(f"{verb} {name}")
    write_line(f"{verb} {len(report.removed)} sessions ({size_text(report.bytes_freed)}), {len(report.kept)} stay")
    return ExitCode.OK


def _positive(text: str) -> float:
    """Return an option's value that is a number above 0."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number
