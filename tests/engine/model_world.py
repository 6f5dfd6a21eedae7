"""An engine, its journal and a model venue in virtual time; the engine may crash at any event and start again."""

import heapq
import random

from core.codec import KIND_OF, decode_payload, encode_payload
from core.effects import Alert, OrderFilled
from core.events import (
    AccountMoved,
    FeedChanged,
    FeedState,
    InstrumentDefined,
    LifecycleChanged,
    LifecycleState,
    LinkChanged,
    LinkState,
    OrderReport,
    StateCarried,
)
from core.evidence import EvidenceGiven, EvidenceWanted
from core.ids import parse_revision_id
from core.orders import ApprovedCancel, ApprovedReplace, ApprovedSubmit
from core.records import NO_INSTRUMENT, Kind
from engine import EngineSettings, StrategySpec, build_engine
from oms.fold import Fold
from oms.manager import OrderManager
from oms.reconcile import ReconcileSettings, folded_part
from oms.reconcile.legs import INFERRED
from oms.state import state_hash
from risk.limits import RiskLimits
from strategies import Strategy
from tests.engine.model_venue import INSTRUMENTS, LIVE, SECOND, ModelVenue, There, balances_of, position_of, stem_of

PRICES = (60_000_00, 3_000_0)
QUICK = ReconcileSettings(
    venues=("MODEL",),
    sweep_ns=4 * SECOND,
    account_ns=8 * SECOND,
    overlap_ns=20 * SECOND,
    ask_max_ns=8 * SECOND,
    visibility_ns=6 * SECOND,
    infer_ns=8 * SECOND,
    look_back=True,
)


class Restless(Strategy):
    """Buys, sells and cancels by its own dice."""

    def on_start(self):
        for market in self.markets:
            self.subscribe_quotes(market)

    def on_quote(self, quote):
        market, dice = self.markets[quote.instrument], self.rng.below(5)
        open_orders = self.open_orders(market)
        if len(self.open_orders()) > 6 or dice == 3:
            self.cancel_all(market)
        elif dice == 4 and open_orders:
            order = open_orders[self.rng.below(len(open_orders))]
            self.replace(order.client_order_id, quantity=order.filled + 1 + self.rng.below(50))
        elif dice == 0:
            self.sell(market, 1 + self.rng.below(50), self.price(quote.instrument))
        else:
            self.buy(market, 1 + self.rng.below(50), self.price(quote.instrument))

    def price(self, instrument):
        """What the next order asks for."""
        return PRICES[instrument]


