"""What an order is asked for at the venue, beside what we think: prices and quantities that are others there.

A change left, nobody answered, the venue did not show it and it was given up; then it took effect. A request is valid
for as long as its timestamp and its recvWindow say, and answers lag.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.events import OrderReport, ReportType
from core.evidence import EvidenceGiven, EvidenceWanted, Subject, VenueOrder, VenueOrderStatus
from core.ids import client_order_id, revision_id
from core.orders import ApprovedReplace, OrderState, OrderType, Side
from oms.freezes import Freezes
from oms.manager import OrderManager
from oms.reconcile.judge import Judge
from oms.reconcile.settings import ReconcileSettings
from tests.oms.making import SPOT, approved, intent

SECOND = 1_000_000_000
NAME = client_order_id(7, 1)
LEG = revision_id(NAME, 1)
QUANTITY, PRICE = 10, 60_000_00
LATE = 40  # past the visibility lag of 30 s, by which a change that is not shown is given up
SEEN = 41


class Account:
    """One order of `QUANTITY` at `PRICE`, and a judge that hears of it."""

    def __init__(self):
        self.manager = OrderManager({"USDT": 10**30, "BTC": 0})
        self.manager.define(0, SPOT)
        self.freezes = Freezes()
        self.judge = Judge(self.manager, ReconcileSettings(venues=(SPOT.venue,)), 7, self.freezes)
        self.effects = []
        self.number = 0
        self.manager.submit(approved(intent(NAME, price=PRICE, quantity=QUANTITY)), 1, [])
        self.hear(ReportType.ACCEPTED, NAME, "1")

    @property
    def order(self):
        order = self.manager.order(NAME)
        assert order is not None
        return order

    def hear(self, kind, name, number, now_s=1, **fields):
        report = OrderReport(type=kind, client_order_id=name, venue_order_id=number, **fields)
        self.manager.report(report, 0, now_s * SECOND, self.effects)

    def change(self, quantity, price, revision=1, now_s=2):
        """A replacement leaves."""
        command = ApprovedReplace(
            client_order_id=NAME, strategy_id=self.order.strategy_id, instrument=0, venue_order_id="1",
            revision=revision, side=Side.BUY, type=OrderType.LIMIT, price=price, quantity=quantity,
            filled=self.order.filled, reference_price=PRICE, limits_version=0, native=True,
        )  # fmt: skip
        self.manager.replacements.sent(command, now_s * SECOND, [])

    def shown(self, now_s, quantity, price, filled=0, name=NAME, number="1", asked_s=None):
        """The venue lists the order as it has it."""
        self.number += 1
        subject, asked_ns = Subject.OPEN_ORDERS, (now_s if asked_s is None else asked_s) * SECOND
        self.judge.asked(EvidenceWanted(number=self.number, venue=SPOT.venue, subject=subject))
        there = VenueOrder(
            client_order_id=name, venue_order_id=number, instrument=0, symbol=SPOT.symbol, side=Side.BUY,
            status=VenueOrderStatus.WORKING, price=price, quantity=quantity, filled=filled, updated_ns=5 * SECOND,
        )  # fmt: skip
        answer = EvidenceGiven(
            number=self.number, venue=SPOT.venue, subject=subject, asked_ns=asked_ns, orders=(there,)
        )
        self.judge.answer(answer, now_s * SECOND, self.effects)

    def terms(self):
        return self.order.price, self.order.quantity, self.manager.exposure(0).open_buy_quantity

    def codes(self):
        return [each.code for each in self.effects if hasattr(each, "code")]


def given_up():
    """A change to 15 units at one tick more left; the venue showed the old terms for long enough."""
    account = Account()
    account.change(15, PRICE + 1)
    account.shown(LATE, QUANTITY, PRICE)
    assert account.order.chain.pending is None
    assert account.terms() == (PRICE, QUANTITY, QUANTITY)
    assert account.codes() == []
    return account


def test_a_change_that_was_given_up_and_came_late_is_taken_as_soon_as_the_venue_shows_it():
    account = given_up()
    account.shown(SEEN, 15, PRICE + 1)
    assert account.terms() == (PRICE + 1, 15, 15)
    assert account.order.state is OrderState.ACCEPTED
    assert account.codes() == ["TERMS_DIFFERED"]
    account.shown(SEEN + 1, 15, PRICE + 1)
    assert account.codes() == ["TERMS_DIFFERED"], "told once"


def test_a_late_change_that_made_a_new_order_is_the_order_from_then_on():
    account = given_up()
    account.hear(ReportType.CANCELLED, NAME, "1", SEEN)
    assert not account.order.is_open
    account.shown(SEEN + 1, 15, PRICE + 1, name=LEG, number="2")
    assert account.order.state is OrderState.ACCEPTED
    assert account.terms() == (PRICE + 1, 15, 15)
    assert (account.order.venue_order_id, account.order.chain.leg) == ("2", 1)
    assert account.codes() == ["REOPENED", "TERMS_DIFFERED"]
    assert [each.client_order_id for each in account.manager.open_orders()] == [NAME]
    account.hear(ReportType.FILLED, LEG, "2", SEEN + 2, exec_id="x1", price=PRICE + 1, quantity=15)
    assert (account.order.state, account.terms()[2]) == (OrderState.FILLED, 0)
    assert not account.freezes.instruments


def test_an_order_that_somebody_changed_at_the_venue_is_what_the_venue_has():
    account = Account()
    account.shown(3, 4, PRICE - 7)
    assert account.terms() == (PRICE - 7, 4, 4)
    assert account.codes() == ["TERMS_DIFFERED"]


def test_an_answer_that_may_be_older_than_our_own_change_changes_nothing():
    account = Account()
    account.change(15, PRICE + 1)
    account.hear(ReportType.REPLACED, NAME, "1", 5, price=PRICE + 1, quantity=15)
    account.shown(7, QUANTITY, PRICE)
    assert account.terms() == (PRICE + 1, 15, 15)
    account.shown(LATE, QUANTITY, PRICE)
    assert account.terms() == (PRICE, QUANTITY, QUANTITY), "past the lag it is what the venue has"
    assert account.codes() == ["TERMS_DIFFERED"]


def test_a_leg_of_its_own_quantity_is_no_difference():
    account = Account()
    account.hear(ReportType.FILLED, NAME, "1", 2, exec_id="x1", price=PRICE, quantity=4)
    account.change(15, PRICE + 1)
    account.hear(ReportType.CANCELLED, NAME, "1", 3)
    account.hear(ReportType.ACCEPTED, LEG, "2", 3)
    account.shown(LATE, 11, PRICE + 1, name=LEG, number="2")
    assert account.terms() == (PRICE + 1, 15, 11)
    assert account.codes() == []
    account.shown(LATE + 1, 8, PRICE + 1, name=LEG, number="2")
    assert account.terms() == (PRICE + 1, 12, 8)


def test_terms_that_leave_nothing_open_end_the_order():
    account = Account()
    account.hear(ReportType.FILLED, NAME, "1", 2, exec_id="x1", price=PRICE, quantity=4)
    account.shown(3, 4, PRICE, filled=4)
    assert (account.order.state, account.terms()[2]) == (OrderState.FILLED, 0)


@pytest.mark.parametrize("in_place", [True, False], ids=["in place", "as a new order"])
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_comes_late_no_more_works_there_than_is_reserved_once_it_is_shown(in_place, data):
    """Changes that are given up and come late or not at all, executions between; each moment is shown in the end."""
    account, now_s, done, leg, venue = Account(), 1, 0, 0, (PRICE, QUANTITY)
    venue_leg_filled = 0
    for revision in range(1, data.draw(st.integers(1, 4)) + 1):
        if not account.order.is_open:
            return
        price, quantity = PRICE + data.draw(st.integers(-3, 3)), done + data.draw(st.integers(1, 20))
        account.change(quantity, price, revision, now_s)
        now_s += LATE
        name, number = revision_id(NAME, leg), str(leg + 1)
        account.shown(now_s, venue[1], venue[0], venue_leg_filled, name, number)
        if data.draw(st.booleans()):  # it came late
            asked = quantity - done
            if in_place:
                venue = (price, quantity)
            else:
                leg, venue, venue_leg_filled = revision, (price, asked), 0
            name, number = revision_id(NAME, leg), str(leg + 1)
        now_s += LATE
        account.shown(now_s, venue[1], venue[0], venue_leg_filled, name, number)
        open_there = venue[1] - venue_leg_filled
        assert account.terms()[2] == account.order.leaves == open_there
        assert account.order.price == venue[0]
        got = data.draw(st.integers(0, open_there))
        if got:
            fields = {"exec_id": f"x{revision}", "price": venue[0], "quantity": got}
            account.hear(ReportType.FILLED, name, number, now_s, **fields)
            venue_leg_filled, done = venue_leg_filled + got, done + got
        assert account.terms()[2] == open_there - got
        assert account.order.is_open == (got < open_there)
    assert account.order.filled == done
