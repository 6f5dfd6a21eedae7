"""The session's decisions, frame by frame: replacements in every order of answers, silences, second tries."""

import base64
import json

import pytest

from connectors.binance.address import RateLimit
from connectors.binance.settings import Market
from connectors.binance.trading.credentials import Credentials
from connectors.binance.trading.logon import Facts
from connectors.binance.trading.session import TradingSession
from connectors.binance.trading.settings import TradingSettings
from core.events import LinkChanged, LinkState, OrderReport, ReportType
from core.instruments import AssetClass, Instrument
from core.orders import ApprovedCancel, ApprovedCommand, ApprovedReplace, ApprovedSubmit, OrderIntent, OrderType, Side

S = 1_000_000_000
NAME = "t0000039u000001"
REVISED = NAME + "01"
OTHER = "t0000039u000002"
RULES = Instrument(
    symbol="BTCUSDT", venue="BINANCE", asset_class=AssetClass.CRYPTO_SPOT, base="BTC", quote="USDT",
    price_precision=2, size_precision=2, tick=1, lot=1,
)  # fmt: skip
LIMITS = (RateLimit("REQUEST_WEIGHT", "MINUTE", 1, 6000), RateLimit("ORDERS", "SECOND", 10, 100))


class Desk:
    """A session on one connection, and the venue's part spoken by the test."""

    def __init__(self, market: Market = Market.SPOT) -> None:
        self.now = 1_000 * S
        self.session = TradingSession(TradingSettings(market=market), Credentials("k", hmac_secret="s"))
        self.session.assign({0: RULES})
        self.session.on_facts(Facts(LIMITS), self.now)
        self.session.on_clock(0, self.now)
        self.session.on_open(1, self.now, private=False)
        if market is Market.SPOT:
            self.answer({"subscriptionId": 0})
        else:
            self.session.on_open(2, self.now, private=True)
        self.heard()

    def send(self, command: ApprovedCommand) -> None:
        self.session.send(command, self.now)

    def sent(self) -> list[dict[str, object]]:
        """Return the requests that left since last asked, by socket."""
        self.frames = [json.loads(frame) for _, _, frame in self.session.out.take_frames()]
        return self.frames

    def answer(self, result: object = None, *, status: int = 200, error: object = None) -> None:
        """Answer the last request."""
        self.sent()
        told = {"id": self.session.out._number, "status": status}
        told |= {"result": result} if error is None else {"error": error}  # type: ignore[dict-item]
        self.session.receive(1, [json.dumps(told).encode()], self.now, private=False)

    def event(self, **fields: object) -> None:
        base = {"e": "executionReport", "E": 1, "s": "BTCUSDT", "c": NAME, "S": "BUY", "o": "LIMIT", "q": "5.00",
                "p": "100.00", "x": "NEW", "X": "NEW", "i": 11, "T": 1, "C": ""}  # fmt: skip
        frame = json.dumps({"subscriptionId": 0, "event": base | fields})
        self.session.receive(1, [frame.encode()], self.now, private=False)

    def heard(self) -> list[object]:
        return [event[5] for event in self.session.take_events()]

    def reports(self) -> list[tuple[ReportType, str]]:
        return [(each.type, each.client_order_id) for each in self.heard() if isinstance(each, OrderReport)]

    def working(self) -> None:
        """Have an order of 5 at 100 in the book."""
        intent = OrderIntent(client_order_id=NAME, strategy_id="s", instrument=0, side=Side.BUY, type=OrderType.LIMIT,
                             quantity=500, price=10_000)  # fmt: skip
        self.send(ApprovedSubmit(intent=intent, reference_price=1, limits_version=1))
        self.answer({"symbol": "BTCUSDT", "orderId": 11, "clientOrderId": NAME})
        assert self.reports() == [(ReportType.ACCEPTED, NAME)]

    def replace(self, *, price: int = 10_100, quantity: int = 500, filled: int = 0, revision: int = 1) -> None:
        self.send(ApprovedReplace(client_order_id=NAME, strategy_id="s", instrument=0, venue_order_id="11",
                                  revision=revision, side=Side.BUY, type=OrderType.LIMIT, price=price,
                                  quantity=quantity, filled=filled, reference_price=1, limits_version=1))  # fmt: skip


def cancel(name: str = NAME, number: str = "11") -> ApprovedCancel:
    return ApprovedCancel(client_order_id=name, strategy_id="s", instrument=0, venue_order_id=number)


DONE = {"cancelResult": "SUCCESS", "newOrderResult": "SUCCESS", "cancelResponse": {"executedQty": "0.00"},
        "newOrderResponse": {"orderId": 12, "clientOrderId": REVISED}}  # fmt: skip
OLD_ENDS = {"x": "CANCELED", "X": "CANCELED", "c": NAME + "c", "C": NAME}
NEW_BEGINS = {"c": REVISED, "i": 12, "p": "101.00"}


