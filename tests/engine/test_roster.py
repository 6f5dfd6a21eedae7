"""Strategies come and go while trading goes on: by commands that replay, fold, and outlive a restart."""

import dataclasses
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.codec import KIND_OF, decode_payload, encode_payload
from core.effects import Alert, RosterChanged, StrategyChanged
from core.events import (
    CommandReceived,
    FeedState,
    InstrumentDefined,
    LifecycleState,
    OrderReport,
    ReportType,
    StateCarried,
)
from core.instruments import AssetClass
from core.money import money
from core.orders import ApprovedCancel, ApprovedSubmit, OrderTerms, Side
from core.records import NO_INSTRUMENT, Kind
from core.roster import StrategyDefinition, definition_text
from engine import StrategySpec, build_engine
from engine.spec import spec_hash
from oms.fold import Fold
from oms.rules import AccountingRules
from oms.state import state_hash
from risk.exits.settings import StrategyExits
from risk.sizing.settings import StrategySizing
from strategies import Strategy, StrategyParams
from tests.engine.scenario import BTC, LOT, SECOND, Stage, only


class Bidder(Strategy):
    """Bids once at its start, and again whenever an order of its ends."""

    class Params(StrategyParams, frozen=True):
        price: int = 97_00

    params: Params

    def on_start(self):
        self.subscribe_quotes(self.markets[0])
        self.quotes = 0
        self.buy(self.markets[0], LOT, self.params.price)

    def on_quote(self, quote):
        self.quotes += 1

    def save(self):
        return {"quotes": self.quotes}


class Broken(Strategy):
    def __init__(self, params, context):
        raise ValueError("no luck")


CLASSES: dict[str, type[Strategy]] = {"bidder": Bidder, "broken": Broken}
FIRST = StrategySpec(
    id="first", strategy=Bidder, params=Bidder.Params(), instruments=("BTCUSDT.BINANCE",), use="bidder"
)


def load(definition: StrategyDefinition) -> StrategySpec | str:
    """What the daemon does from source texts, from classes."""
    found = CLASSES.get(definition.use)
    if found is None:
        return f"no strategy {definition.use}"
    params = msgspec.convert(definition.params, found.Params)
    return StrategySpec(
        id=definition.id, strategy=found, params=params, instruments=definition.instruments, use=definition.use
    )


class Floor(Stage):
    """A stage to which strategies can be added; its payload records are kept as a journal keeps them."""

    def __init__(self, *specs: StrategySpec, epoch: int = 1, carried: StateCarried | None = None):
        super().__init__(*specs, carried=True, epoch=epoch)
        self.settings = type(self.settings)(**{**vars(self.settings), "loader": load})
        self.engine = build_engine(self.settings)
        self.records: list[tuple[int, int, int, bytes]] = []
        self.carried = carried

    def step(self, event):
        if event[3] >= self.engine.next_due_ns and isinstance(event[5], msgspec.Struct):
            self.step((Kind.TIME, 0, NO_INSTRUMENT, event[3], 0, 0, 0, 0, 0, 0))  # as the pipeline has it
        if isinstance(event[5], msgspec.Struct):
            self.records.append((event[0], event[2], event[3], encode_payload(event[5])))
        effects = super().step(event)
        for effect in effects:
            self.records.append((KIND_OF[type(effect)], NO_INSTRUMENT, event[3], encode_payload(effect)))
        return effects

    def open(self):
        if self.carried is None:
            return super().open()
        self.payload(Kind.INSTRUMENT, InstrumentDefined(BTC), 0)
        told = list(self.payload(Kind.CARRIED, self.carried))
        return told + list(super().open())

    def say(self, name: str, strategy: str = "", reason: str = "calm", **args: str):
        command = CommandReceived(name=name, strategy_id=strategy, reason=reason, source="uid=1000", args=args)
        return self.payload(Kind.COMMAND, command)

    def add(self, name: str = "second", use: str = "bidder", instrument: str = "BTCUSDT.BINANCE", reason="more", **p):
        given = StrategyDefinition(
            id=name, use=use, instruments=(instrument,), params=p, sha256="ab", source="class Bidder: ..."
        )
        return self.say("add", name, reason, definition=definition_text(given))

    def state(self, name: str) -> str:
        return str(self.engine.desk.by_id[name].state.value)

    def names(self) -> list[str]:
        return list(self.engine.desk.by_id)

    def left(self) -> StateCarried:
        state = self.engine.durable_state()
        return StateCarried(session="before", seq=1, state=state, digest=state_hash(state))

    def again(self, *specs: StrategySpec) -> tuple["Floor", list[Any]]:
        """The session that goes on from this one, and what it said until READY."""
        floor = Floor(*specs, epoch=self.settings.epoch + 1, carried=self.left())
        floor.now_ns = self.now_ns + SECOND
        return floor, list(floor.open())

    def folded(self) -> bytes:
        """The state that a restart makes of the records alone."""
        scratch = build_engine(self.settings)
        fold = Fold(scratch.manager, scratch.parts())
        for kind, index, now_ns, payload in self.records:
            fold.record(kind, index, now_ns, decode_payload(kind, payload))
        return fold.durable_state()

    def proven(self) -> None:
        """It replays from its inputs to the same digest, and folds from its records to the same state."""
        again = build_engine(self.settings)
        for event in self.fed:
            again.step(event)
        assert again.digest() == self.engine.digest()
        assert self.folded() == self.engine.durable_state()


