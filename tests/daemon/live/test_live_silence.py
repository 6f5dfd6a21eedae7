"""A venue that asks for silence is obeyed by all of the daemon: orders, account, market data."""

import asyncio
from typing import Any

from tests.daemon.live.trader import Trader, exchange, settings_of, trading

TIME = "GET /api/v3/time"
ASKED_S = 2


async def test_a_silence_that_an_order_was_told_holds_for_market_data_too(tmp_path):
    async with exchange() as where:
        config = settings_of(where, tmp_path, venue="clock_every_s = 0.1")
        async with trading(config) as one:
            asked = await where.hook(hook="delay", place="request", what=TIME, seconds=0.001, count=0)
            await one.until_async(lambda: where.fired_at_least(asked, 5))
            silence = f'{{"code":-1003,"msg":"Way too many requests","data":{{"retryAfter":{_later_ms(one)}}}}}'
            await where.hook(hook="reply", place="request", what="order.place", status=418, body=silence)
            lot = one.engine.markets[0].instrument.quantity("0.01")
            await one.ask(lambda me, market, quote: me.buy(market, lot, quote.bid_price * 9 // 1000 * 100))
            connector: Any = one.daemon.feeds.connectors[0]
            address = connector._address
            await one.until(lambda: address.closed_ns > one.clock.now_ns())
            await asyncio.sleep(0.1)  # what was on its way when the silence was told
            before = await where.fired(asked)
            await asyncio.sleep(0.7)
            assert await where.fired(asked) == before, "the clock is measured every 0.1 s, but not in a silence"
            await one.until_async(lambda: where.fired_at_least(asked, before + 1))


def _later_ms(one: Trader) -> int:
    return one.clock.now_ns() // 10**6 + ASKED_S * 1000
