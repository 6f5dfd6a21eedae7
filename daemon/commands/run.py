"""`tickerd run -c FILE`: one session, from settings to seal."""

import argparse
import re
from pathlib import Path

from daemon.errors import ExitCode

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}

EPILOG = """examples:
  tickerd run -c config/binance-spot-paper.toml
  tickerd run -c my.toml --for 60s --json
  TICKERD__RISK__MAX_ORDER_NOTIONAL=1000 tickerd run -c my.toml
  tickerd run -c live.toml --live

The first Ctrl-C (or SIGTERM) drains: strategies stop, working orders are cancelled, the journal is sealed as ended.
The second ends at once, and the journal is sealed as crashed.

exit codes: 0 drained, 1 a defect, 2 settings, 5 the venue, or [live] root, cannot be used, 6 the journal could not be
written, 7 interrupted twice
"""


def duration_s(text: str) -> float:
    """Return a duration such as `60s`, `5m`, `1h` in seconds; a bare number is seconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|)", text.strip())
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration; write 60s, 5m or 1h")
    return float(match[1]) * _SECONDS[match[2]]


def add_output_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how a session is told."""
    parser.add_argument("--json", action="store_true", help="one JSON object a line: session, status, summary")
    parser.add_argument("--plain", action="store_true", help="plain lines, even on a terminal")


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the word."""
    parser.epilog = EPILOG
    parser.add_argument("-c", "--config", type=Path, required=True, metavar="FILE", help="the settings, TOML")
    parser.add_argument("--live", action="store_true", help='trade for real: only with [session] mode = "live"')
    parser.add_argument("--for", dest="for_s", type=duration_s, metavar="TIME", help="drain after so long: 60s, 5m, 1h")
    parser.add_argument("--root", metavar="DIR", help="where sessions are kept, instead of [session] root")
    add_output_options(parser)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    from config.load import load
    from daemon.live.clean import refuse_dirty, refuse_half_live
    from daemon.start import run_session

    config = load(options.config)
    if options.root:
        config = config.with_root(options.root)
    refuse_half_live(config, live=options.live)
    if options.live:
        refuse_dirty(config)
    return run_session(config, for_s=options.for_s, as_json=options.json, plain=options.plain)
