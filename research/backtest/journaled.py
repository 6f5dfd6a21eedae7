"""A backtest that writes a journal like a live session's: every input before it is stepped, every effect after it."""

from collections.abc import Iterable

from core.codec import KIND_OF, encode_payload
from core.effects import Effect
from core.orders import ApprovedSubmit
from core.records import FIRST_PAYLOAD_INPUT, NO_INSTRUMENT, Event
from engine.engine import Engine
from engine.virtual import Agenda, Venues, VirtualRun, Watcher
from journal.head import SealState
from journal.writer import JournalWriter


class JournaledRun(VirtualRun):
    """The same run in the same order, recorded; `tickerd replay FOLDER --verify` takes what it writes."""

    def __init__(
        self,
        engine: Engine,
        venues: Venues,
        journal: JournalWriter,
        digest_every: int,
        *,
        watch: Watcher | None = None,
        agenda: Agenda | None = None,
    ) -> None:
        """Record into `journal`, with a digest of the state after every `digest_every` inputs."""
        super().__init__(engine, venues, watch=watch, agenda=agenda)
        self.journal = journal
        self._digest_every = digest_every
        self._countdown = digest_every
        self._inputs = 0
        self._recorded = 0

    def feed_run(self, events: Iterable[Event]) -> None:
        """Feed and record a run of plain inputs."""
        for event in events:
            self.feed(event)

    def step(self, event: Event) -> None:
        """Record and step one input, record its effects, let its commands out. Raises JournalError."""
        kind, flags, instrument, now_ns, venue_ns, payload = event[:6]
        if kind < FIRST_PAYLOAD_INPUT:
            self.journal.append_event(event)
        else:
            self.journal.append_payload(kind, flags, instrument, now_ns, encode_payload(payload), venue_ns)
        self._inputs += 1
        effects = self.engine.step(event)
        for effect in effects:
            self.journal.append_payload(
                KIND_OF[type(effect)], 0, _instrument_of(effect), now_ns, encode_payload(effect)
            )
        self._recorded += len(effects)
        self.venues.on_event(event)
        if effects:
            self.carry_out(effects, now_ns)
        self._countdown -= 1
        if not self._countdown:
            self._digest()

    def seal(self, state: SealState, reason: str) -> None:
        """Record the last digest and how it ended. Raises JournalError."""
        digest = self._digest()
        self.journal.seal(
            state,
            reason,
            digest=digest,
            inputs=self._inputs,
            effects=self._recorded,
            ended_ns=self.engine.now_ns,
        )

    def _digest(self) -> bytes:
        """Record the digest of the engine's state."""
        self._countdown = self._digest_every
        digest = self.engine.digest()
        self.journal.append_digest(self.engine.now_ns, self._inputs, digest)
        return digest


def _instrument_of(effect: Effect) -> int:
    """Return the index of the instrument that an effect is about, for readers who filter by it."""
    if isinstance(effect, ApprovedSubmit):
        return effect.intent.instrument
    index = getattr(effect, "instrument", NO_INSTRUMENT)
    return index if isinstance(index, int) and 0 <= index <= NO_INSTRUMENT else NO_INSTRUMENT
