"""Limits changed while running: stricter at once, looser after a second person or a while, and over a restart."""

import msgspec
import pytest

from core.effects import Alert, LimitChanged
from core.events import CommandReceived, StateCarried
from core.orders import ApprovedSubmit, Refusal
from core.records import Kind
from engine import build_engine
from oms.fold import Fold
from oms.state import state_hash
from risk.control_settings import ControlSettings, ScopeLimits
from risk.limits import InstrumentRisk, RiskLimits
from tests.engine.scenario import SECOND, Stage
from tests.engine.test_controls_engine import Buyer

ME, YOU = "socket:uid=1000,pid=1", "socket:uid=0,pid=2"
SCOPES = {"all": ScopeLimits(max_gross_notional=100, min_cash=10), "strategy:Buyer": ScopeLimits(max_open_orders=5)}
LIMITS = RiskLimits(
    max_order_notional=1_000_000,
    max_position_notional=10_000_000,
    controls=ControlSettings(limits=SCOPES),
    raise_delay_s=60,
)


@pytest.fixture
def stage():
    made = Stage(Buyer, limits=LIMITS)
    made.open()
    return made


def say(stage, name, scope="all", source=ME, reason="the market is thin", **args):
    command = CommandReceived(name=name, scope=scope, source=source, reason=reason, args=args)
    return stage.payload(Kind.COMMAND, command)


def refused(effects):
    return next((each.message for each in effects if isinstance(each, Alert) and each.code == "COMMAND_REFUSED"), "")


def told(effects):
    return [each for each in effects if isinstance(each, LimitChanged)]


def code(effects):
    return next(
        each.code if isinstance(each, Refusal) else "" for each in effects if isinstance(each, ApprovedSubmit | Refusal)
    )


def test_a_stricter_limit_holds_at_once_and_names_another_version(stage):
    version = stage.engine.gate.limits_version
    (change,) = told(say(stage, "set", max_gross_notional="0.5"))
    assert (change.before, change.value, change.due_ns, change.source) == ("100", "0.5", 0, ME)
    assert code(stage.quote(99_98, 100_02)) == "GROSS_NOTIONAL"
    assert stage.engine.gate.limits_version != version


@pytest.mark.parametrize(
    ("scope", "name", "value", "expected"),
    [
        ("all", "max_order_notional", "0.5", "MAX_NOTIONAL"),
        ("symbol:BTCUSDT.BINANCE", "max_order_quantity", "0.001", "MAX_QUANTITY"),
        ("all", "max_orders_per_second", "0", "ORDER_RATE"),
        ("strategy:Buyer", "restricted", "true", "RESTRICTED"),
        ("class:crypto-spot", "max_order_value", "0.5", "ORDER_VALUE"),
        ("all", "min_cash", "100000", "CASH_RESERVE"),
    ],
)
def test_limits_of_every_kind_and_scope_are_changed_by_name(stage, scope, name, value, expected):
    assert refused(say(stage, "set", scope, **{name: value})) == ""
    assert code(stage.quote(99_98, 100_02)) == expected


@pytest.mark.parametrize(
    ("scope", "name", "value"),
    [("all", "max_gross_notional", "101"), ("all", "min_cash", "9"), ("strategy:Buyer", "max_open_orders", "none")],
)
def test_a_looser_limit_waits_for_a_second_person(stage, scope, name, value):
    limits = stage.engine.gate.limits
    (change,) = told(say(stage, "set", scope, **{name: value}))
    assert change.due_ns == stage.now_ns + 60 * SECOND
    assert stage.engine.gate.limits == limits
    assert f"{name} was asked for by {ME}: somebody else has to approve it" in refused(say(stage, "approve", scope))
    (change,) = told(say(stage, "approve", scope, source=YOU))
    assert (change.value, change.source, change.approved_by, change.due_ns) == (value, ME, YOU, 0)
    assert stage.engine.gate.limits != limits


def test_the_same_person_in_another_process_is_no_second_one(stage):
    say(stage, "set", max_gross_notional="200")
    assert "somebody else" in refused(say(stage, "approve", source="socket:uid=1000,pid=77"))


def test_a_looser_limit_that_nobody_withdraws_holds_after_a_while(stage):
    say(stage, "set", max_gross_notional="200")
    stage.time(60 * SECOND - 1)
    assert stage.engine.gate.limits == LIMITS
    (change,) = told(stage.time(1))
    assert (change.value, change.approved_by) == ("200", "time")
    controls = stage.engine.gate.limits.controls
    assert controls is not None
    assert controls.limits["all"].max_gross_notional == "200"


def test_what_waits_can_be_withdrawn(stage):
    say(stage, "set", max_gross_notional="200")
    (change,) = told(say(stage, "withdraw"))
    assert change.dropped
    assert not told(stage.time(61 * SECOND))
    assert "nothing waits there; waiting: nothing" in refused(say(stage, "approve", source=YOU))


