"""Dividends and splits: who holds is paid, cost stays, fractions become cash, lots and open orders follow."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.effects import Alert, Effect, LotChange, LotChanged, PositionChanged
from core.events import CorporateAction, CorporateKind
from core.money import money
from core.orders import Side
from oms.rules import AccountingRules, LotMethod
from tests.oms.making import Desk
from tests.oms.test_books import AAPL, SHARE

FIFO = AccountingRules(lots=LotMethod.FIFO)


def desk(rules=FIFO):
    made = Desk(rules=rules)
    made.manager.define(AAPL, SHARE)
    return made


def trade(made, name, side, shares, price, strategy_id="s"):
    """Trade hundredths of a share at a price in cents."""
    made.submit(name, instrument=AAPL, side=side, quantity=shares, price=price, strategy_id=strategy_id)
    made.fill("x" + name, shares, price, name)


def happens(made, kind, name="c1", **fields):
    effects: list[Effect] = []
    action = CorporateAction(venue="NYSE", action_id=name, kind=kind, **fields)
    made.manager.account_event(action, AAPL, effects, made.now_ns)
    made.manager.books.ledger.books.check()
    return effects


def test_a_dividend_is_paid_on_every_share_and_counts_for_the_position_of_each_strategy():
    made = desk()
    trade(made, "a", Side.BUY, 10_000, 150_00, "a")
    trade(made, "b", Side.BUY, 5_000, 150_00, "b")
    effects = happens(made, CorporateKind.DIVIDEND, amount=str(money("0.22")), withheld=str(money("0.03")))
    assert [type(effect).__name__ for effect in effects] == ["PositionChanged", "BalanceChanged"]
    assert made.manager.position(AAPL).fees == -money("33")
    assert made.manager.strategy_position("a", AAPL).fees == -money("22")
    assert effects[1].delta == str(money("33"))
    assert happens(made, CorporateKind.DIVIDEND, amount=str(money("0.22"))) == []


def test_who_is_short_pays_the_dividend_and_who_is_flat_hears_nothing():
    made = desk()
    assert happens(made, CorporateKind.DIVIDEND, "c0", amount=str(money("0.22"))) == []
    trade(made, "a", Side.SELL, 10_000, 150_00)
    happens(made, CorporateKind.DIVIDEND, amount=str(money("0.22")))
    assert made.manager.position(AAPL).fees == money("22")


def test_a_split_multiplies_the_shares_and_leaves_what_they_cost():
    """A 4-for-1 split as in Apple's of 2020-08-31: 100 shares at 500 become 400 whose basis is 125 each."""
    made = desk()
    trade(made, "a", Side.BUY, 10_000, 500_00)
    effects = happens(made, CorporateKind.SPLIT, numerator=4)
    position = made.manager.position(AAPL)
    assert (position.quantity, position.cost_money, position.average_price) == (40_000, money("50000"), 125_00.0)
    assert made.manager.balances()["AAPL"] == money("400")
    [lot] = [effect for effect in effects if isinstance(effect, LotChanged)]
    assert (lot.change, lot.number, lot.left, lot.cost) == (LotChange.SPLIT, 1, 40_000, str(money("50000")))
    trade(made, "b", Side.SELL, 40_000, 130_00)
    assert position.realised_money == money("2000")


def test_a_fraction_that_cannot_be_counted_is_sold_at_the_cash_price():
    made = desk()
    trade(made, "a", Side.BUY, 1_001, 10_00)
    [changed, *_] = happens(made, CorporateKind.SPLIT, numerator=1, denominator=10, cash_price=100_00)
    assert isinstance(changed, PositionChanged)
    position = made.manager.position(AAPL)
    assert position.quantity == 100
    # A tenth of a hundredth of a new share, at 100, is 0.1; it cost its share, 1/1001 of 100.1.
    assert made.manager.balances()["USD"] == -money("100.1") + money("0.1")
    assert position.realised_money == 0
    assert position.cost_money == money("100")


def test_open_orders_of_a_split_instrument_are_named():
    made = desk()
    made.submit("waits", instrument=AAPL, quantity=100, price=10_00)
    [alert] = [one for one in happens(made, CorporateKind.SPLIT, numerator=2) if isinstance(one, Alert)]
    assert alert.code == "OPEN_ORDERS_AT_SPLIT"
    assert "waits" in alert.message


@pytest.mark.parametrize(
    ("kind", "fields", "why"),
    [
        (CorporateKind.SPLIT, {"numerator": 0}, "no ratio"),
        (CorporateKind.DIVIDEND, {"amount": "1.5"}, "no integer"),
        (CorporateKind.DIVIDEND, {"name": ""}, "no id"),
    ],
)
def test_what_cannot_be_booked_is_an_alert(kind, fields, why):
    [alert] = happens(desk(), kind, **fields)
    assert alert.code == "BAD_CORPORATE_ACTION"
    assert why in alert.message


holders = st.lists(st.integers(-300, 300).filter(bool), min_size=1, max_size=4)


@settings(max_examples=80)
@given(holders, st.integers(1, 7), st.integers(1, 7), st.integers(0, 10**5))
def test_whatever_the_ratio_strategies_and_lots_still_add_up_and_no_value_is_made(held, numerator, denominator, cash):
    made = desk()
    for number, quantity in enumerate(held):
        side = Side.BUY if quantity > 0 else Side.SELL
        trade(made, f"o{number}", side, abs(quantity), 100_00 + number, f"s{number}")
    position = made.manager.position(AAPL)
    before, usd = position.cost - position.realised, made.manager.balances().get("USD", 0)
    quantity = position.quantity
    happens(made, CorporateKind.SPLIT, numerator=numerator, denominator=denominator, cash_price=cash)
    exact = abs(quantity) * numerator // denominator
    assert position.quantity == (exact if quantity > 0 else -exact)
    own = [made.manager.strategy_position(f"s{number}", AAPL) for number in range(len(held))]
    assert sum(each.quantity for each in own) == position.quantity
    paid = made.manager.balances().get("USD", 0) - usd
    assert paid == (before - (position.cost - position.realised)) * position.factor
    for number, each in enumerate(own):
        queue = made.manager.books.lots.queue(AAPL, f"s{number}")
        assert queue.quantity == each.quantity
