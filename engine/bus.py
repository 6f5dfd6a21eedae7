"""The tick bus: who is called for which kind of event of which instrument.

Routes are resolved to bound methods when subscriptions change, so publishing costs one call per subscriber.
"""

from core.bars import BarBuilder, BarSpec, BarUnit
from core.market import Market
from engine.actors import Actor, Route
from engine.timers import Timers
from strategies.context import Subscription

Routes = tuple[Route, ...]
BARS = "bars:"  # owner of bar timers: "bars:" + instrument index


class BarFeed:
    """One kind of bar of one instrument, and who gets it."""

    __slots__ = ("builder", "routes")

    def __init__(self, builder: BarBuilder) -> None:
        """Build with `builder`, for nobody yet."""
        self.builder = builder
        self.routes: Routes = ()


class Bus:
    """Routes by kind and instrument index."""

    __slots__ = ("_timers", "bars", "books", "quotes", "trades", "venue_bars")

    def __init__(self, timers: Timers) -> None:
        """Route nothing; time bars put their due times into `timers`."""
        self._timers = timers
        self.quotes: list[Routes] = []
        self.trades: list[Routes] = []
        self.books: list[Routes] = []
        self.venue_bars: list[Routes] = []
        self.bars: list[list[BarFeed]] = []

    def define(self, index: int) -> None:
        """Make room for one more instrument."""
        while len(self.quotes) <= index:
            self.quotes.append(())
            self.trades.append(())
            self.books.append(())
            self.venue_bars.append(())
            self.bars.append([])

    def subscribe(self, actor: Actor, wish: Subscription) -> None:
        """Add a route; asking twice changes nothing."""
        index, strategy = wish.instrument, actor.strategy
        if wish.channel == "bars" and wish.spec is not None:
            feed = self._bar_feed(index, wish.spec)
            feed.routes = _with(feed.routes, (actor, strategy.on_bar))  # type: ignore[arg-type]
        elif wish.channel == "quotes":
            self.quotes[index] = _with(self.quotes[index], (actor, strategy.on_quote))  # type: ignore[arg-type]
        elif wish.channel == "trades":
            self.trades[index] = _with(self.trades[index], (actor, strategy.on_trade))  # type: ignore[arg-type]
        elif wish.channel == "venue-bars":
            self.venue_bars[index] = _with(self.venue_bars[index], (actor, strategy.on_bar))  # type: ignore[arg-type]
        else:
            self.books[index] = _with(self.books[index], (actor, strategy.on_book))  # type: ignore[arg-type]

    def unsubscribe(self, actor: Actor) -> None:
        """Remove every route of one actor."""
        for routes in (self.quotes, self.trades, self.books, self.venue_bars):
            routes[:] = [_without(route, actor) for route in routes]
        for feeds in self.bars:
            for feed in feeds:
                feed.routes = _without(feed.routes, actor)

    def arm(self, index: int, number: int, builder: BarBuilder) -> None:
        """Set the timer that closes an open time bar."""
        self._timers.set(BARS + str(index), str(number), builder.due_ns)

    def mark_incomplete(self, market: Market) -> None:
        """Say that trades of this market were missed."""
        for feed in self.bars[market.index]:
            feed.builder.mark_incomplete()

    def state(self) -> list[object]:
        """Return everything that a digest must cover: who listens, and the bars being built."""
        return [
            [[actor.id for actor, _ in routes] for routes in self.quotes],
            [[actor.id for actor, _ in routes] for routes in self.trades],
            [[actor.id for actor, _ in routes] for routes in self.books],
            [[actor.id for actor, _ in routes] for routes in self.venue_bars],
            [
                [(str(feed.builder.spec.unit), feed.builder.spec.step, feed.builder.state()) for feed in feeds]
                for feeds in self.bars
            ],
        ]

    def _bar_feed(self, index: int, spec: BarSpec) -> BarFeed:
        """Return the feed of these bars, made on first use."""
        for feed in self.bars[index]:
            if feed.builder.spec == spec:
                return feed
        feed = BarFeed(BarBuilder(index, spec))
        self.bars[index].append(feed)
        return feed


def opens_time_bar(builder: BarBuilder) -> bool:
    """Whether the next trade opens a bar that time must close."""
    return builder.spec.unit is BarUnit.TIME and builder.due_ns == 0


def _with(routes: Routes, route: Route) -> Routes:
    """Return the routes with one more, once per actor."""
    return routes if any(actor is route[0] for actor, _ in routes) else (*routes, route)


def _without(routes: Routes, gone: Actor) -> Routes:
    """Return the routes without one actor's."""
    return tuple(route for route in routes if route[0] is not gone)
