"""A state in finer units says what it said: every price, quantity and profit, to the last unit."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.orders import OrderTerms, OrderType
from oms.errors import NotExact
from oms.manager import OrderManager
from oms.rescale import in_finer_units, in_units
from oms.state import durable_state, restore_state
from tests.oms.making import PERPETUAL, SPOT, Desk
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
