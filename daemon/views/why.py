"""Why a strategy has not traded, in words: what holds it back, what it waits for, what it was refused.

Reads the engine, what passed (`Seen`) and, where the account is real, how the venues stand. What is only worth knowing
comes after what keeps orders back. The clock is handed in: ages are as of now, not of the last event.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

from core.effects import StrategyState
from core.events import LifecycleState
from core.market import Market
from core.scopes import ALL, strategy_scope, symbol_scope, venue_scope
from core.sessions import session_at
from daemon.limits_view import NEAR, LimitRow, limits_view, share_of
from daemon.status import LiveStatus, VenueStatus
from daemon.views.breakers import breaker_rows
from daemon.views.seen import Seen
from daemon.views.strategies import RefusalRow, listens, refusal_rows
from engine.actors import Actor
from engine.engine import Engine
from oms.latches import Level
from risk.limits import resolve
from risk.sizing.bound import UNKNOWN

SECOND_NS = 1_000_000_000
SIZES = "see [strategies.sizing] and `tickerd scale`; docs/sizing.md"
_PASSES = {Level.REDUCE: "only what reduces passes", Level.HALT: "only cancels pass", Level.KILL: "only cancels pass"}


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One thing: `holds` keeps orders back now, `notes` is worth knowing. `next` is what a person does about it."""

    weight: Literal["holds", "notes"]
    what: str
    next: str = ""


