"""Virtual time: an engine and the venues that its commands go to, driven by recorded events as fast as they are read.

What-if replays and backtests share this driver. Its order at one moment is fixed: what fell due by then (requests that
arrive, reports that come back, timers) happens first, each at its own time, then the event.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol

from core.clock import NEVER
from core.effects import Effect, OrderFilled
from core.orders import ApprovedCancel, ApprovedCommand, ApprovedSubmit, Refusal
from core.records import NO_INSTRUMENT, Event, Kind
from engine.engine import Engine


class Venues(Protocol):
    """The venues as the driver sees them; `connectors.sim.paper` has the simulated ones."""

    due_ns: int
    """When a request arrives or a report comes back next, `core.clock.NEVER` if nothing is under way."""

    def send(self, command: ApprovedCommand, now_ns: int) -> None:
        """Take one command."""

    def on_event(self, event: Event) -> None:
        """See one event, after the engine has."""

    def active(self) -> bool:
        """Whether a market event could matter to `on_event`."""

    def poll(self, now_ns: int) -> list[Event]:
        """Let time pass to `now_ns`; return the reports that have come back by then."""

    def refresh(self) -> int:
        """Look again at what falls due next, and return it as `due_ns`."""


class VirtualRun:
    """One run in virtual time, counting what the commands came to."""

    def __init__(self, engine: Engine, venues: Venues) -> None:
        """Drive `engine`; its commands go to `venues`."""
        self.engine = engine
        self.venues = venues
        self.orders = 0
        self.fills = 0
        self.refusals: Counter[str] = Counter()

    def feed(self, event: Event) -> None:
        """Let everything that falls due before the event happen, then the event."""
        self.catch_up(event[3])
        self._step(event)

    def feed_run(self, events: Iterable[Event]) -> None:
        """Feed a run of plain market events.

        Between due times, and while no order of ours meets the market, an event costs one call of the engine.
        """
        engine, venues = self.engine, self.venues
        step, on_event = engine.step, venues.on_event
        venues_due_ns = venues.refresh()
        active = venues.active()
        for event in events:
            now_ns = event[3]
            if now_ns >= venues_due_ns or now_ns >= engine.next_due_ns:
                self.catch_up(now_ns)
                venues_due_ns = venues.due_ns
                active = venues.active()
            effects = step(event)
            if active:
                on_event(event)
                venues_due_ns = venues.refresh()
                active = venues.active()
            if effects:
                self._carry_out(effects, now_ns)
                venues_due_ns = venues.refresh()

    def catch_up(self, now_ns: int) -> None:
        """Let everything that falls due up to `now_ns` happen, each at its own time."""
        venues, engine = self.venues, self.engine
        while (due_ns := min(venues.refresh(), engine.next_due_ns)) <= now_ns and due_ns != NEVER:
            reports = venues.poll(due_ns)
            for report in reports:
                self._step(report)
            if not reports and engine.next_due_ns <= due_ns:
                self._step((Kind.TIME, 0, NO_INSTRUMENT, due_ns, 0, 0, 0, 0, 0, 0))

    def _step(self, event: Event) -> None:
        """Step one event and let its commands out."""
        effects = self.engine.step(event)
        self.venues.on_event(event)
        if effects:
            self._carry_out(effects, event[3])

    def _carry_out(self, effects: Sequence[Effect], now_ns: int) -> None:
        """Let commands out, and count."""
        for effect in effects:
            if isinstance(effect, ApprovedSubmit | ApprovedCancel):
                self.venues.send(effect, now_ns)
                self.orders += isinstance(effect, ApprovedSubmit)
            elif isinstance(effect, OrderFilled):
                self.fills += 1
            elif isinstance(effect, Refusal):
                self.refusals[effect.code] += 1
