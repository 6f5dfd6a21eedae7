"""What a live start compares with the account, and what it learns of the venue, in a real daemon."""

from decimal import Decimal
from pathlib import Path

import pytest

from connectors.embedded.market import Market
from core.orders import OrderState, OrderTerms, Side, TriggerBy
from daemon.replay import replay_session
from oms.order import Order
from tests.daemon.live.trader import SYMBOL, Trader, exchange, refused, settings_of, trading

HEDGING = "[accounting]\nhedging = true"


async def test_a_leverage_that_the_account_does_not_have_is_refused(tmp_path):
    async with exchange(Market.USDM) as where:
        told = await refused(settings_of(where, tmp_path, trading=f"leverage = {{ {SYMBOL} = 99 }}"))
        assert "the leverage of BTCUSDT is 20 and the settings say 99" in told


async def test_a_margin_type_that_the_account_does_not_have_is_refused(tmp_path):
    async with exchange(Market.USDM) as where:
        told = await refused(settings_of(where, tmp_path, trading='margin_type = "isolated"'))
        assert "the margin type of BTCUSDT is crossed and the settings say isolated" in told


@pytest.mark.parametrize("market", [Market.SPOT, Market.USDM])
async def test_a_self_trade_prevention_that_is_not_offered_is_refused(tmp_path, market):
    async with exchange(market) as where:
        told = await refused(settings_of(where, tmp_path, trading='stp_mode = "transfer"'))
        assert "offers no self-trade prevention TRANSFER: set stp_mode to" in told


async def test_spot_keeps_stops_and_lists_itself_and_replaces_in_one_request(tmp_path):
    async with exchange() as where, trading(settings_of(where, tmp_path)) as one:
        market = one.engine.markets[0]
        assert {"stop", "oco", "oto", "iceberg", "replace"} <= set(market.instrument.native)
        lot = market.instrument.quantity("0.01")

        def plan(me, market, quote):
            low, high = quote.bid_price * 9 // 10, quote.ask_price * 11 // 10
            tick = market.instrument.tick
            low, high = low // tick * tick, high // tick * tick
            display = OrderTerms(display_quantity=lot)
            oco = me.oco(market, Side.SELL, lot, limit=high, stop=low, by=TriggerBy.LAST)
            return [me.buy(market, 2 * lot, low), me.buy(market, 4 * lot, low, terms=display), *oco]

        resting, iceberg, *legs = await one.ask(plan)
        await one.until(lambda: all(_state(one, each) is OrderState.ACCEPTED for each in (resting, iceberg, *legs)))
        there = {row["clientOrderId"]: row for row in (await where.ledger())["orders"]}
        assert there[legs[0]]["orderListId"] == there[legs[1]]["orderListId"] >= 0
        assert Decimal(there[iceberg]["icebergQty"]) == Decimal("0.01")
        await one.ask(lambda me, market, quote: me.replace(resting, quantity=lot))
        await one.until(lambda: _order(one, resting).quantity == lot)
        there = {row["clientOrderId"]: row for row in (await where.ledger())["orders"]}
        assert there[resting]["status"] == "NEW", "taken off in place, the queue kept"
        assert Decimal(there[resting]["origQty"]) == Decimal("0.01")
        price = _order(one, resting).price - 10 * market.instrument.tick
        replaced = await where.hook(hook="delay", place="request", what="order.cancelReplace", seconds=0.001, count=0)
        await one.ask(lambda me, market, quote: me.replace(resting, price=price))
        await one.until(lambda: _order(one, resting).price == price)
        assert await where.fired(replaced) == 1
        assert _state(one, resting) is OrderState.ACCEPTED


@pytest.mark.parametrize("market", [Market.SPOT, Market.USDM])
async def test_every_kind_of_order_leaves_books_that_agree_and_a_session_that_replays(tmp_path, market):
    every = Path(__file__).parent.parent / "every_order.py"
    async with exchange(market) as where:
        rates = "max_orders_per_second = 100\nmax_orders_per_minute = 10_000"
        config = settings_of(where, tmp_path, strategy=f"{every}:EveryOrder", more=rates)
        async with trading(config) as one:
            await one.until(lambda: one.engine.manager.totals.submitted > 40)
        there = await where.ledger()
        executed = sum(Decimal(row["executedQty"]) for row in there["orders"])
        booked = sum(each.filled for each in one.engine.manager.closed_orders())
        assert Decimal(one.engine.markets[0].instrument.quantity_text(booked)) == executed
        assert not [row for row in there["orders"] if row["status"] in {"NEW", "PARTIALLY_FILLED"}]
        # A trigger may come when there is nothing left to close, and a cancel when its order has just ended.
        assert {*one.alerts()} <= {"HELD_ORDER_REFUSED", "CANCEL_NOT_SENT"}
    assert replay_session(one.folder).ok


