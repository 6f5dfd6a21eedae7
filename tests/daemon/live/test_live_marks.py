"""Mark prices of USDⓈ-M in a real daemon: a stop that tickerd keeps is pulled by them, live and on paper."""

import pytest

from connectors.embedded.market import Market
from core.orders import OrderState, OrderTerms, OrderType, Side, TriggerBy
from tests.daemon.live.trader import exchange, settings_of, trading


@pytest.mark.parametrize("mode", ["live", "paper"])
async def test_a_stop_by_the_mark_price_is_pulled(tmp_path, mode):
    async with exchange(Market.USDM) as where:
        config = settings_of(where, tmp_path, mode=mode, channels='"quotes", "trades", "marks"')
        async with trading(config) as one:
            market = one.engine.markets[0]
            await one.until(lambda: market.mark_price)
            assert 0.9 < market.mark_price / market.bid_price < 1.1
            assert market.index_price

            def plan(me, market, quote):
                above = market.mark_price * 11 // 10 // market.instrument.tick * market.instrument.tick
                terms = OrderTerms(trigger_price=above, trigger_by=TriggerBy.MARK, keep=True)
                lot = market.instrument.quantity("0.01")
                intent = me.order(market, Side.SELL, OrderType.STOP, lot, terms=terms)
                me.submit(intent)
                return intent.client_order_id

            name = await one.ask(plan)

            def pulled() -> bool:
                closed = one.engine.manager.closed_orders()
                return any(each.state is OrderState.FILLED and each.side == Side.SELL for each in closed)

            await one.until(pulled)
            assert name


async def test_a_stop_by_the_mark_price_is_refused_where_no_mark_price_is_read(tmp_path):
    async with exchange(Market.USDM) as where, trading(settings_of(where, tmp_path, mode="paper")) as one:
        lot = one.engine.markets[0].instrument.quantity("0.01")
        await one.ask(lambda me, market, quote: me.stop(market, Side.SELL, lot, quote.bid_price, by=TriggerBy.MARK))
        await one.until(one.refusals)
        assert 'add "marks" to the channels of its venue' in one.refusals()[0]
