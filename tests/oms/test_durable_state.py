"""What survives a restart: the state and the future of the manager that lived, whatever it lived through."""

import dataclasses
import zlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.effects import Effect
from core.events import AccountMoved, AccountTraded, OrderReport, ReportType
from core.orders import Side
from core.records import NO_INSTRUMENT
from oms.errors import AlreadyUsed, BadState, UndefinedInstrument, UnitsChanged
from oms.manager import OrderManager
from oms.order import Order, OrderNumbers
from oms.state import VERSION, durable_state, instruments_of, restore_state, saved_state, state_hash
from tests.oms.making import BTC, ETH, PERPETUAL, SPOT, Desk
from tests.oms.test_manager_restored import bounds, histories, new_manager, play, submit_all

moves = st.builds(
    AccountMoved,
    venue=st.just("BINANCEUSDM"),
    move_id=st.sampled_from(["m1", "m2", "m3"]),
    currency=st.sampled_from(["USDT", "BNB"]),
    amount=st.sampled_from(["5", "-700000000000000000000"]),
    reason=st.just("funding"),
)
liquidations = st.builds(
    AccountTraded,
    venue=st.just("BINANCEUSDM"),
    order_id=st.just("autoclose-1"),
    exec_id=st.sampled_from(["x1", "x2"]),
    side=st.sampled_from(Side),
    price=st.integers(1, 10**6),
    quantity=st.integers(1, 50),
)


def after_restart(manager, keep, *, swapped=False):
    """A new manager that takes over the durable state; `swapped`: its instruments have other indexes."""
    again = OrderManager({}, *keep)
    for index, instrument in enumerate((PERPETUAL, SPOT) if swapped else (SPOT, PERPETUAL)):
        again.define(index, instrument)
    restore_state(durable_state(manager), again)
    return again


def lived(keep, past, account):
    """A manager after five orders, reports about them, and what the venue did to the account."""
    manager = new_manager(keep)
    submit_all(manager)
    play(manager, past, 10_000)
    for what in account:
        manager.account_event(what, ETH, [])
    return manager


@settings(max_examples=60)
@given(bounds, histories, st.lists(moves | liquidations, max_size=4), histories)
def test_what_comes_back_has_the_state_and_the_future_of_what_lived(keep, past, account, future):
    manager = lived(keep, past, account)
    again = after_restart(manager, keep)
    assert again.state() == manager.state()
    assert durable_state(again) == durable_state(manager)
    for index in (BTC, ETH):
        assert dataclasses.asdict(again.exposure(index)) == dataclasses.asdict(manager.exposure(index))
    assert play(again, future, 20_000) == play(manager, future, 20_000)
    for what in account:
        effects: list[Effect] = []
        others: list[Effect] = []
        again.account_event(what, ETH, effects)
        manager.account_event(what, ETH, others)
        assert effects == others
    assert again.state() == manager.state()


@settings(max_examples=40)
@given(bounds, histories)
def test_instruments_are_known_by_their_names_not_by_their_indexes(keep, past):
    manager = lived(keep, past, [])
    again = after_restart(manager, keep, swapped=True)
    assert again.balances() == manager.balances()
    for index, other in ((BTC, ETH), (ETH, BTC)):
        assert again.position(other).canonical() == manager.position(index).canonical()
        assert dataclasses.asdict(again.exposure(other)) == dataclasses.asdict(manager.exposure(index))
    assert [order.client_order_id for order in again.open_orders()] == [
        order.client_order_id for order in manager.open_orders()
    ]


def test_every_number_of_an_order_is_kept():
    """Numbers are kept by name; what else an order holds is named here, so that a new field is not forgotten."""
    others = {"client_order_id", "strategy_id", "type", "time_in_force", "post_only", "reduce_only", "intent"}
    kept = {"chain", "exec_ids", "fees", "venue_order_id"}
    assert set(Order.__slots__) == others | kept | {"fold", "written"}
    saved = saved_state(durable_state(new_manager((1, 1))))
    assert saved.order_fields == [field.name for field in dataclasses.fields(OrderNumbers)]


