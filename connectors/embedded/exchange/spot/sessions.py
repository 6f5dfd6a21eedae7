"""One connection of the spot WebSocket API: requests in, answers and user data events out. No I/O.

Source: https://developers.binance.com/docs/binance-spot-api-docs/websocket-api
"""

from collections.abc import Callable, Mapping

import msgspec

from connectors.embedded.errors import RequestError
from connectors.embedded.exchange.clients import Security, plain
from connectors.embedded.exchange.gate import Gate, refused
from connectors.embedded.exchange.keys import ApiKey
from connectors.embedded.exchange.spot.api import SpotExchange
from connectors.embedded.exchange.spot.reports import Json, stream_terminated
from core.codec import UNREADABLE

MarketCall = Callable[[Mapping[str, str]], tuple[object, int]]
Push = Callable[[bytes], None]
_SESSION_WEIGHT = 2
SPOT_METHODS = {  # market data by websocket, and the REST endpoint that answers it
    "ping": "ping",
    "time": "time",
    "exchangeInfo": "exchangeInfo",
    "depth": "depth",
    "trades.recent": "trades",
    "trades.aggregate": "aggTrades",
    "klines": "klines",
    "avgPrice": "avgPrice",
    "ticker.book": "ticker/bookTicker",
    "ticker.price": "ticker/price",
    "ticker.24hr": "ticker/24hr",
}
_MOST_SUBSCRIPTIONS = 1_000


class _Subscription:
    """One subscription of an account's events."""

    def __init__(self, number: int, account: str, push: Push, *, by_logon: bool) -> None:
        self.number = number
        self.account = account
        self.by_logon = by_logon
        self._push = push

    def on_event(self, event: Json) -> None:
        self._push(msgspec.json.encode({"subscriptionId": self.number, "event": event}))


