"""Orders that are changed while they work: as one order to their strategy, whatever the venue makes of it."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from core.codec import KIND_OF
from core.effects import Alert, Effect, OrderUpdated
from core.events import FeedState, InstrumentDefined, LifecycleState, ReportType
from core.ids import revision_id
from core.orders import ApprovedCancel, ApprovedReplace, ApprovedSubmit, OrderState, Refusal
from core.records import Kind
from oms.fold import Fold
from oms.manager import OrderManager
from risk.limits import RiskLimits
from strategies import Strategy, StrategyError
from tests.engine.scenario import BTC, LOT, Stage, only

NATIVE = msgspec.structs.replace(BTC, native=("replace",))


class Changer(Strategy):
    """Does what the test puts into `todo` at the next quote, and remembers what it is told."""

    def on_start(self) -> None:
        self.todo: list[Any] = []
        self.told: list[Any] = []
        self.subscribe_quotes(self.markets[0])

    def on_quote(self, quote: Any) -> None:
        while self.todo:
            name, args = self.todo.pop(0)
            getattr(self, name)(*args) if not isinstance(args, dict) else getattr(self, name)(self.id_, **args)

    def put(self, quantity: int, price: int) -> None:
        self.id_ = self.buy(self.markets[0], quantity, price)

    def on_order(self, update: OrderUpdated) -> None:
        self.told.append((update.state.value, update.price, update.quantity, update.filled))

    def on_refusal(self, refusal: Refusal) -> None:
        self.told.append(refusal.code)


class Play(Stage):
    """A stage whose strategy has one accepted order of 10 lots at 99.00, and its journal of payloads."""

    def __init__(self, *, native: bool, limits: RiskLimits | None = None) -> None:
        super().__init__(Changer, limits=limits, native_orders=native)
        self.journal: list[tuple[int, int, int, Any]] = []
        self.payload(Kind.INSTRUMENT, InstrumentDefined(NATIVE if native else BTC), 0)
        self.feed(FeedState.CONNECTED)
        self.quote(99_99, 100_01)
        self.lifecycle(LifecycleState.READY)
        self.do("put", (10 * LOT, 99_00))
        self.name = self.strategy.id_
        self.report(ReportType.ACCEPTED, self.name, venue_order_id="v0")

    @property
    def strategy(self) -> Changer:
        strategy = self.engine.desk.actors[0].strategy
        assert isinstance(strategy, Changer)
        return strategy

    @property
    def order(self) -> Any:
        return self.engine.manager.order(self.name)

    @property
    def state(self) -> str:
        return str(self.order.state.value)

    def do(self, name: str, args: Any = ()) -> Sequence[Effect]:
        self.strategy.todo.append((name, args))
        return self.quote(99_99, 100_01)

    def change(self, **args: int) -> Sequence[Effect]:
        return self.do("replace", args)

    def of(self, revision: int) -> str:
        return revision_id(self.name, revision)

    def exposure(self) -> int:
        return self.engine.manager.exposure(0).open_buy_quantity

    def step(self, event: Any) -> Sequence[Effect]:
        effects = super().step(event)
        if event[0] >= 32:
            self.journal.append((event[0], event[2], event[3], event[5]))
        for effect in effects:
            index = getattr(effect, "instrument", 0)
            self.journal.append((KIND_OF[type(effect)], index, event[3], effect))
        return effects

    def check_fold(self) -> None:
        """State-only replay of the journal comes to the same orders."""
        manager = OrderManager(self.settings.balances)
        fold = Fold(manager)
        for record in self.journal:
            fold.record(*record)
        assert manager.state() == self.engine.manager.state()
        assert fold.durable_state() == self.engine.durable_state()


@pytest.fixture(params=[True, False], ids=["native", "by cancel and submit"])
def play(request: pytest.FixtureRequest):
    made = Play(native=request.param)
    yield made
    made.check_fold()


@pytest.fixture
def native():
    made = Play(native=True)
    yield made
    made.check_fold()


@pytest.fixture
def by_hand():
    made = Play(native=False)
    yield made
    made.check_fold()


def test_a_replacement_reserves_the_greater_of_both_until_the_venue_answers(native):
    effects = native.change(quantity=15 * LOT, price=99_50)
    [command] = only(effects, ApprovedReplace)
    assert (command.revision, command.price, command.quantity, command.filled) == (1, 99_50, 15 * LOT, 0)
    assert (command.venue_order_id, command.native) == ("v0", True)
    assert (native.order.price, native.exposure()) == (99_00, 15 * LOT)
    native.report(ReportType.REPLACED, native.name, price=99_50, quantity=15 * LOT)
    assert (native.order.price, native.order.quantity, native.exposure()) == (99_50, 15 * LOT, 15 * LOT)
    native.change(quantity=5 * LOT)
    assert native.exposure() == 15 * LOT
    native.report(ReportType.REPLACED, native.name, price=99_50, quantity=5 * LOT)
    assert (native.order.quantity, native.exposure()) == (5 * LOT, 5 * LOT)
    assert native.state == OrderState.ACCEPTED


def test_a_rejected_replacement_leaves_the_order_as_it_was(native):
    native.change(quantity=15 * LOT, price=99_50)
    native.report(ReportType.REPLACE_REJECTED, native.of(1), reason="price moved")
    assert (native.order.price, native.order.quantity, native.exposure()) == (99_00, 10 * LOT, 10 * LOT)
    assert native.state == OrderState.ACCEPTED
    [command] = only(native.change(price=99_10), ApprovedReplace)
    assert command.revision == 2, "a name is used once"


def test_without_a_command_of_the_venue_the_order_is_cancelled_and_its_rest_submitted(by_hand):
    effects = by_hand.change(quantity=15 * LOT, price=99_50)
    [note], [cancel] = only(effects, ApprovedReplace), only(effects, ApprovedCancel)
    assert (note.native, cancel.client_order_id, cancel.venue_order_id) == (False, by_hand.name, "v0")
    assert not only(effects, ApprovedSubmit)
    by_hand.fill(by_hand.name, 3 * LOT, 99_00)
    effects = by_hand.report(ReportType.CANCELLED, by_hand.name, venue_order_id="v0")
    [submit] = only(effects, ApprovedSubmit)
    assert (submit.intent.client_order_id, submit.intent.quantity, submit.intent.price) == (
        by_hand.of(1), 12 * LOT, 99_50,
    )  # fmt: skip
    assert by_hand.exposure() == 12 * LOT
    by_hand.report(ReportType.ACCEPTED, by_hand.of(1), venue_order_id="v1")
    assert (by_hand.order.price, by_hand.order.quantity, by_hand.order.venue_order_id) == (99_50, 15 * LOT, "v1")
    by_hand.fill(by_hand.of(1), 12 * LOT, 99_50, "e2")
    assert by_hand.state == OrderState.FILLED
    assert by_hand.exposure() == 0
    states = [entry[0] for entry in by_hand.strategy.told]
    assert "cancelled" not in states
    assert "rejected" not in states
    assert by_hand.engine.manager.totals.submitted == 1, "one order, whatever the venue made of it"


def test_of_several_wishes_while_one_is_under_way_the_last_is_sent_when_the_answer_comes(play):
    play.change(price=99_10)
    assert not only(play.change(price=99_20), ApprovedReplace)
    assert not only(play.change(quantity=12 * LOT), ApprovedReplace)
    assert not only(play.change(price=99_30), ApprovedReplace)
    if play.order.chain.pending.sent:
        effects = play.report(ReportType.REPLACED, play.of(1), price=99_10, quantity=10 * LOT, venue_order_id="v1")
    else:
        play.report(ReportType.CANCELLED, play.name)
        effects = play.report(ReportType.ACCEPTED, play.of(1), venue_order_id="v1")
    [command] = only(effects, ApprovedReplace)
    assert (command.revision, command.price, command.quantity) == (2, 99_30, 12 * LOT)
    assert (command.venue_order_id, play.order.price) == ("v1", 99_10)


def test_a_wish_before_the_acknowledgement_waits_for_it(play):
    play.do("put", (LOT, 98_00))
    assert not only(play.change(price=98_50), ApprovedReplace)
    [command] = only(play.report(ReportType.ACCEPTED, play.strategy.id_), ApprovedReplace)
    assert (command.client_order_id, command.price) == (play.strategy.id_, 98_50)


def test_a_wish_for_an_order_that_is_rejected_is_told_off(play):
    play.do("put", (LOT, 98_00))
    play.change(price=98_50)
    effects = play.report(ReportType.REJECTED, play.strategy.id_)
    assert [alert.code for alert in only(effects, Alert)] == ["REPLACE_NOT_SENT"]


def test_a_cancel_during_a_replacement_goes_to_both_names(native):
    native.change(price=99_10)
    effects = native.do("cancel", (native.name,))
    assert [cancel.client_order_id for cancel in only(effects, ApprovedCancel)] == [native.name, native.of(1)]
    native.report(ReportType.REPLACED, native.of(1), price=99_10, quantity=10 * LOT)
    native.report(ReportType.CANCEL_REJECTED, native.name)
    assert native.state == OrderState.PENDING_CANCEL
    native.report(ReportType.CANCELLED, native.of(1))
    assert native.state == OrderState.CANCELLED
    assert native.exposure() == 0


def test_a_cancel_while_the_old_order_makes_place_means_the_order(by_hand):
    by_hand.change(price=99_10)
    [again] = only(by_hand.do("cancel", (by_hand.name,)), ApprovedCancel)
    assert again.client_order_id == by_hand.name
    effects = by_hand.report(ReportType.CANCELLED, by_hand.name)
    assert not only(effects, ApprovedSubmit)
    assert by_hand.state == OrderState.CANCELLED
    by_hand.report(ReportType.CANCEL_REJECTED, by_hand.name)
    assert by_hand.state == OrderState.CANCELLED


def test_a_cancel_drops_what_was_wished_for(play):
    play.change(price=99_10)
    play.change(price=99_20)
    play.do("cancel", (play.name,))
    if play.order.chain.pending is not None:
        play.report(ReportType.REPLACE_REJECTED, play.of(1))
    effects = play.report(ReportType.CANCELLED, play.name)
    assert play.state == OrderState.CANCELLED
    assert not only(effects, ApprovedReplace)
    assert not only(effects, ApprovedSubmit)


def test_fills_in_flight_are_booked_once_whichever_name_they_come_under(native):
    native.change(price=99_10)
    native.fill(native.name, 2 * LOT, 99_00, "e1")
    native.fill(native.of(1), 2 * LOT, 99_00, "e1")
    assert native.order.filled == 2 * LOT


def test_what_fills_in_flight_add_beyond_the_wish_is_taken_off_at_once(native):
    """Asked for 5 in all while 0 was known to be filled; 4 were filled before the old order ended: 4 + 5."""
    native.change(quantity=5 * LOT)
    native.report(ReportType.REPLACED, native.of(1), price=99_00, quantity=5 * LOT, venue_order_id="v1")
    effects = native.fill(native.name, 4 * LOT, 99_00, "late")
    assert [alert.code for alert in only(effects, Alert)] == ["REPLACE_EXCESS"]
    [trim] = only(effects, ApprovedReplace)
    assert (trim.quantity, trim.filled, native.exposure()) == (5 * LOT, 4 * LOT, 5 * LOT)
    native.report(ReportType.REPLACED, native.of(2), price=99_00, quantity=5 * LOT)
    assert native.exposure() == LOT
    assert native.order.quantity == 5 * LOT


def test_an_excess_that_is_filled_to_the_wish_is_cancelled(native):
    native.change(quantity=5 * LOT)
    native.report(ReportType.REPLACED, native.of(1), price=99_00, quantity=5 * LOT, venue_order_id="v1")
    effects = native.fill(native.name, 6 * LOT, 99_00, "late")
    [cancel] = only(effects, ApprovedCancel)
    assert (cancel.client_order_id, cancel.venue_order_id) == (native.of(1), "v1")
    native.report(ReportType.CANCELLED, native.of(1))
    assert native.state == OrderState.CANCELLED
    assert native.order.filled == 6 * LOT


def test_a_venue_that_counts_the_fills_itself_is_not_counted_twice(native):
    native.change(quantity=5 * LOT)
    native.report(ReportType.REPLACED, native.of(1), price=99_00, quantity=9 * LOT, venue_order_id="v1")
    assert native.order.quantity == 9 * LOT, "4 were filled of the old one; the fills follow"
    native.fill(native.name, 4 * LOT, 99_00, "late")
    assert native.order.chain.total == 9 * LOT
    effects = native.report(ReportType.REPLACE_REJECTED, native.of(2))
    assert only(effects, ApprovedCancel), "the excess was to be taken off once, and that failed"


def test_an_order_of_the_same_venue_id_was_changed_in_place_whatever_it_is_called(native):
    native.change(quantity=15 * LOT)
    native.report(ReportType.REPLACED, native.of(1), price=99_00, quantity=15 * LOT, venue_order_id="v0")
    native.fill(native.name, 3 * LOT, 99_00)
    assert (native.order.quantity, native.exposure()) == (15 * LOT, 12 * LOT)
    native.report(ReportType.CANCELLED, native.name, venue_order_id="v0")
    assert native.state == OrderState.CANCELLED


def test_an_unknown_outcome_keeps_both_reserved_until_there_is_evidence(native):
    native.change(quantity=15 * LOT)
    native.report(ReportType.OUTCOME_UNKNOWN, native.of(1))
    assert (native.order.state, native.exposure()) == (OrderState.UNKNOWN, 15 * LOT)
    native.fill(native.name, LOT, 99_00, "e1")
    assert native.state == OrderState.UNKNOWN, "a fill of the old one says nothing of the new one"
    assert native.exposure() == 15 * LOT
    native.report(ReportType.NEVER_ARRIVED, native.of(1))
    assert (native.order.state, native.exposure()) == (OrderState.PARTIALLY_FILLED, 9 * LOT)


def test_an_unknown_outcome_is_resolved_by_a_fill_of_the_new_order(native):
    native.change(quantity=15 * LOT)
    native.report(ReportType.OUTCOME_UNKNOWN, native.of(1))
    native.fill(native.of(1), LOT, 99_00, "e1")
    assert native.state == OrderState.PARTIALLY_FILLED
    assert (native.order.quantity, native.exposure()) == (15 * LOT, 14 * LOT)


def test_the_rest_of_a_cancelled_order_in_doubt_stays_reserved(by_hand):
    by_hand.change(price=99_10)
    by_hand.report(ReportType.CANCELLED, by_hand.name)
    by_hand.report(ReportType.OUTCOME_UNKNOWN, by_hand.of(1))
    assert (by_hand.order.state, by_hand.exposure()) == (OrderState.UNKNOWN, 10 * LOT)
    by_hand.report(ReportType.NEVER_ARRIVED, by_hand.of(1))
    assert (by_hand.order.state, by_hand.exposure()) == (OrderState.CANCELLED, 0)


def test_a_rest_that_the_venue_rejects_ends_the_order(by_hand):
    by_hand.change(price=99_10)
    by_hand.report(ReportType.CANCELLED, by_hand.name)
    effects = by_hand.report(ReportType.REJECTED, by_hand.of(1), reason="no")
    [update] = only(effects, OrderUpdated)
    assert (update.state, update.reason) == (OrderState.CANCELLED, "replacement 1 failed: no")


def test_a_rest_that_the_gate_refuses_ends_the_order(by_hand):
    by_hand.change(price=99_10)
    by_hand.feed(FeedState.DISCONNECTED)
    effects = by_hand.report(ReportType.CANCELLED, by_hand.name)
    assert [refusal.code for refusal in only(effects, Refusal)] == ["MARKET_STALE"]
    assert by_hand.state == OrderState.CANCELLED
    assert by_hand.exposure() == 0


def test_an_order_that_fills_before_its_cancel_stays_filled_as_it_was(by_hand):
    by_hand.change(quantity=15 * LOT)
    by_hand.fill(by_hand.name, 10 * LOT, 99_00)
    assert by_hand.state == OrderState.FILLED
    effects = by_hand.report(ReportType.CANCEL_REJECTED, by_hand.name)
    assert by_hand.state == OrderState.FILLED
    assert not only(effects, ApprovedSubmit)


def test_a_cancel_that_is_rejected_gives_the_replacement_up(by_hand):
    by_hand.change(price=99_10)
    by_hand.report(ReportType.CANCEL_REJECTED, by_hand.name)
    assert (by_hand.order.state, by_hand.order.price) == (OrderState.ACCEPTED, 99_00)
    assert by_hand.order.chain.pending is None


def test_fills_up_to_the_new_quantity_leave_nothing_to_submit(by_hand):
    by_hand.change(quantity=5 * LOT)
    by_hand.fill(by_hand.name, 6 * LOT, 99_00)
    effects = by_hand.report(ReportType.CANCELLED, by_hand.name)
    assert not only(effects, ApprovedSubmit)
    assert by_hand.state == OrderState.CANCELLED


def test_the_end_of_the_old_order_is_part_of_its_replacement(native):
    """Binance's cancelReplace tells both: CANCELED of the old order, NEW of the new one."""
    native.change(price=99_10)
    native.report(ReportType.CANCELLED, native.name, venue_order_id="v0")
    assert native.state == OrderState.ACCEPTED
    native.report(ReportType.ACCEPTED, native.of(1), venue_order_id="v1")
    assert (native.order.price, native.order.venue_order_id) == (99_10, "v1")
    native.report(ReportType.CANCELLED, native.name, venue_order_id="v0")
    assert native.state == OrderState.ACCEPTED
    native.report(ReportType.EXPIRED, native.of(1))
    assert native.state == OrderState.EXPIRED


