"""Reconciliation, scene by scene: what is asked, what the answers mean, what is frozen, halted and released."""

from collections.abc import Callable

import msgspec
import pytest

from core.effects import FreezeChanged, Reconciled, ReconcileState
from core.events import (
    RELEASE,
    ClockMeasured,
    CommandReceived,
    LifecycleState,
    LinkChanged,
    LinkState,
    OrderReport,
    ReportType,
)
from core.evidence import AccountFacts, EvidenceGiven, EvidenceWanted, Subject, VenueBalance, VenueOrderStatus
from core.ids import client_order_id
from core.orders import ApprovedCancel, ApprovedSubmit, OrderIntent, OrderState, OrderType, Refusal, Side
from core.records import Kind
from engine import EngineSettings, build_engine
from oms.reconcile import ForeignPolicy
from risk.limits import RiskLimits
from strategies import Strategy
from tests.engine.model_venue import INSTRUMENTS, SECOND, Faults, There, balances_of
from tests.engine.model_world import PRICES, QUICK, World

ADOPT = msgspec.structs.replace(QUICK, foreign=ForeignPolicy.ADOPT)
IGNORE = msgspec.structs.replace(QUICK, foreign=ForeignPolicy.IGNORE)


class Told(Strategy):
    """Does what the test tells it, at the next quote."""

    wishes: list[Callable[[Strategy], object]] = []  # noqa: RUF012 - the test's own

    def on_start(self):
        for market in self.markets:
            self.subscribe_quotes(market)

    def on_quote(self, quote):
        for wish in self.wishes:
            wish(self)
        self.wishes.clear()


class Scene(World):
    """A world in which nothing happens by itself."""

    def __init__(self, settings=QUICK):
        Told.wishes = []
        super().__init__(1, Faults(), settings, Told)

    def ready(self):
        self.pass_time(2)
        assert self.engine.lifecycle is LifecycleState.READY
        self.effects.clear()
        return self

    def pass_time(self, seconds):
        self.advance(self.now_ns + int(seconds * SECOND))

    def tell(self, wish):
        """Have the strategy do something; return the last command or refusal that came of it."""
        self.quote(1)
        Told.wishes.append(wish)
        before = len(self.effects)
        self.quote(0)
        found = [e for e in self.effects[before:] if isinstance(e, ApprovedSubmit | ApprovedCancel | Refusal)]
        return found[-1] if found else None

    def buy(self, instrument=0, quantity=10, **words):
        return self.tell(lambda s: s.buy(s.markets[instrument], quantity, PRICES[instrument], **words))

    def sell(self, instrument=0, quantity=10, **words):
        return self.tell(lambda s: s.sell(s.markets[instrument], quantity, PRICES[instrument], **words))

    def code(self, verdict):
        return verdict.code if isinstance(verdict, Refusal) else "passes"

    def asked(self, subject):
        return [e for e in self.effects if isinstance(e, EvidenceWanted) and e.subject is subject]

    def codes(self):
        return [alert.code for alert in self.alerts]

    def command(self, name, target=""):
        self.step(Kind.COMMAND, CommandReceived(name=name, strategy_id=target, source="test"))

    def place(self, name, quantity=10, filled=0, side=Side.BUY):
        """Somebody else's order, working at the venue."""
        self.lenient = True
        intent = OrderIntent(
            client_order_id=name,
            strategy_id="",
            instrument=0,
            side=side,
            type=OrderType.LIMIT,
            quantity=quantity,
            price=PRICES[0],
        )
        there = There(intent, f"v{self.venue.number()}", filled=filled, updated_ns=self.now_ns)
        self.venue.orders[name] = there
        return there

    def order(self, verdict):
        return self.engine.manager.order(verdict.intent.client_order_id)


def test_the_first_books_open_with_the_venues_figures_and_nothing_opens_before():
    scene = Scene()
    states = [e.state for e in scene.effects if isinstance(e, Reconciled)]
    assert (states, scene.engine.reconciled) == ([ReconcileState.STARTED], False)
    scene.pass_time(2)
    assert scene.engine.reconciled
    assert [e.state for e in scene.effects if isinstance(e, Reconciled)][-1] is ReconcileState.AGREED
    assert scene.engine.manager.balances() == balances_of([])
    subjects = [e.subject for e in scene.effects if isinstance(e, EvidenceWanted)]
    assert subjects == [
        Subject.OPEN_ORDERS,
        Subject.ACCOUNT,
        Subject.MOVES,
        Subject.FILLS,
        Subject.FILLS,
        Subject.BALANCES,
        Subject.POSITIONS,
    ]
    scene.effects.clear()
    assert scene.code(scene.buy()) == "passes"


