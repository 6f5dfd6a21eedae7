"""Orders of a USDⓈ-M account on the embedded venue, over real sockets."""

import asyncio
import json
import time

import aiohttp
import pytest
from yarl import URL

from connectors.binance.trading.credentials import Credentials
from connectors.binance.trading.requests import Rare, Target, rest_request
from connectors.embedded.exchange.members import Member
from connectors.embedded.exchange.usdm.exchange import Decision
from connectors.errors import ConnectorError
from core.events import AccountMoved, AccountTraded, LinkState, ReportType
from core.evidence import Subject, VenueOrderStatus
from core.orders import Liquidity, OrderTerms, OrderType, Side, TimeInForce, TriggerBy
from tests.connectors.binance_trading.live import KEY, SECRET, Live, World
from tests.connectors.binance_trading.test_trading_orders import PUBLIC_PEM, SEED

ED25519 = Member(name="trader", key=KEY, public_key=PUBLIC_PEM, futures_balances={"USDT": "1000000"})


async def by_hand(live: Live, verb: str, path: str, **params: str) -> None:
    """Do something at the venue that tickerd would not."""
    target = Target("", verb, path)
    query = Rare(target, params, 5000).query(time.time_ns() // 10**6)
    request = rest_request(live.venue.http_url, target, query, Credentials(KEY, hmac_secret=SECRET))
    client = aiohttp.ClientSession()
    async with client, client.request(verb, URL(request.url, encoded=True), headers=request.headers) as answer:
        assert answer.status == 200, await answer.text()


@pytest.mark.parametrize(
    ("credentials", "member"),
    [(Credentials(KEY, hmac_secret=SECRET), None), (Credentials(KEY, ed25519=SEED), ED25519)],
    ids=["hmac", "ed25519"],
)
async def test_an_order_is_placed_filled_and_its_position_told_with_either_kind_of_key(credentials, member):
    async with World.usdm(credentials, member) as live:
        await live.up()
        name = live.submit(Side.BUY, quantity="0.01", kind=OrderType.MARKET)
        filled = await live.told(name, ReportType.FILLED)
        assert filled.liquidity is Liquidity.TAKER
        (fill,) = (await live.ask(Subject.FILLS)).fills
        assert (fill.exec_id, fill.price, fill.fee) == (filled.exec_id, filled.price, filled.fee)
        (position,) = (await live.ask(Subject.POSITIONS)).positions
        assert (position.quantity, position.entry_price) == (filled.quantity, filled.price)
        assert live.trading.stats.fallbacks == 0
        assert [each.type for each in live.reports(name)] == [ReportType.ACCEPTED, ReportType.FILLED]


async def test_an_order_is_changed_in_place_and_keeps_its_name_and_number():
    async with World.usdm() as live:
        await live.up()
        name = live.submit(Side.BUY, await live.price(0.97), "0.02")
        first = await live.told(name, ReportType.ACCEPTED)
        price = await live.price(0.98)
        live.replace(name, price, "0.03")
        replaced = await live.told(name, ReportType.REPLACED)
        assert (replaced.client_order_id, replaced.venue_order_id) == (name, first.venue_order_id)
        assert (replaced.price, replaced.quantity) == (live.rules.price(price), live.rules.quantity("0.03"))
        live.replace(name, price, "0.03", revision=2)  # "No need to modify the order."
        refused = await live.told(name + "02", ReportType.REPLACE_REJECTED)
        assert "-5027" in refused.reason
        assert len(live.reports(name, ReportType.REPLACED)) == 1


async def test_conditional_orders_wait_at_the_algo_service_and_are_found_and_cancelled_there():
    async with World.usdm() as live:
        await live.up()
        high, low = live.rules.price(await live.price(1.03)), live.rules.price(await live.price(0.97))
        names = [
            live.submit(Side.BUY, kind=OrderType.STOP, terms=OrderTerms(trigger_price=high, trigger_by=TriggerBy.MARK)),
            live.submit(
                Side.SELL, await live.price(0.96), kind=OrderType.STOP_LIMIT, terms=OrderTerms(trigger_price=low)
            ),
            live.submit(Side.BUY, kind=OrderType.MARKET_IF_TOUCHED, terms=OrderTerms(trigger_price=low)),
            live.submit(Side.SELL, kind=OrderType.TRAILING_STOP, terms=OrderTerms(trail_ppm=20_000)),
        ]
        for name in names:
            accepted = await live.told(name, ReportType.ACCEPTED)
            assert accepted.venue_order_id.startswith("a")
        opened = (await live.ask(Subject.OPEN_ORDERS)).orders
        assert sorted(each.client_order_id for each in opened) == sorted(names)
        assert {each.status for each in opened} == {VenueOrderStatus.PENDING}
        given = await live.ask(Subject.ORDER, client_order_id=names[0])
        assert given.orders[0].status is VenueOrderStatus.PENDING
        for name in names:
            live.cancel(name)
        for name in names:
            await live.told(name, ReportType.CANCELLED)
        assert (await live.ask(Subject.OPEN_ORDERS)).orders == ()


async def test_orders_that_the_book_cannot_take_as_asked_are_rejected_with_the_documented_codes():
    async with World.usdm() as live:
        await live.up()
        taking = live.submit(Side.BUY, await live.price(1.01), post_only=True)
        assert "-5022" in (await live.told(taking, ReportType.REJECTED)).reason
        killed = live.submit(Side.BUY, await live.price(0.98), tif=TimeInForce.FOK)
        over = {ReportType.REJECTED, ReportType.EXPIRED}
        await live.until(lambda: over & {each.type for each in live.reports(killed)})
        reducing = live.submit(Side.SELL, quantity="0.01", kind=OrderType.MARKET, reduce_only=True)
        assert "-2022" in (await live.told(reducing, ReportType.REJECTED)).reason
        good_till = OrderTerms(expire_ns=time.time_ns() + 3600 * 10**9)
        dated = live.submit(Side.BUY, await live.price(0.98), tif=TimeInForce.GTD, terms=good_till)
        await live.told(dated, ReportType.ACCEPTED)


async def test_cancels_that_wait_together_leave_as_one_request():
    async with World.usdm() as live:
        await live.up()
        price = await live.price(0.98)
        names = [live.submit(Side.BUY, price) for _ in range(5)]
        for name in names:
            await live.told(name, ReportType.ACCEPTED)
        session = live.trading._session
        session.out.budget.close(time.time_ns() + 200_000_000, orders_only=False)
        requests = live.trading.stats.requests
        for name in names:
            live.cancel(name)
        assert live.trading.stats.queued == 5
        for name in names:
            await live.told(name, ReportType.CANCELLED)
        assert live.trading.stats.requests == requests + 1


async def test_the_account_must_be_set_as_the_settings_say_and_nothing_is_changed():
    async with World.usdm(start=False, leverage={"BTCUSDT": 7}) as live:
        with pytest.raises(ConnectorError, match="leverage of BTCUSDT is 20 and the settings say 7: change it"):
            await live.trading.run()
        await by_hand(live, "POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage="7")
        await live.trading.check()
    async with World.usdm(start=False, margin_type="isolated") as live:
        with pytest.raises(ConnectorError, match="margin type of BTCUSDT"):
            await live.trading.run()
    async with World.usdm(start=False, hedge_mode=True) as live:
        with pytest.raises(ConnectorError, match="one-way mode"):
            await live.trading.run()


async def test_in_hedge_mode_orders_name_the_side_of_their_position():
    async with World.usdm(start=False, hedge_mode=True) as live:
        await by_hand(live, "POST", "/fapi/v1/positionSide/dual", dualSidePosition="true")
        async with live.running():
            await live.up()
            long = live.submit(Side.BUY, quantity="0.02", kind=OrderType.MARKET)
            await live.told(long, ReportType.FILLED)
            short = live.submit(Side.SELL, quantity="0.01", kind=OrderType.MARKET)
            await live.told(short, ReportType.FILLED)
            less = live.submit(Side.SELL, quantity="0.01", kind=OrderType.MARKET, reduce_only=True)
            await live.told(less, ReportType.FILLED)
            positions = (await live.ask(Subject.POSITIONS)).positions
            held = {each.hedge: each.quantity for each in positions}
            assert held == {Side.BUY: live.rules.quantity("0.01"), Side.SELL: -live.rules.quantity("0.01")}


async def test_f35_a_deleted_listen_key_is_made_anew():
    async with World.usdm(listen_key_every_s=0.3) as live:
        await live.up()
        client = aiohttp.ClientSession()
        url = f"{live.venue.http_url}/fapi/v1/listenKey"
        async with client, client.delete(url, headers={"X-MBX-APIKEY": KEY}) as answer:
            assert answer.status == 200
        await live.up(2)
        assert live.links() == [LinkState.UP, LinkState.DOWN, LinkState.UP]
        name = live.submit(Side.BUY, quantity="0.01", kind=OrderType.MARKET)
        await live.told(name, ReportType.FILLED)


async def test_the_dead_man_timer_is_armed_while_up_and_runs_out_when_nobody_is_left():
    async with World.usdm(start=False, dead_man_s=1.0) as live:
        async with live.running():
            await live.up()
            name = live.submit(Side.BUY, await live.price(0.98))
            await live.told(name, ReportType.ACCEPTED)
            requests = live.trading.stats.requests
            await live.until(lambda: live.trading.stats.requests > requests)
            await live.until(lambda: live.trading.stats.dead_man_until_ns)
            stats = live.trading.stats
            assert (stats.link, stats.orders_up, stats.private_up, stats.silent_until_ns) == ("up", True, True, 0)
            assert stats.clock_uncertainty_ns > 0
            await live.trading.close(0.1)
        async with live.running():  # another life, that arms nothing: it is stopping
            await live.up(2)
            for _ in range(100):
                if not (await live.ask(Subject.OPEN_ORDERS)).orders:
                    return
                await asyncio.sleep(0.05)
            raise AssertionError("the venue's timer did not run out")


async def test_f34_both_connections_are_replaced_before_they_are_old_without_a_moment_down():
    async with World.usdm(rotate_after_s=0.4) as live:
        await live.up()
        await live.until(lambda: live.trading.stats.reconnects >= 2)
        name = live.submit(Side.BUY, quantity="0.01", kind=OrderType.MARKET)
        await live.told(name, ReportType.FILLED)
        assert live.links() == [LinkState.UP]


def mark(live: Live, price: str) -> None:
    """Let the venue's mark price be something."""
    event = {"e": "markPriceUpdate", "s": "BTCUSDT", "p": price, "i": price, "P": price, "r": "0.00010000", "T": 0}
    live.venue.exchanges.usdm.on_mark("BTCUSDT", json.dumps(event).encode())


async def test_a_stop_that_is_triggered_trades_under_its_own_name_and_number():
    async with World.usdm() as live:
        await live.up()
        bid = float(await live.price(1.0))
        terms = OrderTerms(trigger_price=live.rules.price(f"{bid * 0.99:.1f}"), trigger_by=TriggerBy.MARK)
        stop = live.submit(Side.SELL, quantity="0.01", kind=OrderType.STOP, terms=terms)
        accepted = await live.told(stop, ReportType.ACCEPTED)
        mark(live, f"{bid * 0.985:.1f}")
        await live.venue.flush()
        filled = await live.told(stop, ReportType.FILLED)
        assert filled.venue_order_id == accepted.venue_order_id
        kinds = [each.type for each in live.reports(stop)]
        assert kinds.count(ReportType.TRIGGERED) == 1
        assert kinds.count(ReportType.ACCEPTED) == 1
        (fill,) = (await live.ask(Subject.FILLS)).fills
        assert (fill.client_order_id, fill.venue_order_id, fill.exec_id) == (
            stop,
            filled.venue_order_id,
            filled.exec_id,
        )
        given = await live.ask(Subject.ORDER, client_order_id=stop)
        assert given.orders[0].status is VenueOrderStatus.FILLED
        assert [each.exec_id for each in given.fills] == [filled.exec_id]


async def test_funding_and_transfers_are_told_as_money_that_moved():
    async with World.usdm() as live:
        await live.up()
        name = live.submit(Side.BUY, quantity="0.01", kind=OrderType.MARKET)
        await live.told(name, ReportType.FILLED)
        venue = live.venue.exchanges.usdm
        venue.decide(Decision(symbol="BTCUSDT", funding_rate="0.01", exchange_funding=True))
        venue.decide(Decision(account="trader", asset="USDT", transfer="-50"))
        await live.venue.flush()

        def moved() -> list[AccountMoved]:
            return [event[5] for event in live.events if isinstance(event[5], AccountMoved)]

        await live.until(lambda: len(moved()) == 2)
        funding, transfer = moved()
        assert (funding.reason, funding.currency, int(funding.amount) < 0) == ("funding", "USDT", True)
        assert (transfer.reason, transfer.amount) == ("transfer", str(-50 * 10**18))


async def test_a_liquidation_is_told_as_the_venues_own_trade():
    small = Member(name="trader", key=KEY, secret=SECRET, futures_balances={"USDT": "700"})
    async with World.usdm(member=small) as live:
        await live.up()
        name = live.submit(Side.BUY, quantity="0.2", kind=OrderType.MARKET)
        filled = await live.told(name, ReportType.FILLED)
        mark(live, f"{float(live.rules.price_text(filled.price)) * 0.945:.1f}")
        await live.venue.flush()

        def traded() -> list[AccountTraded]:
            return [event[5] for event in live.events if isinstance(event[5], AccountTraded)]

        await live.until(traded)
        assert {each.reason for each in traded()} <= {"liquidation", "adl"}
        assert {each.side for each in traded()} == {Side.SELL}
        assert live.reports("autoclose") == []
