"""Requests, answers and private events as the fault plan sees them: names, symbol, whose orders. Pure."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

import msgspec

from connectors.embedded.exchange.clients import plain
from connectors.embedded.exchange.faults import Place
from connectors.embedded.exchange.gate import Gate
from connectors.embedded.exchange.plan import Message
from connectors.embedded.market import Market
from core.codec import UNREADABLE

_REQUEST_IDS = (
    *("newClientOrderId", "origClientOrderId", "cancelOrigClientOrderId", "listClientOrderId"),
    *("clientAlgoId", "workingClientOrderId", "pendingClientOrderId", "aboveClientOrderId", "belowClientOrderId"),
)
_EVENT_IDS = ("c", "C", "caid")


def decoded(text: bytes | str) -> Mapping[str, object]:
    """Return a JSON object; an empty one where the text holds none."""
    try:
        found = msgspec.json.decode(text)
    except UNREADABLE:
        return {}
    return found if isinstance(found, dict) else {}


def websocket_request(text: bytes, gate: Gate, market: Market, line: object) -> Message:
    """Return a request of a WebSocket API; it is named by its method and by the endpoint of the same meaning."""
    request = decoded(text)
    method = str(request.get("method", ""))
    parameters = request.get("params")
    texts = {name: plain(value) for name, value in parameters.items()} if isinstance(parameters, dict) else {}
    endpoint = gate.methods.get(method)
    names = (method, f"{endpoint.verb} {endpoint.path}") if endpoint is not None and endpoint.path else (method,)
    return _request(names, texts, text, market, gate, texts.get("apiKey", ""), line)


def rest_request(verb: str, path: str, query: str, body: str, api_key: str, gate: Gate, market: Market) -> Message:
    """Return a REST request; it is named by its endpoint and by the method of the same meaning."""
    texts = dict(parse_qsl(body, keep_blank_values=True)) | dict(parse_qsl(query, keep_blank_values=True))
    endpoint = gate.rest.get((verb, path))
    names = (f"{verb} {path}",) if endpoint is None or not endpoint.method else (f"{verb} {path}", endpoint.method)
    return _request(names, texts, (body or query).encode(), market, gate, api_key, None)


def _request(
    names: tuple[str, ...],
    texts: Mapping[str, str],
    text: bytes,
    market: Market,
    gate: Gate,
    api_key: str,
    line: object,
) -> Message:
    key = gate.keys.find(api_key)
    return Message(
        place=Place.REQUEST,
        names=names,
        market=market,
        text=text,
        account=key.account if key is not None else "",
        symbol=texts.get("symbol", ""),
        orders=tuple(texts[name] for name in _REQUEST_IDS if name in texts),
        line=line,
    )


def private_event(text: bytes, market: Market, account: str, line: object) -> Message:
    """Return an event of a private stream; it is named by its type, and by its type and what happened."""
    told = decoded(text)
    inner = told.get("event", told)
    event: Mapping[str, object] = inner if isinstance(inner, dict) else {}
    order = event.get("o")
    about: Mapping[str, object] = order if isinstance(order, dict) else event
    kind, happened = str(event.get("e", "")), str(about.get("x", ""))
    return Message(
        place=Place.EVENT,
        names=(kind, f"{kind}/{happened}") if happened else (kind,),
        market=market,
        text=text,
        account=account,
        symbol=str(about.get("s", "")),
        orders=tuple(str(about[name]) for name in _EVENT_IDS if about.get(name)),
        line=line,
    )