def test_a_link_that_breaks_holds_back_what_opens_until_it_is_up_and_compared():
    scene = Scene().ready()
    held = scene.buy()
    scene.pass_time(1)
    scene.step(Kind.LINK, LinkChanged(venue="MODEL", state=LinkState.DOWN))
    assert not scene.engine.reconciled
    assert scene.code(scene.buy()) == "RECONCILING"
    assert isinstance(scene.tell(lambda s: s.cancel(held.intent.client_order_id)), ApprovedCancel)
    scene.step(Kind.LINK, LinkChanged(venue="MODEL", state=LinkState.UP))
    assert scene.code(scene.buy()) == "RECONCILING"
    scene.pass_time(2)
    assert scene.code(scene.buy()) == "passes"
    states = [e.state for e in scene.effects if isinstance(e, Reconciled)]
    assert states == [ReconcileState.STARTED, ReconcileState.AGREED]


def test_a_link_that_is_merely_limited_compares_nothing_anew():
    scene = Scene().ready()
    scene.step(Kind.LINK, LinkChanged(venue="MODEL", state=LinkState.LIMITED))
    assert scene.engine.reconciled


def test_fills_made_while_the_link_was_down_are_booked_once():
    scene = Scene().ready()
    bought = scene.buy(quantity=10)
    scene.pass_time(1)
    scene.step(Kind.LINK, LinkChanged(venue="MODEL", state=LinkState.DOWN))
    scene.venue.fill(bought.intent.client_order_id, 4)
    told = scene.venue.outbox.pop()
    scene.step(Kind.LINK, LinkChanged(venue="MODEL", state=LinkState.UP))
    scene.pass_time(3)
    assert scene.order(bought).filled == 4
    scene.hear(told[2])  # the stream tells it after all
    assert scene.order(bought).filled == 4
    assert scene.settled() == []


def test_a_fill_that_was_never_told_is_found_by_the_sweep():
    scene = Scene().ready()
    bought = scene.buy(quantity=10)
    scene.pass_time(1)
    scene.venue.fill(bought.intent.client_order_id, 10)
    scene.venue.outbox.pop()
    scene.pass_time(QUICK.sweep_ns / SECOND + 2)
    assert scene.order(bought).state is OrderState.FILLED


# -- orders in doubt ---------------------------------------------------------------------------------------------------


def test_not_found_is_believed_late_often_and_after_a_scan_of_all_there_is():
    scene = Scene().ready()
    scene.venue.faults = Faults(lose_request=1.0)
    bought = scene.buy()
    sent_ns = scene.now_ns
    scene.venue.faults = Faults()
    while scene.order(bought).is_open:
        assert scene.now_ns - sent_ns < 30 * SECOND
        scene.pass_time(0.5)
    assert scene.order(bought).state is OrderState.NEVER_ARRIVED
    assert scene.now_ns - sent_ns >= QUICK.visibility_ns
    assert len(scene.asked(Subject.ORDER)) >= QUICK.negatives
    assert scene.settled() == []


def test_an_unknown_order_is_asked_for_at_growing_times_and_a_person_is_told():
    scene = Scene().ready()
    scene.venue.faults = Faults(lose_request=1.0)
    bought = scene.buy()
    scene.pass_time(2)
    scene.venue.faults = Faults(fail_query=1.0)
    scene.effects.clear()
    scene.pass_time(70)
    assert scene.order(bought).state is OrderState.UNKNOWN
    assert scene.order(bought).leaves == 10
    assert 8 <= len([e for e in scene.asked(Subject.ORDER) if e.number]) <= 25
    assert scene.codes().count("ORDER_UNKNOWN") == 1


def test_a_cancel_that_was_lost_is_sent_again():
    scene = Scene().ready()
    bought = scene.buy()
    scene.pass_time(1)
    name = bought.intent.client_order_id
    scene.tell(lambda s: s.cancel(name))
    scene.venue.inbox.clear()  # it never arrives, and nobody says so
    scene.pass_time(8)
    assert scene.order(bought).state is OrderState.CANCELLED
    assert len([e for e in scene.effects if isinstance(e, ApprovedCancel)]) == 2


