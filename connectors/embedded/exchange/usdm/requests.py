"""New orders as clients send them: parameters to records, or a refusal with the documented code. Pure.

Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api (New Order, New Algo Order)
"""

import re
from collections.abc import Mapping

from connectors.embedded import refusals as market_refusals
from connectors.embedded.exchange.orders import DECIMALS, OrderType, SelfTrade, Side, TimeInForce
from connectors.embedded.exchange.usdm import refusals
from connectors.embedded.exchange.usdm.contracts import Contract
from connectors.embedded.exchange.usdm.orders import AlgoOrder, FuturesOrder, WorkingType
from connectors.embedded.exchange.usdm.positions import PositionSide
from core.decimals import decimals_of, to_units
from core.errors import PrecisionError

Parameters = Mapping[str, str]

CONDITIONAL = frozenset(
    {
        OrderType.STOP,
        OrderType.STOP_MARKET,
        OrderType.TAKE_PROFIT,
        OrderType.TAKE_PROFIT_MARKET,
        OrderType.TRAILING_STOP_MARKET,
    }
)
LIMITED = frozenset({OrderType.LIMIT, OrderType.STOP, OrderType.TAKE_PROFIT})
PRICE_MATCHES = tuple(f"{side}{rank}" for side in ("OPPONENT", "QUEUE") for rank in ("", "_5", "_10", "_20"))
MODIFICATIONS_MAX = 10_000

_PLAIN = (OrderType.LIMIT, OrderType.MARKET)
_CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
_INTEGER = re.compile(r"\d{1,19}")
_GTD_LEAST_MS = 600_000
_GTD_MOST_MS = 253_402_300_799_000
_CALLBACK_LEAST_BIPS = 10  # "min 0.1, max 20 where 1 for 1%"
_CALLBACK_MOST_BIPS = 2_000


def flag(parameters: Parameters, name: str) -> bool:
    """Read a boolean, which the venue takes as text in any case; false where it is not sent."""
    text = parameters.get(name, "")
    if text.lower() not in ("", "true", "false"):
        raise market_refusals.not_valid(name)
    return text.lower() == "true"


def integer(parameters: Parameters, name: str, default: int | None = None) -> int:
    """Read a whole number; refuses one that is missing where there is no default."""
    text = parameters.get(name, "")
    if not text and default is not None:
        return default
    if not _INTEGER.fullmatch(text):
        raise market_refusals.missing(name)
    return int(text)


def decimal(parameters: Parameters, name: str, decimals: int) -> int:
    """Read a number of at most `decimals` decimals as units of 10^-8."""
    text = parameters.get(name, "")
    try:
        units = to_units(text, DECIMALS)
    except PrecisionError:
        units = None
    if units is None:
        if decimals_of(text) > decimals and re.fullmatch(r"\d+\.\d+", text):
            raise refusals.bad_precision()
        raise market_refusals.missing(name)
    if decimals_of(text) > decimals:
        raise refusals.bad_precision()
    return units


def price_of(contract: Contract, parameters: Parameters, name: str = "price") -> int:
    """Read a price by the PRICE_FILTER."""
    price = decimal(parameters, name, contract.listing.price_decimals)
    if price <= 0:
        raise refusals.price_not_positive() if name == "price" else refusals.trigger_price_not_positive()
    if price > contract.max_price:
        raise refusals.price_too_high()
    return price


def quantity_of(contract: Contract, parameters: Parameters, *, market: bool) -> int:
    """Read a quantity by the LOT_SIZE or MARKET_LOT_SIZE filter."""
    quantity = decimal(parameters, "quantity", contract.listing.quantity_decimals)
    if quantity <= 0:
        raise refusals.quantity_not_positive()
    if quantity > (contract.market_max_quantity if market else contract.max_quantity):
        raise refusals.quantity_too_large()
    return quantity


def side_of(parameters: Parameters) -> Side:
    """Read BUY or SELL."""
    text = parameters.get("side", "")
    if not text:
        raise market_refusals.missing("side")
    try:
        return Side(text.upper())
    except ValueError:
        raise refusals.invalid_side() from None


