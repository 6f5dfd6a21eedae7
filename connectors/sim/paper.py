"""Paper execution: approved commands to simulated venues, their reports back as input events.

The simulated venues trade on the very market objects that the engine keeps, after the engine has seen each event; their
reports enter through the same sequenced door as a real venue's and are journaled, so a paper session replays like a
live one.
"""

from collections.abc import Sequence

from connectors.sim.errors import SimError
from connectors.sim.exchange import simulated_venue
from connectors.sim.listing import Listing
from connectors.sim.settings import SimSettings
from connectors.sim.venue import SimVenue
from core.clock import NEVER
from core.codec import KIND_OF
from core.evidence import EvidenceWanted
from core.market import Market
from core.orders import ApprovedCancel, ApprovedCommand, ApprovedReplace, ApprovedSubmit
from core.records import Event, Kind

# Plain ints: this runs for every event, and an enum member costs a look-up each time.
_LAST_MARKET_KIND = int(Kind.BOOK)
_BAR_KIND = int(Kind.BAR)
_MBO_KIND = int(Kind.MBO)
_INSTRUMENT_KIND = int(Kind.INSTRUMENT)


class PaperExecution:
    """One simulated venue per venue name, found by instrument index."""

    def __init__(self, settings: SimSettings, markets: Sequence[Market]) -> None:
        """Trade on `markets`, the engine's own list, which grows as instruments are defined."""
        self._settings = settings
        self._markets = markets
        self._venues: dict[str, SimVenue] = {}
        self._by_index: list[SimVenue] = []
        self.quiet: list[Listing] = []  # by instrument: between which prices a quote meets nothing of ours
        self.due_ns = NEVER  # when a request arrives or a report comes back next

    def send(self, command: ApprovedCommand, now_ns: int) -> None:
        """Send one command to the simulated venue of its instrument. Raises SimError for what only real venues take."""
        if isinstance(command, ApprovedSubmit):
            self._by_index[command.intent.instrument].submit(command, now_ns)
        elif isinstance(command, ApprovedCancel):
            self._by_index[command.instrument].cancel(command, now_ns)
        elif isinstance(command, ApprovedReplace):
            self._by_index[command.instrument].replace(command, now_ns)
        else:
            raise SimError(f"{type(command).__name__} reached a simulated venue: in paper tickerd keeps these itself")
        self.refresh()

    def ask(self, wanted: EvidenceWanted, now_ns: int) -> None:
        """Refuse a question: the core asks real venues alone. Raises SimError."""
        raise SimError(f"{wanted.venue} was asked at {now_ns} for its {wanted.subject.value}, and it is simulated")

    def before(self, now_ns: int) -> None:
        """Let the requests that arrived by `now_ns` meet the market as it was before the event of that time."""
        for venue in self._venues.values():
            venue.advance(now_ns)
        self.refresh()

    def on_event(self, event: Event) -> None:
        """Let the simulated venue of this event's instrument trade on it."""
        kind = event[0]
        if kind <= _LAST_MARKET_KIND or kind == _MBO_KIND:
            self._by_index[event[2]].on_event(event)
        elif kind == _BAR_KIND:
            self._by_index[event[2]].on_bar(event)
        elif kind == _INSTRUMENT_KIND:
            self._define(event[2])
            self._by_index[event[2]].advance(event[3])  # so that it knows the time from which its own things fall due

    def open_bar(self, bar: Event) -> None:
        """Let the simulated venue know at which price a venue's bar opens, at its opening time."""
        self._by_index[bar[2]].open_bar(bar)

    def active(self) -> bool:
        """Whether a market event could matter to `on_event`: an order rests, or has taken what is not yet refilled."""
        for venue in self._venues.values():  # noqa: SIM110 - `any` of a generator costs four times as much
            if venue.active:
                return True
        return False

    def poll(self, now_ns: int) -> list[Event]:
        """Let time pass to `now_ns`; return the reports that have come back by then, as events."""
        reports = []
        for venue in self._venues.values():
            venue.advance(now_ns)
            reports.extend(venue.poll(now_ns))
        self.refresh()
        if len(self._venues) > 1:
            reports.sort(key=lambda report: report[0])
        return [
            (KIND_OF[type(report)], 0, index, now_ns, due_ns, report, 0, 0, 0, 0) for due_ns, index, report in reports
        ]

    def refresh(self) -> int:
        """Look again at what falls due next, and return it: an event may have filled an order."""
        earliest_ns = NEVER
        for venue in self._venues.values():
            due_ns = venue.next_due_ns()
            if due_ns and due_ns < earliest_ns:
                earliest_ns = due_ns
        self.due_ns = earliest_ns
        return earliest_ns

    def _define(self, index: int) -> None:
        """Let an instrument be traded at the simulated venue of its name."""
        market = self._markets[index]
        name = market.instrument.venue
        venue = self._venues.get(name)
        if venue is None:
            venue = self._venues[name] = simulated_venue(self._settings.at(name), name)
        venue.define(index, market.instrument, market)
        if index == len(self._by_index):
            self._by_index.append(venue)
            self.quiet.append(venue.listing(index))
