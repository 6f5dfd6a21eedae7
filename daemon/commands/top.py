"""`tickerd top`: the running daemon on a live screen, with keys for kill, halt, flatten, pause, resume and arm."""

import argparse
import sys
import time

from daemon.commands.operate import add_daemon
from daemon.commands.printing import write_json
from daemon.errors import ExitCode, UsageError
from daemon.operator.client import find

EPILOG = """examples:
  tickerd top
  tickerd top --every 0.5
  tickerd top --json

Keys: k kill, h halt, f flatten, p pause, r resume, a arm, q quit. Each asks for the scope (Enter: all) or the strategy,
then for the reason, and sends nothing until `y` is pressed; Esc leaves it. The daemon journals each as it does
`tickerd kill`. With --json: one object a look, status, working orders and limits, until the daemon has gone.

exit codes: 0 left with q, 2 no daemon answers, or it has gone, or there is no terminal; 7 Ctrl-C
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the word."""
    parser.epilog = EPILOG
    parser.add_argument("--every", type=seconds, default=1.0, metavar="S", help="look so often, in seconds (default 1)")
    add_daemon(parser)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    from rich.console import Console

    from daemon.top.screen import Top, is_terminal, look

    path = options.socket or find(options.folder)
    if options.json:
        while True:
            write_json(look(path)._asdict())
            sys.stdout.flush()
            time.sleep(options.every)
    if not is_terminal():
        raise UsageError("top needs a terminal to draw on: use `tickerd status`, or --json")
    Top(path, Console(highlight=False), options.every).run(sys.stdin.fileno())
    return ExitCode.OK


def seconds(text: str) -> float:
    """Return how often to look."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.1 <= value <= 60:
        raise argparse.ArgumentTypeError(f"{text!r} is no time between 0.1 and 60 seconds")
    return value
