"""Strategies ask for sizes: journaled with the rule that bound them, scaled by the operator, the same on replay."""

from collections.abc import Sequence

import pytest

from core.effects import Alert, Effect, ScaleChanged, Sized
from core.events import CommandReceived, StateCarried
from core.orders import ApprovedSubmit, Side
from core.records import NO_INSTRUMENT, Kind
from engine import StrategySpec, build_engine
from oms.fold import Fold
from oms.state import state_hash
from risk.sizing.settings import SizingSettings, StrategySizing
from strategies import Breakout, Strategy, StrategyError
from tests.engine.scenario import LOT, SECOND, Stage, only

RULES = StrategySizing(largest=0.5, equity_share=0.25, volatility_target=0.5)


class Asks(Strategy):
    """Asks for a size, and buys so much, at each bid of 100.05."""

    def on_start(self):
        self.subscribe_quotes(self.markets[0])

    def on_quote(self, quote):
        if quote.bid_price == 100_05 and (quantity := self.size(self.markets[0], Side.BUY)):
            self.buy(self.markets[0], quantity, 100_00)


def staged(rules: StrategySizing | None = RULES, kind: type[Strategy] = Asks, **params: object) -> Stage:
    spec = StrategySpec(
        id="asks", strategy=kind, params=kind.Params(**params), instruments=("BTCUSDT.BINANCE",), sizing=rules
    )
    stage = Stage(spec, carried=True)
    stage.settings = type(stage.settings)(
        **{**vars(stage.settings), "sizing": SizingSettings(sample_s=1, window=30, least=3)}
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
