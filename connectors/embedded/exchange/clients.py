"""Who asks: API key, signature, timestamp and window of a request, checked as the venue documents them. No I/O.

Source: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/request-security and
https://developers.binance.com/docs/binance-spot-api-docs/websocket-api/request-security
"""

import enum
import re
from collections.abc import Mapping
from urllib.parse import unquote

import msgspec

from connectors.embedded import refusals as market_refusals
from connectors.embedded.exchange import refusals
from connectors.embedded.exchange.keys import ApiKey, KeyStore, Permission

_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}")
_TIMESTAMP = re.compile(r"\d{1,16}")
_WINDOW = re.compile(r"\d{1,6}(\.\d{1,3})?")
_DEFAULT_WINDOW_MS = 5_000
_LARGEST_WINDOW_MS = 60_000
_AHEAD_MS = 1_000
_MICROSECONDS_FROM = 10**14  # "timestamp [...] in milliseconds or microseconds"
_SIGNATURE = "signature"


class Security(enum.Enum):
    """What an endpoint asks of its caller."""

    NONE = "NONE"
    KEY = "USER_STREAM"  # a key, without a signature
    USER_DATA = "USER_DATA"
    TRADE = "TRADE"


def split_signature(query: str, body: str) -> tuple[str, str | None]:
    """Return what a REST request signs, query and body "concatenated without any &", and the signature sent."""
    signature = None
    parts = []
    for text in (query, body):
        kept = []
        for pair in text.split("&"):
            name, _, value = pair.partition("=")
            if name == _SIGNATURE:
                signature = unquote(value)
            elif pair:
                kept.append(pair)
        parts.append("&".join(kept))
    return "".join(parts), signature


def websocket_payload(parameters: Mapping[str, object]) -> str:
    """Return what a websocket request signs: all but the signature, "sorted by name in alphabetical order"."""
    return "&".join(f"{name}={plain(parameters[name])}" for name in sorted(parameters) if name != _SIGNATURE)


def plain(value: object) -> str:
    """Write a parameter of a websocket request as REST would have it."""
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()


def authenticate(
    keys: KeyStore,
    security: Security,
    *,
    api_key: str | None,
    parameters: Mapping[str, str],
    payload: str,
    signature: str | None,
    now_ms: int,
    address: str = "",
    permission: Permission | None = None,
) -> ApiKey | None:
    """Return the key of a request that may go on, None where none is asked for. Raises RequestError.

    `permission` is what the endpoint needs, TRADE for orders unless another is named.
    """
    if security is Security.NONE:
        return None
    key = find_key(keys, api_key, address)
    if security is Security.KEY:
        return key
    check_time(parameters, now_ms)
    if signature is None or not signature:
        raise market_refusals.missing(_SIGNATURE)
    if not keys.verifies(key, payload, signature):
        raise refusals.invalid_signature()
    check_rights(key, security, permission)
    return key


def find_key(keys: KeyStore, api_key: str | None, address: str) -> ApiKey:
    """Return the key that was sent, if it may come from there. Raises RequestError."""
    if not api_key or not _KEY.fullmatch(api_key):
        raise refusals.bad_key_format()
    key = keys.find(api_key)
    if key is None or (key.addresses and address not in key.addresses):
        raise refusals.rejected_key()
    return key


def check_rights(key: ApiKey, security: Security, permission: Permission | None = None) -> None:
    """Refuse what the key may not do. Raises RequestError."""
    needed = permission or (Permission.TRADE if security is Security.TRADE else Permission.USER_DATA)
    if security is not Security.KEY and not key.may(needed):
        raise refusals.rejected_key()


def check_time(parameters: Mapping[str, str], now_ms: int) -> None:
    """Refuse a request from too long ago or from the future. Raises RequestError.

    "if (timestamp < (serverTime + 1 second) && (serverTime - timestamp) <= recvWindow)" it is processed.
    """
    text = parameters.get("timestamp", "")
    if not text:
        raise market_refusals.missing("timestamp")
    if not _TIMESTAMP.fullmatch(text):
        raise market_refusals.illegal_characters("timestamp", "^[0-9]{1,20}$")
    timestamp_ms = int(text) // 1_000 if int(text) >= _MICROSECONDS_FROM else int(text)
    window = parameters.get("recvWindow", "")
    if window and not _WINDOW.fullmatch(window):
        raise refusals.bad_window()
    window_ms = float(window) if window else _DEFAULT_WINDOW_MS
    if window_ms > _LARGEST_WINDOW_MS:
        raise refusals.bad_window()
    if timestamp_ms >= now_ms + _AHEAD_MS:
        raise refusals.ahead_of_server()
    if now_ms - timestamp_ms > window_ms:
        raise refusals.outside_window()
