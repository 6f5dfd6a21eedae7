"""Strategies ask for sizes: journaled with the rule that bound them, scaled by the operator, the same on replay."""

from collections.abc import Sequence

import pytest

from core.effects import Alert, Effect, OrderBusted, OrderFilled, ScaleChanged, Sized
from core.events import CommandReceived, InstrumentDefined, ReportType, StateCarried
from core.orders import ApprovedSubmit, Side
from core.records import NO_INSTRUMENT, Kind
from engine import StrategySpec, build_engine
from oms.fold import Fold
from oms.state import state_hash
from risk.sizing.settings import RegimeSettings, SizingSettings, StrategySizing
from strategies import Breakout, Strategy, StrategyError
from tests.engine.scenario import BTC, LOT, SECOND, Stage, only

RULES = StrategySizing(largest=0.5, equity_share=0.25, volatility_target=0.5)


class Asks(Strategy):
    """Asks for a size, and buys so much, at each bid of 100.05."""

    def on_start(self):
        self.subscribe_quotes(self.markets[0])

    def on_quote(self, quote):
        if quote.bid_price == 100_05 and (quantity := self.size(self.markets[0], Side.BUY)):
            self.buy(self.markets[0], quantity, 100_00)


SIZING = SizingSettings(
    sample_s=1,
    window=30,
    least=3,
    atr_bar_s=1,
    atr_period=2,
    regime=RegimeSettings(short=3, wild=0.2, normal=0.5, calm=0.5),
)
EVERY = StrategySizing(
    largest=5, equity_share=1, volatility_target=5, risk_per_trade=0.5, kelly=1, kelly_least=2, kelly_errors=0,
    parity=1, depth_share=1, volume_share=1, unproven=0.01,
)  # fmt: skip


def staged(
    rules: StrategySizing | None = RULES,
    kind: type[Strategy] = Asks,
    sizing: SizingSettings | None = None,
    **params: object,
) -> Stage:
    spec = StrategySpec(
        id="asks", strategy=kind, params=kind.Params(**params), instruments=("BTCUSDT.BINANCE",), sizing=rules
    )
    stage = Stage(spec, carried=True)
    stage.settings = type(stage.settings)(
        **{**vars(stage.settings), "sizing": sizing or SizingSettings(sample_s=1, window=30, least=3)}
    )
    stage.engine = build_engine(stage.settings)
    stage.open()
    return stage


def say(stage: Stage, scope: str, ppm: str, reason: str = "wild") -> Sequence[Effect]:
    args = {"scale_ppm": ppm}
    told = CommandReceived(name="scale", strategy_id="", source="uid=1000", reason=reason, scope=scope, args=args)
    return stage.payload(Kind.COMMAND, told)


def asked(stage: Stage) -> Sized:
    [sized] = only(stage.quote(100_05, 100_07), Sized)
    return sized


def warm(stage: Stage, seconds: int = 6) -> None:
    """Move up and down by 0.01 each second."""
    for second in range(seconds):
        stage.quote(99_99 + second % 2, 100_01 + second % 2, after_ns=SECOND)


def test_before_the_volatility_is_known_nothing_may_be_held_and_the_size_says_so():
    stage = staged()
    sized = asked(stage)
    assert (sized.quantity, sized.bound_by) == (0, "volatility-unknown")
    assert sized.figures["volatility_needs"] == "3 returns, 0 seen"
    assert not stage.engine.manager.open_orders()


def test_a_fixed_quantity_may_stand_in_for_what_is_not_known():
    stage = staged(StrategySizing(volatility_target=0.5, unproven=0.02))
    sized = asked(stage)
    assert (sized.quantity, sized.bound_by) == (2 * LOT, "volatility-unknown")


def test_a_known_size_is_bound_by_its_smallest_rule_and_told_before_its_order():
    stage = staged()
    warm(stage)
    effects = stage.quote(100_05, 100_07)
    [sized], [order] = only(effects, Sized), only(effects, ApprovedSubmit)
    assert (sized.quantity, sized.bound_by) == (50 * LOT, "largest")
    assert effects.index(sized) < effects.index(order)
    assert order.intent.quantity == 50 * LOT
    assert sized.bounds["equity"] == 100_000 * 10**8 * 100 // (4 * 100_06)


@pytest.mark.parametrize(("scope", "scaled"), [("strategy:asks", 25), ("all", 25), ("venue:BINANCE", 25)])
def test_the_operator_halves_sizes_of_a_scope_at_once(scope, scaled):
    stage = staged()
    warm(stage)
    effects = say(stage, scope, "500000")
    assert [(each.before_ppm, each.scale_ppm) for each in only(effects, ScaleChanged)] == [(1_000_000, 500_000)]
    sized = asked(stage)
    assert (sized.quantity, sized.scale_ppm, sized.bound_by) == (scaled * LOT, 500_000, "largest")


