"""The questions of the operator's door, each with the view that answers it: none changes anything."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from core.errors import ScopeError
from core.scopes import ALL, strategy_scope
from daemon.errors import UsageError
from daemon.limits_view import limits_view
from daemon.operator.messages import Request
from daemon.operator.protocol import (
    ALERTS,
    BREAKERS,
    FILLS,
    LIMITS,
    ORDERS,
    PNL,
    POSITIONS,
    STATUS,
    STRATEGIES,
    WHY,
)
from daemon.status import OpenAlert
from daemon.views.breakers import breakers_view
from daemon.views.holdings import pnl_view, positions_view
from daemon.views.orders import LAST, LAST_MAX, fills_view, orders_view
from daemon.views.strategies import strategies_view
from daemon.views.why import why_view

if TYPE_CHECKING:
    from daemon.app import Daemon


class AlertsView(msgspec.Struct, frozen=True, kw_only=True):
    """What nobody has acknowledged, the oldest first."""

    time_ns: int
    rows: list[OpenAlert]


Query = Callable[[Request], msgspec.Struct]


def queries_of(daemon: "Daemon") -> Mapping[str, Query]:
    """Return what answers each of `protocol.QUERIES`."""
    engine, projection = daemon.engine, daemon.projection
    seen, base = projection.seen, daemon.settings.accounting.base_currency

    def why(request: Request) -> msgspec.Struct:
        now_ns = daemon.clock.now_ns()
        return why_view(engine, seen, now_ns, projection.live(now_ns), request.strategy)

    def breakers(request: Request) -> msgspec.Struct:
        view = breakers_view(engine, daemon.clock.now_ns())
        rows = [row for row in view.rows if request.scope in {"", row.scope}]
        if view.rows and not rows:
            known = ", ".join(dict.fromkeys(row.scope for row in view.rows))
            raise UsageError(f"{request.scope} has no breakers; scopes with breakers: {known}")
        return msgspec.structs.replace(view, rows=rows)

    answers: dict[str, Query] = {
        STATUS: lambda _request: daemon.status(),
        LIMITS: lambda _request: limits_view(engine),
        POSITIONS: lambda request: positions_view(engine, scope_of(request), flat=request.args.get("flat") == "yes"),
        ORDERS: lambda request: orders_view(engine, seen, scope_of(request), last_of(request)),
        FILLS: lambda request: fills_view(engine, seen, scope_of(request), last_of(request)),
        PNL: lambda _request: pnl_view(engine, base),
        STRATEGIES: lambda _request: strategies_view(engine, seen, projection.fills_by_strategy),
        WHY: why,
        BREAKERS: breakers,
        ALERTS: lambda _request: AlertsView(time_ns=daemon.clock.now_ns(), rows=projection.open_alerts.rows()),
    }
    return {name: _told(answer) for name, answer in answers.items()}


def scope_of(request: Request) -> str:
    """Return what a question is about, everything where it does not say."""
    return request.scope or (strategy_scope(request.strategy) if request.strategy else ALL)


def last_of(request: Request) -> int:
    """Return how many of the newest are wanted. Raises UsageError."""
    text = request.args.get("last", str(LAST))
    if text.isascii() and text.isdecimal() and int(text) <= LAST_MAX:
        return int(text)
    raise UsageError(f"last is {text!r}: expected 0 to {LAST_MAX}; `tickerd store` has older ones")


def _told(answer: Query) -> Query:
    """Return an answer that says what is wrong with a scope as the door tells it."""

    def tell(request: Request) -> msgspec.Struct:
        try:
            return answer(request)
        except ScopeError as error:
            raise UsageError(str(error)) from error

    return tell