async def test_usdm_keeps_stops_itself_and_modifies_in_place(tmp_path):
    async with exchange(Market.USDM) as where, trading(settings_of(where, tmp_path)) as one:
        market = one.engine.markets[0]
        assert {"stop", "replace", "reduce-only", "mark"} <= set(market.instrument.native)
        lot = market.instrument.quantity("0.01")

        def plan(me, market, quote):
            low = quote.bid_price * 9 // 10 // market.instrument.tick * market.instrument.tick
            return me.buy(market, 2 * lot, low), me.stop(market, Side.SELL, lot, low, by=TriggerBy.LAST)

        resting, stop = await one.ask(plan)
        await one.until(lambda: _state(one, resting) is _state(one, stop) is OrderState.ACCEPTED)
        there = await where.ledger()
        assert [row["clientAlgoId"] for row in there["algoOrders"] if row["algoStatus"] == "NEW"] == [stop]
        await one.ask(lambda me, market, quote: me.replace(resting, quantity=lot))
        await one.until(lambda: _order(one, resting).quantity == lot)
        there = {row["clientOrderId"]: row for row in (await where.ledger())["orders"]}
        assert there[resting]["status"] == "NEW"
        assert Decimal(there[resting]["origQty"]) == Decimal("0.01")


def _order(one: Trader, name: str) -> Order:
    order = one.engine.manager.order(name)
    assert order is not None, one.story()
    return order


def _state(one: Trader, name: str) -> OrderState:
    return _order(one, name).state


async def test_an_account_in_hedge_mode_is_refused_where_the_books_are_not(tmp_path):
    async with exchange(Market.USDM) as where:
        await where.signed("POST", "/fapi/v1/positionSide/dual", dualSidePosition="true")
        told = await refused(settings_of(where, tmp_path))
        assert "the futures account is in hedge mode and the settings want the other" in told


async def test_an_account_in_one_way_mode_is_refused_where_the_books_keep_two_sides(tmp_path):
    async with exchange(Market.USDM) as where:
        told = await refused(settings_of(where, tmp_path, more=HEDGING))
        assert "the futures account is in one-way mode and the settings want the other" in told


async def test_in_hedge_mode_each_side_is_traded_and_a_difference_that_the_net_hides_freezes(tmp_path):
    async with exchange(Market.USDM) as where:
        await where.signed("POST", "/fapi/v1/positionSide/dual", dualSidePosition="true")
        by_hand = {"symbol": SYMBOL, "type": "MARKET", "quantity": "0.01"}
        live = 'balances_s = 0.5\nsweep_s = 0.5\nforeign_orders = "ignore"'
        async with trading(settings_of(where, tmp_path, more=HEDGING, live=live)) as one:
            market = one.engine.markets[0]
            lot = market.instrument.quantity("0.01")

            def both(me, market, quote):
                long, short = OrderTerms(hedge=Side.BUY), OrderTerms(hedge=Side.SELL)
                return me.buy(market, 2 * lot, terms=long), me.sell(market, lot, terms=short)

            await one.ask(both)
            legs = one.engine.manager.legs(market.index)
            await one.until(lambda: {side: leg.net.quantity for side, leg in legs.items()} == {1: 2 * lot, -1: -lot})
            await one.until(lambda: one.engine.reconciled)
            assert not [each for each in one.messages() if "position" in each]
            await where.signed("POST", "/fapi/v1/order", side="BUY", positionSide="LONG", **by_hand)
            await where.signed("POST", "/fapi/v1/order", side="SELL", positionSide="SHORT", **by_hand)
            await one.until(lambda: any("long position in BTCUSDT" in text for text in one.reasons()))