@pytest.fixture
def floor() -> Floor:
    made = Floor(FIRST)
    made.open()
    return made


def accepted(floor: Floor, effects) -> str:
    [order] = only(effects, ApprovedSubmit)
    name = order.intent.client_order_id
    floor.report(ReportType.ACCEPTED, name, venue_order_id=f"v{name}")
    return name


def said(effects) -> list[str]:
    return [alert.message for alert in only(effects, Alert)]


def test_one_that_is_added_trades_at_once_and_says_who_added_it(floor):
    effects = floor.add(price=96_00)
    [order] = only(effects, ApprovedSubmit)
    assert (order.intent.strategy_id, order.intent.price) == ("second", 96_00)
    [told] = only(effects, RosterChanged)
    assert (told.standing, told.added_by, told.added_ns) == ("on", "uid=1000", floor.now_ns)
    assert "second, bidder on BTCUSDT.BINANCE, was added by uid=1000 (more)" in said(effects)[0]
    floor.quote(99_99, 100_01)
    assert floor.engine.desk.by_id["second"].strategy.save() == {"quotes": 1}
    floor.proven()


def test_one_that_is_added_before_ready_starts_with_the_others():
    floor = Floor(FIRST)
    floor.payload(Kind.INSTRUMENT, InstrumentDefined(BTC), 0)
    assert not only(floor.add(), StrategyChanged)
    assert {each.intent.strategy_id for each in only(floor.open(), ApprovedSubmit)} == {"first", "second"}
    floor.proven()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"name": "first"}, "there is a strategy first already"),
        ({"use": "nothing"}, "no strategy nothing"),
        ({"use": "broken"}, "ValueError: no luck"),
        ({"instrument": "ETHUSDT.BINANCE"}, "this session has no market ETHUSDT.BINANCE; it has BTCUSDT.BINANCE"),
        ({"reason": " "}, "give the reason"),
    ],
)
def test_what_cannot_be_added_is_refused_and_changes_nothing(floor, given, why):
    before = floor.engine.digest()
    [alert] = only(floor.add(**given), Alert)
    assert alert.code == "COMMAND_REFUSED"
    assert why in alert.message
    assert floor.engine.digest() == before


def test_a_definition_that_is_none_is_refused(floor):
    assert "cannot be read" in said(floor.say("add", "x", definition="{"))[0]


def test_one_that_holds_nothing_is_removed_once_its_orders_are_over(floor):
    name = accepted(floor, floor.add())
    effects = floor.say("remove", "second")
    assert [each.client_order_id for each in only(effects, ApprovedCancel)] == [name]
    assert floor.state("second") == "paused"
    assert "it is being removed" in said(floor.say("resume", "second"))[0]
    assert "it is being removed" in said(floor.say("remove", "second"))[0]
    floor.report(ReportType.CANCELLED, name)
    effects = floor.time(SECOND)
    assert floor.names() == ["first"]
    assert "second was removed by uid=1000: calm" in said(effects)[-1]
    assert only(effects, RosterChanged)[0].standing == ""
    assert not floor.engine.roster.entries, "the settings never knew of it"
    floor.proven()
    floor.add(price=95_00)
    assert floor.names() == ["first", "second"]
    floor.proven()


