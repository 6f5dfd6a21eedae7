"""A state in finer units says what it said: every price, quantity and profit, to the last unit."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.decimals import INT64_MAX
from core.effects import HeldChanged, LotChanged
from core.events import OrderReport, ReportType
from core.instruments import Instrument
from core.orders import Contingency, OrderTerms, OrderType, Side
from oms.errors import NotExact
from oms.held.order import HeldOrder, Slice, Stage
from oms.manager import OrderManager
from oms.rescale import in_finer_units, in_units
from oms.rules import AccountingRules, LotMethod
from oms.state import durable_state, restore_state
from oms.terms import Terms
from tests.oms.making import BTC, PERPETUAL, SPOT, Desk, intent
from tests.oms.test_books import INVERSE, SHARE, happens, streams, world
from tests.oms.test_durable_state import liquidations, lived, moves
from tests.oms.test_manager_restored import bounds, histories


def _told(manager: OrderManager) -> list[object]:
    """Everything that has a unit, as text and as money."""
    told: list[object] = [manager.balances()]
    for order in (*manager.open_orders(), *manager.closed_orders()):
        rules = manager.instrument(order.instrument)
        sizes = (order.quantity, order.filled, order.leaves, order.intent.quantity)
        told.append((rules.price_text(order.price), *map(rules.quantity_text, sizes)))
        told.append(order.notional * rules.notional_factor)
        for _, (quantity, price, *money, own, net) in sorted(order.exec_ids.items()):
            profits = (own * rules.notional_factor, net * rules.notional_factor)
            told.append((rules.quantity_text(quantity), rules.price_text(price), *money, *profits))
    for index, strategy_id, position in manager.positions():
        rules = manager.instrument(index)
        worth = (position.realised_money, position.cost * rules.notional_factor, position.fees, position.fills)
        if any(worth):  # one that was never filled is not kept
            told.append((strategy_id, rules.quantity_text(position.quantity), *worth))
    return told


@settings(max_examples=25)
@given(bounds, histories, st.lists(moves | liquidations, max_size=3), st.integers(0, 3), st.integers(0, 3))
def test_every_figure_is_the_same_in_finer_units(keep, past, account, prices, sizes):
    manager = lived(keep, past, account)
    units = {each.id: (each.price_precision + prices, each.size_precision + sizes) for each in (SPOT, PERPETUAL)}
    again = OrderManager({}, *keep)
    for index, each in enumerate((SPOT, PERPETUAL)):
        again.define(index, in_units(each, *units[each.id]))
    restore_state(in_finer_units(durable_state(manager), units), again)
    assert _told(again) == _told(manager)


def test_the_same_units_leave_the_bytes_alone():
    desk = Desk()
    desk.submit("o1")
    data = durable_state(desk.manager)
    assert in_finer_units(data, {SPOT.id: (SPOT.price_precision, SPOT.size_precision)}) is data


def test_the_prices_that_an_order_waits_for_move_with_it():
    desk = Desk()
    desk.submit("o1", type=OrderType.STOP, price=0, terms=OrderTerms(trigger_price=60_000_00, display_quantity=5))
    saved = in_finer_units(durable_state(desk.manager), {SPOT.id: (3, 6)})
    again = OrderManager({})
    again.define(0, in_units(SPOT, 3, 6))
    restore_state(saved, again)
    order = again.order("o1")
    assert order is not None
    assert order.intent.terms is not None
    assert (order.intent.terms.trigger_price, order.intent.terms.display_quantity) == (60_000_000, 50)


def test_decimals_that_money_cannot_hold_are_refused_by_name():
    with pytest.raises(NotExact, match=r"BTCUSDT.BINANCE would need 12 decimals of price and 8 of quantity"):
        in_units(SPOT, 12, 8)


def test_rules_keep_their_meaning():
    finer = in_units(msgspec.structs.replace(PERPETUAL, lot=10, min_quantity=10), 3, 5)
    assert (finer.price_text(finer.tick), finer.quantity_text(finer.lot)) == ("0.1", "0.01")
    assert (finer.quantity_text(finer.min_quantity), finer.id) == ("0.01", PERPETUAL.id)


def _finer(manager: OrderManager, units: dict[str, tuple[int, int]], rules: AccountingRules) -> OrderManager:
    """A new manager that takes the state over in other units."""
    again = OrderManager({}, rules=rules)
    for index in manager.instruments():
        known = manager.instrument(index)
        again.define(index, in_units(known, *units.get(known.id, (known.price_precision, known.size_precision))))
    restore_state(in_finer_units(durable_state(manager), units), again)
    return again


def _lots(manager: OrderManager) -> list[object]:
    """Every open tax lot, as text and as money."""
    assert manager.books.lots is not None
    told: list[object] = []
    for (index, strategy_id, hedge), queue in sorted(manager.books.lots._queues.items()):
        rules, factor = manager.instrument(index), Terms(manager.instrument(index)).value_factor
        for lot in queue.lots:
            sizes = (rules.quantity_text(lot.quantity), rules.quantity_text(lot.size))
            told.append((index, strategy_id, hedge, *sizes, lot.cost * factor, lot.gained * factor, lot.fees))
        for exec_id, parts in queue._recent.items():
            for part in parts:
                sizes = (rules.quantity_text(part.quantity), rules.quantity_text(part.left))
                worth = (part.cost * factor, part.proceeds * factor, part.gained * factor, part.fees, part.closing_fees)
                told.append((index, strategy_id, hedge, exec_id, part.number, *sizes, *worth))
    return told


@pytest.mark.parametrize("method", [LotMethod.FIFO, LotMethod.LIFO])
@settings(max_examples=15)
@given(streams, st.integers(0, 3), st.integers(0, 3))
def test_tax_lots_cost_and_gained_the_same_in_finer_units(method, stream, prices, sizes):
    rules = AccountingRules(lots=method, hedging=True)
    desk = world(rules)
    booked: list[tuple[str, str]] = []
    for number, event in enumerate(stream):
        happens(desk, number, event, booked, hedging=True)
    units = {
        each.id: (each.price_precision + prices, each.size_precision + sizes)
        for each in (SPOT, PERPETUAL, INVERSE, SHARE)
    }
    assert _lots(_finer(desk.manager, units, rules)) == _lots(desk.manager)


@pytest.mark.parametrize(("method", "realised"), [(LotMethod.FIFO, "300"), (LotMethod.LIFO, "100")])
def test_a_lot_of_before_is_closed_in_the_units_of_now(method, realised):
    rules = AccountingRules(lots=method)
    desk = Desk(rules=rules)
    for name, price in (("a", 60_000_00), ("b", 62_000_00)):
        desk.submit(name, quantity=10_000, price=price)
        desk.fill(f"x{name}", 10_000, price, name)
    later = Desk(rules=rules)
    later.manager = _finer(desk.manager, {SPOT.id: (4, 7)}, rules)
    later.submit("c", quantity=1_000_000, price=63_000_0000, side=Side.SELL)
    later.fill("xc", 1_000_000, 63_000_0000, "c")
    closed = later.effect(LotChanged)
    assert closed.realised == f"{realised}{'0' * 18}"


KEPT = intent(
    "held", type=OrderType.STOP_LIMIT, side=Side.SELL, quantity=30, price=59_000_00,
    terms=OrderTerms(trigger_price=59_500_00, trail=10, group="g", contingency=Contingency.OUO, display_quantity=10),
)  # fmt: skip


def _kept(rules: Instrument = SPOT) -> HeldOrder:
    """An order that tickerd keeps, a slice of which is at the venue."""
    order = HeldOrder(KEPT, "held", rules.lot, rules.tick, expire_ns=7, from_ns=5)
    order.stage, order.trigger, order.fired, order.told = Stage.READY, 59_600_00, True, True
    order.quantity, order.armed, order.filled = 30, 20, 10
    order.slices["part"] = Slice(10, 4, is_open=True, asked=True)
    return order


@given(st.integers(0, 3), st.integers(0, 3))
@settings(max_examples=10)
def test_an_order_that_tickerd_keeps_waits_for_the_same_price_with_the_same_quantity(prices, sizes):
    desk, kept = Desk(), _kept()
    desk.manager.held.follow(HeldChanged(client_order_id="held", strategy_id="s", instrument=BTC, state=kept.save()))
    again = _finer(desk.manager, {SPOT.id: (2 + prices, 5 + sizes)}, AccountingRules())
    order, price, size = again.held.get("held"), 10**prices, 10**sizes
    assert order is not None
    assert (order.trigger, order.tick, order.intent.price) == (59_600_00 * price, price, 59_000_00 * price)
    assert (order.terms.trigger_price, order.terms.trail) == (59_500_00 * price, 10 * price)
    figures = (
        order.intent.quantity,
        order.quantity,
        order.armed,
        order.filled,
        order.lot,
        order.terms.display_quantity,
    )
    assert figures == tuple(each * size for each in (30, 30, 20, 10, 1, 10))
    part = order.slices["part"]
    assert (part.quantity, part.filled, part.open, part.asked) == (10 * size, 4 * size, True, True)
    assert (order.stage, order.fired, order.told, order.expire_ns, order.from_ns) == (Stage.READY, True, True, 7, 5)
    assert order.saved == order.save(), "it is written down as it would write itself"


def test_a_report_that_waits_for_its_order_is_counted_in_the_units_of_now():
    desk = Desk()
    desk.submit("o1", quantity=100)
    nameless = OrderReport(
        type=ReportType.FILLED, client_order_id="", venue_order_id="v", exec_id="e", quantity=40, price=60_000_00
    )
    desk.manager.report(nameless, BTC, 5, [])
    later = Desk()
    later.manager = _finer(desk.manager, {SPOT.id: (3, 6)}, AccountingRules())
    later.report(ReportType.ACCEPTED, "o1", venue_order_id="v")
    assert (later.order("o1").filled, later.order("o1").notional) == (400, 400 * 60_000_000)


def test_what_leaves_64_bits_in_finer_units_is_refused_by_name():
    desk = Desk()
    desk.submit("o1", quantity=INT64_MAX // 50)
    with pytest.raises(NotExact, match=r"BTCUSDT.BINANCE is counted in finer units.*a quantity from before would be"):
        in_finer_units(durable_state(desk.manager), {SPOT.id: (2, 7)})
