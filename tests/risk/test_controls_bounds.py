"""Where limits of scopes begin to hold, weighed by themselves, and how far a position may reach.

An order at a limit passes without being weighed: `risk.controls.clearance` knows of it. So each is asked here alone.
"""

from types import SimpleNamespace
from typing import Any

import pytest

from core.book import LIVE, set_level
from core.events import ReportType
from core.market import Market
from core.orders import ApprovedReplace, OrderTerms, Refusal, Side
from oms.rules import AccountingRules
from risk.controls import checks
from risk.controls.cells import ACCOUNT, Reach, reach_of
from risk.controls.depth import displayed, too_far, trades_at
from risk.controls.scope import PPM
from tests.risk.control_room import PERP, SPOT, ControlRoom, limited
from tests.risk.room import INSTRUMENT

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


WEIGHED = {name: broken for name, _, broken in checks._ADDING}
PLAIN: dict[str, Any] = {"value": 3, "more_gross": 3, "more_side": 3, "side": 1, "now_ns": 0}
SUMS: dict[str, Any] = {"equity": 100, "cash": 13, "single": 7, "need": 3}


def breaks(name: str, limit: int, asked: dict[str, Any], scope: dict[str, Any], sums: dict[str, Any]) -> bool:
    known = SimpleNamespace(**SUMS | sums)
    known.gross_of, known.cash_for = lambda _index: known.single, lambda _asked: known.need
    order = SimpleNamespace(**PLAIN | asked, intent=SimpleNamespace(instrument=0))
    return WEIGHED[name](order, SimpleNamespace(**{name: limit} | scope), known)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "limit", "asked", "scope"),
    [
        ("max_order_value", 3, {}, {}),
        ("max_gross_notional", 10, {}, {"gross": 7}),
        ("max_leverage", PPM // 10, {}, {"gross": 7}),
        ("max_concentration", PPM // 10, {}, {}),
        ("max_net_notional", 10, {}, {"long": 7, "short": 5}),
        ("max_net_notional", 10, {"side": -1}, {"long": 5, "short": -7}),
        ("max_open_notional", 10, {}, {"buys": 7, "sells": 5}),
        ("max_open_notional", 10, {"side": -1}, {"buys": 5, "sells": 7}),
        ("max_turnover_per_day", 10, {}, {"day_turnover": 7}),
    ],
)
def test_what_comes_to_a_limit_passes_and_one_unit_more_does_not(name, limit, asked, scope):
    assert not breaks(name, limit, asked, scope, {})
    assert breaks(name, limit - 1, asked, scope, {})


@pytest.mark.parametrize(
    ("name", "scope", "sums"),
    [
        ("max_gross_notional", {"gross": 11}, {}),
        ("max_leverage", {"gross": 11}, {}),
        ("max_concentration", {}, {"single": 11}),
        ("max_net_notional", {"long": 11, "short": 0}, {}),
        ("max_open_notional", {"buys": 11, "sells": 0}, {}),
        ("min_cash", {}, {"cash": -1, "need": 0}),
    ],
)
def test_what_adds_nothing_passes_a_limit_that_is_broken_already(name, scope, sums):
    assert not breaks(name, 0, {"more_gross": 0, "more_side": 0}, scope, sums)


@pytest.mark.parametrize(("least", "broken"), [(10, False), (11, True)])
def test_the_cash_that_is_left_over_may_be_just_the_least(least, broken):
    assert breaks("min_cash", least, {}, {}, {}) is broken


@pytest.mark.parametrize(("age_ns", "broken"), [(-1, False), (0, True), (1, True)])
def test_an_order_of_the_same_instant_is_a_twin_and_none_is_not(age_ns, broken):
    assert breaks("duplicate_window_ms", 1, {}, {"age_of_twin": lambda *_: age_ns}, {}) is broken


@pytest.mark.parametrize(("fees", "limit", "broken"), [(0, 0, False), (1, 0, True), (1, 1, True), (1, 2, False)])
def test_fees_are_spent_at_the_limit_where_there_are_any(fees, limit, broken):
    assert breaks("max_fees_per_day", limit, {}, {"day_fees": fees}, {}) is broken


@pytest.mark.parametrize(("equity", "figure"), [(-1, ""), (0, ""), (2, "1.5")])
def test_without_equity_there_is_no_share_of_it_to_tell(equity, figure):
    scope, sums = SimpleNamespace(name="all"), SimpleNamespace(equity=equity)
    assert checks._ratio(scope, "gross value", 3, PPM, sums).figure == figure  # type: ignore[arg-type]


# -- beside the market -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "price", "shown"), [(1, 99, 0), (1, 100, 7), (1, 101, 7), (-1, 98, 5), (-1, 99, 5), (-1, 100, 0)]
)
def test_the_touch_shows_its_quantity_to_an_order_that_reaches_it(side, price, shown):
    assert displayed(Market(0, INSTRUMENT), (99, 5, 100, 7, 0), side, price) == shown


def test_a_side_without_a_price_shows_nothing():
    assert displayed(Market(0, INSTRUMENT), (0, 5, 0, 7, 0), 1, 0) == 0


@pytest.mark.parametrize(
    ("side", "price", "shown"),
    [(1, 99, 0), (1, 100, 1), (1, 101, 3), (1, 102, 3), (-1, 99, 0), (-1, 98, 4), (-1, 97, 12), (-1, 96, 12)],
)
def test_a_book_shows_the_quantities_of_all_levels_that_an_order_reaches(side, price, shown):
    market = Market(0, INSTRUMENT)
    market.book.state = LIVE
    for levels, rows in ((market.book.asks, ((100, 1), (101, 2))), (market.book.bids, ((98, 4), (97, 8)))):
        for at, quantity in rows:
            set_level(levels, at, quantity)
    assert displayed(market, (0, 0, 0, 0, 0), side, price) == shown


def priced(price: int, side: int = 1) -> Any:
    """An order in a market of 999 to 1001 that moves by 1 % a minute."""
    market = SimpleNamespace(touch=lambda: (999, 1001, 0))
    return SimpleNamespace(
        intent=SimpleNamespace(price=price), side=side, market=market, observed=SimpleNamespace(volatility_ppm=10_000)
    )


@pytest.mark.parametrize(("price", "is_too_far"), [(989, True), (990, False), (1010, False), (1011, True)])
def test_a_price_may_be_just_so_many_volatilities_away(price, is_too_far):
    scope: Any = SimpleNamespace(max_price_volatilities=PPM)
    assert too_far(priced(price), scope) is is_too_far


def test_without_a_price_an_order_trades_at_the_other_sides_best():
    assert [trades_at(priced(price, side), 999, 1001) for price, side in ((0, 1), (0, -1), (5, 1))] == [1001, 999, 5]
