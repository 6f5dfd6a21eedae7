"""The named models beyond the defaults: delays, fee tiers and minimums, impact, refill, queues."""

import math
import statistics
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sim import (
    FeeTier,
    ImpactModel,
    ImpactSettings,
    LatencyModel,
    LatencySettings,
    MissingVolume,
    QueueModel,
    SimSettings,
)
from connectors.sim.delays import delay_of, next_delay
from connectors.sim.draws import Generator, exp_of, generator_of, log_of, next_uniform, normal_quantile
from connectors.sim.fees import DAY_NS, DAYS, roll_days, scaled_up, start_volume
from core.money import money
from tests.connectors.sim.world import NO_LATENCY, PLAIN, World


def world_of(**changes: object) -> World:
    world = World(msgspec.structs.replace(NO_LATENCY, **changes))
    world.quote("5 @ 100 | 102 @ 4")
    return world


# -- draws ---------------------------------------------------------------------------------------------------------


def test_the_generator_gives_the_published_first_number() -> None:
    """L'Ecuyer's own program, all seeds 12345, prints 0.127011 first."""
    generator = Generator()
    assert [round(next_uniform(generator), 6) for _ in range(3)] == [0.127011, 0.318528, 0.309186]


def test_streams_of_one_seed_differ_and_repeat() -> None:
    first, again, other = generator_of(7, 0), generator_of(7, 0), generator_of(7, 1)
    drawn = [next_uniform(first) for _ in range(50)]
    assert drawn == [next_uniform(again) for _ in range(50)]
    assert drawn != [next_uniform(other) for _ in range(50)]
    assert all(0 < number < 1 for number in drawn)


@given(st.floats(1e-300, 1e300))
def test_our_logarithm_is_the_logarithm(value: float) -> None:
    assert math.isclose(log_of(value), math.log(value), rel_tol=1e-14, abs_tol=1e-15)


@given(st.floats(-300, 300))
def test_our_exponential_is_the_exponential(value: float) -> None:
    assert math.isclose(exp_of(value), math.exp(value), rel_tol=1e-12)


@given(st.floats(1e-12, 1 - 1e-12))
def test_the_normal_quantile_is_the_librarys(probability: float) -> None:
    assert math.isclose(
        normal_quantile(probability), statistics.NormalDist().inv_cdf(probability), rel_tol=1e-11, abs_tol=1e-12
    )


# -- delays --------------------------------------------------------------------------------------------------------


def test_a_lognormal_delay_has_its_median_and_its_deviation() -> None:
    settings = LatencySettings(model=LatencyModel.LOGNORMAL, least_ns=1_000, spread_ns=50_000, deviation_ppm=400_000)
    delay = delay_of(settings, 3, 0)
    drawn = [next_delay(delay, 0) for _ in range(4_000)]
    logs = [math.log(each - 1_000 + 0.5) for each in drawn]
    assert min(drawn) >= 1_000
    assert abs(statistics.median(drawn) - 51_000) < 1_500
    assert abs(statistics.stdev(logs) - 0.4) < 0.02


def test_a_uniform_delay_stays_within_its_bounds_and_reaches_them() -> None:
    delay = delay_of(LatencySettings(model=LatencyModel.UNIFORM, least_ns=5, spread_ns=3), 1, 0)
    assert {next_delay(delay, 0) for _ in range(200)} == {5, 6, 7, 8}


def test_a_recorded_delay_is_interpolated_and_kept_beyond_the_ends() -> None:
    rows = ((100, 10), (200, 30), (300, 0))
    delay = delay_of(LatencySettings(model=LatencyModel.RECORDED, recorded=rows), 1, 0)
    assert [next_delay(delay, now) for now in (0, 100, 150, 200, 250, 300, 999)] == [10, 10, 20, 30, 15, 0, 0]


def test_an_order_meets_the_market_a_feed_delay_later_and_its_answer_has_less_to_wait() -> None:
    feed, entry = LatencySettings(least_ns=30), LatencySettings(least_ns=100)
    world = world_of(feed_latency=feed, entry_latency=entry, response_latency=LatencySettings(least_ns=70))
    world.send("A: buy 1")
    assert world.venue.next_due_ns() == world.now_ns + 130
    world.venue.advance(world.now_ns + 130)
    assert world.venue.next_due_ns() == world.now_ns + 130 + 40


def test_no_answer_comes_before_the_market_that_it_was_matched_on() -> None:
    world = world_of(feed_latency=LatencySettings(least_ns=50), entry_latency=LatencySettings())
    world.send("A: buy 1")
    world.venue.advance(world.now_ns + 50)
    assert [due_ns for due_ns, _, _ in world.venue.poll(world.now_ns + 50)] == [world.now_ns + 50] * 2


