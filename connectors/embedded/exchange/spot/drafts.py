"""Requests become orders: parameters read and checked as the documents demand, before any filter or balance. No I/O.

Source: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/trading-endpoints
"""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TypeVar

from connectors.embedded import refusals as market_refusals
from connectors.embedded.errors import RequestError
from connectors.embedded.exchange import refusals
from connectors.embedded.exchange.orders import DECIMALS, Order, OrderType, SelfTrade, Side, TimeInForce
from connectors.embedded.exchange.spot.rules import SpotRules
from core.decimals import to_units
from core.errors import PrecisionError

Parameters = Mapping[str, str]
Enum = TypeVar("Enum", bound=StrEnum)

_DECIMAL = re.compile(r"^([0-9]{1,20})(\.[0-9]{1,20})?$")
_INTEGER = re.compile(r"^[0-9]{1,20}$")
CLIENT_ID = re.compile(r"^[a-zA-Z0-9-_]{1,36}$")
_SIDE = (-1117, "Invalid side.")
_TYPE = (-1116, "Invalid orderType.")
_TIF = (-1115, "Invalid timeInForce.")
_STP = (-1013, "This symbol does not allow the specified self-trade prevention mode.")
_SMALLEST_STRATEGY_TYPE = 1_000_000
SPOT_TYPES = (
    OrderType.LIMIT,
    OrderType.MARKET,
    OrderType.LIMIT_MAKER,
    OrderType.STOP_LOSS,
    OrderType.STOP_LOSS_LIMIT,
    OrderType.TAKE_PROFIT,
    OrderType.TAKE_PROFIT_LIMIT,
)
_LIMITED = (OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT_LIMIT)
_PRICED = (OrderType.LIMIT, OrderType.LIMIT_MAKER, *_LIMITED)
_TIMED = (OrderType.LIMIT, *_LIMITED)


class Reader:
    """Reads one order's parameters; a prefix such as `above` reads `aboveType`, `abovePrice`."""

    def __init__(self, parameters: Parameters, prefix: str = "") -> None:
        """Read from these parameters."""
        self._parameters = parameters
        self._prefix = prefix

    def name(self, name: str) -> str:
        """Return a parameter's full name."""
        return self._prefix + name[0].upper() + name[1:] if self._prefix else name

    def text(self, name: str, pattern: re.Pattern[str] | None = None) -> str:
        """Return a parameter's text, empty where it was not sent."""
        full = self.name(name) if self._prefix else name
        found = self._parameters.get(full, "")
        if found and pattern is not None and pattern.fullmatch(found) is None:
            raise market_refusals.illegal_characters(full, pattern.pattern)
        return found

    def need(self, name: str) -> str:
        """Return a mandatory parameter's text."""
        found = self.text(name)
        if not found:
            raise market_refusals.missing(self.name(name))
        return found

    def units(self, name: str) -> int:
        """Return a decimal in units of 10^-8, 0 where it was not sent."""
        found = self.text(name, _DECIMAL)
        if not found:
            return 0
        try:
            return to_units(found, DECIMALS)
        except PrecisionError:
            raise RequestError(-1111, f"Parameter '{self.name(name)}' has too much precision.") from None

    def integer(self, name: str) -> int | None:
        """Return a whole number, None where it was not sent."""
        found = self.text(name, _INTEGER)
        return int(found) if found else None

    def choice(self, name: str, kind: Callable[[str], Enum], refusal: tuple[int, str]) -> Enum | None:
        """Return one of an enum's values, None where nothing was sent; `refusal` is for what is none of them."""
        found = self.text(name)
        try:
            return kind(found) if found else None
        except ValueError:
            raise RequestError(*refusal) from None

    def side(self) -> Side:
        """Return the mandatory side."""
        found = self.choice("side", Side, _SIDE)
        if found is None:
            raise market_refusals.missing(self.name("side"))
        return found

    def refuse(self, *names: str) -> None:
        """Refuse parameters that this order has no use for."""
        for name in names:
            if self.text(name):
                raise RequestError(-1106, f"Parameter '{self.name(name)}' sent when not required.")


