"""`tickerd replay SESSION`: relive a recorded session, prove it, or ask what else would have happened."""

import argparse
import sys

from daemon.commands.sessions import add_session, find_session
from daemon.errors import ExitCode

EPILOG = """examples:
  tickerd replay var/sessions/latest --verify
  tickerd replay var/sessions/20261121T101500Z-paper-3f9c1a --verify --until 120000 --json
  tickerd replay var/sessions/latest --strategy my/ema.py:EmaCross --params '{"fast": 10}'
  tickerd replay var/sessions/latest --limit max_order_notional=500

--verify compares every effect and every digest with the recorded ones and exits with 3 at the first difference.
--strategy and --limit ask what another strategy or limit would have done on the same market: orders then trade on the
simulated venue again, with the session's own latency and fees, and nothing is compared.

exit codes: 0 identical, or told, 2 no such session, strategy or limit, 3 it differs, 4 damaged
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the word."""
    parser.epilog = EPILOG
    add_session(parser)
    parser.add_argument("--verify", action="store_true", help="compare with what was recorded (the default)")
    parser.add_argument("--until", type=int, metavar="SEQ", help="stop before this sequence number")
    parser.add_argument(
        "--strategy", metavar="USE", help="another strategy: a built-in name, entry point or FILE:CLASS"
    )
    parser.add_argument("--params", metavar="JSON", help="its parameters")
    parser.add_argument("--limit", action="append", default=[], metavar="NAME=VALUE", help="another [risk] limit")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    from config.progress import progress_bar
    from daemon.replay import replay_session
    from daemon.whatif import what_if

    folder = find_session(options.session, options.root)
    if options.strategy or options.limit or options.params:
        with progress_bar("replaying", quiet=options.json) as progress:
            outcome = what_if(
                folder,
                use=options.strategy,
                params=options.params,
                limits=options.limit,
                until_seq=options.until,
                progress=progress,
            )
        sys.stdout.write((outcome.json() if options.json else outcome.text()) + "\n")
        return ExitCode.OK
    with progress_bar("replaying", quiet=options.json) as progress:
        result = replay_session(folder, options.until, progress)
    sys.stdout.write((result.json() if options.json else result.text()) + "\n")
    return ExitCode.OK if result.ok else ExitCode.VERIFICATION_FAILED
