"""What a bad day does to orders: nothing is sent twice, nothing unknown is called known, and trading goes on."""

import asyncio
import json
import time

import aiohttp
import pytest
from yarl import URL

from connectors.base import TradingConnector
from connectors.binance.trading.credentials import Credentials
from connectors.binance.trading.requests import Rare, Target, rest_request
from core.events import LinkChanged, LinkState, RawReceived, ReportType
from core.evidence import Subject, VenueOrderStatus
from core.orders import OrderType, Side
from tests.connectors.binance_trading.crooked import listen, swallow
from tests.connectors.binance_trading.live import KEY, SECRET, Live, World

pytestmark = pytest.mark.slow


def is_answer(text: str) -> bool:
    return '"status"' in text[:60] and '"event"' not in text[:40]


def places(text: str) -> bool:
    return '"order.place"' in text


async def orders_at_venue(live: Live) -> list[str]:
    given = await live.ask(Subject.OPEN_ORDERS)
    return [each.client_order_id for each in given.orders]


async def test_f01_an_accepted_order_whose_answer_and_report_are_lost_is_unknown_and_not_sent_again():
    async with World.spot(bent=True) as live:
        await live.up()
        sent: list[str] = []
        live.proxy.to_client = lambda text: []
        live.proxy.to_venue = listen(sent)
        name = live.submit(Side.BUY, await live.price(0.9))
        unknown = await live.told(name, ReportType.OUTCOME_UNKNOWN)
        assert "no answer" in unknown.reason
        live.proxy.to_client = lambda text: [text]
        await live.up(2)  # a connection that does not answer is left for another one
        given = await live.ask(Subject.ORDER, client_order_id=name)
        assert [each.status for each in given.orders] == [VenueOrderStatus.WORKING]
        assert len([text for text in sent if places(text)]) == 1
        assert await orders_at_venue(live) == [name]
        assert live.trading.stats.unknown == 1


async def test_f01_an_order_lost_on_its_way_is_unknown_until_evidence_says_that_it_is_absent():
    async with World.spot(bent=True) as live:
        await live.up()
        live.proxy.to_venue = lambda text: [] if places(text) else [text]
        name = live.submit(Side.BUY, await live.price(0.9))
        await live.told(name, ReportType.OUTCOME_UNKNOWN)
        assert (await live.ask(Subject.ORDER, client_order_id=name)).absent


async def test_f02_an_answer_that_comes_after_its_deadline_is_still_taken():
    async with World.spot(bent=True, answer_timeout_s=0.3) as live:
        await live.up()
        held: list[str] = []
        live.proxy.to_client = swallow(held)
        name = live.submit(Side.BUY, await live.price(0.9))
        await live.told(name, ReportType.OUTCOME_UNKNOWN)
        live.proxy.to_client = lambda text: [text]
        await live.up(2)
        live.trading.on_messages(live.trading._orders_line, 1, [text.encode() for text in held])
        kinds = [each.type for each in live.reports(name)]
        assert kinds == [ReportType.OUTCOME_UNKNOWN, ReportType.ACCEPTED]


async def test_f01_the_venues_own_timeout_is_no_rejection():
    async with World.spot(bent=True) as live:
        await live.up()

        def time_out(text: str) -> list[str]:
            told = json.loads(text)
            if "event" in told or "orderId" not in str(told.get("result")):
                return []
            error = {"code": -1007, "msg": "Timeout waiting for response from backend server. Send status unknown; "
                     "execution status unknown."}  # fmt: skip
            return [json.dumps({"id": told["id"], "status": 504, "error": error})]

        live.proxy.to_client = time_out
        name = live.submit(Side.BUY, await live.price(0.9))
        unknown = await live.told(name, ReportType.OUTCOME_UNKNOWN)
        assert "-1007" in unknown.reason
        live.proxy.to_client = lambda text: [text]
        assert await orders_at_venue(live) == [name]


async def test_f04_a_fill_that_comes_before_its_acknowledgement_is_taken():
    async with World.spot(bent=True) as live:
        await live.up()
        held: list[str] = []

        def answers_last(text: str) -> list[str]:
            if is_answer(text):
                held.append(text)
                return []
            return [text, held.pop()] if held and '"TRADE"' in text else [text]

        live.proxy.to_client = answers_last
        name = live.submit(Side.BUY, quantity="0.01", kind=OrderType.MARKET)
        await live.told(name, ReportType.FILLED)
        kinds = [each.type for each in live.reports(name)]
        assert kinds.count(ReportType.ACCEPTED) == 1
        assert kinds.count(ReportType.FILLED) == 1


