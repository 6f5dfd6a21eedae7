import msgspec
import pytest

from core.instruments import AssetClass, Instrument
from core.money import MONEY_UNIT

BTC = Instrument(
    symbol="BTCUSDT",
    venue="BINANCE",
    asset_class=AssetClass.CRYPTO_SPOT,
    base="BTC",
    quote="USDT",
    price_precision=2,
    size_precision=8,
    tick=1,
    lot=1000,
)


def test_an_instrument_is_named_by_symbol_and_venue():
    assert BTC.id == "BTCUSDT.BINANCE"


def test_price_times_quantity_times_the_factor_is_exact_money():
    price, quantity = BTC.price("61737.63"), BTC.quantity("0.00001")
    assert price * quantity * BTC.notional_factor == 6173763 * MONEY_UNIT // 10**7


def test_units_in_which_money_would_not_be_exact_are_refused():
    with pytest.raises(ValueError, match="exceed 18 decimals"):
        msgspec.structs.replace(BTC, price_precision=11)


@pytest.mark.parametrize("field", ["tick", "lot", "multiplier"])
def test_a_step_that_is_not_positive_is_refused(field):
    with pytest.raises(ValueError, match="positive"):
        msgspec.structs.replace(BTC, **{field: 0})


def test_profit_of_a_contract_is_counted_in_what_it_settles_in():
    future = msgspec.structs.replace(BTC, asset_class=AssetClass.PERPETUAL, settlement="USDC")
    assert (BTC.currency, future.currency) == ("USDT", "USDC")
    assert (BTC.holds_base, future.holds_base) == (True, False)
