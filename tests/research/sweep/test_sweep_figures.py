"""Statistics of a trial: those of a backtest's account, whether computed with 64 bits or without bound."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sim.fees import fee_unit
from connectors.sim.settings import SimSettings
from core.money import MONEY_UNIT, money_text
from core.records import NO_INSTRUMENT
from research.backtest.account import DAY_NS, Curve
from research.sweep.figures import Counts, Money, figures_of
from research.sweep.samples import Held, Samples, Scale
from tests.research.backtest.made import instrument

NOTHING = Counts(0, 0, 0)
STEP_NS = DAY_NS // 4
UNIT = 10**10


def of(equities, kind=object, unit=1):
    profit = int(equities[-1] - equities[0]) * unit
    money = Money(start=int(equities[0]) * unit, profit=profit, fees=0)
    return figures_of(NOTHING, money, np.array(equities, kind), unit, STEP_NS)


@given(st.lists(st.integers(1, 10**9), min_size=2, max_size=60))
def test_drawdown_and_sharpe_are_those_of_an_account(equities):
    curve = Curve(equities[0], equities[0], equities[0])
    for equity in equities[1:]:
        curve.add(equity)

    found = of(equities)

    assert found.max_drawdown == money_text(curve.drawdown, 8)
    assert found.max_drawdown_share == curve.drawdown_share
    wanted = curve.sharpe(STEP_NS)
    if wanted is None or curve.squares < 1e-18:
        return
    assert found.sharpe == pytest.approx(wanted, rel=1e-9, abs=1e-12)


@given(st.lists(st.integers(-(10**12), 10**14), min_size=2, max_size=40))
def test_64_bits_give_the_same_figures_as_numbers_without_bound(equities):
    assert of(equities, np.int64, UNIT) == of([each * UNIT for each in equities], object)


def test_an_equity_that_never_moves_tells_no_ratio():
    found = of([100] * 30)

    assert found.sharpe is None
    assert found.max_drawdown_share == 0.0
    assert (found.skewness, found.kurtosis) == (0.0, 0.0)


def test_an_account_that_begins_with_nothing_has_a_profit_but_no_return():
    found = of([0, 5 * MONEY_UNIT, 3 * MONEY_UNIT])

    assert found.gain is None
    assert found.profit == "3"
    assert found.max_drawdown == "2"


def test_moments_of_returns_are_those_of_the_textbook():
    rng = np.random.default_rng(5)
    returns = rng.normal(0.001, 0.01, 500)
    equities = [10**12]
    for each in returns:
        equities.append(round(equities[-1] * (1 + each)))
    told = np.diff(np.array(equities, float)) / np.array(equities[:-1], float)
    scaled = (told - told.mean()) / told.std()

    found = of(equities)

    assert found.returns == 500
    assert found.skewness == pytest.approx((scaled**3).mean(), abs=1e-9)
    assert found.kurtosis == pytest.approx((scaled**4).mean(), abs=1e-9)


BTC, ETH = instrument("BTCUSDT"), instrument("ETHUSDT")
SIM = SimSettings()
NUMBER = st.integers(-(10**9), 10**9)
POSITION = st.tuples(NUMBER, NUMBER, NUMBER, st.integers(0, 10**9), st.integers(1, 10**7))


def in_log(samples, rest=0):
    """Rows of the log: at each sample one of each position and one of none."""
    rows = []
    for positions in samples:
        rows += [(index, *numbers[:4], rest, numbers[4]) for index, numbers in enumerate(positions)]
        rows.append((NO_INSTRUMENT, 0, 0, 0, 0, 0, 0))
    return Samples(*(np.array(column, np.int64) for column in zip(*rows, strict=True)))


def by_hand(positions, rest=0):
    total = 0
    for each, (quantity, cost, realised, fees, mark) in zip((BTC, ETH), positions, strict=False):
        total += (quantity * mark - cost + realised) * each.notional_factor - fees * fee_unit(SIM) - rest
    return total


@given(st.lists(st.lists(POSITION, max_size=2), min_size=1, max_size=12), st.sampled_from([0, 7]))
def test_equity_at_every_sample_is_exact(samples, rest):
    start = 1_000 * MONEY_UNIT
    scale = Scale((BTC, ETH), "USDT", SIM)

    equities, unit = scale.equities(start, in_log(samples, rest), start)

    wanted = [start, *(start + by_hand(positions, rest) for positions in samples), start]
    assert [int(each) * unit for each in equities] == wanted
    assert (unit == 1) == bool(rest and any(samples))


def test_what_leaves_64_bits_is_computed_without_bound():
    positions = [(2**40, 5, 5, 5, 2**39)]
    scale = Scale((BTC, ETH), "USDT", SIM)

    equities, unit = scale.equities(0, in_log([positions]), 0)

    assert [int(each) * unit for each in equities] == [0, by_hand(positions), 0]


def test_positions_in_another_currency_do_not_count():
    held = [Held(0, 10, 5, 3, 2, 1, 100)]

    profit, fees = Scale((BTC,), "USDT", SIM).profit_and_fees(held)

    assert profit == by_hand([(10, 5, 3, 2, 100)], 1)
    assert fees == 2 * fee_unit(SIM) + 1
    assert Scale((BTC,), "EUR", SIM).profit_and_fees(held) == (0, 0)