async def test_f05_what_comes_twice_says_the_same_twice():
    async with World.spot(bent=True) as live:
        await live.up()
        live.proxy.to_client = lambda text: [text, text] if '"event"' in text else [text]
        name = live.submit(Side.BUY, quantity="0.01", kind=OrderType.MARKET)
        await live.until(lambda: len(live.reports(name, ReportType.FILLED)) == 2)
        first, second = live.reports(name, ReportType.FILLED)
        assert first == second


async def test_f09_a_cancel_whose_answer_is_lost_is_unknown():
    async with World.spot(bent=True) as live:
        await live.up()
        name = live.submit(Side.BUY, await live.price(0.9))
        accepted = await live.told(name, ReportType.ACCEPTED)
        live.proxy.to_client = lambda text: []
        live.cancel(name, accepted.venue_order_id)
        await live.told(name, ReportType.OUTCOME_UNKNOWN)
        live.proxy.to_client = lambda text: [text]
        given = await live.ask(Subject.ORDER, client_order_id=name, venue_order_id=accepted.venue_order_id)
        assert given.orders[0].status is VenueOrderStatus.CANCELLED


async def test_f09_a_cancel_that_was_acknowledged_is_told_though_the_stream_says_nothing():
    async with World.spot(bent=True) as live:
        await live.up()
        name = live.submit(Side.BUY, await live.price(0.9))
        await live.told(name, ReportType.ACCEPTED)
        live.proxy.to_client = lambda text: [] if '"event"' in text else [text]
        live.cancel(name)
        await live.told(name, ReportType.CANCELLED)


async def test_f11_what_is_filled_while_the_line_is_down_is_told_as_evidence_and_the_link_comes_up_again():
    async with World.spot(bent=True) as live:
        await live.up()
        lost: list[str] = []
        live.proxy.to_client = swallow(lost)
        name = live.submit(Side.BUY, quantity="0.01", kind=OrderType.MARKET)
        await live.until(lambda: any('"TRADE"' in text for text in lost))
        await live.proxy.cut()
        unknown = await live.told(name, ReportType.OUTCOME_UNKNOWN)
        assert "connection was lost" in unknown.reason
        live.proxy.to_client = lambda text: [text]
        await live.up(2)
        assert live.links() == [LinkState.UP, LinkState.DOWN, LinkState.UP]
        (fill,) = (await live.ask(Subject.FILLS)).fills
        assert fill.quantity == live.rules.quantity("0.01")


async def test_orders_and_cancels_go_by_rest_while_the_socket_is_down():
    async with World.spot(bent=True) as live:
        await live.up()
        live.proxy.refuses = 500
        await live.proxy.cut()
        await live.until(lambda: LinkState.DOWN in live.links())
        name = live.submit(Side.BUY, await live.price(0.9))
        accepted = await live.told(name, ReportType.ACCEPTED)
        live.cancel(name, accepted.venue_order_id)
        await live.told(name, ReportType.CANCELLED)
        taker = live.submit(Side.BUY, quantity="0.01", kind=OrderType.MARKET)
        filled = await live.told(taker, ReportType.FILLED)  # the answer tells it: no stream does
        assert live.trading.stats.fallbacks == 3
        live.proxy.refuses = 0
        await live.up(2)
        (fill,) = (await live.ask(Subject.FILLS)).fills
        assert (fill.exec_id, fill.price, fill.fee) == (filled.exec_id, filled.price, filled.fee)


async def test_f39_html_and_cut_answers_to_orders_are_no_answers():
    async with World.spot(bent=True) as live:
        await live.up()
        live.proxy.refuses = 500
        await live.proxy.cut()
        await live.until(lambda: LinkState.DOWN in live.links())
        price = await live.price(0.9)
        for status, body in ((200, "<html>"), (200, '{"symbol":"BTC'), (502, "<html>"), (500, "")):
            await live.fault(fault="http", path="/api/v3/order", status=status, body=body, content_type="text/html")
            name = live.submit(Side.BUY, price)
            await live.told(name, ReportType.OUTCOME_UNKNOWN)
        body = '{"code":-2010,"msg":"Account has insufficient balance for requested action."}'
        await live.fault(fault="http", path="/api/v3/order", status=400, body=body)
        await live.told(live.submit(Side.BUY, price), ReportType.REJECTED)


