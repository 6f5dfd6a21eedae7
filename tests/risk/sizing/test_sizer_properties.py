"""Whatever the rules and markets: a size exceeds no bound, is whole lots, not negative, and scaling never raises it."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from core.clock import EventClock
from core.money import MONEY_UNIT
from core.orders import Side
from core.sizes import ScaleChanged
from oms.manager import OrderManager
from risk.sizing.settings import RegimeSettings, SizingSettings, StrategySizing
from risk.sizing.sizer import Sizer
from tests.risk.sizing.test_sizing_rules import INSTRUMENT, market

SECOND = 1_000_000_000
shares = st.none() | st.floats(0.001, 1.0)
rules = st.builds(
    StrategySizing,
    largest=st.floats(0, 100),  # always there: some rule has to be
    equity_share=shares,
    volatility_target=shares,
    depth_share=shares,
    volume_share=shares,
    risk_per_trade=shares,
    kelly=shares,
    kelly_least=st.just(2),
    parity=shares,
    unproven=st.floats(0, 0.01),
)


@given(
    chosen=rules,
    equity=st.integers(0, 10**7),
    middles=st.lists(st.integers(900_00, 1100_00), max_size=12),
    scale=st.integers(0, 1_000_000),
    lower=st.integers(0, 1_000_000),
    side=st.sampled_from(Side),
    regime=st.none() | st.builds(RegimeSettings, short=st.just(4), wild=st.floats(0, 1)),
    returns=st.lists(st.floats(-0.5, 0.5), max_size=6),
    distance=st.integers(0, 50_00),
)
def test_a_size_is_within_every_bound_in_whole_lots_and_lower_when_scaled_lower(
    chosen, equity, middles, scale, lower, side, regime, returns, distance
):
    clock, manager, here = EventClock(), OrderManager({"USDT": equity * MONEY_UNIT}), market()
    manager.define(0, INSTRUMENT)
    manager.books.rates.markets = [here]
    sizer = Sizer(SizingSettings(sample_s=1, window=10, least=3, atr_period=2, regime=regime), manager, [here], clock)
    sizer.add("s", chosen, INSTRUMENT.id)
    for second, middle in enumerate(middles):
        clock.now_ns = second * SECOND
        here.bid_price, here.ask_price, here.volume = middle - 5, middle + 5, here.volume + middle % 997
        sizer.figures.sample(clock.now_ns)
        sizer.figures.take_bar(0, middle + 9, middle - 9, middle, complete=middle % 7 != 0)

    sizer.figures.trades.counting = True
    sizer.figures.trades.returns["s"] = deque(returns)
    found = []
    for ppm in (1_000_000, scale, min(scale, lower)):
        told = ScaleChanged(scope="all", before_ppm=0, scale_ppm=ppm, since_ns=0, source="", reason="")
        sizer.scales.take(told)
        sized = sizer.size("s", here, side, distance)
        assert sized is not None
        assert 0 <= sized.quantity <= min(sized.bounds.values())
        assert sized.quantity * 1_000_000 <= min(sized.bounds.values()) * ppm
        assert sized.quantity % INSTRUMENT.lot == 0
        assert sized.bound_by in {*sized.bounds, "minimum"}
        assert sized.bound_by == "minimum" or sized.bounds[sized.bound_by] == min(sized.bounds.values())
        found.append(sized.quantity)
    assert found == sorted(found, reverse=True)
