"""The books inside the engine: corporate actions, third currencies at the market's rate, and legs, by the one door."""

import dataclasses

import msgspec

from core.effects import ConversionUsed, LotChanged
from core.events import (
    CorporateAction,
    CorporateKind,
    FeedChanged,
    FeedState,
    InstrumentDefined,
    LifecycleState,
    ReportType,
)
from core.instruments import AssetClass
from core.money import money
from core.orders import ApprovedSubmit, OrderTerms, Refusal, Side
from core.records import Kind
from engine import build_engine
from oms.dust import dusts
from oms.rules import AccountingRules, LotMethod
from strategies import Strategy
from tests.engine.scenario import BTC, LOT, SECOND, Stage, only

BNB = msgspec.structs.replace(BTC, symbol="BNBUSDT", base="BNB")


class Buyer(Strategy):
    """Buys 0.01 BTC at 100 once it starts."""

    def on_start(self):
        self.buy(self.markets[0], LOT, 100_00)


class Holder(Buyer):
    """Sells what it holds whenever it hears of a fill: what leads others into a loop over dust."""

    def on_fill(self, fill):
        self.sell(self.markets[0], self.position(self.markets[0]))


class Hedger(Strategy):
    """Opens both legs at once, and closes more of the long one than there is."""

    def on_start(self):
        market = self.markets[0]
        self.buy(market, LOT, 100_00, terms=OrderTerms(hedge=Side.BUY))
        self.sell(market, LOT, 100_00, terms=OrderTerms(hedge=Side.SELL))
        self.sell(market, LOT, 100_00, terms=OrderTerms(hedge=Side.BUY))


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
    assert list(made.payload(Kind.CORPORATE, split, 0)) == []


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
    [used] = only(made.report(ReportType.FILLED, name, **fill), ConversionUsed)
    assert (used.path, used.value) == ("BNBUSDT.BINANCE", str(money("0.0006")))
    assert made.engine.manager.position(0).fees == money("0.0006")


def test_dust_after_a_partial_fill_is_refused_once_told_as_dust_and_not_asked_for_again():
    made = stage(Holder, AccountingRules())
    rules = msgspec.structs.replace(BTC, lot=LOT // 10, min_quantity=LOT // 2)
    made.payload(Kind.INSTRUMENT, InstrumentDefined(rules), 0)
    made.feed(FeedState.CONNECTED)
    made.quote(99_99, 100_01)
    [order] = only(made.lifecycle(LifecycleState.READY), ApprovedSubmit)
    name = order.intent.client_order_id
    effects = made.fill(name, LOT // 10, 100_00)
    assert [refusal.code for refusal in only(effects, Refusal)] == ["MIN_QUANTITY"]
    later = [*made.report(ReportType.EXPIRED, name), *made.quote(99_99, 100_01), *made.time(SECOND)]
    assert only(later, ApprovedSubmit) == []
    assert only(later, Refusal) == []
    [dust] = dusts(made.engine.manager)
    assert (dust.quantity, "smallest order" in dust.why) == (LOT // 10, True)


def test_both_legs_work_beside_each_other():
    made = stage(Hedger, AccountingRules(hedging=True))
    perpetual = msgspec.structs.replace(BTC, asset_class=AssetClass.PERPETUAL)
    made.payload(Kind.INSTRUMENT, InstrumentDefined(perpetual), 0)
    made.feed(FeedState.CONNECTED)
    made.quote(99_99, 100_01)
    effects = made.lifecycle(LifecycleState.READY)
    long, short = only(effects, ApprovedSubmit)
    assert [refusal.code for refusal in only(effects, Refusal)] == ["REDUCE_ONLY"]
    made.fill(long.intent.client_order_id, LOT, 100_00, "e1")
    made.fill(short.intent.client_order_id, LOT, 101_00, "e2")
    manager = made.engine.manager
    assert (manager.leg(0, 1).quantity, manager.leg(0, -1).quantity, manager.position(0).quantity) == (LOT, -LOT, 0)
    assert manager.position(0).unrealised(1) == LOT * 100 * manager.position(0).factor  # locked in: a point a unit
