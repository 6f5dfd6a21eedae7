"""Exits as settings, their distances, and where triggers stand; what cannot be is refused by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import ConfigError
from config.load import parse
from core.instruments import AssetClass, Instrument
from core.orders import TriggerBy
from oms.positions import Position
from oms.terms import Terms
from risk.exits.levels import average_of, below, beyond, in_ranges
from risk.exits.settings import InstrumentExits, StrategyExits, read_distance, resolve_exits

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
HEAD = """
[venues.binance]
connector = "binance-usdm"
instruments = ["BTCUSDT"]
channels = ["quotes"]
[[strategies]]
id = "ema"
use = "ema-cross"
instruments = ["BTCUSDT.BINANCE"]
[strategies.exits]
"""


@pytest.mark.parametrize(
    ("text", "distance"),
    [
        ("2%", (0, 20_000, 0)),
        ("0.0001 %", (0, 1, 0)),
        ("25.5", (2550, 0, 0)),
        ("0.01", (1, 0, 0)),
        ("0.009", (0, 0, 0)),
        ("2.5 atr", (0, 0, 2_500_000)),
    ],
)
def test_a_distance_is_a_share_or_a_difference_of_prices(text, distance):
    assert read_distance(text, 2) == distance


def test_what_an_instrument_has_comes_before_what_its_strategy_has():
    exits = StrategyExits(
        stop_loss="2%", cool_down_s=5, instruments={INSTRUMENT.id: InstrumentExits(stop_loss="25", collar="0.5%")}
    )
    rules = resolve_exits(exits, INSTRUMENT)
    assert (rules.stop_loss, rules.take_profit, rules.collar_ppm) == ((2500, 0, 0), (0, 0, 0), 5_000)
    assert (rules.cool_down_ns, rules.max_holding_ns, rules.reference) == (5 * 10**9, 0, TriggerBy.TOUCH)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("cool_down_s = 5", "exits end nothing"),
        ('stop_loss = "0"', "stop_loss must be above 0"),
        ('trailing = "100%"', "trailing must be below 100%"),
        ('stop_loss = "2%"\ncollar = "51%"', "collar must be at most 50%"),
        ('stop_loss = "2 percent"', "a distance"),
        ('stop_loss = "2%"\nreference = "mark"', 'the channel "marks"'),
        ('stop_loss = "2%"\nreference = "last"', 'the channel "trades"'),
        ('[strategies.exits.instruments."ETHUSDT.BINANCE"]\nstop_loss = "2%"', "an instrument of the strategy"),
    ],
)
def test_exits_that_cannot_be_are_refused_before_anything_starts(line, why):
    with pytest.raises(ConfigError) as told:
        parse(HEAD + line)
    assert why in str(told.value)


def test_a_collar_may_be_half_of_the_price_and_a_profit_as_much_as_the_price():
    assert resolve_exits(StrategyExits(take_profit="100%", collar="50%"), INSTRUMENT).collar_ppm == 500_000


@given(average=st.integers(1, 10**9), sign=st.sampled_from((1, -1)), ppm=st.integers(1, 999_999))
def test_a_stop_is_on_the_losing_side_and_a_profit_on_the_winning_one(average, sign, ppm):
    stop, profit = below(average, sign, (0, ppm)), beyond(average, sign, (0, ppm))
    assert (average - stop) * sign > 0 or stop == 0
    assert (profit - average) * sign > 0 or profit == 0
    assert abs(average - stop) * 1_000_000 >= average * ppm or stop == 0


def test_no_distance_is_no_trigger():
    assert below(100, 1, (0, 0)) == beyond(100, 1, (0, 0)) == 0


def test_the_average_price_is_whole_and_of_an_inverse_contract_harmonic():
    position = Position(0, Terms(INSTRUMENT).value_factor)
    assert average_of(position) == 0
    position.fill(1, 10, 1000_00)
    position.fill(1, 10, 1001_01)
    assert average_of(position) == 1000_50
    position.fill(-1, 40, 1000_00)
    assert average_of(position) == 1000_00
    terms = Terms(
        Instrument(**{**{name: getattr(INSTRUMENT, name) for name in INSTRUMENT.__struct_fields__}, "inverse": True})
    )
    inverse = Position(0, 1, terms.inverse_scale)
    inverse.quantity, inverse.cost = 100, terms.value(100, 1000_00)
    assert abs(average_of(inverse) - 1000_00) <= 1


def test_a_distance_in_ranges_is_rounded_up_and_none_while_the_range_is_not_known():
    assert in_ranges((0, 0, 2_500_000), 101) == (253, 0)
    assert in_ranges((0, 0, 2_500_000), 0) == (0, 0)
    assert in_ranges((0, 7, 0), 101) == (0, 7)
