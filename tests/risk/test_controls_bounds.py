"""How far a position may reach: both legs of hedge mode, and what a replacement adds to what is open on its side."""

import pytest

from core.events import ReportType
from core.orders import ApprovedReplace, OrderTerms, Refusal, Side
from oms.rules import AccountingRules
from risk.controls.cells import ACCOUNT, Reach, reach_of
from tests.risk.control_room import PERP, SPOT, ControlRoom, limited

LONG, SHORT = OrderTerms(hedge=Side.BUY), OrderTerms(hedge=Side.SELL)


def numbers(reach: Reach) -> tuple[int, ...]:
    return reach.long, reach.short, reach.both, reach.buys, reach.sells, reach.gross


@pytest.mark.parametrize("side", Side)
def test_a_replacement_adds_to_what_is_open_on_its_side_what_is_more_of_it(side):
    room = ControlRoom(**limited(max_open_notional=20))
    name = room.place(side=side)
    room.report(ReportType.ACCEPTED, name)
    assert isinstance(room.replace(name, quantity=200), ApprovedReplace)
    refusal = room.replace(name, quantity=205)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "OPEN_NOTIONAL"


def hedged() -> ControlRoom:
    """A long leg of 300, 50 more to be bought and 70 to be sold of it, and a short leg of 100."""
    room = ControlRoom()
    room.manager.books.rules = AccountingRules(hedging=True)
    room.fill(room.place(quantity=300, terms=LONG), 300)
    room.fill(room.place(side=Side.SELL, quantity=100, terms=SHORT), 100)
    room.place(quantity=50, price=999_00, terms=LONG)
    room.place(side=Side.SELL, quantity=70, price=1001_00, terms=LONG)
    return room


def test_in_hedge_mode_each_leg_of_an_account_reaches_for_itself():
    room = hedged()
    assert numbers(reach_of(room.manager, ACCOUNT, PERP)) == (350, -100, 100, 50, 70, 450)


def test_a_strategy_has_one_position_whatever_the_legs():
    assert numbers(reach_of(hedged().manager, "ema", PERP)) == (250, 130, 0, 50, 70, 250)


def test_what_is_held_as_a_balance_has_no_legs():
    room = hedged()
    room.manager.books.rules = AccountingRules()
    room.hold(200, instrument=SPOT)
    room.place(side=Side.SELL, quantity=70, instrument=SPOT)
    room.manager.books.rules = AccountingRules(hedging=True)
    assert numbers(reach_of(room.manager, ACCOUNT, SPOT)) == (200, 130, 0, 0, 70, 200)


@pytest.mark.parametrize(
    ("side", "reach"), [(Side.BUY, (300, -100, 100, 0, 70, 400)), (Side.SELL, (350, -100, 100, 50, 0, 450))]
)
def test_without_an_order_that_opens_its_leg_reaches_less_far_and_without_one_that_closes_as_far(side, reach):
    room = hedged()
    (order,) = [each for each in room.manager.open_orders() if each.side == side]
    assert numbers(reach_of(room.manager, ACCOUNT, PERP, order)) == reach
