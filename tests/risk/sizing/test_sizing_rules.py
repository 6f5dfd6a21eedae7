"""Each rule of sizes by itself, against the same formula in numpy and at its boundaries."""

import math

import numpy as np
import pytest

from core.instruments import AssetClass, Instrument
from core.market import Market
from core.money import money
from core.orders import Side
from oms.manager import OrderManager
from risk.controls.worth import Worth
from risk.sizing.bound import LARGEST, floor_of
from risk.sizing.equity import by_equity, known_equity
from risk.sizing.liquidity import by_depth, by_volume
from risk.sizing.samples import Samples
from risk.sizing.settings import SizingSettings, StrategySizing, billionths, units
from risk.sizing.volatility import by_volatility, volatility

SECOND = 1_000_000_000
INSTRUMENT = Instrument(
    symbol="BTCUSDT",
    venue="BINANCE",
    asset_class=AssetClass.PERPETUAL,
    base="BTC",
    quote="USDT",
    price_precision=2,
    size_precision=4,
    tick=1,
    lot=10,
)
UNIT = Worth(1000_00 * INSTRUMENT.notional_factor, 1)  # a unit, 0.0001 BTC, at 1000 USDT: 0.1 USDT


def market(bid: int = 999_95, ask: int = 1000_05, quantity: int = 500) -> Market:
    made = Market(0, INSTRUMENT)
    made.connected = True
    made.bid_price, made.ask_price, made.bid_quantity, made.ask_quantity, made.quote_ns = (
        bid,
        ask,
        quantity,
        2 * quantity,
        1,
    )
    return made


def test_volatility_agrees_with_numpy():
    returns = np.random.default_rng(1).normal(0, 0.001, 500)
    expected = np.sqrt(np.mean(returns**2)) * np.sqrt(525_600)
    assert volatility(returns.tolist(), 525_600.0) == pytest.approx(expected, rel=1e-9)


def test_the_target_over_the_volatility_is_the_share_of_the_equity():
    bound = by_volatility(money("100000"), 0.1, 0.5, UNIT, 0)
    assert bound.quantity == 200_000  # 20 % of 100000 USDT at 0.1 a unit
    assert by_volatility(money("100000"), 0.1, 0.25, UNIT, 0).quantity == 400_000


@pytest.mark.parametrize(("equity", "yearly", "allowed"), [("100000", 0.0, 7), ("-5", 0.5, 0), ("0", 0.5, 0)])
def test_where_nothing_moved_or_nothing_is_left_the_target_gives_no_size(equity, yearly, allowed):
    assert by_volatility(money(equity), 0.1, yearly, UNIT, 7).quantity == allowed


def test_the_share_of_the_equity_is_cut_to_the_unit():
    assert by_equity(money("1000.05"), billionths(0.1), UNIT).quantity == 1000  # 100.005 over 0.1, cut
    assert by_equity(money("1000.99"), billionths(0.1), UNIT).quantity == 1000
    assert by_equity(money("1001"), billionths(0.1), UNIT).quantity == 1001
    assert by_equity(money("-1"), billionths(0.1), UNIT).quantity == 0


def test_what_has_no_price_is_left_out_of_the_equity_and_a_debt_without_one_makes_it_unknown():
    manager = OrderManager({"USDT": money("100"), "BNB": money("5")})
    assert known_equity("USDT", manager) == money("100")
    assert known_equity("USDT", OrderManager({"USDT": money("100"), "BNB": 0})) == money("100")
    manager.books.ledger.books.owe({"BNB": money("6")})
    assert known_equity("USDT", manager) is None


def test_depth_counts_the_other_side_within_reach_of_the_middle():
    assert by_depth(market(), Side.BUY, billionths(0.1), billionths(0.001)).quantity == 100
    assert by_depth(market(), Side.SELL, billionths(0.1), billionths(0.001)).quantity == 50
    assert by_depth(market(), Side.BUY, billionths(0.1), billionths(0.00005)).quantity == 100, "just reaches the ask"
    assert by_depth(market(), Side.BUY, billionths(0.1), billionths(0.00004)).quantity == 0
    assert by_depth(market(0, 0), Side.BUY, billionths(0.1), billionths(0.001)).quantity == 0


def test_volume_is_what_was_traded_since_the_oldest_sample_in_its_span():
    samples, here = Samples(SECOND, 100), market()
    for second in range(10):
        here.volume = 100 * second
        samples.take(second * SECOND, here)
    assert samples.volume(9 * SECOND, 4 * SECOND, here) == 400
    assert by_volume(here, 400, billionths(0.05)).quantity == 20
    assert Samples(SECOND, 100).volume(0, SECOND, here) == 0


def test_a_market_that_is_not_to_be_trusted_gives_no_sample_and_no_return_over_the_gap():
    samples, here = Samples(SECOND, 100), market()
    for second in range(9):
        here.connected = not 3 <= second <= 5
        here.ask_price = 1000_05 + second
        samples.take(second * SECOND, here)
    assert len(samples.kept) == 6
    assert len(samples.returns(100)) == 4, "two before the gap, two after it"
    assert len(samples.returns(1)) == 1


@pytest.mark.parametrize(
    ("quantity", "whole"), [(0.0, 0), (-1.0, 0), (math.nan, 0), (1.999, 1), (math.inf, LARGEST), (1e300, LARGEST)]
)
def test_a_size_from_floats_is_cut_and_never_negative_or_endless(quantity, whole):
    assert floor_of(quantity) == whole


def test_numbers_of_settings_are_cut_exactly():
    assert billionths(0.3) == 300_000_000
    assert billionths(1e-10) == 0
    assert units(0.29, 2) == 29
    assert units(1e-9, 8) == 0


def test_settings_that_bound_nothing_or_can_never_be_known_are_refused():
    with pytest.raises(ValueError, match="sizing has no rule"):
        StrategySizing()
    with pytest.raises(ValueError, match="least must be at most the window"):
        SizingSettings(window=10, least=11)
