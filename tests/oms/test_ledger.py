"""Cash per currency: what each kind of instrument moves, and that nothing is made or lost."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.effects import BalanceChanged, Effect
from core.instruments import AssetClass
from core.money import money
from oms.ledger import Ledger
from oms.terms import Terms
from tests.oms.making import PERPETUAL, SPOT

OPTION = msgspec.structs.replace(PERPETUAL, asset_class=AssetClass.OPTION, multiplier=100)
SHARE = msgspec.structs.replace(SPOT, asset_class=AssetClass.EQUITY, base="AAPL", quote="USD", size_precision=0)
LOTS = msgspec.structs.replace(SPOT, asset_class=AssetClass.FX, base="EUR", quote="USD", multiplier=100)


def moves(effects):
    return [(effect.currency, effect.delta, effect.reason) for effect in effects]


@pytest.mark.parametrize(
    ("instrument", "side", "expected"),
    [
        (SPOT, 1, [("BTC", money("0.001"), "trade"), ("USDT", money("-0.6"), "trade")]),
        (SPOT, -1, [("BTC", money("-0.001"), "trade"), ("USDT", money("0.6"), "trade")]),
        (SHARE, 1, [("AAPL", money("100"), "trade"), ("USD", money("-60000"), "trade")]),
        (LOTS, 1, [("EUR", money("0.1"), "trade"), ("USD", money("-60"), "trade")]),
        (OPTION, 1, [("USDT", money("-60000"), "premium")]),
        (OPTION, -1, [("USDT", money("60000"), "premium")]),
        (PERPETUAL, 1, [("USDT", money("0.0007"), "realised")]),
    ],
)
def test_each_kind_of_instrument_moves_its_own_cash(instrument, side, expected):
    effects: list[Effect] = []
    Ledger({}).book_trade(Terms(instrument), side, 100, 600_00, 7, effects)
    assert moves(effects) == [(currency, str(delta), reason) for currency, delta, reason in expected]


def test_a_contract_that_realises_nothing_moves_nothing():
    effects: list[Effect] = []
    Ledger({}).book_trade(Terms(PERPETUAL), 1, 100, 600_0, 0, effects)
    assert effects == []


def test_every_change_says_the_balance_after_it():
    ledger = Ledger({"USDT": 5})
    effects: list[Effect] = []
    ledger.add("USDT", -7, "fee", effects)
    ledger.add("BNB", 3, "fee", effects)
    assert effects == [
        BalanceChanged(currency="USDT", delta="-7", balance="-2", reason="fee"),
        BalanceChanged(currency="BNB", delta="3", balance="3", reason="fee"),
    ]
    assert ledger.balance("USDT") == -2
    assert ledger.balance("EUR") == 0
    assert list(ledger.balances()) == ["BNB", "USDT"]
    assert ledger.canonical() == [("BNB", "3"), ("USDT", "-2")]


def test_the_starting_balances_are_copied_in_and_out():
    start = {"USDT": 5}
    ledger = Ledger(start)
    ledger.balances()["USDT"] = 99
    start["USDT"] = 98
    assert ledger.balance("USDT") == 5


@given(
    st.lists(
        st.tuples(
            st.sampled_from([1, -1]), st.integers(1, 10**12), st.integers(1, 10**12), st.integers(-(10**20), 10**20)
        )
    )
)
def test_balances_are_the_start_and_the_sum_of_all_changes_told(trades):
    ledger, terms = Ledger({"USDT": 10**24}), Terms(SPOT)
    effects: list[Effect] = []
    for side, quantity, price, fee in trades:
        ledger.book_trade(terms, side, quantity, price, 0, effects)
        ledger.add("BNB", -fee, "fee", effects)
    for currency, start in (("USDT", 10**24), ("BTC", 0), ("BNB", 0)):
        told = sum(
            int(effect.delta)
            for effect in effects
            if isinstance(effect, BalanceChanged) and effect.currency == currency
        )
        assert ledger.balance(currency) == start + told
    paid = sum(side * quantity * price * SPOT.notional_factor for side, quantity, price, _ in trades)
    bought = sum(side * quantity for side, quantity, _, _ in trades)
    assert ledger.balance("USDT") == 10**24 - paid
    assert ledger.balance("BTC") == bought * 10**13
