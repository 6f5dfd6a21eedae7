"""A cancel lost together with the answer to the replacement before it: the venue tells of the new leg at work."""

from core.events import OrderReport, ReportType
from core.evidence import EvidenceGiven, EvidenceWanted, Subject, VenueOrder, VenueOrderStatus
from core.ids import client_order_id, revision_id
from core.orders import ApprovedCancel, ApprovedReplace, OrderState, OrderType, Side
from oms.freezes import Freezes
from oms.manager import OrderManager
from oms.reconcile.judge import Judge
from oms.reconcile.settings import ReconcileSettings
from tests.oms.making import SPOT, approved, intent

SECOND = 1_000_000_000
NAME = client_order_id(7, 1)
LEG = revision_id(NAME, 1)


def test_it_is_known_to_be_there_and_cancelled_again():
    manager = OrderManager({"USDT": 10**24})
    manager.define(0, SPOT)
    manager.submit(approved(intent(NAME)), 1, [])
    manager.report(OrderReport(type=ReportType.ACCEPTED, client_order_id=NAME, venue_order_id="1"), 0, 2, [])
    order = manager.order(NAME)
    assert order is not None
    change = ApprovedReplace(
        client_order_id=NAME, strategy_id=order.strategy_id, instrument=0, venue_order_id="1", revision=1,
        side=Side.BUY, type=OrderType.LIMIT, price=order.price - 1, quantity=order.quantity, filled=0,
        reference_price=order.price, limits_version=0, native=False,
    )  # fmt: skip
    manager.replacements.sent(change, 3, [])
    cancel = ApprovedCancel(client_order_id=NAME, strategy_id=order.strategy_id, instrument=0, venue_order_id="1")
    manager.cancel_sent(cancel, 3, [])
    manager.report(OrderReport(type=ReportType.CANCELLED, client_order_id=NAME, venue_order_id="1"), 0, 4, [])
    manager.replacements.rest_sent(approved(intent(LEG, price=order.price - 1, quantity=order.quantity)), 5, [])
    manager.cancel_sent(
        ApprovedCancel(client_order_id=LEG, strategy_id=order.strategy_id, instrument=0, venue_order_id=""), 6, []
    )
    assert order.state is OrderState.PENDING_CANCEL
    judge = Judge(manager, ReconcileSettings(venues=(SPOT.venue,)), 7, Freezes())
    judge.asked(EvidenceWanted(number=1, venue=SPOT.venue, subject=Subject.OPEN_ORDERS))
    there = VenueOrder(
        client_order_id=LEG, venue_order_id="7", instrument=0, symbol=SPOT.symbol, side=Side.BUY,
        status=VenueOrderStatus.WORKING, price=order.price - 1, quantity=order.quantity, filled=0, updated_ns=5,
    )  # fmt: skip
    given = EvidenceGiven(number=1, venue=SPOT.venue, subject=Subject.OPEN_ORDERS, asked_ns=9 * SECOND, orders=(there,))
    judge.answer(given, 9 * SECOND, [])
    assert judge.recancel == [NAME]
    assert (order.state, order.venue_order_id) == (OrderState.ACCEPTED, "7")
