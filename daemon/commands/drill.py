"""`tickerd drill`: practise the kill switch on the embedded exchange, and show what took how long."""

import argparse
import math
from typing import TYPE_CHECKING

import msgspec

from daemon.commands.printing import write_line
from daemon.errors import ExitCode, UsageError, VerificationFailed
from daemon.guard.drill_settings import MARKETS

if TYPE_CHECKING:
    from daemon.guard.drill import Outcome

_SHORT = {"frozen": "loop frozen", "killed": "daemon killed -9", "told": "told by operator", "signal": "SIGUSR1"}
_HEADING = f"{'scenario':23}{'decided':>10}{'blocked':>10}{'last cancel':>13}{'goal':>8}{'verified':>10}  ms"

EPILOG = """examples:
  tickerd drill
  tickerd drill --rounds 20 --json
  tickerd drill --faults venue-down,rate-ban,frozen,endless-strategy --market usdm

Everything runs in processes of its own on the embedded exchange: no real account is touched. Times are from the fault
on. Goals: new orders blocked within 1 ms of the guard's decision; the last cancel on the wire within 50 ms of being
told, 500 ms of a freeze or a kill -9, 1 s of the end of an outage or a ban; nothing open; killed until armed.

exit codes: 0 every goal met, 3 one was missed, 5 the drill could not be held
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the word."""
    parser.epilog = EPILOG
    parser.add_argument("--rounds", type=int, default=1, metavar="N", help="each scenario so often (default 1)")
    parser.add_argument(
        "--only", action="append", default=[], metavar="SCENARIO", help="only this one; may be repeated"
    )
    parser.add_argument(
        "--faults",
        default="",
        metavar="LIST",
        help="only these, by commas: venue-down,frozen,endless-strategy",
    )
    parser.add_argument(
        "--market", choices=(*MARKETS, "both"), default="both", help="spot, USDⓈ-M, or one after the other (default)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a round")


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out. Raises VerificationFailed where a goal was missed."""
    from daemon.guard.drill import Drill, Outcome, drill_folder

    told: list[tuple[str, Outcome]] = []
    for market in MARKETS if options.market == "both" else (options.market,):
        with drill_folder() as folder, Drill(folder, market) as drill:
            known = drill.scenarios()
            chosen = _chosen(options, tuple(known))
            if not options.json and not told:
                write_line(_HEADING)
            for name in chosen:
                for _ in range(options.rounds):
                    outcome = known[name]()
                    told.append((market, outcome))
                    _tell(market, outcome, as_json=options.json)
    if options.rounds > 1 and not options.json:
        _summary(told)
    missed = [f"{outcome.scenario} on {market}" for market, outcome in told if not outcome.met]
    if missed:
        raise VerificationFailed(f"a goal was missed: {', '.join(dict.fromkeys(missed))}")
    return ExitCode.OK


def _chosen(options: argparse.Namespace, known: tuple[str, ...]) -> list[str]:
    """Return the scenarios that are wanted. Raises UsageError."""
    wanted = [*options.only, *(each.strip() for each in options.faults.split(",") if each.strip())]
    names = {**{name: name for name in known}, **{name.replace(" ", "-"): name for name in known}, **_SHORT}
    for name in wanted:
        if name not in names:
            raise UsageError(f"no scenario {name!r}; known are {', '.join(name.replace(' ', '-') for name in known)}")
    return [name for name in known if not wanted or name in {names[each] for each in wanted}]


def _tell(market: str, told: "Outcome", *, as_json: bool) -> None:
    """Tell how one round went."""
    if as_json:
        write_line(msgspec.json.encode({"market": market, **msgspec.structs.asdict(told), "met": told.met}).decode())
    else:
        write_line(
            f"{market:5}{told.scenario:18}{told.decided_ms:10.1f}{told.blocked_ms:10.3f}{told.last_cancel_ms:13.1f}"
            f"{told.goal_ms:8.0f}{told.verified_ms:10.1f}  {'ok' if told.met else 'MISSED'}"
            f"  {told.orders} orders, {told.left} left{'' if told.latched else ', NOT LATCHED'}"
        )


def _summary(told: list[tuple[str, "Outcome"]]) -> None:
    """Tell the worst and the middle of each scenario."""
    write_line("")
    for market, name in dict.fromkeys((market, outcome.scenario) for market, outcome in told):
        times = sorted(each.last_cancel_ms for where, each in told if (where, each.scenario) == (market, name))
        p99 = times[min(len(times) - 1, math.ceil(len(times) * 0.99) - 1)]
        write_line(
            f"{market:5}{name:18}last cancel: p50 {times[len(times) // 2]:.1f}, p99 {p99:.1f} ms of {len(times)}"
        )
