"""exchangeInfo of both markets, in the documented shapes.

Tick and lot come from the listing (inferred from the recording, see `survey.py`, or set by the synthetic market). What
a recording cannot tell (order types, order limits, minimum notional) has the usual values of a large pair. Filters
and limits are the exchange's own: what is told is what is enforced.
Sources: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/general-endpoints#exchange-information and
https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api/Exchange-Information
"""

from collections.abc import Callable, Iterable, Sequence

from connectors.embedded.exchange.limits import Limit
from connectors.embedded.exchange.orders import UNIT
from connectors.embedded.exchange.spot.rules import SPOT_LIMITS, SpotRules, rules_of
from connectors.embedded.exchange.usdm.contracts import PPM, USDM_LIMITS, Contract, make_contract
from connectors.embedded.market import SPOT_WIRE_DECIMALS, Listing, fixed_text
from core.money import MONEY_UNIT

Json = dict[str, object]

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


def usdm_exchange_info(listings: Iterable[Listing], now_ms: int, limits: Sequence[Limit] = USDM_LIMITS) -> Json:
    """Return the answer of `GET /fapi/v1/exchangeInfo` for these symbols."""
    symbols = list(listings)
    margin_assets = sorted({listing.quote for listing in symbols})
    return {
        "timezone": "UTC",
        "serverTime": now_ms,
        "futuresType": "U_MARGINED",
        "rateLimits": [limit.told for limit in limits],
        "exchangeFilters": [],
        "assets": [{"asset": asset, "marginAvailable": True, "autoAssetExchange": "-10000"} for asset in margin_assets],
        "symbols": [_usdm_symbol(listing) for listing in symbols],
    }


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
    contract = make_contract(listing)
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
        "triggerProtect": _ppm(contract.trigger_protect_ppm, 4),
        "liquidationFee": _ppm(contract.liquidation_fee_ppm, 6),
        "marketTakeBound": _ppm(contract.price_up_ppm - PPM, 2),
        "maxMoveOrderLimit": 10000,
        "filters": _usdm_filters(contract),
        "orderTypes": [
            *("LIMIT", "MARKET", "STOP", "STOP_MARKET"),
            *("TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"),
        ],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
        "permissionSets": ["GRID", "COPY"],
    }


def _usdm_filters(contract: Contract) -> list[Json]:
    tick, step = contract.price_text(contract.tick), contract.quantity_text(contract.step)
    largest, market_largest = contract.max_quantity // UNIT, contract.market_max_quantity // UNIT
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": tick,
            "maxPrice": contract.price_text(contract.max_price),
            "tickSize": tick,
        },
        {"filterType": "LOT_SIZE", "minQty": step, "maxQty": str(largest), "stepSize": step},
        {"filterType": "MARKET_LOT_SIZE", "minQty": step, "maxQty": str(market_largest), "stepSize": step},
        {"filterType": "MAX_NUM_ORDERS", "limit": contract.max_orders},
        {"filterType": "MIN_NOTIONAL", "notional": str(contract.min_notional // MONEY_UNIT)},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": _ppm(contract.price_up_ppm, 4),
            "multiplierDown": _ppm(contract.price_down_ppm, 4),
            "multiplierDecimal": "4",
        },
        {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE"},
    ]


def _ppm(rate: int, decimals: int) -> str:
    return fixed_text(rate // 10 ** (6 - decimals), decimals)