def test_once_blocked_nothing_but_cancels_leaves_and_what_is_refused_is_told_as_ours():
    desk = Desk()
    desk.working()
    desk.session.blocked = lambda: True
    desk.sent()
    desk.replace()
    intent = OrderIntent(client_order_id=OTHER, strategy_id="s", instrument=0, side=Side.BUY, type=OrderType.LIMIT,
                         quantity=500, price=10_000, reduce_only=True)  # fmt: skip
    desk.send(ApprovedSubmit(intent=intent, reference_price=1, limits_version=1))
    desk.send(cancel())
    assert [each["method"] for each in desk.sent()] == ["order.cancel"]
    reports = [each for each in desk.heard() if isinstance(each, OrderReport)]
    told = [(ReportType.REPLACE_REJECTED, REVISED), (ReportType.REJECTED, OTHER)]
    assert [(each.type, each.client_order_id) for each in reports] == told
    assert all(each.own and each.reason == "the guard has killed trading" for each in reports)


def test_a_replacement_is_told_once_whichever_comes_first():
    desk = Desk()
    desk.working()
    desk.replace()
    (request,) = desk.sent()
    assert request["method"] == "order.cancelReplace"
    desk.event(**OLD_ENDS)
    desk.event(**NEW_BEGINS)
    desk.answer(DONE)
    assert desk.reports() == [(ReportType.CANCELLED, NAME), (ReportType.REPLACED, REVISED)]
    other = Desk()
    other.working()
    other.replace()
    other.answer(DONE)
    other.event(**OLD_ENDS)
    other.event(**NEW_BEGINS)
    assert other.reports() == [(ReportType.REPLACED, REVISED), (ReportType.CANCELLED, NAME)]


@pytest.mark.parametrize("first", ["answer", "events"])
def test_f13_what_was_filled_between_our_word_and_the_venues_comes_on_top(first):
    desk = Desk()
    desk.working()
    desk.replace(quantity=700)  # we know of no fill: 7 are asked for anew
    (request,) = desk.sent()
    assert request["params"]["quantity"] == "7"  # type: ignore[index]
    if first == "answer":
        desk.answer(DONE | {"cancelResponse": {"executedQty": "2.00"}})
    else:
        desk.event(**OLD_ENDS, z="2.00")
        desk.event(**NEW_BEGINS, q="7.00")
    (replaced,) = [each for each in desk.heard() if isinstance(each, OrderReport) and each.type is ReportType.REPLACED]
    assert (replaced.quantity, replaced.venue_order_id) == (900, "12")


def test_both_halves_of_a_replacement_that_fail_leave_the_order_as_it_was():
    desk = Desk()
    desk.working()
    desk.replace()
    data = {"cancelResult": "FAILURE", "newOrderResult": "NOT_ATTEMPTED",
            "cancelResponse": {"code": -2011, "msg": "Unknown order sent."}, "newOrderResponse": None}  # fmt: skip
    desk.answer(status=400, error={"code": -2022, "msg": "Order cancel-replace failed.", "data": data})
    assert desk.reports() == [(ReportType.REPLACE_REJECTED, REVISED)]
    desk.replace(revision=2)
    assert desk.sent()[0]["method"] == "order.cancelReplace"


def test_a_replacement_whose_new_half_fails_ends_the_order():
    desk = Desk()
    desk.working()
    desk.replace()
    data = {"cancelResult": "SUCCESS", "newOrderResult": "FAILURE", "cancelResponse": {"executedQty": "0"},
            "newOrderResponse": {"code": -2010, "msg": "Order would immediately match and take."}}  # fmt: skip
    desk.answer(status=409, error={"code": -2021, "msg": "Order cancel-replace partially failed.", "data": data})
    assert desk.reports() == [(ReportType.CANCELLED, NAME), (ReportType.REPLACE_REJECTED, REVISED)]


def test_a_replacement_that_nobody_answers_is_unknown_under_its_own_name_and_taken_when_it_shows():
    desk = Desk()
    desk.working()
    desk.replace()
    desk.sent()
    desk.now += 6 * S
    desk.session.on_time(desk.now)
    assert desk.reports() == [(ReportType.OUTCOME_UNKNOWN, REVISED)]
    desk.event(**OLD_ENDS)
    desk.event(**NEW_BEGINS)
    assert desk.reports() == [(ReportType.CANCELLED, NAME), (ReportType.REPLACED, REVISED)]


def test_a_cancel_during_a_replacement_reaches_both_names():
    desk = Desk()
    desk.working()
    desk.replace()
    desk.sent()
    desk.send(cancel())
    desk.send(cancel(REVISED, ""))
    first, second = (request["params"] for request in desk.sent())
    assert first["orderId"] == "11"  # type: ignore[index]
    assert second["origClientOrderId"] == REVISED  # type: ignore[index]


