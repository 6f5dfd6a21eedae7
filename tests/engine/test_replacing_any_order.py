"""Whatever a venue does between a replacement's sending and its answer, no more is at risk than is reserved."""

from collections import deque
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.events import ReportType
from core.orders import ApprovedCancel, ApprovedReplace, ApprovedSubmit, OrderState, goes_out
from tests.engine.scenario import LOT
from tests.engine.test_replacing import Play

ENDED = {OrderState.FILLED, OrderState.CANCELLED, OrderState.EXPIRED}


class Venue:
    """One order's legs as a venue keeps them, its inbox of commands, and the words that are on their way back."""

    def __init__(self, play: Play, *, in_place: bool) -> None:
        self.play = play
        self.in_place = in_place
        self.leaves = {play.name: 10 * LOT}
        self.filled = 0
        self.executions = 0
        self.inbox: deque[Any] = deque()
        self.words: deque[tuple[ReportType, str, dict[str, Any]]] = deque()

    def take(self, effects: Any) -> None:
        for effect in effects:
            if isinstance(effect, ApprovedSubmit | ApprovedCancel | ApprovedReplace) and goes_out(effect):
                self.inbox.append(effect)

    def say(self, word: ReportType, name: str, **fields: Any) -> None:
        self.words.append((word, name, fields))

    def work(self, *, silent: bool) -> None:
        """Carry out one command; `silent`: its answer is lost, and the sender is told so."""
        if not self.inbox:
            return
        command = self.inbox.popleft()
        if isinstance(command, ApprovedCancel):
            name = command.client_order_id
            found = self.leaves.pop(name, 0)
            self.say(ReportType.CANCELLED if found else ReportType.CANCEL_REJECTED, name)
        elif isinstance(command, ApprovedSubmit):
            intent = command.intent
            self.leaves[intent.client_order_id] = intent.quantity
            if silent:
                self.say(ReportType.OUTCOME_UNKNOWN, intent.client_order_id)
            self.say(ReportType.ACCEPTED, intent.client_order_id)
        else:
            self.replace(command, silent=silent)

    def replace(self, command: ApprovedReplace, *, silent: bool) -> None:
        new = self.play.of(command.revision)
        if silent:
            self.say(ReportType.OUTCOME_UNKNOWN, new)
        name = next(iter(self.leaves), "")
        quantity = command.quantity - (self.filled if self.in_place else command.filled)
        if not name or quantity <= 0:
            self.say(ReportType.REPLACE_REJECTED, new)
            return
        del self.leaves[name]
        named = name if self.in_place else new
        self.leaves[named] = quantity
        self.say(ReportType.REPLACED, named, price=command.price, quantity=command.quantity)

    def trade(self, lots: int) -> None:
        """Execute some of the leg that is alive."""
        for name in list(self.leaves):
            got = min(lots * LOT, self.leaves[name])
            self.leaves[name] -= got
            self.filled += got
            self.executions += 1
            fields = {"quantity": got, "price": 99_00, "exec_id": f"x{self.executions}"}
            self.say(ReportType.FILLED, name, **fields)
            if not self.leaves[name]:
                del self.leaves[name]

    def deliver(self) -> None:
        if self.words:
            word, name, fields = self.words.popleft()
            self.take(self.play.report(word, name, **fields))


steps = st.lists(
    st.one_of(
        st.tuples(st.just("change"), st.integers(1, 20), st.integers(98_00, 99_90)),
        st.tuples(st.just("cancel"), st.just(0), st.just(0)),
        st.tuples(st.just("work"), st.booleans(), st.just(0)),
        st.tuples(st.just("trade"), st.integers(1, 6), st.just(0)),
        st.tuples(st.just("deliver"), st.just(0), st.just(0)),
    ),
    max_size=25,
)


def one_step(venue: Venue, what: str, first: int, second: int) -> None:
    if what == "change":
        venue.take(venue.play.change(quantity=first * LOT, price=second))
    elif what == "cancel":
        venue.take(venue.play.do("cancel", (venue.play.name,)))
    elif what == "work":
        venue.work(silent=bool(first))
    elif what == "trade":
        venue.trade(first)
    else:
        venue.deliver()


def at_risk(venue: Venue) -> int:
    """What may still come of the order, told or not told yet."""
    return venue.filled + sum(venue.leaves.values())


@pytest.mark.parametrize(
    ("native", "in_place"), [(True, True), (True, False), (False, False)], ids=["in place", "new order", "by hand"]
)
@settings(max_examples=30, deadline=None)
@given(steps)
def test_nothing_more_is_at_risk_than_is_reserved(native, in_place, drawn):
    play = Play(native=native)
    venue = Venue(play, in_place=in_place)
    for step in drawn:
        one_step(venue, *step)
        order = play.order
        if not venue.words:  # all that was said is known
            assert order.filled == venue.filled
        if order.is_open:
            assert play.exposure() == order.leaves
            # A venue that makes a new order adds to it what is filled of the old one meanwhile: known once it is told.
            on_its_way = sum(fields.get("quantity", 0) for word, _, fields in venue.words if word is ReportType.FILLED)
            assert order.quantity + (on_its_way if native and not in_place else 0) >= at_risk(venue)
    for _ in range(200):
        venue.work(silent=False)
        venue.deliver()
    assert not venue.inbox
    assert play.order.filled == venue.filled
    assert play.exposure() == sum(venue.leaves.values()), "once all is told, what is reserved is what works"
    assert (play.state in ENDED) == (not venue.leaves)
    if play.order.chain is not None:
        assert play.order.is_open is False or play.order.quantity == play.order.chain.wanted, "no excess is left"
    play.check_fold()