def test_of_several_factors_the_smallest_holds_and_one_ends_it():
    stage = staged()
    warm(stage)
    say(stage, "all", "500000")
    say(stage, "strategy:asks", "800000")
    assert asked(stage).scale_ppm == 500_000
    say(stage, "all", "1000000")
    assert asked(stage).scale_ppm == 800_000
    say(stage, "strategy:asks", "1000000")
    assert not stage.engine.sizing.sizer.scales.held


@pytest.mark.parametrize(
    ("scope", "ppm", "reason", "why"),
    [
        ("strategy:asks", "1000001", "greed", "expected 0 to 1000000"),
        ("strategy:asks", "-1", "typo", "expected 0 to 1000000"),
        ("strategy:asks", "1" * 5_000, "typo", "expected 0 to 1000000"),
        ("strategy:asks", "", "typo", "expected 0 to 1000000"),
        ("strategy:asks", "500000", " ", "give the reason"),
        ("strategy:ask", "500000", "typo", "there is no strategy 'ask' here"),
    ],
)
def test_what_cannot_be_scaled_is_refused_and_changes_nothing(scope, ppm, reason, why):
    stage = staged()
    effects = say(stage, scope, ppm, reason)
    [alert] = only(effects, Alert)
    assert alert.code == "COMMAND_REFUSED"
    assert why in alert.message
    assert not stage.engine.sizing.sizer.scales.held


def test_a_strategy_without_rules_cannot_be_scaled_and_is_paused_when_it_asks():
    stage = staged(None)
    [alert] = only(say(stage, "strategy:asks", "500000"), Alert)
    assert "nothing there asks for sizes" in alert.message
    stage.quote(100_05, 100_07)
    actor = stage.engine.desk.by_id["asks"]
    assert not actor.active
    with pytest.raises(StrategyError, match=r"give it \[strategies.sizing\]"):
        actor.strategy.size(stage.engine.markets[0], Side.BUY)


def test_sizes_and_factors_replay_to_the_same_digest():
    stage = staged()
    warm(stage)
    say(stage, "strategy:asks", "500000")
    asked(stage)
    again = build_engine(stage.settings)
    for event in stage.fed:
        again.step(event)
    assert again.digest() == stage.engine.digest()


def test_a_factor_survives_a_restart_and_the_fold_of_the_records_has_it_too():
    stage = staged()
    effects = say(stage, "strategy:asks", "500000")
    state = stage.engine.durable_state()
    scratch = build_engine(stage.settings)
    fold = Fold(scratch.manager, scratch.parts())
    for effect in only(effects, ScaleChanged):
        fold.record(Kind.SCALE, NO_INSTRUMENT, stage.now_ns, effect)
    assert fold.durable_state() == state

    later = Stage(*stage.settings.strategies, carried=True)
    carried = StateCarried(session="s", seq=1, state=state, digest=state_hash(state))
    told = later.payload(Kind.CARRIED, carried)
    assert later.engine.sizing.sizer.scales.ppm("strategy:asks") == 500_000
    assert "scaled to 0.5 since the session before" in " ".join(alert.message for alert in only(told, Alert))


@pytest.mark.parametrize("rules", [None, RULES])
def test_a_factor_that_is_older_than_the_settings_can_be_ended(rules):
    stage = staged()
    say(stage, "strategy:asks", "500000")
    state = stage.engine.durable_state()
    other = StrategySpec(
        id="other", strategy=Asks, params=Asks.Params(), instruments=("BTCUSDT.BINANCE",), sizing=rules
    )
    later = Stage(other, carried=True)
    later.payload(Kind.CARRIED, StateCarried(session="s", seq=1, state=state, digest=state_hash(state)))
    with_it = later.engine.digest()
    [alert] = only(say(later, "strategy:asks", "1000000", "long gone"), Alert)
    assert alert.code == "SCALED"
    assert not later.engine.sizing.sizer.scales.held
    assert later.engine.digest() != with_it


def test_a_session_without_rules_samples_nothing_and_its_digest_knows_of_no_sizes():
    stage = staged(None)
    warm(stage)
    assert stage.engine.sizing.sizer.state() == []
    assert not [entry for entry in stage.engine.timers.state() if entry[2] == "sizes:"]


def test_the_breakout_takes_what_its_rules_allow():
    stage = staged(StrategySizing(largest=0.3), Breakout, quantity="sized", bar_seconds=1, channel=2, atr=1)
    seen: list[Effect] = []
    for step, mid in enumerate((100_00, 100_02, 100_00, 100_02, 100_00, 100_20, 100_40, 100_60)):
        seen += stage.quote(mid - 1, mid + 1, after_ns=SECOND * (step > 0) + 1)
    [order] = only(seen, ApprovedSubmit)
    assert (order.intent.side, order.intent.quantity) == (Side.BUY, 30 * LOT)
    assert only(seen, Sized)[0].bound_by == "largest"


