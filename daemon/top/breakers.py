"""Breakers that have taken a step or are near their next one, the worst first. Pure."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from rich.text import Text

from daemon.screen import colours
from daemon.screen.table import Column, cell
from daemon.status import BreakerStatus

NEAR = Decimal("0.7")  # of the figure of the next step
STEPS = ("calm", "warn", "reduce", "halt", "flatten")
TONES = ("", colours.CAUTION, f"bold {colours.BAD}", colours.ALARM, colours.ALARM)
_FALLING = "feed_quorum"  # its steps are taken below a figure


def worst(rows: Sequence[BreakerStatus]) -> list[BreakerStatus]:
    """Return the breakers that a person should see: stopped ones first, then by how near the next step is."""
    told = [row for row in rows if row.step != STEPS[0] or row.problem or (share_of(row) or 0) >= NEAR]
    return sorted(told, key=lambda row: (-STEPS.index(row.step), not row.problem, -(share_of(row) or 0)))


def share_of(row: BreakerStatus) -> Decimal | None:
    """Return how much of the way to its next step a figure has gone, None where there is no figure or no step."""
    try:
        figure, step = Decimal(row.figure), Decimal(row.next)
    except InvalidOperation:
        return None
    if row.breaker == _FALLING:
        return step / (figure + 1)  # below 3 of a whole number is 2 or fewer
    return figure / step


def columns(rows: Sequence[BreakerStatus], title: str) -> list[Column]:
    """Columns of breakers."""
    tones = [TONES[STEPS.index(row.step)] for row in rows]
    return [
        Column(title, [cell(row.breaker) for row in rows], flexible=True),
        Column("scope", [cell(row.scope, colours.QUIET) for row in rows], flexible=True),
        Column("step", [cell(row.step, tone) for row, tone in zip(rows, tones, strict=True)]),
        Column("figure", [_figure(row) for row in rows], right=True),
        Column("next", [cell(_next(row)) for row in rows], right=True),
        Column("latched", [cell("until armed" if row.rearm else "", colours.CAUTION) for row in rows], rank=1),
    ]


def _figure(row: BreakerStatus) -> Text:
    return cell("not valued", colours.CAUTION) if row.problem else cell(row.figure or "none")


def _next(row: BreakerStatus) -> str:
    """Return the next step and its figure."""
    taken = STEPS.index(row.step)
    name = next((step for step in row.ladder if STEPS.index(step) > taken), "")
    return f"{name} {'below' if row.breaker == _FALLING else 'at'} {row.next}" if name else ""
