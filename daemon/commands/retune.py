"""`tickerd retune`: give a strategy of the running daemon other parameters."""

import argparse

import msgspec

from daemon.commands.limits import assignment
from daemon.commands.operate import add_daemon, speak
from daemon.errors import ExitCode
from daemon.operator.client import request

EPILOG = """examples:
  tickerd retune ema fast=5 slow=20 --reason 'slower market'
  tickerd strategies --running
  tickerd resume ema

The strategy is paused, its orders are cancelled, and it is built anew with these parameters; the others stay. Its
positions and what it remembers stay. `tickerd resume` starts it. Live it outlasts a restart until the settings say
something else of the strategy, on paper it ends with the session: change the settings as well.

exit codes: 0 done, 2 refused (the message says why), or no daemon answers
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the word."""
    parser.epilog = EPILOG
    parser.add_argument("strategy", metavar="STRATEGY", help="the strategy's id")
    parser.add_argument("params", nargs="+", type=assignment, metavar="NAME=VALUE", help="parameters to change")
    parser.add_argument("--reason", required=True, help="why, for the journal and for who comes after")
    add_daemon(parser)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    wanted = request("retune", strategy=options.strategy, reason=options.reason)
    return speak(options, msgspec.structs.replace(wanted, args=dict(options.params)))
