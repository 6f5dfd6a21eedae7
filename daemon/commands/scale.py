"""`tickerd scale`: the operator's factor on the sizes of positions that strategies open from now on."""

import argparse

from daemon.commands.operate import SCOPES, add_daemon, speak
from daemon.errors import ExitCode
from daemon.operator.client import request

EPILOG = """examples:
  tickerd scale strategy:ema 0.5 --reason 'wild market'
  tickerd scale all 0 --reason 'nothing new today'
  tickerd scale strategy:ema 1 --reason 'calm again'

For strategies with [strategies.sizing]: what their rules allow is multiplied, from the next size on; of several factors
that fit the smallest holds. Positions and orders stay. It is journaled, and live it survives a restart.

exit codes: 0 done, 2 refused (the message says why), or no daemon answers
"""
_PPM = 1_000_000


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the word."""
    parser.epilog = EPILOG
    parser.add_argument("scope", metavar="SCOPE", help=SCOPES)
    parser.add_argument("factor", type=factor_ppm, metavar="FACTOR", help="0 to 1")
    parser.add_argument("--reason", required=True, help="why, for the journal and for who comes after")
    add_daemon(parser)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    wanted = request("scale", scope=options.scope, reason=options.reason, scale_ppm=str(options.factor))
    return speak(options, wanted)


def factor_ppm(text: str) -> int:
    """Return a factor in 10^-6; what is above 1 is the daemon's to refuse."""
    try:
        factor = float(text)
    except ValueError:
        factor = -1.0
    if not 0 <= factor <= 1_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no factor; write 0.5, or 1 for no factor at all")
    return round(factor * _PPM)
