"""How each breaker stands: its figure, its ladder, the step that it has reached, and what takes it back."""

import msgspec

from daemon.status import BreakerStatus
from engine.engine import Engine
from risk.breakers.breaker import Breaker
from risk.breakers.ladder import Step


class BreakersView(msgspec.Struct, frozen=True, kw_only=True):
    """Every breaker of `[risk.breakers]`, in the order of their scopes; amounts in the base currency."""

    time_ns: int
    base_currency: str  # "" where there are none
    rows: list[BreakerStatus]


def breakers_view(engine: Engine, now_ns: int) -> BreakersView:
    """Return how the breakers stand, figures as they were looked at last."""
    board = None if engine.breaking is None else engine.breaking.board
    base = "" if board is None else board.settings.base_currency
    return BreakersView(time_ns=now_ns, base_currency=base, rows=breaker_rows(engine))


def breaker_rows(engine: Engine) -> list[BreakerStatus]:
    """Return each breaker, the scope all first."""
    board = None if engine.breaking is None else engine.breaking.board
    rows = [] if board is None else [_row(each) for each in board.breakers.values()]
    return sorted(rows, key=lambda row: (row.scope != "all", row.scope))


def _row(breaker: Breaker) -> BreakerStatus:
    tripped = breaker.step > Step.WARN
    return BreakerStatus(
        breaker=breaker.kind,
        scope=breaker.scope,
        step=breaker.step.name.lower(),
        figure=breaker.figure_text,
        next=breaker.ladder.next_text(breaker.step),
        ladder={rung.step.name.lower(): rung.text for rung in breaker.ladder.rungs},
        since_ns=breaker.since_ns if breaker.step else 0,
        problem=breaker.watch.problem if breaker.missing_ns else "",
        rearm=f"tickerd arm {breaker.scope} --reason ..." if tripped else "",
    )