def position_side_of(parameters: Parameters, *, dual: bool) -> PositionSide:
    """Read the position side: "Default BOTH for One-way Mode; LONG or SHORT for Hedge Mode. It must be sent in" it."""
    try:
        side = PositionSide(parameters.get("positionSide", "") or "BOTH")
    except ValueError:
        raise refusals.invalid_position_side() from None
    if dual is (side is PositionSide.BOTH):
        raise refusals.other_position_mode()
    return side


def client_id_of(parameters: Parameters, name: str, default: str) -> str:
    """Read a client's own order id: letters, digits and `.:/_-`, 36 characters at most."""
    text = parameters.get(name, "") or default
    if not _CLIENT_ID.fullmatch(text):
        raise refusals.bad_client_order_id()
    return text


def order_type_of(parameters: Parameters) -> OrderType:
    """Read the order type."""
    text = parameters.get("type", "")
    if not text:
        raise market_refusals.missing("type")
    try:
        kind = OrderType(text.upper())
    except ValueError:
        kind = None
    if kind is None or (kind not in _PLAIN and kind not in CONDITIONAL):
        raise refusals.invalid_order_type()
    return kind


def reduce_only_of(parameters: Parameters, *, dual: bool) -> bool:
    """Read reduceOnly: "Cannot be sent in Hedge Mode"."""
    if dual and parameters.get("reduceOnly"):
        raise refusals.not_required("reduceonly")
    return flag(parameters, "reduceOnly")


def new_order(
    contract: Contract, account: str, parameters: Parameters, order_id: int, now_ms: int, *, dual: bool
) -> FuturesOrder:
    """Read a new LIMIT or MARKET order. Raises RequestError."""
    side, kind = side_of(parameters), order_type_of(parameters)
    if kind in CONDITIONAL:
        raise refusals.use_algo_service()
    market = kind is OrderType.MARKET
    tif = _time_in_force(parameters, market=market)
    price_match = _price_match(parameters, limited=not market)
    if market and parameters.get("price"):
        raise refusals.not_required("price")
    if flag(parameters, "closePosition"):
        raise refusals.use_algo_service()
    return FuturesOrder(
        order_id=order_id,
        account=account,
        symbol=contract.symbol,
        side=side,
        type=kind,
        original_type=kind,
        position_side=position_side_of(parameters, dual=dual).value,
        reduce_only=reduce_only_of(parameters, dual=dual),
        quantity=quantity_of(contract, parameters, market=market),
        price=0 if market or price_match != "NONE" else price_of(contract, parameters),
        price_match=price_match,
        tif=tif,
        good_till_ms=_good_till(parameters, tif, now_ms),
        client_order_id=client_id_of(parameters, "newClientOrderId", f"web_{order_id}"),
        stp=_self_trade(parameters),
        respond_result=_respond_result(parameters),
        created_ms=now_ms,
        updated_ms=now_ms,
    )


def new_algo_order(
    contract: Contract, account: str, parameters: Parameters, algo_id: int, now_ms: int, *, dual: bool
) -> AlgoOrder:
    """Read a new conditional order. Raises RequestError."""
    if parameters.get("algoType", "") != "CONDITIONAL":
        raise market_refusals.missing("algoType")
    side, kind = side_of(parameters), order_type_of(parameters)
    if kind not in CONDITIONAL:
        raise refusals.invalid_order_type()
    limited, trailing = kind in LIMITED, kind is OrderType.TRAILING_STOP_MARKET
    close_position = flag(parameters, "closePosition")
    reduce_only = reduce_only_of(parameters, dual=dual)
    if close_position and (
        kind not in (OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET)
        or parameters.get("quantity")
        or parameters.get("reduceOnly")
    ):
        raise refusals.bad_close_position()
    price_match = _price_match(parameters, limited=limited)
    order = AlgoOrder(
        order_id=algo_id,
        account=account,
        symbol=contract.symbol,
        side=side,
        type=kind,
        position_side=position_side_of(parameters, dual=dual).value,
        reduce_only=reduce_only,
        close_position=close_position,
        quantity=0 if close_position else quantity_of(contract, parameters, market=not limited),
        price=price_of(contract, parameters) if limited and price_match == "NONE" else 0,
        price_match=price_match,
        tif=_algo_time_in_force(parameters),
        good_till_ms=_good_till(parameters, _algo_time_in_force(parameters), now_ms),
        working_type=_working_type(parameters).value,
        price_protect=flag(parameters, "priceProtect"),
        client_order_id=client_id_of(parameters, "clientAlgoId", f"algo_{algo_id}"),
        stp=_self_trade(parameters),
        created_ms=now_ms,
        updated_ms=now_ms,
    )
    if trailing:
        order.trailing_bips = _callback_bips(parameters)
        name = "activatePrice" if parameters.get("activatePrice") else "activationPrice"
        order.stop_price = price_of(contract, parameters, name) if parameters.get(name) else 0
    else:
        # The documents' own example writes it `triggerprice`.
        name = "triggerPrice" if "triggerPrice" in parameters else "triggerprice"
        if not parameters.get(name):
            raise market_refusals.missing("triggerPrice")
        order.stop_price = price_of(contract, parameters, name)
    return order