def test_f36_a_cancel_that_met_a_silence_goes_when_it_is_over():
    desk = Desk()
    desk.working()
    desk.send(cancel())
    error = {"code": -1003, "msg": "Too much request weight used", "data": {"retryAfter": (desk.now + 7 * S) // 10**6}}
    desk.answer(status=429, error=error)
    (limited,) = desk.heard()
    assert isinstance(limited, LinkChanged)
    assert (limited.state, limited.until_ns) == (LinkState.LIMITED, desk.now + 7 * S)
    desk.now += 6 * S
    desk.session.on_time(desk.now)
    assert desk.sent() == []
    desk.now += 2 * S
    desk.session.on_time(desk.now)
    assert [request["method"] for request in desk.sent()] == ["order.cancel"]
    (up,) = desk.heard()
    assert isinstance(up, LinkChanged)
    assert up.state is LinkState.UP


def test_f36_a_ban_told_by_rest_is_kept_to():
    desk = Desk()
    body = b'{"code":-1003,"msg":"Way too much request weight used; IP banned until 1"}'
    desk.session.note_headers(418, {"retry-after": "120", "x-mbx-used-weight-1m": "6001"}, body, desk.now)
    desk.send(cancel())
    assert desk.sent() == []
    desk.now += 121 * S
    desk.session.on_time(desk.now)
    assert len(desk.sent()) == 1


def test_a_cancel_that_a_busy_venue_did_not_take_goes_again_a_moment_later():
    desk = Desk()
    desk.working()
    desk.send(cancel())
    desk.answer(status=503, error={"code": -1008, "msg": "Request throttled by system-level protection."})
    assert desk.sent() == []
    assert desk.reports() == []
    desk.now += S
    desk.session.on_time(desk.now)
    assert len(desk.sent()) == 1


def test_what_could_not_be_written_goes_by_rest_under_the_same_name():
    desk = Desk()
    desk.send(cancel())
    ((_, number, _),) = desk.session.out.take_frames()
    desk.session.on_unwritten(number, desk.now)
    ((_, request),) = desk.session.out.take_questions()
    assert (request.verb, "orderId=11" in request.url) == ("DELETE", True)
    (down,) = desk.heard()
    assert isinstance(down, LinkChanged)
    assert down.state is LinkState.DOWN


def test_several_cancels_in_one_answer_are_each_answered():
    desk = Desk(Market.USDM)
    desk.session.out.budget.close(desk.now + S, orders_only=False)
    names = [f"t0000039u00000{number}" for number in range(1, 4)]
    for number, name in enumerate(names):
        desk.send(cancel(name, str(number + 1)))
    desk.now += 2 * S
    desk.session.on_time(desk.now)
    ((number, request),) = desk.session.out.take_questions()
    assert "orderIdList=%5B1%2C2%2C3%5D" in request.url
    answers = [{"orderId": 1, "clientOrderId": names[0], "status": "CANCELED"},
               {"code": -2011, "msg": "Unknown order sent."}]  # fmt: skip
    desk.session.on_rest(number, 200, json.dumps(answers).encode(), {}, desk.now)
    assert desk.reports() == [
        (ReportType.CANCELLED, names[0]),
        (ReportType.CANCEL_REJECTED, names[1]),
        (ReportType.OUTCOME_UNKNOWN, names[2]),
    ]


def test_a_revoked_session_is_left():
    desk = Desk()
    error = {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}
    desk.session.receive(1, [json.dumps({"id": None, "status": 401, "error": error}).encode()], desk.now, private=False)
    assert [connection for connection, _ in desk.session.dropped] == [1]


def test_an_answer_without_a_number_is_no_answer():
    desk = Desk()
    intent = OrderIntent(client_order_id=NAME, strategy_id="s", instrument=0, side=Side.BUY, type=OrderType.LIMIT,
                         quantity=500, price=10_000)  # fmt: skip
    desk.send(ApprovedSubmit(intent=intent, reference_price=1, limits_version=1))
    desk.answer({})
    assert desk.reports() == [(ReportType.OUTCOME_UNKNOWN, NAME)]


@pytest.mark.parametrize("logs_on", [False, True])
def test_a_connection_logs_on_and_subscribes_when_a_silence_is_over(logs_on):
    keys = (
        Credentials("k", ed25519=base64.b64encode(bytes(32)).decode()) if logs_on else Credentials("k", hmac_secret="s")
    )
    session = TradingSession(TradingSettings(market=Market.SPOT), keys)
    session.out.budget.close(1_010 * S, orders_only=False)
    session.on_open(1, 1_000 * S, private=False)
    session.on_time(1_009 * S)
    assert session.out.take_frames() == []
    session.on_time(1_010 * S)
    [(connection, _, frame)] = session.out.take_frames()
    method = json.loads(frame)["method"]
    assert (connection, method) == (1, "session.logon" if logs_on else "userDataStream.subscribe.signature")
    session.on_time(1_011 * S)
    assert session.out.take_frames() == [], "it asked once"


def test_a_connection_that_is_lost_in_a_silence_asks_for_nothing():
    session = TradingSession(TradingSettings(market=Market.SPOT), Credentials("k", hmac_secret="s"))
    session.out.budget.close(1_010 * S, orders_only=False)
    session.on_open(1, 1_000 * S, private=False)
    session.on_lost(1, 1_001 * S, "cut")
    session.on_time(1_010 * S)
    assert session.out.take_frames() == []
