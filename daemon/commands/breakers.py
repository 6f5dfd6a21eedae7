"""`tickerd breakers`: how each breaker of the daemon that runs here stands; nothing changes by it."""

import argparse

from daemon.commands.operate import add_daemon
from daemon.commands.printing import Column, utc_text, write_line, write_table, write_text
from daemon.commands.views import SCOPES, show
from daemon.errors import ExitCode
from daemon.operator.client import request
from daemon.status import BreakerStatus
from daemon.views.breakers import BreakersView

EPILOG = """Shows what each breaker measures, its steps, the one that it has reached, and what takes it back.

examples:
  tickerd breakers
  tickerd breakers strategy:ema --json

exit codes: 0 shown, 2 no breakers in that scope, or no daemon answers
"""

_FALLING = frozenset(("feed_quorum",))  # whose figure falls as things get worse


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the word."""
    parser.epilog = EPILOG
    parser.add_argument("scope", nargs="?", default="", metavar="SCOPE", help=f"only this one: {SCOPES}")
    add_daemon(parser)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    show(options, request(options.word, scope=options.scope), BreakersView, _tell)
    return ExitCode.OK


def _tell(view: BreakersView) -> None:
    """Show breakers as a table, and below it what a person has to do."""
    if not view.rows:
        write_line("no breaker: [risk.breakers] of the settings has them")
        return
    columns = [
        Column("breaker", whole=True),
        Column("scope"),
        Column("step", whole=True),
        Column("figure", right=True),
        Column("next", right=True),
        Column("since", wide=True),
        Column("steps", wide=True),
    ]
    write_table(columns, [_cells(each) for each in view.rows])
    for each in view.rows:
        if each.problem:
            write_text(f"! {each.breaker} of {each.scope} cannot be valued: {each.problem}")
        if each.rearm:
            write_text(f"! {each.breaker} of {each.scope} stays at {each.step} until a person arms it: `{each.rearm}`")
    if view.base_currency:
        write_line(f"amounts in {view.base_currency}")


def _cells(row: BreakerStatus) -> tuple[str, ...]:
    since = utc_text(row.since_ns)[:19] if row.since_ns else ""
    steps = ", ".join(f"{step} {text}" for step, text in row.ladder.items())
    figure = row.figure or "?" if row.ladder else "-"  # without steps only differences count
    further = f"below {row.next}" if row.next and row.breaker in _FALLING else row.next
    return row.breaker, row.scope, row.step, figure, further, since, steps
