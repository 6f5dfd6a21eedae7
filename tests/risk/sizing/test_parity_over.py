"""Parity of strategies that trade several instruments: together these add the strategy's part of the risk, no more."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.digest import decision_config, settings_from_decisions
from config.load import parse
from core.clock import EventClock
from core.market import Market
from core.money import money
from core.orders import Side
from oms.manager import OrderManager
from risk.sizing.parity import covariance
from risk.sizing.settings import SizingSettings, StrategySizing
from risk.sizing.sizer import Sizer
from tests.risk.sizing.test_sizing_rules import INSTRUMENT, market

SECOND = 1_000_000_000
SETTINGS = SizingSettings(sample_s=1, window=50, least=4, parity_leverage=1.0)
NAMES = ("BTCUSDT.BINANCE", "ETHUSDT.BINANCE", "SOLUSDT.BINANCE")
MOVES = [(3, 1, -2), (-5, 2, 4), (1, -1, 3), (4, 4, -1), (-2, 1, 1), (2, -3, 2), (-1, 2, -4)]


def room(moves=MOVES) -> tuple[Sizer, list[Market]]:
    """Three markets whose middles move by so many tenths of a per mille at each sample."""
    clock, manager = EventClock(), OrderManager({"USDT": money("10000")})
    markets = []
    for index, name in enumerate(NAMES):
        made = market()
        made.index = index
        made.instrument = msgspec.structs.replace(INSTRUMENT, symbol=name.partition(".")[0], lot=1)
        manager.define(index, made.instrument)
        markets.append(made)
    manager.books.rates.markets = markets
    sizer = Sizer(SETTINGS, manager, markets, clock)
    for second, row in enumerate(((0, 0, 0), *moves)):
        clock.now_ns = second * SECOND
        for made, move in zip(markets, row, strict=True):
            made.bid_price += 10 * move
            made.ask_price += 10 * move
        sizer.figures.sample(clock.now_ns)
    return sizer, markets


def share(sizer: Sizer, strategy_id: str, here: Market) -> float:
    sized = sizer.size(strategy_id, here, Side.BUY)
    assert sized is not None
    return float(sized.figures["parity_share"])


parts = st.sampled_from([0.5, 1.0, 2.0, 3.0])
traded = st.lists(st.sampled_from(range(3)), min_size=1, max_size=3, unique=True)


@given(one=traded, other=traded, budgets=st.tuples(parts, parts))
def test_what_the_instruments_of_a_strategy_add_together_is_its_part_whatever_they_are(one, other, budgets):
    sizer, markets = room()
    for name, indexes, budget in (("one", one, budgets[0]), ("other", other, budgets[1])):
        sizer.add(name, StrategySizing(parity=budget), *(NAMES[index] for index in indexes))
    held = [("one", index) for index in one] + [("other", index) for index in other]
    shares = [share(sizer, name, markets[index]) for name, index in held]
    assert math.fsum(shares) == pytest.approx(1.0, abs=1e-5)
    matrix = covariance([sizer.figures.returns(index) for _, index in held])
    slopes = [math.fsum(a * y for a, y in zip(row, shares, strict=True)) for row in matrix]
    adds = [x * slope for x, slope in zip(shares, slopes, strict=True)]
    risk = math.fsum(adds)
    of_one = math.fsum(added for (name, _), added in zip(held, adds, strict=True) if name == "one")
    assert of_one / risk == pytest.approx(budgets[0] / sum(budgets), abs=1e-4)


@given(st.sampled_from(range(3)), parts)
def test_of_one_instrument_each_both_ways_are_the_same(index, budget):
    sized = []
    for over in ("first", "all"):
        sizer, markets = room()
        sizer.add("one", StrategySizing(parity=budget, parity_over=over), NAMES[index])
        sizer.add("other", StrategySizing(parity=1, parity_over=over), NAMES[(index + 1) % 3])
        sized.append(sizer.size("one", markets[index], Side.BUY))
    assert sized[0] == sized[1]


def test_over_the_first_each_instrument_has_the_whole_part():
    sizer, markets = room()
    sizer.add("one", StrategySizing(parity=1, parity_over="first"), *NAMES)
    assert [share(sizer, "one", here) for here in markets] == [1.0, 1.0, 1.0]
    sizer.add("one", StrategySizing(parity=1), *NAMES)
    assert math.fsum(share(sizer, "one", here) for here in markets) == pytest.approx(1.0, abs=1e-5)


def test_a_market_of_any_strategy_that_is_not_known_yet_holds_back_all():
    sizer, markets = room()
    sizer.add("one", StrategySizing(parity=1, unproven=0.001), NAMES[0])
    sizer.add("other", StrategySizing(parity=1), NAMES[1], "NEWUSDT.BINANCE")
    sized = sizer.size("one", markets[0], Side.BUY)
    assert sized is not None
    assert sized.bound_by == "parity-unknown"


def test_an_instrument_that_a_strategy_sizes_beside_its_own_takes_part():
    sizer, markets = room()
    sizer.add("one", StrategySizing(parity=1), NAMES[0])
    assert share(sizer, "one", markets[0]) == 1.0
    assert 0.0 < share(sizer, "one", markets[1]) < 1.0


def test_a_session_of_before_replays_with_the_first_instrument_alone():
    text = """
[session]
mode = "paper"
[venues.binance]
connector = "binance-usdm"
instruments = ["BTCUSDT", "ETHUSDT"]
[[strategies]]
id = "ema"
use = "ema-cross"
instruments = ["BTCUSDT.BINANCE", "ETHUSDT.BINANCE"]
sizing = { parity = 1.0 }
"""
    now = parse(text).settings
    told = msgspec.to_builtins(decision_config(now))
    assert settings_from_decisions(told).strategies == now.strategies
    del told["strategies"][0]["sizing"]["parity_over"]
    (before,) = settings_from_decisions(told).strategies
    assert before.sizing is not None
    assert (before.sizing.parity, before.sizing.parity_over) == (1.0, "first")
