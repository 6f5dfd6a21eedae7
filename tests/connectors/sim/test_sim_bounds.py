"""Which settings of the simulated venue compiled code can count with."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sim import FeeCurrency, FeeTier, ImpactModel, ImpactSettings, SimSettings
from connectors.sim.bounds import PRICE_MAX, venue_fits_64_bits
from connectors.sim.fees import RATES, fill_fee, start_volume, traded_volume
from connectors.sim.listing import Listing, define
from core.instruments import AssetClass, Instrument

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
WORTH = 10_000 * 10**10  # 10,000 USDT in price times quantity
WORST = 4
INT64_MAX = 2**63 - 1


def listed(settings: SimSettings, instrument: Instrument = BTCUSDT) -> Listing:
    listing = Listing()
    define(listing, settings, instrument)
    return listing


def said(settings: SimSettings, worth: int = WORTH, instrument: Instrument = BTCUSDT) -> str:
    return venue_fits_64_bits(listed(settings, instrument), start_volume(settings), worth)


def test_the_defaults_fit_up_to_orders_of_many_millions() -> None:
    assert said(SimSettings()) == ""
    assert said(SimSettings(), WORTH * 10_000) == ""


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (SimSettings(fee_decimals=18), "the fee of one order in fee units may be 40"),
        (SimSettings(fee_decimals=18, maker_fee_ppm=-999_983), "a price times a rate of paper.sim's fees"),
        (SimSettings(minimum_fee="60000000000"), "paper.sim.minimum_fee in fee units"),
        (SimSettings(impact=ImpactSettings(model=ImpactModel.TICKS, ticks=2**62)), "paper.sim.impact's move"),
        (
            SimSettings(
                fee_tiers=tuple(FeeTier(volume=at * 5 * 10**16, maker_fee_ppm=1, taker_fee_ppm=1) for at in (0, 1)),
            ),
            "a volume of paper.sim.fee_tiers or volume_before",
        ),
    ],
)
def test_what_is_too_large_is_named_with_what_to_do(settings: SimSettings, words: str) -> None:
    assert said(settings).startswith(words)
    assert said(settings).endswith("or run in Python")


def test_a_tick_of_which_a_drawn_impact_could_wrap_is_named() -> None:
    wide = msgspec.structs.replace(BTCUSDT, tick=2**33)
    settings = SimSettings(impact=ImpactSettings(model=ImpactModel.LINEAR_DEPTH))
    assert said(settings, instrument=wide).startswith("paper.sim.impact's move")


@given(
    st.integers(-999_999, 999_999),
    st.integers(0, 18),
    st.sampled_from(list(FeeCurrency)),
    st.integers(0, 9),
    st.integers(0, 9),
    st.integers(1, 10**6),
    st.integers(1, 2**61),
    st.integers(1, PRICE_MAX),
    st.integers(1, 2**50),
)
def test_what_fits_never_meets_a_number_beyond_64_bits(
    ppm: int, decimals: int, currency: FeeCurrency, price_precision: int, size_precision: int, multiplier: int,
    worth: int, price: int, quantity: int,
) -> None:  # fmt: skip
    instrument = msgspec.structs.replace(
        BTCUSDT, price_precision=price_precision, size_precision=size_precision, multiplier=multiplier
    )
    tiers = tuple(FeeTier(volume=at, maker_fee_ppm=ppm, taker_fee_ppm=ppm) for at in (0, 5))
    settings = SimSettings(fee_decimals=decimals, fee_currency=currency, fee_tiers=tiers)
    try:
        listing = listed(settings, instrument)
    except OverflowError:
        return  # not even a rate fits
    if venue_fits_64_bits(listing, start_volume(settings), worth):
        return
    price = min(price, WORST * worth)
    quantity = max(min(quantity, WORST * worth // price), 1)
    table = listing.fees
    for place in range(RATES):
        factor = 1 if place >= 2 else price
        assert abs(factor * table.multipliers[place]) <= INT64_MAX or (place >= 2 and not table.in_base)
    for is_buy in (False, True):
        assert abs(fill_fee(table, 0, is_buy, True, price, quantity)) <= INT64_MAX
    assert price * table.volume_multiplier <= INT64_MAX
    assert traded_volume(table, price, quantity) <= INT64_MAX
