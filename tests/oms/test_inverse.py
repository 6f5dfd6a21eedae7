"""Inverse contracts beside exact fractions and Binance's formula."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from core.effects import BalanceChanged, Effect, PositionChanged
from core.events import AccountMoved
from core.money import MONEY_UNIT, money, money_text
from core.orders import Side
from oms.positions import Position
from tests.oms.making import Desk
from tests.oms.test_books import COIN, INVERSE

SCALE = 100 * 10 * MONEY_UNIT  # contracts of 100 USD, prices in tenths
executions = st.lists(st.tuples(st.sampled_from([1, -1]), st.integers(1, 50), st.integers(100, 10**6)), max_size=25)


class Exact:
    """Average cost in fractions of a coin: nothing is rounded."""

    def __init__(self):
        self.quantity, self.cost, self.realised = 0, Fraction(0), Fraction(0)

    def fill(self, side, quantity, price):
        worth = Fraction(1_000, price)  # 100 USD over a price in tenths
        if self.quantity * side >= 0:
            self.quantity, self.cost = self.quantity + side * quantity, self.cost + side * quantity * worth
            return
        closed = min(quantity, abs(self.quantity))
        share = self.cost * closed / abs(self.quantity)
        self.realised += share + side * closed * worth
        self.cost -= share
        self.quantity += side * closed
        if quantity > closed:
            self.fill(side, quantity - closed, price)


def desk():
    made = Desk()
    made.manager.define(COIN, INVERSE)
    return made


def trade(made, name, side, quantity, price, fee="0"):
    made.submit(name, instrument=COIN, side=side, quantity=quantity, price=price)
    made.fill("x" + name, quantity, price, name, fee=str(money(fee)))


def test_profit_is_what_binance_says_it_is():
    """https://www.binance.com/en/support/faq/360039304272: "COIN-M Futures: Unrealized PNL = position_size *
    contract_multiplier * Order Direction * (1 / Entry Price - 1 / Mark Price)". 100 contracts of 100 USD, long from
    50,000 to 55,000, half of them closed there: 5,000 * (1/50,000 - 1/55,000) is 0.00909090909... BTC.
    """
    made = desk()
    trade(made, "in", Side.BUY, 100, 500_000)
    position = made.manager.position(COIN)
    assert money_text(position.cost_money) == "0.2"
    assert money_text(position.unrealised(550_000)) == "0.018181818181818182"
    trade(made, "out", Side.SELL, 50, 550_000)
    assert made.manager.balances()["BTC"] == position.realised_money
    assert money_text(position.realised_money) == "0.009090909090909091"
    assert position.average_price == 500_000.0


def test_a_short_gains_where_the_price_falls_and_the_entry_is_the_harmonic_mean():
    made = desk()
    trade(made, "a", Side.SELL, 10, 400_000)
    trade(made, "b", Side.SELL, 10, 600_000)
    position = made.manager.position(COIN)
    assert round(position.average_price) == 480_000
    assert position.unrealised(480_000) in range(-2, 3)
    assert position.unrealised(300_000) > 0
    assert position.unrealised(0) == 0


def test_fees_and_funding_are_paid_in_the_coin_and_count_against_the_position():
    made = desk()
    trade(made, "a", Side.BUY, 100, 500_000, fee="0.0001")
    effects: list[Effect] = []
    move = AccountMoved(venue="V", move_id="f", currency="BTC", amount=str(-money("0.0002")), reason="funding")
    made.manager.account_event(move, COIN, effects)
    changed, cash = effects
    assert isinstance(changed, PositionChanged)
    assert isinstance(cash, BalanceChanged)
    assert (changed.fees, changed.cost) == (str(money("0.0003")), str(money("0.2")))
    assert cash.balance == str(-money("0.0003"))


@settings(max_examples=60)
@given(executions, st.integers(100, 10**6))
def test_books_follow_exact_fractions_to_a_unit_of_money_a_fill(fills, mark):
    position, exact = Position(COIN, 1, SCALE), Exact()
    made = desk()
    for number, (side, quantity, price) in enumerate(fills):
        trade(made, f"o{number}", Side(side), quantity, price)
        exact.fill(side, quantity, price)
    position = made.manager.position(COIN)
    near = 60 * (len(fills) + 1)  # each cut is below one unit; a share of a cost spreads earlier ones
    assert position.quantity == exact.quantity
    assert abs(position.realised_money - exact.realised * MONEY_UNIT) < near
    assert abs(position.cost_money - exact.cost * MONEY_UNIT) < near
    open_profit = exact.cost - exact.quantity * Fraction(1_000, mark)
    assert abs(position.unrealised(mark) - open_profit * MONEY_UNIT) < near + 1
    assert made.manager.balances().get("BTC", 0) == position.realised_money