def test_the_breakout_without_rules_says_what_it_needs():
    stage = staged(None, Breakout, quantity="sized")
    assert not stage.engine.desk.by_id["asks"].active


class Turns(Strategy):
    """Goes in with its size when flat and out when not, at each bid of 100.05."""

    def on_start(self):
        self.subscribe_quotes(self.markets[0])

    def on_quote(self, quote):
        if quote.bid_price != 100_05 or self.open_orders():
            return
        market = self.markets[0]
        if held := self.position(market):
            self.sell(market, held)
        elif quantity := self.size(market, Side.BUY, stop_distance=50):
            self.buy(market, quantity)


def traded(stage: Stage, prices: Sequence[int]) -> list[Effect]:
    """Fill what it asks for at prices, one after the other."""
    seen: list[Effect] = []
    for number, price in enumerate(prices):
        effects = list(stage.quote(100_05, 100_07, after_ns=SECOND))
        for order in only(effects, ApprovedSubmit):
            name = order.intent.client_order_id
            stage.report(ReportType.ACCEPTED, name, venue_order_id="v" + name)
            seen += stage.fill(name, order.intent.quantity, price, f"x{number}")
        stage.trade(100_05 + number % 3, 100 * LOT)
        seen += effects
    return seen


def test_closed_trades_are_counted_by_the_engine_and_the_fold_alike_and_survive_a_restart():
    stage = staged(StrategySizing(kelly=1, unproven=0.01), Turns)
    seen = traded(stage, (100_00, 101_00, 100_00, 99_00, 100_00))
    kelly = [sized.figures["kelly_needs"] for sized in only(seen, Sized)]
    assert kelly == [f"30 closed trades, {number} seen" for number in range(3)]
    engine_trades = stage.engine.sizing.sizer.figures.trades
    assert [round(each, 6) for each in engine_trades.returns["asks"]] == [0.01, -0.01]
    scratch = build_engine(stage.settings)
    fold = Fold(scratch.manager, scratch.parts())
    fold.record(Kind.INSTRUMENT, 0, 0, InstrumentDefined(BTC))
    for effect in seen:
        if isinstance(effect, OrderFilled | OrderBusted):
            fold.record(Kind.FILL, 0, 0, effect)
    assert scratch.sizing.sizer.figures.trades.durable() == engine_trades.durable() != b""

    state = stage.engine.durable_state()
    later = build_engine(stage.settings)
    event = (stage.now_ns, 0, StateCarried(session="s", seq=1, state=state, digest=state_hash(state)), 0, 0, 0, 0)
    later.step((Kind.INSTRUMENT, 0, 0, stage.now_ns, 0, InstrumentDefined(BTC), 0, 0, 0, 0))
    later.step((Kind.CARRIED, 0, NO_INSTRUMENT, *event))
    assert later.sizing.sizer.figures.trades.state() == engine_trades.state()


def test_a_position_that_no_counted_trade_opened_makes_kelly_unknown():
    stage = staged(StrategySizing(kelly=1, unproven=0.01), Turns)
    traded(stage, (100_00, 101_00, 100_00, 99_00, 100_00))
    figures, market = stage.engine.sizing.sizer.figures, stage.engine.markets[0]
    assert figures.trade_returns("asks", market.instrument, 0) is not None
    figures.trades.open.clear()
    assert figures.trade_returns("asks", market.instrument, 0) is None


def test_every_rule_and_the_regime_bind_together_and_replay_to_the_same_digest():
    stage = staged(EVERY, Turns, SIZING)
    traded(stage, [100_00, 101_00, 100_00, 99_50] * 3)
    stage.quote(99_00, 99_02, after_ns=SECOND)
    seen = traded(stage, [100_00, 101_00] * 2)
    sized = only(seen, Sized)[-1]
    assert set(sized.bounds) == {"largest", "depth", "volume", "equity", "volatility", "risk", "kelly", "parity"}
    assert sized.regime in {"calm", "normal", "wild"}
    assert sized.quantity == min(sized.bounds.values()) * sized.regime_ppm // 1_000_000 // 1000 * 1000
    assert sized.figures["stop_distance"] == "50"
    again = build_engine(stage.settings)
    for event in stage.fed:
        again.step(event)
    assert again.digest() == stage.engine.digest()


def test_strategies_share_the_value_by_their_parts_in_the_risk():
    stage = staged(StrategySizing(parity=3), sizing=SIZING)
    stage.engine.sizing.sizer.add("other", StrategySizing(parity=1), BTC.id)
    for second in range(6):
        stage.quote(99_99 + 10 * (second % 2), 100_01 + 10 * (second % 2), after_ns=SECOND)
    sized = asked(stage)
    # Of one and the same instrument the parts add risk as their squares' roots: x_i is in proportion to the budget.
    assert sized.figures["parity_share"] == "0.75"
    assert sized.bounds["parity"] == pytest.approx(0.75 * 100_000 * 1e8 / 100.06, rel=1e-9)
