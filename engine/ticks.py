"""What market events do: the market moves, kept orders may be released, bars grow, strategies are called.

The base of `engine.engine.Engine`, which has the door (`step`), the digest and every input that carries a payload.
"""

from collections.abc import Sequence

from core.bars import VENUE_STEPS_NS, Bar, BarSpec, BarUnit
from core.book import FAULTS, LIVE, NO_FAULT, apply_level, apply_order
from core.effects import Alert, BookResyncNeeded, Effect, Severity
from core.market import Market, Quote, Trade
from core.orders import Side
from core.records import LAST, NOT_MARKET, PENDING, SELL_AGGRESSOR, Event
from engine.breaking import BREAKERS, Breaking
from engine.bus import BARS, Bus, Routes, opens_time_bar
from engine.commands import Commands
from engine.desk import Desk
from engine.exits import EXITS, Exits, Watched
from engine.flatten import FLATTEN, Flattener
from engine.keeper import KEPT
from engine.limit_commands import LIMITS
from engine.reconciling import RECONCILE, Reconciling
from engine.reduce import TIMER as REDUCING
from engine.reduce import Reducer
from engine.roster_commands import LEAVES
from engine.sizing import SIZES, Sizing
from engine.timers import Timers
from risk.controls.control import LOOK_EVERY_NS
from strategies.context import Timer

LOOK = "look:"  # owner of the timer
NO_EFFECTS: Sequence[Effect] = ()
# The spec and the step of each venue's interval; the first is of none.
VENUE_SPECS = tuple((BarSpec(BarUnit.TIME, step_ns or 1), step_ns) for step_ns in VENUE_STEPS_NS)


