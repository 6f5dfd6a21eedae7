from typing import Any

import pytest

from core.effects import Alert, OrderFilled, OrderUpdated, PositionChanged, StrategyChanged, StrategyState
from core.events import FeedState, LifecycleState, ReportType
from core.orders import ApprovedCancel, ApprovedSubmit, OrderState, Refusal
from engine.desk import MAX_INTENTS_PER_EVENT
from risk.limits import RiskLimits
from strategies import Strategy
from tests.engine.scenario import LOT, Stage, kinds, only


class Buyer(Strategy):
    """Buys one lot at a limit on every quote, and remembers what it is told."""

    def on_start(self):
        self.told: list[Any] = []
        self.subscribe_quotes(self.markets[0])

    def on_quote(self, quote):
        self.last = self.buy(self.markets[0], LOT, quote.bid_price)

    def on_order(self, update):
        self.told.append(update.state)

    def on_fill(self, fill):
        self.told.append(("fill", fill.quantity))

    def on_refusal(self, refusal):
        self.told.append(refusal.code)

    def save(self):
        return {"told": len(self.told)}


def opened(*strategies, **settings) -> Stage:
    stage = Stage(*strategies, **settings)
    stage.open()
    return stage


def told(stage: Stage, number: int = 0) -> list[Any]:
    strategy = stage.engine.desk.actors[number].strategy
    assert isinstance(strategy, Buyer)
    return strategy.told


def test_a_strategy_starts_when_the_daemon_is_ready_and_not_before():
    stage = Stage(Buyer)
    assert not stage.engine.desk.actors[0].active
    effects = stage.open()
    assert kinds(effects) == ["StrategyChanged"]
    assert stage.engine.desk.actors[0].active


def test_an_order_is_approved_before_it_is_an_order():
    effects = opened(Buyer).quote(99_98, 100_01)
    assert kinds(effects) == ["ApprovedSubmit", "OrderUpdated"]
    [submit], [update] = only(effects, ApprovedSubmit), only(effects, OrderUpdated)
    assert submit.intent.client_order_id == update.client_order_id
    assert update.state is OrderState.SUBMITTED


def test_client_order_ids_never_repeat():
    stage = opened(Buyer)
    ids = [only(stage.quote(99_98, 100_01), ApprovedSubmit)[0].intent.client_order_id for _ in range(5)]
    assert len(set(ids)) == 5


def test_a_refusal_is_told_to_its_strategy_and_reaches_no_venue():
    stage = opened(Buyer, limits=RiskLimits(max_order_notional="0.5"))
    effects = stage.quote(99_98, 100_01)
    assert kinds(effects) == ["Refusal"]
    assert told(stage) == ["MAX_NOTIONAL"]
    assert stage.engine.manager.open_orders() == []


def test_the_life_of_an_order_is_told_to_its_strategy():
    stage = opened(Buyer)
    order = only(stage.quote(99_98, 100_01), ApprovedSubmit)[0].intent.client_order_id
    stage.report(ReportType.ACCEPTED, order, venue_order_id="v1")
    effects = stage.fill(order, LOT, 99_98)
    assert [type(effect) for effect in effects][:2] == [OrderFilled, PositionChanged]
    assert told(stage) == [OrderState.SUBMITTED, OrderState.ACCEPTED, ("fill", LOT), OrderState.FILLED]
    assert stage.engine.manager.position(0).quantity == LOT


def test_only_the_owner_of_an_order_is_told():
    class Watcher(Buyer):
        def on_quote(self, quote):
            """Ask for nothing."""

    stage = opened(Buyer, Watcher)
    stage.quote(99_98, 100_01)
    assert told(stage, 0) == [OrderState.SUBMITTED]
    assert told(stage, 1) == []


def test_nothing_is_sent_before_ready_or_while_draining():
    class Eager(Buyer):
        def on_stop(self):
            self.buy(self.markets[0], LOT, 99_00)

    stage = opened(Eager)
    effects = stage.lifecycle(LifecycleState.DRAINING)
    assert only(effects, ApprovedSubmit) == []
    assert told(stage) == ["NOT_READY"]


def test_draining_cancels_every_working_order_and_stops_the_strategies():
    stage = opened(Buyer)
    order = only(stage.quote(99_98, 100_01), ApprovedSubmit)[0].intent.client_order_id
    effects = stage.lifecycle(LifecycleState.DRAINING)
    assert [cancel.client_order_id for cancel in only(effects, ApprovedCancel)] == [order]
    assert stage.engine.desk.actors[0].state is StrategyState.STOPPED
    assert stage.quote(99_97, 100_01) == ()


