"""What is checked before anything is sent: the key's rights, the account's modes, the symbols' rules.

Nothing is changed at the venue: what differs from the settings is told, with how to change it, and the start refused.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
from msgspec import field

from connectors.binance.address import RateLimit
from connectors.binance.settings import Market
from connectors.binance.trading import account
from connectors.binance.trading.inquiry import KEY_RIGHTS
from connectors.binance.trading.native import SymbolRules, native_of
from connectors.binance.trading.parse import MALFORMED
from connectors.binance.trading.replies import Asking, Question, Reply
from connectors.binance.trading.requests import Rare, Target
from connectors.binance.trading.settings import TradingSettings
from connectors.errors import ConnectorError, VenueUnreachable

Read = TypeVar("Read")

_SPOT_RULES = Target("", "GET", "/api/v3/exchangeInfo", 20)
_USDM_RULES = Target("", "GET", "/fapi/v1/exchangeInfo", 1)
_SPOT_ACCOUNT = Target("", "GET", "/api/v3/account", 20)
_USDM_ACCOUNT = Target("", "GET", "/fapi/v1/accountConfig", 5)
_SYMBOL_CONFIG = Target("", "GET", "/fapi/v1/symbolConfig", 5)
_USDM_STP = ("EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH")  # "There are three possible modes"


class _Rules(msgspec.Struct):
    limits: tuple[RateLimit, ...] = field(name="rateLimits", default=())
    symbols: list[SymbolRules] = []


class _SymbolConfig(msgspec.Struct, gc=False):
    symbol: str
    leverage: int
    margin_type: str = field(name="marginType")


class Facts(msgspec.Struct, frozen=True):
    """What the checks found that the session goes by."""

    limits: tuple[RateLimit, ...] = ()
    amendable: tuple[str, ...] = ()
    hedge_mode: bool = False
    native: dict[str, tuple[str, ...]] = {}  # words for `Instrument.native` by symbol


_decode_rules = msgspec.json.Decoder(_Rules).decode
_decode_symbols = msgspec.json.Decoder(list[_SymbolConfig]).decode


def log_on(settings: TradingSettings, symbols: Sequence[str]) -> Asking[Facts]:
    """Ask and compare. Raises ConnectorError for what must be put right, VenueUnreachable for what may pass."""
    yield from _check_key(settings)
    rules = yield from _rules(settings, symbols)
    _check_listed(rules, symbols)
    _check_stp(settings, rules, symbols)
    hedge_mode = False
    if settings.market is Market.SPOT:
        reply = yield from _get(settings, _SPOT_ACCOUNT, {"omitZeroBalances": "true"})
        if not _read(account.may_trade_spot, reply):
            raise ConnectorError("the account may not trade (canTrade is false): ask Binance's support why")
    else:
        hedge_mode = yield from _check_modes(settings)
        yield from _check_symbols(settings, symbols)
    amendable = tuple(sorted(each.symbol for each in rules.symbols if each.may_amend and each.symbol in symbols))
    native = {each.symbol: native_of(each, settings.market) for each in rules.symbols if each.symbol in symbols}
    return Facts(rules.limits, amendable, hedge_mode, native)


def _check_key(settings: TradingSettings) -> Asking[None]:
    """Refuse a key that may withdraw, or may not trade this market."""
    reply = yield Question(Rare(KEY_RIGHTS, {}, settings.recv_window_ms), settings.key_check_base)
    if reply.status == 404:
        raise ConnectorError(
            f"{settings.key_check_base} does not tell what the API key may do ({KEY_RIGHTS.path}): set key_check_url "
            "to the address that does, of the real venue https://api.binance.com"
        )
    rights = _read(account.decode_rights, _checked(reply, KEY_RIGHTS))
    if rights.may_withdraw:
        raise ConnectorError(
            "the API key may withdraw: tickerd never needs that right. Untick 'Enable Withdrawals' in Binance's API "
            "Management, or make a key without it, then start again"
        )
    if settings.market is Market.SPOT and not rights.may_trade_spot:
        raise ConnectorError(
            "the API key may not trade on spot: tick 'Enable Spot & Margin Trading' in Binance's API Management"
        )
    if settings.market is Market.USDM and not rights.may_trade_futures:
        raise ConnectorError(
            "the API key may not trade futures: tick 'Enable Futures' in Binance's API Management (for a key that was "
            "made before the futures account, make a new one)"
        )


def _rules(settings: TradingSettings, symbols: Sequence[str]) -> Asking[_Rules]:
    """Ask for limits and for the symbols' rules; spot is asked for ours alone."""
    if settings.market is Market.SPOT:
        listed = "[" + ",".join(f'"{symbol}"' for symbol in symbols) + "]"
        question = Question(Rare(_SPOT_RULES, {"symbols": listed} if symbols else {}, 0), signed=False)
    else:
        question = Question(Rare(_USDM_RULES, {}, 0), signed=False)
    reply = yield question
    return _read(_decode_rules, _checked(reply, question.request.target))


