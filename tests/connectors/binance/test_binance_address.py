"""Market data takes its part of what an address is allowed, and no more: weight, connections, silences."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from connectors.base import ClockNs
from connectors.binance.address import Address, RateLimit
from connectors.binance.requests import EXCHANGE_INFO_WEIGHT, depth_weight, klines_weight
from connectors.binance.settings import BinanceSettings, Market
from connectors.binance.trading.budget import Budget, Urgency
from connectors.binance.transport import BinanceConnector
from connectors.errors import VenueRefused
from core.rng import Rng
from tests.connectors.binance.venue import RULES, Recorder, Venue, html_answer, json_answer, play, until

S = 1_000_000_000
MINUTE = 60 * S
SHORT_S = 0.4
TOLD = {"rateLimits": [{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000}]}


def late_clock() -> ClockNs:
    """Return a clock whose next minute is near: what waits for one waits for less than a second."""
    start_ns = time.time_ns()
    return lambda: time.time_ns() - start_ns + 100 * MINUTE - int(SHORT_S * S)


def connector_of(
    venue: Venue, address: Address, clock: ClockNs = time.time_ns, market: Market = Market.SPOT
) -> BinanceConnector:
    return BinanceConnector(venue.settings(market), clock, Rng(1), Recorder(), address)


@asynccontextmanager
async def following(connector: BinanceConnector) -> AsyncIterator[None]:
    """Follow the lines of a connector whose instruments are loaded."""
    connector.assign({"BTCUSDT": 0})
    life = asyncio.create_task(connector.run())
    try:
        yield
    finally:
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)


def test_market_data_leaves_the_weight_that_trading_keeps_for_cancels():
    address = Address()
    budget = Budget(0.1, 0.2, address)
    address.told_limits((RateLimit("REQUEST_WEIGHT", "MINUTE", 1, 1000),))
    now_ns = 100 * MINUTE + 20 * S
    budget.spend(now_ns, 660, 0)
    assert address.data_wait_ns(now_ns, 40) == 0
    assert address.data_wait_ns(now_ns, 41) == 40 * S, "until the next minute"
    address.spend(now_ns, 40)
    assert budget.wait_ns(now_ns, 1, 1, Urgency.OPEN) == 40 * S, "the one sees what the other spent"
    assert budget.wait_ns(now_ns, 1, 0, Urgency.CANCEL) == 0
    assert address.data_wait_ns(now_ns + 40 * S, 701) == 0, "what is heavier than the share goes alone"


@pytest.mark.parametrize(
    ("market", "levels", "weight"),
    [
        (Market.SPOT, 100, 5),
        (Market.SPOT, 101, 25),
        (Market.SPOT, 1000, 50),
        (Market.SPOT, 5000, 250),
        (Market.USDM, 50, 2),
        (Market.USDM, 1000, 20),
    ],
)
def test_a_snapshot_weighs_what_the_venues_table_says(market, levels, weight):
    assert depth_weight(BinanceSettings(market=market, snapshot_levels=levels)) == weight


def test_bars_weigh_what_the_venues_table_says():
    spot, usdm = BinanceSettings(market=Market.SPOT), BinanceSettings(market=Market.USDM)
    assert [klines_weight(spot, limit) for limit in (1, 1000)] == [2, 2]
    assert [klines_weight(usdm, limit) for limit in (99, 100, 499, 500, 1000, 1001)] == [1, 2, 2, 5, 5, 10]


@pytest.mark.parametrize("market", list(Market))
def test_what_market_data_asks_is_counted_and_the_venues_limit_taken(market):
    async def scenario() -> None:
        venue, address = Venue(), Address()
        venue.rules = [json_answer({"symbols": [RULES], **TOLD})]
        async with venue.serve():
            connector = connector_of(venue, address, market=market)
            await connector.load_instruments()
            assert address.weight.limit == 6000
            assert address.weight.used == EXCHANGE_INFO_WEIGHT[market]
            await connector.load_bars("BTCUSDT", 0, 10)
            assert address.weight.used == EXCHANGE_INFO_WEIGHT[market] + (2 if market is Market.SPOT else 1)

    play("uvloop", scenario())


def test_a_request_for_market_data_waits_for_the_minute_in_which_it_fits():
    async def scenario() -> None:
        venue, address = Venue(), Address()
        async with venue.serve():
            clock = late_clock()
            address.spend(clock(), address.weight.limit)
            connector = connector_of(venue, address, clock)
            loading = asyncio.create_task(connector.load_instruments())
            await until(lambda: bool(venue.asked.get("rules")))
            assert clock() >= 100 * MINUTE
            await loading

    play("uvloop", scenario())


def test_bars_are_not_asked_for_in_a_silence():
    async def scenario() -> None:
        venue, address = Venue(), Address()
        async with venue.serve():
            connector = connector_of(venue, address)
            await connector.load_instruments()
            address.close(time.time_ns() + 60 * S)
            with pytest.raises(VenueRefused, match="silence"):
                await connector.load_bars("BTCUSDT", 0, 10)
            assert "klines" not in venue.asked

    play("uvloop", scenario())


def test_a_line_is_not_opened_in_a_silence_and_is_when_it_is_over():
    async def scenario() -> None:
        venue, address = Venue(), Address()
        async with venue.serve():
            connector = connector_of(venue, address)
            await connector.load_instruments()
            until_ns = time.time_ns() + int(SHORT_S * S)
            address.close(until_ns)
            async with following(connector):
                await until(lambda: venue.handshakes > 0)
                assert time.time_ns() >= until_ns

    play("uvloop", scenario())


def test_a_ban_that_a_handshake_was_told_silences_the_address():
    async def scenario() -> None:
        venue, address = Venue(), Address()
        venue.refusals = [html_answer(418, **{"Retry-After": "60"})]
        async with venue.serve():
            connector = connector_of(venue, address)
            await connector.load_instruments()
            async with following(connector):
                await until(lambda: address.wait_ns(time.time_ns()) > 50 * S)

    play("uvloop", scenario())


def test_all_lines_of_an_address_draw_on_one_allowance_of_connections():
    """ "There is a limit of 300 connections per attempt every 5 minutes per IP." """
    address = Address()
    now_ns = start_ns = 100 * MINUTE
    attempts = 0
    while now_ns < start_ns + 5 * MINUTE:
        now_ns += address.connects.take(now_ns)
        attempts += 1
    assert attempts <= 165