class MarketHandlers:
    """The handlers of plain records and of timers."""

    __slots__ = (
        "_effects",
        "_quote_routes",
        "_watched",
        "breaking",
        "bus",
        "commands",
        "desk",
        "exits",
        "flattener",
        "markets",
        "next_due_ns",
        "reconciling",
        "reducer",
        "sizing",
        "timers",
    )

    markets: list[Market]
    timers: Timers
    bus: Bus
    desk: Desk
    exits: Exits
    commands: Commands
    flattener: Flattener
    breaking: Breaking | None
    next_due_ns: int
    reconciling: Reconciling | None
    reducer: Reducer
    sizing: Sizing
    _effects: list[Effect]
    _quote_routes: list[Routes]
    _watched: Watched

    # -- market data -----------------------------------------------------------------------------------------------

    def _on_quote(self, event: Event) -> None:
        """Move the touch of one market and publish it."""
        _, _, index, now_ns, venue_ns, bid_price, bid_quantity, ask_price, ask_quantity, update_id = event
        market = self.markets[index]
        market.bid_price = bid_price  # type: ignore[assignment]
        market.bid_quantity = bid_quantity
        market.ask_price = ask_price
        market.ask_quantity = ask_quantity
        market.update_id = update_id
        market.venue_ns = venue_ns
        market.quote_ns = now_ns
        if self._watched[index]:
            self.pull(index)
        routes = self._quote_routes[index]
        if routes:
            quote = Quote(index, now_ns, venue_ns, bid_price, bid_quantity, ask_price, ask_quantity, update_id)  # type: ignore[arg-type]
            # `_publish` written out: quotes are most of what comes, and a frame less is a tenth of an event's cost.
            asked = False
            for actor, handler in routes:
                try:
                    handler(quote)
                except Exception as error:  # noqa: BLE001 - whatever a strategy raises must not stop the others
                    self.desk.fail(actor, error)
                    asked = True
                if actor.outbox:
                    asked = True
            if asked:
                self.settle()

    def _on_trade(self, event: Event) -> None:
        """Remember a trade, grow the bars, publish it; trades that are not market trades change nothing."""
        _, flags, index, now_ns, venue_ns, price, quantity, trade_id, _, _ = event
        if flags & NOT_MARKET:
            return
        market = self.markets[index]
        market.last_price = price  # type: ignore[assignment]
        market.last_quantity = quantity
        market.trade_ns = now_ns
        market.volume += quantity
        if self._watched[index]:
            self.pull(index)
        if self.bus.bars[index]:
            self._grow_bars(index, now_ns, price, quantity)  # type: ignore[arg-type]
        routes = self.bus.trades[index]
        if routes:
            side = Side.SELL if flags & SELL_AGGRESSOR else Side.BUY
            self._publish(routes, Trade(index, now_ns, venue_ns, price, quantity, trade_id, side))  # type: ignore[arg-type]

    def _on_book(self, event: Event) -> None:
        """Apply one level; publish the book when its message is whole."""
        _, flags, index, now_ns, _, price, quantity, _, last_update_id, prev_update_id = event
        market = self.markets[index]
        book = market.book
        fault = apply_level(book, flags, price, quantity, last_update_id, prev_update_id)  # type: ignore[arg-type]
        if fault != NO_FAULT:
            self._resync(market, fault)
        if flags & LAST and not flags & PENDING and book.state == LIVE:
            market.book_ns = now_ns
            if self._watched[index] and not market.quote_ns:  # where there are quotes, they are the touch
                self.pull(index)
            routes = self.bus.books[index]
            if routes:
                self._publish(routes, market)

    def _on_mbo(self, event: Event) -> None:
        """Apply one change of one order to its level; publish the book when the message is whole."""
        _, flags, index, now_ns, _, price, change, _, sequence, _ = event
        market = self.markets[index]
        fault = apply_order(market.book, flags, price, change, sequence)  # type: ignore[arg-type]
        if fault != NO_FAULT:
            self._resync(market, fault)
        if flags & LAST and market.book.state == LIVE:
            market.book_ns = now_ns
            if self._watched[index] and not market.quote_ns:  # where there are quotes, they are the touch
                self.pull(index)
            self._publish(self.bus.books[index], market)

    def _on_mark(self, event: Event) -> None:
        """Remember what the venue values a contract at; kept orders may wait for it."""
        _, _, index, now_ns, _, mark_price, index_price, _, _, _ = event
        market = self.markets[index]
        market.mark_price = mark_price  # type: ignore[assignment]
        market.index_price = index_price
        market.mark_ns = now_ns
        if self._watched[index]:
            self.pull(index)

    def pull(self, index: int, bar_low: int = 0, bar_high: int = 0) -> None:
        """Let a market pull triggers of kept orders and exits, before strategies see the event."""
        if self.desk.manager.held.watched[index]:
            self.desk.keeper.look(index, bar_low, bar_high)
        if self.exits.watched[index]:
            self.exits.look(index, bar_low, bar_high)
        if self._effects:
            self.settle()

    def _on_time(self, _event: Event) -> None:
        """Nothing but time: what fell due has fired already."""

    def _publish(self, routes: Routes, item: object) -> None:
        """Call every subscriber, then carry out what they asked for."""
        asked = False
        for actor, handler in routes:
            try:
                handler(item)
            except Exception as error:  # noqa: BLE001 - whatever a strategy raises must not stop the others
                self.desk.fail(actor, error)
                asked = True
            if actor.outbox:
                asked = True
        if asked:
            self.settle()

    def settle(self) -> None:
        """Carry out intents and tell consequences; timers may have moved."""
        self.desk.settle()
        self.next_due_ns = self.timers.next_ns

    def _resync(self, market: Market, number: int) -> None:
        """Say that a book cannot be believed and needs a snapshot."""
        fault = FAULTS[number]
        assert fault is not None
        reason = f"{market.instrument.id}: book {fault.value} after update {market.book.last_update_id}"
        self.desk.effects.append(Alert(severity=Severity.WARNING, code="BOOK_" + fault.name, message=reason))
        self.desk.effects.append(BookResyncNeeded(instrument=market.index, reason=fault.value))

    # -- bars and timers -------------------------------------------------------------------------------------------

    def _grow_bars(self, index: int, now_ns: int, price: int, quantity: int) -> None:
        """Add a trade to every bar of its instrument; publish those that it closed."""
        for number, feed in enumerate(self.bus.bars[index]):
            opening = opens_time_bar(feed.builder)
            bar = feed.builder.add(now_ns, price, quantity)
            if opening:
                self.bus.arm(index, number, feed.builder)
                self.next_due_ns = self.timers.next_ns
            if bar is not None:
                self._publish(feed.routes, bar)

    def _on_venue_bar(self, event: Event) -> None:
        """Publish a bar that the venue made."""
        _, interval, index, now_ns, start_ns, opened, high, low, close, volume = event
        market = self.markets[index]
        market.bar_price = close
        market.bar_ns = now_ns
        if self._watched[index]:
            self.pull(index, low, high)
        routes = self.bus.venue_bars[index]
        if routes and interval:
            spec, step_ns = VENUE_SPECS[interval]
            end_ns = start_ns + step_ns
            self._publish(routes, Bar(index, spec, start_ns, end_ns, opened, high, low, close, volume, 0, 0, True))  # type: ignore[arg-type]

    def look_at_limits(self, now_ns: int) -> None:
        """Value what the limits of `[risk.controls]` count, and do so again in a second; nothing without any."""
        controls = self.desk.gate.controls
        if controls is not None:
            controls.look(now_ns)
            self.timers.set(LOOK, "look", now_ns + LOOK_EVERY_NS)

    def _fire(self, now_ns: int) -> None:
        """Fire every timer that fell due, before the event that brought the time."""
        while (due := self.timers.pop_due(now_ns)) is not None:
            due_ns, owner, name = due
            if owner.startswith(BARS):
                feed = self.bus.bars[int(owner.removeprefix(BARS))][int(name)]
                bar = feed.builder.close_due(now_ns)
                if bar is not None:
                    self._publish(feed.routes, bar)
            elif owner.startswith(KEPT):
                self.desk.keeper.fire(owner, name)
                self.settle()
            elif owner == FLATTEN:
                self.flattener.fire(now_ns)
                self.settle()
            elif owner == REDUCING:
                self.reducer.fire(now_ns)
                self.settle()
            elif owner == LOOK:
                self.look_at_limits(now_ns)
            elif owner == LEAVES:
                self.commands.roster.fire(now_ns)
                self.settle()
            elif owner == EXITS:
                self.exits.fire(now_ns)
                self.settle()
            elif owner == BREAKERS:
                assert self.breaking is not None
                self.breaking.fire(now_ns)
            elif owner == SIZES:
                self.sizing.fire(now_ns)
            elif owner == LIMITS:
                self.commands.limits.fire(now_ns)
            elif owner == RECONCILE:
                assert self.reconciling is not None
                self.reconciling.fire(now_ns)
            else:
                actor = self.desk.by_id[owner]
                if actor.active:
                    self.desk.call(actor, actor.strategy.on_timer, Timer(name, due_ns, now_ns))
                    self.settle()
        self.next_due_ns = self.timers.next_ns
