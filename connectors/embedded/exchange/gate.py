"""The gate of one market: requests in, rights and limits checked, endpoints called, documented answers out. No I/O.

REST and the WebSocket API are two doors to the same endpoints. A market (spot, USDⓈ-M) brings its table of endpoints.
"""

from collections.abc import Callable, Iterable, Mapping
from urllib.parse import parse_qsl

import msgspec

from connectors.embedded.errors import RequestError
from connectors.embedded.exchange import refusals
from connectors.embedded.exchange.clients import (
    Security,
    authenticate,
    check_rights,
    check_time,
    plain,
    split_signature,
    websocket_payload,
)
from connectors.embedded.exchange.keys import ApiKey, KeyStore, Permission
from connectors.embedded.exchange.limits import LimitKind, RateLimits

Parameters = Mapping[str, str]


class Caller(msgspec.Struct, frozen=True):
    """Who asks, and when."""

    key: ApiKey
    address: str
    now_ms: int

    @property
    def account(self) -> str:
        """The account that the key belongs to."""
        return self.key.account


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One endpoint: `GET /api/v3/order` over REST, `order.status` over the WebSocket API; either may be empty.

    `weight` may depend on the parameters. `places` says that orders are placed, so that their count is told.
    """

    verb: str
    path: str
    method: str
    security: Security
    handler: Callable[[Caller, Parameters], object]
    weight: int | Callable[[Parameters], int] = 1
    places: bool = False
    permission: Permission | None = None

    def weight_of(self, parameters: Parameters) -> int:
        """Return what a request costs."""
        return self.weight if isinstance(self.weight, int) else self.weight(parameters)


class Reply(msgspec.Struct, frozen=True):
    """An answer: HTTP status, JSON body, headers."""

    status: int
    body: object
    headers: dict[str, str]


class Gate:
    """The endpoints of one market, behind keys and limits. `now_ms` is the venue's clock."""

    def __init__(
        self, keys: KeyStore, limits: RateLimits, endpoints: Iterable[Endpoint], now_ms: Callable[[], int]
    ) -> None:
        """Serve these endpoints."""
        self.keys = keys
        self.limits = limits
        self.now_ms = now_ms
        table = tuple(endpoints)
        self.rest = {(endpoint.verb, endpoint.path): endpoint for endpoint in table if endpoint.path}
        self.methods = {endpoint.method: endpoint for endpoint in table if endpoint.method}

    def answer_rest(self, endpoint: Endpoint, *, query: str, body: str, api_key: str | None, address: str) -> Reply:
        """Answer a REST request."""
        now_ms = self.now_ms()
        account: str | None = None
        try:
            # "If a parameter sent in both the query string and request body, the query string parameter will be used."
            parameters = dict(parse_qsl(body, keep_blank_values=True)) | dict(parse_qsl(query, keep_blank_values=True))
            self.limits.request(address, endpoint.weight_of(parameters), now_ms)
            payload, signature = split_signature(query, body)
            key = authenticate(
                self.keys,
                endpoint.security,
                api_key=api_key,
                parameters=parameters,
                payload=payload,
                signature=signature,
                now_ms=now_ms,
                address=address,
                permission=endpoint.permission,
            )
            assert key is not None, "public endpoints are market data's"
            told = endpoint.handler(Caller(key, address, now_ms), parameters)
            account = key.account if endpoint.places else None
        except RequestError as error:
            return Reply(error.status, refused(error), self._headers(address, account, now_ms, error))
        return Reply(200, told, self._headers(address, account, now_ms, None))

    def answer_market(self, weight: int, address: str) -> dict[str, str]:
        """Count a request for market data and return the headers. Raises RequestError where it is one too many."""
        now_ms = self.now_ms()
        self.limits.request(address, weight, now_ms)
        return self.limits.headers(address, None, now_ms)

    def _headers(self, address: str, account: str | None, now_ms: int, error: RequestError | None) -> dict[str, str]:
        headers = self.limits.headers(address, account, now_ms)
        if error is not None and error.retry_after_s:
            headers["Retry-After"] = str(error.retry_after_s)
        return headers

    def call_method(
        self, endpoint: Endpoint, parameters: Mapping[str, object], session_key: ApiKey | None, address: str
    ) -> tuple[object, ApiKey]:
        """Answer a request of the WebSocket API; returns the result and the key that it was made with.

        "You can always specify the apiKey and signature explicitly for individual requests, overriding the
        authenticated API key". Raises RequestError.
        """
        now_ms = self.now_ms()
        texts = {name: plain(value) for name, value in parameters.items()}
        key = self.identify(endpoint.security, texts, parameters, session_key, address, endpoint.permission)
        return endpoint.handler(Caller(key, address, now_ms), texts), key

    def identify(
        self,
        security: Security,
        texts: Parameters,
        parameters: Mapping[str, object],
        session_key: ApiKey | None,
        address: str,
        permission: Permission | None = None,
    ) -> ApiKey:
        """Return whose websocket request it is, by its own signature or the session's logon. Raises RequestError."""
        if session_key is not None and "apiKey" not in texts:
            if security is not Security.KEY:
                check_time(texts, self.now_ms())
            if self.keys.find(session_key.key) is not session_key:
                raise refusals.rejected_key()  # replaced or revoked since the logon
            check_rights(session_key, security, permission)
            return session_key
        key = authenticate(
            self.keys,
            Security.USER_DATA if security is Security.KEY else security,
            api_key=texts.get("apiKey"),
            parameters=texts,
            payload=websocket_payload(parameters),
            signature=texts.get("signature"),
            now_ms=self.now_ms(),
            address=address,
            permission=permission,
        )
        assert key is not None, "public methods are market data's"
        return key

    def told_limits(self, address: str, account: str | None) -> list[dict[str, object]]:
        """Return `rateLimits` of a websocket answer; with the orders of an account that placed some."""
        now_ms = self.now_ms()
        orders = self.limits.told(LimitKind.ORDERS, account, now_ms) if account is not None else []
        return orders + self.limits.told(LimitKind.REQUEST_WEIGHT, address, now_ms)


def refused(error: RequestError) -> dict[str, object]:
    """Return the body of a refusal."""
    body: dict[str, object] = {"code": error.code, "msg": error.message}
    return body if error.data is None else body | {"data": error.data}