async def test_f16_an_execution_that_no_document_names_is_kept_and_the_order_is_unknown():
    async with World.spot(bent=True) as live:
        await live.up()
        live.proxy.to_client = lambda text: [text.replace('"x":"CANCELED"', '"x":"EVAPORATED"')]
        name = live.submit(Side.BUY, await live.price(0.9))
        await live.told(name, ReportType.ACCEPTED)
        live.cancel(name)
        await live.told(name, ReportType.OUTCOME_UNKNOWN)
        kept = [event[5] for event in live.events if isinstance(event[5], RawReceived)]
        assert "EVAPORATED" in kept[0].reason
        assert b"executionReport" in kept[0].data


async def test_f32_a_half_open_connection_is_left_for_another():
    async with World.spot(bent=True, ping_after_s=0.3) as live:
        await live.up()
        live.proxy.deaf = True
        await live.until(lambda: LinkState.DOWN in live.links())
        live.proxy.deaf = False
        await live.up(2)
        assert live.proxy.connections == 2
        assert live.trading.stats.reconnects == 1


@pytest.mark.slow
async def test_f33_a_venue_that_refuses_is_not_stormed():
    async with World.spot(bent=True) as live:
        await live.up()
        live.proxy.refuses = 500
        await live.proxy.cut()
        await live.until(lambda: LinkState.DOWN in live.links())
        await asyncio.sleep(1.0)
        assert 1 <= live.trading._orders_line.attempts <= 5


async def test_f34_a_server_that_shuts_down_is_left_in_time():
    async with World.spot(bent=True) as live:
        await live.up()
        await live.proxy.say('{"event":{"e":"serverShutdown","E":1770123456789}}')
        await live.until(lambda: live.proxy.connections == 2)
        name = live.submit(Side.BUY, await live.price(0.9))
        await live.told(name, ReportType.ACCEPTED)
        assert live.links() == [LinkState.UP]


async def test_f34_a_connection_is_replaced_before_it_is_old_without_a_moment_down():
    async with World.spot(bent=True, rotate_after_s=0.5) as live:
        await live.up()
        await live.until(lambda: live.proxy.connections >= 2)
        name = live.submit(Side.BUY, await live.price(0.9))
        await live.told(name, ReportType.ACCEPTED)
        assert live.links() == [LinkState.UP]


async def test_f36_a_silence_that_the_venue_asks_for_is_kept_and_told():
    async with World.spot(bent=True) as live:
        await live.up()
        error = {"code": -1015, "msg": "Too many new orders; current limit is 50 orders per 10 SECOND."}

        def too_many(text: str) -> list[str]:
            told = json.loads(text)
            if "result" in told and "orderId" in told["result"]:
                return [json.dumps({"id": told["id"], "status": 429, "error": error})]
            return [text] if "event" not in told else []

        name = live.submit(Side.BUY, await live.price(0.9))
        accepted = await live.told(name, ReportType.ACCEPTED)
        live.proxy.to_client = too_many
        price = await live.price(0.9)
        await live.told(live.submit(Side.BUY, price), ReportType.REJECTED)
        limited = next(event[5] for event in live.events
                       if isinstance(event[5], LinkChanged) and event[5].state is LinkState.LIMITED)  # fmt: skip
        assert limited.until_ns > 0
        live.proxy.to_client = lambda text: [text]
        waiting = live.submit(Side.BUY, price)
        live.cancel(name, accepted.venue_order_id)
        await live.told(name, ReportType.CANCELLED)  # a cancel needs no order count
        told = await live.told(waiting, ReportType.REJECTED)
        assert "waited" in told.reason


async def test_f36_the_venues_limits_are_kept_to_so_that_it_never_has_to_ask():
    async with World.spot() as live:
        await live.up()
        price = await live.price(0.9)
        names = [live.submit(Side.BUY, price) for _ in range(130)]
        await live.until(lambda: len(live.reports()) >= 130)
        accepted = [each for each in live.reports() if each.type is ReportType.ACCEPTED]
        refused = {each.reason for each in live.reports() if each.type is ReportType.REJECTED}
        assert len(accepted) + live.trading.stats.throttled >= 130
        assert all("waited more than 1 s" in reason for reason in refused)
        assert LinkState.LIMITED not in live.links()
        assert live.trading.stats.orders_used <= live.trading.stats.orders_limit
        live.cancel(names[0])
        await live.told(names[0], ReportType.CANCELLED)  # what is kept for cancels is still there


