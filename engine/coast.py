"""Runs of plain events, taken in one loop for as long as nothing comes of them."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from core.bars import Bar
from core.effects import Effect
from core.market import Quote
from core.records import LAST, Event, Kind
from engine.bus import Routes
from engine.engine import Engine
from engine.ticks import NO_EFFECTS, VENUE_SPECS

NO_ROUTES: Routes = ()
_QUOTE, _BOOK, _BAR = int(Kind.QUOTE), int(Kind.BOOK), int(Kind.BAR)


class Quiet(Protocol):
    """What rests of one instrument: a quote with `quiet_low < bid < ask < quiet_high` meets nothing of it."""

    quiet_low: int
    quiet_high: int


def coast(
    engine: Engine, events: Iterator[Event], until_ns: int, quiet: Sequence[Quiet] | None = None
) -> tuple[Event | None, Sequence[Effect] | None]:
    """Step plain events for as long as nothing comes of them: the loop of `Engine.step` without a call for each.

    Returns (event, effects) of the first event that had effects; (event, None) for the first that is not before
    `until_ns` or before a timer of the engine's, which is not stepped; (None, None) at the end of `events`. With
    `quiet` (by instrument) it also returns the first event that may meet something that rests at a venue.

    Quotes and bars are handled as `Engine` does it, written out: a call less is a tenth of an event's cost. Where an
    order is kept that they may release, or a position is guarded, `Engine` handles them itself.
    """
    desk, markets, quote_routes, bar_routes = engine.desk, engine.markets, engine.bus.quotes, engine.bus.venue_bars
    clock, handlers, effects, kept = desk.clock, engine.handlers, desk.effects, engine.watched
    item: Quote | Bar
    met = asked = False
    stop_ns = min(until_ns, engine.next_due_ns)
    for event in events:
        kind, flags, index, now_ns, venue_ns, a, b, c, d, e = event
        if now_ns >= stop_ns:
            return event, None
        clock.now_ns = now_ns
        if kind == _QUOTE and not kept[index]:
            market, routes = markets[index], quote_routes[index]
            market.bid_price, market.bid_quantity = a, b  # type: ignore[assignment]
            market.ask_price, market.ask_quantity = c, d
            market.update_id, market.venue_ns, market.quote_ns = e, venue_ns, now_ns
            if routes:
                item = Quote(index, now_ns, venue_ns, a, b, c, d, e)  # type: ignore[arg-type]
            if quiet is not None:
                met = not quiet[index].quiet_low < a < c < quiet[index].quiet_high  # type: ignore[operator]
        elif kind == _BAR and not kept[index]:
            market, routes = markets[index], bar_routes[index] if flags else NO_ROUTES
            market.bar_price, market.bar_ns = d, now_ns
            if routes:
                spec, step_ns = VENUE_SPECS[flags]
                item = Bar(index, spec, venue_ns, venue_ns + step_ns, a, b, c, d, e, 0, 0, True)  # type: ignore[arg-type]
            met = quiet is not None
        else:
            routes = NO_ROUTES
            handlers[kind](event)
            if engine.next_due_ns < stop_ns:  # noqa: PLR1730 - `min` would be a call for every level of a book
                stop_ns = engine.next_due_ns
            met = quiet is not None and (kind != _BOOK or flags & LAST > 0)
        if routes:
            for actor, handler in routes:
                try:
                    handler(item)
                except Exception as error:  # noqa: BLE001 - whatever a strategy raises must not stop the others
                    desk.fail(actor, error)
                if actor.outbox:
                    asked = True
            if asked or effects:
                asked = False
                engine.settle()
                stop_ns = min(until_ns, engine.next_due_ns)
        if effects or met:
            return event, engine.collected() if effects else NO_EFFECTS
    return None, None
