"""`[risk.breakers]` read again while trading: rows come, go and change, stricter at once, looser after a while."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.controls import BreakerChanged, LimitChanged
from core.effects import Alert
from core.events import CommandReceived, FeedState, StateCarried
from core.orders import Side
from core.records import Kind
from daemon.limits_view import limits_view
from engine import build_engine
from oms.latches import Level
from oms.state import state_hash
from risk.breaker_settings import (
    KINDS,
    AfterArm,
    BreakerSettings,
    CancelRow,
    CountRow,
    DrawdownRow,
    LagRow,
    LossRow,
    QuorumRow,
    RejectRow,
    RepeatRow,
    SlippageRow,
    SpreadRow,
    StepName,
    StreakRow,
    VolatilityRow,
)
from risk.breaker_stricter import breaker_is_stricter
from risk.errors import LimitsError
from risk.limit_words import read_value
from risk.limits import RiskLimits
from tests.engine.breaker_floor import Floor, board, limits, mid, stage
from tests.engine.scenario import LOT, SECOND, Stage, only
from tests.engine.test_fold import Restless

ME, YOU = "socket:uid=1000,pid=1", "socket:uid=0,pid=2"


def say(floor: Stage, word: str, scope: str = "", source: str = ME, **args: str):
    command = CommandReceived(name=word, scope=scope, source=source, reason="the week", args=args)
    return floor.payload(Kind.COMMAND, command)


def reload(floor: Stage, **rows: Any):
    return say(floor, "reload", risk=json.dumps(msgspec.to_builtins(limits(**rows))))


def told(effects):
    return [(each.scope, each.name, each.value, each.due_ns > 0) for each in only(effects, LimitChanged)]


def refused(effects) -> str:
    return next((each.message for each in only(effects, Alert) if each.code == "COMMAND_REFUSED"), "")


def later(floor: Stage, seconds: int = 301):
    return [*floor.time(seconds * SECOND), *floor.time(SECOND)]


# -- rows ------------------------------------------------------------------------------------------------------------


def test_a_new_row_holds_at_once_and_trips():
    floor = stage(loss=(LossRow(warn_at=50),))
    floor.trade(Side.BUY, 100_00)
    effects = reload(floor, loss=(LossRow(warn_at=50),), day_loss=(LossRow(scope="strategy:*", halt_at="5.0"),))
    assert told(effects) == [("strategy:*", "day_loss", '{"after_arm":"anew","halt_at":"5"}', False)]
    floor.tick()
    assert list(board(floor).breakers) == [("loss", "all"), ("day_loss", "strategy:Idle")]
    floor.tick(*mid(95_01))
    assert floor.latch("strategy:Idle") == 0
    floor.tick(*mid(95_00))
    assert floor.latch("strategy:Idle") == Level.HALT


def test_a_row_that_goes_waits_and_then_watches_no_more_but_what_it_latched_stays():
    floor = stage(day_loss=(LossRow(halt_at=5),), loss_streak=(StreakRow(warn_at=9),))
    floor.trade(Side.BUY, 100_00)
    floor.tick(*mid(95_00))
    effects = reload(floor, loss_streak=(StreakRow(warn_at=9),))
    assert told(effects) == [("all", "day_loss", "none", True)]
    assert ("day_loss", "all") in board(floor).breakers
    gone = [each for each in only(later(floor), BreakerChanged) if each.breaker == "day_loss"]
    assert [(each.step, each.memory, each.reason) for each in gone] == [(0, {}, "its row was taken off")]
    assert list(board(floor).breakers) == [("loss_streak", "all")]
    assert floor.latch() == Level.HALT
    assert floor.engine.gate.freezes.latches.held["all"].source == "breaker:day_loss"
    floor.arm()
    assert floor.latch() == 0
    floor.tick(*mid(50_00))
    assert floor.latch() == 0


def test_a_row_that_goes_holds_no_more_once_a_second_person_agrees():
    floor = stage(day_loss=(LossRow(halt_at=5),))
    reload(floor)
    assert "somebody else has to approve it" in refused(say(floor, "approve"))
    assert told(say(floor, "approve", source=YOU)) == [("all", "day_loss", "none", False)]
    floor.tick()
    assert not board(floor).breakers


def test_a_row_that_comes_back_counts_anew_with_the_figures_that_it_comes_with():
    floor = stage(day_loss=(LossRow(halt_at=5),))
    floor.trade(Side.BUY, 100_00)
    floor.tick(*mid(97_00))
    reload(floor)
    later(floor)
    reload(floor, day_loss=(LossRow(halt_at=9),))
    floor.tick(seconds=2)
    assert floor.engine.gate.limits.breakers == BreakerSettings(day_loss=(LossRow(halt_at="9"),))
    floor.tick(*mid(88_01))
    assert floor.latch() == 0
    floor.tick(*mid(88_00))
    assert floor.latch() == Level.HALT


def test_a_row_of_its_own_beside_one_of_each_waits_unless_it_is_stricter_in_every_part():
    every = LossRow(scope="strategy:*", reduce_at=3, halt_at=5)
    for own, waits in (
        (LossRow(scope="strategy:Idle", reduce_at=3, halt_at=6), True),
        (LossRow(scope="strategy:Idle", halt_at=1), True),
        (LossRow(scope="strategy:Idle", reduce_at=3, halt_at=5), False),
        (LossRow(scope="strategy:Idle", reduce_at=1, halt_at=2, after_arm=AfterArm.ON), False),
    ):
        floor = stage(day_loss=(every,))
        assert [each[3] for each in told(reload(floor, day_loss=(every, own)))] == [waits]


def test_parts_of_a_row_that_goes_go_with_it_whatever_waits():
    floor = stage(reject_rate=(RejectRow(halt_at="0.5"),))
    say(floor, "set", "all", **{"reject_rate.halt_at": "0.4"})
    say(floor, "set", "all", **{"reject_rate.window_s": "90", "reject_rate.least": "20", "reject_rate.warn_at": "none"})
    reload(floor)
    assert told(say(floor, "approve", source=YOU)) == [("all", "reject_rate", "none", False)]
    changes = floor.engine.gate.changes
    assert [each.name for each in changes.changed.values()] == ["reject_rate"]
    assert not changes.waiting
    reload(floor, reject_rate=(RejectRow(halt_at="0.5"),))
    assert not changes.changed


def test_of_what_falls_due_together_parts_of_a_row_that_goes_are_left_out():
    floor = stage(reject_rate=(RejectRow(halt_at="0.5"),))
    say(floor, "set", "all", **{"reject_rate": "none", "reject_rate.window_s": "90"})
    assert [each[1] for each in told(later(floor))] == ["reject_rate"]
    floor.tick()
    assert not board(floor).breakers


@pytest.mark.parametrize(
    ("args", "why"),
    [
        ({"day_loss": "none"}, "a breaker of all that there is"),
        ({"loss": "5"}, 'a row as JSON, {"halt_at": 400}, or none'),
        ({"loss": '{"window_s": 5}'}, "window_s"),
        ({"loss": '{"scope": "venue:BINANCE", "halt_at": 5}'}, "no scope in it: it is of all"),
        ({"loss": '{"halt_at": 0}'}, "a number above 0"),
        ({"loss.after_arm": "off"}, "anew or on"),
        ({"loss.after_arm": "none"}, "it cannot be left out"),
        ({"loss.window_s": "5"}, "a part of a breaker of all: loss.warn_at"),
        ({"breakers.unvalued": "stop"}, "warn, reduce, halt or flatten"),
        ({"breakers.hysteresis": "1"}, "a share below 1"),
        ({"breakers.collar": "0.02"}, "breakers.hysteresis"),
        ({"reject_rate.least": "0"}, "a whole number from 1"),
        ({"reject_rate.least": "few"}, "a whole number, 0 or more"),
        ({"reject_rate.refusals": "perhaps"}, "true or false"),
    ],
)
def test_what_cannot_be_a_row_or_a_part_of_one_is_refused_and_changes_nothing(args, why):
    floor = stage(loss=(LossRow(warn_at=50),), reject_rate=(RejectRow(warn_at="0.5"),))
    before = floor.engine.gate.limits
    effects = say(floor, "set", "all", **args)
    assert why in refused(effects)
    assert not told(effects)
    assert floor.engine.gate.limits is before


def test_a_row_is_set_by_hand_as_json():
    floor = stage(loss=(LossRow(warn_at=50),))
    assert told(say(floor, "set", "venue:BINANCE", drawdown='{"halt_at": 5}')) == [
        ("venue:BINANCE", "drawdown", '{"after_arm":"anew","halt_at":"5","share":false}', False)
    ]
    assert told(say(floor, "set", "all", loss='{"warn_at": 50, "halt_at": 80}'))[0][3] is False
    assert told(say(floor, "set", "all", loss='{"warn_at": 51, "halt_at": 80}'))[0][3] is True


# -- windows -----------------------------------------------------------------------------------------------------------


def test_what_was_counted_stays_where_a_window_changes():
    floor = stage(repeats=(RepeatRow(halt_at=3, window_s=5),))
    for _ in range(2):
        floor.trade(Side.BUY, 100_00, LOT)
    assert told(reload(floor, repeats=(RepeatRow(halt_at=3, window_s=60),))) == [
        ("all", "repeats.window_s", "60", False)
    ]
    floor.tick(seconds=30)
    assert board(floor).breakers["repeats", "all"].figure_text == "2"
    floor.trade(Side.BUY, 100_00, LOT)
    assert floor.latch() == Level.HALT


def test_a_quorum_of_younger_prices_holds_at_once():
    floor = stage(feed_quorum=(QuorumRow(reduce_below=1, max_age_ms=60_000),))
    floor.time(3 * SECOND)
    assert floor.latch() == 0
    reload(floor, feed_quorum=(QuorumRow(reduce_below=1, max_age_ms=2_000),))
    floor.time(SECOND)
    assert floor.latch() == Level.REDUCE


def test_a_spread_of_fewer_seconds_holds_at_once_with_the_seconds_seen():
    floor = stage(spread=(SpreadRow(scope="symbol:*", reduce_at="0.01", for_s=30),))
    floor.tick(95_00, 105_00, seconds=3)
    assert floor.latch("symbol:BTCUSDT.BINANCE") == 0
    reload(floor, spread=(SpreadRow(scope="symbol:*", reduce_at="0.01", for_s=2),))
    floor.tick(95_00, 105_00)
    assert floor.latch("symbol:BTCUSDT.BINANCE") == Level.REDUCE


def test_a_second_count_that_gets_a_figure_while_running_values_what_is_held():
    floor = stage(second_count=(CountRow(),))
    floor.trade(Side.BUY, 100_00)
    say(floor, "set", "all", **{"second_count.halt_at": "90"})
    floor.tick()
    assert floor.latch() == Level.HALT


def test_windows_that_do_not_fit_each_other_have_no_figure_and_that_counts():
    rows = (VolatilityRow(scope="symbol:*", warn_at=3, short_s=5, long_s=50),)
    floor = stage(volatility=rows, unvalued=StepName.HALT, unvalued_after_s=2)
    say(floor, "set", "symbol:*", **{"volatility.short_s": "50"})
    assert told(say(floor, "approve", source=YOU)) == [("symbol:*", "volatility.short_s", "50", False)]
    floor.tick(seconds=4)
    assert floor.latch("symbol:BTCUSDT.BINANCE") == Level.HALT
    reason = floor.engine.gate.freezes.latches.held["symbol:BTCUSDT.BINANCE"].reason
    assert reason == "volatility cannot be valued: short_s, 50, is not less than long_s, 50"


def test_what_holds_for_all_rows_is_reloaded_too():
    floor = stage(day_loss=(LossRow(halt_at=5),))
    wanted = {"unvalued": StepName.HALT, "unvalued_after_s": 2, "hysteresis": "0.05"}
    assert told(reload(floor, day_loss=(LossRow(halt_at=5),), **wanted)) == [
        ("all", "breakers.hysteresis", "0.05", True),
        ("all", "breakers.unvalued", "halt", False),
        ("all", "breakers.unvalued_after_s", "2", False),
    ]
    floor.trade(Side.BUY, 100_00)
    floor.engine.markets[0].bid_price = floor.engine.markets[0].ask_price = 0
    floor.engine.markets[0].last_price = 0
    floor.time(SECOND)
    floor.time(2 * SECOND)
    assert floor.latch() == Level.HALT


@pytest.mark.parametrize("rows", [{"collar": "0.02"}, {"base_currency": "BTC"}, {"day_begins": "17:00"}])
def test_what_the_figures_are_counted_in_is_read_at_a_start(rows):
    floor = stage(loss=(LossRow(warn_at=1),))
    assert f"risk.breakers.{next(iter(rows))} differs: it is read when a daemon starts" in refused(
        reload(floor, loss=(LossRow(warn_at=1),), **rows)
    )


def test_a_daemon_that_was_started_without_the_table_says_so():
    plain = Stage(limits=RiskLimits())
    plain.open()
    assert "[risk.breakers], which this daemon was started without, differs" in refused(reload(plain, loss=()))


def test_a_drawdown_that_becomes_a_share_changes_as_a_whole():
    floor = stage(drawdown=(DrawdownRow(halt_at=5_000),))
    floor.trade(Side.BUY, 100_00)
    floor.tick()
    assert told(reload(floor, drawdown=(DrawdownRow(halt_at="0.00003", share=True),))) == [
        ("all", "drawdown", '{"after_arm":"anew","halt_at":"0.00003","share":true}', True)
    ]
    later(floor)
    floor.tick(*mid(98_00))
    assert floor.latch() == 0
    floor.tick(*mid(97_00))
    assert floor.latch() == Level.HALT


# -- stricter, or not to be shown ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "before", "stricter"),
    [
        ("repeats.window_s", 11, 10, True),
        ("repeats.window_s", 9, 10, False),
        ("loop_lag_ms.window_s", 11, 10, True),
        ("reject_rate.window_s", 61, 60, False),
        ("reject_rate.window_s", 59, 60, False),
        ("reject_rate.window_s", 60, 60, True),
        ("slippage.window_s", 601, 600, False),
        ("cancel_ratio.window_s", 299, 300, False),
        ("volatility.short_s", 59, 60, False),
        ("volatility.long_s", 901, 900, False),
        ("reject_rate.least", 9, 10, True),
        ("slippage.least", 11, 10, False),
        ("spread.for_s", 2, 3, True),
        ("spread.for_s", 4, 3, False),
        ("feed_quorum.max_age_ms", 4_999, 5_000, True),
        ("feed_quorum.max_age_ms", 5_001, 5_000, False),
        ("reject_rate.refusals", True, False, True),
        ("reject_rate.refusals", False, True, False),
        ("loss.after_arm", AfterArm.ON, AfterArm.ANEW, True),
        ("loss.after_arm", AfterArm.ANEW, AfterArm.ON, False),
        ("second_count.on_difference", StepName.FLATTEN, StepName.HALT, True),
        ("second_count.on_difference", StepName.WARN, StepName.HALT, False),
        ("breakers.unvalued", StepName.HALT, StepName.WARN, True),
        ("breakers.unvalued", StepName.WARN, StepName.HALT, False),
        ("breakers.unvalued_after_s", 30, 60, True),
        ("breakers.unvalued_after_s", 61, 60, False),
        ("breakers.hysteresis", "0.2", "0.1", True),
        ("breakers.hysteresis", "0.05", "0.1", False),
        ("breakers.hysteresis", "0.10", "0.1", True),
        ("breakers.unvalued", StepName.HALT, StepName.HALT, True),
        ("breakers.unvalued_after_s", 60, 60, True),
        ("feed_quorum.warn_below", 2, 2, True),
        ("feed_quorum.warn_below", 3, 2, True),
        ("feed_quorum.warn_below", 1, 2, False),
        ("loss.warn_at", 2, "2.0", True),
    ],
)
def test_a_window_that_says_no_less_is_stricter_and_what_is_not_clear_is_not(name, value, before, stricter):
    assert breaker_is_stricter(name, value, before, RiskLimits()) is stricter


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("reject_rate.refusals", "true", True),
        ("reject_rate.refusals", "false", False),
        ("reject_rate.refusals", "yes", None),
        ("breakers.unvalued_after_s", "9" * 18, 10**18 - 1),
        ("breakers.unvalued_after_s", "9" * 19, None),
        ("breakers.unvalued_after_s", "-1", None),
    ],
)
def test_a_switch_and_a_whole_number_are_read_from_text(name, text, value):
    there = limits(reject_rate=(RejectRow(warn_at="0.5"),))
    if value is None:
        with pytest.raises(LimitsError, match=name):
            read_value(there, "all", name, text)
    else:
        assert read_value(there, "all", name, text) == value


# -- what survives, and what is shown --------------------------------------------------------------------------------

CHOICES: dict[str, tuple[Any, ...]] = {
    "loss": (LossRow(halt_at=5), LossRow(halt_at=9), LossRow(halt_at=5, after_arm=AfterArm.ON)),
    "day_loss": (LossRow(scope="strategy:*", reduce_at=4), LossRow(scope="strategy:*", reduce_at=2, halt_at=7)),
    "drawdown": (DrawdownRow(halt_at=20), DrawdownRow(halt_at="0.1", share=True)),
    "reject_rate": (RejectRow(halt_at="0.9"), RejectRow(halt_at="0.9", window_s=5), RejectRow(halt_at="0.5", least=2)),
    "cancel_ratio": (CancelRow(halt_at=9), CancelRow(halt_at=9, least=2), CancelRow(halt_at=9, window_s=9)),
    "slippage": (SlippageRow(halt_at="0.1"), SlippageRow(halt_at="0.1", least=2, window_s=60)),
    "loop_lag_ms": (LagRow(warn_at=9), LagRow(warn_at=9, window_s=99)),
    "repeats": (RepeatRow(halt_at=4), RepeatRow(halt_at=4, window_s=60)),
    "second_count": (CountRow(), CountRow(on_difference=StepName.WARN), CountRow(halt_at=500)),
    "volatility": (VolatilityRow(scope="symbol:*", halt_at=9), VolatilityRow(scope="symbol:*", halt_at=9, short_s=9)),
}
tables = st.fixed_dictionaries({}, optional={kind: st.sampled_from(rows) for kind, rows in CHOICES.items()}).map(
    lambda rows: {kind: (row,) for kind, row in rows.items()}
)
days = st.one_of(
    st.tuples(st.just("reload"), tables),
    st.tuples(st.just("approve"), st.none()),
    st.tuples(st.just("wait"), st.sampled_from((1, 200, 400))),
    st.tuples(st.just("trade"), st.sampled_from((95_00, 100_00, 103_00))),
)


def carried(before: Stage, after: Stage):
    state = before.engine.durable_state()
    after.payload(Kind.INSTRUMENT, before.fed[0][5], 0)
    return after.payload(Kind.CARRIED, StateCarried(session="s", seq=1, state=state, digest=state_hash(state)))


def rows_of(made: Stage) -> object:
    """The breakers that hold, each row by its kind and scope: in which order they stand says nothing."""
    breakers = made.engine.gate.limits.breakers
    assert breakers is not None
    return breakers.hysteresis, {(kind, row.scope): row for kind in KINDS for row in breakers.rows(kind)}


@settings(max_examples=15)
@given(tables, st.lists(days, max_size=8), st.integers(1, 99))
def test_whatever_is_reloaded_folds_replays_and_stands_after_a_restart(first, script, seed):
    made = Stage(Restless, limits=limits(**first), seed=seed)
    effects = [*made.open()]
    for what, how in script:
        if what == "reload":
            effects += reload(made, **how)
        elif what == "approve":
            effects += say(made, "approve", source=YOU)
        elif what == "wait":
            effects += later(made, how)
        else:
            effects += made.quote(*mid(how))
            for order in made.engine.manager.open_orders()[:1]:
                effects += made.fill(order.client_order_id, order.leaves, how, f"x{len(made.fed)}")
    engine = made.engine
    assert engine.gate.limits == engine.gate.changes.limits()
    again = build_engine(made.settings)
    for event in made.fed:
        again.step(event)
    assert again.digest() == engine.digest()
    folded = build_engine(made.settings)
    for told_so in effects:
        if isinstance(told_so, LimitChanged | BreakerChanged):
            part = folded.gate.changes if isinstance(told_so, LimitChanged) else folded.breakers_kept
            part.fold(0, 0, 0, told_so)
    assert folded.gate.changes.durable() == engine.gate.changes.durable()
    assert folded.breakers_kept.durable() == engine.breakers_kept.durable()
    after = Stage(Restless, limits=limits(**first), seed=seed)
    assert not [each for each in only(carried(made, after), Alert) if each.code == "LIMIT_FORGOTTEN"]
    assert rows_of(after) == rows_of(made)
    assert after.engine.gate.changes.state() == engine.gate.changes.state()


def test_a_restart_goes_on_with_the_rows_that_came_and_what_they_have_counted():
    floor = stage(loss=(LossRow(warn_at=50),))
    reload(floor, loss=(LossRow(warn_at=50),), day_loss=(LossRow(scope="strategy:*", halt_at=5),))
    say(floor, "set", "strategy:*", **{"day_loss.halt_at": "4", "day_loss.after_arm": "on"})
    floor.trade(Side.BUY, 100_00)
    floor.tick(*mid(97_00))
    after = Floor(loss=(LossRow(warn_at=50),))
    carried(floor, after)
    after.now_ns = floor.now_ns + SECOND
    after.feed(FeedState.CONNECTED)
    after.quote(*mid(97_00))
    after.lifecycle(floor.engine.lifecycle)
    after.tick(*mid(96_01))
    assert after.latch("strategy:Idle") == 0
    after.tick(*mid(96_00))
    assert after.latch("strategy:Idle") == Level.HALT


def test_settings_that_have_the_row_now_are_newer_and_hold():
    floor = stage()
    reload(floor, day_loss=(LossRow(halt_at=5),))
    say(floor, "set", "all", **{"day_loss.halt_at": "4"})
    after = Floor(day_loss=(LossRow(halt_at=8),))
    forgotten = [each.message for each in only(carried(floor, after), Alert) if each.code == "LIMIT_FORGOTTEN"]
    assert [each.split()[1] for each in forgotten] == ["day_loss", "day_loss.halt_at"]
    assert after.engine.gate.limits.breakers == BreakerSettings(day_loss=(LossRow(halt_at=8),))


def test_rows_that_came_go_or_wait_are_shown_in_words():
    floor = stage(day_loss=(LossRow(halt_at=5),), reject_rate=(RejectRow(halt_at="0.5"),))
    reload(floor, reject_rate=(RejectRow(halt_at="0.5", window_s=90),), repeats=(RepeatRow(halt_at=4),))
    shown = {each.name: each for each in limits_view(floor.engine).rows if "." in each.name or "_" not in each.name}
    rows = {each.name: each for each in limits_view(floor.engine).rows}
    assert (rows["day_loss"].value, rows["day_loss"].waiting) == ("halt_at 5, after_arm anew", "none")
    assert (rows["repeats"].value, rows["repeats"].settings) == ("halt_at 4, after_arm anew, window_s 10", "none")
    assert (rows["reject_rate.window_s"].value, rows["reject_rate.window_s"].waiting) == ("60", "90")
    assert "reject_rate.after_arm" not in shown
    later(floor)
    rows = {each.name: each for each in limits_view(floor.engine).rows}
    assert (rows["day_loss"].value, rows["day_loss"].settings) == ("none", "halt_at 5, after_arm anew")
