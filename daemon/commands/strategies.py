"""`tickerd strategies`: what `use = "..."` may name, with parameters and defaults; or those of the running daemon."""

import argparse
import textwrap

from config.strategies import StrategyInfo, available
from daemon.commands.operate import add_daemon
from daemon.commands.printing import Column, utc_text, write_json, write_line, write_table
from daemon.commands.views import show
from daemon.errors import ExitCode
from daemon.operator.client import request
from daemon.views.strategies import StrategiesView, StrategyRow

EPILOG = """examples:
  tickerd strategies
  tickerd strategies --json
  tickerd strategies --running

Built-in strategies first, then those that installed packages offer in the entry point group `tickerd.strategies`. A
strategy of your own needs neither: use = "my/ema.py:EmaCross". With --running: the strategies of the daemon that runs
here, their state and parameters, what they wait for, and what they were refused.

exit codes: 0 ok, 2 an installed strategy cannot be loaded, or no daemon answers
"""

COLUMNS = (Column("parameter"), Column("default"), Column("takes"))


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the word."""
    parser.epilog = EPILOG
    parser.add_argument("--running", action="store_true", help="those of the daemon that runs here")
    add_daemon(parser)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    if options.running:
        show(options, request("strategies"), StrategiesView, _tell_running)
        return ExitCode.OK
    for number, info in enumerate(available()):
        if options.json:
            write_json(info)
            continue
        if number:
            write_line("")
        _tell(info)
    return ExitCode.OK


def _tell(info: StrategyInfo) -> None:
    """Write one strategy: its name, what it does, its parameters."""
    write_line(f'use = "{info.use}"')
    write_line(textwrap.fill(info.summary, 80, initial_indent="  ", subsequent_indent="  "))
    if info.params:
        rows = [(param.name, param.default or "(must be given)", param.takes) for param in info.params]
        write_table(COLUMNS, rows, indent=2)


def _tell_running(view: StrategiesView) -> None:
    """Write the running strategies, what each waits for and was refused."""
    columns = [
        Column("strategy"),
        Column("state"),
        Column("since"),
        Column("open", right=True),
        Column("kept", right=True),
        Column("sent", right=True),
        Column("fills", right=True),
        Column("refused", right=True),
        Column("last order"),
    ]
    rows = [
        (
            f"  {each.id}" if each.owner else each.id,
            each.state,
            _clock(each.since_ns),
            str(each.open_orders),
            str(each.kept_orders),
            str(each.orders_sent),
            str(each.fills),
            str(sum(refusal.count for refusal in each.refusals)),
            _clock(each.last_order_ns),
        )
        for each in view.rows
    ]
    write_table(columns, rows)
    for each in view.rows:
        params = " ".join(f"{name}={value}" for name, value in each.params.items())
        timers = [f"timer {timer.name or 'without a name'} at {_clock(timer.due_ns)}" for timer in each.timers]
        told = (
            ("why", each.reason),
            ("added", f"by {each.added_by} at {_when(each.added_ns)}" if each.added_ns else ""),
            ("changed", _changed(each)),
            ("parameters", params),
            ("waits for", ", ".join((*each.listens, *timers))),
            ("refused", ", ".join(f"{refusal.code} {refusal.count} times" for refusal in each.refusals)),
        )
        write_line(f"{each.id}: {each.use} on {', '.join(each.instruments)}")
        for what, text in told:
            if text:
                write_line(textwrap.fill(f"{what}: {text}", 80, initial_indent="  ", subsequent_indent="    "))
    for gone in view.removed:
        write_line(f"{gone.id}: removed by {gone.removed_by} at {_when(gone.removed_ns)}: {gone.reason}")


def _changed(row: StrategyRow) -> str:
    """Return what a person changed of a strategy last."""
    if not row.standing:
        return ""
    words = {"off": "disabled", "leaving": "being removed", "on": "another than the settings say"}
    return (
        f"{words[row.standing]}, by {row.changed_by} at {_when(row.changed_ns)}: {row.changed_why or 'no reason given'}"
    )


def _when(time_ns: int) -> str:
    """Return a time, UTC."""
    return utc_text(time_ns)[:19]


def _clock(time_ns: int) -> str:
    """Return a time of day, UTC, nothing for never."""
    return utc_text(time_ns)[11:19] if time_ns else ""
