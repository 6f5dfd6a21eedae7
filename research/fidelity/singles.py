"""Our side of single orders: each alone at a simulated venue of its own, on one market that the events move."""

from collections.abc import Iterator, Sequence

from config.load import Config
from config.rule_functions import load_functions
from connectors.sim import SimVenue
from core.clock import NEVER
from core.events import OrderReport, ReportType
from core.instruments import Instrument
from core.market import Market
from core.orders import ApprovedSubmit, OrderIntent, OrderType, Refusal, Side
from core.records import LAST, Event, Kind
from oms.manager import OrderManager
from research.fidelity.errors import RecordingUnusable
from research.fidelity.fills import Outcome
from research.fidelity.ours import base_config
from research.fidelity.plan import ENTRY_NS, PRINT_LAG_NS, RESPONSE_NS, Queue, Script
from research.fidelity.recording import Recorded
from risk.gate import Gate

_QUOTE, _TRADE, _BOOK = int(Kind.QUOTE), int(Kind.TRADE), int(Kind.BOOK)
_ARRIVES, _ENDS = 0, 1


class MovingMarket:
    """A market that events move as the engine moves its own (`engine/engine.py`): ticker, last trade, book."""

    def __init__(self, instrument: Instrument) -> None:
        self.market = Market(0, instrument)
        self.market.connected = True

    def take(self, event: Event) -> bool:
        """Move the market; return whether the event can matter to orders: of a message, its last level."""
        market = self.market
        kind, flags, _, now_ns, venue_ns, first, second, third, fourth, fifth = event
        assert isinstance(first, int)
        if kind == _BOOK:
            market.book.apply(flags, first, second, fourth, fifth)
            market.book_ns = now_ns
            return flags & LAST > 0
        if kind == _QUOTE:
            market.bid_price, market.bid_quantity, market.ask_price, market.ask_quantity = first, second, third, fourth
            market.update_id, market.venue_ns, market.quote_ns = fifth, venue_ns, now_ns
        elif kind == _TRADE:
            market.last_price, market.last_quantity, market.trade_ns = first, second, now_ns
        return True


class Approver:
    """The gate, with limits that refuse nothing here: only it makes commands."""

    def __init__(self, config: Config, instrument: Instrument) -> None:
        self._gate = Gate(config.settings.risk, load_functions(config.settings.risk.rules))
        self._gate.define(0, instrument)
        self._manager = OrderManager({})
        self._manager.define(0, instrument)

    def approve(self, asked: Script, market: Market) -> ApprovedSubmit:
        """Return the command of one single order. Raises RecordingUnusable where the gate has a reason."""
        intent = OrderIntent(
            client_order_id="single",
            strategy_id="fidelity",
            instrument=0,
            side=Side.BUY if asked["side"] > 0 else Side.SELL,
            type=OrderType.LIMIT,
            quantity=int(asked["quantity"]),
            price=int(asked["tick"]) * market.instrument.tick,
            post_only=bool(asked["post_only"]),
        )
        now_ns = int(asked["submit_ns"]) + ENTRY_NS
        command = self._gate.check_submit(intent, market, self._manager, ready=True, now_ns=now_ns)
        if isinstance(command, Refusal):
            raise RecordingUnusable(f"the gate refuses a single order at {now_ns}: {command.message}")
        return command


def _outcome(venue: SimVenue) -> Outcome:
    """Return what became of the one order of a venue."""
    told = venue.poll(NEVER)
    return _outcome_of([(due_ns, report) for due_ns, _, report in told if isinstance(report, OrderReport)])


def _outcome_of(reports: Sequence[tuple[int, OrderReport]]) -> Outcome:
    """Return what reports tell, at the venue's time."""
    fills = [(due_ns, report) for due_ns, report in reports if report.type is ReportType.FILLED]
    filled = sum(report.quantity for _, report in fills)
    refused = any(report.type is ReportType.REJECTED for _, report in reports)
    if not filled:
        return Outcome(0, 0, 0, 0.0, refused=refused)
    price = sum(report.price * report.quantity for _, report in fills) / filled
    first_ns, last_ns = fills[0][0] - RESPONSE_NS, fills[-1][0] - RESPONSE_NS
    return Outcome(filled, first_ns, last_ns, price, refused=False)


def run_singles(
    recorded: Recorded, script: Script, queue: Queue, *, quotes: bool, print_lag_ns: int = PRINT_LAG_NS
) -> list[Outcome]:
    """Return what becomes of each order of a script in a view. Its life ends where its cancel would arrive."""
    config = base_config(recorded.instrument, queue, print_lag_ns)
    settings = config.settings.paper.sim.at(recorded.instrument.venue)
    approver = Approver(config, recorded.instrument)
    moving = MovingMarket(recorded.instrument)
    outcomes = [Outcome(0, 0, 0, 0.0, refused=False)] * len(script)
    alive: dict[int, SimVenue] = {}
    due = sorted(_moments(script), reverse=True)
    for event in recorded.view(quotes=quotes):
        now_ns = event[3]
        while due and due[-1][0] <= now_ns:
            at_ns, what, row = due.pop()
            if what == _ENDS:
                outcomes[row] = _outcome(alive.pop(row))
                continue
            venue = alive[row] = SimVenue(settings, recorded.instrument.venue)
            venue.define(0, recorded.instrument, moving.market)
            venue.submit(approver.approve(script[row], moving.market), at_ns - ENTRY_NS)
            venue.advance(at_ns)
        if moving.take(event):
            for venue in alive.values():
                venue.on_event(event)
    assert not alive
    return outcomes


def _moments(script: Script) -> Iterator[tuple[int, int, int]]:
    """Yield when orders and their cancels arrive."""
    for row, asked in enumerate(script):
        yield int(asked["submit_ns"]) + ENTRY_NS, _ARRIVES, row
        yield int(asked["cancel_ns"]) + ENTRY_NS, _ENDS, row