async def test_f40_maintenance_is_told_as_such_and_opens_nothing():
    async with World.spot(bent=True) as live:
        await live.up()
        live.proxy.refuses = 503
        await live.proxy.cut()
        await live.until(lambda: LinkState.MAINTENANCE in live.links())
        name = live.submit(Side.BUY, await live.price(0.9))
        assert "maintenance" in (await live.told(name, ReportType.REJECTED)).reason
        live.proxy.refuses = 0
        await live.up(2)


async def test_f37_a_clock_that_is_off_blocks_opening_and_lets_cancels_go():
    async with World.spot() as live:
        await live.up()
        name = live.submit(Side.BUY, await live.price(0.9))
        await live.told(name, ReportType.ACCEPTED)
        live.trading._session.on_clock(live.trading._session.out.offset_ns + 600_000_000, time.time_ns())
        refused = await live.told(live.submit(Side.BUY, await live.price(0.9)), ReportType.REJECTED)
        assert "clock" in refused.reason
        live.cancel(name)
        await live.told(name, ReportType.CANCELLED)


async def test_f19_orders_of_others_on_the_account_are_told_under_their_own_names():
    async with World.spot() as live:
        await live.up()
        params = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01",
                  "price": await live.price(0.9), "newClientOrderId": "web_human_1"}  # fmt: skip
        query = Rare(Target("", "POST", "/api/v3/order"), params, 5000).query(time.time_ns() // 10**6)
        human = Credentials(KEY, hmac_secret=SECRET)
        request = rest_request(live.venue.http_url, Target("", "POST", "/api/v3/order"), query, human)
        client = aiohttp.ClientSession()
        async with client, client.post(URL(request.url, encoded=True), headers=request.headers) as answer:
            assert answer.status == 200
        report = await live.told("web_human_1", ReportType.ACCEPTED)
        assert report.venue_order_id
        assert await orders_at_venue(live) == ["web_human_1"]


async def test_f40_cancels_are_kept_while_the_venue_is_out_of_service_and_go_when_it_is_back():
    async with World.spot(bent=True) as live:
        await live.up()
        name = live.submit(Side.BUY, await live.price(0.9))
        await live.told(name, ReportType.ACCEPTED)
        live.proxy.refuses = 503
        await live.proxy.cut()
        await live.until(lambda: LinkState.MAINTENANCE in live.links())
        await live.fault(fault="http", path="/api/v3/order", status=503, body="<html>", content_type="text/html")
        live.cancel(name)
        await live.until(lambda: live.trading.stats.queued == 1)
        assert live.reports(name)[-1].type is ReportType.ACCEPTED
        live.proxy.refuses = 0
        live.trading._session._held_ns = 0  # the five seconds between two tries
        await live.told(name, ReportType.CANCELLED)


async def test_f37_a_cancel_whose_time_was_refused_goes_again_with_the_venues_time():
    async with World.spot() as live:
        await live.up()
        name = live.submit(Side.BUY, await live.price(0.9))
        await live.told(name, ReportType.ACCEPTED)
        live.trading._session.on_clock(-20_000_000_000, time.time_ns())  # "outside of the recvWindow"
        live.cancel(name)
        await live.told(name, ReportType.CANCELLED)
        assert abs(live.trading.stats.clock_offset_ns) < 1_000_000_000
        assert len(live.reports(name)) == 2


async def test_what_is_sent_before_it_runs_is_refused_and_not_unknown():
    async with World.spot(start=False) as live:
        await live.trading.check()
        name = live.submit(Side.BUY, await live.price(0.9))
        assert "not running" in (await live.told(name, ReportType.REJECTED)).reason


async def test_closing_lets_cancels_go_and_nothing_else():
    async with World.spot() as live:
        await live.up()
        name = live.submit(Side.BUY, await live.price(0.9))
        await live.told(name, ReportType.ACCEPTED)
        live.cancel(name)
        await live.trading.close(2.0)
        await live.told(name, ReportType.CANCELLED)
        late = live.submit(Side.BUY, await live.price(0.9))
        assert (await live.told(late, ReportType.REJECTED)).reason == "trading ends"


async def test_an_order_is_on_the_wire_before_send_returns():
    async with World.spot() as live:
        await live.up()
        order = live.order(Side.BUY, await live.price(0.9))
        written: list[bytes] = []
        line = live.trading._orders_line
        write = line.write

        def noting(connection: int, data: bytes) -> bool:
            written.append(data)
            return write(connection, data)

        line.write = noting  # type: ignore[method-assign]
        live.trading.send(order, time.time_ns())
        assert len(written) == 1
        connector: TradingConnector = live.trading
        assert connector.stats.sent == 1
