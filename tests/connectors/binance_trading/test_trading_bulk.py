"""Spot's cancel of all at a symbol: sent where that is exactly what waits to be cancelled, answered for each order."""

import json

import pytest

from connectors.binance.settings import Market
from connectors.binance.trading.credentials import Credentials
from connectors.binance.trading.logon import Facts
from connectors.binance.trading.session import TradingSession
from connectors.binance.trading.settings import TradingSettings
from core.events import OrderReport, ReportType
from core.evidence import EvidenceGiven, Subject, VenueOrder, VenueOrderStatus
from core.orders import ApprovedSubmit, OrderIntent, OrderType, Side
from tests.connectors.binance_trading.test_trading_session import LIMITS, RULES, S, cancel

NAMES = [f"t0000039u00000{number}" for number in range(1, 4)]
WAIT_NS = 10 * S


class Many:
    """A session with three orders in the book, all of them known, and a silence until `WAIT_NS` from now."""

    def __init__(self, *, alone: bool = True, listed: bool = True, foreign: bool = False) -> None:
        self.now = 1_000 * S
        settings = TradingSettings(market=Market.SPOT, alone=alone)
        self.session = TradingSession(settings, Credentials("k", hmac_secret="s"))
        self.session.assign({0: RULES})
        self.session.on_facts(Facts(LIMITS), self.now)
        self.session.on_clock(0, self.now)
        self.session.on_open(1, self.now, private=False)
        self.answer({"subscriptionId": 0})
        if listed:
            orders = (standing("77", "web_1"),) if foreign else ()
            self.session.desk.given(evidence(self.now, orders), self.now)
        for number, name in enumerate(NAMES, start=11):
            self.place(name)
            self.answer({"symbol": "BTCUSDT", "orderId": number, "clientOrderId": name})
            self.event(name, number, "NEW")
        self.reports()
        self.sent()
        self.session.out.budget.close(self.now + WAIT_NS, orders_only=False)

    def place(self, name: str) -> None:
        intent = OrderIntent(
            client_order_id=name, strategy_id="s", instrument=0, side=Side.BUY, type=OrderType.LIMIT,
            quantity=500, price=10_000,
        )  # fmt: skip
        self.session.send(ApprovedSubmit(intent=intent, reference_price=1, limits_version=1), self.now)

    def event(self, name: str, number: int, status: str) -> None:
        told = {"e": "executionReport", "E": 1, "s": "BTCUSDT", "c": name, "S": "BUY", "o": "LIMIT", "q": "5.00",
                "p": "100.00", "x": status, "X": status, "i": number, "T": 1, "C": ""}  # fmt: skip
        frame = json.dumps({"subscriptionId": 0, "event": told})
        self.session.receive(1, [frame.encode()], self.now, private=False)

    def answer(self, result: object = None, *, status: int = 200, error: object = None) -> None:
        told: dict[str, object] = {"id": self.session.out._number, "status": status}
        told |= {"result": result} if error is None else {"error": error}
        self.session.receive(1, [json.dumps(told).encode()], self.now, private=False)

    def cancel(self, *names: str) -> list[str]:
        """Cancel orders in the silence, let that end, and return the methods of what left."""
        for name in names:
            self.session.send(cancel(name, str(11 + NAMES.index(name))), self.now)
        assert self.sent() == []
        self.now += WAIT_NS
        self.session.on_time(self.now)
        return self.sent()

    def sent(self) -> list[str]:
        return [json.loads(frame)["method"] for _, _, frame in self.session.out.take_frames()]

    def reports(self) -> list[tuple[ReportType, str]]:
        told = [event[5] for event in self.session.take_events()]
        return [(each.type, each.client_order_id) for each in told if isinstance(each, OrderReport)]


def standing(number: str, name: str) -> VenueOrder:
    return VenueOrder(
        client_order_id=name, venue_order_id=number, instrument=0, symbol="BTCUSDT", side=Side.BUY,
        status=VenueOrderStatus.WORKING, price=1, quantity=1, filled=0, updated_ns=0,
    )  # fmt: skip


def evidence(asked_ns: int, orders: tuple[VenueOrder, ...] = ()) -> EvidenceGiven:
    return EvidenceGiven(number=1, venue="BINANCE", subject=Subject.OPEN_ORDERS, asked_ns=asked_ns, orders=orders)


