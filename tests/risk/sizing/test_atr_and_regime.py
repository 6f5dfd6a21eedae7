"""Average true range as Wilder has it, sizes by what a stop loses, and regimes at their boundaries."""

import numpy as np
import pytest

from core.money import money
from risk.controls.worth import Worth
from risk.sizing.atr import Wilder, by_risk
from risk.sizing.regime import factor_of, regime_of
from risk.sizing.settings import RegimeSettings, SizingSettings
from strategies.indicators import atr, atr_update
from tests.risk.sizing.test_sizing_rules import UNIT


def bars(count: int) -> list[tuple[int, int, int]]:
    closes = 100_000 + np.random.default_rng(3).integers(-500, 500, count).cumsum()
    return [(int(close) + 40, int(close) - 60, int(close)) for close in closes]


def by_hand(rows: list[tuple[int, int, int]], period: int) -> float:
    """Wilder's own recipe, in numpy."""
    high, low, close = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    before = close[:-1]
    ranges = np.maximum(high[1:] - low[1:], np.maximum(abs(high[1:] - before), abs(low[1:] - before)))
    value = ranges[:period].mean()
    for each in ranges[period:]:
        value = (value * (period - 1) + each) / period
    return float(value)


@pytest.mark.parametrize("period", [1, 2, 14])
def test_the_average_true_range_is_wilders(period):
    rows, meter, twin = bars(60), Wilder(period), atr(period)
    for row in rows:
        meter.take(*row, complete=True)
        atr_update(twin, *map(float, row))
    assert meter.value == pytest.approx(by_hand(rows, period), rel=1e-12)
    assert meter.value == pytest.approx(twin.value, rel=1e-12)


def test_it_is_not_known_before_its_period_and_a_bar_that_missed_trades_is_left_out():
    meter = Wilder(2)
    meter.take(110, 90, 100, complete=True)
    meter.take(110, 90, 100, complete=True)
    assert meter.value == 0.0
    meter.take(500, 10, 400, complete=False)
    meter.take(410, 390, 400, complete=True)  # its close before is not to be believed: it only begins anew
    assert meter.value == 0.0
    meter.take(410, 390, 400, complete=True)
    assert meter.value == 20.0


def test_a_stop_loses_just_the_share_of_the_equity():
    bound = by_risk(money("100000"), 0.01, 25_00.0, 1000_00, UNIT)  # a unit, 0.0001, loses 0.0025 over 25.00
    assert bound.quantity == 400_000
    assert by_risk(money("-1"), 0.01, 25_00.0, 1000_00, UNIT).quantity == 0
    assert by_risk(money("100000"), 0.01, 50_00.0, 1000_00, Worth(UNIT.numerator * 2, 2)).quantity == 200_000


REGIMES = RegimeSettings(short=2, calm_below=0.5, wild_above=1.5, calm=0.9, normal=0.8, wild=0.3)


def returns(newest: float) -> list[float]:
    """Eight returns of 1 %, and two newest."""
    return [0.01, -0.01] * 4 + [newest, -newest]


@pytest.mark.parametrize(
    ("newest", "regime", "factor"),
    [(0.001, "calm", 0.9), (0.01, "normal", 0.8), (0.1, "wild", 0.3), (0.0, "calm", 0.9)],
)
def test_the_newest_volatility_over_the_whole_tells_the_regime(newest, regime, factor):
    assert regime_of(returns(newest), 5, REGIMES) == regime
    assert factor_of(regime, REGIMES) == factor


def test_the_bounds_of_a_regime_belong_to_the_normal_one():
    moves = [0.01, 0.01, 0.01, 0.01]
    exact = RegimeSettings(short=2, calm_below=1.0, wild_above=1.0)
    assert regime_of(moves, 2, exact) == "normal"


@pytest.mark.parametrize("moves", [[], [0.01] * 4, [0.0] * 10])
def test_what_is_not_known_counts_as_the_smallest_factor(moves):
    regime = regime_of(moves, 5, REGIMES)
    assert regime == "unknown"
    assert factor_of(regime, REGIMES) == 0.3


def test_a_short_window_must_be_shorter_than_the_whole():
    with pytest.raises(ValueError, match="must be below the window of 20"):
        SizingSettings(window=20, regime=RegimeSettings(short=20))
