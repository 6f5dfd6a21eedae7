"""exchangeInfo of both markets, in the documented shapes.

Tick and lot come from the listing (inferred from the recording, see `survey.py`, or set by the synthetic market). What
a recording cannot tell (order types, order limits, minimum notional) has the usual values of a large pair. Spot's
filters and limits are the exchange's own: what is told is what is enforced.
Sources: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/general-endpoints#exchange-information and
https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api/Exchange-Information
"""

from collections.abc import Callable, Iterable, Sequence

from connectors.embedded.exchange.limits import Limit
from connectors.embedded.exchange.spot.rules import SPOT_LIMITS, SpotRules, rules_of
from connectors.embedded.market import SPOT_WIRE_DECIMALS, Listing, step_text

Json = dict[str, object]

USDM_WEIGHT_LIMIT = 2_400

_MAX_PRICE_TICKS = 10**9
_PERPETUAL_DELIVERY_MS = 4_133_404_800_000  # 2100-12-25: how Binance writes "never"
_ONBOARD_MS = 1_569_398_400_000


def spot_exchange_info(
    listings: Iterable[Listing],
    now_ms: int,
    limits: Sequence[Limit] = SPOT_LIMITS,
    rules: Callable[[Listing], SpotRules] = rules_of,
) -> Json:
    """Return the answer of `GET /api/v3/exchangeInfo` for these symbols."""
    return {
        "timezone": "UTC",
        "serverTime": now_ms,
        "rateLimits": [limit.told for limit in limits],
        "exchangeFilters": [],
        "symbols": [_spot_symbol(listing, rules(listing)) for listing in listings],
    }


def usdm_exchange_info(listings: Iterable[Listing], now_ms: int) -> Json:
    """Return the answer of `GET /fapi/v1/exchangeInfo` for these symbols."""
    symbols = list(listings)
    margin_assets = sorted({listing.quote for listing in symbols})
    return {
        "timezone": "UTC",
        "serverTime": now_ms,
        "futuresType": "U_MARGINED",
        "rateLimits": [
            _rate_limit("REQUEST_WEIGHT", "MINUTE", 1, USDM_WEIGHT_LIMIT),
            _rate_limit("ORDERS", "MINUTE", 1, 1_200),
            _rate_limit("ORDERS", "SECOND", 10, 300),
        ],
        "exchangeFilters": [],
        "assets": [{"asset": asset, "marginAvailable": True, "autoAssetExchange": "-10000"} for asset in margin_assets],
        "symbols": [_usdm_symbol(listing) for listing in symbols],
    }


def _rate_limit(kind: str, interval: str, number: int, limit: int) -> Json:
    return {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": limit}


def _spot_symbol(listing: Listing, rules: SpotRules) -> Json:
    return {
        "symbol": listing.symbol,
        "status": "TRADING" if rules.trading else "BREAK",
        "baseAsset": listing.base,
        "baseAssetPrecision": SPOT_WIRE_DECIMALS,
        "quoteAsset": listing.quote,
        "quotePrecision": SPOT_WIRE_DECIMALS,
        "quoteAssetPrecision": SPOT_WIRE_DECIMALS,
        "baseCommissionPrecision": SPOT_WIRE_DECIMALS,
        "quoteCommissionPrecision": SPOT_WIRE_DECIMALS,
        "orderTypes": [
            *("LIMIT", "LIMIT_MAKER", "MARKET"),
            *("STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"),
        ],
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": True,
        "opoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": rules.told,
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": rules.default_stp.value,
        "allowedSelfTradePreventionModes": [mode.value for mode in rules.allowed_stp],
    }


def _usdm_symbol(listing: Listing) -> Json:
    pair, _, delivery = listing.symbol.partition("_")
    return {
        "symbol": listing.symbol,
        "pair": pair,
        "contractType": "CURRENT_QUARTER" if delivery else "PERPETUAL",
        "deliveryDate": _PERPETUAL_DELIVERY_MS,
        "onboardDate": _ONBOARD_MS,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": listing.base,
        "quoteAsset": listing.quote,
        "marginAsset": listing.quote,
        "pricePrecision": listing.price_decimals,
        "quantityPrecision": listing.quantity_decimals,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "settlePlan": 0,
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "maxMoveOrderLimit": 10000,
        "filters": _usdm_filters(listing),
        "orderTypes": [
            *("LIMIT", "MARKET", "STOP", "STOP_MARKET"),
            *("TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"),
        ],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
        "permissionSets": ["GRID", "COPY"],
    }


def _usdm_filters(listing: Listing) -> list[Json]:
    tick, step = step_text(listing.price_decimals), step_text(listing.quantity_decimals)
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": tick,
            "maxPrice": listing.price_text(_MAX_PRICE_TICKS),
            "tickSize": tick,
        },
        {"filterType": "LOT_SIZE", "minQty": step, "maxQty": "1000", "stepSize": step},
        {"filterType": "MARKET_LOT_SIZE", "minQty": step, "maxQty": "120", "stepSize": step},
        {"filterType": "MAX_NUM_ORDERS", "limit": 200},
        {"filterType": "MIN_NOTIONAL", "notional": "5"},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": "1.0500",
            "multiplierDown": "0.9500",
            "multiplierDecimal": "4",
        },
        {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE"},
    ]
