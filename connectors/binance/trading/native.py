"""What Binance itself keeps of our order words, symbol by symbol, as exchangeInfo tells it.

Left to tickerd though the venue has something of the name: trailing stops, which follow at whole basis points (spot) or
tenths of a percent (USDⓈ-M) and at no distance in price; and GTD, which must lie 600 seconds ahead.
"""

import msgspec
from msgspec import field

from connectors.binance.settings import Market
from core.orders import Contingency, OrderType

_SPOT_TYPES = {
    "STOP_LOSS": OrderType.STOP,
    "STOP_LOSS_LIMIT": OrderType.STOP_LIMIT,
    "TAKE_PROFIT": OrderType.MARKET_IF_TOUCHED,
    "TAKE_PROFIT_LIMIT": OrderType.LIMIT_IF_TOUCHED,
}
_USDM_TYPES = {
    "STOP_MARKET": OrderType.STOP,
    "STOP": OrderType.STOP_LIMIT,
    "TAKE_PROFIT_MARKET": OrderType.MARKET_IF_TOUCHED,
    "TAKE_PROFIT": OrderType.LIMIT_IF_TOUCHED,
}


class SymbolRules(msgspec.Struct):
    """What exchangeInfo tells of one symbol beside its filters."""

    symbol: str
    order_types: tuple[str, ...] = field(name="orderTypes", default=())
    may_iceberg: bool = field(name="icebergAllowed", default=False)
    may_oco: bool = field(name="ocoAllowed", default=False)
    may_oto: bool = field(name="otoAllowed", default=False)
    may_replace: bool = field(name="cancelReplaceAllowed", default=False)
    may_amend: bool = field(name="amendAllowed", default=False)
    stp_modes: tuple[str, ...] = field(name="allowedSelfTradePreventionModes", default=())


def native_of(rules: SymbolRules, market: Market) -> tuple[str, ...]:
    """Return the words for `Instrument.native`, in the order of the documents."""
    if market is Market.USDM:
        types = [_USDM_TYPES[each].value for each in rules.order_types if each in _USDM_TYPES]
        return (*types, "replace", "reduce-only", "mark")
    types = [_SPOT_TYPES[each].value for each in rules.order_types if each in _SPOT_TYPES]
    offered = (
        (rules.may_iceberg, "iceberg"),
        (rules.may_oco, Contingency.OCO.value),
        (rules.may_oto, Contingency.OTO.value),
        (rules.may_replace, "replace"),
    )
    return (*types, *(word for is_offered, word in offered if is_offered))
