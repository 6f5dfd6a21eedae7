"""The engine: one input event in, its effects out, in the order in which they happened.

`step` is the whole of it. The first lines are the hot path: the time moves, timers that fell due fire, the event's
handler runs. Everything that needs orders goes through `engine.desk`.
"""

from collections.abc import Callable, Sequence

from core.clock import EventClock
from core.effects import Alert, Effect, Severity
from core.events import (
    AccountMoved,
    AccountTraded,
    CommandReceived,
    CorporateAction,
    FeedChanged,
    InstrumentDefined,
    LifecycleChanged,
    LifecycleState,
    OrderReport,
    StateCarried,
)
from core.market import Market
from core.portfolio import PortfolioRisk
from core.records import Event, Kind
from engine.breaking import Breaking
from engine.bus import Bus
from engine.commands import Commands
from engine.desk import Desk
from engine.digest import market_state, state_digest
from engine.errors import NotFirst, UndefinedInstrument
from engine.exits import Both, Exits, Watched
from engine.feeds import change_feed
from engine.flatten import Flattener
from engine.limit_commands import LimitCommands
from engine.meter import Meters
from engine.reconciling import Reconciling
from engine.reduce import Reducer
from engine.roster import Roster
from engine.roster_commands import RosterCommands
from engine.sight import Sight
from engine.sizing import Sizing
from engine.spec import StrategySpec
from engine.ticks import LOOK, NO_EFFECTS, MarketHandlers
from engine.timers import Timers
from oms.fold import FoldPart, take_over
from oms.manager import OrderManager
from oms.reconcile import ReconcileSettings
from oms.state import durable_state, state_pieces
from risk.breakers.kept import Kept
from risk.gate import Gate
from risk.portfolio_figures import PortfolioFigures
from risk.sizing.settings import SizingSettings
from risk.sizing.sizer import Sizer
from strategies.context import Context, OrderCounter


