"""What is believed of clocks: for how long, and that a jump of this machine's own ends it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.binance.trading.clock import VenueClock
from connectors.binance.trading.settings import TradingSettings
from core.codec import decode_payload, encode_payload
from core.events import ClockMeasured, OrderReport, ReportType
from core.ids import client_order_id
from core.orders import ApprovedSubmit, OrderIntent, OrderType, Side
from core.records import Kind
from tests.connectors.binance_trading.test_trading_session import Desk, S, cancel

MS = 1_000_000
BOUND_MS, AGE_S = 500, 180.0


def refused(desk):
    """Why an order that would open is refused now, empty where it leaves."""
    intent = OrderIntent(client_order_id=client_order_id(7, desk.now % 1_000), strategy_id="s", instrument=0,
                         side=Side.BUY, type=OrderType.LIMIT, quantity=500, price=10_000)  # fmt: skip
    desk.send(ApprovedSubmit(intent=intent, reference_price=1, limits_version=1))
    told = [each for each in desk.heard() if isinstance(each, OrderReport) and each.type is ReportType.REJECTED]
    return told[0].reason if told else ""


def test_a_measure_is_believed_for_as_long_as_three_intervals_and_cancels_always_pass():
    desk = Desk()
    desk.now += 180 * S
    assert refused(desk) == ""
    desk = Desk()
    desk.now += 181 * S
    assert "last measured 181 s ago, more than 180" in refused(desk)
    desk.sent()
    desk.send(cancel())
    assert [each["method"] for each in desk.sent()] == ["order.cancel"]
    desk.session.on_clock(3 * MS, desk.now)
    assert refused(desk) == ""


def test_a_clock_that_jumped_is_told_once_and_opens_nothing_until_the_venues_is_measured_anew():
    desk = Desk()
    desk.heard()
    desk.session.on_drift(0, desk.now)
    desk.session.on_drift(400 * MS, desk.now)
    assert refused(desk) == "", "what NTP slews is no jump"
    desk.session.on_drift(-3_600 * S, desk.now)
    desk.session.on_drift(-3_600 * S, desk.now)
    told = [each for each in desk.heard() if isinstance(each, ClockMeasured)]
    assert [(each.jumped_ns, each.uncertainty_ns) for each in told] == [(-3_600 * S, 3_600 * S)]
    assert decode_payload(Kind.CLOCK, encode_payload(told[0])) == told[0]
    assert "clock jumped" in refused(desk)
    assert desk.session.clock.wanted
    assert not desk.session.on_clock(0, desk.now, jumps=0), "begun before the jump"
    assert "clock jumped" in refused(desk)
    assert desk.session.on_clock(0, desk.now, jumps=1)
    assert refused(desk) == ""


def test_a_measure_of_before_there_were_jumps_reads_as_it_did():
    measured = ClockMeasured(venue="BINANCE", offset_ns=5, uncertainty_ns=3)
    assert b"jumped" not in encode_payload(measured)


def test_an_age_below_the_interval_is_refused():
    with pytest.raises(ValueError, match="clock_age_max_s 30 is below clock_every_s 60"):
        TradingSettings(clock_age_max_s=30.0)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(0, 400)),
        st.tuples(st.just("jump"), st.integers(-2_000, 2_000)),
        st.tuples(st.just("measure"), st.integers(-1_000, 1_000)),
    ),
    max_size=30,
)


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_it_opens_only_by_a_young_measure_within_the_bound_since_which_no_jump_was_seen(steps):
    clock, now_ns, wall_ms = VenueClock(BOUND_MS, AGE_S), 1_000 * S, 0
    clock.looked(0)
    measured = None  # (when, offset in ms, the wall clock's distance then) of the last measure that nothing undid
    for what, value in steps:
        if what == "wait":
            now_ns += value * S
        elif what == "measure":
            assert clock.measured(value * MS, now_ns)
            measured = (now_ns, value, wall_ms)
        else:
            wall_ms += value
            jumped = clock.looked(wall_ms * MS)
            if measured is not None and abs(wall_ms - measured[2]) > BOUND_MS:
                assert jumped
            measured = None if jumped else measured
        opens = measured is not None and now_ns - measured[0] <= AGE_S * S and abs(measured[1]) <= BOUND_MS
        assert (clock.doubt(now_ns) == "") == opens
        assert not (clock.wanted and opens)
