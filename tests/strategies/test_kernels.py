"""Kernels on the engine, beside the Python strategies of the same rules."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.effects import OrderFilled, StrategyChanged, TimerSet
from core.events import ReportType
from core.hot import Floats, Ints, floats, growing
from core.orders import ApprovedCancel, ApprovedSubmit, Refusal, TimeInForce
from engine import StrategySpec
from risk.limits import RiskLimits
from strategies import BUILTIN, EmaCross, EmaCrossKernel, Kernel
from strategies.desk import ASKS_MAX, IOC, POST_ONLY, buy, cancel, sell, wake_at
from tests.engine.scenario import LOT, Stage, only


def opened(strategy, *, limits: RiskLimits | None = None, **params) -> Stage:
    spec = StrategySpec(id="s", strategy=strategy, params=strategy.Params(**params), instruments=("BTCUSDT.BINANCE",))
    stage = Stage(spec, limits=limits)
    stage.open()
    return stage


def kernel_of(stage: Stage) -> Any:
    return stage.engine.desk.actors[0].strategy


def run(strategy, moves, limits, **params):
    """Trade a random walk; every third order is rejected, the others fill at once."""
    stage = opened(strategy, limits=limits, **params)
    story: list[tuple[object, ...]] = []
    price = 100_00
    for number, move in enumerate(moves):
        price += move
        for effect in stage.quote(price - 1, price + 1):
            if isinstance(effect, Refusal):
                story.append((number, effect.code))
            if isinstance(effect, ApprovedSubmit):
                intent = effect.intent
                story.append((number, intent.client_order_id, intent.side, intent.quantity))
                if len(story) % 3:
                    stage.fill(intent.client_order_id, intent.quantity, price, f"e{number}")
                else:
                    stage.report(ReportType.REJECTED, intent.client_order_id)
    return story


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(-6, 6), min_size=60, max_size=200), st.booleans(), st.sampled_from([3, 100]))
def test_the_ema_cross_kernel_asks_for_what_the_python_one_asks(moves, allow_short, per_minute):
    limits = RiskLimits(max_order_notional=10**6, max_position_notional=10**7, max_orders_per_minute=per_minute)
    params = {"fast": 2, "slow": 5, "quantity": "0.01", "allow_short": allow_short}

    assert run(EmaCrossKernel, moves, limits, **params) == run(EmaCross, moves, limits, **params)


@dataclass(slots=True)
class Inner:
    ring: Floats = floats(2)
    grown: Ints = growing(4)
    count: int = 0


@dataclass(slots=True)
class State:
    inner: Inner
    step: int = 0
    order: int = 0
    woken_ns: int = 0
    filled: int = 0
    position: int = 0
    flag: bool = False


class Script(Kernel):
    """Does one thing at each quote."""

    @staticmethod
    def prepare(params, markets):
        return State(Inner())

    @staticmethod
    def at_quote(state, market, desk):
        state.step += 1
        if state.step == 1:
            state.order = buy(desk, market, 1_000_000, 99_00, POST_ONLY)
            wake_at(desk, desk.now_ns + 5_000)
        elif state.step == 2:
            cancel(desk, state.order)
            sell(desk, market, 1_000_000, 98_00, IOC)
        elif state.step == 3:
            for _ in range(ASKS_MAX + 1):
                cancel(desk, state.order)

    @staticmethod
    def at_wake(state, desk):
        state.woken_ns = desk.now_ns

    @staticmethod
    def at_fill(state, number, side, price, quantity, desk):
        state.filled += quantity
        state.position = desk.positions[0]


def test_a_kernels_wishes_become_orders_cancels_and_timers():
    stage = opened(Script)
    first = stage.quote(99_99, 100_01)
    [submit] = only(first, ApprovedSubmit)
    assert (submit.intent.price, submit.intent.post_only) == (99_00, True)
    assert only(first, TimerSet)[0].due_ns == stage.now_ns + 5_000

    second = stage.quote(99_99, 100_01)
    assert only(second, ApprovedCancel)[0].client_order_id == submit.intent.client_order_id
    assert only(second, ApprovedSubmit)[0].intent.time_in_force is TimeInForce.IOC

    [fill] = only(stage.fill(submit.intent.client_order_id, LOT, 99_00), OrderFilled)
    state = kernel_of(stage).state
    assert (state.filled, state.position) == (fill.quantity, fill.quantity)
    stage.time(10_000)
    assert state.woken_ns == stage.now_ns


def test_a_kernel_that_asks_for_too_much_is_paused():
    stage = opened(Script)
    stage.quote(99_99, 100_01)
    stage.quote(99_99, 100_01)
    effects = stage.quote(99_99, 100_01)
    [paused] = [effect for effect in only(effects, StrategyChanged) if effect.state == "paused"]
    assert "StrategyError" in paused.reason
    assert len(only(effects, ApprovedCancel)) <= 1


def test_the_state_of_a_kernel_is_saved_field_by_field_and_taken_back():
    stage = opened(Script)
    stage.quote(99_99, 100_01)
    kernel = kernel_of(stage)
    kernel.state.inner.ring[1] = 0.5
    kernel.state.inner.grown.append(7)
    kernel.state.inner.count = 1
    kernel.desk.positions[0] = -3
    saved = kernel.save()
    assert saved["positions"] == [-3]
    assert (saved["inner.ring"], saved["inner.grown"], saved["step"]) == ([0.0, 0.5], [7], 1)

    other = kernel_of(opened(Script))
    other.load(saved)
    assert other.state == kernel.state
    assert other.desk.positions[0] == -3


def test_a_kernel_without_prepare_says_so():
    stage = Stage(StrategySpec(id="s", strategy=Kernel, params=Kernel.Params(), instruments=("BTCUSDT.BINANCE",)))
    [paused] = [effect for effect in only(stage.open(), StrategyChanged) if effect.state == "paused"]
    assert "NotImplementedError" in paused.reason


def test_the_kernel_is_found_by_its_name():
    assert BUILTIN["ema-cross-kernel"] is EmaCrossKernel


@pytest.mark.parametrize("name", ["at_quote", "at_bar", "at_order", "at_refusal"])
def test_a_kernel_knows_what_it_overrides(name):
    assert EmaCrossKernel.overrides(name)
    assert not EmaCrossKernel.overrides("at_trade")
