"""`tickerd audit key FILE`: a pair of keys for the audit trail."""

import argparse
from pathlib import Path

from daemon.commands.printing import write_json, write_line
from daemon.errors import ExitCode
from journal.audit.keys import PUBLIC_SUFFIX, make_keys

SUMMARY = "make an Ed25519 key that signs the audit trail, and its public half"
JSON_HELP = "one JSON object"

EPILOG = """examples:
  tickerd audit key ~/.config/tickerd/audit.pem

FILE is for [audit] key_file, FILE.pub for whoever checks: keep a copy of it where the daemon's user cannot write.

exit codes: 0 made, 2 a file of that name is there already, or cannot be written
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the action."""
    parser.epilog = EPILOG
    parser.add_argument("file", type=Path, metavar="FILE", help="where the private key goes; it must not exist")


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    public = make_keys(options.file)
    beside = f"{options.file}{PUBLIC_SUFFIX}"
    if options.json:
        write_json({"private": str(options.file), "public": beside, "key": public})
        return ExitCode.OK
    write_line(f'{options.file}: the private key, for [audit] key_file = "{options.file}"')
    write_line(
        f"{beside}: the public one, {public[:16]}...; keep a copy elsewhere, `tickerd audit verify --key` takes it"
    )
    return ExitCode.OK