def test_drawn_delays_never_let_an_answer_or_a_request_overtake_another() -> None:
    drawn = LatencySettings(model=LatencyModel.UNIFORM, spread_ns=1_000)
    world = world_of(entry_latency=drawn, response_latency=drawn)
    for number in range(60):
        world.send(f"A{number}: buy 1 @ 90")
        world.wait(20)
        world.heard()
    world.wait(5_000)
    due = [due_ns for due_ns, _, _ in world.venue.poll(world.now_ns)]
    world.heard()
    assert due == sorted(due)
    said = [report.client_order_id for report in world.reports]
    assert said == sorted(said, key=lambda name: int(name[1:]))


def test_the_seed_decides_the_delays() -> None:
    drawn = LatencySettings(model=LatencyModel.LOGNORMAL, spread_ns=1_000_000)
    dues = []
    for seed in (1, 1, 2):
        world = world_of(entry_latency=drawn, latency_seed=seed)
        world.send("A: buy 1")
        dues.append(world.venue.next_due_ns())
    assert dues[0] == dues[1] != dues[2]


# -- fees ----------------------------------------------------------------------------------------------------------


@given(
    factor=st.integers(-(2**62), 2**62),
    quantity=st.integers(1, 2**62),
    divisor=st.integers(1, 2**40),
    rest=st.integers(1, 10**12),
)
def test_long_division_rounds_up_exactly(factor: int, quantity: int, divisor: int, rest: int) -> None:
    assert scaled_up(factor, quantity, divisor, rest) == math.ceil(Fraction(factor * quantity, divisor * rest))


TIERS = (
    FeeTier(volume=0, maker_fee_ppm=1_000, taker_fee_ppm=1_000),
    FeeTier(volume=1_000, maker_fee_ppm=-100, taker_fee_ppm=500),
)


def fees_of(world: World) -> list[int]:
    world.heard()
    return [int(report.fee) for report in world.reports if report.price]


def test_the_tier_follows_the_volume_of_the_thirty_days_before_today() -> None:
    world = world_of(fee_tiers=TIERS)
    for _ in range(3):  # 1,224 in all
        world.send("A: buy 4")
        world.quote("5 @ 100 | 103 @ 4")
        world.quote("5 @ 100 | 102 @ 4")
    assert fees_of(world) == [money("0.408")] * 3  # the first day pays the first tier
    world.wait(DAY_NS)
    world.send("B: buy 4", "C: sell 1 @ 105")
    world.trade("buy 9 @ 106")
    assert fees_of(world)[3:] == [money("0.204"), money("-0.0105")]
    world.wait(31 * DAY_NS)
    world.quote("5 @ 100 | 103 @ 4")
    world.send("D: buy 1")
    assert fees_of(world)[5:] == [money("0.103")]


def test_volume_from_before_the_start_counts_and_fades() -> None:
    volume = start_volume(SimSettings(fee_tiers=TIERS, volume_before=1_015))
    roll_days(volume, DAY_NS * 20_000)
    assert volume.tier == 1
    roll_days(volume, DAY_NS * 20_001)
    assert volume.tier == 0
    roll_days(volume, DAY_NS * (20_000 + DAYS))
    assert volume.total == 0
    assert not any(volume.days)


def test_an_order_pays_its_minimum_once() -> None:
    world = world_of(minimum_fee="0.5", taker_fee_ppm=1_000)
    world.draw("  | 104 | 6\n  | 103 | 3\n  | 102 | 4\n 5 | 100 |")
    world.send("A: buy 9", "B: buy 1 @ 104")
    assert fees_of(world) == [money("0.5"), money("0.217"), money("0.208"), money("0.5")]


# -- impact --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("impact", "sent", "expected"),
    [
        (ImpactSettings(model=ImpactModel.TICKS, ticks=2), "A: buy 1", "A filled 1 @ 104 taker"),
        (ImpactSettings(model=ImpactModel.TICKS, ticks=2), "A: sell 1", "A filled 1 @ 98 taker"),
        (ImpactSettings(model=ImpactModel.TICKS, ticks=2), "A: buy 1 @ 103", "A filled 1 @ 103 taker"),
        (ImpactSettings(model=ImpactModel.TICKS, ticks=500), "A: sell 1", "A filled 1 @ 1 taker"),
        (ImpactSettings(model=ImpactModel.LINEAR_DEPTH, ticks=2), "A: buy 3", "A filled 3 @ 104 taker"),  # 1.5 ticks
        (
            ImpactSettings(model=ImpactModel.LINEAR_VOLUME, volatility_ppm=30_000, daily_volumes={"ABCUSD.SIM": 10}),
            "A: buy 4",  # 102 * 0.03 * 0.4 = 1.2
            "A filled 4 @ 104 taker",
        ),
        (
            ImpactSettings(model=ImpactModel.SQUARE_ROOT, volatility_ppm=30_000, daily_volumes={"ABCUSD.SIM": 16}),
            "A: buy 4",  # 102 * 0.03 * 0.5 = 1.53
            "A filled 4 @ 104 taker",
        ),
    ],
)
def test_a_taker_worsens_his_price_by_whole_ticks_within_his_limit(
    impact: ImpactSettings, sent: str, expected: str
) -> None:
    world = world_of(impact=impact)
    world.send(sent)
    world.hears("A accepted", expected)


