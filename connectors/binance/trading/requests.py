"""Requests as bytes: parameters signed once, from parts that are encoded once.

WebSocket API: "Sort parameters alphabetically by name", joined as name=value with "&", "no percent encoding here!".
REST: "totalParams is defined as the query string concatenated with the request body", percent-encoded, then signed.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

import msgspec

from connectors.binance.trading.credentials import Credentials

_NUMBERS = ("goodTillDate", "recvWindow", "timestamp", "trailingDelta")
"""Parameters that stand in JSON as numbers; ids, prices and quantities are texts."""


class Target(msgspec.Struct, frozen=True):
    """What is asked for: by name on the WebSocket API (empty where it has no such request), by path on REST.

    `weight` counts against the address, `orders` against the account.
    """

    ws: str
    verb: str
    path: str
    weight: int = 1
    orders: int = 0


class RestRequest(msgspec.Struct, frozen=True):
    """A REST request, ready to leave; the key travels in a header. `shown` is what people and logs may see of it."""

    verb: str
    url: str
    shown: str
    headers: dict[str, str]

    def __repr__(self) -> str:
        return f"RestRequest({self.shown})"


class Template:
    """One shape of request: its parameters, those that are the same every time written down once.

    `slots` are the others, beside the time; their values come in the order of their sorted names.
    """

    __slots__ = ("_json", "_json_signed", "_payload", "_rest", "_time_at", "target")

    def __init__(
        self, target: Target, key: str, window_ms: int, fixed: Mapping[str, str], slots: Sequence[str], rest: str = ""
    ) -> None:
        """Write down what never changes; `rest` is the newOrderRespType that REST alone asks for."""
        self.target = target
        open_names = sorted((*slots, "timestamp"))
        self._time_at = open_names.index("timestamp")
        values = {name: _literal(value) for name, value in fixed.items()}
        values |= {"recvWindow": str(window_ms)} | dict.fromkeys(open_names, "%s")
        signed = values | {"apiKey": _literal(key)}
        self._payload = "&".join(f"{name}={signed[name]}" for name in sorted(signed))
        head = f'{{"id":%d,"method":"{target.ws}","params":{{'
        self._json_signed = f'{head}{_json_body(signed)},"signature":"%s"}}}}'
        self._json = f"{head}{_json_body(values)}}}}}"
        over_rest = values | ({"newOrderRespType": rest} if rest else {})
        self._rest = "&".join(f"{name}={_quoted(over_rest[name])}" for name in sorted(over_rest))

    def frame(self, number: int, values: tuple[str, ...], timestamp_ms: int, credentials: Credentials | None) -> bytes:
        """Return the frame, signed by `credentials`, or unsigned (None) on a session that is logged on."""
        at = self._time_at
        filled = (*values[:at], timestamp_ms, *values[at:])
        if credentials is None:
            return (self._json % (number, *filled)).encode()
        return (
            self._json_signed % (number, *filled, credentials.signer.sign((self._payload % filled).encode()))
        ).encode()

    def query(self, values: tuple[str, ...], timestamp_ms: int) -> str:
        """Return the parameters of a REST request, unsigned."""
        at = self._time_at
        texts = [quote(value, safe="") for value in values]
        return self._rest % (*texts[:at], timestamp_ms, *texts[at:])


class Filled(msgspec.Struct, frozen=True):
    """A request of a common shape."""

    template: Template
    values: tuple[str, ...]

    @property
    def target(self) -> Target:
        """What is asked for."""
        return self.template.target

    def frame(self, number: int, timestamp_ms: int, credentials: Credentials | None) -> bytes:
        """Return the frame, see `Template.frame`."""
        return self.template.frame(number, self.values, timestamp_ms, credentials)

    def query(self, timestamp_ms: int) -> str:
        """Return the parameters of a REST request, unsigned."""
        return self.template.query(self.values, timestamp_ms)


class Rare(msgspec.Struct, frozen=True):
    """A request of a rare shape, from its parameters as they are; `window_ms` 0: one that is not timed."""

    target: Target
    params: dict[str, str]
    window_ms: int

    def frame(self, number: int, timestamp_ms: int, credentials: Credentials | None) -> bytes:
        """Return the frame, signed by `credentials`, or unsigned (None) on a session that is logged on."""
        values = self._timed(timestamp_ms)
        if credentials is not None:
            values["apiKey"] = credentials.key
            payload = "&".join(f"{name}={values[name]}" for name in sorted(values))
            values["signature"] = credentials.signer.sign(payload.encode())
        return f'{{"id":{number},"method":"{self.target.ws}","params":{{{_json_body(values, filled=True)}}}}}'.encode()

    def query(self, timestamp_ms: int) -> str:
        """Return the parameters of a REST request, unsigned."""
        return "&".join(f"{name}={quote(value, safe='')}" for name, value in self._timed(timestamp_ms).items())

    def _timed(self, timestamp_ms: int) -> dict[str, str]:
        """Return the parameters with the time of sending."""
        if not self.window_ms:
            return dict(self.params)
        return self.params | {"recvWindow": str(self.window_ms), "timestamp": str(timestamp_ms)}


Request = Filled | Rare


def plain_frame(number: int, method: str) -> bytes:
    """Return the frame of a request without parameters."""
    return f'{{"id":{number},"method":"{method}"}}'.encode()


def rest_request(
    base: str, target: Target, query: str, credentials: Credentials, *, signed: bool = True
) -> RestRequest:
    """Return a REST request; `signed` False for what needs the key alone (listen keys)."""
    if signed:
        query = f"{query}&signature={quote(credentials.signer.sign(query.encode()), safe='')}"
    url = f"{base}{target.path}"
    full = f"{url}?{query}" if query else url
    return RestRequest(target.verb, full, f"{target.verb} {target.path}", {"X-MBX-APIKEY": credentials.key})


def public_request(base: str, path: str) -> RestRequest:
    """Return a REST request that needs no key."""
    return RestRequest("GET", f"{base}{path}", f"GET {path}", {})


def _literal(value: str) -> str:
    """Return a value as it stands in a template of `%`."""
    return value.replace("%", "%%")


def _quoted(value: str) -> str:
    """Return a template's value as it stands in a URL; a slot stays one."""
    return value if value == "%s" else quote(value.replace("%%", "%"), safe="").replace("%", "%%")


def _json_body(values: Mapping[str, str], *, filled: bool = False) -> str:
    """Return parameters as they stand in JSON, sorted; `filled`: with no slot among them."""
    return ",".join(f'"{name}":{_json_value(name, values[name], filled=filled)}' for name in sorted(values))


def _json_value(name: str, value: str, *, filled: bool) -> str:
    """Return one value as it stands in JSON."""
    if name in _NUMBERS:
        return value
    if value == "%s" and not filled:
        return '"%s"'
    return msgspec.json.encode(value).decode()