def test_a_cancel_that_came_too_late_ends_as_the_fill_that_it_met():
    scene = Scene().ready()
    bought = scene.buy()
    scene.pass_time(1)
    scene.venue.fill(bought.intent.client_order_id, 10)
    scene.venue.outbox.clear()  # the fill is not told
    scene.tell(lambda s: s.cancel(bought.intent.client_order_id))
    scene.pass_time(10)
    assert scene.order(bought).state is OrderState.FILLED
    assert scene.settled() == []


def test_a_fill_known_by_a_cumulative_quantity_alone_is_inferred_late_and_replaced_by_the_real_one():
    scene = Scene().ready()
    bought = scene.buy(quantity=10)
    scene.pass_time(1)
    name = bought.intent.client_order_id
    scene.venue.fill(name, 6)
    scene.venue.outbox.pop()
    hidden, scene.venue.fills = scene.venue.fills, []
    scene.pass_time(5)
    assert scene.order(bought).filled == 0
    scene.pass_time(15)
    assert scene.order(bought).filled == 6
    assert "FILL_INFERRED" in scene.codes()
    scene.venue.fills = hidden
    scene.pass_time(20)
    assert scene.order(bought).filled == 6
    assert scene.engine.manager.position(0).quantity == 6
    assert scene.engine.manager.balances() == balances_of(hidden)  # with the fee that only the real one tells
    assert scene.settled() == []


def test_a_fill_told_by_the_venues_id_alone_is_ours_where_an_order_of_ours_is_still_without_one():
    scene = Scene().ready()
    look = scene.venue.look

    def nameless(wanted):  # as Binance's myTrades, which has the order's id and no client order id
        given = look(wanted)
        if wanted.subject is Subject.FILLS:
            given["fills"] = tuple(msgspec.structs.replace(fill, client_order_id="") for fill in given["fills"])
        return given

    scene.venue.look = nameless
    bought = scene.buy(quantity=10)
    scene.pass_time(0.2)
    scene.venue.outbox.clear()  # neither the acknowledgement nor the fill comes back
    scene.venue.fill(bought.intent.client_order_id, 10)
    scene.venue.outbox.clear()
    assert scene.order(bought).venue_order_id == ""
    scene.pass_time(20)
    assert scene.order(bought).state is OrderState.FILLED
    assert {"HALTED", "FILL_INFERRED", "FROZEN"}.isdisjoint(scene.codes())
    assert scene.engine.manager.balances() == balances_of(scene.venue.fills)
    assert scene.settled() == []


# -- figures -----------------------------------------------------------------------------------------------------------


class Wrong:
    """Lets the venue tell another balance for a while."""

    def __init__(self, scene, currency, more):
        self.scene, self.look = scene, scene.venue.look

        def look(wanted):
            given = self.look(wanted)
            if "balances" in given:
                given["balances"] = tuple(
                    VenueBalance(currency=each.currency, total=str(int(each.total) + more))
                    if each.currency == currency
                    else each
                    for each in given["balances"]
                )
            return given

        scene.venue.look = look

    def heal(self):
        self.scene.venue.look = self.look


def test_a_balance_that_differs_freezes_its_instruments_and_tells_both_figures():
    scene = Scene().ready()
    wrong = Wrong(scene, "BTC", 5)
    scene.pass_time(5)
    assert scene.code(scene.buy(0)) == "passes"  # a balance may lag: it is looked at again before it counts
    scene.tell(lambda s: s.cancel_all())
    scene.pass_time(30)
    assert scene.code(scene.buy(0)) == "FROZEN"
    assert scene.code(scene.buy(1)) == "passes"
    [alert] = [alert for alert in scene.alerts if alert.code == "FROZEN"]
    assert "3.000000000000000005 at MODEL, 3 in our books" in alert.message
    assert [e.state for e in scene.effects if isinstance(e, Reconciled)] == [ReconcileState.BROKEN]
    assert scene.code(scene.sell(0, reduce_only=True)) != "FROZEN"
    wrong.heal()
    scene.pass_time(20)
    assert scene.code(scene.buy(0)) == "passes"
    assert [e.state for e in scene.effects if isinstance(e, Reconciled)][-1] is ReconcileState.AGREED


