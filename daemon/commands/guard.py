"""`tickerd guard -c FILE`: watch the daemon of these settings, and cancel everything when it stops beating."""

import argparse
import sys
from pathlib import Path

from daemon.errors import ExitCode

MIB = 1 << 20
EPILOG = """examples:
  tickerd guard -c live.toml

It pulls when the daemon has not beaten for [guard] patience_ms, at `tickerd kill` where the daemon does not answer, at
SIGUSR1, and when a file KILL appears in [operator] folder. Then it cancels every open order at every venue, looks
until the venues show none, and leaves a kill that the daemon takes over. SIGTERM ends it; it cancels nothing then.

exit codes: 0 ended by a signal, 2 settings, or the account is guarded already, 5 [live] root cannot be used
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the word."""
    parser.epilog = EPILOG
    parser.add_argument("-c", "--config", type=Path, required=True, metavar="FILE", help="the daemon's own settings")


def main() -> int:
    """Carry out `tickerd-guard`: the same as `tickerd guard`, by a name of its own among the processes."""
    from daemon.cli import main as tickerd

    return tickerd(["guard", *sys.argv[1:]])


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    from config.load import load
    from config.secrets import read_secret
    from daemon.guard.process import run_guard
    from daemon.logs import configure_logging

    config = load(options.config)
    log = config.settings.log
    file = Path(f"{log.file}.guard") if log.file else None
    logs = configure_logging(log.level, log.format, file, log.max_mib * MIB, log.keep)
    try:
        run_guard(config, read_secret)
    finally:
        logs.close()
    return ExitCode.OK
