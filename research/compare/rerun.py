"""A session again: its market as it was, its commands when they went, the simulated venue in place of its own."""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from config.digest import settings_from_decisions
from config.rule_functions import load_functions
from connectors.sim.paper import PaperExecution
from connectors.sim.settings import SimSettings
from core.codec import decode_payload
from core.events import OrderReport
from core.ids import parse_revision_id, session_epoch
from core.orders import (
    ApprovedCancel,
    ApprovedCommand,
    ApprovedGroup,
    ApprovedReplace,
    ApprovedSubmit,
    OrderIntent,
    OrderTerms,
)
from core.records import EVENT, Event, Kind
from engine.build import EngineSettings, build_engine
from engine.coast import Quiet
from engine.virtual import VirtualRun
from journal.chunks import DigestRecord, PlainRun
from journal.reader import SessionReader
from oms.terms import Terms
from research.compare.errors import NothingToCompare
from research.compare.outcome import Outcome, Pair

Progress = Callable[[int, int], None]
_MARKET = frozenset((Kind.INSTRUMENT, Kind.FEED))
_COMMANDS = frozenset((Kind.SUBMIT, Kind.CANCEL, Kind.REPLACE, Kind.SUBMIT_GROUP))
_LISTENED = frozenset((Kind.REPORT,))


class _Venue:
    """The simulated venue as the driver of virtual time sees it: what it reports is kept, not told to an engine."""

    def __init__(self, paper: PaperExecution, keep: Callable[[OrderReport, int], None]) -> None:
        self._paper = paper
        self._keep = keep

    @property
    def due_ns(self) -> int:
        return self._paper.due_ns

    @property
    def quiet(self) -> Sequence[Quiet]:
        return self._paper.quiet

    def send(self, command: ApprovedCommand, now_ns: int) -> None:
        self._paper.send(command, now_ns)

    def on_event(self, event: Event) -> None:
        self._paper.on_event(event)

    def active(self) -> bool:
        return self._paper.active()

    def refresh(self) -> int:
        return self._paper.refresh()

    def poll(self, now_ns: int) -> list[Event]:
        for event in self._paper.poll(now_ns):
            if isinstance(event[5], OrderReport):
                self._keep(event[5], event[3])
        return []


class Rerun:
    """One session and the simulated venue; `pairs` by client order id, in the order in which they were sent."""

    def __init__(self, reader: SessionReader, sim: SimSettings | None = None) -> None:
        """Prepare; `sim` in place of the session's own [paper.sim]. Raises NothingToCompare for a history."""
        head = reader.head
        if head.mode == "history":
            raise NothingToCompare(
                f"{head.session_id} is a history: nobody traded in it; name a session of `tickerd run`"
            )
        settings = settings_from_decisions(head.config)
        self.reader = reader
        self.settings = settings
        self.sim = sim or settings.paper.sim
        self.pairs: dict[str, Pair] = {}
        self.events = 0
        epoch, functions = session_epoch(head.started_ns), load_functions(settings.risk.rules)
        self.engine = build_engine(EngineSettings(epoch=epoch, seed=0, limits=settings.risk, rules=functions))
        self._paper = PaperExecution(self.sim, self.engine.markets)
        self._run = VirtualRun(self.engine, _Venue(self._paper, self._told))

    def run(self, progress: Progress | None = None) -> None:
        """Go through the whole session. Raises JournalDamaged, NothingToCompare where nobody sent an order."""
        end_seq = self.reader.end_seq
        for chunk in self.reader.chunks():
            if isinstance(chunk, PlainRun):
                self._run.feed_run(EVENT.iter_unpack(chunk.slots))
                self.events += chunk.count
                if progress is not None:
                    progress(chunk.first_seq + chunk.count, end_seq)
            elif isinstance(chunk, DigestRecord):
                continue
            elif chunk.kind in _MARKET:
                payload = decode_payload(chunk.kind, chunk.payload)
                head = (chunk.kind, chunk.flags, chunk.instrument, chunk.recv_ns, chunk.venue_ns)
                self._run.feed((*head, payload, 0, 0, 0, 0))
                self.events += 1
            elif chunk.kind in _COMMANDS:
                self._send(decode_payload(chunk.kind, chunk.payload), chunk.recv_ns)
            elif chunk.kind in _LISTENED:
                report = decode_payload(chunk.kind, chunk.payload)
                assert isinstance(report, OrderReport)
                pair = self.pairs.get(_stem(report.client_order_id))
                if pair is not None:
                    pair.real.take(report, chunk.recv_ns, pair.touch)
        self._run.catch_up(self.engine.now_ns + 3_600_000_000_000)  # what is under way comes back
        if not self.pairs:
            raise NothingToCompare(f"{self.reader.head.session_id} sent no order: there is nothing to compare")

    def _send(self, command: object, now_ns: int) -> None:
        """Let one recorded command out to the simulated venue."""
        self._run.catch_up(now_ns)
        if isinstance(command, ApprovedSubmit):
            self._submit(command, now_ns)
        elif isinstance(command, ApprovedGroup):
            for order in command.orders:
                self._submit(order, now_ns)
        elif isinstance(command, ApprovedCancel):
            pair = self.pairs.get(_stem(command.client_order_id))
            if pair is not None and not pair.skipped:
                self._paper.send(replace(command, client_order_id=pair.sim_name), now_ns)
        elif isinstance(command, ApprovedReplace):
            self._replace(command, now_ns)

    def _submit(self, command: ApprovedSubmit, now_ns: int) -> None:
        """Let one order out, and note the touch that it met."""
        intent = command.intent
        stem = _stem(intent.client_order_id)
        if stem in self.pairs:  # the rest of an order that was cancelled to be replaced
            pair = self.pairs[stem]
            pair.sim_name = intent.client_order_id
            if not pair.skipped:
                self._paper.send(command, now_ns)
            return
        market = self.engine.markets[intent.instrument]
        bid, ask, _ = market.touch()
        terms = Terms(market.instrument)
        pair = self.pairs[stem] = Pair(intent, now_ns, bid, ask, Outcome(terms), Outcome(terms))
        if intent.terms is not None:
            pair.skipped = _why_skipped(intent)
        else:
            self._paper.send(command, now_ns)

    def _replace(self, command: ApprovedReplace, now_ns: int) -> None:
        """Let a replacement out as the simulated venue takes it: in all, under the name that the order has there.

        One that its own venue did not take (`native` is false) went as a cancel and a new order; these follow.
        """
        pair = self.pairs.get(command.client_order_id)
        if pair is None:
            return
        bid, ask, _ = self.engine.markets[command.instrument].touch()
        pair.replaced, pair.quantity = pair.replaced + 1, command.quantity
        pair.bid, pair.ask = bid, ask
        if command.native and not pair.skipped:
            self._paper.send(replace(command, client_order_id=pair.sim_name), now_ns)

    def _told(self, report: OrderReport, now_ns: int) -> None:
        """Keep what the simulated venue says."""
        pair = self.pairs.get(_stem(report.client_order_id))
        if pair is not None:
            pair.sim.take(report, now_ns, pair.touch)


def _why_skipped(intent: OrderIntent) -> str:
    """Return why an order is not sent to the simulated venue, in words."""
    if intent.terms is not None and intent.terms == OrderTerms(parent=intent.terms.parent):
        return "it is a part of an order that tickerd kept, and is not compared by itself"
    return f"it is a {intent.type.value} order with terms that the simulated venue does not know"


def _stem(client_order_id: str) -> str:
    """Return the order's own id of an id that may be a revision's."""
    parsed = parse_revision_id(client_order_id)
    return client_order_id if parsed is None else parsed[0]
