"""Users' rules in a whole engine: strategies learn what was sent, rules change while running, all of it replays."""

from typing import Any

import msgspec
import pytest

from core.effects import Alert, LimitChanged, OrderFilled, OrderUpdated
from core.events import CommandReceived, ReportType, StateCarried
from core.orders import ApprovedGroup, ApprovedReplace, ApprovedSubmit, Contingency, OrderState, Refusal, Side
from core.records import Kind
from engine import build_engine
from oms.fold import Fold
from oms.state import state_hash
from risk.control_settings import ControlSettings, ScopeLimits
from risk.limits import RiskLimits
from risk.rule_settings import Rule, RuleSettings, RuleSource, rule_text
from tests.engine.scenario import LOT, SECOND, Stage, only
from tests.engine.test_controls_engine import Buyer, verdicts
from tests.engine.test_kept_orders import Desk, native
from tests.engine.test_replacing import Play as Replacing
from tests.strategies.algos import test_algos_in_paper as in_paper
from tests.strategies.algos.market_place import WIDE as ROOMY

ME, YOU = "socket:uid=1000,pid=1", "socket:uid=0,pid=2"
CONTROLS = ControlSettings(
    restricted=("LUNAUSDT.BINANCE",),
    locates={"BTCUSDT.BINANCE": 10},
    groups={"majors": ("BTCUSDT.BINANCE",)},
    limits={"group:majors": ScopeLimits(max_gross_notional=1_000_000)},
)
WIDE = RiskLimits(max_order_notional=1_000_000, max_position_notional=10_000_000, raise_delay_s=60, controls=CONTROLS)
SOURCE = RuleSource(use="a.py:b", sha256="c", source="")


def rule(name: str = "own", to: dict[str, Any] | None = None, message: str = "", **when: Any) -> Rule:
    then = "reject" if to is None else "shrink"
    given = {"name": name, "when": when, "then": then, "message": message} | ({} if to is None else {"to": to})
    return msgspec.convert(given, Rule)


def limits(*rules: Rule, **changed: Any) -> RiskLimits:
    return msgspec.structs.replace(WIDE, rules=RuleSettings(rule=rules) if rules else None, **changed)


def opened(given: RiskLimits, strategy: Any = Buyer) -> Stage:
    stage = Stage(strategy, limits=given)
    stage.open()
    return stage


def say(stage: Stage, name: str, scope: str = "", source: str = ME, **args: str) -> Any:
    command = CommandReceived(name=name, scope=scope, source=source, reason="the desk says so", args=args)
    return stage.payload(Kind.COMMAND, command)


def reload(stage: Stage, wanted: RiskLimits) -> Any:
    return say(stage, "reload", risk=msgspec.json.encode(wanted).decode())


def changes(effects: Any) -> list[tuple[str, str, bool]]:
    return [(each.scope, each.name, each.due_ns > 0) for each in only(effects, LimitChanged)]


def refused(effects: Any) -> str:
    return next((each.message for each in only(effects, Alert) if each.code == "COMMAND_REFUSED"), "")


def code(effects: Any) -> str:
    (verdict,) = verdicts(effects)
    return verdict.code if isinstance(verdict, Refusal) else ""