@pytest.mark.parametrize("open_contract", [True, False])
@pytest.mark.parametrize("more", [-13 * 10**9, 13 * 10**9])
def test_what_a_venue_cuts_off_each_execution_is_booked_and_freezes_nothing(open_contract, more):
    scene = Scene().ready()
    if open_contract:
        bought = scene.buy(1)
        scene.pass_time(1)
        scene.venue.fill(bought.intent.client_order_id, 10)
        scene.pass_time(1)
    here = scene.engine.manager.balances()["USDT"]
    cost = scene.engine.manager.position(1).cost
    Wrong(scene, "USDT", more)
    scene.pass_time(40)
    assert "FROZEN" not in scene.codes()
    assert scene.codes().count("RESTATED") == 1
    assert ReconcileState.BROKEN not in [e.state for e in scene.effects if isinstance(e, Reconciled)]
    assert scene.engine.manager.balances()["USDT"] == here + more
    assert scene.engine.manager.position(1).cost == cost
    assert scene.fold().durable_state() == scene.engine.durable_state()


@pytest.mark.parametrize(("beyond", "freezes"), [(-1, False), (0, True)])
def test_a_difference_that_a_cost_could_be_told_in_is_no_rounding(beyond, freezes):
    scene = Scene().ready()
    half = scene.engine.manager.position(1).factor // 2
    Wrong(scene, "USDT", half + beyond)
    scene.pass_time(40)
    assert ("FROZEN" in scene.codes()) is freezes


def test_the_operator_releases_what_is_frozen_and_the_same_difference_freezes_it_no_more():
    scene = Scene().ready()
    Wrong(scene, "BTC", 5)
    scene.pass_time(30)
    assert scene.code(scene.buy(0)) == "FROZEN"
    scene.command(RELEASE, "ETHUSDT.MODEL")
    assert scene.code(scene.buy(0)) == "FROZEN"
    scene.command(RELEASE, "BTCUSDT.MODEL")
    scene.pass_time(60)
    assert scene.code(scene.buy(0)) == "passes"


def test_a_balance_of_no_instrument_of_ours_is_told_and_freezes_nothing():
    scene = Scene().ready()
    look = scene.venue.look

    def told(wanted):
        given = look(wanted)
        if "balances" in given:
            given["balances"] = (*given["balances"], VenueBalance(currency="DOGE", total="7"))
        return given

    scene.venue.look = told
    scene.pass_time(60)
    assert scene.codes() == ["BALANCE_DIFFERS"]
    assert scene.code(scene.buy(0)) == "passes"


def test_a_position_that_differs_freezes_that_contract_alone():
    scene = Scene().ready()
    look = scene.venue.look

    def told(wanted):
        given = look(wanted)
        if "positions" in given:
            position = given["positions"][0]
            given["positions"] = (msgspec.structs.replace(position, quantity=position.quantity + 3),)
        return given

    scene.venue.look = told
    scene.pass_time(30)
    assert scene.code(scene.buy(1)) == "FROZEN"
    assert scene.code(scene.buy(0)) == "passes"
    assert "position in ETHUSDT.MODEL: 0.003 at the venue, 0 in our books" in scene.alerts[-1].message


def test_an_instrument_whose_fills_cannot_be_read_is_frozen_and_the_rest_goes_on(monkeypatch):
    scene = Scene()
    look = scene.venue.look

    def told(wanted):
        if wanted.subject is Subject.FILLS and wanted.instrument == 0:
            return {"failure": "invalid symbol"}
        return look(wanted)

    monkeypatch.setattr(scene.venue, "look", told)
    scene.pass_time(20)
    assert scene.engine.reconciled
    assert scene.code(scene.buy(0)) == "FROZEN"
    assert scene.code(scene.buy(1)) == "passes"
    monkeypatch.undo()
    scene.pass_time(20)
    assert scene.code(scene.buy(0)) == "passes"


def test_rejection_after_rejection_pauses_the_instrument_and_compares_it():
    scene = Scene().ready()
    scene.pass_time(1)
    scene.effects.clear()
    for _ in range(QUICK.reject_streak):
        bought = scene.buy(1)
        scene.venue.inbox.clear()
        report = OrderReport(type=ReportType.REJECTED, client_order_id=bought.intent.client_order_id, reason="flat")
        scene.step(Kind.REPORT, report, 1)
    assert "REJECT_STREAK" in scene.codes()
    assert scene.code(scene.sell(1, reduce_only=True)) == "PAUSED"
    assert scene.code(scene.buy(0)) == "passes"
    scene.pass_time(2)
    assert scene.asked(Subject.POSITIONS)
    scene.pass_time(30)
    assert scene.code(scene.buy(1)) == "passes"


