"""Kelly's value from closed trades against the textbook, its floor on evidence, and how trades are counted."""

import math

import msgspec
import numpy as np
import pytest
import scipy  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from core.effects import OrderBusted, OrderFilled
from core.events import InstrumentDefined
from core.money import money
from core.orders import Side
from core.records import Kind
from risk.sizing.kelly import by_kelly, mean_variance, win_loss
from risk.sizing.trades import KEEP, Trades
from tests.risk.sizing.test_sizing_rules import INSTRUMENT, UNIT

FACTOR = INSTRUMENT.notional_factor


def test_win_loss_is_the_value_that_grows_fastest():
    """(p b - q) / b of the equity at stake; the value that maximises the mean logarithm of wealth."""
    returns = [0.03] * 55 + [-0.02] * 45
    p, b = 0.55, 1.5
    expected = (p * b - (1 - p)) / b / 0.02
    assert win_loss(returns, 0.0) == pytest.approx(expected, rel=1e-9)
    grown = scipy.optimize.minimize_scalar(
        lambda f: -(p * math.log1p(0.03 * f) + (1 - p) * math.log1p(-0.02 * f)),
        bounds=(0, 49),
        method="bounded",
        options={"xatol": 1e-12},
    )
    assert win_loss(returns, 0.0) == pytest.approx(grown.x, rel=1e-6)


def test_mean_variance_agrees_with_numpy():
    returns = np.random.default_rng(5).normal(0.002, 0.01, 200)
    assert mean_variance(returns.tolist(), 0.0) == pytest.approx(returns.mean() / returns.var(ddof=1), rel=1e-9)
    lowered = returns.mean() - returns.std(ddof=1) / math.sqrt(200)
    assert mean_variance(returns.tolist(), 1.0) == pytest.approx(lowered / returns.var(ddof=1), rel=1e-9)


@pytest.mark.parametrize("method", [win_loss, mean_variance])
def test_what_loses_gets_nothing_and_what_does_not_tell_is_not_known(method):
    assert method([0.01] * 10 + [-0.02] * 10, 0.0) == 0.0
    assert method([0.01] * 10, 0.0) is None


@given(returns=st.lists(st.floats(-0.2, 0.2), min_size=2, max_size=60), errors=st.floats(0, 3), more=st.floats(0, 3))
def test_a_larger_error_never_raises_the_value(returns, errors, more):
    for method in (win_loss, mean_variance):
        one, other = method(returns, errors), method(returns, errors + more)
        assert (one is None) == (other is None)
        assert one is None or other is None or other <= one


def test_a_fraction_of_kelly_is_a_fraction_of_the_quantity():
    returns = [0.03] * 55 + [-0.02] * 45
    whole = by_kelly(money("1000"), returns, 1.0, "win-loss", 0.0, UNIT, 7)
    half = by_kelly(money("1000"), returns, 0.5, "win-loss", 0.0, UNIT, 7)
    assert whole.quantity == 125_000  # 12.5 times the equity of 10000 units
    assert half.quantity == 62_500
    assert by_kelly(money("1000"), [0.01] * 9, 0.5, "win-loss", 0.0, UNIT, 7).quantity == 7


def trades() -> Trades:
    made = Trades()
    made.counting = True
    made.fold(Kind.INSTRUMENT, 0, 0, InstrumentDefined(INSTRUMENT))
    return made


def fill(side: Side, quantity: int, price: int, realised: int = 0, fee: str = "0", currency: str = "USDT"):
    return OrderFilled(
        client_order_id="c", strategy_id="s", instrument=0, side=side, exec_id="e", price=price, quantity=quantity,
        fee=str(money(fee)), fee_currency=currency, liquidity=None, realised=str(realised),
    )  # fmt: skip


def test_a_trade_from_flat_to_flat_returns_what_it_earned_over_what_was_opened():
    counted = trades()
    counted.take(fill(Side.BUY, 100, 1000_00, fee="0.01"))
    counted.take(fill(Side.BUY, 100, 1000_00, fee="0.01"))
    counted.take(fill(Side.SELL, 200, 1010_00, 200 * 10_00 * FACTOR, fee="0.02"))
    assert list(counted.returns["s"]) == [pytest.approx((0.2 - 0.04) / 20.0, rel=1e-12)]
    assert not counted.open


def test_a_fee_in_another_currency_is_not_counted():
    counted = trades()
    counted.take(fill(Side.BUY, 100, 1000_00, fee="1", currency="BNB"))
    counted.take(fill(Side.SELL, 100, 1000_00))
    assert list(counted.returns["s"]) == [0.0]


def test_a_fee_in_the_base_counts_at_the_price_and_what_it_left_is_flat_where_no_order_could_close_it():
    counted = Trades()
    counted.counting = True
    small = msgspec.structs.replace(INSTRUMENT, min_notional=money("5"))
    counted.fold(Kind.INSTRUMENT, 0, 0, InstrumentDefined(small))
    counted.take(fill(Side.BUY, 1_000, 1000_00, fee="0.001", currency="BTC"))
    counted.take(fill(Side.SELL, 980, 1000_00))
    assert list(counted.returns["s"]) == [pytest.approx(-0.01, rel=1e-12)]  # 1 of 100 USDT; 2 USDT are left


def test_a_position_that_turns_ends_one_trade_and_begins_another():
    counted = trades()
    counted.take(fill(Side.BUY, 100, 1000_00))
    counted.take(fill(Side.SELL, 300, 990_00, -100 * 10_00 * FACTOR))
    assert list(counted.returns["s"]) == [pytest.approx(-0.01, rel=1e-12)]
    assert (counted.open["s", 0].quantity, counted.open["s", 0].opened) == (-200, 200 * 990_00 * FACTOR)


def test_a_trade_with_an_execution_that_was_taken_back_is_not_counted():
    counted = trades()
    counted.take(fill(Side.BUY, 100, 1000_00))
    counted.take(fill(Side.BUY, 100, 1000_00))
    counted.take(
        OrderBusted(
            client_order_id="c", strategy_id="s", instrument=0, side=Side.BUY, exec_id="e", price=1000_00, quantity=100,
            fee="0", fee_currency="USDT", realised="0",
        )
    )  # fmt: skip
    counted.take(fill(Side.SELL, 100, 1010_00, 100 * 10_00 * FACTOR))
    assert not counted.returns
    assert not counted.open


def test_it_survives_a_restart_keeps_the_newest_and_counts_nothing_where_nobody_asks():
    counted = trades()
    for number in range(KEEP + 5):
        counted.take(fill(Side.BUY, 100, 1000_00))
        counted.take(fill(Side.SELL, 100, 1000_00 + number, 100 * number * FACTOR))
    counted.take(fill(Side.BUY, 100, 1000_00))
    again = trades()
    again.restore(counted.version, counted.durable(), {0: 0})
    assert again.state() == counted.state()
    assert len(again.returns["s"]) == KEEP
    idle = Trades()
    idle.fold(Kind.INSTRUMENT, 0, 0, InstrumentDefined(INSTRUMENT))
    idle.fold(Kind.FILL, 0, 0, fill(Side.BUY, 100, 1000_00))
    assert idle.durable() == b""