def test_the_bytes_name_every_instrument_that_they_need_with_its_exact_rules():
    desk = Desk()
    costly = msgspec.structs.replace(SPOT, min_notional=10**20)
    desk.manager.define(BTC, costly)
    desk.submit()
    assert instruments_of(durable_state(desk.manager)) == [costly]
    assert len(state_hash(durable_state(desk.manager))) == 32


def test_a_position_in_an_instrument_that_is_gone_is_not_lost_in_silence():
    desk = Desk()
    desk.submit()
    again = OrderManager({})
    again.define(0, PERPETUAL)
    with pytest.raises(UndefinedInstrument, match="name it in the venue's `instruments`"):
        restore_state(durable_state(desk.manager), again)


def test_units_that_changed_between_two_sessions_are_refused():
    desk = Desk()
    desk.submit()
    again = OrderManager({})
    again.define(0, msgspec.structs.replace(SPOT, size_precision=6))
    with pytest.raises(UnitsChanged, match="is defined in"):
        restore_state(durable_state(desk.manager), again)


def test_damaged_bytes_another_version_and_unknown_sections_are_refused():
    data = durable_state(new_manager((1, 1)))
    saved = saved_state(data)
    for bad, why in (
        (data[:-3], "does not unpack"),
        (zlib.compress(b"\xc1"), "does not decode"),
        (zlib.compress(msgspec.msgpack.encode(msgspec.structs.replace(saved, version=VERSION + 1))), "version 2"),
        (zlib.compress(msgspec.msgpack.encode(msgspec.structs.replace(saved, sections=[("odd", 1, b"x")]))), "'odd'"),
        (zlib.compress(msgspec.msgpack.encode(msgspec.structs.replace(saved, states=["odd"]))), "odd"),
    ):
        with pytest.raises(BadState, match=why):
            restore_state(bad, OrderManager({}))


def test_a_state_is_restored_into_a_new_manager_only():
    desk = Desk()
    desk.submit()
    with pytest.raises(AlreadyUsed):
        restore_state(durable_state(desk.manager), desk.manager)


class Counter:
    """A section of the state that keeps one number."""

    name, version = "counter", 3

    def __init__(self, count=0):
        self.count = count
        self.told = None

    def durable(self):
        return bytes([self.count]) if self.count else b""

    def restore(self, version, data, indexes):
        self.told = (version, data[0], indexes)


def test_a_section_comes_back_with_its_version_and_the_new_indexes():
    desk = Desk()
    desk.submit()
    data = durable_state(desk.manager, [Counter(7)])
    again, counter = OrderManager({}), Counter()
    again.define(0, PERPETUAL)
    again.define(1, SPOT)
    restore_state(data, again, [counter])
    assert counter.told == (3, 7, {0: 1})
    assert durable_state(desk.manager, [Counter()]) == durable_state(desk.manager)


def test_a_report_that_waits_for_its_orders_name_still_waits_after_a_restart():
    desk = Desk()
    desk.submit("o1", quantity=100)
    nameless = OrderReport(
        type=ReportType.FILLED, client_order_id="", venue_order_id="v9", exec_id="x", price=100, quantity=40
    )
    desk.manager.report(nameless, BTC, 2_000, [])
    again = after_restart(desk.manager, (100, 100))
    assert again.state() == desk.manager.state()
    again.report(OrderReport(type=ReportType.ACCEPTED, client_order_id="o1", venue_order_id="v9"), BTC, 3_000, [])
    assert again.order("o1").filled == 40
    nobodys = msgspec.structs.replace(nameless, venue_order_id="v8")
    desk.manager.report(nobodys, NO_INSTRUMENT, 4_000, [])
    assert after_restart(desk.manager, (100, 100)).state() == desk.manager.state()