@pytest.mark.parametrize(
    ("scope", "args", "why"),
    [
        ("all", {}, "name a limit of all: max_order_quantity, max_order_notional"),
        ("all", {"max_gros": "1"}, "max_gros: expected a limit of all: max_order_quantity"),
        ("all", {"max_gross_notional": "lots"}, "expected a number, 0 or more, found 'lots'"),
        ("all", {"max_open_orders": "1.5"}, "expected a whole number, 0 or more, found '1.5'"),
        ("all", {"max_open_orders": "1" * 5_000}, "expected a whole number, 0 or more"),
        ("all", {"max_order_notional": "1e5000"}, "expected a number, 0 or more, found '1e5000'"),
        ("all", {"max_gross_notional": "1e-5000"}, "expected a number, 0 or more, found '1e-5000'"),
        ("strategy:Buyer", {"restricted": "maybe"}, "expected true or false, found 'maybe'"),
        ("planet:mars", {"max_open_orders": "1"}, "expected all, or one of account, venue"),
        ("strategy:Buyer", {"min_cash": "1"}, "expected to stand in the scope all"),
    ],
)
def test_a_change_that_cannot_be_meant_changes_nothing_and_says_why(stage, scope, args, why):
    effects = say(stage, "set", scope, **args)
    assert why in refused(effects)
    assert not told(effects)
    assert stage.engine.gate.limits == LIMITS


def test_a_change_needs_a_reason(stage):
    assert "give the reason why" in refused(say(stage, "set", reason=" ", max_gross_notional="1"))


def test_all_changes_of_one_command_are_good_or_none_is_made(stage):
    assert not told(say(stage, "set", max_gross_notional="1", max_open_orders="x"))
    assert stage.engine.gate.limits == LIMITS


def test_settings_that_are_read_again_count_like_changes_one_by_one(stage):
    scopes = SCOPES | {"all": ScopeLimits(max_gross_notional=50, min_cash=5)}
    instruments = {"BTCUSDT.BINANCE": InstrumentRisk(max_open_orders=2)}
    wanted = msgspec.structs.replace(LIMITS, controls=ControlSettings(limits=scopes), instruments=instruments)
    changes = told(say(stage, "reload", scope="", risk=msgspec.json.encode(wanted).decode()))
    assert [(each.scope, each.name, each.value, each.due_ns > 0) for each in changes] == [
        ("all", "max_gross_notional", "50", False),
        ("all", "min_cash", "5", True),
        ("symbol:BTCUSDT.BINANCE", "max_open_orders", "2", False),
    ]
    say(stage, "approve", scope="", source=YOU)
    assert "no limit differs" in refused(say(stage, "reload", scope="", risk=msgspec.json.encode(wanted).decode()))


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"controls": None}, "[risk.controls] differs: it is read when a daemon starts"),
        ({"raise_delay_s": 0}, "risk.raise_delay_s differs"),
        ({"controls": ControlSettings(limits=SCOPES, self_trade=True)}, "risk.controls.self_trade differs"),
    ],
)
def test_what_is_read_at_a_start_alone_is_refused_by_name(stage, changed, why):
    text = msgspec.json.encode(msgspec.structs.replace(LIMITS, **changed)).decode()
    assert why in refused(say(stage, "reload", scope="", risk=text))


def restarted(stage, limits):
    state = stage.engine.durable_state()
    after = Stage(Buyer, epoch=2, limits=limits)
    after.payload(Kind.INSTRUMENT, next(each[5] for each in stage.fed if each[0] == Kind.INSTRUMENT), 0)
    carried = StateCarried(session="s", seq=1, state=state, digest=state_hash(state))
    after.now_ns = stage.now_ns
    return after, after.payload(Kind.CARRIED, carried)


def test_a_changed_limit_and_one_that_waits_outlive_a_restart(stage):
    say(stage, "set", max_gross_notional="50")
    say(stage, "set", "strategy:Buyer", max_open_orders="9")
    after, effects = restarted(stage, LIMITS)
    assert any("all max_gross_notional is 50 since the session before" in str(each) for each in effects)
    assert after.engine.gate.limits == stage.engine.gate.limits
    (change,) = told(after.time(61 * SECOND))
    assert (change.name, change.value) == ("max_open_orders", "9")


def test_settings_that_say_something_else_since_then_are_newer(stage):
    say(stage, "set", max_gross_notional="50")
    scopes = SCOPES | {"all": ScopeLimits(max_gross_notional=70, min_cash=10)}
    newer = msgspec.structs.replace(LIMITS, controls=ControlSettings(limits=scopes))
    after, effects = restarted(stage, newer)
    assert after.engine.gate.limits == newer
    assert any("they are newer, and hold" in str(each) for each in effects)
    other = build_engine(after.settings)
    fold = Fold(other.manager, other.parts())
    for event in after.fed:
        fold.record(event[0], event[2], event[3], event[5])
    assert fold.durable_state() == after.engine.durable_state(), "no record says what was forgotten"


def test_a_limit_set_back_to_what_the_settings_say_is_no_change(stage):
    say(stage, "set", max_gross_notional="50")
    say(stage, "set", max_gross_notional="100")
    say(stage, "approve", source=YOU)
    assert stage.engine.gate.changes.durable() == b""


def test_a_limit_changed_while_running_replays_to_the_same_digest(stage):
    say(stage, "set", max_gross_notional="50")
    stage.quote(99_98, 100_02)
    stage.time(61 * SECOND)
    again = Stage(Buyer, limits=LIMITS)
    for event in stage.fed:
        again.step(event)
    assert again.engine.digest() == stage.engine.digest()
