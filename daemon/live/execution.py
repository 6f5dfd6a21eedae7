"""Live execution: approved commands, and questions, to the trading connector of their instrument's venue."""

from collections.abc import Mapping

from connectors.base import TradingConnector
from core.clock import NEVER
from core.errors import InvariantError
from core.events import InstrumentDefined
from core.evidence import EvidenceWanted
from core.orders import ApprovedCommand, ApprovedGroup, ApprovedSubmit
from core.records import Event, Kind

_INSTRUMENT_KIND = int(Kind.INSTRUMENT)


class LiveExecution:
    """What `daemon.pipeline.Execution` asks for, with real venues behind it."""

    def __init__(self, connectors: Mapping[str, TradingConnector]) -> None:
        """Send to `connectors`, by the venue's name."""
        self.due_ns = NEVER
        self._connectors = connectors
        self._by_index: list[TradingConnector | None] = []

    def before(self, now_ns: int) -> None:
        """Nothing falls due here: venues answer when they answer."""

    def ask(self, wanted: EvidenceWanted, now_ns: int) -> None:
        """Hand one question over. Raises InvariantError for a venue that takes no orders: it has nothing to tell."""
        connector = self._connectors.get(wanted.venue)
        if connector is None:
            raise InvariantError(f"evidence is wanted of {wanted.venue}, which takes no orders")
        connector.ask(wanted, now_ns)

    def send(self, command: ApprovedCommand, now_ns: int) -> None:
        """Hand one command over. Raises InvariantError for a venue that takes no orders: the gate lets none pass."""
        if isinstance(command, ApprovedSubmit):
            index = command.intent.instrument
        elif isinstance(command, ApprovedGroup):
            index = command.orders[0].intent.instrument
        else:
            index = command.instrument
        connector = self._by_index[index]
        if connector is None:
            raise InvariantError(f"a command for instrument {index} was approved, whose venue takes no orders")
        connector.send(command, now_ns)

    def on_event(self, event: Event) -> None:
        """Learn which venue an instrument is of."""
        if event[0] == _INSTRUMENT_KIND and event[2] == len(self._by_index):
            assert isinstance(event[5], InstrumentDefined)
            self._by_index.append(self._connectors.get(event[5].instrument.venue))

    def poll(self, now_ns: int) -> list[Event]:
        """Return nothing: reports come through the connectors' sink."""
        return []

    def refresh(self) -> int:
        """Return that nothing falls due."""
        return NEVER
