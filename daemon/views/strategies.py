"""The strategies of a running daemon: state, parameters, what they hold open, when they last asked for anything."""

from collections import Counter

import msgspec

from core.bars import BarSpec
from core.roster import AS_SET, REMOVED, RosterChanged
from daemon.views.seen import Seen
from engine.actors import Actor
from engine.engine import Engine

_UNCHANGED = RosterChanged(strategy_id="", standing=AS_SET, since_ns=0, source="", reason="")


class RefusalRow(msgspec.Struct, frozen=True, kw_only=True):
    """How often a strategy was refused for one reason while this daemon runs; the texts are the last one's."""

    code: str
    count: int
    last_ns: int
    instrument: str
    limit: str
    figure: str
    message: str


class TimerRow(msgspec.Struct, frozen=True, kw_only=True):
    """A timer that a strategy waits for."""

    name: str
    due_ns: int


class StrategyRow(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy, or an execution algorithm that works for one (`owner`); an ns of 0 stands for never.

    `orders_sent` counts those that passed the gate while this daemon runs, `listens` what it is called for. `added_by`:
    who added one that the settings do not name; `standing`: "off", "leaving" or "on" where a person changed it.
    """

    id: str
    owner: str
    use: str
    state: str
    reason: str
    since_ns: int
    instruments: list[str]
    params: dict[str, object]
    listens: list[str]
    timers: list[TimerRow]
    open_orders: int
    kept_orders: int
    orders_sent: int
    last_order_ns: int
    fills: int
    last_fill_ns: int
    refusals: list[RefusalRow]
    added_by: str = ""
    added_ns: int = 0
    standing: str = ""
    changed_by: str = ""
    changed_ns: int = 0
    changed_why: str = ""


class RemovedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy of the settings that was removed while running."""

    id: str
    removed_by: str
    removed_ns: int
    reason: str


class StrategiesView(msgspec.Struct, frozen=True, kw_only=True):
    """All strategies, each before those that work for it; and those that were removed, of the settings' alone."""

    time_ns: int
    rows: list[StrategyRow]
    removed: list[RemovedRow] = []


def strategies_view(engine: Engine, seen: Seen, fills: Counter[str]) -> StrategiesView:
    """Return how the strategies stand; `fills` counts them by strategy."""
    working = Counter(order.strategy_id for order in engine.manager.open_orders())
    kept = Counter(order.strategy_id for order in engine.manager.held.of_strategy())
    last_fills = {fill.strategy_id: time_ns for time_ns, fill in seen.fills}
    timers: dict[str, list[TimerRow]] = {}
    for due_ns, _, owner, name in engine.timers.state():
        timers.setdefault(owner, []).append(TimerRow(name=name, due_ns=due_ns))
    rows = []
    for actor in sorted(engine.desk.actors, key=lambda each: each.owner.id if each.owner else each.id):
        since_ns, change = seen.changed.get(actor.id, (0, None))
        asked = seen.asked.get(actor.id)
        entry = engine.roster.entries.get(actor.id, _UNCHANGED)
        rows.append(
            StrategyRow(
                id=actor.id,
                owner="" if actor.owner is None else actor.owner.id,
                use=type(actor.strategy).__name__,
                state=actor.state.value,
                reason="" if change is None else change.reason,
                since_ns=since_ns,
                instruments=list(actor.instruments),
                params=params_of(actor),
                listens=listens(engine, actor),
                timers=timers.get(actor.id, []),
                open_orders=working[actor.id],
                kept_orders=kept[actor.id],
                orders_sent=0 if asked is None else asked.times,
                last_order_ns=0 if asked is None else asked.last_ns,
                fills=fills[actor.id],
                last_fill_ns=last_fills.get(actor.id, 0),
                refusals=refusal_rows(engine, seen, actor.id),
                added_by=entry.added_by,
                added_ns=entry.added_ns,
                standing=entry.standing,
                changed_by=entry.source,
                changed_ns=entry.since_ns,
                changed_why=entry.reason,
            )
        )
    gone = [
        RemovedRow(id=each.strategy_id, removed_by=each.source, removed_ns=each.since_ns, reason=each.reason)
        for each in engine.roster.entries.values()
        if each.standing == REMOVED
    ]
    return StrategiesView(time_ns=engine.now_ns, rows=rows, removed=gone)


def params_of(actor: Actor) -> dict[str, object]:
    """Return a strategy's parameters as plain values; one that cannot be told as its words in Python."""
    params = actor.strategy.params
    return {name: _plain(getattr(params, name)) for name in params.__struct_fields__}


def _plain(value: object) -> object:
    """Return a value that JSON can tell."""
    try:
        return msgspec.to_builtins(value, str_keys=True)
    except (TypeError, ValueError):
        return repr(value)


def listens(engine: Engine, actor: Actor) -> list[str]:
    """Return what a strategy is called for: `quotes BTCUSDT.BINANCE`."""
    bus, found = engine.bus, []
    for market in engine.markets:
        name, index = market.instrument.id, market.index
        channels = (
            ("quotes", bus.quotes),
            ("trades", bus.trades),
            ("book", bus.books),
            ("venue bars", bus.venue_bars),
        )
        found += [f"{what} {name}" for what, routes in channels if any(each is actor for each, _ in routes[index])]
        found += [
            f"{_bar(feed.builder.spec)} {name}"
            for feed in bus.bars[index]
            if any(each is actor for each, _ in feed.routes)
        ]
    return found


def _bar(spec: BarSpec) -> str:
    """Return a kind of bar in words."""
    return f"{spec.unit.value} bars of {spec.step}"


def refusal_rows(engine: Engine, seen: Seen, strategy_id: str) -> list[RefusalRow]:
    """Return a strategy's refusals by code, the newest first."""
    rows = []
    for code, refused in seen.refusals_of(strategy_id).items():
        refusal, index = refused.last, refused.last.intent.instrument
        known = 0 <= index < len(engine.markets)
        rows.append(
            RefusalRow(
                code=code,
                count=refused.times,
                last_ns=refused.last_ns,
                instrument=engine.markets[index].instrument.id if known else str(index),
                limit=refusal.limit,
                figure=refusal.figure,
                message=refusal.message,
            )
        )
    return rows[::-1]