def test_a_maker_has_no_impact() -> None:
    world = world_of(impact=ImpactSettings(model=ImpactModel.TICKS, ticks=2))
    world.send("A: buy 1 @ 101")
    world.trade("sell 1 @ 101")
    world.hears("A accepted", "A filled 1 @ 101 maker")


def test_a_model_that_scales_by_volume_names_the_instrument_without_one() -> None:
    impact = ImpactSettings(model=ImpactModel.SQUARE_ROOT, daily_volumes={"OTHER.SIM": 5})
    with pytest.raises(MissingVolume, match=r'daily_volumes\."ABCUSD\.SIM"'):
        World(SimSettings(impact=impact))


# -- refill --------------------------------------------------------------------------------------------------------


def test_a_level_is_refilled_after_a_time_where_the_settings_say_so() -> None:
    world = world_of(refill_ns=1_000)
    world.send("A: buy 4")
    world.wait(999)
    world.send("B: buy 3")
    world.wait(1)
    world.send("C: buy 3")
    world.hears(
        "A accepted", "A filled 4 @ 102 taker",
        "B accepted", "B expired: market order: the book holds no more",
        "C accepted", "C filled 3 @ 102 taker",
    )  # fmt: skip


# -- queues --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "fills"),
    [(QueueModel.RISK_AVERSE, 0), (QueueModel.PRO_RATA, 2), (QueueModel.OPTIMISTIC, 4)],
)
def test_the_queue_model_decides_what_a_cancellation_moves(model: QueueModel, fills: int) -> None:
    world = world_of(queue_model=model, print_lag_ns=10)
    world.quote("8 @ 100 | 102 @ 4")
    world.send("A: buy 9 @ 100")  # 8 ahead
    world.quote("16 @ 100 | 102 @ 4")  # 8 behind
    world.quote("12 @ 100 | 102 @ 4")  # 4 of the 16 cancel: ahead are 8, 6 or 4
    world.wait(20)
    world.trade("sell 8 @ 100")
    world.heard()
    assert sum(report.quantity for report in world.reports) == fills


# -- settings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"entry_latency": {"least_ns": -1}}, "least_ns is -1: expected 0 or more"),
        ({"entry_latency": {"model": "recorded"}}, "recorded has 0 rows"),
        ({"entry_latency": {"recorded": [[1, 1]]}}, "and none for another"),
        ({"entry_latency": {"model": "recorded", "recorded": [[2, 1], [1, 1]]}}, "times that rise"),
        ({"entry_latency": {"model": "recorded", "recorded": [[2, -1]]}}, "negative delay"),
        ({"entry_latency": {"model": "gauss"}}, "Invalid enum value 'gauss'"),
        ({"fee_tiers": [{"volume": 5, "maker_fee_ppm": 1, "taker_fee_ppm": 1}]}, "begin with 0"),
        ({"fee_tiers": [{"volume": -5, "maker_fee_ppm": 1, "taker_fee_ppm": 1}]}, "volume is -5"),
        ({"fee_tiers": [{"volume": 0, "maker_fee_ppm": 10**6, "taker_fee_ppm": 1}]}, "parts per million"),
        ({"minimum_fee": "abc"}, "give a decimal"),
        ({"minimum_fee": "-1"}, "give 0 or more"),
        ({"minimum_fee": "1", "fee_currency": "received"}, "two currencies"),
        ({"impact": {"ticks": -1}}, "ticks is -1"),
        ({"impact": {"daily_volumes": {"A.B": 0}}}, r"daily_volumes\.A\.B is 0"),
        ({"refill_ns": -1}, "0 or more"),
        ({"queue_shape": 0}, "1 or more"),
        ({"volume_before": -1}, "0 or more"),
        ({"bar_half_spread_ppm": 1_000_000}, "0 to 999999"),
    ],
)
def test_models_that_make_no_sense_are_refused(told: dict[str, object], words: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=words):
        msgspec.convert(told, SimSettings)


def test_the_models_are_off_by_default() -> None:
    settings = SimSettings()
    assert settings.impact.model is ImpactModel.NONE
    assert (settings.refill_ns, settings.fee_tiers, settings.minimum_fee) == (0, (), "0")
    assert PLAIN.id not in settings.impact.daily_volumes
