"""Virtual time: an engine and the venues that its commands go to, driven by recorded events as fast as they are read.

What-if replays and backtests share this driver. Its order is fixed: what fell due by an event's time (requests that
arrive, reports that come back, timers) happens first, each at its own time, then the event. An appointment of the
driver's own (a bar opens, a sample is taken) is kept when every event of its time has been seen.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from core.clock import NEVER
from core.effects import Effect, OrderFilled
from core.orders import (
    ApprovedCancel,
    ApprovedCommand,
    ApprovedGroup,
    ApprovedReplace,
    ApprovedSubmit,
    Refusal,
    goes_out,
)
from core.records import NO_INSTRUMENT, Event, Kind
from engine.coast import Quiet, coast
from engine.engine import Engine

Watcher = Callable[[int, Sequence[Effect]], None]
_COUNTED = frozenset((ApprovedSubmit, ApprovedCancel, ApprovedReplace, ApprovedGroup, OrderFilled, Refusal))


class Venues(Protocol):
    """The venues as the driver sees them; `connectors.sim.paper` has the simulated ones."""

    @property
    def due_ns(self) -> int:
        """When a request arrives or a report comes back next, `core.clock.NEVER` if nothing is under way."""

    @property
    def quiet(self) -> Sequence[Quiet]:
        """By instrument: which quotes `on_event` need not see, as of the last call of anything here."""

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


class Agenda:
    """What the driver itself has to do at times of its own: nothing. Subclasses have appointments."""

    due_ns = NEVER
    """The time of the next appointment, such as a sample of the equity."""

    opens_ns = NEVER
    """When the next bar opens at a venue, which matters only while something of ours is under way or rests there."""

    def keep(self) -> None:
        """Keep the next appointment and look up the one after it."""
        raise AssertionError("an empty agenda has no appointment to keep")

    def open(self) -> None:
        """Open the next bar and look up the one after it."""
        raise AssertionError("an empty agenda has no bar to open")

    def rouse(self, now_ns: int) -> None:
        """Catch up with the bars that opened before `now_ns` while nobody looked: a command is about to be sent."""


class VirtualRun:
    """One run in virtual time, counting what the commands came to; `watch` sees the effects of each event."""

    def __init__(
        self, engine: Engine, venues: Venues, *, watch: Watcher | None = None, agenda: Agenda | None = None
    ) -> None:
        """Drive `engine`; its commands go to `venues`."""
        self.engine = engine
        self.venues = venues
        self.agenda = agenda or Agenda()
        self.effects = 0
        self.orders = 0
        self.fills = 0
        self.refusals: Counter[str] = Counter()
        self._watch = watch

    def feed(self, event: Event) -> None:
        """Let everything that falls due before the event happen, then the event."""
        self.catch_up(event[3])
        self.step(event)

    def feed_run(self, events: Iterable[Event]) -> None:
        """Feed a run of plain inputs.

        Between due times, and while they meet nothing of ours, the engine takes them one after the other.
        """
        engine, venues, agenda = self.engine, self.venues, self.agenda
        coming = iter(events)
        while True:
            due_ns = venues.refresh()
            if venues.active():
                event, effects = coast(engine, coming, min(due_ns, agenda.opens_ns, agenda.due_ns), venues.quiet)
            elif due_ns != NEVER:
                event, effects = coast(engine, coming, min(due_ns, agenda.opens_ns, agenda.due_ns))
            else:
                event, effects = coast(engine, coming, agenda.due_ns)
            if event is None:
                return
            if effects is None:
                self._catch_up(event[3], due_ns)  # coasting, nothing happened at the venues
                self.step(event)
                continue
            venues.on_event(event)
            if effects:
                self.carry_out(effects, event[3])

    def catch_up(self, now_ns: int) -> None:
        """Let everything that falls due up to `now_ns` happen, each at its own time."""
        self._catch_up(now_ns, self.venues.refresh())

    def _catch_up(self, now_ns: int, venues_ns: int) -> None:
        """Do so; `venues_ns` is what falls due first at the venues."""
        venues, engine, agenda = self.venues, self.engine, self.agenda
        while True:
            due_ns = venues_ns if venues_ns < engine.next_due_ns else engine.next_due_ns  # noqa: FURB136 - `min` is slow
            if agenda.opens_ns < now_ns and agenda.opens_ns <= due_ns and (venues_ns != NEVER or venues.active()):
                agenda.open()
                venues_ns = venues.refresh()
            elif agenda.due_ns < now_ns and agenda.due_ns <= due_ns:
                agenda.keep()
            elif due_ns > now_ns or due_ns == NEVER:
                return
            else:
                reports = venues.poll(due_ns)
                for report in reports:
                    self.step(report)
                if not reports and engine.next_due_ns <= due_ns:
                    self.step((Kind.TIME, 0, NO_INSTRUMENT, due_ns, 0, 0, 0, 0, 0, 0))
                venues_ns = venues.due_ns

    def step(self, event: Event) -> None:
        """Step one event, whatever else is due, and let its commands out."""
        effects = self.engine.step(event)
        self.venues.on_event(event)
        if effects:
            self.carry_out(effects, event[3])

    def carry_out(self, effects: Sequence[Effect], now_ns: int) -> None:
        """Let commands out, count, tell who watches."""
        self.effects += len(effects)
        for effect in effects:
            if type(effect) in _COUNTED:
                self._count(effect, now_ns)
        if self._watch is not None:
            self._watch(now_ns, effects)

    def _count(self, effect: Effect, now_ns: int) -> None:
        """Let one command out; count it, a fill or a refusal."""
        if isinstance(effect, OrderFilled):
            self.fills += 1
        elif isinstance(effect, Refusal):
            self.refusals[effect.code] += 1
        elif isinstance(effect, ApprovedCommand) and goes_out(effect):
            self.agenda.rouse(now_ns)
            self.venues.send(effect, now_ns)
            self.orders += type(effect) is ApprovedSubmit
