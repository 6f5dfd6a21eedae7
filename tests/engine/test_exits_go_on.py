"""Exits go on until a position is closed: whatever else is traded, however wide their collar, by the newest rules."""

import msgspec

from core.effects import ExitChanged
from core.events import ReportType
from core.orders import ApprovedSubmit, Refusal, Side
from engine import StrategySpec
from risk.exits.settings import StrategyExits
from risk.limits import RiskLimits
from strategies import Strategy
from tests.engine.scenario import BTC, LOT, SECOND, Stage, only


class Buyer(Strategy):
    """Buys once."""

    def on_start(self):
        self.buy(self.markets[0], 2 * LOT)


class Churner(Strategy):
    """Buys a little at each quote."""

    def on_start(self):
        self.subscribe_quotes(self.markets[0])

    def on_quote(self, quote):
        self.buy(self.markets[0], LOT, 98_02)


def fills(stage: Stage, order: ApprovedSubmit, price: int) -> None:
    name = order.intent.client_order_id
    stage.report(ReportType.ACCEPTED, name, venue_order_id="v" + name)
    stage.fill(name, order.intent.quantity, price, "x" + name)


def guarded(*others: StrategySpec, limits: RiskLimits | None = None, **exits: object) -> Stage:
    """A stage whose buyer holds 0.02 BTC from 100.00."""
    buyer = StrategySpec(
        id="buyer",
        strategy=Buyer,
        params=Buyer.Params(),
        instruments=(BTC.id,),
        exits=msgspec.convert(exits, StrategyExits),
    )
    stage = Stage(buyer, *others, limits=limits, carried=True)
    [order] = only(stage.open(), ApprovedSubmit)
    fills(stage, order, 100_00)
    return stage


def test_a_closing_order_that_ended_is_followed_by_another_however_often_others_trade():
    churner = StrategySpec(id="churner", strategy=Churner, params=Churner.Params(), instruments=(BTC.id,))
    stage = guarded(churner, stop_loss="2%")
    sent = only(stage.quote(98_00, 98_02), ApprovedSubmit)
    [closing] = [each.intent.client_order_id for each in sent if each.intent.side is Side.SELL]
    stage.report(ReportType.ACCEPTED, closing, venue_order_id="v")
    stage.report(ReportType.EXPIRED, closing)
    again = []
    for _ in range(4):
        effects = stage.quote(98_00, 98_02, after_ns=SECOND * 6 // 10)
        again += [each for each in only(effects, ApprovedSubmit) if each.intent.side is Side.SELL]
        for order in only(effects, ApprovedSubmit):
            if order.intent.side is Side.BUY:
                fills(stage, order, 98_02)
    assert [each.intent.quantity for each in again[:1]] == [2 * LOT], "within the second, not once all others rest"


def test_a_collar_as_wide_as_the_gate_allows_and_wider_closes_all_the_same():
    for collar in ("1%", "5%"):
        limits = RiskLimits(max_order_notional=1_000_000, max_position_notional=10_000_000, max_price_deviation="0.01")
        stage = guarded(limits=limits, stop_loss="2%", collar=collar)
        effects = stage.quote(98_00, 98_01)
        assert not only(effects, Refusal)
        [order] = only(effects, ApprovedSubmit)
        assert order.intent.price in {97_03, 97_04}, "98.005 less 1 % is 97.02495"


def test_a_strategy_that_comes_again_has_the_exits_that_it_came_with():
    stage = guarded(stop_loss="2%")
    engine = stage.engine
    [actor] = engine.desk.actors
    other = msgspec.convert({"stop_loss": "5%"}, StrategyExits)
    engine.attach(StrategySpec(id="buyer", strategy=Buyer, params=Buyer.Params(), instruments=(BTC.id,), exits=other),
                  actor.context)  # fmt: skip
    assert not only(stage.quote(95_01, 95_03), ExitChanged)
    assert only(stage.quote(95_00, 95_02), ExitChanged)[0].trigger == 95_00
