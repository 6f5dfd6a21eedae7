"""Margin: what an account must hold, which orders it is refused, and how it is liquidated."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sim import MissingWallet
from connectors.sim.account_settings import (
    Bracket,
    FundingModel,
    FundingSettings,
    MarginSettings,
    maintenance_amounts,
)
from connectors.sim.exchange import Exchange
from connectors.sim.hours_settings import HoursSettings
from connectors.sim.listing import Listing
from connectors.sim.margin import Margin, Wallet, equity_of, initial_of, is_breached, maintenance_of
from connectors.sim.mark import Worth
from connectors.sim.settings import SimSettings, uncompilable
from core.events import AccountMoved, AccountTraded, ReportType
from core.instruments import AssetClass
from core.money import MONEY_UNIT, money
from tests.connectors.sim.world import NO_LATENCY, PLAIN, World

FREE = msgspec.structs.replace(NO_LATENCY, maker_fee_ppm=0, taker_fee_ppm=0)
WHOLE = msgspec.structs.replace(PLAIN, asset_class=AssetClass.PERPETUAL)
BTC = msgspec.structs.replace(
    PLAIN,
    symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    asset_class=AssetClass.PERPETUAL,
    price_precision=2,
    size_precision=3,
)
TIERS = (
    Bracket(notional_floor=0, notional_cap=50_000, maintenance_ppm=4_000, initial_leverage=125, cum="0"),
    Bracket(notional_floor=50_000, notional_cap=250_000, maintenance_ppm=5_000, initial_leverage=100, cum="50"),
    Bracket(notional_floor=250_000, notional_cap=1_000_000, maintenance_ppm=10_000, initial_leverage=50, cum="1300"),
)


def margin(wallet: str, instrument=WHOLE, **fields: object) -> MarginSettings:
    given: dict[str, object] = {
        "wallets": {"SIM": {instrument.quote: wallet}},
        "brackets": {instrument.id: TIERS},
        "liquidation_fee_ppm": 0,
    }
    return MarginSettings(**(given | fields))  # type: ignore[arg-type]


def world_of(wallet: str, instrument=WHOLE, base: SimSettings = FREE, **fields: object) -> World:
    return World(msgspec.structs.replace(base, margin=margin(wallet, instrument, **fields)), instrument)


def equity(world: World) -> int:
    venue = world.venue
    assert isinstance(venue, Exchange)
    return equity_of(venue._account.wallets, venue._account.margins, venue._listings, 0)


# -- the venue's own examples ------------------------------------------------------------------------------------------


def test_the_maintenance_amount_of_the_third_level_is_1300():
    # "Maintenance Amount on Level 3 = 250,000 * (1% - 0.5%) + 50 USDT = 1,300 USDT" (Binance, b3c689c1f50a...)
    assert [amount / 10**6 for amount in maintenance_amounts(TIERS)] == [0, 50, 1_300]


def test_a_position_of_500_000_must_hold_3_700():
    world = world_of("10000")
    venue = world.venue
    assert isinstance(venue, Exchange)
    held = venue._account.margins[0]
    held.doubled_mark = 2 * 50_000
    assert maintenance_of(held, 10) == 3_700 * 10**8  # 500,000 x 1 % - 1,300
    assert maintenance_of(held, -10) == 3_700 * 10**8


@pytest.mark.parametrize(
    ("wallet", "answer"), [("462.67", "accepted"), ("462.66", "rejected: Margin is insufficient.")]
)
def test_a_long_of_one_bitcoin_at_20_times_costs_its_initial_margin(wallet, answer):
    # (9,253.30 * 1 BTC) / 20 = 462.665, and no open loss at a mark of 9,259.84 (Binance, 87fa7ee33b57...)
    world = world_of(wallet, BTC)
    world.quote("1000 @ 925983 | 925985 @ 1000")
    world.send("A: buy 1000 @ 925330")
    world.hears(f"A {answer}")


@pytest.mark.parametrize(("wallet", "taken"), [("469.21", True), ("469.20", False)])
def test_a_short_below_the_mark_costs_the_open_loss_on_top(wallet, taken):
    # 462.665 + 1 * |min[0, -1 * (9,259.84 - 9,253.30)]| = 469.205
    world = world_of(wallet, BTC)
    world.quote("1000 @ 925983 | 925985 @ 1000")
    world.send("A: sell 1000 @ 925330")
    assert (world.heard()[0] == "A accepted") is taken


EXAMPLE = [
    # position, entry price, mark price, maintenance rate, maintenance amount (Binance, b3c689c1f50a...)
    (3_683_979, 1_456.84, 1_335.18, 100_000, 135_365),
    (109_488, 32_481.98, 31_967.27, 25_000, 16_300),
]


@pytest.mark.parametrize(("place", "liquidation_price"), [(0, 1_153.26), (1, 26_316.89)])
def test_liquidation_comes_at_the_price_of_the_venues_example(place, liquidation_price):
    def account(price: float) -> tuple[list[Wallet], list[Margin], list[Listing]]:
        margins, listings = [], []
        for index, (position, entry, mark, ppm, amount) in enumerate(EXAMPLE):
            held = Margin(
                wallet=0,
                cash=-position * round(entry * 100),
                doubled_mark=2 * round((price if index == place else mark) * 100),
                worth=Worth(10**3, 2, 1),  # precisions 2 and 3, units of 10^-8
            )
            held.maintenance_ppms[0], held.amounts[0], held.caps[0] = ppm, amount * 10**8, 1 << 62
            margins.append(held)
            listings.append(Listing(position=position))
        return [Wallet(153_544_301_000_000)], margins, listings

    assert is_breached(*account(liquidation_price - 0.01), 0)
    assert not is_breached(*account(liquidation_price + 0.01), 0)


# -- orders that the account does not allow ----------------------------------------------------------------------------


def test_orders_and_positions_together_may_use_what_there_is_and_no_more():
    world = world_of("100", default_leverage=10)
    world.quote("9 @ 99 | 101 @ 9")
    world.send("A: buy 5 @ 100", "B: buy 5 @ 100", "C: buy 1 @ 100", "D: sell 9 @ 101", "E: sell 1 @ 101")
    world.hears(
        "A accepted", "B accepted", "C rejected: Margin is insufficient.", "D accepted",
        "E rejected: Margin is insufficient.",
    )  # fmt: skip
    world.cancel("A")
    world.send("F: buy 5 @ 100")
    world.hears("A cancelled", "F accepted")


def test_an_order_that_reduces_is_always_allowed():
    world = world_of("100", default_leverage=10)
    world.quote("9 @ 100 | 100 @ 9")
    world.send("A: buy 9 @ 100")
    world.quote("9 @ 93 | 93 @ 9")
    world.heard()
    world.send("B: buy 1 @ 93", "C: sell 9 @ 110", "D: sell 9 @ 110 reduce-only")
    world.hears("B rejected: Margin is insufficient.", "C accepted", "D accepted")


def test_a_position_beyond_what_the_leverage_allows_is_refused_however_rich_the_account():
    world = world_of("100000000", leverage={WHOLE.id: 100})
    world.quote("9 @ 999 | 1001 @ 9")
    world.send("A: buy 250 @ 1000", "B: buy 1 @ 1000")
    world.hears("A accepted", "B rejected: Exceeded the maximum allowable position at current leverage.")


def test_without_brackets_the_rates_of_the_instrument_hold():
    instrument = msgspec.structs.replace(WHOLE, margin_initial_ppm=500_000, margin_maintenance_ppm=250_000)
    world = world_of("100", instrument, brackets={})
    world.quote("9 @ 99 | 101 @ 9")
    world.send("A: buy 3 @ 100", "B: buy 2 @ 100")
    world.hears("A rejected: Margin is insufficient.", "B accepted")


def test_spot_is_not_traded_on_margin():
    world = world_of("1", PLAIN)
    world.quote("9 @ 100 | 100 @ 9")
    world.send("A: buy 9 @ 100")
    world.hears("A accepted", "A filled 9 @ 100 taker")


def test_a_venue_without_a_wallet_checks_nothing():
    world = world_of("1", wallets={"OTHER": {"USD": "1"}})
    world.quote("9 @ 100 | 100 @ 9")
    world.send("A: buy 9 @ 100")
    world.hears("A accepted", "A filled 9 @ 100 taker")


def test_a_contract_without_a_wallet_of_its_currency_is_told():
    with pytest.raises(MissingWallet, match=r"margin\.wallets\.SIM\.USD"):
        world_of("1", wallets={"SIM": {"EUR": "1"}})


# -- liquidation -------------------------------------------------------------------------------------------------------


def ruined(liquidation_fee_ppm: int = 0) -> World:
    """A world with a long of 10 at 100 on a wallet of 60, and a bid that rests."""
    world = world_of("60", liquidation_fee_ppm=liquidation_fee_ppm)
    world.quote("9 @ 100 | 100 @ 20")
    world.send("A: buy 10 @ 100", "B: buy 1 @ 80")
    world.hears("A accepted", "A filled 10 @ 100 taker", "B accepted")
    return world


def test_where_the_account_no_longer_covers_its_position_what_rests_is_cancelled_and_the_position_closed():
    world = ruined()
    world.quote("20 @ 95 | 95 @ 9")
    world.hears()
    world.quote("20 @ 94 | 94 @ 9")
    world.hears("B expired: liquidation: the venue cancels what rests", "autoclose-1 sold 10 @ 94")
    [closed] = world.account
    assert isinstance(closed, AccountTraded)
    assert (closed.reason, closed.venue, closed.fee) == ("liquidation", "SIM", "0")
    assert equity(world) == 0


def test_the_venue_takes_a_fee_for_liquidating():
    world = ruined(liquidation_fee_ppm=10_000)
    world.quote("20 @ 94 | 94 @ 9")
    world.heard()
    [closed] = world.account
    assert isinstance(closed, AccountTraded)
    assert closed.fee == str(money("9.4"))
    assert equity(world) == -940_000_000


def test_what_the_book_does_not_take_is_tried_again_at_the_next_event():
    world = ruined()
    world.quote("4 @ 94 | 94 @ 9")
    world.hears("B expired: liquidation: the venue cancels what rests", "autoclose-1 sold 4 @ 94")
    world.quote("9 @ 93 | 94 @ 9")
    world.hears("autoclose-2 sold 6 @ 93")


def test_a_short_is_bought_back():
    world = world_of("60")
    world.quote("20 @ 100 | 100 @ 20")
    world.send("A: sell 10 @ 100")
    world.quote("9 @ 106 | 106 @ 30")
    world.hears("A accepted", "A filled 10 @ 100 taker", "autoclose-1 bought 10 @ 106")


def test_while_trading_is_halted_nothing_is_liquidated():
    start_ns = 1_723_161_255_000_000_000
    hours = HoursSettings(halts={WHOLE.id: ((start_ns + 10, start_ns + 1_000),)})
    world = world_of("60", base=msgspec.structs.replace(FREE, hours=hours))
    world.quote("9 @ 100 | 100 @ 20")
    world.send("A: buy 10 @ 100")
    world.wait(20)
    world.quote("20 @ 90 | 90 @ 9")
    world.hears("A accepted", "A filled 10 @ 100 taker")
    world.wait(1_000)
    world.quote("20 @ 89 | 89 @ 9")
    world.hears("autoclose-1 sold 10 @ 89")


def test_funding_is_taken_from_the_wallet_and_may_bring_the_liquidation_on():
    funding = FundingSettings(model=FundingModel.CONSTANT, rate_e8=6_000_000)  # 6 %
    world = world_of("60", base=msgspec.structs.replace(FREE, funding=funding))
    world.quote("9 @ 100 | 100 @ 20")
    world.send("A: buy 10 @ 100")
    world.wait(345_000_000_000)
    world.quote("20 @ 100 | 100 @ 9")
    world.hears("A accepted", "A filled 10 @ 100 taker", "funding -60 USD", "autoclose-1 sold 10 @ 100")


def test_a_resting_order_that_filled_makes_every_event_matter():
    world = world_of("60")
    world.quote("9 @ 99 | 101 @ 20")
    world.send("A: buy 10 @ 100")
    world.quote("9 @ 99 | 100 @ 20")
    world.hears("A accepted", "A filled 10 @ 100 maker")
    assert world.venue.active
    assert world.venue.listing(0).quiet_low > 10**9  # no quote is quiet


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("quote"), st.integers(60, 140), st.integers(0, 5), st.integers(1, 30)),
        st.tuples(st.sampled_from(["buy", "sell"]), st.integers(60, 140), st.just(0), st.integers(1, 30)),
    ),
    max_size=40,
)


@settings(deadline=None)
@given(STEPS, st.integers(20, 500))
def test_the_account_is_worth_what_its_reports_say_and_a_liquidation_adds_no_loss_of_its_own(steps, wallet):
    funding = FundingSettings(model=FundingModel.CONSTANT, rate_e8=100_000, interval_ns=3_600_000_000_000)
    base = msgspec.structs.replace(NO_LATENCY, funding=funding)
    world = world_of(str(wallet), base=base, liquidation_fee_ppm=5_000)
    mid = 0
    for number, (what, price, spread, quantity) in enumerate(steps):
        world.wait(600_000_000_000)
        if what == "quote":
            world.quote(f"{quantity} @ {price} | {price + spread} @ {quantity}")
            mid = 2 * price + spread
        else:
            world.send(f"N{number}: {what} {quantity} @ {price}")
    world.heard()
    cash, position, fees, moved = 0, 0, 0, 0
    sides = {f"N{number}": 1 if what == "buy" else -1 for number, (what, *_) in enumerate(steps)}
    for report in world.reports:
        if report.type is ReportType.FILLED:
            sign = sides[report.client_order_id]
            cash -= sign * report.price * report.quantity
            position += sign * report.quantity
            fees += int(report.fee)
    for told in world.account:
        if isinstance(told, AccountMoved):
            moved += int(told.amount)
        else:
            cash -= int(told.side) * told.price * told.quantity
            position += int(told.side) * told.quantity
            fees += int(told.fee)
    worth = (wallet + cash) * MONEY_UNIT + position * mid * MONEY_UNIT // 2 - fees + moved
    assert equity(world) * 10**10 == worth
    venue = world.venue
    assert isinstance(venue, Exchange)
    assert venue.listing(0).position == position


# -- settings ----------------------------------------------------------------------------------------------------------


def test_what_a_short_and_a_long_must_hold_is_rounded_up():
    assert initial_of(Margin(worth=Worth(1, 2, 1), initial_divisor=3), 2) == 1


@pytest.mark.parametrize(
    ("brackets", "message"),
    [
        ((), "0 tiers"),
        (TIERS[1:], "begin with 0"),
        ((TIERS[0], TIERS[2]), "where the one before ends"),
        ((TIERS[0], msgspec.structs.replace(TIERS[1], cum="51")), "the rates make 50"),
    ],
)
def test_brackets_with_gaps_or_jumps_are_refused(brackets, message):
    with pytest.raises(ValueError, match=message):
        MarginSettings(brackets={"A.B": brackets})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"default_leverage": 0}, "default_leverage"),
        ({"leverage": {"A.B": 126}}, "leverage.A.B"),
        ({"liquidation_fee_ppm": -1}, "liquidation_fee_ppm"),
    ],
)
def test_margin_settings_that_make_no_sense_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        MarginSettings(**fields)


def test_a_wallet_is_a_decimal_amount_and_is_named_as_what_only_the_python_venue_runs():
    with pytest.raises(ValueError, match=r"margin\.wallets\.SIM\.USD"):
        SimSettings(margin=MarginSettings(wallets={"SIM": {"USD": "much"}}))
    assert uncompilable(SimSettings(margin=MarginSettings(wallets={"SIM": {"USD": "5"}}))) == ["margin.wallets"]