def test_one_that_holds_a_position_stays_unless_it_may_be_closed(floor):
    name = accepted(floor, floor.add())
    floor.fill(name, LOT, 97_00)
    assert "second: it holds 0.01" in said(floor.say("remove", "second"))[0]
    assert floor.state("second") == "active", "a command that is refused changes nothing"
    floor.say("remove", "second", flatten="yes", collar_ppm="5000")
    [order] = only(floor.time(SECOND), ApprovedSubmit)
    assert (order.intent.strategy_id, order.intent.reduce_only, order.intent.quantity) == ("second", True, LOT)
    assert order.intent.price == 99_50, "within the collar"
    floor.fill(order.intent.client_order_id, LOT, 99_60, "e2")
    effects = [each for _ in range(5) for each in floor.time(SECOND)]
    assert floor.names() == ["first"]
    assert "what it earned stays" in said(effects)[-1]
    assert floor.engine.manager.strategy_position("second", 0).quantity == 0
    floor.proven()


def test_one_that_is_filled_while_its_orders_are_cancelled_stays_switched_off(floor):
    name = accepted(floor, floor.add())
    floor.say("remove", "second")
    floor.fill(name, LOT, 97_00)
    assert "it stays disabled" in said(floor.time(SECOND))[-1]
    assert (floor.state("second"), floor.engine.roster.standing("second")) == ("paused", "off")
    floor.proven()
    assert only(floor.say("enable", "second"), ApprovedSubmit)


def test_what_the_flattener_gives_up_on_stays_switched_off(floor):
    name = accepted(floor, floor.add())
    floor.fill(name, LOT, 97_00)
    floor.say("remove", "second", flatten="yes")
    for _ in range(62):
        floor.quote(99_99, 100_01)
        floor.time(SECOND)
        for order in list(floor.engine.manager.open_orders()):
            floor.report(ReportType.EXPIRED, order.client_order_id)
    assert floor.engine.roster.standing("second") == "off"
    floor.proven()


def test_disabled_ones_do_not_resume_until_they_are_enabled(floor):
    effects = floor.say("disable", "first")
    assert len(only(effects, ApprovedCancel)) == 1
    assert "it is disabled: `tickerd enable first`" in said(floor.say("resume", "first"))[0]
    assert "it is disabled already" in said(floor.say("disable", "first"))[0]
    floor.proven()
    assert only(floor.say("enable", "first"), ApprovedSubmit)
    assert not floor.engine.roster.entries
    assert "it is not disabled" in said(floor.say("enable", "first"))[0]
    assert "there is no such strategy; known are first" in said(floor.say("enable", "fist"))[0]
    floor.proven()


def test_a_restart_keeps_who_was_added_and_its_parameters(floor):
    floor.add(price=96_00)
    floor.say("retune", "second", price="9600")
    floor.say("retune", "first", price="9550")
    again, effects = floor.again(FIRST)
    assert {each.intent.strategy_id: each.intent.price for each in only(effects, ApprovedSubmit)} == {
        "first": 95_50,
        "second": 96_00,
    }
    assert any("second goes on, which the settings do not name" in each for each in said(effects))
    again.proven()
    third, effects = again.again(FIRST)
    assert {each.intent.strategy_id for each in only(effects, ApprovedSubmit)} == {"first", "second"}
    third.proven()


def test_a_restart_keeps_who_was_removed_or_disabled(floor):
    floor.add("second")
    floor.say("disable", "second")
    for order in list(floor.engine.manager.open_orders()):
        floor.report(ReportType.CANCELLED, order.client_order_id)
    floor.say("remove", "first")
    for order in list(floor.engine.manager.open_orders()):
        floor.report(ReportType.CANCELLED, order.client_order_id)
    floor.time(SECOND)
    assert floor.names() == ["second"]
    again, effects = floor.again(FIRST)
    assert again.names() == ["second"]
    assert not only(effects, ApprovedSubmit)
    again.proven()
    assert only(again.say("enable", "second"), ApprovedSubmit)
    again.proven()