class World:
    """One schedule."""

    def __init__(self, seed, faults, settings=QUICK, strategy=Restless):
        self.dice = random.Random(seed)
        self.venue = ModelVenue(random.Random(seed + 1), faults)
        self.settings = settings
        self.strategy = strategy
        self.now_ns = 1_000 * SECOND
        self.epoch = 0
        self.records = []
        self.alerts = []
        self.effects = []
        self.booked = {}
        self.crashes = 0
        self.dying = False
        self.lenient = False  # others trade on the account, too: not every order there is ours
        self.start(None)

    # -- life ------------------------------------------------------------------------------------------------------

    def start(self, carried):
        """A new session: rules, the books of the one before, the link, RECONCILING."""
        self.epoch += 1
        self.records = []
        self.snapshot = None
        spec = StrategySpec(
            id="s",
            strategy=self.strategy,
            params=self.strategy.Params(),
            instruments=tuple(instrument.id for instrument in INSTRUMENTS),
        )
        self.engine = build_engine(
            EngineSettings(
                epoch=self.epoch,
                seed=self.epoch,
                limits=RiskLimits(
                    max_order_notional=10**9,
                    max_position_notional=10**9,
                    max_orders_per_second=1000,
                    max_orders_per_minute=10000,
                ),
                strategies=(spec,),
                reconcile=self.settings,
            )
        )
        for index, instrument in enumerate(INSTRUMENTS):
            self.step(Kind.INSTRUMENT, InstrumentDefined(instrument), index)
        if carried is not None:
            digest = state_hash(carried)
            self.step(Kind.CARRIED, StateCarried(session="before", seq=1, state=carried, digest=digest))
        self.step(Kind.FEED, FeedChanged(venue="MODEL", state=FeedState.CONNECTED))
        self.step(Kind.LINK, LinkChanged(venue="MODEL", state=LinkState.UP))
        self.step(Kind.LIFECYCLE, LifecycleChanged(LifecycleState.RECONCILING))

    def crash(self):
        """Throw the engine away; what was on its way to it is gone, what it had journaled comes back.

        Half of the time it dies between the record of a command and its sending.
        """
        self.crashes += 1
        self.dying = self.dice.random() < 0.5
        if self.dying:
            self.quote(self.dice.randrange(2))
            self.dying = False
        fold = self.fold()
        assert fold.durable_state() == self.engine.durable_state()
        self.venue.outbox.clear()
        self.start(fold.durable_state())

    def cut(self):
        """The link breaks and comes up again; what was on its way is gone."""
        self.venue.outbox.clear()
        self.step(Kind.LINK, LinkChanged(venue="MODEL", state=LinkState.DOWN))
        self.now_ns += self.dice.randrange(1, 2 * SECOND)
        self.step(Kind.LINK, LinkChanged(venue="MODEL", state=LinkState.UP))

    def fold(self):
        """The books by the journal alone: from the session's beginning, and from a snapshot taken on the way."""
        whole = self.fold_from(0, None)
        if self.snapshot is not None:
            assert self.fold_from(*self.snapshot).durable_state() == whole.durable_state()
        return whole

    def fold_from(self, first, state):
        manager = OrderManager({})
        fold = Fold(manager, [folded_part(manager, self.settings, self.epoch)])
        if state is not None:
            for kind, index, now_ns, payload in self.records[:first]:
                if kind == Kind.INSTRUMENT:
                    fold.record(kind, index, now_ns, decode_payload(kind, payload))
            carried = StateCarried(session="s", seq=first, state=state, digest=state_hash(state))
            fold.record(Kind.CARRIED, NO_INSTRUMENT, 0, carried)
        for kind, index, now_ns, payload in self.records[first:]:
            fold.record(kind, index, now_ns, decode_payload(kind, payload))
        return fold

    def take_snapshot(self):
        """Keep the state of now, as the daemon does every so often."""
        self.snapshot = (len(self.records), self.engine.durable_state())

    # -- one event -------------------------------------------------------------------------------------------------

    def step(self, kind, payload=None, index=NO_INSTRUMENT, plain=()):
        """One input, journaled; its commands and questions leave for the venue."""
        if payload is not None:
            if self.now_ns >= self.engine.next_due_ns:
                self.step(Kind.TIME)
            self.records.append((kind, index, self.now_ns, encode_payload(payload)))
            event = (kind, 0, index, self.now_ns, 0, payload, 0, 0, 0, 0)
        else:
            event = (kind, 0, index, self.now_ns, 0, *(plain or (0, 0, 0, 0, 0)))
        effects = self.engine.step(event)
        self.venue.now_ns = self.now_ns
        self.effects += effects
        for effect in effects:
            self.records.append((KIND_OF[type(effect)], NO_INSTRUMENT, self.now_ns, encode_payload(effect)))
        if self.dying:
            return
        for effect in effects:
            native = isinstance(effect, ApprovedReplace) and effect.native
            if isinstance(effect, ApprovedSubmit | ApprovedCancel) or native:
                self.venue.send(effect)
            elif isinstance(effect, EvidenceWanted):
                self.venue.ask(effect)
            elif isinstance(effect, Alert):
                self.alerts.append(effect)
            elif isinstance(effect, OrderFilled) and not effect.exec_id.startswith(INFERRED):
                key = (effect.client_order_id, effect.exec_id)
                assert key not in self.booked, "an execution was booked twice"
                self.booked[key] = effect.quantity
        if self.engine.reconciled and self.engine.lifecycle is LifecycleState.RECONCILING:
            self.step(Kind.LIFECYCLE, LifecycleChanged(LifecycleState.READY))

    def quote(self, index):
        price = PRICES[index]
        self.step(Kind.QUOTE, index=index, plain=(price - 1, 10**6, price + 1, 10**6, self.venue.number()))

    def advance(self, until_ns):
        """Let everything that falls due until then happen, in its order."""
        venue, engine = self.venue, None
        while True:
            engine = self.engine
            due = min(
                venue.inbox[0][0] if venue.inbox else until_ns,
                venue.outbox[0][0] if venue.outbox else until_ns,
                engine.next_due_ns,
            )
            if due >= until_ns:
                break
            self.now_ns = venue.now_ns = max(due, self.now_ns)
            if venue.inbox and venue.inbox[0][0] <= self.now_ns:
                venue.arrive(heapq.heappop(venue.inbox)[2])
                venue.note()
            elif venue.outbox and venue.outbox[0][0] <= self.now_ns:
                self.hear(heapq.heappop(venue.outbox)[2])
            else:
                self.step(Kind.TIME)
            self.check()
        self.now_ns = venue.now_ns = max(until_ns, self.now_ns)

    def hear(self, what):
        if isinstance(what, EvidenceGiven):
            self.step(Kind.EVIDENCE, what)
        elif isinstance(what, AccountMoved):
            self.step(Kind.ACCOUNT_MOVE, what, NO_INSTRUMENT if what.moved_ns else 1)
        else:
            assert isinstance(what, OrderReport)
            self.step(Kind.REPORT, what, self.index_of(what.client_order_id))

    def index_of(self, name):
        parsed = parse_revision_id(name)
        order = self.engine.manager.order(name if parsed is None else parsed[0])
        return 0 if order is None else order.instrument

    # -- what must hold --------------------------------------------------------------------------------------------

    def check(self):
        """After every event: what may fill at the venue is reserved here; nothing is booked that was not executed."""
        if self.lenient:
            return
        manager = self.engine.manager
        on_its_way = [c.intent.client_order_id for _, _, c in self.venue.inbox if isinstance(c, ApprovedSubmit)]
        live: dict[str, int] = {}
        for name, there in self.venue.orders.items():
            if there.status is LIVE:
                stem = stem_of(name)
                live[stem] = live.get(stem, 0) + there.intent.quantity - there.filled
        for name in (*live, *[stem_of(each) for each in on_its_way]):
            order = manager.order(name)
            assert order is not None, f"{name} is not known here"
            assert order.is_open, f"{name} lives at the venue and is {order.state.value} here"
            assert order.leaves >= live.get(name, 0), "exposure is not reserved"

    def settled(self):
        """What still differs from the venue, empty where nothing does."""
        manager, venue = self.engine.manager, self.venue
        wrong: list[object] = []
        legs: dict[str, list[There]] = {}
        for name, there in venue.orders.items():
            legs.setdefault(stem_of(name), []).append(there)
        for name, each in legs.items():
            order, filled = manager.order(name), sum(leg.filled for leg in each)
            works = any(leg.status is LIVE for leg in each)
            if order is None or order.filled != filled or order.is_open != works:
                wrong.append((name, order and (order.state.value, order.filled), works, filled))
        wrong += [o.client_order_id for o in manager.open_orders() if o.client_order_id not in legs]
        wrong += [(i, "position") for i in (0, 1) if manager.position(i).quantity != position_of(venue.fills, i)[0]]
        if manager.balances() != balances_of(venue.fills, venue.moves):
            wrong.append((manager.balances(), balances_of(venue.fills, venue.moves)))
        freezes = self.engine.gate.freezes
        if freezes.instruments or freezes.halted or not self.engine.reconciled:
            wrong.append((freezes.instruments, freezes.halted, self.engine.reconciled))
        return wrong