def test_what_our_own_connector_refuses_says_nothing_of_the_venue():
    scene = Scene().ready()
    scene.pass_time(1)
    scene.effects.clear()
    for _ in range(2 * QUICK.reject_streak):
        name = scene.buy(1).intent.client_order_id
        scene.venue.inbox.clear()
        report = OrderReport(type=ReportType.REJECTED, client_order_id=name, reason="the clock is off", own=True)
        scene.step(Kind.REPORT, report, 1)
    assert "REJECT_STREAK" not in scene.codes()
    assert scene.code(scene.buy(1)) == "passes"


def test_a_key_that_may_not_trade_halts():
    scene = Scene().ready()
    look = scene.venue.look

    def told(wanted):
        if wanted.subject is Subject.ACCOUNT:
            return {"account": AccountFacts(may_trade=False, may_withdraw=False, detail="locked")}
        return look(wanted)

    scene.venue.look = told
    scene.cut()
    scene.pass_time(3)
    assert scene.code(scene.buy()) == "HALTED"
    scene.command(RELEASE)
    assert scene.code(scene.buy()) == "passes"


def test_trading_without_a_pause_is_no_difference():
    scene = Scene().ready()
    for _ in range(400):
        bought = scene.tell(lambda s: s.buy(s.markets[s.rng.below(2)], 1 + s.rng.below(9), PRICES[0]))
        scene.pass_time(0.25)
        if isinstance(bought, ApprovedSubmit) and bought.intent.client_order_id in scene.venue.orders:
            scene.venue.fill(bought.intent.client_order_id, 1)
    assert "FROZEN" not in scene.codes()
    assert len(scene.asked(Subject.BALANCES)) > 5


def test_a_difference_that_the_operator_accepted_is_none_after_a_restart_either():
    scene = Scene().ready()
    look = scene.venue.look

    def told(wanted):
        given = look(wanted)
        if wanted.subject is Subject.BALANCES:
            return {"balances": tuple(msgspec.structs.replace(each, total="7") for each in given["balances"])}
        return given

    scene.venue.look = told
    scene.pass_time(40)
    assert scene.code(scene.buy()) == "FROZEN"
    scene.command(RELEASE)
    scene.crash()
    scene.pass_time(60)
    assert scene.code(scene.buy()) == "passes"
    assert scene.fold().durable_state() == scene.engine.durable_state()


def test_an_execution_that_the_venue_does_not_know_any_more_is_taken_back():
    scene = Scene().ready()
    bought = scene.buy(1)
    scene.pass_time(1)
    scene.venue.fill(bought.intent.client_order_id, 10)
    scene.pass_time(20)
    assert scene.engine.manager.position(1).quantity == 10
    del scene.venue.fills[-1]
    there = scene.venue.orders[bought.intent.client_order_id]
    there.filled, there.status = 0, VenueOrderStatus.CANCELLED
    scene.pass_time(60)
    assert "BUSTED" in scene.codes()
    assert scene.engine.manager.position(1).quantity == 0
    assert scene.engine.manager.balances() == balances_of(scene.venue.fills)
    assert not scene.engine.gate.freezes.active
    assert scene.fold().durable_state() == scene.engine.durable_state()


# -- others on the account ---------------------------------------------------------------------------------------------


def test_a_foreign_order_halts_by_default_and_is_never_cancelled():
    scene = Scene().ready()
    scene.place("web_1")
    scene.buy()
    scene.pass_time(6)
    assert scene.code(scene.buy()) == "HALTED"
    assert next(e for e in scene.effects if isinstance(e, FreezeChanged)).instrument == 0xFFFF
    scene.command("cancel-all")
    assert not [e for e in scene.effects if isinstance(e, ApprovedCancel) and e.client_order_id == "web_1"]
    scene.command(RELEASE)
    scene.pass_time(20)
    assert scene.code(scene.buy()) == "passes"


def test_a_foreign_order_that_is_ignored_is_told_once():
    scene = Scene(IGNORE).ready()
    scene.place("web_1")
    scene.pass_time(60)
    assert scene.codes().count("FOREIGN_ORDER") == 1
    assert scene.code(scene.buy()) == "passes"
    assert scene.engine.manager.order("web_1") is None


def test_an_adopted_order_is_in_the_books_and_so_are_all_its_fills():
    scene = Scene(ADOPT).ready()
    scene.place("web_1", quantity=10)
    scene.venue.fill("web_1", 3)  # before we know of it
    scene.venue.outbox.clear()
    scene.pass_time(20)
    order = scene.engine.manager.order("web_1")
    assert (order.strategy_id, order.filled, order.leaves) == ("", 3, 7)
    assert scene.engine.manager.position(0).quantity == 3
    assert scene.engine.manager.exposure(0).open_buy_quantity == 7
    scene.venue.fill("web_1", 7)
    scene.pass_time(20)
    assert order.state is OrderState.FILLED
    assert scene.engine.manager.position(0).quantity == 10
    assert scene.engine.manager.balances() == balances_of(scene.venue.fills)
    assert not scene.engine.gate.freezes.active
    assert scene.fold().durable_state() == scene.engine.durable_state()


