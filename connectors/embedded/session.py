"""One websocket connection as Binance documents it: what is subscribed, and the answers to JSON requests. No I/O.

Source: https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams#live-subscribingunsubscribing-to-streams
"""

import re
from collections.abc import Iterable

import msgspec

from core.codec import UNREADABLE

_METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
_EXPECTED = ", ".join(f"`{method}`" for method in _METHODS)
_ID_TEXT = re.compile(r"[A-Za-z0-9_-]{1,36}")

RequestId = int | str | None


class _Refused(Exception):
    """A request that gets an error reply."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Session:
    """The subscriptions and properties of one connection.

    Subscriptions are kept in the order made; the venue accepts names that it has nothing for, as Binance does.
    """

    def __init__(self, streams: Iterable[str], *, combined: bool) -> None:
        """Start as the URL says: `/ws/...` is raw, `/stream` combined."""
        self.combined = combined
        self._streams = dict.fromkeys(name for name in streams if name)

    @property
    def streams(self) -> tuple[str, ...]:
        """The stream names subscribed to, in the order subscribed."""
        return tuple(self._streams)

    def receive(self, text: str | bytes) -> bytes:
        """Take one request, change what it changes, and return the reply."""
        request_id: RequestId = None
        try:
            request = _decode(text)
            request_id = _request_id(request)
            result = self._handle(_method(request, text), request.get("params"))
        except _Refused as refused:
            return _error(refused, request_id)
        return msgspec.json.encode({"result": result, "id": request_id})

    def _handle(self, method: str, params: object) -> object:
        if method == "SUBSCRIBE":
            self._streams.update(dict.fromkeys(_names(params)))
            return None
        if method == "UNSUBSCRIBE":
            for name in _names(params):
                self._streams.pop(name, None)
            return None
        if method == "LIST_SUBSCRIPTIONS":
            return list(self._streams)
        values = _properties(params, 2 if method == "SET_PROPERTY" else 1)
        if values[0] != "combined":
            raise _Refused(0, "Unknown property")
        if method == "GET_PROPERTY":
            return self.combined
        if not isinstance(values[1], bool):
            raise _Refused(1, "Invalid value type: expected Boolean")
        self.combined = values[1]
        return None


def _decode(text: str | bytes) -> dict[str, object]:
    try:
        request = msgspec.json.decode(text)
    except UNREADABLE as error:
        line, column = _position(text, error)
        raise _Refused(3, f"Invalid JSON: expected value at line {line} column {column}") from error
    if not isinstance(request, dict):
        raise _Refused(2, f"Invalid request: expected an object, found {type(request).__name__}")
    return request


def _position(text: str | bytes, error: Exception) -> tuple[int, int]:
    raw = text.encode() if isinstance(text, str) else text
    found = re.search(r"byte (\d+)", str(error))
    before = raw[: int(found[1]) if found else len(raw)]
    return before.count(b"\n") + 1, len(before) - (before.rfind(b"\n") + 1) + 1


def _request_id(request: dict[str, object]) -> RequestId:
    """Return the id: "64-bit signed integer; alphanumeric strings, max length 36; null". It may be left out."""
    value = request.get("id")
    if isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63:
        return value
    if value is None or (isinstance(value, str) and _ID_TEXT.fullmatch(value)):
        return value
    raise _Refused(2, "Invalid request: request ID must be an unsigned integer")


def _method(request: dict[str, object], text: str | bytes) -> str:
    method = request.get("method")
    if method is None:
        raise _Refused(2, f"Invalid request: missing field `method` at line 1 column {len(text)}")
    if method not in _METHODS:
        raise _Refused(
            2,
            f"Invalid request: unknown variant `{method}`, expected one of {_EXPECTED} at line 1 column {len(text)}",
        )
    return str(method)


def _names(params: object) -> list[str]:
    if not isinstance(params, list):
        raise _Refused(2, "Invalid request: expected params to be an array of stream names")
    if not all(isinstance(name, str) for name in params):
        raise _Refused(2, "Invalid request: stream name must be a string")
    return params


def _properties(params: object, count: int) -> list[object]:
    if not isinstance(params, list) or not params or not isinstance(params[0], str):
        raise _Refused(2, "Invalid request: property name must be a string")
    if len(params) > count:
        raise _Refused(2, "Invalid request: too many parameters")
    if len(params) < count:
        raise _Refused(1, "Invalid value type: expected Boolean")
    return params


def _error(refused: _Refused, request_id: RequestId) -> bytes:
    # The documents list errors flat ({"code": 2, "msg": ...}); the servers nest them under "error", and that is what
    # clients look for (ccxt's handle_ws_error). Both, so that whoever follows either is served.
    error = {"code": refused.code, "msg": refused.message}
    return msgspec.json.encode({**error, "error": error, "id": request_id})
