"""Exact money: an integer count of 10^-18 of one currency.

Eighteen decimals hold the product of any price and quantity whose precisions add up to 18 or less, so notional,
fees and profit never round. Where a venue rounds (a commission to 8 decimals), the rounding is done explicitly, there.
"""

from core.decimals import to_text, to_units
from core.errors import PrecisionError

MONEY_DECIMALS = 18
MONEY_UNIT: int = 10**MONEY_DECIMALS


def money(text: str) -> int:
    """Return decimal text as money; unlike prices, money is not limited to 64 bits. Raises PrecisionError."""
    whole, _, fraction = text.partition(".")
    if len(fraction.rstrip("0")) > MONEY_DECIMALS:
        raise PrecisionError(f"{text!r} is finer than {MONEY_DECIMALS} decimals")
    sign = -1 if whole.startswith("-") else 1
    part = to_units("0." + (fraction or "0"), MONEY_DECIMALS)
    return sign * (int(whole.removeprefix("-")) * MONEY_UNIT + part)


def money_text(amount: int, decimals: int = MONEY_DECIMALS) -> str:
    """Return money as text, cut (not rounded) to at most `decimals` decimals."""
    cut: int = 10 ** (MONEY_DECIMALS - decimals)
    whole = abs(amount) // cut
    return to_text(-whole if amount < 0 else whole, decimals)


def round_up(amount: int, decimals: int) -> int:
    """Return `amount` rounded away from zero to `decimals` decimals: what a cautious ledger pays as a fee."""
    step: int = 10 ** (MONEY_DECIMALS - decimals)
    units = -(-abs(amount) // step)
    return -units * step if amount < 0 else units * step