def _time_in_force(parameters: Parameters, *, market: bool) -> TimeInForce:
    text = parameters.get("timeInForce", "")
    if market:
        if text:
            raise refusals.not_required("timeInForce")
        return TimeInForce.GTC
    if not text:
        raise market_refusals.missing("timeInForce")
    try:
        return TimeInForce(text)
    except ValueError:
        raise refusals.invalid_time_in_force() from None


def _algo_time_in_force(parameters: Parameters) -> TimeInForce:
    try:
        return TimeInForce(parameters.get("timeInForce", "") or "GTC")
    except ValueError:
        raise refusals.invalid_time_in_force() from None


def _good_till(parameters: Parameters, tif: TimeInForce, now_ms: int) -> int:
    """Read goodTillDate: "order the timestamp only retains second-level precision, ms part will be ignored"."""
    if tif is not TimeInForce.GTD:
        if parameters.get("goodTillDate", "0") not in ("", "0"):
            raise refusals.not_required("goodTillDate")
        return 0
    until_ms = integer(parameters, "goodTillDate") // 1_000 * 1_000
    if not now_ms + _GTD_LEAST_MS < until_ms < _GTD_MOST_MS:
        raise refusals.bad_good_till_date()
    return until_ms


def _price_match(parameters: Parameters, *, limited: bool) -> str:
    text = parameters.get("priceMatch", "") or "NONE"
    if text == "NONE":
        return text
    if text not in PRICE_MATCHES:
        raise refusals.invalid_price_match()
    if not limited:
        raise refusals.price_match_needs_limit()
    if parameters.get("price"):
        raise refusals.not_required("price")  # "Can't be passed together with price"
    return text


def _self_trade(parameters: Parameters) -> SelfTrade:
    try:
        mode = SelfTrade(parameters.get("selfTradePreventionMode", "") or "EXPIRE_MAKER")
    except ValueError:
        raise refusals.invalid_self_trade_mode() from None
    if mode is SelfTrade.DECREMENT:
        raise refusals.invalid_self_trade_mode()
    return mode


def _respond_result(parameters: Parameters) -> bool:
    text = parameters.get("newOrderRespType", "") or "ACK"
    if text not in ("ACK", "RESULT"):
        raise market_refusals.not_valid("newOrderRespType")
    return text == "RESULT"


def _working_type(parameters: Parameters) -> WorkingType:
    try:
        return WorkingType(parameters.get("workingType", "") or "CONTRACT_PRICE")
    except ValueError:
        raise market_refusals.not_valid("workingType") from None


def _callback_bips(parameters: Parameters) -> int:
    if not parameters.get("callbackRate"):
        raise market_refusals.missing("callbackRate")
    bips: int = decimal(parameters, "callbackRate", 2) // 10 ** (DECIMALS - 2)
    if not _CALLBACK_LEAST_BIPS <= bips <= _CALLBACK_MOST_BIPS:
        raise refusals.bad_callback_rate()
    return bips
