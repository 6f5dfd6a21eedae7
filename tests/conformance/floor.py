"""Connector and core together: an engine that reconciles drives a real connector, and a case tells it what to do.

`closed` ends every case: faults stop, the books come to be the venue's, nothing is opened any more. The invariants
are those of the fault catalogue.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec

from core.effects import Alert, OrderBusted, OrderFilled, OrderUpdated
from core.events import (
    CANCEL_ALL,
    CommandReceived,
    FeedChanged,
    FeedState,
    InstrumentDefined,
    LifecycleChanged,
    LifecycleState,
    LinkChanged,
    LinkState,
    OrderReport,
    ReportType,
)
from core.evidence import EvidenceWanted
from core.ids import parse_revision_id
from core.orders import ApprovedCancel, ApprovedGroup, ApprovedReplace, ApprovedSubmit, OrderState, Refusal, goes_out
from core.records import NO_INSTRUMENT, Event, Kind
from engine import EngineSettings, StrategySpec, build_engine
from oms.order import Order
from oms.reconcile import ForeignPolicy, ReconcileSettings
from oms.reconcile.legs import INFERRED
from risk.limits import RiskLimits
from strategies import Strategy
from tests.conformance import covered
from tests.conformance.venue import Ledger, Touch, Venue

SECOND = 1_000_000_000
WITHIN_S = 6.0
SETTLED_S = 30.0
Plan = Callable[[Any, Any], Any]


class Hand(Strategy):
    """Does at its next quote what a case hands it."""

    plan: Plan | None = None
    done: Any = None

    def has_done(self) -> bool:
        return self.plan is None

    def on_start(self):
        self.subscribe_quotes(self.markets[0])

    def on_quote(self, quote):
        if self.plan is not None:
            plan, self.plan = self.plan, None
            try:
                self.done = plan(self, self.markets[0])
            except Exception as error:  # noqa: BLE001  the engine would pause the strategy; the case should see it
                self.done = error


class Floor:
    """One engine on one connector, in real time."""

    def __init__(self, venue: Venue, foreign: ForeignPolicy, epoch: int, **settings: object) -> None:
        self.venue = venue
        self.effects: list[object] = []
        self.heard: list[object] = []
        self.foreign: list[str] = []  # names of orders that are not ours
        self.touched = Touch(0, 0, 0, 0)
        self._arrived = asyncio.Event()
        self.connector = venue.connector(self.sink, alone=foreign is not ForeignPolicy.IGNORE, **settings)
        rules = venue.rules
        self.engine = build_engine(
            EngineSettings(
                epoch=epoch,
                seed=1,
                limits=RiskLimits(
                    max_order_notional=10**8,
                    max_position_notional=10**9,
                    max_price_deviation="0.5",
                    max_orders_per_second=1000,
                    max_orders_per_minute=10_000,
                    max_data_age_ms=3_600_000,
                ),
                strategies=(StrategySpec(id="hand", strategy=Hand, params=Hand.Params(), instruments=(rules.id,)),),
                native_orders=True,
                reconcile=ReconcileSettings(
                    venues=(rules.venue,),
                    foreign=foreign,
                    tick_ns=SECOND // 20,
                    sweep_ns=SECOND,
                    account_ns=2 * SECOND,
                    overlap_ns=20 * SECOND,
                    patience_ns=SECOND // 2,
                    ask_max_ns=SECOND,
                    answer_ns=2 * SECOND,
                    visibility_ns=3 * SECOND // 2,
                    negatives=2,
                    infer_ns=SECOND,
                    page_ns=60 * SECOND,
                    pause_ns=SECOND,
                    look_back=True,
                ),
            )
        )

    # -- events in, commands out -----------------------------------------------------------------------------------

    def sink(self, events: list[Event]) -> None:
        for event in events:
            self.heard.append(event[5])
            self.step(event)
        self._arrived.set()

    def put(self, kind: Kind, payload: object, index: int = NO_INSTRUMENT) -> None:
        self.step((kind, 0, index, time.time_ns(), 0, payload, 0, 0, 0, 0))

    def quote(self) -> None:
        touch = self.touched
        self.step(
            (Kind.QUOTE, 0, 0, time.time_ns(), 0, touch.bid, touch.bid_quantity, touch.ask, touch.ask_quantity, 1)
        )

    def step(self, event: Event) -> None:
        now_ns = time.time_ns()
        effects = list(self.engine.step(event))
        self.effects += effects
        for effect in effects:
            if isinstance(effect, EvidenceWanted):
                self.connector.ask(effect, now_ns)
            elif isinstance(effect, ApprovedSubmit | ApprovedCancel | ApprovedReplace | ApprovedGroup) and goes_out(
                effect
            ):
                self.connector.send(effect, now_ns)
        if self.engine.reconciled and self.engine.lifecycle is LifecycleState.RECONCILING:
            self.put(Kind.LIFECYCLE, LifecycleChanged(LifecycleState.READY))

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(0.03)
            if time.time_ns() >= self.engine.next_due_ns:
                self.step((Kind.TIME, 0, NO_INSTRUMENT, time.time_ns(), 0, 0, 0, 0, 0, 0))
                self._arrived.set()

    def _hand(self) -> Hand:
        hand = self.engine.desk.actors[0].strategy
        assert isinstance(hand, Hand)
        return hand

    # -- what a case says ------------------------------------------------------------------------------------------

    def ask(self, plan: Plan) -> Any:
        """Let the strategy do something now; return what it returns: names, mostly."""
        hand = self._hand()
        hand.plan = plan
        self.quote()
        assert hand.has_done(), "the strategy does not run"
        if isinstance(hand.done, Exception):
            raise hand.done
        return hand.done

    async def until(self, is_so: Callable[[], object], within_s: float = 0.0) -> None:
        """Wait until something is so."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + (within_s or WITHIN_S)
        while not is_so():
            assert loop.time() < until_s, self.story()
            self._arrived.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    await self._arrived.wait()

    def order(self, name: str) -> Order:
        found = self.engine.manager.order(name)
        assert found is not None, name
        return found

    async def state(self, name: str, *states: OrderState, within_s: float = 0.0) -> None:
        """Wait until an order is in one of these states."""
        await self.until(lambda: self.state_of(name) in states, within_s)

    def state_of(self, name: str) -> OrderState | None:
        """Return an order's state; HELD where tickerd keeps it."""
        order = self.engine.manager.order(name)
        if order is not None:
            return order.state
        if any(each.client_order_id == name for each in self.engine.desk.actors[0].strategy.held_orders()):
            return OrderState.HELD
        told = [each.state for each in self.effects if isinstance(each, OrderUpdated) and each.client_order_id == name]
        return told[-1] if told else None

    def was(self, name: str, kind: ReportType) -> int:
        """Return how often the connector reported this of an order."""
        told = [each for each in self.heard if isinstance(each, OrderReport) and each.type is kind]
        return sum(each.client_order_id.startswith(name) for each in told)

    async def reported(self, name: str, kind: ReportType) -> None:
        await self.until(lambda: self.was(name, kind))

    def links(self) -> list[LinkState]:
        return [each.state for each in self.heard if isinstance(each, LinkChanged)]

    def alerts(self) -> list[str]:
        return [each.code for each in self.effects if isinstance(each, Alert)]

    def sent(self, kind: type) -> list[Any]:
        return [each for each in self.effects if isinstance(each, kind)]

    def story(self) -> str:
        """What was heard and decided: the message of a case that failed."""
        orders = [(each.client_order_id, each.state.value, each.filled) for each in self.engine.manager.open_orders()]
        alerts = [each.message for each in self.effects if isinstance(each, Alert)]
        refusals = [each.message for each in self.effects if isinstance(each, Refusal)]
        told = [each for each in self.heard if isinstance(each, OrderReport | LinkChanged)]
        ended = [(each.client_order_id, each.state.value) for each in self.engine.manager.closed_orders()]
        return f"open {orders}; ended {ended}; refused {refusals}; alerts {alerts}; heard {told[-12:]}"

    # -- how every case ends ---------------------------------------------------------------------------------------

    async def settled(self) -> Ledger:
        """I7: once faults stop, our books are the venue's within 30 seconds."""
        await self.venue.clear()
        until_s = asyncio.get_running_loop().time() + SETTLED_S
        while True:
            ledger = await self.venue.ledger()
            wrong = self.differences(ledger)
            if not wrong:
                return ledger
            assert asyncio.get_running_loop().time() < until_s, (wrong, self.story())
            await asyncio.sleep(0.1)

    def differences(self, ledger: Ledger) -> list[str]:
        """Return how our books differ from the venue's."""
        manager, wrong = self.engine.manager, []
        ours = [leg for leg in ledger.orders if leg.client_order_id not in self.foreign]
        working = {_stem(leg.client_order_id) for leg in ours if leg.is_open}
        for leg in ours:
            order = manager.order(_stem(leg.client_order_id))
            if order is None:
                wrong.append(f"I1: {leg.client_order_id} is at the venue and was never meant")
            elif leg.is_open and order.leaves < leg.quantity - leg.filled:
                wrong.append(f"I4: {leg.client_order_id} may fill more than is reserved")
        wrong += [
            f"{order.client_order_id} is {order.state.value} here and not open at the venue"
            for order in manager.open_orders()
            if order.client_order_id not in working and order.state is not OrderState.HELD
        ]
        wrong += [f"{name} is open at the venue alone" for name in working if not self._is_open(name)]
        busted = {(each.client_order_id, each.exec_id): None for each in self.sent(OrderBusted)}
        booked = [
            each
            for each in self.sent(OrderFilled)
            if not each.exec_id.startswith(INFERRED) and (each.client_order_id, each.exec_id) not in busted
        ]
        here = sorted((e.client_order_id, e.exec_id, e.price, e.quantity, e.fee) for e in booked)
        there = sorted(
            (_stem(f.client_order_id), f.exec_id, f.price, f.quantity, f.fee)
            for f in ledger.fills
            if f.client_order_id not in self.foreign
        )
        if here != there:
            wrong.append(f"I3: fills here {here}, at the venue {there}")
        if ledger.position is not None and not self.foreign and manager.position(0).quantity != ledger.position:
            wrong.append(f"position {manager.position(0).quantity} here, {ledger.position} at the venue")
        return wrong

    def _is_open(self, name: str) -> bool:
        order = self.engine.manager.order(name)
        return order is not None and order.is_open

    async def closed(self) -> None:
        """End a case: I7, then nothing is opened any more (I6), and I1 to I4 hold of all that happened."""
        ledger = await self.settled()
        legs = [_stem(leg.client_order_id) for leg in ledger.orders if leg.is_open]
        assert len(legs) == len(set(legs)), f"I2: two live orders of one intent: {legs}"
        names = [leg.client_order_id for leg in ledger.orders]
        assert len(names) == len(set(names)), f"I2: a request was sent twice: {names}"
        self.put(Kind.COMMAND, CommandReceived(name=CANCEL_ALL, source="conformance"))
        self.put(Kind.LIFECYCLE, LifecycleChanged(LifecycleState.DRAINING, reason="the case is over"))
        before = len(self.effects)
        hand = self._hand()
        hand.plan = lambda me, market: me.buy(market, 1)
        self.quote()
        ledger = await self.settled()
        increasing = [each for each in self.effects[before:] if isinstance(each, ApprovedSubmit | ApprovedGroup)]
        assert not increasing, f"I6: opened while ending: {increasing}"


