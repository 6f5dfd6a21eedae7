"""Everything at a venue is cancelled and seen to be, by a client apart from the trading itself."""

import asyncio
import time

import msgspec
import pytest

from connectors.binance.settings import Market
from connectors.binance.trading.clearing.session import OpenOrder, cancels_of_all, is_done, read_open
from connectors.binance.trading.clearing.transport import Clearance, Clearer
from connectors.binance.trading.credentials import Credentials
from connectors.binance.trading.replies import reply_of
from connectors.binance.trading.settings import TradingSettings
from core.events import ReportType
from core.orders import OrderTerms, OrderType, Side
from tests.connectors.binance_trading.live import KEY, SECRET, World


def clearer(live, market: Market, *, alone: bool = True) -> Clearer:
    settings = TradingSettings(market=market, rest_url=live.venue.http_url, alone=alone, request_timeout_s=2.0)
    return Clearer(settings, Credentials(KEY, hmac_secret=SECRET), time.time_ns, ("BTCUSDT",))


async def cleared(made: Clearer) -> Clearance:
    async with asyncio.timeout(10), made:
        await made.warm()
        assert made.problem == ""
        assert not await made.is_clear()
        told = Clearance(venue="BINANCE", began_ns=time.time_ns())
        await made.clear(told)
        assert await made.is_clear()
    return told


@pytest.mark.parametrize("alone", [True, False])
async def test_orders_of_spot_are_cancelled_and_the_trading_itself_hears_of_it(alone):
    async with World.spot() as live:
        await live.up()
        names = [live.submit(price=await live.price(times)) for times in (0.9, 0.8)]
        for name in names:
            await live.told(name, ReportType.ACCEPTED)
        told = await cleared(clearer(live, Market.SPOT, alone=alone))
        assert (told.left, told.last_error) == (0, "")
        assert told.began_ns < told.first_cancel_ns <= told.last_cancel_ns < told.verified_ns
        for name in names:
            await live.told(name, ReportType.CANCELLED)


@pytest.mark.parametrize("alone", [True, False])
async def test_orders_of_futures_are_cancelled_conditional_ones_too(alone):
    async with World.usdm() as live:
        await live.up()
        plain = live.submit(price=await live.price(0.9))
        stop = live.submit(
            Side.SELL, kind=OrderType.STOP,
            terms=OrderTerms(trigger_price=live.rules.price(await live.price(0.5))),
        )  # fmt: skip
        for name in (plain, stop):
            await live.told(name, ReportType.ACCEPTED)
        told = await cleared(clearer(live, Market.USDM, alone=alone))
        assert told.left == 0
        for name in (plain, stop):
            await live.told(name, ReportType.CANCELLED)


async def test_a_ban_is_kept_to_and_the_cancels_go_when_it_is_over():
    async with World.spot() as live:
        await live.up()
        await live.told(live.submit(price=await live.price(0.9)), ReportType.ACCEPTED)
        ban = {"hook": "reply", "place": "request", "what": "DELETE /api/v3/openOrders", "status": 429}
        await live.http("POST", "/emulator/hooks", {**ban, "retry_after_s": 1})
        told = await cleared(clearer(live, Market.SPOT))
        assert told.last_cancel_ns - told.first_cancel_ns >= 1_000_000_000
        assert told.requests <= 4, "one that met the ban, one cancel and one look after it, at most a look more"


async def test_a_venue_that_is_down_is_tried_again_often_for_what_is_not_answered_uses_nothing_up():
    async with World.spot() as live:
        await live.up()
        await live.told(live.submit(price=await live.price(0.9)), ReportType.ACCEPTED)
        made = clearer(live, Market.SPOT)
        async with asyncio.timeout(10), made:
            await made.warm()
            await live.http("POST", "/emulator/hooks", {"hook": "crash", "seconds": 2})
            told = Clearance(venue="BINANCE", began_ns=time.time_ns())
            await made.clear(told)
        assert told.left == 0
        assert told.rounds > 10, "after a twentieth of the time that it has been down, not after half a second"


async def test_what_the_address_has_used_up_holds_back_neither_the_cancels_nor_the_look_after_them():
    """A daemon that was started again and again, or others at the address: what is kept for cancels is for this."""
    async with World.spot() as live:
        await live.up()
        await live.told(live.submit(price=await live.price(0.9)), ReportType.ACCEPTED)
        for _ in range(20):  # of weight 250 each, of 6,000
            await live.http("GET", "/api/v3/depth?symbol=BTCUSDT&limit=5000")
        made = clearer(live, Market.SPOT)
        told = Clearance(venue="BINANCE", began_ns=time.time_ns())
        async with asyncio.timeout(10), made:
            await made.warm()
            await made.clear(told)
        assert (told.left, told.silent_until_ns) == (0, 0)


@pytest.mark.parametrize("market", list(Market))
def test_nothing_open_is_as_good_as_cancelled_and_an_answer_that_does_not_tell_is_not_nothing(market):
    assert is_done(reply_of(market, 400, b'{"code":-2011,"msg":"Unknown order sent."}'))
    assert not is_done(reply_of(market, 503, b"<html>"))
    assert read_open(reply_of(market, 200, b"[]")) == []
    for status, body in ((200, b'{"code":1}'), (200, b"<html>"), (500, b"[]"), (200, b'[{"symbol":1}]')):
        assert read_open(reply_of(market, status, body)) is None
    paths = [each.target.path for each in cancels_of_all(TradingSettings(market=market), "X")]
    assert len(paths) == (1 if market is Market.SPOT else 2)


@pytest.mark.parametrize(("name", "ours"), [("t0000039u000001", True), ("t0000039u00000101", True), ("web_1", False)])
def test_ours_are_known_by_their_ids(name, ours):
    told = msgspec.json.encode([{"symbol": "X", "clientOrderId": name}, {"symbol": "X", "clientAlgoId": name}])
    found = read_open(reply_of(Market.USDM, 200, told))
    assert found is not None
    assert [each.is_ours for each in found] == [ours, ours]
    assert isinstance(found[0], OpenOrder)
