"""What breakers ask for is carried out here: latches are set, orders cancelled, positions closed.

Breakers are looked at once a second by a timer, and at once after whatever may make one worse. A latch stops first,
then orders are cancelled, so nothing slips in between. At `reduce` and `halt` what only closes a position goes on
working at the venue: a protective stop that was taken away would make things worse.
"""

from collections.abc import Callable

from core.effects import Alert, Severity
from core.events import ClockMeasured, CorporateAction, CorporateKind, LoopLagged
from core.records import Event
from engine.desk import Desk
from engine.flatten import Flattener, Matches
from engine.timers import Timers
from oms.latches import Level
from oms.order import Order
from risk.breaker_settings import BreakerSettings, fraction
from risk.breakers.board import Board, Trip
from risk.breakers.kept import Kept
from risk.breakers.ladder import PPM, Step

BREAKERS = "breakers:"  # owner of the timer
LOOK_EVERY_NS = 1_000_000_000
SOURCE = "breaker:"
_LEVELS = {Step.REDUCE: Level.REDUCE, Step.HALT: Level.HALT, Step.FLATTEN: Level.KILL}


class Breaking:
    """Runs the breakers of a session that has any."""

    def __init__(
        self,
        settings: BreakerSettings,
        desk: Desk,
        flattener: Flattener,
        timers: Timers,
        kept: Kept,
        epoch: int,
        settle: Callable[[], None],
    ) -> None:
        """Stop, cancel and close through these; `settle` tells what came of it."""
        self.board = Board(settings, desk.manager, desk.markets, epoch, kept, desk.effects, self._limits)
        self._collar_ppm = fraction("collar", settings.collar, PPM)
        self._desk = desk
        self._flattener = flattener
        self._timers = timers
        self._settle = settle

    def _limits(self) -> tuple[BreakerSettings, int]:
        """Return the settings as they hold now, and the version of the limits."""
        gate = self._desk.gate
        assert gate.limits.breakers is not None
        return gate.limits.breakers, gate.limits_version

    def begin(self, now_ns: int) -> None:
        """Look now, and once a second from now on."""
        self._timers.drop(BREAKERS)
        self.fire(now_ns)

    def fire(self, now_ns: int) -> None:
        """Look at every breaker."""
        self._appear()
        self._carry_out(self.board.look(now_ns), now_ns)
        self._timers.set(BREAKERS, "look", now_ns + LOOK_EVERY_NS)

    def collected(self) -> None:
        """Follow what an event caused, before its effects are taken away."""
        now_ns = self._desk.clock.now_ns
        if self.board.has_other_rows:
            self.board.refresh()
            self._carry_out(self.board.look(now_ns), now_ns)
        while trips := self.board.follow(now_ns):
            self._carry_out(trips, now_ns)
        self.board.collected()

    def restored(self) -> None:
        """Go on from what the session before left.

        A breaker whose latch was taken off meanwhile, in a session without breakers, was armed by that: it would count
        as tripped for ever, and stop nothing.
        """
        self.board.refresh()
        self._appear()
        self.board.restored()
        latched = self._desk.gate.freezes.latches.held
        for scope in self.board.tripped():
            if scope not in latched:
                self.armed(scope, self._desk.clock.now_ns, "its latch was taken off in a session without breakers")

    def armed(self, scope: str, now_ns: int, reason: str) -> None:
        """Let the breakers of a scope be calm again, and say which."""
        names = self.board.arm(scope, now_ns, reason)
        if names:
            message = f"{scope}: {', '.join(names)} armed again"
            self._desk.effects.append(Alert(severity=Severity.INFO, code="BREAKER_ARMED", message=message))

    def on_clock(self, event: Event) -> None:
        """Take a measure of a venue's clock: it is looked at within the second."""
        assert isinstance(event[5], ClockMeasured)
        self.board.measured(event[5])

    def on_lag(self, event: Event) -> None:
        """Take what the edge says of its loop."""
        assert isinstance(event[5], LoopLagged)
        self._carry_out(self.board.lagged(event[5].lag_ns, event[3]), event[3])

    def on_account(self, event: Event) -> None:
        """Begin again where shares were split."""
        if isinstance(event[5], CorporateAction) and event[5].kind is CorporateKind.SPLIT:
            self.board.split(event[2])

    def _appear(self) -> None:
        self.board.appear([actor.id for actor in self._desk.actors if actor.owner is None])

    def _carry_out(self, trips: list[Trip], now_ns: int) -> None:
        """Stop, then cancel, then close."""
        for trip in trips:
            matches = self._flattener.matches(trip.scope)
            desk, source = self._desk, SOURCE + trip.breaker
            latches, level = desk.gate.freezes.latches, _LEVELS[trip.step]
            if not latches.set(trip.scope, level, now_ns, source, trip.reason, desk.effects):
                message = f"{trip.scope}: {trip.reason}, and is stopped as strictly already"
                desk.effects.append(Alert(severity=Severity.ERROR, code=f"BREAKER_{trip.step.name}", message=message))
            desk.gate.freezes.look()
            if trip.step is Step.FLATTEN:
                desk.cancel_where(matches)
                self._flattener.begin(trip.scope, self._collar_ppm)
            else:
                self._cancel_opening(matches)
        if trips:
            self._settle()

    def _cancel_opening(self, matches: Matches) -> None:
        """Cancel what works in a scope and may do more than close."""
        left: dict[tuple[str, int], int] = {}  # of each position, that no order closes which was looked at before
        for order in self._desk.manager.open_orders():
            if matches(order.strategy_id, order.instrument) and not self._only_closes(order, left):
                self._desk.cancel_again(order.client_order_id)

    def _only_closes(self, order: Order, left: dict[tuple[str, int], int]) -> bool:
        """Whether an order, filled in full, leaves its strategy with no more than it holds, on the same side."""
        terms = order.intent.terms
        if order.reduce_only or (terms is not None and terms.hedge == -order.intent.side):
            return True
        if terms is not None and terms.hedge is not None:
            return False
        pair = (order.strategy_id, order.instrument)
        held = left.get(pair, self._desk.manager.strategy_position(*pair).quantity)
        if held * order.side >= 0 or order.leaves > abs(held):
            return False
        left[pair] = held + order.side * order.leaves
        return True
