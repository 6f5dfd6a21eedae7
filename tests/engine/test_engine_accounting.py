"""The books inside the engine: corporate actions, third currencies at the market's rate, and legs, by the one door."""

import dataclasses

import msgspec

from core.effects import ConversionUsed, LotChanged, OrderUpdated
from core.events import CorporateAction, CorporateKind, FeedChanged, FeedState, InstrumentDefined, LifecycleState
from core.instruments import AssetClass
from core.money import money
from core.orders import ApprovedSubmit, OrderTerms, OrderType, Refusal, Side
from core.records import Kind
from engine import build_engine
from oms.dust import dusts
from oms.rules import AccountingRules, LotMethod
from strategies import Strategy
from tests.engine.scenario import BTC, LOT, Stage, only

BNB = msgspec.structs.replace(BTC, symbol="BNBUSDT", base="BNB")


class Buyer(Strategy):
    """Buys 0.01 BTC at 100 once it starts."""

    def on_start(self):
        self.context.limit(self.context.instruments[0], Side.BUY, LOT, 100_00)


class Holder(Strategy):
    """Sells whatever it holds whenever it hears of a fill or a refusal: what a loop over dust would be."""

    def on_start(self):
        self.context.limit(self.context.instruments[0], Side.BUY, LOT, 100_00)

    def on_fill(self, fill):
        self.sell()

    def sell(self):
        self.context.market(self.context.instruments[0], Side.SELL, self.context.position(0))


def stage(strategy, rules):
    made = Stage(strategy)
    made.settings = dataclasses.replace(made.settings, accounting=rules)
    made.engine = build_engine(made.settings)
    return made


def test_a_split_reaches_position_lots_and_open_orders():
    made = stage(Buyer, AccountingRules(lots=LotMethod.FIFO))
    share = msgspec.structs.replace(BTC, asset_class=AssetClass.EQUITY)
    made.payload(Kind.INSTRUMENT, InstrumentDefined(share), 0)
    made.feed(FeedState.CONNECTED)
    made.quote(99_99, 100_01)
    [order] = only(made.lifecycle(LifecycleState.READY), ApprovedSubmit)
    made.fill(order.intent.client_order_id, LOT // 2, 100_00)
    split = CorporateAction(venue="BINANCE", action_id="c1", kind=CorporateKind.SPLIT, numerator=2)
    effects = made.payload(Kind.CORPORATE, split, 0)
    assert made.engine.manager.position(0).quantity == LOT
    assert [lot.left for lot in only(effects, LotChanged)] == [LOT]
    assert any(getattr(effect, "code", "") == "OPEN_ORDERS_AT_SPLIT" for effect in effects)
    assert made.payload(Kind.CORPORATE, split, 0) == ()


def test_a_fee_in_bnb_counts_at_the_touch_of_that_moment():
    made = stage(Buyer, AccountingRules(base_currency="USDT"))
    made.payload(Kind.INSTRUMENT, InstrumentDefined(BTC), 0)
    made.payload(Kind.INSTRUMENT, InstrumentDefined(BNB), 1)
    made.payload(Kind.FEED, FeedChanged(venue="BINANCE", state=FeedState.CONNECTED), 0)
    made.quote(99_99, 100_01)
    made.step((Kind.QUOTE, 0, 1, made.now_ns, 0, 599_00, 1, 601_00, 1, 1))
    [order] = only(made.lifecycle(LifecycleState.READY), ApprovedSubmit)
    fill = {"quantity": LOT, "price": 100_00, "exec_id": "e1", "fee": str(money("0.000001")), "fee_currency": "BNB"}
    name = order.intent.client_order_id
    [used] = only(made.report("filled", name, **fill), ConversionUsed)
    assert (used.path, used.value) == ("BNBUSDT.BINANCE", str(money("0.0006")))
    assert made.engine.manager.position(0).fees == money("0.0006")
