"""What the books keep beyond balances survives a restart, and a journal folded without its markets makes the same."""

from hypothesis import given, settings

from core.effects import ConversionUsed, LotChanged
from core.events import InstrumentDefined, OrderReport, ReportType
from core.money import money
from core.records import Kind
from oms.fold import Fold
from oms.manager import OrderManager
from oms.rules import AccountingRules, LotMethod
from oms.state import durable_state, restore_state
from tests.oms.making import BTC, PERPETUAL, SPOT, Desk, approved, intent
from tests.oms.test_books import INVERSE, SHARE, happens, streams, world
from tests.oms.test_valuation import BNBUSDT, with_markets

HEDGED = AccountingRules(lots=LotMethod.LIFO, hedging=True)


def after_restart(manager, rules, order=(0, 1, 2, 3)):
    """A new manager that takes over the durable state, its instruments defined in another order."""
    again = OrderManager({}, rules=rules)
    for index, number in enumerate(order):
        again.define(index, (SPOT, PERPETUAL, INVERSE, SHARE)[number])
    restore_state(durable_state(manager), again)
    return again


@settings(max_examples=30)
@given(streams)
def test_legs_loans_and_lots_survive_a_restart(stream):
    desk = world(HEDGED)
    booked: list[tuple[str, str]] = []
    for number, event in enumerate(stream):
        happens(desk, number, event, booked, hedging=True)
    again = after_restart(desk.manager, HEDGED)
    assert again.state() == desk.manager.state()
    assert durable_state(again) == durable_state(desk.manager)
    again.books.ledger.books.check()


@settings(max_examples=20)
@given(streams)
def test_they_follow_their_instruments_to_other_indexes(stream):
    desk = world(HEDGED)
    booked: list[tuple[str, str]] = []
    for number, event in enumerate(stream):
        happens(desk, number, event, booked, hedging=True)
    again = after_restart(desk.manager, HEDGED, order=(3, 2, 1, 0))
    for index in range(4):
        assert again.position(3 - index).quantity == desk.manager.position(index).quantity
        for side in (1, -1):
            assert again.leg(3 - index, side).cost == desk.manager.leg(index, side).cost


def test_a_lot_of_yesterday_is_closed_today():
    rules = AccountingRules(lots=LotMethod.FIFO)
    desk = Desk(rules=rules)
    desk.submit("a", quantity=100)
    desk.fill("xa", 100, 60_000_00, "a")
    again = OrderManager({}, rules=rules)
    again.define(BTC, SPOT)
    restore_state(durable_state(desk.manager), again)
    today = Desk(rules=rules)
    today.manager = again
    today.now_ns = 86_400 * 10**9
    today.submit("b", side=-1, quantity=60)
    today.fill("xb", 60, 61_000_00, "b")
    closed = today.effect(LotChanged)
    assert (closed.number, closed.left, closed.opened_by) == (1, 40, "xa")
    assert closed.held_ns == today.now_ns - closed.opened_ns


def test_the_usual_books_carry_nothing():
    desk = Desk()
    desk.submit("a", quantity=100)
    desk.fill("xa", 100, 60_000_00, "a")
    assert [section.durable() for section in desk.manager.sections() if section.name == "accounting"] == [b""]


def test_a_fold_takes_conversions_from_the_journal_since_it_has_no_markets():
    rules = AccountingRules(base_currency="USDT", lots=LotMethod.FIFO)
    desk = with_markets(Desk(rules=rules), BNBUSDT, quotes={2: (600_00, 600_02)})
    fold = Fold(OrderManager({"USDT": money("100000")}, 100, 100, rules))
    for index, instrument in enumerate((SPOT, PERPETUAL, BNBUSDT)):
        fold.record(Kind.INSTRUMENT, index, 1, InstrumentDefined(instrument))
    desk.submit("a", quantity=100)
    fold.record(Kind.SUBMIT, BTC, desk.now_ns, approved(intent("a", quantity=100)))
    desk.fill("xa", 100, 60_000_00, "a", fee=str(money("0.001")), fee_currency="BNB")
    used = desk.effect(ConversionUsed)
    report = OrderReport(
        type=ReportType.FILLED,
        client_order_id="a",
        exec_id="xa",
        quantity=100,
        price=60_000_00,
        fee=str(money("0.001")),
        fee_currency="BNB",
    )
    fold.record(Kind.REPORT, BTC, desk.now_ns, report)
    fold.record(Kind.CONVERSION, BTC, desk.now_ns, used)
    assert fold.manager.state() == desk.manager.state()
    assert fold.manager.position(BTC).fees == money("0.60001")