class ApiSession:
    """A connection's logon and subscriptions. `push` sends an event; answers are returned."""

    def __init__(
        self,
        exchange: SpotExchange,
        gate: Gate,
        market: Mapping[str, MarketCall],
        *,
        address: str,
        push: Push,
        tell_limits: bool,
    ) -> None:
        """Connect. `market` answers market-data methods with a body and its weight."""
        self._exchange = exchange
        self._gate = gate
        self._market = market
        self._address = address
        self._push = push
        self._tell_limits = tell_limits
        self._connected_ms = gate.now_ms()
        self._key: ApiKey | None = None
        self._authorized_ms = 0
        self._subscriptions: list[_Subscription] = []
        self._numbers = 0
        self._methods: dict[str, Callable[[Mapping[str, object]], object]] = {
            "session.logon": self._logon,
            "session.status": self._status,
            "session.logout": self._logout,
            "session.subscriptions": self._listed,
            "userDataStream.subscribe": self._subscribe,
            "userDataStream.subscribe.signature": self._subscribe_signed,
            "userDataStream.unsubscribe": self._unsubscribe,
        }

    def receive(self, message: str | bytes) -> bytes:
        """Take one request and return its answer."""
        request_id: object = None
        account: str | None = None
        tell_limits = self._tell_limits
        try:
            request = _decode(message)
            request_id = request.get("id")
            parameters = _parameters(request)
            wish = parameters.get("returnRateLimits")
            tell_limits = wish if isinstance(wish, bool) else tell_limits
            result, account = self._handle(str(request.get("method", "")).removeprefix("v3/"), parameters)
            told: dict[str, object] = {"id": request_id, "status": 200, "result": result}
        except RequestError as error:
            told = {"id": request_id, "status": error.status, "error": self._error(error)}
        if tell_limits:
            told["rateLimits"] = self._gate.told_limits(self._address, account)
        return msgspec.json.encode(told)

    def announce_shutdown(self) -> None:
        """Say that the connection is about to end: "sent when the server is about to shut down"."""
        event = {"e": "serverShutdown", "E": self._gate.now_ms()}
        self._push(msgspec.json.encode({"event": event}))

    def account_of(self, number: object) -> str:
        """Return whose events a subscription brings; empty where it is over."""
        return next((each.account for each in self._subscriptions if each.number == number), "")

    def end(self) -> None:
        """Forget the subscriptions of a connection that is over."""
        for subscription in self._subscriptions:
            self._exchange.unsubscribe(subscription.account, subscription.on_event)
        self._subscriptions.clear()

    def _handle(self, method: str, parameters: Mapping[str, object]) -> tuple[object, str | None]:
        own = self._methods.get(method)
        endpoint = self._gate.methods.get(method)
        call = self._market.get(method)
        now_ms = self._gate.now_ms()
        if own is not None:
            self._gate.limits.request(self._address, _SESSION_WEIGHT, now_ms)
            return own(parameters), None
        if endpoint is not None:
            texts = {name: plain(value) for name, value in parameters.items()}
            self._gate.limits.request(self._address, endpoint.weight_of(texts), now_ms)
            result, key = self._gate.call_method(endpoint, parameters, self._key, self._address)
            return result, key.account if endpoint.places else None
        if call is not None:
            body, weight = call({name: plain(value) for name, value in parameters.items()})
            self._gate.limits.request(self._address, weight, now_ms)
            return body, None
        raise RequestError(-1020, "This operation is not supported.")

    def _error(self, error: RequestError) -> dict[str, object]:
        body = refused(error)
        if error.retry_after_s:
            now_ms = self._gate.now_ms()
            body["data"] = {"serverTime": now_ms, "retryAfter": now_ms + error.retry_after_s * 1_000}
        return body

    # --------------------------------------------------------------------------------------------------- authentication

    def _logon(self, parameters: Mapping[str, object]) -> object:
        key = self._identified(parameters, None)
        if not self._gate.keys.is_ed25519(key):
            raise RequestError(-4056, "HMAC_SHA256 API key is not supported.")
        self._key = key
        self._authorized_ms = self._gate.now_ms()
        return self._status(parameters)

    def _logout(self, parameters: Mapping[str, object]) -> object:
        # "session.logout will only close the subscription created with userDataStream.subscribe"
        for subscription in [each for each in self._subscriptions if each.by_logon]:
            self._close(subscription)
        self._key = None
        return self._status(parameters)

    def _status(self, parameters: Mapping[str, object]) -> object:
        return {
            "apiKey": self._key.key if self._key is not None else None,
            "authorizedSince": self._authorized_ms if self._key is not None else None,
            "connectedSince": self._connected_ms,
            "returnRateLimits": self._tell_limits,
            "serverTime": self._gate.now_ms(),
            "userDataStream": bool(self._subscriptions),
        }

    def _identified(self, parameters: Mapping[str, object], session_key: ApiKey | None) -> ApiKey:
        texts = {name: plain(value) for name, value in parameters.items()}
        return self._gate.identify(Security.KEY, texts, parameters, session_key, self._address)

    # ------------------------------------------------------------------------------------------------ user data stream

    def _listed(self, parameters: Mapping[str, object]) -> object:
        return [{"subscriptionId": subscription.number} for subscription in self._subscriptions]

    def _subscribe(self, parameters: Mapping[str, object]) -> object:
        if self._key is None:
            raise RequestError(-1002, "You are not authorized to execute this request.", 401)
        return self._open(self._identified({}, self._key).account, by_logon=True)

    def _subscribe_signed(self, parameters: Mapping[str, object]) -> object:
        return self._open(self._identified(parameters, None).account, by_logon=False)

    def _open(self, account: str, *, by_logon: bool) -> object:
        if any(subscription.account == account for subscription in self._subscriptions):
            raise RequestError(-2035, "User Data Stream subscription already active.")
        if len(self._subscriptions) >= _MOST_SUBSCRIPTIONS:
            raise RequestError(-1191, "Too many subscriptions. Connection may create up to '1000' subscriptions.")
        subscription = _Subscription(self._numbers, account, self._push, by_logon=by_logon)
        self._numbers += 1
        self._subscriptions.append(subscription)
        self._exchange.subscribe(account, subscription.on_event)
        return {"subscriptionId": subscription.number}

    def _unsubscribe(self, parameters: Mapping[str, object]) -> object:
        wanted = parameters.get("subscriptionId")
        found = [each for each in self._subscriptions if wanted is None or each.number == wanted]
        if not found:
            raise RequestError(-2036, "User Data Stream subscription not active.")
        for subscription in found:
            self._close(subscription)
        return {}

    def _close(self, subscription: _Subscription) -> None:
        self._subscriptions.remove(subscription)
        self._exchange.unsubscribe(subscription.account, subscription.on_event)
        subscription.on_event(stream_terminated(self._gate.now_ms()))


def _parameters(request: Mapping[str, object]) -> dict[str, object]:
    parameters = request.get("params") or {}
    if not isinstance(parameters, dict):
        raise RequestError(-1135, "Invalid JSON Request")
    return parameters


def _decode(message: str | bytes) -> dict[str, object]:
    try:
        request = msgspec.json.decode(message)
    except UNREADABLE as error:
        raise RequestError(-1135, "Invalid JSON Request") from error
    if not isinstance(request, dict):
        raise RequestError(-1135, "Invalid JSON Request")
    return request
