"""`tickerd emulate`: the embedded venue from the command line."""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

import uvloop

from connectors.embedded.errors import EmulatorError, SettingsError
from connectors.embedded.exchange.faults import Script, read_script
from connectors.embedded.exchange.members import DEMO_KEY, DEMO_SECRET, Member, read_members
from connectors.embedded.market import Market
from connectors.embedded.server import EmbeddedVenue
from connectors.embedded.settings import AtEnd, Settings, Start

EXIT_OK = 0
EXIT_USAGE = 2

EPILOG = """\
examples:
  tickerd emulate binance --synthetic --seed 7 --port 9001
  tickerd emulate binance --frames spot-btcusdt.gz spot-ethusdt.gz --port 9001
  tickerd emulate binance --frames usdm-btcusdt.gz --speed max --port 9001

then point any Binance client at it: REST http://127.0.0.1:9001, websockets ws://127.0.0.1:9001 (/ws and /stream).

Frames are lines of `<receive time, ns> <frame as sent>`, gzip or not; they are sent byte for byte, merged by receive
time. A recorded depth snapshot (a line that begins with {"lastUpdateId") answers GET depth until playback has passed
it; playback waits there until it was asked for (--no-wait-snapshot: does not). Tick and lot in exchangeInfo are
inferred from the frames. A subscription to btcusdt@depth gets whatever speed of depth was recorded.

Spot and USDⓈ-M frames may be served together: REST tells them apart by path. Websockets do so by prefix
(ws://127.0.0.1:9001/usdm, or USDⓈ-M's own /public and /market), by a port of its own (--usdm-port), or else by the
names subscribed to: the market that recorded more of them is meant, spot if it is even.

Trade with the demo account (its key is printed), or with your own (--accounts FILE, POST /emulator/accounts): REST
under /api/v3, WebSocket API at /ws-api/v3; USDⓈ-M under /fapi, at /ws-fapi/v1, private stream /private/ws/<listenKey>.
GET /emulator/ledger tells all orders, executions and balances. POST /emulator/futures decides funding and transfers.

GET /emulator/state shows what is played; POST /emulator/faults drops, repeats, cuts, stalls and injects frames.
/emulator/hooks (GET, POST, DELETE) does so with requests, answers and private events, as --fault-script FILE does.

exit codes: 0 ended by a signal, or all frames were sent, 2 options, or frames that do not read
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `tickerd emulate` to its parser."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("venue", choices=["binance"], help="whose protocol to speak")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--frames", nargs="+", type=Path, metavar="FILE", help="recorded frames to serve")
    what.add_argument("--synthetic", action="store_true", help="serve a seeded synthetic market: BTCUSDT, ETHUSDT")
    parser.add_argument("--seed", type=int, default=1, help="seed of the synthetic market (default %(default)s)")
    parser.add_argument("--port", type=int, default=9001, help="port, 0 for any free one (default %(default)s)")
    parser.add_argument(
        "--usdm-port", type=int, help="another port, whose websockets are USDⓈ-M's; with --synthetic that market, too"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument(
        "--speed", type=_speed, default=1.0, metavar="X", help="1 recorded pace, 10 ten times it, max: as read"
    )
    parser.add_argument(
        "--market", type=Market, choices=list(Market), help="override which market the frames look like"
    )
    parser.add_argument(
        "--start",
        type=Start,
        choices=list(Start),
        help="begin when all streams are subscribed or none was added for --start-grace (all; default for frames), "
        "at the first subscription (first), or at once (now; default for the synthetic market)",
    )
    parser.add_argument("--start-grace", type=float, default=2.0, metavar="S", help="default %(default)s s")
    parser.add_argument(
        "--at-end",
        type=AtEnd,
        choices=list(AtEnd),
        default=AtEnd.HOLD,
        help="after the last frame keep connections (hold, default), close them (close), end (exit), play again "
        "(loop), or play again for the next client once all have left (rewind)",
    )
    parser.add_argument(
        "--no-wait-snapshot", action="store_true", help="do not wait at a depth snapshot until it was asked for"
    )
    parser.add_argument("--accounts", type=Path, metavar="FILE", help="JSON file of accounts that may trade")
    parser.add_argument("--no-demo", action="store_true", help="do not open the demo account")
    parser.add_argument(
        "--limit-scale", type=int, default=1, metavar="N", help="multiply the documented rate limits (default 1)"
    )
    parser.add_argument(
        "--funding-interval", type=float, default=28_800.0, metavar="S", help="USDⓈ-M funding every S s (default 8 h)"
    )
    parser.add_argument(
        "--fault-script", type=Path, metavar="FILE", help="what goes wrong with orders and when: TOML, or JSON lines"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor `max`") from None


def main(arguments: argparse.Namespace) -> int:
    """Serve until a signal, or the end of the recording; returns the exit code (0 ok, 2 usage or configuration)."""
    try:
        settings = Settings(
            frames=tuple(arguments.frames or ()),
            synthetic=arguments.synthetic,
            seed=arguments.seed,
            market=arguments.market,
            host=arguments.host,
            port=arguments.port,
            usdm_port=arguments.usdm_port,
            speed=arguments.speed,
            start=arguments.start,
            start_grace_s=arguments.start_grace,
            at_end=arguments.at_end,
            wait_snapshot=not arguments.no_wait_snapshot,
            accounts=_accounts(arguments.accounts),
            demo=not arguments.no_demo,
            limit_scale=arguments.limit_scale,
            funding_interval_s=arguments.funding_interval,
            fault_script=_fault_script(arguments.fault_script),
        )
        uvloop.run(_serve(settings, as_json=arguments.json))
    except EmulatorError as error:
        sys.stderr.write((json.dumps({"error": str(error)}) if arguments.json else f"tickerd emulate: {error}") + "\n")
        return EXIT_USAGE
    return EXIT_OK


def _accounts(path: Path | None) -> tuple[Member, ...]:
    if path is None:
        return ()
    try:
        return read_members(path.read_bytes())
    except OSError as error:
        raise SettingsError(f"cannot read the accounts in {path}: {error.strerror}") from error


def _fault_script(path: Path | None) -> Script:
    if path is None:
        return Script()
    try:
        return read_script(path.read_bytes())
    except OSError as error:
        raise SettingsError(f"cannot read the faults in {path}: {error.strerror}") from error


async def _serve(settings: Settings, *, as_json: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with EmbeddedVenue(settings) as venue:
        _announce(venue, as_json=as_json)
        await venue.serve(stop)


def _announce(venue: EmbeddedVenue, *, as_json: bool) -> None:
    symbols = [f"{listing.market}:{listing.symbol}" for listing in venue.source.listings]
    urls = {"rest_url": venue.http_url, "ws_url": venue.ws_url}
    if Market.USDM in venue.markets and len(venue.markets) > 1:
        urls["usdm_ws_url"] = venue.usdm_ws_url
    urls["ws_api_url"] = venue.ws_api_url
    if Market.USDM in venue.markets:
        urls["usdm_ws_api_url"] = venue.usdm_ws_api_url
        urls["private_ws_url"] = f"{venue.ws_url}/private"
    demo = {"api_key": DEMO_KEY, "api_secret": DEMO_SECRET} if venue.settings.demo else {}
    if as_json:
        kind = {"synthetic": True, "seed": venue.settings.seed} if venue.source.synthetic else {"synthetic": False}
        text = json.dumps({"event": "listening", **urls, **demo, **kind, "symbols": symbols})
    else:
        what = f"SYNTHETIC market, seed {venue.settings.seed}" if venue.source.synthetic else "recorded frames"
        lines = [f"embedded Binance venue: {what}; {', '.join(symbols)}"]
        lines += [f"  {name:<16}{url}" for name, url in (urls | demo).items()]
        text = "\n".join([*lines, "Ctrl-C ends it."])
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
