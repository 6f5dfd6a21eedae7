"""`tickerd second-factor FILE`: a secret whose codes let `tickerd arm` and `approve` pass."""

import argparse
import os
from pathlib import Path

from daemon.commands.printing import write_json, write_line
from daemon.errors import ExitCode, UsageError

EPILOG = """examples:
  tickerd second-factor ~/.config/tickerd/operator-codes
  TICKERD_SECRET_OPERATOR_CODES_FILE=~/.config/tickerd/operator-codes tickerd run -c live.toml --live
  tickerd arm --reason 'books agree' --code 492039

The file is a secret of the daemon: with [operator] second_factor = "operator-codes" it is read as a systemd credential
of that name, or from TICKERD_SECRET_OPERATOR_CODES_FILE. The address shown, once, is for an authenticator app.

exit codes: 0 made, 2 a file of that name is there already, or cannot be written
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the word."""
    parser.epilog = EPILOG
    parser.add_argument("file", type=Path, metavar="FILE", help="where the secret goes; it must not exist")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    from daemon.operator.codes import address_of, new_secret

    secret = new_secret()
    try:
        fd = os.open(options.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise UsageError(f"cannot make {options.file}: {error.strerror}; name a file that is not there yet") from error
    with os.fdopen(fd, "w", encoding="ascii") as file:
        file.write(secret + "\n")
    address = address_of(secret, options.file.name)
    if options.json:
        write_json({"file": str(options.file), "address": address})
        return ExitCode.OK
    write_line(f"{options.file}: the secret, for the daemon alone")
    write_line(f"{address}")
    write_line("the same, shown this once, for an authenticator app: `tickerd arm` and `approve` ask for its codes")
    return ExitCode.OK
