"""What a fill costs: exact, rounded against us to the decimals in which the venue books commissions."""

from connectors.sim.settings import PPM, FeeCurrency, SimSettings
from core.instruments import Instrument
from core.money import MONEY_DECIMALS
from core.orders import Liquidity, Side


def fee_of(
    settings: SimSettings, instrument: Instrument, side: Side, price: int, quantity: int, liquidity: Liquidity
) -> tuple[int, str]:
    """Return (money, currency) of one fill. Positive is paid; a rebate is negative and rounded towards zero.

    Binance: "the received amount is multiplied with the sum of the rates", which for a sale is the notional.
    """
    if settings.fee_currency is FeeCurrency.RECEIVED and side is Side.BUY and instrument.holds_base:
        base: int = quantity * 10 ** (MONEY_DECIMALS - instrument.size_precision)
        amount, currency = base, instrument.base
    else:
        amount, currency = price * quantity * instrument.notional_factor, instrument.currency
    ppm = settings.maker_fee_ppm if liquidity is Liquidity.MAKER else settings.taker_fee_ppm
    step: int = 10 ** (MONEY_DECIMALS - settings.fee_decimals)
    return -(-amount * ppm // (PPM * step)) * step, currency
