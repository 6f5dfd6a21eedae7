"""Coin-margined contracts at the simulated venue: what they are worth, cost, must hold and pay, against fractions."""

from fractions import Fraction
from math import ceil, floor

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sim import SimSettings, UnsupportedInstrument
from connectors.sim.account_settings import FundingModel, FundingSettings, MarginSettings
from connectors.sim.exchange import Exchange
from connectors.sim.fees import fee_of, fee_table, traded_volume
from connectors.sim.margin import equity_of, maintenance_of
from core.events import AccountTraded, ReportType
from core.instruments import AssetClass, Instrument
from core.money import MONEY_UNIT, money, money_text
from core.orders import Liquidity, Side
from oms.execution import execute
from oms.positions import Position
from oms.terms import Terms
from tests.connectors.sim.world import NO_LATENCY, World

# Contracts of 100 USD, prices to the cent.
COIN = Instrument(
    symbol="BTCUSD_PERP",
    venue="SIM",
    asset_class=AssetClass.PERPETUAL,
    base="BTC",
    quote="USD",
    inverse=True,
    multiplier=100,
    price_precision=2,
    size_precision=0,
    tick=1,
    lot=1,
    margin_initial_ppm=50_000,
    margin_maintenance_ppm=4_000,
)
FREE = msgspec.structs.replace(NO_LATENCY, maker_fee_ppm=0, taker_fee_ppm=0)
MIDNIGHT_NS = 1_723_161_600_000_000_000
prices = st.integers(1, 20_000_000)
quantities = st.integers(1, 10**9)


def worth(price: int, quantity: int) -> Fraction:
    """What contracts are worth, in coins."""
    return Fraction(quantity * 100 * 100, price)


def account_of(world: World) -> Exchange:
    assert isinstance(world.venue, Exchange)
    return world.venue


def test_the_fee_is_of_the_worth_in_the_coin():
    # 10 contracts of 100 USD at 50,000 are 0.02 BTC; 0.05 % of it
    settings = SimSettings(taker_fee_ppm=500)
    assert fee_of(settings, COIN, Side.BUY, 5_000_000, 10, Liquidity.TAKER) == (money("0.00001"), "BTC")
    world = World(msgspec.structs.replace(NO_LATENCY, taker_fee_ppm=500), COIN)
    world.quote("50 @ 4999900 | 5000000 @ 50")
    world.send("A: buy 10")
    world.hears("A accepted", "A filled 10 @ 5000000 taker")
    assert (money_text(int(world.reports[-1].fee)), world.reports[-1].fee_currency) == ("0.00001", "BTC")


@given(price=prices, quantity=quantities, ppm=st.integers(-1_000, 5_000), decimals=st.integers(0, 12))
def test_every_fee_is_exact_and_rounded_against_us(price, quantity, ppm, decimals):
    settings = SimSettings(maker_fee_ppm=ppm, fee_decimals=decimals)
    fee, currency = fee_of(settings, COIN, Side.SELL, price, quantity, Liquidity.MAKER)
    unit = Fraction(1, 10**decimals)
    exact = worth(price, quantity) * ppm / 10**6
    assert Fraction(fee, MONEY_UNIT) == ceil(exact / unit) * unit
    assert currency == "BTC"


def test_fees_in_more_decimals_than_64_bits_hold_are_refused_with_what_to_do():
    with pytest.raises(UnsupportedInstrument, match=r"BTCUSD_PERP\.SIM .* 18 decimals .* lower fee_decimals"):
        World(SimSettings(fee_decimals=18), COIN)


@given(price=prices, quantity=quantities)
def test_the_traded_volume_is_the_face_of_the_contracts_whatever_the_price(price, quantity):
    assert traded_volume(fee_table(SimSettings(), COIN), price, quantity) == quantity * 100 * 100


def test_the_least_notional_is_of_the_face():
    world = World(instrument=msgspec.structs.replace(COIN, min_notional=money("250")))
    world.quote("50 @ 4999900 | 5000000 @ 50")
    world.send("A: buy 2 @ 4999900", "B: buy 3 @ 4999900")
    world.hears("A rejected: Filter failure: LOT_SIZE (BTCUSD_PERP.SIM: quantity 2)", "B accepted")