ALL = ["openOrders.cancelAll"]
EACH = ["order.cancel"] * 3


def test_cancels_of_all_that_works_at_a_symbol_leave_as_one_request():
    many = Many()
    used = many.session.out.budget.weight.used
    assert many.cancel(*NAMES) == ALL
    assert many.session.out.budget.weight.used <= used + 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: Many(alone=False),
        lambda: Many(listed=False),
        lambda: Many(foreign=True),
    ],
    ids=["others trade there", "nobody listed what works", "an order that is not ours works"],
)
def test_what_may_hit_others_is_cancelled_one_by_one(make):
    assert make().cancel(*NAMES) == EACH


def test_an_order_that_shall_stay_keeps_the_others_from_being_cancelled_together():
    assert Many().cancel(*NAMES[:2]) == EACH[:2]


def test_an_order_that_somebody_placed_meanwhile_is_not_taken_along():
    many = Many()
    many.event("web_1", 77, "NEW")
    assert many.cancel(*NAMES) == EACH


def test_an_order_that_is_over_is_none_that_works_even_where_an_old_listing_has_it():
    many = Many()
    many.event("web_1", 77, "NEW")
    many.event("web_1", 77, "CANCELED")
    many.session.desk.given(evidence(many.now, (standing("77", "web_1"),)), many.now)
    assert many.cancel(*NAMES) == ALL


def test_an_order_whose_answer_is_awaited_keeps_the_others_from_being_cancelled_together():
    many = Many()
    many.session.out.budget.address.closed_ns = 0
    many.place("t0000039u000009")
    many.sent()
    many.session.out.budget.close(many.now + WAIT_NS, orders_only=False)
    assert many.cancel(*NAMES)[:3] == EACH


def test_a_connection_that_was_lost_must_list_anew():
    many = Many()
    many.session.on_lost(1, many.now, "cut")
    many.session.on_open(2, many.now, private=False)
    many.now += WAIT_NS
    many.session.on_time(many.now)
    told = {"id": many.session.out._number, "status": 200, "result": {"subscriptionId": 0}}
    many.session.receive(2, [json.dumps(told).encode()], many.now, private=False)
    many.sent()
    many.session.out.budget.close(many.now + WAIT_NS, orders_only=False)
    assert many.cancel(*NAMES) == EACH


def test_each_order_that_the_answer_names_has_ended_and_the_others_are_asked_for():
    many = Many()
    many.cancel(*NAMES)
    many.answer([{"orderId": 11}, {"orderListId": 5, "orderReports": [{"orderId": 12}]}])
    assert many.reports() == [(ReportType.CANCEL_REJECTED, NAMES[2])]
    many.event(NAMES[0], 11, "CANCELED")
    assert many.reports() == [(ReportType.CANCELLED, NAMES[0])]
    many.now += 2 * S
    many.session.on_time(many.now)
    assert many.reports() == [(ReportType.CANCELLED, NAMES[1])], "the stream did not tell of it"


def test_an_order_whose_end_the_stream_told_first_is_told_once():
    many = Many()
    many.cancel(*NAMES)
    for number, name in enumerate(NAMES, start=11):
        many.event(name, number, "CANCELED")
    many.answer([{"orderId": number} for number in (11, 12, 13)])
    many.now += 2 * S
    many.session.on_time(many.now)
    assert many.reports() == [(ReportType.CANCELLED, name) for name in NAMES]


def test_a_refusal_is_told_of_each_order_and_a_busy_venue_is_asked_again():
    many = Many()
    many.cancel(*NAMES)
    many.answer(status=400, error={"code": -2011, "msg": "Unknown order sent."})
    assert many.reports() == [(ReportType.CANCEL_REJECTED, name) for name in NAMES]
    again = Many()
    again.cancel(*NAMES)
    later_ms = (again.now + 5 * S) // 1_000_000
    again.answer(status=429, error={"code": -1003, "msg": "Too many", "data": {"retryAfter": later_ms}})
    assert again.reports() == []
    again.now += 6 * S
    again.session.on_time(again.now)
    assert again.sent() == ALL
