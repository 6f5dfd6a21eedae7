"""Exact conversion between decimal text and scaled integers.

A price of `61737.63` with precision 2 is the integer 6173763. Nothing here rounds: a number finer than the
precision is an error, because a rounded price or quantity is a wrong one.
"""

from decimal import Decimal, InvalidOperation

from core.errors import PrecisionError

INT64_MAX = (1 << 63) - 1
DIGITS_MAX = 1_000  # on each side of the point: Python reads no whole number of more than 4,300


def to_units(text: str, precision: int) -> int:
    """Return `text` (a plain decimal number, sign allowed) in units of 10^-precision.

    Raises PrecisionError if it is not a plain decimal number, is finer than the precision, or leaves 64 bits.
    """
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0")
    digits = whole.removeprefix("-")
    if not (digits + fraction).isascii() or not digits.isdigit() or not (fraction == "" or fraction.isdigit()):
        raise PrecisionError(f"{text!r} is not a plain decimal number such as 61737.63")
    if len(fraction) > precision:
        raise PrecisionError(f"{text!r} is finer than {precision} decimals and cannot be held exactly")
    units = int(digits + fraction.ljust(precision, "0"))
    if units > INT64_MAX:
        raise PrecisionError(f"{text!r} at {precision} decimals does not fit 64 bits")
    return -units if text[0] == "-" else units


def whole(text: str, most: int) -> int | None:
    """Return a whole number from 0 to `most` of plain digits; None for anything else, however long it is."""
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(most))):
        return None
    number = int(text)
    return number if number <= most else None


def to_text(units: int, precision: int) -> str:
    """Return scaled integer `units` as decimal text without trailing zeros: `to_text(6173760, 2) == "61737.6"`."""
    return shifted(str(units), precision) if precision else str(units)


def shifted(digits: str, places: int) -> str:
    """Return the text of a whole number with the point moved left by `places`, at least 1, without trailing zeros."""
    if digits[0] == "-":
        return "-" + shifted(digits[1:], places)
    if len(digits) <= places:
        digits = digits.rjust(places + 1, "0")
    fraction = digits[-places:].rstrip("0")
    return f"{digits[:-places]}.{fraction}" if fraction else digits[:-places]


def decimals_of(text: str) -> int:
    """Return how many decimals `text` needs once trailing zeros are gone (`"0.01000000"` needs 2)."""
    return len(text.partition(".")[2].rstrip("0"))


def plain(number: str | float | Decimal) -> str:
    """Return a number from a settings file as plain decimal text (`1e-5` becomes `0.00001`).

    A float is read by its shortest text, so what a person typed is what is used. Raises PrecisionError.
    """
    try:
        value = Decimal(str(number))
    except InvalidOperation:
        raise PrecisionError(f"{number!r} is not a number") from None
    if not value.is_finite():
        raise PrecisionError(f"{number!r} is not a finite number")
    exponent = value.as_tuple().exponent
    if value.adjusted() >= DIGITS_MAX or (isinstance(exponent, int) and exponent < -DIGITS_MAX):
        raise PrecisionError(f"{str(number)[:20]}... has more than {DIGITS_MAX} digits on a side of its point")
    return format(value, "f")