def _stem(name: str) -> str:
    parsed = parse_revision_id(name)
    return name if parsed is None else parsed[0]


@contextlib.asynccontextmanager
async def floor(
    venue: Venue, foreign: ForeignPolicy = ForeignPolicy.HALT, *, epoch: int = 4242, **settings: object
) -> AsyncIterator[Floor]:
    """A floor that is READY; the case ends as `closed` says."""
    one = Floor(venue, foreign, epoch, **settings)
    one.touched = await venue.touch()
    # As the daemon does it: what the venue keeps itself is learnt before the instrument is defined.
    await one.connector.check()
    native = one.connector.native[venue.rules.symbol]
    rules = msgspec.structs.replace(venue.rules, native=native)
    one.connector.assign({0: rules})
    one.put(Kind.INSTRUMENT, InstrumentDefined(rules), 0)
    one.put(Kind.FEED, FeedChanged(venue=venue.rules.venue, state=FeedState.CONNECTED))
    one.quote()
    one.put(Kind.LIFECYCLE, LifecycleChanged(LifecycleState.RECONCILING))
    tasks = [asyncio.create_task(one.connector.run()), asyncio.create_task(one._tick())]
    try:
        await one.until(lambda: one.engine.lifecycle is LifecycleState.READY)
        one.quote()
        yield one
        await one.closed()
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    covered.note(one.effects)
    broken = [each for each in ended if isinstance(each, Exception)]
    assert not broken, broken
