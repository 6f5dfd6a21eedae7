"""A symbol's filters: shown in exchangeInfo, and enforced on every order. No I/O.

Tick and lot come from the listing; the rest has the usual values of a large pair. Units are 10^-8, as everywhere here.
Source: https://developers.binance.com/docs/binance-spot-api-docs/filters
"""

import msgspec

from connectors.embedded.exchange import refusals
from connectors.embedded.exchange.limits import Limit, LimitKind
from connectors.embedded.exchange.orders import DECIMALS, UNIT, Order, OrderType, SelfTrade
from connectors.embedded.market import Listing

_ZERO = "0.00000000"
_MAX_PRICE_TICKS = 10**9
_MAX_QUANTITY = 9_000 * UNIT
_MULTIPLIER = 10_000  # percent-price multipliers are in units of 10^-4


SPOT_LIMITS = (
    Limit(LimitKind.REQUEST_WEIGHT, "MINUTE", 1, 6_000),
    Limit(LimitKind.ORDERS, "SECOND", 10, 100),
    Limit(LimitKind.ORDERS, "DAY", 1, 200_000),
    Limit(LimitKind.RAW_REQUESTS, "MINUTE", 5, 61_000),
)


def text(units: int) -> str:
    """Write a price, quantity or amount as spot does: 8 decimals."""
    if not units:
        return _ZERO
    if units < 0:
        return f"-{text(-units)}"
    return f"{units // UNIT}.{units % UNIT:08d}"


class SpotRules(msgspec.Struct, frozen=True, kw_only=True):
    """What an order of one symbol must keep to; `msgspec.structs.replace` makes other ones."""

    symbol: str
    base: str
    quote: str
    tick: int
    step: int
    max_price: int
    max_quantity: int = _MAX_QUANTITY
    max_market_quantity: int = _MAX_QUANTITY
    min_notional: int = 5 * UNIT
    max_notional: int = 9_000_000 * UNIT
    multiplier_up: int = 5 * _MULTIPLIER
    multiplier_down: int = _MULTIPLIER // 5
    average_minutes: int = 5
    iceberg_parts: int = 10
    max_orders: int = 200
    max_algo_orders: int = 5
    max_order_lists: int = 20
    max_amends: int = 10
    min_trailing_bips: int = 10
    max_trailing_bips: int = 2_000
    default_stp: SelfTrade = SelfTrade.EXPIRE_MAKER
    allowed_stp: tuple[SelfTrade, ...] = tuple(SelfTrade)
    trading: bool = True

    @property
    def told(self) -> list[dict[str, object]]:
        """The filters as exchangeInfo lists them."""
        lowest, highest = _ratio(self.multiplier_down), _ratio(self.multiplier_up)
        return [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": text(self.tick),
                "maxPrice": text(self.max_price),
                "tickSize": text(self.tick),
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": text(self.step),
                "maxQty": text(self.max_quantity),
                "stepSize": text(self.step),
            },
            {"filterType": "ICEBERG_PARTS", "limit": self.iceberg_parts},
            {
                "filterType": "MARKET_LOT_SIZE",
                "minQty": text(0),
                "maxQty": text(self.max_market_quantity),
                "stepSize": text(0),
            },
            {
                "filterType": "TRAILING_DELTA",
                "minTrailingAboveDelta": self.min_trailing_bips,
                "maxTrailingAboveDelta": self.max_trailing_bips,
                "minTrailingBelowDelta": self.min_trailing_bips,
                "maxTrailingBelowDelta": self.max_trailing_bips,
            },
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": highest,
                "bidMultiplierDown": lowest,
                "askMultiplierUp": highest,
                "askMultiplierDown": lowest,
                "avgPriceMins": self.average_minutes,
            },
            {
                "filterType": "NOTIONAL",
                "minNotional": text(self.min_notional),
                "applyMinToMarket": True,
                "maxNotional": text(self.max_notional),
                "applyMaxToMarket": False,
                "avgPriceMins": self.average_minutes,
            },
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": self.max_orders},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": self.max_algo_orders},
            {"filterType": "MAX_NUM_ORDER_LISTS", "maxNumOrderLists": self.max_order_lists},
            {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": self.max_amends},
        ]

    def check(self, order: Order, average_price: int) -> None:
        """Refuse an order that breaks a filter of prices and quantities. `average_price` 0: nothing traded yet."""
        for price in (order.price, order.stop_price):
            if price and (price < self.tick or price > self.max_price or price % self.tick):
                raise refusals.filter_failure("PRICE_FILTER")
        if order.price and average_price and not self._near(order.price, average_price):
            raise refusals.filter_failure("PERCENT_PRICE_BY_SIDE")
        market = order.type is OrderType.MARKET
        for quantity in (order.quantity, order.iceberg):
            if quantity and (quantity < self.step or quantity > self.max_quantity or quantity % self.step):
                raise refusals.filter_failure("LOT_SIZE")
        if market and order.quantity > self.max_market_quantity:
            raise refusals.filter_failure("MARKET_LOT_SIZE")
        self._check_parts(order)
        price = order.price or order.stop_price or average_price
        notional = order.quote_quantity or price * order.quantity // UNIT
        # Before the first trade a market order has no price to be judged by.
        if (price or order.quote_quantity) and notional < self.min_notional:
            raise refusals.filter_failure("NOTIONAL")
        if notional > self.max_notional and not market:
            raise refusals.filter_failure("NOTIONAL")

    def _near(self, price: int, average: int) -> bool:
        scaled = price * _MULTIPLIER
        return average * self.multiplier_down <= scaled <= average * self.multiplier_up

    def _check_parts(self, order: Order) -> None:
        if order.iceberg and -(-order.quantity // order.iceberg) > self.iceberg_parts:
            raise refusals.filter_failure("ICEBERG_PARTS")
        if order.trailing_bips and not self.min_trailing_bips <= order.trailing_bips <= self.max_trailing_bips:
            raise refusals.filter_failure("TRAILING_DELTA")

    def check_counts(self, placed: list[Order], open_orders: list[Order]) -> None:
        """Refuse orders that would be one too many of their account on the symbol."""
        if len(open_orders) + len(placed) > self.max_orders:
            raise refusals.filter_failure("MAX_NUM_ORDERS")
        added = sum(order.type.is_contingent for order in placed)
        algos = sum(order.type.is_contingent for order in open_orders)
        if added and algos + added > self.max_algo_orders:
            raise refusals.filter_failure("MAX_NUM_ALGO_ORDERS")


def rules_of(listing: Listing) -> SpotRules:
    """Return the rules of a listed symbol."""
    tick = 10 ** (DECIMALS - listing.price_decimals)
    return SpotRules(
        symbol=listing.symbol,
        base=listing.base,
        quote=listing.quote,
        tick=tick,
        step=10 ** (DECIMALS - listing.quantity_decimals),
        max_price=_MAX_PRICE_TICKS * tick,
    )


def _ratio(multiplier: int) -> str:
    whole, part = divmod(multiplier, _MULTIPLIER)
    return f"{whole}.{part:04d}".rstrip("0").rstrip(".")