def test_a_strategy_learns_the_quantity_that_was_sent_and_by_which_rule():
    stage = opened(limits(rule("half", {"quantity": "0.005"}, message="thin")))
    effects = stage.quote(99_98, 100_02)
    (update,) = only(effects, OrderUpdated)
    assert (update.state, update.quantity) == (OrderState.SUBMITTED, LOT // 2)
    assert update.reason == "rule half: thin, shrinks 0.01 to 0.005 BTC"
    (command,) = only(effects, ApprovedSubmit)
    assert (command.intent.quantity, command.shrunk) == (LOT // 2, update.reason)


@pytest.mark.parametrize("native", [True, False])
def test_a_replacement_goes_out_with_the_smaller_quantity_however_the_venue_does_it(native):
    play = Replacing(native=native, limits=msgspec.structs.replace(WIDE, controls=None))
    say(play, "set", "rules", own=rule_text(rule("own", {"quantity": "0.15"})))
    effects = play.change(quantity=30 * LOT, price=99_50)
    (command,) = only(effects, ApprovedReplace)
    assert (command.quantity, command.native) == (15 * LOT, native)
    assert command.shrunk == "rule own, shrinks 0.3 to 0.15 BTC"
    if native:
        play.report(ReportType.REPLACED, f"{play.name}-01", venue_order_id="v1")
    else:
        effects = play.report(ReportType.CANCELLED, play.name)
        (rest,) = only(effects, ApprovedSubmit)
        assert rest.intent.quantity == 15 * LOT


def asked_of_desk(plan: Any) -> tuple[Stage, Any]:
    stage = opened(limits(rule("small", {"quantity": "0.005"})), Desk)
    desk = stage.engine.desk.actors[0].strategy
    assert isinstance(desk, Desk)
    desk.plan = plan
    return stage, stage.quote(99_99, 100_01)


def test_a_bracket_is_refused_where_a_rule_would_shrink_its_entry_so_that_no_leg_outgrows_it():
    stage, effects = asked_of_desk(lambda own, market: own.bracket(market, Side.BUY, LOT, profit=102_00, stop=98_00))
    (refusal,) = verdicts(effects)
    assert refusal.code == "RULE_SMALL"
    assert refusal.message.endswith("no such order can take the place of what was asked for, so it is refused")
    assert not stage.engine.manager.held.orders or not stage.engine.manager.open_orders()


def test_the_ways_out_of_a_bracket_that_the_venue_keeps_are_no_orders_that_open():
    def asked(*rules: Rule) -> Any:
        play = native("oco", "oto", "stop", "stop-limit")
        play.engine.gate.change(msgspec.structs.replace(play.engine.gate.limits, rules=RuleSettings(rule=rules)))

        def bracket(own: Any, market: Any) -> Any:
            return own.bracket(market, Side.BUY, LOT, 99_00, profit=101_00, stop=98_00, contingency=Contingency.OCO)

        return play.ask(bracket)[1]

    assert [len(each.orders) for each in only(asked(rule("no-shorts", side="sell")), ApprovedGroup)] == [3]
    told = [each.code for each in only(asked(rule("small", {"quantity": "0.005"})), Refusal)]
    assert told == ["RULE_SMALL", "GROUP_REFUSED", "GROUP_REFUSED"]


def test_a_kept_order_is_refused_when_it_goes_out_where_a_rule_would_shrink_it():
    stage, effects = asked_of_desk(lambda own, market: own.stop(market, Side.BUY, LOT, 100_50))
    assert not verdicts(effects)
    stage.quote(100_50, 100_52)
    (refusal,) = verdicts(stage.trade(100_51))
    assert refusal.code == "RULE_SMALL"


def test_a_stricter_rule_holds_at_once_a_looser_one_waits_for_a_second_person():
    before = limits(rule("big", notional={"above": 100}), rule("half", {"quantity": "0.005"}))
    stage = opened(before)
    version = stage.engine.gate.limits_version
    stricter = limits(
        rule("big", notional={"above": "0.5"}), rule("half", {"quantity": "0.005"}), rule("new", side="sell")
    )
    assert changes(reload(stage, stricter)) == [("rules", "big", False), ("rules", "new", False)]
    assert stage.engine.gate.limits == stricter
    assert stage.engine.gate.limits_version != version
    assert code(stage.quote(99_98, 100_02)) == "RULE_BIG"
    looser = limits(rule("big", notional={"above": "0.6"}), rule("new", side="sell"))
    assert changes(reload(stage, looser)) == [("rules", "big", True), ("rules", "half", True)]
    assert stage.engine.gate.limits == stricter
    assert "somebody else has to approve it" in refused(say(stage, "approve"))
    assert changes(say(stage, "approve", source=YOU)) == [("rules", "big", False), ("rules", "half", False)]
    assert stage.engine.gate.limits == looser
    assert "no limit differs" in refused(reload(stage, looser))


def test_the_first_rule_ever_may_come_while_running_and_the_last_one_go():
    stage = opened(limits())
    assert code(stage.quote(99_98, 100_02)) == ""
    reload(stage, limits(rule("none-at-all")))
    assert code(stage.quote(99_98, 100_01)) == "RULE_NONE_AT_ALL"
    say(stage, "set", "rules", **{"none-at-all": "none"})
    say(stage, "approve", source=YOU)
    assert stage.engine.gate.limits == limits()
    assert code(stage.quote(99_98, 100_02)) == ""


def test_lists_are_read_again_stricter_at_once_and_what_comes_off_them_waits():
    stage = opened(limits())
    wider = ControlSettings(
        restricted=("BTCUSDT.BINANCE",),
        locates={"BTCUSDT.BINANCE": 20, "ETHUSDT.BINANCE": 1},
        groups={"majors": ("BTCUSDT.BINANCE", "ETHUSDT.BINANCE")},
        limits=CONTROLS.limits,
    )
    assert changes(reload(stage, limits(controls=wider))) == [
        ("lists", "restricted:LUNAUSDT.BINANCE", True),
        ("lists", "locate:BTCUSDT.BINANCE", True),
        ("lists", "group:majors", False),
        ("lists", "restricted:BTCUSDT.BINANCE", False),
        ("lists", "locate:ETHUSDT.BINANCE", False),
    ]
    assert code(stage.quote(99_98, 100_02)) == "RESTRICTED"
    stage.time(61 * SECOND)
    controls = stage.engine.gate.limits.controls
    assert controls is not None
    assert set(controls.restricted) == {"BTCUSDT.BINANCE"}
    assert controls.locates == {"BTCUSDT.BINANCE": "20", "ETHUSDT.BINANCE": "1"}
    assert ("lists", "locate:ETHUSDT.BINANCE", True) in changes(reload(stage, limits(controls=CONTROLS)))


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (limits(controls=msgspec.structs.replace(CONTROLS, groups={}, limits={})), "which groups there are"),
        (
            msgspec.structs.replace(
                WIDE, rules=RuleSettings(sources=(RuleSource(use="a.py:b", sha256="c", source=""),))
            ),
            "risk.rules.functions, or what a function is made of, differs: it is read when a daemon starts",
        ),
    ],
)
def test_what_cannot_change_while_running_is_refused_by_name(wanted, why):
    assert why in refused(reload(opened(limits()), wanted))


