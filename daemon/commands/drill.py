"""`tickerd drill`: practise the kill switch on the embedded exchange, and show what took how long."""

import argparse

import msgspec

from daemon.commands.printing import write_line
from daemon.errors import ExitCode, VerificationFailed

EPILOG = """examples:
  tickerd drill
  tickerd drill --rounds 20 --json
  tickerd drill --only "loop frozen"

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
    parser.add_argument("--json", action="store_true", help="one JSON object a round")


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out. Raises VerificationFailed where a goal was missed."""
    from daemon.errors import UsageError
    from daemon.guard.drill import Drill, drill_folder

    missed = []
    with drill_folder() as folder, Drill(folder) as drill:
        known = drill.scenarios()
        if unknown := [name for name in options.only if name not in known]:
            raise UsageError(f"no scenario {unknown[0]!r}; known are {', '.join(known)}")
        if not options.json:
            write_line(
                f"{'scenario':18}{'decided':>10}{'blocked':>10}{'last cancel':>13}{'goal':>8}{'verified':>10}  ms"
            )
        for name, practise in known.items():
            if options.only and name not in options.only:
                continue
            for _ in range(options.rounds):
                told = practise()
                if options.json:
                    write_line(msgspec.json.encode({**msgspec.structs.asdict(told), "met": told.met}).decode())
                else:
                    write_line(
                        f"{name:18}{told.decided_ms:10.1f}{told.blocked_ms:10.3f}{told.last_cancel_ms:13.1f}"
                        f"{told.goal_ms:8.0f}{told.verified_ms:10.1f}  {'ok' if told.met else 'MISSED'}"
                        f"  {told.orders} orders, {told.left} left{'' if told.latched else ', NOT LATCHED'}"
                    )
                if not told.met:
                    missed.append(name)
    if missed:
        raise VerificationFailed(f"a goal was missed: {', '.join(dict.fromkeys(missed))}")
    return ExitCode.OK
