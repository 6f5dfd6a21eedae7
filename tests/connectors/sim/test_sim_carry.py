"""Funding of perpetual contracts and borrow fees of shorts: what they come to, and when."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sim import MissingRates, SimSettings
from connectors.sim.account_settings import (
    DAY_NS,
    HOUR_NS,
    BorrowModel,
    BorrowSettings,
    FundingModel,
    FundingSettings,
    MarkModel,
)
from connectors.sim.carry import COLLATERAL, VALUE, Carry, begin_carry, borrow_cost, funding_cost, take_rate
from connectors.sim.exchange import Exchange
from connectors.sim.mark import Worth, worth_of
from connectors.sim.settings import uncompilable
from connectors.sim.venue import SimVenue
from core.clock import NEVER
from core.events import AccountMoved
from core.instruments import AssetClass
from core.money import MONEY_UNIT
from tests.connectors.sim.world import NO_LATENCY, PLAIN, World

PERPETUAL = msgspec.structs.replace(PLAIN, symbol="BTCUSDT", asset_class=AssetClass.PERPETUAL, base="BTC", quote="USDT")
SHARE = msgspec.structs.replace(PLAIN, symbol="XYZ", asset_class=AssetClass.EQUITY, base="XYZ", price_precision=2)
MIDNIGHT_NS = 1_723_161_600_000_000_000  # 2024-08-09T00:00:00Z; a world begins 345 s before it
ZERO_FEES = msgspec.structs.replace(NO_LATENCY, maker_fee_ppm=0, taker_fee_ppm=0)


def funded(world_instrument=PERPETUAL, **fields: object) -> World:
    settings = msgspec.structs.replace(
        ZERO_FEES,
        funding=FundingSettings(**({"model": FundingModel.CONSTANT} | fields)),  # type: ignore[arg-type]
    )
    return World(settings, world_instrument)


def lent(model: BorrowModel = BorrowModel.VALUE, **fields: object) -> World:
    borrow = BorrowSettings(model=model, **fields)  # type: ignore[arg-type]
    return World(msgspec.structs.replace(ZERO_FEES, borrow=borrow), SHARE)


def pass_to(world: World, time_ns: int) -> None:
    world.wait(time_ns - world.now_ns)


def moves(world: World) -> list[str]:
    """What reached us of money, in words."""
    return [said for said in world.heard() if said.startswith(("funding", "borrow"))]


# -- funding -----------------------------------------------------------------------------------------------------------


def test_a_long_of_50_000_pays_5_at_the_rate_of_a_hundredth_percent():
    world = funded()
    world.quote("9 @ 49999 | 50001 @ 9")
    world.send("A: buy 1")
    pass_to(world, MIDNIGHT_NS)
    assert moves(world) == ["funding -5 USDT"]  # 50,000 x 0.01 %: the mark is the middle of the touch


def test_a_short_receives_what_a_long_pays():
    world = funded()
    world.quote("9 @ 49999 | 50001 @ 9")
    world.send("A: sell 1")
    pass_to(world, MIDNIGHT_NS)
    assert moves(world) == ["funding 5 USDT"]


def test_where_the_rate_is_negative_longs_receive():
    world = funded(rate_e8=-10_000)
    world.quote("9 @ 49999 | 50001 @ 9")
    world.send("A: buy 2")
    pass_to(world, MIDNIGHT_NS)
    assert moves(world) == ["funding 10 USDT"]


def test_funding_is_due_at_0_8_and_16_hours_utc():
    world = funded()
    world.quote("9 @ 49999 | 50001 @ 9")
    world.send("A: buy 1")
    dues = []
    for _ in range(4):
        world.heard()
        dues.append(world.venue.next_due_ns())
        pass_to(world, dues[-1])
    assert [(due_ns - MIDNIGHT_NS) // HOUR_NS for due_ns in dues] == [0, 8, 16, 24]
    assert all((due_ns - MIDNIGHT_NS) % HOUR_NS == 0 for due_ns in dues)


def test_who_holds_nothing_at_the_time_pays_nothing():
    world = funded()
    world.quote("9 @ 49999 | 50001 @ 9")
    world.send("A: buy 1", "B: sell 1")
    pass_to(world, MIDNIGHT_NS)
    assert moves(world) == []


def test_rates_of_a_table_are_paid_at_its_times_and_those_before_the_start_are_not():
    rows = ((MIDNIGHT_NS - DAY_NS, 99_999), (MIDNIGHT_NS, 10_000), (MIDNIGHT_NS + HOUR_NS, -20_000))
    world = funded(model=FundingModel.TABLE, rates={PERPETUAL.id: rows})
    world.quote("9 @ 49999 | 50001 @ 9")
    world.send("A: buy 1")
    pass_to(world, MIDNIGHT_NS + 10 * HOUR_NS)
    assert moves(world) == ["funding -5 USDT", "funding 10 USDT"]
    assert world.venue.next_due_ns() == 0


def test_a_table_without_an_instrument_that_is_listed_is_told():
    with pytest.raises(MissingRates, match=r"BTCUSDT\.SIM"):
        funded(model=FundingModel.TABLE, rates={"ETHUSDT.SIM": ((1, 1),)})


def test_the_mark_may_be_the_last_trade():
    world = funded(mark=MarkModel.LAST)
    world.quote("9 @ 49999 | 50001 @ 9")
    world.market.last_price = 40_000
    world.send("A: buy 1")
    pass_to(world, MIDNIGHT_NS)
    assert moves(world) == ["funding -4 USDT"]


def test_spot_pays_no_funding():
    world = funded(PLAIN)
    world.quote("9 @ 49999 | 50001 @ 9")
    world.send("A: buy 1")
    pass_to(world, MIDNIGHT_NS)
    assert moves(world) == []


def test_funding_says_what_it_is_for_and_travels_as_long_as_any_answer():
    world = World(
        msgspec.structs.replace(ZERO_FEES, response_latency_ns=7, funding=FundingSettings(model=FundingModel.CONSTANT)),
        PERPETUAL,
    )
    world.quote("9 @ 49999 | 50002 @ 9")
    world.send("A: buy 1")
    world.wait(7)
    world.heard()
    pass_to(world, MIDNIGHT_NS)
    assert moves(world) == []
    assert world.venue.next_due_ns() == MIDNIGHT_NS + 7
    pass_to(world, MIDNIGHT_NS + 7)
    world.heard()
    [move] = world.account
    assert isinstance(move, AccountMoved)
    assert (move.move_id, move.detail) == ("SIM-M1", "rate 0.0001, 1 at 50000.5")


def test_settings_without_such_models_get_the_plain_venue_and_name_nothing_that_cannot_be_compiled():
    assert uncompilable(SimSettings()) == []
    assert type(World().venue) is SimVenue
    chosen = SimSettings(
        funding=FundingSettings(model=FundingModel.CONSTANT), borrow=BorrowSettings(model=BorrowModel.VALUE)
    )
    assert uncompilable(chosen) == ["funding.model = 'constant'", "borrow.model = 'value'"]
    assert isinstance(funded().venue, Exchange)


WHOLE = Worth(multiplier=10**8, divisor=2, divisor_rest=1)  # precisions 0, fees of 8 decimals


@given(st.integers(-(10**6), 10**6), st.integers(-(10**4), 10**4), st.integers(0, 10**6))
def test_funding_between_a_long_and_a_short_of_one_size_loses_less_than_a_fee_unit(rate, position, mark):
    paid = funding_cost(WHOLE, rate, position, mark)
    received = funding_cost(WHOLE, rate, -position, mark)
    assert 0 <= paid + received <= 1
    exact = rate * position * mark * 10**8 / (2 * 10**8)
    assert abs(paid - exact) <= 2 + abs(exact) / 10**12


@given(st.integers(0, 10 * DAY_NS), st.sampled_from([HOUR_NS, 4 * HOUR_NS, 8 * HOUR_NS]), st.integers(0, HOUR_NS - 1))
def test_due_times_are_even_after_the_start_and_never_two_at_once(start_ns, interval_ns, offset_ns):
    carry = Carry(funding=1, interval_ns=interval_ns, offset_ns=offset_ns)
    begin_carry(carry, start_ns)
    first_ns = carry.funding_due_ns
    assert start_ns < first_ns <= start_ns + interval_ns
    assert (first_ns - offset_ns) % interval_ns == 0
    take_rate(carry)
    assert carry.funding_due_ns == first_ns + interval_ns
    assert carry.borrow_due_ns == NEVER


# -- borrow ------------------------------------------------------------------------------------------------------------


def test_a_short_pays_a_days_share_of_the_yearly_rate_at_the_end_of_the_day():
    world = lent(rate_ppm=50_000, days=365)  # 5 % a year
    world.quote("2000 @ 1999 | 2001 @ 9")
    world.send("A: sell 1000")
    world.market.last_price = 2_000  # "You short 1000 XYZ that closes at 20 with a rate of 5 %: ~2.74"
    pass_to(world, MIDNIGHT_NS)
    assert moves(world) == ["borrow -2.73972603 USD"]


def test_nights_without_trading_cost_too():
    world = lent(rate_ppm=36_000, days=360)
    world.quote("2000 @ 1999 | 2001 @ 9")
    world.send("A: sell 1000")
    pass_to(world, MIDNIGHT_NS + 2 * DAY_NS)
    assert moves(world) == ["borrow -2 USD"] * 3


def test_a_long_position_borrows_nothing():
    world = lent(rate_ppm=36_000)
    world.quote("2000 @ 1999 | 2001 @ 9000")
    world.send("A: buy 1000")
    pass_to(world, MIDNIGHT_NS + DAY_NS)
    assert moves(world) == []


def test_the_collateral_is_102_percent_of_the_price_rounded_up_to_the_whole_dollar():
    carry = Carry(borrow=COLLATERAL, borrow_ppm=10_000, days=360, price_unit=100, worth=worth_of(NO_LATENCY, SHARE))
    # 42.80 x 1.02 = 43.656, so 44; 3,700 shares: 162,800 x 1 % / 360 = 4.52222...
    assert borrow_cost(carry, -3_700, 2 * 42_80) == 452_222_223


def test_a_rate_of_an_instrument_goes_before_the_general_one():
    world = lent(rate_ppm=36_000, rates_ppm={SHARE.id: 72_000})
    world.quote("2000 @ 1999 | 2001 @ 9")
    world.send("A: sell 1000")
    pass_to(world, MIDNIGHT_NS)
    assert moves(world) == ["borrow -4 USD"]


@given(st.integers(-(10**6), 10**6), st.integers(1, 10**7), st.integers(0, 10**6))
def test_borrow_never_pays_us_and_collateral_never_costs_less_than_value(position, price, ppm):
    worth = worth_of(NO_LATENCY, SHARE)
    by_value, by_collateral = (
        borrow_cost(Carry(borrow=model, borrow_ppm=ppm, price_unit=100, worth=worth), position, 2 * price)
        for model in (VALUE, COLLATERAL)
    )
    assert 0 <= by_value <= by_collateral
    if position >= 0:
        assert by_collateral == 0


# -- settings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"rates": {"A.B": ((1, 1),)}}, 'for model "table"'),
        ({"model": FundingModel.TABLE}, 'for model "table"'),
        ({"interval_ns": 7 * HOUR_NS}, "fits a day"),
        ({"offset_ns": 8 * HOUR_NS}, "first time"),
        ({"rate_e8": 10**8}, "funding rate"),
        ({"model": FundingModel.TABLE, "rates": {"A.B": ((2, 1), (1, 1))}}, "out of order"),
    ],
)
def test_funding_settings_that_make_no_sense_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        FundingSettings(**fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [({"rate_ppm": -1}, "a borrow rate"), ({"days": 364}, "360 or 365"), ({"day_end_ns": -1}, "first time")],
)
def test_borrow_settings_that_make_no_sense_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        BorrowSettings(**fields)


def test_amounts_are_money_in_whole_fee_units():
    world = funded()
    world.quote("9 @ 333 | 334 @ 9")
    world.send("A: buy 1")
    pass_to(world, MIDNIGHT_NS)
    world.heard()
    [move] = world.account
    assert isinstance(move, AccountMoved)
    assert int(move.amount) == -3_335_000 * MONEY_UNIT // 10**8