@pytest.mark.parametrize(
    ("scope", "name", "value", "why"),
    [
        ("rules", "own", "{}", "a rule as JSON"),
        ("rules", "own", rule_text(rule("other")), "the rule's own name, own"),
        ("rules", "own", '{"name":"own","when":{"leverag":{}},"then":"reject"}', "a rule as JSON"),
        ("lists", "restricted", "true", "restricted:SYMBOL.VENUE, locate:SYMBOL.VENUE or group:NAME"),
        ("lists", "locate:BTCUSDT.BINANCE", "lots", "a number, 0 or more"),
        ("lists", "group:minors", '["X.Y"]', "for a group of risk.controls.groups: majors"),
        ("lists", "group:majors", "none", "for a group of risk.controls.groups: majors"),
    ],
)
def test_a_rule_or_an_entry_that_cannot_be_meant_changes_nothing(scope, name, value, why):
    stage = opened(limits())
    assert why in refused(say(stage, "set", scope, **{name: value}))
    assert stage.engine.gate.limits == limits()


def restarted(stage: Stage, given: RiskLimits) -> tuple[Stage, Any]:
    state = stage.engine.durable_state()
    after = Stage(Buyer, epoch=2, limits=given)
    after.payload(Kind.INSTRUMENT, next(each[5] for each in stage.fed if each[0] == Kind.INSTRUMENT), 0)
    after.now_ns = stage.now_ns
    return after, after.payload(Kind.CARRIED, StateCarried(session="s", seq=1, state=state, digest=state_hash(state)))


def test_a_rule_taken_while_running_and_one_that_waits_to_go_outlive_a_restart():
    stage = opened(limits(rule("old")))
    reload(stage, limits(rule("new")))
    after, effects = restarted(stage, limits(rule("old")))
    assert any("rules new is {" in each.message for each in only(effects, Alert))
    assert after.engine.gate.limits == limits(rule("old"), rule("new"))
    after.time(61 * SECOND)
    assert after.engine.gate.limits == limits(rule("new"))


def test_rules_that_changed_while_running_replay_to_the_same_digest_without_the_file():
    stage = opened(limits())
    reload(stage, limits(rule("half", {"quantity": "0.005"})))
    stage.quote(99_98, 100_02)
    reload(stage, limits(controls=msgspec.structs.replace(CONTROLS, restricted=("BTCUSDT.BINANCE",))))
    stage.quote(99_97, 100_02)
    stage.time(61 * SECOND)
    again = Stage(Buyer, limits=limits())
    for event in stage.fed:
        again.step(event)
    assert again.engine.digest() == stage.engine.digest()


def test_shrunk_orders_fold_to_the_state_that_the_engine_has():
    given = msgspec.structs.replace(WIDE, rules=RuleSettings(rule=(rule("half", {"quantity": "0.005"}),)))
    stage = opened(given)
    stage.quote(99_98, 100_02)
    engine, other = stage.engine, build_engine(stage.settings)
    fold = Fold(other.manager, other.parts())
    again = build_engine(stage.settings)
    for event in stage.fed:
        if isinstance(event[5], msgspec.Struct):
            fold.record(event[0], event[2], event[3], event[5])
        for effect in again.step(event):
            if isinstance(effect, ApprovedSubmit):
                fold.record(Kind.SUBMIT, 0, event[3], effect)
    assert fold.durable_state() == engine.durable_state()


@pytest.mark.parametrize("use", ["twap", "iceberg", "pov", "chase"])
def test_an_algorithm_counts_what_its_shrunk_children_really_do(use, monkeypatch):
    shrinking = msgspec.structs.replace(ROOMY, rules=RuleSettings(rule=(rule("drip", {"quantity": "0.01"}),)))
    monkeypatch.setattr(in_paper, "WIDE", shrinking)
    seen: list[Any] = []
    in_paper.ran(use, in_paper.market([1, -1, 0, 1, -2, 1, 0, -1] * 5), seen)
    sent, filled = only(seen, ApprovedSubmit), sum(each.quantity for each in only(seen, OrderFilled))
    assert sent
    assert all(each.intent.quantity <= LOT for each in sent)
    assert any(each.shrunk for each in sent)
    assert LOT < filled <= 10 * LOT
