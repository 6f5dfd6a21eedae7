"""A routed parent outlives the process: wherever it dies it goes on, and never comes to more than was asked."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core.events import (
    FeedState,
    InstrumentDefined,
    LifecycleChanged,
    LifecycleState,
    ReportType,
    StateCarried,
)
from core.orders import ApprovedCancel, ApprovedSubmit
from core.records import Kind
from engine import build_engine
from oms.state import state_hash
from tests.engine.scenario import LOT, SECOND
from tests.strategies.algos.lasting_place import Journaled
from tests.strategies.routing.test_router_any_order import PARENT, STEPS, VENUES, Busy, one_step


class LastingPlaces(Journaled, Busy):
    """Venues that outlive the router's process."""

    carried = True

    def __init__(self, before: "LastingPlaces | None" = None, **params: Any) -> None:
        self.records = []
        self._before, self._params = before, params
        self.epoch = 1 if before is None else before.epoch + 1
        super().__init__(*VENUES, quantity="0.20", fee_ppm=100, taker_fees_ppm={"FAR": 0}, wait_ms=500, **params)

    def begin(self) -> None:
        before = self._before
        if before is None:
            self.doubted: dict[str, bool] = {}
            super().begin()
            return
        self.now_ns, self.count = before.now_ns, before.count
        self.leaves, self.intents, self.doubted = before.leaves, before.intents, before.doubted
        self.executed = before.executed
        for index, instrument in enumerate(self.instruments):
            self.payload(Kind.INSTRUMENT, InstrumentDefined(instrument), index)
        state = before.folded()
        self.payload(Kind.CARRIED, StateCarried(session="s", seq=1, state=state, digest=state_hash(state)))

    def died(self, torn: int, arrived: int, dead_s: int) -> "LastingPlaces":
        """Die and go on; of the commands under way the venues got those whose bits are set."""
        self.tear(torn, self.inbox)
        for number, command in enumerate(self.inbox):
            if isinstance(command, ApprovedSubmit) and arrived >> number & 1:
                self.leaves[command.intent.client_order_id] = command.intent.quantity
            elif isinstance(command, ApprovedCancel) and arrived >> number & 1:
                self.leaves.pop(command.client_order_id, None)
        after = LastingPlaces(self, **self._params)
        after.now_ns += dead_s * SECOND
        for index in range(len(self.instruments)):
            after.feed(index, FeedState.CONNECTED)
        return after

    def ready(self) -> None:
        self.payload(Kind.LIFECYCLE, LifecycleChanged(LifecycleState.READY))

    def tell(self) -> None:
        """Give the venues' evidence of each order that our books have open."""
        self.doubted.clear()
        flying = [each.intent.client_order_id for each in self.inbox if isinstance(each, ApprovedSubmit)]
        for order in self.engine.manager.open_orders():
            name = order.client_order_id
            if name in flying or not order.is_open:
                continue
            gone = ReportType.CANCELLED if order.acknowledged else ReportType.NEVER_ARRIVED
            self.report(ReportType.ACCEPTED if name in self.leaves else gone, name)


def check(place: LastingPlaces) -> None:
    assert place.at_risk() <= PARENT


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from(["sweep", "rest"]),
    st.sampled_from(["buy", "sell"]),
    st.lists(
        st.tuples(STEPS, st.integers(0, 12), st.integers(0, 15), st.integers(0, 9), st.booleans()),
        min_size=1,
        max_size=3,
    ),
)
def test_wherever_it_dies_it_goes_on_and_never_comes_to_more_than_the_parent(style, side, lives):
    place = LastingPlaces(style=style, side=side)
    for steps, torn, arrived, dead_s, tells_first in lives:
        for step in steps:
            one_step(place, *step)
            place.inbox = [command for command in place.inbox if not isinstance(command, ApprovedCancel)]
            check(place)
        if not torn:
            assert place.folded() == place.engine.durable_state()
        place = place.died(torn, arrived, dead_s)
        if tells_first:
            place.tell()
        place.ready()
        check(place)
    finish(place)
    check(place)
    assert place.router.has_ended, place.router.save()
    assert place.progress[-1].state in {"filled", "expired"}
    done = sum(place.common(index, got) for index, got in enumerate(place.executed))
    assert place.router.filled == done
    again = build_engine(place.settings)
    for event in place.fed:
        again.step(event)
    assert again.digest() == place.engine.digest()


def finish(place: LastingPlaces) -> None:
    """Show enough everywhere, execute whatever comes."""
    for _ in range(12):
        place.tell()
        for index, tick in enumerate((1, 1, 10)):
            place.quote(index, 100_00 * tick, 100_02 * tick, 40, after_ns=SECOND)
        for command in place.inbox[:]:
            place.inbox.remove(command)
            if isinstance(command, ApprovedSubmit):
                name = command.intent.client_order_id
                place.leaves[name] = command.intent.quantity
                place.report(ReportType.ACCEPTED, name)
        for name in list(place.leaves):
            place.fill(name)
        place.time(2 * SECOND)


def test_what_was_learned_of_a_venue_is_known_after_a_restart():
    place = LastingPlaces(style="sweep", side="buy")
    place.quote(0, 99_98, 100_00)
    place.quote(1, 99_97, 100_01)
    place.quote(2, 999_00, 1001_00)
    name = place.accept(0, after_ns=70_000_000)
    place.fill(name, LOT)
    place.end(name)
    learned = [path.learned() for path in place.router.paths]
    place = place.died(0, 0, 1)
    place.ready()
    assert [path.learned() for path in place.router.paths] == learned
    assert place.router.filled == LOT