def test_one_that_was_leaving_at_a_crash_goes_on_leaving(floor):
    name = accepted(floor, floor.add())
    floor.fill(name, LOT, 97_00)
    floor.say("remove", "second", flatten="yes")
    again, effects = floor.again(FIRST)
    assert {each.intent.strategy_id for each in only(effects, ApprovedSubmit)} == {"first"}
    found = [each for _ in range(3) for each in only(again.time(SECOND), ApprovedSubmit)]
    assert found[0].intent.strategy_id == "second"
    assert found[0].intent.reduce_only
    again.fill(found[0].intent.client_order_id, LOT, 99_60, "e2")
    for _ in range(4):
        again.time(SECOND)
    assert again.names() == ["first"]
    again.proven()


def test_settings_that_say_something_else_since_hold(floor):
    floor.say("disable", "first")
    other = StrategySpec(
        id="first", strategy=Bidder, params=Bidder.Params(price=96_50), instruments=("BTCUSDT.BINANCE",), use="bidder"
    )
    again, effects = floor.again(other)
    assert [each.intent.price for each in only(effects, ApprovedSubmit)] == [96_50]
    assert any("the settings say something else of it since, and hold" in each for each in said(effects))
    again.proven()


@pytest.mark.parametrize(
    ("table", "read"),
    [
        ("sizing", msgspec.json.Decoder(StrategySizing).decode(b'{"kelly": 0.5}')),
        ("exits", msgspec.json.Decoder(StrategyExits).decode(b'{"stop_loss": "2%", "instruments": {}}')),
    ],
)
def test_settings_that_write_a_default_out_say_the_same_as_a_file_that_leaves_it_out(table, read):
    whole = {name: getattr(read, name) for name in read.__struct_fields__}
    journaled = msgspec.convert(msgspec.json.decode(msgspec.json.encode(whole)), type(read))
    assert spec_hash(dataclasses.replace(FIRST, **{table: read})) == spec_hash(
        dataclasses.replace(FIRST, **{table: journaled})
    )


def test_one_that_the_settings_name_by_now_is_theirs(floor):
    floor.add("second", price=96_50)
    named = StrategySpec(
        id="second", strategy=Bidder, params=Bidder.Params(price=96_00), instruments=("BTCUSDT.BINANCE",), use="bidder"
    )
    again, effects = floor.again(FIRST, named)
    assert [each.intent.price for each in only(effects, ApprovedSubmit) if each.intent.strategy_id == "second"] == [
        96_00
    ]
    assert not again.engine.roster.entries
    again.proven()


def test_one_that_cannot_be_built_any_more_is_told_and_its_orders_are_cancelled(floor, monkeypatch):
    name = accepted(floor, floor.add())
    monkeypatch.delitem(CLASSES, "bidder")
    again, effects = floor.again(FIRST)
    [alert] = [each for each in only(effects, Alert) if each.code == "STRATEGY_FORGOTTEN"]
    assert "second: it does not go on: no strategy bidder" in alert.message
    assert [each.client_order_id for each in only(again.time(SECOND), ApprovedCancel)] == [name]
    again.proven()


def test_a_removed_one_may_come_back_and_outlives_a_restart_beside_what_the_settings_say(floor):
    floor.say("disable", "first")
    for order in list(floor.engine.manager.open_orders()):
        floor.report(ReportType.CANCELLED, order.client_order_id)
    floor.say("remove", "first")
    assert floor.names() == []
    floor.add("first", price=96_00)
    again, effects = floor.again(FIRST)
    assert [each.intent.price for each in only(effects, ApprovedSubmit)] == [96_00]
    again.proven()


WORDS = ("add", "remove", "flatten", "enable", "disable", "pause", "resume", "retune")
steps = st.one_of(
    st.tuples(st.sampled_from(WORDS), st.sampled_from(["first", "second", "third"])),
    st.tuples(st.sampled_from([ReportType.ACCEPTED, ReportType.CANCELLED, ReportType.FILLED]), st.integers(1, 8)),
    st.sampled_from([("quote", ""), ("time", ""), ("kill", ""), ("arm", "")]),
)