class StrategyWhy(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy: the answer in a sentence, and what it is made of."""

    id: str
    state: str
    answer: str
    reasons: list[Reason]
    refusals: list[RefusalRow]


class WhyView(msgspec.Struct, frozen=True, kw_only=True):
    """Why each strategy has not traded."""

    time_ns: int
    rows: list[StrategyWhy]


def why_view(engine: Engine, seen: Seen, now_ns: int, live: LiveStatus | None, strategy_id: str = "") -> WhyView:
    """Return why strategies have not traded; all, or one. Raises ScopeError where there is no such strategy."""
    if strategy_id:
        engine.commands.matches(strategy_scope(strategy_id))  # says which there are
    limits = limits_view(engine).rows
    rows = []
    for actor in engine.desk.actors:
        if actor.owner is None and strategy_id in {"", actor.id}:
            reasons = list(_reasons(engine, seen, actor, now_ns, live, limits))
            reasons.sort(key=lambda reason: reason.weight != "holds")
            rows.append(
                StrategyWhy(
                    id=actor.id,
                    state=actor.state.value,
                    answer=_answer(seen, actor, reasons, now_ns),
                    reasons=reasons,
                    refusals=refusal_rows(engine, seen, actor.id),
                )
            )
    return WhyView(time_ns=now_ns, rows=rows)


def _answer(seen: Seen, actor: Actor, reasons: list[Reason], now_ns: int) -> str:
    """Return the answer in one sentence."""
    held = [each for each in reasons if each.weight == "holds"]
    if held:
        more = f" (and {len(held) - 1} more)" if len(held) > 1 else ""
        return f"held back: {held[0].what}{more}"
    asked = seen.asked.get(actor.id)
    refused = max((each.last_ns for each in seen.refusals_of(actor.id).values()), default=0)
    if asked is not None and asked.last_ns >= refused:
        return f"nothing holds it back: its last order passed {age_text(now_ns - asked.last_ns)} ago"
    if refused:
        return f"its orders are refused: the last one {age_text(now_ns - refused)} ago"
    return "nothing holds it back: it has asked for no order yet"


def _reasons(
    engine: Engine, seen: Seen, actor: Actor, now_ns: int, live: LiveStatus | None, limits: list[LimitRow]
) -> Iterator[Reason]:
    """Yield everything that may keep one strategy from trading."""
    if engine.lifecycle is not LifecycleState.READY:
        yield Reason(weight="holds", what=f"the daemon is {engine.lifecycle.value}: strategies trade once it is READY")
    yield from _state(seen, actor)
    markets = [each for each in engine.markets if each.instrument.id in actor.instruments]
    yield from _stops(engine, actor, markets, now_ns)
    for market in markets:
        yield from _market(engine, market, now_ns)
    for venue in () if live is None else live.venues:
        if any(market.instrument.venue == venue.venue for market in markets):
            yield from _venue(venue)
    yield from _limits(actor, markets, limits)
    yield from _breakers(engine, actor, markets)
    yield from _asked(engine, seen, actor, now_ns)
    yield from _sizes(engine, actor, markets, now_ns)


def _state(seen: Seen, actor: Actor) -> Iterator[Reason]:
    """Tell a strategy that is not at work."""
    if actor.state is StrategyState.ACTIVE:
        return
    _, change = seen.changed.get(actor.id, (0, None))
    why = f": {change.reason}" if change is not None and change.reason else ""
    follows = f"see to it, then `tickerd resume {actor.id}`" if actor.state is StrategyState.PAUSED else ""
    yield Reason(weight="holds", what=f"it is {actor.state.value}{why}", next=follows)


def _stops(engine: Engine, actor: Actor, markets: list[Market], now_ns: int) -> Iterator[Reason]:
    """Tell latches, halts, freezes and pauses that touch a strategy."""
    freezes = engine.gate.freezes
    scopes = _scopes(actor, markets)
    for scope, latch in sorted(freezes.latches.held.items()):
        if scope in scopes:
            level, who = Level(latch.level), latch.source or "unknown"
            why = f"{latch.reason or 'no reason given'}; {_PASSES[level]}"
            yield Reason(
                weight="holds",
                what=f"{scope} is latched ({level.name.lower()}) by {who}: {why}",
                next=f"see to it, then `tickerd arm {scope} --reason ...`",
            )
    if freezes.halted:
        yield Reason(
            weight="holds", what=f"trading is halted: {freezes.halted}", next="see to it, then `tickerd release`"
        )
    for venue in dict.fromkeys(market.instrument.venue for market in markets):
        if venue in freezes.venues:
            why = freezes.venues[venue]
            yield Reason(weight="holds", what=f"the books of {venue} are not compared: {why}", next="wait")
    for market in markets:
        name = market.instrument.id
        if market.index in freezes.instruments:
            why = freezes.instruments[market.index]
            follows = f"compare with the venue's pages, then `tickerd release {name}`"
            yield Reason(weight="holds", what=f"{name} is frozen: {why}", next=follows)
        if freezes.cooling.get((actor.id, market.index), 0) > now_ns:
            yield Reason(
                weight="holds", what=f"its position in {name} is being closed, or was, by its exits", next="wait"
            )
        if freezes.paused.get(market.index, 0) > now_ns:
            left = age_text(freezes.paused[market.index] - now_ns)
            what = f"{name} is paused for {left}: the venue rejected order after order"
            yield Reason(weight="holds", what=what, next="look at the venue's reasons: `tickerd orders`")


def _market(engine: Engine, market: Market, now_ns: int) -> Iterator[Reason]:
    """Tell what is the matter with one instrument's market: closed, not connected, stale, old."""
    instrument, name = market.instrument, market.instrument.id
    if not instrument.tradable:
        yield Reason(weight="holds", what=f"the venue says that {name} is not traded")
    if instrument.sessions and session_at(instrument.sessions, now_ns) is None:
        opens = next((open_ns for open_ns, _ in instrument.sessions if open_ns > now_ns), 0)
        when = f"it opens in {age_text(opens - now_ns)}" if opens else "its table of sessions has ended: see [hours]"
        yield Reason(weight="holds", what=f"{name} is not in session: {when}")
    if not market.connected:
        yield Reason(weight="holds", what=f"the feed of {name} is not connected", next="see the log for the reason")
        return
    if market.stale_channels:
        channels = ", ".join(market.stale_channels)
        yield Reason(weight="holds", what=f"the feed of {name} is stale: nothing came lately of {channels}")
    bid, ask, touch_ns = market.touch()
    most_ns = resolve(engine.gate.limits, instrument).max_data_age_ns
    if not bid or not ask or not touch_ns:
        yield Reason(weight="holds", what=f"{name} has no bid and ask yet")
    elif now_ns - touch_ns > most_ns:
        what = f"the prices of {name} are {age_text(now_ns - touch_ns)} old, at most {age_text(most_ns)} may be"
        yield Reason(weight="holds", what=what, next="see the feed, or `tickerd set max_data_age_ms=...`")
    else:
        last_ns = max(market.quote_ns, market.trade_ns, market.book_ns)
        yield Reason(weight="notes", what=f"the feed of {name} is well, its last word {age_text(now_ns - last_ns)} old")


def _venue(venue: VenueStatus) -> Iterator[Reason]:
    """Tell what is the matter with a venue that takes our orders."""
    if venue.link not in {"up", ""}:
        yield Reason(weight="holds", what=f"the link to {venue.venue} is {venue.link}: {venue.link_reason}")
    if venue.books != "agreed":
        why = venue.books_reason or venue.step or "not compared yet"
        yield Reason(weight="holds", what=f"the books of {venue.venue} are {venue.books}: {why}")
    if venue.clock_doubt:
        yield Reason(weight="holds", what=f"nothing opens at {venue.venue}: {venue.clock_doubt}")
    elif abs(venue.clock_offset_ns) > venue.clock_bound_ns > 0:
        what = f"the clocks of {venue.venue} and this machine are {venue.clock_offset_ns / 1e6:+.0f} ms apart"
        yield Reason(weight="holds", what=what, next="set this machine's clock (NTP)")
    if venue.silent_ns:
        yield Reason(weight="holds", what=f"{venue.venue} wants silence for {age_text(venue.silent_ns)} more")
    if venue.unknown_orders:
        what = f"{venue.unknown_orders} orders at {venue.venue} are UNKNOWN: what they may come to stays reserved"
        yield Reason(weight="notes", what=what)
    if venue.queued:
        yield Reason(weight="notes", what=f"{venue.queued} requests wait for the allowance of {venue.venue}")


def _limits(actor: Actor, markets: list[Market], limits: list[LimitRow]) -> Iterator[Reason]:
    """Tell the limits that are full, or nearly so."""
    scopes = _scopes(actor, markets)
    for row in limits:
        share = share_of(row)
        if row.scope not in scopes or share is None or share < NEAR:
            continue
        what = f"{row.name} of {row.scope} is {'full' if share >= 1 else 'nearly full'}: {row.used} of {row.value}"
        # A full limit stops what adds to it; what reduces a position may pass.
        yield Reason(weight="notes", what=what, next=f"`tickerd limits {row.scope}`")


def _breakers(engine: Engine, actor: Actor, markets: list[Market]) -> Iterator[Reason]:
    """Tell the breakers that have gone a step, or have no figure: what one has stopped is told by its latch."""
    scopes = _scopes(actor, markets)
    for row in breaker_rows(engine):
        if row.scope not in scopes or (row.step == "calm" and not row.problem):
            continue
        figure = f"no figure, {row.problem}" if row.problem else f"{row.figure or 'nothing now'}"
        what = f"the breaker {row.breaker} of {row.scope} is at {row.step}: {figure}"
        yield Reason(weight="notes", what=what, next=f"see to it, then `{row.rearm}`" if row.rearm else "")


def _scopes(actor: Actor, markets: list[Market]) -> set[str]:
    """Return the scopes that a strategy's orders are in."""
    scopes = {ALL, strategy_scope(actor.id)}
    for market in markets:
        scopes |= {venue_scope(market.instrument.venue), symbol_scope(market.instrument.id)}
    return scopes


def _asked(engine: Engine, seen: Seen, actor: Actor, now_ns: int) -> Iterator[Reason]:
    """Tell what a strategy asked for, and what it waits for."""
    asked = seen.asked.get(actor.id)
    working = sum(order.strategy_id == actor.id for order in engine.manager.open_orders())
    if asked is not None:
        last = age_text(now_ns - asked.last_ns)
        yield Reason(weight="notes", what=f"{asked.times} orders of it passed the gate, the last {last} ago")
    elif not seen.refusals_of(actor.id):
        yield Reason(
            weight="notes", what="it asked for no order since this daemon started: its rules have not been met"
        )
    if working:
        yield Reason(weight="notes", what=f"{working} orders of it work and wait for a fill", next="`tickerd orders`")
    kept = len(engine.manager.held.of_strategy(actor.id))
    if kept:
        yield Reason(weight="notes", what=f"{kept} orders of it are kept until a trigger or a parent releases them")
    if not actor.active:
        return
    heard = listens(engine, actor)
    due = [due_ns for due_ns, _, owner, _ in engine.timers.state() if owner == actor.id]
    wakes = f", and for a timer in {age_text(max(due[0] - now_ns, 0))}" if due else ""
    if heard or due:
        yield Reason(weight="notes", what=f"it waits for {', '.join(heard) or 'no market event'}{wakes}")
    elif not actor.workers:
        yield Reason(weight="holds", what="it listens to no market and waits for no timer: nothing will wake it")


def _sizes(engine: Engine, actor: Actor, markets: list[Market], now_ns: int) -> Iterator[Reason]:
    """Tell what the newest sizes were bound by; a size of nothing keeps a strategy from opening."""
    for market in markets:
        at_ns, sized = engine.sizing.sizer.last.get((actor.id, market.index), (0, None))
        if sized is None:
            continue
        told = market.instrument.quantity_text
        bounds = "allowed are " + ", ".join(f"{told(quantity)} by {rule}" for rule, quantity in sized.bounds.items())
        needs = sized.figures.get(f"{sized.bound_by.removesuffix(UNKNOWN)}_needs", "")
        bounds += f"; needed are {needs}" if needs else ""
        scaled = f", scaled by the operator to {sized.scale_ppm / 1e6:g}" if sized.scale_ppm < 1_000_000 else ""
        regime = f", {sized.regime} market: {sized.regime_ppm / 1e6:g}" if sized.regime else ""
        what = f"its last size in {market.instrument.id}, {age_text(now_ns - at_ns)} ago, was {told(sized.quantity)}"
        why = f"{what}, bound by {sized.bound_by} ({bounds}{scaled}{regime})"
        yield Reason(weight="notes" if sized.quantity else "holds", what=why, next="" if sized.quantity else SIZES)


def age_text(age_ns: int) -> str:
    """Return an age: `0.4 s`, `12 s`, `3 min`, `5 h`."""
    seconds = max(age_ns, 0) / SECOND_NS
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