def test_a_whole_foreign_trade_is_adopted_by_its_fill_and_not_twice():
    scene = Scene(ADOPT).ready()
    scene.place("web_1", quantity=10)
    scene.venue.fill("web_1", 10)
    scene.venue.outbox.clear()
    scene.pass_time(40)
    assert scene.engine.manager.position(0).quantity == 10
    assert scene.engine.manager.balances() == balances_of(scene.venue.fills)
    assert not scene.engine.gate.freezes.active


@pytest.mark.parametrize("policy", [IGNORE, ADOPT])
def test_an_order_of_a_newer_epoch_is_another_daemons_and_halts_at_once(policy):
    scene = Scene(policy).ready()
    twin = client_order_id(scene.epoch + 1, 1)
    report = OrderReport(type=ReportType.ACCEPTED, client_order_id=twin, venue_order_id="v9")
    scene.step(Kind.REPORT, report, 0)
    assert scene.code(scene.buy()) == "HALTED"
    assert "another tickerd trades this account" in scene.alerts[-1].message


def test_an_order_of_a_newer_epoch_among_the_open_ones_halts():
    scene = Scene(IGNORE).ready()
    scene.place(client_order_id(scene.epoch + 5, 1))
    scene.pass_time(10)
    assert scene.code(scene.buy()) == "HALTED"


def test_what_is_halted_and_frozen_stays_so_over_a_restart():
    scene = Scene().ready()
    scene.place("web_1")
    scene.pass_time(10)
    assert scene.engine.gate.freezes.halted
    scene.crash()
    scene.pass_time(3)
    assert scene.engine.reconciled
    assert scene.code(scene.buy()) == "HALTED"


# -- the edges ---------------------------------------------------------------------------------------------------------


def test_an_answer_that_nobody_asked_for_changes_nothing():
    scene = Scene().ready()
    state = scene.engine.manager.state()
    stray = EvidenceGiven(number=999, venue="MODEL", subject=Subject.OPEN_ORDERS, asked_ns=scene.now_ns)
    scene.step(Kind.EVIDENCE, stray)
    assert scene.engine.manager.state() == state


def test_a_question_that_stays_without_an_answer_is_asked_again():
    scene = Scene()
    scene.venue.outbox.clear()
    scene.pass_time(40)
    assert scene.engine.reconciled


def test_without_settings_nothing_is_asked_and_nothing_held_back():
    engine = build_engine(EngineSettings(epoch=1, seed=1, limits=RiskLimits()))
    other = build_engine(EngineSettings(epoch=1, seed=1, limits=RiskLimits()))
    for each in (engine, other):
        each.step((Kind.TIME, 0, 0xFFFF, 5, 0, 0, 0, 0, 0, 0))
    link = LinkChanged(venue="MODEL", state=LinkState.UP)
    assert not engine.step((Kind.LINK, 0, 0xFFFF, 5, 0, link, 0, 0, 0, 0))
    assert engine.reconciled
    assert engine.digest() == other.digest()
    assert not engine.gate.freezes.active


def test_the_state_of_reconciliation_is_in_the_digest():
    scene = Scene()
    before = scene.engine.digest()
    scene.engine.gate.freezes.freeze(0, "why", [])
    assert scene.engine.digest() != before
    assert INSTRUMENTS[0].venue == "MODEL"


def test_a_clock_that_jumped_is_told_of_out_of_the_journal_and_a_measure_is_not():
    scene = Scene().ready()
    scene.step(Kind.CLOCK, ClockMeasured(venue="MODEL", offset_ns=5, uncertainty_ns=3))
    assert "CLOCK_JUMPED" not in scene.codes()
    scene.step(Kind.CLOCK, ClockMeasured(venue="MODEL", offset_ns=5, uncertainty_ns=3, jumped_ns=-7 * SECOND))
    assert scene.codes().count("CLOCK_JUMPED") == 1
    assert "jumped by -7000 ms: nothing opens at MODEL" in scene.alerts[-1].message
    assert scene.fold().durable_state() == scene.engine.durable_state()