def carry_out(floor: Floor, what: str | ReportType, about: Any, number: int) -> None:
    if isinstance(what, ReportType):
        floor.now_ns += 1000
        fill: dict[str, Any] = {}
        if what is ReportType.FILLED:
            fill = {"quantity": LOT // 2, "price": 97_00, "exec_id": f"e{number}"}
        name = floor.engine._counter.id_of(about)
        floor.payload(Kind.REPORT, OrderReport(type=what, client_order_id=name, **fill), 0)
    elif what == "quote":
        floor.quote(99_99, 100_01)
    elif what == "time":
        floor.time(SECOND // 2)
    elif what == "add":
        floor.add(about, price=95_50 + number)
    elif what == "retune":
        floor.say("retune", about, price=str(96_50 + number))
    elif what == "flatten":
        floor.say("remove", about, flatten="yes")
    else:
        floor.say(what, about)


@settings(max_examples=60, deadline=None)
@given(told=st.lists(steps, max_size=25), crash=st.integers(0, 25))
def test_any_history_replays_and_folds_and_goes_on_after_a_restart(told, crash):
    floor = Floor(FIRST)
    floor.open()
    for number, (what, about) in enumerate(told):
        carry_out(floor, what, about, number)
        if number == crash:
            floor.proven()
            floor, _ = floor.again(FIRST)
    floor.proven()
    trading = {each.id for each in floor.engine.desk.actors if each.active}
    off = {name for name, each in floor.engine.roster.entries.items() if each.standing != "on"}
    assert not trading & off, "what is switched off, leaves or is gone does not trade"


@pytest.mark.parametrize("state", [LifecycleState.DRAINING, LifecycleState.STOPPED])
def test_a_session_that_ends_replays_whoever_came_and_went(floor, state):
    floor.add()
    floor.say("remove", "first")
    floor.lifecycle(LifecycleState.DRAINING)
    floor.lifecycle(state)
    floor.time(SECOND)
    floor.proven()


class Sides(Strategy):
    """Holds both sides of one contract, as much of each: its net is nothing."""

    def on_start(self):
        for side in (Side.BUY, Side.SELL):
            ask = self.buy if side is Side.BUY else self.sell
            ask(self.markets[0], LOT, terms=OrderTerms(hedge=side))


def test_dust_that_no_order_could_close_keeps_nobody(floor):
    name = accepted(floor, floor.add())
    floor.fill(name, LOT // 10, 97_00)
    small = msgspec.structs.replace(BTC, min_notional=money("1"))
    floor.payload(Kind.INSTRUMENT, InstrumentDefined(small), 0)
    floor.say("remove", "second")
    floor.report(ReportType.CANCELLED, name)
    floor.time(SECOND)
    assert floor.names() == ["first"], "0.001 BTC is worth 0.1"


def test_in_hedge_mode_each_side_counts_and_is_closed():
    both = StrategySpec(id="both", strategy=Sides, params=Sides.Params(), instruments=("BTCUSDT.BINANCE",))
    floor = Floor(both)
    floor.settings = dataclasses.replace(floor.settings, accounting=AccountingRules(hedging=True))
    floor.engine = build_engine(floor.settings)
    contract = msgspec.structs.replace(BTC, asset_class=AssetClass.PERPETUAL)
    floor.payload(Kind.INSTRUMENT, InstrumentDefined(contract), 0)
    floor.feed(FeedState.CONNECTED)
    floor.quote(99_99, 100_01)
    for number, order in enumerate(only(floor.lifecycle(LifecycleState.READY), ApprovedSubmit)):
        floor.report(ReportType.ACCEPTED, order.intent.client_order_id, venue_order_id=f"v{number}")
        floor.fill(order.intent.client_order_id, LOT, 100_00, f"e{number}")
    assert "it holds 0.01 BTCUSDT.BINANCE, -0.01 BTCUSDT.BINANCE" in said(floor.say("remove", "both"))[0]
    floor.say("remove", "both", flatten="yes")
    closing = only(floor.time(SECOND), ApprovedSubmit)
    assert {each.intent.side for each in closing} == {Side.BUY, Side.SELL}
    for number, each in enumerate(closing):
        floor.fill(each.intent.client_order_id, LOT, 100_00, f"f{number}")
    for _ in range(4):
        floor.time(SECOND)
    assert floor.names() == []
    floor.proven()
