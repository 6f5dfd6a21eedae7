"""The gate beside its checks: cancels, redefinition, state, and what it keeps."""

import msgspec
import pytest

from core.events import ReportType
from core.orders import ApprovedCancel, ApprovedSubmit
from risk.control_settings import ScopeLimits
from risk.gate import CANCEL_RETRY_NS
from risk.limits import InstrumentRisk
from tests.risk.control_room import ControlRoom, limited
from tests.risk.room import BTC, INSTRUMENT, SECOND_NS, WIDE, Room


@pytest.fixture
def room():
    return Room()


def sent(room, name):
    command = room.cancel(name)
    assert isinstance(command, ApprovedCancel)
    room.manager.cancel_sent(command, room.now_ns, [])


def test_other_limits_of_scopes_hold_from_the_next_order_on():
    there = ControlRoom(**limited("strategy:ema", max_open_orders=1))
    assert [there.code(), there.code()] == ["", "OPEN_ORDERS"]
    assert there.gate.limits.controls is not None
    controls = msgspec.structs.replace(
        there.gate.limits.controls, limits={"strategy:ema": ScopeLimits(max_open_orders=2)}
    )
    there.gate.change(msgspec.structs.replace(there.gate.limits, controls=controls))
    assert [there.code(), there.code()] == ["", "OPEN_ORDERS"]


def test_an_instrument_with_sessions_is_traded_from_the_open_to_just_before_the_close():
    there = Room(calendar="XNYS", sessions=((1_000 * SECOND_NS, 1_001 * SECOND_NS),))
    codes = []
    for now_ns in (there.now_ns - 1, there.now_ns, 1_001 * SECOND_NS - 1, 1_001 * SECOND_NS):
        there.now_ns = now_ns
        codes.append(there.code())
    assert codes == ["SESSION_CLOSED", "", "", "SESSION_CLOSED"]


def test_a_cancel_carries_what_the_connector_needs(room):
    name = room.place()
    room.report(ReportType.ACCEPTED, name, venue_order_id="v1")
    assert room.cancel(name) == ApprovedCancel(
        client_order_id=name, strategy_id="s", instrument=BTC, venue_order_id="v1"
    )


@pytest.mark.parametrize("broken", ["disconnected", "rate", "not ready"])
def test_no_limit_and_no_broken_market_holds_a_cancel_back(broken):
    room = Room(msgspec.structs.replace(WIDE, max_orders_per_second=1, max_open_orders=1))
    name = room.place()
    room.ready = False
    room.market.connected = False
    assert isinstance(room.cancel(name), ApprovedCancel), broken


def test_a_cancel_does_not_consume_the_order_rate():
    room = Room(msgspec.structs.replace(WIDE, max_orders_per_second=2))
    name = room.place()
    before = room.gate.state()
    room.cancel(name)
    assert room.gate.state() == before
    assert room.code() == ""


def test_there_is_nothing_to_cancel_of_an_order_never_heard_of(room):
    assert room.cancel("ghost") == "order ghost is not known in this session"


def test_a_strategy_cancels_its_own_orders_and_the_operator_any(room):
    name = room.place(strategy_id="ema")
    assert room.cancel(name, "quoter") == f"order {name} belongs to ema, not to quoter"
    assert isinstance(room.cancel(name, "ema"), ApprovedCancel)
    command = room.cancel(name, "")
    assert isinstance(command, ApprovedCancel)
    assert command.strategy_id == "ema"


def test_an_order_that_has_ended_is_not_cancelled(room):
    name = room.place()
    room.report(ReportType.EXPIRED, name)
    assert room.cancel(name) == f"order {name} has ended, it is expired"


def test_a_cancel_under_way_is_not_repeated(room):
    name = room.place()
    sent(room, name)
    assert room.cancel(name) == f"a cancel of order {name} is under way"
    room.report(ReportType.CANCEL_REJECTED, name)
    assert isinstance(room.cancel(name), ApprovedCancel)


def test_an_unknown_order_may_be_cancelled_and_again_after_a_second(room):
    name = room.place()
    room.report(ReportType.OUTCOME_UNKNOWN, name)
    sent(room, name)
    room.now_ns += CANCEL_RETRY_NS - 1
    assert "less than a second ago" in str(room.cancel(name))
    room.now_ns += 1
    assert isinstance(room.cancel(name), ApprovedCancel)


def test_a_cancel_without_an_answer_is_tried_again_though_not_at_once(room):
    name = room.place()
    sent(room, name)
    room.report(ReportType.OUTCOME_UNKNOWN, name)
    assert isinstance(room.cancel(name), str)
    room.now_ns += SECOND_NS
    assert isinstance(room.cancel(name), ApprovedCancel)


def test_an_instrument_redefined_has_its_new_rules_at_once(room):
    assert room.code(price=999_95) == "TICK_SIZE"
    room.gate.define(BTC, msgspec.structs.replace(INSTRUMENT, tick=5))
    assert room.code(price=999_95) == ""


def test_the_gate_tells_the_limits_that_hold():
    room = Room(msgspec.structs.replace(WIDE, instruments={"BTCUSDT.BINANCE": InstrumentRisk(max_position=1)}))
    limits = room.gate.limits_of(BTC)
    assert limits is not None
    assert limits.max_position == 1_0000
    assert room.gate.limits_of(9) is None


def test_the_state_holds_the_rate_the_limits_and_the_instruments(room):
    start_ns = room.now_ns
    room.place()
    room.now_ns += 2 * SECOND_NS
    room.place()
    second_ns = room.now_ns
    assert room.gate.state() == [
        room.gate.limits_version,
        [(BTC, "BTCUSDT.BINANCE")],
        [second_ns],
        [start_ns, second_ns],
    ]


def test_approvals_do_not_share_the_gates_scratch_object(room):
    first, second = room.ask(), room.ask(quantity=200)
    assert isinstance(first, ApprovedSubmit)
    assert isinstance(second, ApprovedSubmit)
    assert (first.intent.quantity, second.intent.quantity) == (100, 200)
