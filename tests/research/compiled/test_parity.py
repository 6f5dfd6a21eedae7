"""Two drivers, one meaning: the compiled loop and the Python engine do the same, effect for effect, to the digest."""

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from connectors.sim.settings import FeeCurrency, SimSettings
from core.effects import OrderFilled, OrderUpdated
from core.events import CANCEL_ALL
from core.instruments import AssetClass
from core.orders import OrderState, Refusal
from research.compiled.errors import CapacityExceeded
from risk.limits import RiskLimits
from strategies import EmaCrossKernel
from strategies.desk import FOK, IOC, POST_ONLY, REDUCE_ONLY
from tests.engine.scenario import BTC
from tests.research.compiled.both import book_slots, compiled, in_python, market_slots, settings_of
from tests.research.compiled.script_kernel import DO_CANCEL, DO_ORDER, DO_WAKE, ScriptKernel

ETH = msgspec.structs.replace(BTC, symbol="ETHUSDT", base="ETH", asset_class=AssetClass.PERPETUAL)
WIDE = RiskLimits(
    max_order_notional=10**7, max_position_notional=4 * 10**7, max_orders_per_second=1000, max_orders_per_minute=5000
)
TIGHT = RiskLimits(
    max_order_notional=3_000,
    max_position="0.05",
    max_open_orders=3,
    max_orders_per_second=2,
    max_price_deviation="0.0004",
)
SIMS = {
    "default": SimSettings(),
    "at once": SimSettings(entry_latency_ns=0, response_latency_ns=0, print_lag_ns=0),
    "fees in what is received": SimSettings(fee_currency=FeeCurrency.RECEIVED, maker_fee_ppm=-100, taker_fee_ppm=750),
}

step = st.tuples(
    st.integers(1, 8),
    st.sampled_from([DO_ORDER, DO_ORDER, DO_ORDER, DO_CANCEL, DO_WAKE]),
    st.sampled_from([1, -1]),
    st.integers(0, 60).map(lambda lots: lots * 1_000 + (lots % 5 == 0)),
    st.sampled_from([0, 0, -9, -3, -2, -1, 1, 3, 5, 40, 90_000]),
    st.sampled_from([0, 0, 0, POST_ONLY, REDUCE_ONLY, IOC, FOK, IOC | REDUCE_ONLY]),
)


def scripted(steps):
    """Turn pauses into event numbers."""
    rows, when = [], 1
    for pause, *rest in steps:
        when += pause
        rows.append((when, *rest))
    return tuple(rows)


def same(one, other):
    for mine, theirs in zip(one.effects, other.effects, strict=False):
        assert mine == theirs
    assert len(one.effects) == len(other.effects)
    assert one.state == other.state
    assert one.digest == other.digest


@pytest.mark.parametrize("name", SIMS)
@settings(deadline=None, max_examples=20, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    st.lists(step, min_size=1, max_size=60),
    st.integers(0, 10**6),
    st.sampled_from([WIDE, TIGHT]),
    st.sampled_from(["quotes", "book", "bars"]),
    st.sampled_from([(), (), (CANCEL_ALL, "pause"), ("", CANCEL_ALL), ("pause", CANCEL_ALL)]),
)
def test_any_stream_of_orders_comes_to_the_same_in_both_drivers(name, steps, seed, limits, market, commands):
    instruments = [BTC, ETH] if seed % 2 and market == "quotes" else [BTC]
    if market == "book":
        slots = book_slots(seed, 400)
    else:
        slots = market_slots(seed, 60 if market == "bars" else 400, len(instruments), bars=market == "bars")
    params = ScriptKernel.Params(script=scripted(steps))
    chosen = settings_of(ScriptKernel, params, instruments, limits)

    one = compiled(chosen, SIMS[name], instruments, slots, commands)
    same(one, in_python(chosen, SIMS[name], instruments, slots, commands))


def test_the_streams_of_orders_reach_every_end_that_an_order_can_have():
    """The property above is worth something only where its orders live: this one script shows that they do."""
    prices = [(-2, 0), (0, 0), (1, POST_ONLY), (4, IOC), (-3, 0), (2, FOK), (-1, 0), (3, 0)] * 7
    actions = [DO_ORDER, DO_ORDER, DO_CANCEL]
    steps = [
        (2 + at % 5, actions[at % 3], 1 - 2 * (at // 2 % 2), 5_000 * (1 + at % 7), offset, flags)
        for at, (offset, flags) in enumerate(prices)
    ]
    chosen = settings_of(ScriptKernel, ScriptKernel.Params(script=scripted(steps)), [BTC], WIDE)
    done = compiled(chosen, SIMS["default"], [BTC], market_slots(3, 600, 1))

    seen = {effect.state for _, effect in done.effects if isinstance(effect, OrderUpdated)}
    assert {OrderState.FILLED, OrderState.CANCELLED, OrderState.EXPIRED, OrderState.PENDING_CANCEL} <= seen
    assert any(isinstance(effect, OrderFilled) and effect.liquidity == "maker" for _, effect in done.effects)
    same(done, in_python(chosen, SIMS["default"], [BTC], market_slots(3, 600, 1)))


def test_bars_of_several_lengths_are_refused():
    slots = market_slots(3, 60, 1, bars=True)
    slots["flags"][30:] = 4
    chosen = settings_of(ScriptKernel, ScriptKernel.Params(), [BTC], WIDE)

    with pytest.raises(CapacityExceeded, match=r"of several lengths at record .*: use driver = \"python\""):
        compiled(chosen, SIMS["default"], [BTC], slots)


@pytest.mark.slow
def test_an_ema_cross_trades_and_is_refused_alike():
    limits = RiskLimits(max_order_notional=10**7, max_position_notional=4 * 10**7, max_orders_per_minute=20)
    chosen = settings_of(
        EmaCrossKernel, EmaCrossKernel.Params(fast=3, slow=9, quantity="0.00005", allow_short=True), [BTC], limits
    )
    slots = market_slots(8, 6_000, 1)
    done = compiled(chosen, SIMS["default"], [BTC], slots)

    assert sum(isinstance(effect, OrderFilled) for _, effect in done.effects) >= 20
    assert any(isinstance(effect, Refusal) for _, effect in done.effects)
    same(done, in_python(chosen, SIMS["default"], [BTC], slots))
