"""`tickerd journal recover`: cut off what an interrupted write left at the end of a crashed session."""

import argparse

from daemon.commands.printing import write_json, write_line
from daemon.commands.sessions import add_session, find_session
from daemon.errors import ExitCode
from journal.recover import recover

SUMMARY = "cut off what a crash left half written, and keep it beside"
JSON_HELP = "one JSON object"

EPILOG = """examples:
  tickerd journal recover latest

Reading needs no recovery; a crashed session is recovered so that its last segment can be compressed. The torn bytes
are kept in a file of their own. Damage elsewhere is never repaired. Harmless when repeated.

exit codes: 0 ok, 2 no such session or one that is being written, 4 more than the tail is damaged
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the action."""
    parser.epilog = EPILOG
    add_session(parser)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    report = recover(find_session(options.session, options.root))
    if options.json:
        write_json(report)
    elif report.torn is None:
        write_line(f"{report.folder}: nothing torn, {report.end_seq:,} slots")
    else:
        torn = report.torn
        write_line(f"{report.folder}: cut {torn.bytes} torn bytes off {torn.segment}, kept in {report.saved}")
        write_line(f"  {report.end_seq:,} whole slots remain")
    return ExitCode.OK
