"""Past fills that name their order by the venue's id alone, of an order that was replaced by a new one.

Binance spot's `myTrades` has an `orderId` and no client order id, and its cancelReplace makes a new order.
"""

import pytest

from core.events import OrderReport, ReportType
from core.evidence import EvidenceGiven, EvidenceWanted, Subject, VenueFill, VenueOrder, VenueOrderStatus
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


class Account:
    """One order of `QUANTITY`, and a judge that hears of it."""

    def __init__(self):
        self.manager = OrderManager({"USDT": 10**24, "BTC": 0})
        self.manager.define(0, SPOT)
        self.judge = Judge(self.manager, ReconcileSettings(venues=(SPOT.venue,)), 7, Freezes())
        self.effects = []
        self.number = 0
        self.manager.submit(approved(intent(NAME, price=PRICE, quantity=QUANTITY)), 1, [])
        self.hear(ReportType.ACCEPTED, NAME, "1")

    def hear(self, kind, name, number):
        report = OrderReport(type=kind, client_order_id=name, venue_order_id=number)
        self.manager.report(report, 0, 2, self.effects)

    def replace(self, quantity=QUANTITY):
        """A replacement leaves."""
        command = ApprovedReplace(
            client_order_id=NAME, strategy_id=self.order.strategy_id, instrument=0, venue_order_id="1", revision=1,
            side=Side.BUY, type=OrderType.LIMIT, price=PRICE + 1, quantity=quantity, filled=self.order.filled,
            reference_price=PRICE, limits_version=0, native=True,
        )  # fmt: skip
        self.manager.replacements.sent(command, 3, [])

    def in_force(self):
        self.hear(ReportType.CANCELLED, NAME, "1")
        self.hear(ReportType.ACCEPTED, LEG, "2")
        return self

    def told(self, subject, now_s, fills=(), orders=()):
        """The venue answers."""
        self.number += 1
        wanted = EvidenceWanted(number=self.number, venue=SPOT.venue, subject=subject, instrument=0)
        self.judge.asked(wanted)
        given = EvidenceGiven(
            number=self.number, venue=SPOT.venue, subject=subject, asked_ns=now_s * SECOND, fills=fills, orders=orders
        )
        self.judge.answer(given, now_s * SECOND, self.effects)

    @property
    def order(self):
        order = self.manager.order(NAME)
        assert order is not None
        return order

    def books(self):
        return self.order.state, self.order.filled, self.order.quantity, self.manager.position(0).quantity

    def alerts(self):
        return [each.code for each in self.effects if hasattr(each, "code")]


def fill(exec_id, number, quantity, name=""):
    return VenueFill(
        client_order_id=name, venue_order_id=number, exec_id=exec_id, instrument=0, side=Side.BUY, price=PRICE,
        quantity=quantity, fee="0", fee_currency="USDT", liquidity=None, venue_ns=5 * SECOND,
    )  # fmt: skip


def leg(name, number, status, quantity, filled):
    return VenueOrder(
        client_order_id=name, venue_order_id=number, instrument=0, symbol=SPOT.symbol, side=Side.BUY,
        status=status, price=PRICE + (name == LEG), quantity=quantity, filled=filled, updated_ns=5 * SECOND,
    )  # fmt: skip


def the_rest_of_a_round(account, *orders):
    """Orders are asked for after the fills, and again for as long as something is inferred."""
    for now_s in range(11, 90, 10):
        account.told(Subject.FILLS, now_s)
        for order in orders:
            account.told(Subject.ORDER, now_s + 1, orders=(order,))


def test_a_new_leg_that_was_filled_while_away_is_booked_once():
    account = Account()
    account.replace()
    account.in_force()
    account.told(Subject.OPEN_ORDERS, 9)
    account.told(Subject.FILLS, 10, (fill("x1", "2", QUANTITY),))
    assert account.books() == (OrderState.FILLED, QUANTITY, QUANTITY, QUANTITY)
    the_rest_of_a_round(account, leg(LEG, "2", VenueOrderStatus.FILLED, QUANTITY, QUANTITY))
    assert account.books() == (OrderState.FILLED, QUANTITY, QUANTITY, QUANTITY)
    assert account.alerts() == []


