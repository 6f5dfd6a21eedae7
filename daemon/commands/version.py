"""`tickerd version`: which program this is, down to the digest of its sources."""

import argparse
import platform

import msgspec

from config import head
from core.records import SCHEMA_VERSION
from daemon.commands.printing import write_json, write_line
from daemon.errors import ExitCode

EPILOG = """examples:
  tickerd version
  tickerd version --json

The source digest is over every source file of the packages; a session's head keeps it, and a replay says where it is
another one.

exit codes: 0 ok
"""


class VersionInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What identifies a build and what it runs on."""

    version: str
    source_digest: str
    schema_version: int
    python: str
    platform: str
    libraries: dict[str, str]


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the word."""
    parser.epilog = EPILOG
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    build = head.build()
    info = VersionInfo(
        version=build.version,
        source_digest=build.source_digest,
        schema_version=SCHEMA_VERSION,
        python=head.python(),
        platform=platform.platform(),
        libraries=head.libraries(),
    )
    if options.json:
        write_json(info)
        return ExitCode.OK
    write_line(f"tickerd {info.version}")
    write_line(f"  sources    {info.source_digest}")
    write_line(f"  schema     {info.schema_version}")
    write_line(f"  python     {info.python}")
    write_line(f"  platform   {info.platform}")
    write_line("  libraries  " + "\n             ".join(f"{name} {number}" for name, number in info.libraries.items()))
    return ExitCode.OK