def test_a_raising_strategy_is_paused_with_its_place_told_and_its_orders_cancelled_while_others_go_on():
    class Breaks(Buyer):
        def on_quote(self, quote):
            if quote.bid_price == 99_90:
                raise ZeroDivisionError("by nothing")
            super().on_quote(quote)

    stage = opened(Breaks, Buyer)
    mine = only(stage.quote(99_98, 100_01), ApprovedSubmit)[0].intent.client_order_id
    effects = stage.quote(99_90, 100_01)
    change = only(effects, StrategyChanged)[0]
    assert (change.strategy_id, change.state) == ("Breaks", StrategyState.PAUSED)
    assert change.reason.startswith("ZeroDivisionError in test_engine_orders.py:")
    assert "by nothing" in change.traceback
    assert [cancel.client_order_id for cancel in only(effects, ApprovedCancel)] == [mine]
    assert [submit.intent.strategy_id for submit in only(effects, ApprovedSubmit)] == ["Buyer"]
    assert [submit.intent.strategy_id for submit in only(stage.quote(99_97, 100_01), ApprovedSubmit)] == ["Buyer"]


@pytest.mark.parametrize("callback", ["on_start", "on_order", "on_fill", "on_refusal", "on_stop", "on_timer"])
def test_a_strategy_that_raises_in_any_callback_is_paused(callback):
    class Breaks(Buyer):
        def on_quote(self, quote):
            super().on_quote(quote)
            self.set_timer("soon", 10)
            if quote.bid_price == 99_00:
                self.buy(self.markets[0], 7)  # off the lot: refused

    def broken(*_args):
        raise RuntimeError(callback)

    setattr(Breaks, callback, broken)
    stage = Stage(Breaks)
    effects = [*stage.open(), *stage.quote(99_98, 100_01)]
    submits = only(effects, ApprovedSubmit)
    if submits:
        effects += stage.fill(submits[0].intent.client_order_id, LOT, 99_98)
    effects += [*stage.quote(99_00, 100_01), *stage.time(100), *stage.lifecycle(LifecycleState.DRAINING)]
    changes = [change for change in only(effects, StrategyChanged) if change.state is StrategyState.PAUSED]
    assert len(changes) == 1
    assert "RuntimeError" in changes[0].reason


def test_a_strategy_that_never_stops_asking_is_paused():
    class Runaway(Buyer):
        def on_quote(self, quote):
            for _ in range(MAX_INTENTS_PER_EVENT + 1):
                self.buy(self.markets[0], LOT)

    stage = opened(Runaway)
    effects = stage.quote(99_98, 100_01)
    assert only(effects, ApprovedSubmit) == []
    assert "asked for more than" in only(effects, StrategyChanged)[0].reason


def test_a_strategy_that_answers_every_refusal_with_an_order_is_paused_rather_than_looping_for_ever():
    class Stubborn(Buyer):
        def on_refusal(self, refusal):
            self.buy(self.markets[0], 7)

    stage = opened(Stubborn, limits=RiskLimits(max_order_notional="0.5"))
    effects = stage.quote(99_98, 100_01)
    assert only(effects, StrategyChanged)[0].state is StrategyState.PAUSED


def test_an_operator_pauses_one_strategy():
    stage = opened(Buyer)
    stage.quote(99_98, 100_01)
    effects = stage.command("pause", "Buyer")
    assert kinds(effects)[:2] == ["StrategyChanged", "ApprovedCancel"]


def test_an_operator_cancels_everything_and_the_strategy_goes_on():
    stage = opened(Buyer)
    stage.quote(99_98, 100_01)
    assert len(only(stage.command("cancel-all"), ApprovedCancel)) == 1
    assert len(only(stage.quote(99_97, 100_01), ApprovedSubmit)) == 1


def test_a_command_that_cannot_be_carried_out_is_told():
    assert only(opened(Buyer).command("pause", "nobody"), Alert)[0].code == "COMMAND_REFUSED"


def test_a_report_on_an_order_that_is_not_ours_is_told_and_changes_nothing():
    stage = opened(Buyer)
    before = stage.engine.manager.state()
    effects = stage.report(ReportType.ACCEPTED, "web_123")
    assert kinds(effects) == ["Alert"]
    assert stage.engine.manager.state() == before


def test_an_order_on_a_disconnected_or_stale_market_is_refused():
    stage = opened(Buyer)
    stage.feed(FeedState.DISCONNECTED)
    assert only(stage.quote(99_98, 100_01), Refusal)[0].code == "MARKET_STALE"
    stage.feed(FeedState.CONNECTED)
    stage.feed(FeedState.STALE, "quotes")
    assert only(stage.quote(99_98, 100_01), Refusal)[0].code == "MARKET_STALE"
    stage.feed(FeedState.FRESH, "quotes")
    assert only(stage.quote(99_98, 100_01), Refusal) == []


def test_a_strategy_whose_instrument_no_venue_defined_is_paused_with_its_name():
    stage = Stage(Buyer)
    effects = stage.lifecycle(LifecycleState.READY)
    assert "BTCUSDT.BINANCE" in only(effects, StrategyChanged)[0].reason