def read_order(
    parameters: Parameters,
    rules: SpotRules,
    account: str,
    *,
    prefix: str = "",
    side: Side | None = None,
    quantity: int | None = None,
    client_id: str = "newClientOrderId",
) -> Order:
    """Return the order that the parameters describe, without an id and unchecked against filters.

    Of an order list, `side` and `quantity` are the list's, and `prefix` is the order's place in it.
    """
    reader = Reader(parameters, prefix)
    side = side or reader.side()
    kind = reader.choice("type", OrderType, _TYPE)
    if kind is None:
        raise market_refusals.missing(reader.name("type"))
    if kind not in SPOT_TYPES:
        raise RequestError(*_TYPE)
    order = Order(
        order_id=0,
        account=account,
        symbol=rules.symbol,
        side=side,
        type=kind,
        quantity=reader.units("quantity") if quantity is None else quantity,
        price=reader.units("price"),
        client_order_id=reader.text("clientOrderId" if prefix else client_id, CLIENT_ID),
        stop_price=reader.units("stopPrice"),
        trailing_bips=reader.integer("trailingDelta") or 0,
        iceberg=reader.units("icebergQty"),
        quote_quantity=reader.units("quoteOrderQty") if not prefix else 0,
        stp=_prevention(parameters, rules),
        strategy_id=reader.integer("strategyId"),
        strategy_type=reader.integer("strategyType"),
    )
    _check_prices(order, reader)
    _check_quantity(order, reader)
    _check_time_in_force(order, reader)
    if order.strategy_type is not None and order.strategy_type < _SMALLEST_STRATEGY_TYPE:
        raise RequestError(-1134, "strategyType was less than 1000000.")
    if reader.text("pegPriceType"):
        raise refusals.rejected("Pegged orders are not supported for this symbol.")
    return order


def _prevention(parameters: Parameters, rules: SpotRules) -> SelfTrade:
    mode = Reader(parameters).choice("selfTradePreventionMode", SelfTrade, _STP)
    if mode is None:
        return rules.default_stp
    if mode not in rules.allowed_stp:
        raise RequestError(*_STP)
    return mode


def _check_prices(order: Order, reader: Reader) -> None:
    if order.type in _PRICED:
        reader.need("price")
        if not order.price:
            raise RequestError(-1013, "Invalid price.")
    else:
        reader.refuse("price")
    if order.type.is_contingent:
        if not reader.text("stopPrice") and not reader.text("trailingDelta"):
            raise RequestError(
                -1102,
                f"A combination of parameters '{reader.name('stopPrice')}' and '{reader.name('trailingDelta')}' "
                "was not sent, was empty/null, or malformed.",
            )
        if not order.stop_price and not order.trailing_bips:
            raise RequestError(-1013, "Invalid stopPrice.")
    else:
        reader.refuse("stopPrice", "trailingDelta")


def _check_quantity(order: Order, reader: Reader) -> None:
    if order.type is OrderType.MARKET and order.quote_quantity:
        reader.refuse("quantity")
    else:
        reader.refuse("quoteOrderQty")
        if not order.quantity:
            reader.need("quantity")
            raise RequestError(-1013, "Invalid quantity.")
    if order.iceberg:
        if order.type not in _PRICED:
            reader.refuse("icebergQty")
        if order.iceberg > order.quantity:
            raise refusals.rejected("IcebergQty exceeds QTY.")
        if order.iceberg == order.quantity:
            order.iceberg = 0  # all of it shows: no iceberg


def _check_time_in_force(order: Order, reader: Reader) -> None:
    tif = reader.choice("timeInForce", TimeInForce, _TIF)
    if order.type not in _TIMED:
        reader.refuse("timeInForce")
        return
    if tif is None:
        raise market_refusals.missing(reader.name("timeInForce"))
    if tif not in (TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK):
        raise RequestError(*_TIF)
    if order.iceberg and tif is not TimeInForce.GTC:
        raise RequestError(-1013, "icebergQty can only be sent when timeInForce is GTC.")
    order.tif = tif
