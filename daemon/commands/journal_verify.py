"""`tickerd journal verify`: whether a session's files are what was written."""

import argparse

from config.progress import progress_bar
from daemon.commands.printing import write_json, write_line
from daemon.commands.sessions import add_session, find_session
from daemon.errors import ExitCode
from journal.verify import VerifyReport, verify

SUMMARY = "verify every checksum, the hash chain and the seal of a session"
JSON_HELP = "one JSON object"

EPILOG = """examples:
  tickerd journal verify latest
  tickerd journal verify var/sessions/20261121T101500Z-paper-3f9c1a --json

This looks at the bytes. Whether the recorded effects follow from the recorded inputs is what tickerd replay proves.
The torn tail that a crash leaves is no damage: it is told, and readers leave it out.

exit codes: 0 whole, 2 no such session, 4 damaged
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the action."""
    parser.epilog = EPILOG
    add_session(parser)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    folder = find_session(options.session, options.root)
    with progress_bar("verifying", quiet=options.json) as progress:
        report = verify(folder, progress)
    if options.json:
        write_json(report)
    else:
        _tell(report)
    return ExitCode.OK if report.ok else ExitCode.JOURNAL_DAMAGED


def _tell(report: VerifyReport) -> None:
    """Write the report as a person reads it."""
    if report.damage is not None:
        damage = report.damage
        write_line(f"{report.folder}: DAMAGED at record {damage.seq}: {damage.what}")
        write_line(f"  segment   {damage.segment}, byte {damage.offset}")
        write_line(f"  expected  {damage.expected}")
        write_line(f"  found     {damage.found}")
        if damage.intact_seq:
            write_line(f"  keep the folder as it is; what is right is read with --until {damage.intact_seq}")
        return
    state = report.state.value if report.state is not None else "unknown"
    write_line(f"{report.folder}: whole; {state}")
    write_line(f"  slots     {report.slots:,} in {report.segments} segment{'' if report.segments == 1 else 's'}")
    write_line(f"  inputs    {report.inputs:,}")
    write_line(f"  effects   {report.effects:,}")
    write_line(f"  chain     {report.links:,} link{'' if report.links == 1 else 's'}")
    if report.chain:
        write_line(f"            {report.chain}")
    if report.unchained_slots:
        write_line(f"            {report.unchained_slots:,} slots after it are held by their checksums alone")
    if report.torn is not None:
        torn = report.torn
        write_line(f"  torn      an interrupted write left {torn.bytes} bytes at byte {torn.offset} of {torn.segment}:")
        write_line(f"            no damage, there is no record {torn.seq}; tickerd journal recover cuts it off")
