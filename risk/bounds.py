"""Which numbers the checks may meet without leaving 64 bits: what compiled code has to know before it runs.

Python's integers have no end, so live nothing here is asked. Compiled, a product or sum that wraps would let pass what
must be refused, so nothing that a strategy asks for is ever multiplied: values are compared by division (`figures.py`).

- Price and quantity of an order: any 64-bit integers.
- Rules and limits, times included: below 2**62; `fits_64_bits` looks.
- Prices of the market: below 2**59; the house's bound is 2**40.
- Position plus open orders: below 2**62 units either way. What the gate let pass stays below by itself, since it is
  worth no more than `max_position_value` at one price unit or more; a position carried in has to be looked at.
- Times: below 2**62 ns, the year 2116.
"""

import dataclasses

from risk.limits import NO_LIMIT, InstrumentLimits
from risk.rate import Rates
from risk.records import Rules

_MAY_BE_ABSENT = ("max_order_quantity", "max_position")


def fits_64_bits(rules: Rules, limits: InstrumentLimits, rates: Rates) -> str:
    """Return an empty text if compiled checks are exact under these rules and limits, else what is too large."""
    for name, value in (*_numbers(rules), *_numbers(limits)):
        if value > NO_LIMIT or (value == NO_LIMIT and name not in _MAY_BE_ABSENT):
            return _too_large(name, value)
    for name, window in (("max_orders_per_second", rates.second), ("max_orders_per_minute", rates.minute)):
        if window.limit >= NO_LIMIT:
            return _too_large(name, window.limit)
    return ""


def _numbers(record: Rules | InstrumentLimits) -> list[tuple[str, int]]:
    """Return the fields of a record with their values."""
    return [(each.name, getattr(record, each.name)) for each in dataclasses.fields(record)]


def _too_large(name: str, value: int) -> str:
    """Return what to do about a number."""
    return f"{name} is {value} in the instrument's units, compiled code counts to 2**62: set it lower, or run in Python"