def _check_listed(rules: _Rules, symbols: Sequence[str]) -> None:
    """Refuse a symbol that the venue does not have: nothing of what follows could be checked for it."""
    listed = {each.symbol for each in rules.symbols}
    missing = [symbol for symbol in symbols if symbol not in listed]
    if missing:
        raise ConnectorError(
            f"the venue lists no {', '.join(missing)}: correct `instruments`, or take out what is no longer traded"
        )


def _check_stp(settings: TradingSettings, rules: _Rules, symbols: Sequence[str]) -> None:
    """Refuse a self-trade prevention mode that a symbol does not have. USDⓈ-M lists none: all symbols have the same."""
    if not settings.stp_mode:
        return
    for each in rules.symbols:
        if each.symbol not in symbols:
            continue
        offered = each.stp_modes or (_USDM_STP if settings.market is Market.USDM else ())
        if settings.stp_mode not in offered:
            raise ConnectorError(
                f"{each.symbol} offers no self-trade prevention {settings.stp_mode}: set stp_mode to "
                f"{' or '.join(_settings_word(mode) for mode in offered) or 'nothing'}, or leave it out"
            )


def _settings_word(mode: str) -> str:
    """Return the settings' word for one of the venue's modes."""
    return mode.lower().replace("_", "-")


def _check_modes(settings: TradingSettings) -> Asking[bool]:
    """Compare the account's modes with the settings; return whether it is in hedge mode."""
    reply = yield from _get(settings, _USDM_ACCOUNT, {})
    config = _read(account.decode_config, reply)
    if not config.may_trade:
        raise ConnectorError("the futures account may not trade (canTrade is false): ask Binance's support why")
    if settings.hedge_mode is not None and settings.hedge_mode != config.hedge_mode:
        is_set = "hedge" if config.hedge_mode else "one-way"
        raise ConnectorError(
            f"the futures account is in {is_set} mode and the settings want the other: change [accounting] hedging "
            "(hedge_mode with it), or the position mode in Binance's futures preferences (no position or order may be "
            "open)"
        )
    return config.hedge_mode


def _check_symbols(settings: TradingSettings, symbols: Sequence[str]) -> Asking[None]:
    """Compare leverage and margin type of the symbols with the settings."""
    if not settings.leverage and settings.margin_type is None:
        return
    reply = yield from _get(settings, _SYMBOL_CONFIG, {})
    configs = _read(_decode_symbols, reply)
    told = {config.symbol for config in configs}
    if missing := [symbol for symbol in symbols if symbol not in told]:
        raise ConnectorError(
            f"{_SYMBOL_CONFIG.path} tells nothing of {', '.join(missing)}, so leverage and margin type cannot be "
            "compared: leave leverage and margin_type out of the settings, or trade where they are told"
        )
    for config in configs:
        if config.symbol not in symbols:
            continue
        wanted = settings.leverage.get(config.symbol, config.leverage)
        if wanted != config.leverage:
            raise ConnectorError(
                f"the leverage of {config.symbol} is {config.leverage} and the settings say {wanted}: change it at "
                "Binance (POST /fapi/v1/leverage, or the contract's page), or `leverage` in the settings"
            )
        if settings.margin_type is not None and config.margin_type.lower() != settings.margin_type.value:
            raise ConnectorError(
                f"the margin type of {config.symbol} is {config.margin_type.lower()} and the settings say "
                f"{settings.margin_type.value}: change it at Binance (no position or order may be open), or margin_type"
            )


def _get(settings: TradingSettings, target: Target, params: dict[str, str], base: str = "") -> Asking[Reply]:
    """Ask one endpoint. Raises as `_checked` does."""
    reply = yield Question(Rare(target, params, settings.recv_window_ms), base)
    return _checked(reply, target)


def _checked(reply: Reply, target: Target) -> Reply:
    """Return a reply that is one. Raises ConnectorError for a refusal, VenueUnreachable for what may pass."""
    if reply.ok:
        return reply
    message = f"{target.path}: {reply.reason}"
    if reply.may_pass:
        raise VenueUnreachable(message)
    raise ConnectorError(message)


def _read(decode: Callable[[bytes], Read], reply: Reply) -> Read:
    """Read a body. Raises VenueUnreachable where it is not what is documented: a proxy's page, a cut answer."""
    try:
        return decode(reply.body)
    except MALFORMED as error:
        raise VenueUnreachable(f"an answer at logon does not read as documented: {str(error)[:200]}") from None
