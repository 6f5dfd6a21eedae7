"""One connection of the USDⓈ-M WebSocket API (`/ws-fapi/v1`): requests in, answers out. No I/O.

Private events come on listen-key streams, not here.
Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-api-general-info
"""

from collections.abc import Callable, Mapping

import msgspec

from connectors.embedded.errors import RequestError
from connectors.embedded.exchange.clients import Security, find_key, plain
from connectors.embedded.exchange.gate import Caller, Endpoint, Gate, refused
from connectors.embedded.exchange.keys import ApiKey
from core.codec import UNREADABLE

MarketCall = Callable[[Mapping[str, str]], tuple[object, int]]
_SESSION_WEIGHT = 2
USDM_METHODS = {  # market data by websocket, and the REST endpoint that answers it
    "depth": "depth",
    "ticker.book": "ticker/bookTicker",
    "ticker.price": "ticker/price",
}


class UsdmSession:
    """A connection and its logon."""

    def __init__(self, gate: Gate, market: Mapping[str, MarketCall], *, address: str, tell_limits: bool = True) -> None:
        """Connect. `market` answers market-data methods with a body and its weight."""
        self._gate = gate
        self._market = market
        self._address = address
        self._tell_limits = tell_limits
        self._connected_ms = gate.now_ms()
        self._key: ApiKey | None = None
        self._authorized_ms = 0
        self._own: dict[str, Callable[[Mapping[str, object]], object]] = {
            "session.logon": self._logon,
            "session.status": self._status,
            "session.logout": self._logout,
        }

    def receive(self, message: str | bytes) -> bytes:
        """Take one request and return its answer."""
        request_id: object = None
        account: str | None = None
        tell_limits = self._tell_limits
        try:
            request = _object(_decoded(message))
            request_id = request.get("id")
            parameters = _object(request.get("params") or {})
            wish = parameters.get("returnRateLimits")
            tell_limits = wish if isinstance(wish, bool) else tell_limits
            result, account = self._handle(str(request.get("method", "")), parameters)
            told: dict[str, object] = {"id": request_id, "status": 200, "result": result}
        except RequestError as error:
            told = {"id": request_id, "status": error.status, "error": refused(error)}
        if tell_limits:
            told["rateLimits"] = self._gate.told_limits(self._address, account)
        return msgspec.json.encode(told)

    def end(self) -> None:
        """Log off: the connection is over."""
        self._key = None

    def _handle(self, method: str, parameters: Mapping[str, object]) -> tuple[object, str | None]:
        own = self._own.get(method)
        endpoint = self._gate.methods.get(method)
        call = self._market.get(method)
        texts = {name: plain(value) for name, value in parameters.items()}
        now_ms = self._gate.now_ms()
        if own is not None:
            self._gate.limits.request(self._address, _SESSION_WEIGHT, now_ms)
            return own(parameters), None
        if endpoint is not None:
            self._gate.limits.request(self._address, endpoint.weight_of(texts), now_ms)
            if endpoint.security is Security.KEY:
                return self._with_key(endpoint, texts), None
            result, key = self._gate.call_method(endpoint, parameters, self._key, self._address)
            return result, key.account if endpoint.places else None
        if call is not None:
            body, weight = call(texts)
            self._gate.limits.request(self._address, weight, now_ms)
            return body, None
        raise RequestError(-1020, "This operation is not supported.")

    def _with_key(self, endpoint: Endpoint, texts: Mapping[str, str]) -> object:
        """Answer the userDataStream methods, which "only require apiKey", without a signature."""
        key = self._key
        if key is None or "apiKey" in texts:
            key = find_key(self._gate.keys, texts.get("apiKey"), self._address)
        return endpoint.handler(Caller(key, self._address, self._gate.now_ms()), texts)

    def _logon(self, parameters: Mapping[str, object]) -> object:
        texts = {name: plain(value) for name, value in parameters.items()}
        key = self._gate.identify(Security.USER_DATA, texts, parameters, None, self._address)
        if not self._gate.keys.is_ed25519(key):
            raise RequestError(-4056, "HMAC_SHA256 API key is not supported.")
        self._key, self._authorized_ms = key, self._gate.now_ms()
        return self._status(parameters)

    def _logout(self, parameters: Mapping[str, object]) -> object:
        self._key = None
        return self._status(parameters)

    def _status(self, _: Mapping[str, object]) -> object:
        return {
            "apiKey": self._key.key if self._key is not None else None,
            "authorizedSince": self._authorized_ms if self._key is not None else None,
            "connectedSince": self._connected_ms,
            "returnRateLimits": self._tell_limits,
            "serverTime": self._gate.now_ms(),
        }


def _decoded(message: str | bytes) -> object:
    try:
        return msgspec.json.decode(message)
    except UNREADABLE as error:
        raise RequestError(-1135, "Invalid JSON Request") from error


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise RequestError(-1135, "Invalid JSON Request")
    return value
