"""`tickerd kill`, `halt`, `arm`, ... and `status`: ask and command the daemon that is running here."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from core.scopes import split_scope
from daemon.commands.printing import write_line, write_text
from daemon.errors import ExitCode, NobodyAnswers, UsageError
from daemon.operator.client import TIMEOUT_S, ask, find, request
from daemon.operator.messages import Request

if TYPE_CHECKING:
    from daemon.status import BreakerStatus

SCOPES = "all, venue:BINANCE, symbol:BTCUSDT.BINANCE or strategy:ema"
SCOPED = ("kill", "halt", "stop-entry", "arm", "cancel", "flatten")
OF_STRATEGY = ("pause", "resume")
NEEDS_REASON = ("arm", "reduce")

EXAMPLES = {
    "status": "tickerd status\n  tickerd status --json",
    "kill": "tickerd kill --reason 'it buys the top'\n  tickerd kill strategy:ema --flatten --collar 0.5%",
    "halt": "tickerd halt symbol:BTCUSDT.BINANCE --reason 'news'",
    "stop-entry": "tickerd stop-entry venue:BINANCE --reason 'maintenance at 12:00'",
    "arm": "tickerd arm all --reason 'the quoter is mended, books agree'",
    "cancel": "tickerd cancel strategy:quoter",
    "flatten": "tickerd flatten symbol:BTCUSDT.BINANCE --collar 1%",
    "reduce": "tickerd reduce all 25% --reason 'before the news'\n  tickerd reduce strategy:ema 50% --reason 'too big'",
    "pause": "tickerd pause ema --reason 'looks wrong'",
    "resume": "tickerd resume ema",
    "release": "tickerd release\n  tickerd release BTCUSDT.BINANCE",
}

TOLD = {
    "kill": "Everything that works there is cancelled, and nothing but cancels passes until `tickerd arm`.\n"
    "Where no daemon answers within a second its guard is told instead, if there is one (`tickerd guard`).",
    "halt": "Nothing but cancels passes there until `tickerd arm`; what works goes on working.",
    "stop-entry": "Only what reduces a position passes there until `tickerd arm`.",
    "arm": "Takes a latch off. After a kill no order may be left working, and the books must have been compared.",
    "cancel": "Cancels what works there, once; strategies may order again.",
    "flatten": "Stops entry, cancels what works there and closes positions, inside the collar; until `tickerd arm`.",
    "reduce": (
        "Closes a share of each position there, inside the collar, tried each second, at most 60 times. Nothing is\n"
        "cancelled or latched: strategies go on. It passes no halt, and ends with the session."
    ),
    "pause": "Takes a strategy off the market's events and cancels its orders.",
    "resume": "Starts a paused strategy once more: it sees its positions and begins anew.",
    "release": "Accepts what reconciliation found and froze, or a halt; the books are not changed.",
    "status": "Shows how the daemon stands.",
}

KILL_S = 1.0
"""How long `kill` waits for the daemon before it turns to the guard."""
VERIFY_S = 10.0
_PERCENT_TO_PPM = 10_000


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the word."""
    word = parser.prog.rpartition(" ")[2]
    parser.epilog = (
        f"{TOLD[word]}\n\nexamples:\n  {EXAMPLES[word]}\n\n"
        "exit codes: 0 done, 2 refused (the message says why), or no daemon answers\n"
    )
    if word in SCOPED:
        parser.add_argument("scope", nargs="?", default="all", metavar="SCOPE", help=f"{SCOPES} (default all)")
    if word in OF_STRATEGY:
        parser.add_argument("strategy", metavar="STRATEGY", help="the strategy's id")
    if word == "release":
        parser.add_argument("instrument", nargs="?", default="", metavar="INSTRUMENT", help="only this one")
    if word == "reduce":
        parser.add_argument("scope", metavar="SCOPE", help=SCOPES)
        parser.add_argument("share", type=share_ppm, metavar="PERCENT", help="how much of each position: 25%%")
    if word == "kill":
        parser.add_argument("--flatten", action="store_true", help="close positions, too")
    if word in {"kill", "flatten", "reduce"}:
        parser.add_argument(
            "--collar", type=collar_ppm, metavar="SHARE", help="how far from the middle at most (default 1%%)"
        )
    if word != "status":
        parser.add_argument(
            "--reason", default="", required=word in NEEDS_REASON, help="why, for the journal and for who comes after"
        )
    add_daemon(parser)


def add_daemon(parser: argparse.ArgumentParser) -> None:
    """Describe which daemon is spoken to, and how its reply is shown."""
    parser.add_argument("--socket", type=Path, metavar="FILE", help="the daemon's socket, where several run")
    parser.add_argument(
        "--folder", type=Path, default=Path("var/run"), metavar="DIR", help="where sockets are (default var/run)"
    )
    parser.add_argument("--json", action="store_true", help="the daemon's own reply, one JSON object")


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    args: dict[str, str] = {}
    if getattr(options, "flatten", False):
        args["flatten"] = "yes"
    if getattr(options, "collar", None) is not None:
        args["collar_ppm"] = str(options.collar)
    if hasattr(options, "share"):
        args["share_ppm"] = str(options.share)
    wanted = request(
        options.word,
        scope=getattr(options, "scope", ""),
        strategy=getattr(options, "strategy", "") or getattr(options, "instrument", ""),
        reason=getattr(options, "reason", ""),
        **args,
    )
    if options.word != "kill":
        return speak(options, wanted)
    try:
        return speak(options, wanted, KILL_S)
    except NobodyAnswers as error:
        return kill_by_guard(options, error)