def margined(wallet: str, **fields: object) -> World:
    chosen: dict[str, object] = {"wallets": {"SIM": {"BTC": wallet}}, "liquidation_fee_ppm": 0}
    return World(msgspec.structs.replace(FREE, margin=MarginSettings(**(chosen | fields))), COIN)  # type: ignore[arg-type]


@pytest.mark.parametrize(("wallet", "answer"), [("0.01", "accepted"), ("0.0099", "rejected: Margin is insufficient.")])
def test_an_order_must_find_its_initial_margin_in_the_coins_wallet(wallet, answer):
    # 100 contracts at 50,000 are 0.2 BTC, 5 % of it 0.01
    world = margined(wallet)
    world.quote("900 @ 4999900 | 5000100 @ 900")
    world.send("A: buy 100 @ 5000000")
    world.hears(f"A {answer}")


def test_a_short_below_the_mark_costs_the_open_loss_on_top():
    # sold at 40,000, marked at 50,000: worth 0.25 and 0.2 BTC, a loss of 0.05 beside 5 % of 0.25
    for wallet, answer in (("0.0625", "accepted"), ("0.0624", "rejected: Margin is insufficient.")):
        world = margined(wallet)
        world.quote("0 @ 4999900 | 5000100 @ 900")
        world.send("A: sell 100 @ 4000000")
        assert world.heard()[0] == f"A {answer}"


def test_a_long_is_liquidated_where_the_coin_has_fallen():
    # 1,000 contracts at 50,000 are 2 BTC; at p they have lost 100,000/p - 2 and must hold 0.4 % of 100,000/p
    world = margined("0.2")
    world.quote("9000 @ 4999900 | 5000000 @ 9000")
    world.send("A: buy 1000")
    world.heard()
    last = floor(Fraction(100_400 * 100 * 10, 22))
    world.quote(f"9000 @ {last + 2} | {last + 2} @ 9000")
    assert world.heard() == []
    world.quote(f"9000 @ {last - 1} | {last - 1} @ 9000")
    assert world.heard() == [f"autoclose-1 sold 1000 @ {last - 1}"]
    (done,) = world.account
    assert isinstance(done, AccountTraded)
    assert done.fee_currency == "BTC"


deals = st.lists(st.tuples(st.sampled_from([1, -1]), st.integers(1, 10**6), st.integers(10_000, 10**8)), max_size=12)


@given(deals=deals, mark=st.integers(10_000, 10**8))
def test_the_wallets_profit_is_the_ledgers_to_the_fee_unit(deals, mark):
    world = margined("1000000")
    account, position = account_of(world)._account, Position(0, 1, Terms(COIN).inverse_scale)
    for side, quantity, price in deals:
        account.fill(0, side, price, quantity, 0)
        execute(position, side, quantity, price)
    listing = account_of(world)._listings[0]
    listing.position, account.margins[0].doubled_mark = position.quantity, 2 * mark
    profit = equity_of(account.wallets, account.margins, [listing], 0) - 1_000_000 * 10**8
    ledger = Fraction(position.realised_money + position.unrealised(mark), 10**10)
    assert profit == floor(ledger)
    held = maintenance_of(account.margins[0], position.quantity)
    # The worth is cut to the unit before its share is taken and rounded up.
    assert -1 < held - worth(mark, abs(position.quantity)) * 4_000 * 100 <= 1


def test_longs_pay_funding_in_the_coin_of_what_they_are_worth_at_the_mark():
    funding = FundingSettings(model=FundingModel.CONSTANT, rate_e8=10_000)
    world = World(msgspec.structs.replace(FREE, funding=funding), COIN)
    world.quote("900 @ 4999900 | 5000000 @ 900")
    world.send("A: buy 500")
    world.quote("900 @ 4000000 | 4000000 @ 900")
    world.wait(MIDNIGHT_NS - world.now_ns)
    assert world.heard()[-1] == "funding -0.000125 BTC"  # 0.01 % of 50,000 USD at 40,000


def test_a_contract_rests_is_served_and_replaced_like_any_other():
    world = World(FREE, COIN)
    world.quote("5 @ 4999900 | 5000000 @ 5")
    world.send("A: buy 10 @ 4999900")
    world.replace("A", 8, 4_999_800)
    world.trade("sell 9 @ 4999700")
    world.hears("A accepted", "A01 replaced 8 @ 4999800", "A filled 8 @ 4999800 maker")
    assert world.reports[-1].type is ReportType.FILLED
