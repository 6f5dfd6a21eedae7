"""What fills cost: exact, and rounded against us."""

from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sim import FeeCurrency, SimSettings
from connectors.sim.fees import fee_of
from core.instruments import AssetClass, Instrument
from core.money import MONEY_UNIT, money
from core.orders import Liquidity, Side

BTCUSDT = Instrument(
    symbol="BTCUSDT",
    venue="BINANCE",
    asset_class=AssetClass.CRYPTO_SPOT,
    base="BTC",
    quote="USDT",
    price_precision=2,
    size_precision=8,
    tick=1,
    lot=1_000,
)
PERPETUAL = msgspec.structs.replace(BTCUSDT, asset_class=AssetClass.PERPETUAL, settlement="USDT", symbol="BTCUSDTPERP")


@pytest.mark.parametrize(
    ("price", "quantity", "ppm", "expected"),
    [
        ("61737.63", "0.01", 1_000, "0.6173763"),
        ("61737.63", "0.00001", 1_000, "0.00061738"),  # 0.0006173763 rounded up to 8 decimals
        ("61737.63", "0.00001", 0, "0"),
        ("61737.63", "0.00001", -100, "-0.00006173"),  # a rebate of 0.00006173763 rounded down
        ("0.01", "0.00000001", 1_000, "0.00000001"),
    ],
)
def test_a_fee_is_exact_and_rounded_against_us(price: str, quantity: str, ppm: int, expected: str) -> None:
    settings = SimSettings(taker_fee_ppm=ppm)
    fee = fee_of(settings, BTCUSDT, Side.BUY, BTCUSDT.price(price), BTCUSDT.quantity(quantity), Liquidity.TAKER)
    assert fee == (money(expected), "USDT")


def test_makers_and_takers_pay_their_own_rate() -> None:
    settings = SimSettings(maker_fee_ppm=200, taker_fee_ppm=500)  # USDⓈ-M without discounts
    price, quantity = PERPETUAL.price("60000"), PERPETUAL.quantity("1")
    assert fee_of(settings, PERPETUAL, Side.SELL, price, quantity, Liquidity.MAKER) == (money("12"), "USDT")
    assert fee_of(settings, PERPETUAL, Side.SELL, price, quantity, Liquidity.TAKER) == (money("30"), "USDT")


@pytest.mark.parametrize(
    ("instrument", "side", "expected"),
    [
        (BTCUSDT, Side.BUY, (money("0.002"), "BTC")),
        (BTCUSDT, Side.SELL, (money("120"), "USDT")),
        (PERPETUAL, Side.BUY, (money("120"), "USDT")),  # a contract brings in nothing but its profit
    ],
)
def test_a_fee_in_what_is_received_is_in_the_base_for_a_spot_purchase(
    instrument: Instrument, side: Side, expected: tuple[int, str]
) -> None:
    settings = SimSettings(fee_currency=FeeCurrency.RECEIVED)
    price, quantity = instrument.price("60000"), instrument.quantity("2")
    assert fee_of(settings, instrument, side, price, quantity, Liquidity.TAKER) == expected


@given(
    price=st.integers(1, 10**12),
    quantity=st.integers(1, 10**15),
    ppm=st.integers(-999_999, 999_999),
    decimals=st.integers(0, 18),
)
def test_a_fee_is_never_less_than_the_rate_says_and_never_a_whole_unit_more(
    price: int, quantity: int, ppm: int, decimals: int
) -> None:
    settings = SimSettings(maker_fee_ppm=ppm, fee_decimals=decimals)
    fee, _ = fee_of(settings, BTCUSDT, Side.BUY, price, quantity, Liquidity.MAKER)
    exact = Fraction(price, 10**2) * Fraction(quantity, 10**8) * Fraction(ppm, 10**6)
    unit = Fraction(1, 10**decimals)
    assert 0 <= Fraction(fee, MONEY_UNIT) - exact < unit
    assert Fraction(fee, MONEY_UNIT) % unit == 0


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("entry_latency_ns", -1, "0 or more"),
        ("response_latency_ns", -1, "0 or more"),
        ("print_lag_ns", -1, "0 or more"),
        ("maker_fee_ppm", 1_000_000, "parts per million"),
        ("taker_fee_ppm", -1_000_000, "parts per million"),
        ("fee_decimals", 19, "0 to 18"),
    ],
)
def test_settings_that_no_venue_could_have_are_refused(setting: str, value: int, words: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=words):
        msgspec.convert({setting: value}, SimSettings)


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="latency"):
        msgspec.convert({"latency": 5}, SimSettings)
