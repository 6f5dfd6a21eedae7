"""exchangeInfo to the core's instruments.

The price precision is the tick's. The size precision is up to four decimals finer than the lot: real streams hold
quantities from before the lot grew, as fine as the base asset allows.
"""

import difflib

import msgspec

from connectors.binance import messages
from connectors.binance.settings import Market
from connectors.errors import MalformedMessage, UnknownSymbol
from core.decimals import INT64_MAX, decimals_of, to_units
from core.errors import PrecisionError
from core.instruments import AssetClass, Instrument
from core.money import MONEY_DECIMALS, money

_ODD_LOT_DECIMALS = 4
_NS_PER_MS = 1_000_000
_REPLACES = ("replace",)

_decode = msgspec.json.Decoder(messages.ExchangeInfo).decode


def read_exchange_info(body: bytes) -> dict[str, messages.SymbolInfo]:
    """Return the symbols of an exchangeInfo body by name. Raises MalformedMessage."""
    try:
        return {info.symbol: info for info in _decode(body).symbols}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedMessage(
            f"exchangeInfo does not read as documented: {error}; body begins {body[:80]!r}"
        ) from error


def find_symbol(symbols: dict[str, messages.SymbolInfo], symbol: str, venue: str) -> messages.SymbolInfo:
    """Return one symbol's rules. Raises UnknownSymbol with the nearest names."""
    info = symbols.get(symbol)
    if info is None:
        raise UnknownSymbol(symbol, venue, difflib.get_close_matches(symbol.upper(), symbols, n=3, cutoff=0.5))
    return info


def to_instrument(info: messages.SymbolInfo, market: Market, venue: str) -> Instrument:
    """Return the core's words for a symbol. Raises MalformedMessage where its rules contradict themselves."""
    try:
        return _to_instrument(info, market, venue)
    except (ValueError, PrecisionError) as error:
        raise MalformedMessage(f"the rules of {info.symbol} on {venue} cannot be held: {error}") from error


def _to_instrument(info: messages.SymbolInfo, market: Market, venue: str) -> Instrument:
    """Return the instrument, or raise ValueError."""
    filters = {rule.type: rule for rule in info.filters}
    tick = filters.get("PRICE_FILTER", messages.SymbolFilter(type="")).tick_size
    lot_rule = filters.get("LOT_SIZE", messages.SymbolFilter(type=""))
    # A tick or step of 0 means that the rule is off: the asset's own precision counts then.
    price_precision = decimals_of(tick) if _is_positive(tick) else info.quote_precision
    lot_decimals = decimals_of(lot_rule.step_size) if _is_positive(lot_rule.step_size) else info.base_precision
    finest = max(min(info.base_precision, lot_decimals + _ODD_LOT_DECIMALS), lot_decimals)
    size_precision = min(finest, MONEY_DECIMALS - price_precision)
    asset_class = _asset_class(info, market)
    return Instrument(
        symbol=info.symbol,
        venue=venue,
        asset_class=asset_class,
        base=info.base,
        quote=info.quote,
        settlement="" if market is Market.SPOT else (info.margin_asset or info.quote),
        price_precision=price_precision,
        size_precision=size_precision,
        tick=to_units(tick, price_precision) if _is_positive(tick) else 1,
        lot=to_units(lot_rule.step_size, size_precision) if _is_positive(lot_rule.step_size) else 1,
        min_quantity=_unsigned(lot_rule.min_quantity, size_precision),
        max_quantity=_capped(lot_rule.max_quantity, size_precision),
        min_notional=_min_notional(filters),
        expiry_ns=info.delivery_ms * _NS_PER_MS if asset_class is AssetClass.FUTURE else 0,
        underlying=info.pair if asset_class is AssetClass.FUTURE else "",
        tradable=info.status == "TRADING",
        native=_REPLACES if info.may_replace or market is Market.USDM else (),  # what a simulated venue does likewise
    )


def _asset_class(info: messages.SymbolInfo, market: Market) -> AssetClass:
    """Return what the symbol is: `contractType` PERPETUAL, or the name of a delivery quarter."""
    if market is Market.SPOT:
        return AssetClass.CRYPTO_SPOT
    return AssetClass.PERPETUAL if info.contract_type.endswith("PERPETUAL") else AssetClass.FUTURE


def _min_notional(filters: dict[str, messages.SymbolFilter]) -> int:
    """Return the smallest order value: NOTIONAL or MIN_NOTIONAL of spot, MIN_NOTIONAL of USDⓈ-M."""
    rule = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL")
    if rule is None:
        return 0
    return max(money(rule.min_notional), money(rule.notional))


def _is_positive(text: str) -> bool:
    """Whether a rule is on."""
    return text.strip("0.") != ""


def _unsigned(text: str, precision: int) -> int:
    """Return a quantity in units. Raises ValueError where it is negative or cannot be held exactly."""
    units = to_units(text, precision)
    if units < 0:
        raise ValueError(f"a quantity of {text}")
    return units


def _capped(text: str, precision: int) -> int:
    """Return a maximum in units, no larger than a record holds."""
    try:
        return _unsigned(text, precision)
    except PrecisionError:
        if text.replace(".", "", 1).isdecimal():
            return INT64_MAX
        raise
