"""Filters that change while we trade: read again, and told in the units in which the books are kept.

A session keeps an instrument's units for its whole life, and so do orders and positions in it. New steps that are finer
than our units become the smallest step that is whole in both: then less is offered than the venue takes, never more.
"""

import math
from collections.abc import Mapping

import msgspec

from connectors.binance.instruments import read_exchange_info, to_instrument
from connectors.binance.settings import Market
from connectors.binance.trading.replies import Asking, Question
from connectors.binance.trading.requests import Rare, Target
from connectors.errors import VenueUnreachable
from core.instruments import Instrument

_SPOT_RULES = Target("", "GET", "/api/v3/exchangeInfo", 20)
_USDM_RULES = Target("", "GET", "/fapi/v1/exchangeInfo", 1)

_OF_RULES = (
    *(-1013, -1111, -1106, -1121),  # "Filter failure", too much precision, "Invalid symbol."
    *(-4001, -4002, -4003, -4004, -4005, -4013, -4014, -4023, -4029, -4030, -4164),  # USDⓈ-M: price, quantity, notional
    *(-4108, -4140, -4141),  # USDⓈ-M: the symbol is closed, settling, or not trading
)


def is_of_rules(code: int) -> bool:
    """Whether an error says that an order breaks a rule of its symbol: the rules may have changed."""
    return code in _OF_RULES


def read_rules(market: Market, instruments: Mapping[int, Instrument]) -> Asking[dict[int, Instrument]]:
    """Ask for the symbols' rules; return the instruments whose rules are others now.

    Raises VenueUnreachable where there is no answer, MalformedMessage for one that cannot be read.
    """
    symbols = [known.symbol for known in instruments.values()]
    if market is Market.SPOT:
        listed = "[" + ",".join(f'"{symbol}"' for symbol in symbols) + "]"
        question = Question(Rare(_SPOT_RULES, {"symbols": listed}, 0), signed=False)
    else:
        question = Question(Rare(_USDM_RULES, {}, 0), signed=False)
    reply = yield question
    if not reply.ok:
        raise VenueUnreachable(f"{question.request.target.path}: {reply.reason}")
    told = read_exchange_info(reply.body)
    changed: dict[int, Instrument] = {}
    for index, known in instruments.items():
        info = told.get(known.symbol)
        if info is None:  # no longer listed: working orders may still be cancelled
            now = msgspec.structs.replace(known, tradable=False)
        else:
            now = in_units_of(known, to_instrument(info, market, known.venue))
        if now != known:
            changed[index] = now
    return changed


def in_units_of(known: Instrument, now: Instrument) -> Instrument:
    """Return new rules in the units of the instrument as it is known; all but the rules stays as it was."""
    return msgspec.structs.replace(
        known,
        tick=_step(now.tick, now.price_precision, known.price_precision),
        lot=_step(now.lot, now.size_precision, known.size_precision),
        min_quantity=_scaled(now.min_quantity, now.size_precision, known.size_precision, up=True),
        max_quantity=_scaled(now.max_quantity, now.size_precision, known.size_precision, up=False),
        min_notional=now.min_notional,
        tradable=now.tradable,
    )


def _step(step: int, precision: int, wanted: int) -> int:
    """Return the smallest step in other units that is whole in both."""
    if precision <= wanted:
        return step * _power(wanted - precision)
    unit = _power(precision - wanted)
    return math.lcm(step, unit) // unit


def _scaled(quantity: int, precision: int, wanted: int, *, up: bool) -> int:
    """Return a bound in other units, rounded to the stricter side."""
    if precision <= wanted:
        return quantity * _power(wanted - precision)
    unit = _power(precision - wanted)
    return -(-quantity // unit) if up else quantity // unit


def _power(exponent: int) -> int:
    power: int = 10**exponent
    return power