class Engine(MarketHandlers):
    """The pure core as one object. Build it with `engine.build_engine`; feed it with `step`."""

    __slots__ = (
        "_clock",
        "_counter",
        "breakers_kept",
        "gate",
        "handlers",
        "lifecycle",
        "manager",
        "portfolio",
        "roster",
    )

    def __init__(
        self,
        gate: Gate,
        manager: OrderManager,
        clock: EventClock,
        counter: OrderCounter,
        *,
        native_orders: bool = False,
        reconcile: ReconcileSettings | None = None,
        sizing: SizingSettings | None = None,
    ) -> None:
        """Join the parts; nothing is known before the first event."""
        self.markets: list[Market] = []
        self.timers = Timers()
        self.bus = Bus(self.timers)
        self.gate = gate
        self.manager = manager
        self.portfolio = PortfolioFigures()
        manager.books.rates.markets = self.markets
        self.desk = Desk(
            gate, manager, self.bus, self.timers, clock, self.markets, counter, native_orders=native_orders
        )
        self.reconciling = (
            None if reconcile is None else Reconciling(reconcile, counter.epoch, self.desk, self.timers, self.settle)
        )
        gate.watch(manager, self.desk.effects, self.portfolio)
        self.flattener = Flattener(
            manager,
            self.markets,
            self.timers,
            clock,
            counter,
            gate.freezes.latches,
            self.desk.effects,
            self.desk.submit,
            lambda: self.desk.ready,
        )
        self.reducer = Reducer(self.flattener, manager, self.timers, clock, self.desk.effects, lambda: self.desk.ready)
        limits = LimitCommands(self.desk, self.timers, clock)
        self.roster = Roster(self.desk, clock, counter)
        roster = RosterCommands(self.roster, self.desk, self.flattener, self.timers)
        self.commands = Commands(
            self.desk, self.markets, self.flattener, self.reconciling, limits, self.reducer, roster
        )
        self.breakers_kept = Kept()
        self.breaking = self.commands.breaking = self._breakers(counter.epoch)
        self._clock = clock
        self._counter = counter
        self._stand_beside(sizing or SizingSettings(), clock)
        self.lifecycle = LifecycleState.STARTING
        self.next_due_ns = self.timers.next_ns
        """When the engine next wants a TIME event, `core.clock.NEVER` if not at all."""
        # The desk's list and the bus's routes under names of our own: one look-up less for every event.
        self._effects = self.desk.effects
        self._quote_routes = self.bus.quotes
        self._watched: Watched = manager.held.watched
        self.handlers = self._handler_table()

    def _breakers(self, epoch: int) -> Breaking | None:
        """Return the breakers of the limits, which look at what each event caused; None where there are none."""
        breakers, kept, settle = self.gate.limits.breakers, self.breakers_kept, self.settle
        if breakers is None:
            return None
        made = Breaking(breakers, self.desk, self.flattener, self.timers, kept, epoch, settle)
        self.desk.followed = made.collected
        return made

    def _stand_beside(self, sizing: SizingSettings, clock: EventClock) -> None:
        """Make what looks after sizes and exits."""
        sizer = Sizer(sizing, self.manager, self.markets, clock)
        meters = Meters(self.bus, self.markets, self.manager, clock, self._counter)
        self.sizing = Sizing(sizer, self.timers, self.desk.effects, self.commands.matches, meters)
        self.commands.know(self.sizing.handlers())
        self.exits = Exits(
            self.flattener,
            Sight(self.gate, self.manager, clock, self.markets, lambda: self.desk.ready),
            self.gate,
            self.manager,
            self.markets,
            self.timers,
            clock,
            self.desk.effects,
            self.desk.cancel_where,
            sizer.figures.atr,
        )

    # -- the one door ----------------------------------------------------------------------------------------------

    def step(self, event: Event) -> Sequence[Effect]:
        """Handle one input and return its effects. Raises InvariantError where the input cannot be true."""
        now_ns = event[3]
        self._clock.now_ns = now_ns
        if now_ns >= self.next_due_ns:
            self._fire(now_ns)
        self.handlers[event[0]](event)
        return self.collected() if self._effects else NO_EFFECTS

    def attach(self, spec: StrategySpec, context: Context) -> None:
        """Give a strategy the sizes and the exits of its settings, none of one that had its id before."""
        sizer, known = self.sizing.sizer, bool(self.sizing.sizer.rules)
        sizer.rules.pop(spec.id, None)
        self.exits.follow_rules(spec.id, spec.exits)
        if spec.exits is not None:
            self._watched = Both(self.manager.held.watched, self.exits.watched)
        if spec.sizing is not None:
            sizer.add(spec.id, spec.sizing, *spec.instruments)
            context.sizes = sizer.size
            if self.desk.ready and not known:
                self.sizing.fire(self._clock.now_ns)  # markets are measured from now on
        if self.desk.ready:
            self.sizing.listen(wanted=self.exits.wants_ranges)
            self.exits.begin()

    @property
    def watched(self) -> Watched:
        """What waits for the market of each instrument."""
        return self._watched

    def collected(self) -> Sequence[Effect]:
        """Return the effects of this event, once the guards of positions have followed it."""
        if self.exits.rules:
            while self.exits.follow():
                self.settle()
            self.next_due_ns = self.timers.next_ns
            self.exits.collected()
        self.sizing.follow()
        return self.desk.collect()

    @property
    def now_ns(self) -> int:
        """The time of the last event."""
        return self._clock.now_ns

    def digest(self) -> bytes:
        """Return the 32-byte digest of the whole state."""
        return state_digest(
            [
                self._clock.now_ns,
                self.lifecycle.value,
                self._counter.count,
                [market_state(market) for market in self.markets],
                self.manager.state(),
                self.gate.state(),
                self.timers.state(),
                self.bus.state(),
                [actor.digest_state() for actor in self.desk.actors],
                *self.desk.wishes(),
                *([] if self.reconciling is None else [self.reconciling.reconciler.state()]),
                *([["latches", *self.gate.freezes.latches.state()]] if self.gate.freezes.latches.held else []),
                *([["flatten", *self.flattener.state()]] if self.flattener.wanted else []),
                *([["reduce", *self.reducer.state()]] if self.reducer.wanted else []),
                *([["limits", *self.gate.changes.state()]] if self.gate.changes.state() else []),
                *([["memories", self.desk.memories.state()]] if self.desk.memories.by_name else []),
                *([["portfolio", *self.portfolio.state()]] if self.portfolio.known else []),
                *([["roster", *self.roster.state(), *self.commands.roster.state()]] if self.roster.entries else []),
                *([["breakers", *self.breakers_kept.state()]] if self.breakers_kept.told else []),
                *([["breaking", *self.breaking.board.state()]] if self.breaking is not None else []),
                *([["sizing", *sizes]] if (sizes := self.sizing.sizer.state()) else []),
                *([["exits", *exits]] if (exits := self.exits.state()) else []),
            ]
        )

    @property
    def lag_from_ns(self) -> int | None:
        """From which lag of the event loop on the engine wants to be told, None for never."""
        return None if self.breaking is None else self.breaking.board.lag_from_ns

    @property
    def reconciled(self) -> bool:
        """Whether our books were compared with every venue's since its link came up; what differs is frozen."""
        return self.reconciling is None or self.reconciling.reconciler.reconciled

    def durable_state(self) -> bytes:
        """Return what must survive a restart; a later session takes it over as `StateCarried`."""
        return durable_state(self.manager, self.parts())

    def state_pieces(self) -> list[bytes]:
        """Return the same in pieces, neither joined nor packed: for a thread (`oms.state.pack`)."""
        return state_pieces(self.manager, self.parts())

    def parts(self) -> tuple[FoldPart, ...]:
        """Return the parts of the durable state beside the order manager: add yours here and in `oms.fold`'s."""
        gate, desk, sizer = self.gate, self.desk, self.sizing.sizer
        changed = gate.changes, sizer.scales, sizer.figures.trades, self.breakers_kept, self.exits.guards, self.roster
        beside = desk.memories, gate.freezes.latches, self.flattener, gate.day, *changed
        return beside if self.reconciling is None else (self.reconciling.kept, *beside)

    # -- everything else -------------------------------------------------------------------------------------------

    def _on_instrument(self, event: Event) -> None:
        """Define an instrument, or take its new rules."""
        index, payload = event[2], event[5]
        assert isinstance(payload, InstrumentDefined)
        if index < len(self.markets):
            self.markets[index].instrument = payload.instrument
        elif index == len(self.markets):
            self.markets.append(Market(index, payload.instrument))
        else:
            raise UndefinedInstrument(f"instrument {index} defined after {len(self.markets)}: indexes must not skip")
        self.bus.define(index)
        self.manager.held.define(index)
        self.exits.define(index)
        self.sizing.sizer.figures.trades.fold(Kind.INSTRUMENT, index, event[3], payload)
        self.manager.define(index, payload.instrument)
        self.gate.define(index, payload.instrument)

    def _on_report(self, event: Event) -> None:
        """Book a venue's word on an order."""
        assert isinstance(event[5], OrderReport)
        self.manager.report(event[5], event[2], event[3], self._effects)
        self.settle()

    def _on_account(self, event: Event) -> None:
        """Book what a venue did to the account without an order of ours."""
        assert isinstance(event[5], AccountMoved | AccountTraded | CorporateAction)
        if self.reconciling is not None and isinstance(event[5], AccountMoved):
            self.reconciling.before_move(event[5], event[2], event[3])
        self.manager.account_event(event[5], event[2], self.desk.effects, event[3])
        if self.breaking is not None:
            self.breaking.on_account(event)
        self.settle()

    def _on_carried(self, event: Event) -> None:
        """Take over what the session before this one left: before any order, report or account event of this one."""
        assert isinstance(event[5], StateCarried)
        if not self.manager.is_new:
            raise NotFirst(
                "a state is carried over into a session that has orders of its own: it must come before them"
            )
        take_over(event[5], self.manager, self.parts())
        self.gate.freezes.restored(self._effects)
        self.flattener.restored()
        self.commands.limits.restored()
        self.commands.roster.restored()
        self.sizing.restored()
        self.exits.restored()
        self.desk.keeper.restored()
        if self.breaking is not None:
            self.breaking.restored()
        self.next_due_ns = self.timers.next_ns

    def _on_feed(self, event: Event) -> None:
        """Believe or withhold what a feed tells."""
        change = event[5]
        assert isinstance(change, FeedChanged)
        for market in self.markets:
            if market.instrument.venue == change.venue and (not change.channel or market.index == event[2]):
                change_feed(market, change, self.bus)

    def _on_lifecycle(self, event: Event) -> None:
        """Enter a state of the daemon's life; READY starts the strategies, DRAINING stops them."""
        assert isinstance(event[5], LifecycleChanged)
        self.lifecycle = event[5].state
        self.desk.ready = self.lifecycle is LifecycleState.READY
        if self.lifecycle is LifecycleState.READY:
            self.desk.start()
            self.desk.keeper.look_everywhere()
            self.timers.drop(LOOK)
            self.look_at_limits(event[3])
            if self.breaking is not None:
                self.breaking.begin(event[3])
            self.sizing.fire(event[3])
            self.sizing.listen(wanted=self.exits.wants_ranges)
            self.exits.begin()
        elif self.lifecycle is LifecycleState.DRAINING:
            self.desk.stop(event[5].reason)
        if self.reconciling is not None:
            self.reconciling.lifecycle(self.lifecycle, event[3])
        self.settle()

    def _on_command(self, event: Event) -> None:
        """Carry out an operator's command."""
        assert isinstance(event[5], CommandReceived)
        self.commands.carry_out(event[5], event[3])
        self.settle()

    def _on_portfolio(self, event: Event) -> None:
        """Keep what the risk worker found, for limits to read; tell what is new of it."""
        told = event[5]
        assert isinstance(told, PortfolioRisk)
        code = "PORTFOLIO_RISK" if told.problem else "CORRELATION_BREAK"
        severity = Severity.INFO if told.problem_kind == "history" else Severity.WARNING  # the former ends by waiting
        for news in self.portfolio.take(told):
            self._effects.append(Alert(severity=severity, code=code, message=news))

    def _on_recorded(self, _event: Event) -> None:
        """Only recorded: raw bytes decide nothing, nor do clocks and the loop's lag where no breaker looks at them."""

    def _on_unknown(self, event: Event) -> None:
        """Refuse an input that this build does not know: skipping it would make another history."""
        raise UndefinedInstrument(f"record kind {event[0]} is not an input of this build; use the build that wrote it")

    def _handler_table(self) -> list[Callable[[Event], None]]:
        """Return the handler of each record kind, indexed by kind."""
        table: list[Callable[[Event], None]] = [self._on_unknown] * 256
        table[Kind.QUOTE] = self._on_quote
        table[Kind.TRADE] = self._on_trade
        table[Kind.BOOK] = self._on_book
        table[Kind.BAR] = self._on_venue_bar
        table[Kind.TIME] = self._on_time
        table[Kind.MBO] = self._on_mbo
        table[Kind.MARK] = self._on_mark
        table[Kind.INSTRUMENT] = self._on_instrument
        table[Kind.REPORT] = self._on_report
        table[Kind.FEED] = self._on_feed
        table[Kind.COMMAND] = self._on_command
        table[Kind.RAW] = self._on_recorded
        table[Kind.LIFECYCLE] = self._on_lifecycle
        table[Kind.CLOCK] = self._on_recorded if self.breaking is None else self.breaking.on_clock
        table[Kind.LAG] = self._on_recorded if self.breaking is None else self.breaking.on_lag
        table[Kind.ACCOUNT_MOVE] = self._on_account
        table[Kind.ACCOUNT_TRADE] = self._on_account
        table[Kind.CORPORATE] = self._on_account
        table[Kind.CARRIED] = self._on_carried
        table[Kind.PORTFOLIO] = self._on_portfolio
        table[Kind.EVIDENCE] = table[Kind.LINK] = table[Kind.DEAD_MAN] = self._on_recorded
        if self.reconciling is not None:
            for kind, handler in self.reconciling.handlers():
                table[kind] = handler
        return table