def kill_by_guard(options: argparse.Namespace, why: NobodyAnswers) -> ExitCode:
    """Have every guard in the folder cancel everything, where no daemon answers. Raises UsageError."""
    from daemon.guard import client

    guards = client.guards_in(options.socket.parent if options.socket else options.folder)
    if not guards:
        raise why
    if split_scope(options.scope)[0] == "strategy":
        raise UsageError(f"{why}; the guard knows no strategies: kill a symbol, a venue or all") from why
    if not options.json:
        write_line(f"kill: {why}")
    for path in guards:
        client.kill(path, options.reason or "tickerd kill", options.scope)
    left = []
    for path in guards:
        told = client.wait_verified(path, VERIFY_S)
        if options.json:
            write_line(msgspec.json.encode(told).decode())
        elif told.verified_ns:
            write_line(f"kill: the guard of {told.account} cancelled {told.scope}; the venues show nothing open there")
        if not told.verified_ns:
            left.append(
                f"{told.account}: {'; '.join(told.problems) or 'the venues have not shown that nothing is open'}"
            )
    if left:
        raise UsageError(f"the guard goes on cancelling: {', '.join(left)}")
    return ExitCode.OK


def speak(options: argparse.Namespace, wanted: Request, timeout_s: float = TIMEOUT_S) -> ExitCode:
    """Say it to the daemon and show what it answers. Raises UsageError where it refuses, or none is there."""
    reply = ask(options.socket or find(options.folder), wanted, timeout_s)
    if options.json:
        write_line(msgspec.json.encode(reply).decode())
    elif options.word == "status" and reply.ok:
        _show(bytes(reply.result))
    else:
        for text in reply.said:
            write_text(text)
    if not reply.ok:
        raise UsageError(reply.error)
    if not options.json and options.word != "status":
        write_line(f"{options.word}: done")
    return ExitCode.OK


def collar_ppm(text: str) -> int:
    """Return how far from the middle positions are closed, such as `0.5%`, in 10^-6."""
    share = _percent(text)
    if not 0 <= share <= 50:
        raise argparse.ArgumentTypeError(f"{text!r} is no share; write 0.5% or 2%, at most 50%")
    return round(share * _PERCENT_TO_PPM)


def share_ppm(text: str) -> int:
    """Return how much of a position is closed, such as `25%`, in 10^-6."""
    share = _percent(text)
    if not 0.0001 <= share <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is no share; write 25% or 100%")
    return round(share * _PERCENT_TO_PPM)


def _percent(text: str) -> float:
    """Return the number before a percent sign, -1 where it is none: 0.5 could be meant as half."""
    try:
        return float(text.removesuffix("%")) if text.endswith("%") else -1.0
    except ValueError:
        return -1.0


def _show(data: bytes) -> None:
    """Show a status as lines for people."""
    from daemon.screen.lines import status_line
    from daemon.screen.needs import needs_of
    from daemon.status import Status

    status = msgspec.json.decode(data, type=Status)
    write_line(f"{status.session}  {status.mode}")
    write_text(status_line(status))
    for feed in status.feeds:
        write_text(f"  {feed.instrument}  bid {feed.bid_price} ask {feed.ask_price}  book {feed.book}")
    for position in status.positions:
        write_text(
            f"  {position.instrument}  position {position.quantity} at {position.average_price}, "
            f"unrealised {position.unrealised} {position.currency}"
        )
    for strategy in status.strategies:
        why = f": {strategy.reason}" if strategy.reason else ""
        write_text(f"  {strategy.id}  {strategy.state}{why}, {strategy.open_orders} working, {strategy.fills} fills")
    for breaker in status.breakers:
        _show_breaker(breaker)
    if (guard := status.guard) is not None and guard.watching:
        kill = f", last kill by {guard.last_kill}" if guard.last_kill else ""
        write_text(f"  guard  {guard.state.lower()}, pid {guard.pid}, heard {guard.beat_age_ns // 10**6} ms ago{kill}")
    for need in needs_of(status):
        write_text(f"! {need.what}", "    ")
        write_text(f"    {need.next}", "    ")


def _show_breaker(breaker: "BreakerStatus") -> None:
    """Show a breaker that has gone a step, or has no figure."""
    if breaker.step != "calm" or breaker.problem:
        figure = f"no figure, {breaker.problem}" if breaker.problem else breaker.figure or "?"
        further = f", next step at {breaker.next}" if breaker.next else ""
        write_text(f"  breaker {breaker.breaker} of {breaker.scope} is at {breaker.step}: {figure}{further}")