def test_a_replacement_that_fails_after_the_old_order_ended_ends_the_order(native):
    native.change(price=99_10)
    native.report(ReportType.CANCELLED, native.name)
    native.report(ReportType.REPLACE_REJECTED, native.of(1), reason="-2021")
    assert (native.order.state, native.exposure()) == (OrderState.CANCELLED, 0)


def test_the_engine_stops_without_sending_a_rest(by_hand):
    by_hand.change(price=99_10)
    by_hand.lifecycle(LifecycleState.DRAINING)
    effects = by_hand.report(ReportType.CANCELLED, by_hand.name)
    assert not only(effects, ApprovedSubmit)
    assert by_hand.state == OrderState.CANCELLED


def test_all_is_cancelled_at_once_whatever_is_being_replaced(play):
    play.change(price=99_10)
    play.do("put", (LOT, 98_00))
    effects = play.command("cancel-all")
    named = {cancel.client_order_id for cancel in only(effects, ApprovedCancel)}
    assert {play.name, play.strategy.id_} <= named


def test_what_is_wished_for_is_part_of_the_digest(play):
    play.change(price=99_10)
    before = play.engine.digest()
    play.change(price=99_20)
    one = play.engine.digest()
    assert before != one


def test_a_limit_refuses_what_a_replacement_adds_and_names_the_revision():
    play = Play(native=True, limits=RiskLimits(max_order_notional=1_000, max_position="0.12"))
    assert not only(play.change(quantity=12 * LOT), Refusal)
    play.report(ReportType.REPLACED, play.name, price=99_00, quantity=12 * LOT)
    [refusal] = only(play.change(quantity=13 * LOT), Refusal)
    assert (refusal.code, refusal.intent.client_order_id) == ("MAX_POSITION", play.of(2))
    assert only(play.change(quantity=LOT), ApprovedReplace)


def test_nothing_to_change_is_a_mistake_of_the_strategy(native):
    effects = native.change(price=99_00)
    assert [alert.code for alert in only(effects, Alert)] == ["REPLACE_NOT_SENT"]
    with pytest.raises(StrategyError):
        native.strategy.replace(native.name)
