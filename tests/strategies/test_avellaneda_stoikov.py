"""Avellaneda-Stoikov: its distances, its lean, its limits; the kernel does as the Python strategy does."""

import math
from typing import Any

import pytest

from core.events import ReportType
from core.orders import ApprovedCancel, ApprovedSubmit, OrderIntent, Side
from strategies import AvellanedaStoikov, AvellanedaStoikovKernel
from strategies.avellaneda_stoikov import distances
from tests.engine.scenario import LOT, Stage, only
from tests.strategies.compiled_kernel import hold_both
from tests.strategies.twins import TIGHT, WIDE, opened, position_of, strategy_of, trade

BOTH = pytest.mark.parametrize("strategy", [AvellanedaStoikov, AvellanedaStoikovKernel])
QUICK: dict[str, Any] = {"volatility_samples": 5, "sample_ms": 50, "requote_bps": 2.0}
SAMPLE_NS = 50_000_000


def submits(effects):
    return [submit.intent for submit in only(effects, ApprovedSubmit)]


def warm(strategy, **params) -> tuple[Stage, dict[Side, OrderIntent]]:
    """Quote until it places both orders; each return is one tick of 100.01, so sigma is known."""
    stage = opened(strategy, **QUICK | params)
    orders: dict[Side, OrderIntent] = {}
    for number in range(20):
        tick = number % 2
        for intent in submits(stage.quote(1_000_000 + tick * 100, 1_000_100 + tick * 100, after_ns=SAMPLE_NS)):
            orders[intent.side] = intent
        if orders:
            return stage, orders
    raise AssertionError("it placed no order")


def test_the_distances_are_those_of_the_paper():
    """Gueant, Lehalle, Fernandez-Tapia (2013), section 4: written out for gamma 0.1, kappa 0.3, A 0.9."""
    distance, lean = distances(0.1, 0.3, 0.9)

    assert math.isclose(distance, math.log(4 / 3) / 0.1)
    assert math.isclose(lean, math.sqrt(0.1 / (2 * 0.3 * 0.9) * (4 / 3) ** 4))


def test_without_aversion_only_the_arrivals_decide():
    """As gamma goes to 0 the distance goes to 1 / kappa, where a fill's gain times its rate is greatest."""
    assert math.isclose(distances(1e-9, 0.5, 1.0)[0], 2.0, rel_tol=1e-6)


@BOTH
def test_no_order_before_the_volatility_is_known(strategy):
    stage = opened(strategy, **QUICK)
    sampled = [bool(submits(stage.quote(100_00, 100_02, after_ns=SAMPLE_NS))) for _ in range(7)]
    assert sampled == [False, False, False, False, False, True, False]  # five returns, six quotes


@BOTH
def test_both_quotes_lie_at_their_distances_rounded_away_from_the_mid(strategy):
    stage, orders = warm(strategy, gamma=0.05, kappa=0.5)
    distance, lean_of_sigma = distances(0.05, 0.5, 1.0)
    mid = (strategy_of(stage).context.markets[0].bid_price + strategy_of(stage).context.markets[0].ask_price) / 2
    sigma = 100 / mid * 10_000 / math.sqrt(0.05)  # one tick of 100 each 50 ms
    away = mid * (distance + 0.5 * lean_of_sigma * sigma) / 10_000

    assert abs(mid - orders[Side.BUY].price - away) < 2
    assert abs(orders[Side.SELL].price - mid - away) < 2
    assert orders[Side.BUY].post_only
    assert orders[Side.SELL].post_only


@BOTH
def test_after_a_buy_both_quotes_are_lower(strategy):
    stage, before = warm(strategy, gamma=0.5)
    buy, sell = before[Side.BUY], before[Side.SELL]
    stage.fill(buy.client_order_id, LOT, buy.price)
    effects = stage.quote(1_000_000, 1_000_100)
    assert [cancel.client_order_id for cancel in only(effects, ApprovedCancel)] == [sell.client_order_id]
    [again] = submits(effects)
    assert (again.side, again.price < buy.price) == (Side.BUY, True)
    stage.report(ReportType.CANCELLED, sell.client_order_id)
    [again] = submits(stage.quote(1_000_000, 1_000_100))
    assert (again.side, again.price < sell.price) == (Side.SELL, True)


@BOTH
def test_a_quote_that_did_not_move_costs_nothing(strategy):
    stage, _ = warm(strategy)
    moved = stage.quote(1_000_100, 1_000_200)
    assert [len(stage.quote(1_000_100, 1_000_200)) for _ in range(5)] == [0] * 5
    assert submits(moved) == []


@BOTH
def test_a_side_that_could_go_beyond_the_inventory_is_withheld(strategy):
    stage, orders = warm(strategy, max_inventory="0.01")
    stage.fill(orders[Side.BUY].client_order_id, LOT, orders[Side.BUY].price)
    later = [submits(stage.quote(1_000_000, 1_000_100 + 2 * number)) for number in range(5)]
    assert [intent.side for intents in later for intent in intents if intent.side is Side.BUY] == []


@BOTH
def test_a_rejection_makes_it_pause_and_then_go_on(strategy):
    stage, orders = warm(strategy, pause_ms=300)
    stage.report(ReportType.REJECTED, orders[Side.BUY].client_order_id, reason="would cross")
    assert stage.quote(1_000_000, 1_000_100) == ()
    stage.time(300_000_000)
    assert [intent.side for intent in submits(stage.quote(1_000_000, 1_000_100))] == [Side.BUY]


@BOTH
def test_a_quote_with_one_side_missing_is_passed_over(strategy):
    stage, _ = warm(strategy)
    assert stage.quote(1_000_000, 0) == ()


@pytest.mark.parametrize("limits", [WIDE, TIGHT], ids=["wide", "tight"])
@pytest.mark.parametrize("seed", range(5))
def test_the_kernel_sends_what_the_python_strategy_sends(seed, limits):
    python = trade(AvellanedaStoikov, seed, limits=limits, **QUICK)
    kernel = trade(AvellanedaStoikovKernel, seed, limits=limits, **QUICK)

    assert kernel.story == python.story
    assert len(python.story) > 20
    assert python.most_open == 1
    assert python.furthest <= 5 * LOT
    assert position_of(kernel.stage) == position_of(python.stage)


@pytest.mark.slow  # compiles the kernel
def test_the_kernel_is_the_same_compiled():
    assert hold_both(AvellanedaStoikovKernel, **QUICK) > 200


@pytest.mark.parametrize("wrong", [{"gamma": 0.0}, {"kappa": -1.0}, {"pause_ms": 0}, {"requote_bps": -1.0}])
def test_parameters_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=r"must be above 0|at least 0"):
        AvellanedaStoikov.Params(**wrong)
