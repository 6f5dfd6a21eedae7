"""`tickerd journal compress`: closed segments as zstd."""

import argparse

from config.progress import progress_bar
from daemon.commands.printing import size_text, write_json, write_line
from daemon.commands.sessions import add_root, find_session
from daemon.errors import ExitCode, UsageError
from journal.compress import CompressReport, compress
from journal.folders import sessions

SUMMARY = "compress what will not be written any more"
JSON_HELP = "one JSON object a line, one for each session"

EPILOG = """examples:
  tickerd journal compress latest
  tickerd journal compress --all

Everything reads a compressed session as before. The original goes only after its copy was read back and found equal.
The segment that a running session writes, and one with a torn tail (see journal recover), stay as they are.

exit codes: 0 ok, 2 no such session, 4 damaged: nothing damaged is compressed
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the action."""
    parser.epilog = EPILOG
    parser.add_argument("session", nargs="?", metavar="SESSION", help="a session's folder, its name, or latest")
    parser.add_argument("--all", action="store_true", help="every session under the root")
    add_root(parser)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    if options.all == (options.session is not None):
        raise UsageError("name one SESSION, or say --all; `tickerd journal ls` lists them")
    folders = sessions(options.root) if options.all else [find_session(options.session, options.root)]
    for folder in folders:
        with progress_bar(f"compressing {folder.name}", quiet=options.json) as progress:
            report = compress(folder, progress=progress)
        if options.json:
            write_json(report)
        else:
            write_line(_text(report))
    return ExitCode.OK


def _text(report: CompressReport) -> str:
    """Return what was done to one session."""
    if not report.segments:
        return f"{report.folder}: nothing to compress, {size_text(report.bytes_after)}"
    count = f"{len(report.segments)} segment{'' if len(report.segments) == 1 else 's'}"
    share = report.bytes_after / report.bytes_before if report.bytes_before else 1.0
    sizes = f"{size_text(report.bytes_before)} are now {size_text(report.bytes_after)} ({share:.0%})"
    return f"{report.folder}: compressed {count}, {sizes}"
