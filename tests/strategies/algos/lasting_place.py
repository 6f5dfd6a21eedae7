"""A venue of one market that outlives the process: what dies is the engine, what is kept of it is its journal."""

from collections.abc import Sequence
from typing import Any, Self

from core.codec import KIND_OF, decode_payload, encode_payload
from core.effects import Effect
from core.events import FeedState, InstrumentDefined, LifecycleState, ReportType, StateCarried
from core.orders import ApprovedCancel, ApprovedSubmit
from core.records import NO_INSTRUMENT, Event, Kind
from engine import build_engine
from oms.fold import Fold
from oms.state import state_hash
from strategies import Strategy
from tests.strategies.algos.market_place import BTC, Place

_PAYLOADS = 32  # kinds of input from here on carry one


class Journaled:
    """What keeps the records of a place, as a journal does: mix it in before the place."""

    engine: Any
    settings: Any
    records: list[tuple[int, int, int, bytes]]
    last_effects = 0

    def step(self, event: Event) -> Sequence[Effect]:
        if event[0] >= _PAYLOADS:
            if event[3] >= self.engine.next_due_ns:  # as the pipeline has it
                again = (Kind.TIME, 0, NO_INSTRUMENT, event[3], 0, 0, 0, 0, 0, 0)
                super().step(again)  # type: ignore[misc]
            self.records.append((event[0], event[2], event[3], encode_payload(event[5])))
        effects: Sequence[Effect] = super().step(event)  # type: ignore[misc]
        self.records += [(KIND_OF[type(each)], NO_INSTRUMENT, event[3], encode_payload(each)) for each in effects]
        self.last_effects = len(effects)
        return effects

    def tear(self, torn: int, inbox: Any) -> None:
        """Take back so many effects of the last event, and the commands that then never left."""
        for _ in range(min(torn, self.last_effects)):
            kind, _, _, payload = self.records.pop()
            if kind in {Kind.SUBMIT, Kind.CANCEL} and inbox and encode_payload(inbox[-1]) == payload:
                inbox.pop()

    def folded(self) -> bytes:
        """The state to go on from, by the journal alone."""
        scratch = build_engine(self.settings)
        fold = Fold(scratch.manager, scratch.parts())
        for kind, index, now_ns, payload in self.records:
            fold.record(kind, index, now_ns, decode_payload(kind, payload))
        return fold.durable_state()


class LastingPlace(Journaled, Place):
    """Begin with `carried_from` None; `died` gives the one that goes on."""

    carried = True

    def __init__(self, strategy: type[Strategy], carried_from: "LastingPlace | None" = None, **params: Any) -> None:
        self.records = []
        self.untold: list[tuple[str, int, int]] = []  # executions that the venue made while nobody listened
        self._before, self._asked = carried_from, (strategy, params)
        self.epoch = 1 if carried_from is None else carried_from.epoch + 1
        super().__init__(strategy, **params)

    def begin(self) -> None:
        before = self._before
        if before is None:
            super().begin()
            return
        self.now_ns = before.now_ns
        self.leaves, self.intents, self.untold = before.leaves, before.intents, before.untold
        self.executed, self.worth, self.executions = before.executed, before.worth, before.executions
        self.payload(Kind.INSTRUMENT, InstrumentDefined(BTC), 0)
        state = before.folded()
        self.payload(Kind.CARRIED, StateCarried(session="s", seq=1, state=state, digest=state_hash(state)))

    def ready(self) -> None:
        """Go on: the strategies start."""
        self.feed(FeedState.CONNECTED)
        self.lifecycle(LifecycleState.READY)

    def died(self, *, torn: int = 0, arrived: int = 0, **params: Any) -> Self:
        """Die; return the one that goes on, before it is READY.

        `torn`: so many effects of the last event were not written, so that their commands never left. `arrived`: bits
        that say which of the commands under way came to the venue.
        """
        self.tear(torn, self.inbox)
        for number, command in enumerate(self.inbox):
            if arrived >> number & 1:
                self.arrive(command)
        strategy, asked = self._asked
        return type(self)(strategy, self, **{**asked, **params})

    def arrive(self, command: ApprovedSubmit | ApprovedCancel) -> None:
        """Let the venue take a command that nobody hears the answer to."""
        if isinstance(command, ApprovedCancel):
            self.leaves.pop(command.client_order_id, None)
        elif isinstance(command, ApprovedSubmit):
            self.leaves[command.intent.client_order_id] = command.intent.quantity
            self.intents[command.intent.client_order_id] = command.intent

    def execute_unheard(self, quantity: int) -> None:
        """Execute some of the first order while nobody listens."""
        for name in list(self.leaves)[:1]:
            got = min(quantity, self.leaves[name])
            self.leaves[name] -= got
            if not self.leaves[name]:
                del self.leaves[name]
            self.executed += got
            self.executions += 1
            self.untold.append((name, got, self.executions))

    def report(self, type_: ReportType, client_order_id: str, **fields: Any) -> Sequence[Effect]:
        """Tell of an order, what was executed of any of them first: a venue's evidence comes in this order."""
        self.tell_executions()
        return super().report(type_, client_order_id, **fields)

    def tell_executions(self) -> None:
        """Tell what was executed unheard."""
        while self.untold:
            name, got, number = self.untold.pop(0)
            self.fill(name, got, self.intents[name].price or 100_01, f"x{number}")

    def under_way(self) -> list[str]:
        """The orders that the venue has yet to see."""
        return [each.intent.client_order_id for each in self.inbox if isinstance(each, ApprovedSubmit)]

    def tell(self) -> None:
        """Tell what was executed unheard, and how each order stands that our books have open."""
        asked = [order for order in self.engine.manager.open_orders() if order.client_order_id not in self.under_way()]
        self.tell_executions()
        for order in asked:
            for name in names_of(order):
                if not order.is_open:
                    continue
                if name in self.leaves:
                    self.report(ReportType.ACCEPTED, name)
                elif name in self.intents:
                    self.report(ReportType.CANCELLED, name)
                else:
                    self.report(ReportType.NEVER_ARRIVED, name)


def names_of(order: Any) -> list[str]:
    """The names that an order may have at the venue: its own and those of its revisions."""
    if order.chain is None:
        return [order.client_order_id]
    return [
        f"{order.client_order_id}{number:02}" if number else order.client_order_id for number in order.chain.names()
    ]