@pytest.mark.parametrize("first", [0, 1])
def test_a_fill_of_the_leg_before_is_its_own_and_not_a_strangers(first):
    account = Account()
    account.replace()
    account.in_force()
    fills = [fill("x1", "1", 4), fill("x2", "2", QUANTITY)]
    account.told(Subject.FILLS, 10, (fills[first],))
    account.told(Subject.FILLS, 11, tuple(fills))
    total = 4 + QUANTITY  # the new order was asked for in full, before anybody knew of the four
    assert account.order.chain.fills == {0: 4, 1: QUANTITY}
    the_rest_of_a_round(
        account,
        leg(NAME, "1", VenueOrderStatus.CANCELLED, QUANTITY, 4),
        leg(LEG, "2", VenueOrderStatus.FILLED, QUANTITY, QUANTITY),
    )
    assert account.books() == (OrderState.FILLED, total, total, total)
    assert account.alerts() == ([] if first == 0 else ["LATE_FILL"])  # the order had ended when the others were told


def test_a_partial_fill_before_the_replacement_counts_once():
    account = Account()
    account.told(Subject.FILLS, 8, (fill("x1", "1", 4),))
    account.replace()
    account.in_force()
    account.told(Subject.FILLS, 10, (fill("x1", "1", 4), fill("x2", "2", 5)))
    assert account.books() == (OrderState.PARTIALLY_FILLED, 9, QUANTITY, 9)
    account.told(Subject.FILLS, 11, (fill("x1", "1", 4), fill("x2", "2", 5), fill("x3", "2", 1)))
    the_rest_of_a_round(account, leg(LEG, "2", VenueOrderStatus.FILLED, 6, 6))
    assert account.books() == (OrderState.FILLED, QUANTITY, QUANTITY, QUANTITY)
    assert account.alerts() == []


def test_a_fill_of_a_leg_whose_answer_was_lost_waits_for_its_name():
    account = Account()
    account.replace()
    account.hear(ReportType.OUTCOME_UNKNOWN, LEG, "")
    fills = (fill("x1", "2", QUANTITY),)
    account.told(Subject.FILLS, 10, fills)
    assert account.books()[1] == 0
    account.told(Subject.ORDER, 11, orders=(leg(LEG, "2", VenueOrderStatus.FILLED, QUANTITY, QUANTITY),))
    account.told(Subject.FILLS, 12, fills)
    assert account.books() == (OrderState.FILLED, QUANTITY, QUANTITY, QUANTITY)
    assert "FOREIGN_ORDER" not in account.alerts()
    assert "FILL_INFERRED" not in account.alerts()


def test_a_leg_whose_fills_were_booked_under_another_name_ends_with_nothing_inferred():
    account = Account()
    account.replace()
    account.in_force()
    booked = OrderReport(
        type=ReportType.FILLED, client_order_id=NAME, venue_order_id="2", exec_id="x1", price=PRICE, quantity=QUANTITY
    )
    account.manager.report(booked, 0, 4, [])
    assert account.order.is_open
    there = leg(LEG, "2", VenueOrderStatus.FILLED, QUANTITY, QUANTITY)
    account.told(Subject.ORDER, 10, (fill("x1", "2", QUANTITY, LEG),), (there,))
    assert not account.order.is_open
    assert (account.order.filled, account.manager.position(0).quantity) == (QUANTITY, QUANTITY)
    assert account.alerts() == []


def test_what_was_inferred_of_a_leg_is_taken_back_from_that_leg():
    account = Account()
    account.replace()
    account.in_force()
    the_rest_of_a_round(account, leg(LEG, "2", VenueOrderStatus.WORKING, QUANTITY, 4))
    assert account.alerts() == ["FILL_INFERRED"]
    account.told(Subject.FILLS, 100, (fill("x1", "2", 4),))
    assert account.order.chain.fills == {1: 4}
    assert account.books() == (OrderState.PARTIALLY_FILLED, 4, QUANTITY, 4)


def test_a_number_of_another_instrument_is_another_order():
    account = Account()
    elsewhere = fill("x1", "1", 4)
    assert account.judge.find("", "1", elsewhere.instrument) is account.order
    assert account.judge.find("", "1", elsewhere.instrument + 1) is None


def test_a_report_by_the_venues_id_alone_is_the_legs():
    account = Account()
    account.replace()
    account.in_force()
    for number, quantity in (("1", 4), ("2", QUANTITY)):
        report = OrderReport(
            type=ReportType.FILLED, client_order_id="", venue_order_id=number, exec_id=f"x{number}", price=PRICE,
            quantity=quantity,
        )  # fmt: skip
        account.manager.report(report, 0, 5, account.effects)
    assert account.order.chain.fills == {0: 4, 1: QUANTITY}
    assert account.books() == (OrderState.FILLED, 14, 14, 14)
