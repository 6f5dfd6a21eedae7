"""How money and rates are written on USDⓈ-M's wire. Pure."""

from connectors.embedded.exchange.usdm.contracts import RATE_DECIMALS
from connectors.embedded.market import fixed_text
from core.money import MONEY_DECIMALS

_CUT: int = 10 ** (MONEY_DECIMALS - 8)


def money_text(amount: int) -> str:
    """Write money with eight decimals, cut towards zero."""
    text = fixed_text(abs(amount) // _CUT, 8)
    return f"-{text}" if amount <= -_CUT else text


def units_text(units: int) -> str:
    """Write a price of 10^-8 units with all its decimals, as marks are."""
    return f"-{fixed_text(-units, 8)}" if units < 0 else fixed_text(units, 8)


def rate_text(rate: int) -> str:
    """Write a funding rate."""
    text = fixed_text(abs(rate), RATE_DECIMALS)
    return f"-{text}" if rate < 0 else text


def ppm_text(ppm: int, decimals: int = 6) -> str:
    """Write a rate of millionths."""
    return fixed_text(ppm * 10 ** (decimals - 6) if decimals >= 6 else ppm // 10 ** (6 - decimals), decimals)
