"""The mark price streams: `<symbol>@markPrice`, `<symbol>@markPrice@1s`, `!markPrice@arr`, made by the exchange.

Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams/Mark-Price-Stream
"""

import re

import msgspec

from connectors.embedded.exchange.usdm.exchange import UsdmExchange
from connectors.embedded.market import Market

_NAME = re.compile(r"(?:(?P<symbol>[a-z0-9_]+)@markPrice|!markPrice@arr)(?P<fast>@1s)?")
_SECOND_NS = 1_000_000_000


class MarkStreams:
    """Asked for every stream that is subscribed to and that no source serves; "Update Speed: 3000ms or 1000ms"."""

    market = Market.USDM

    def __init__(self, exchange: UsdmExchange) -> None:
        """Tell the exchange's mark prices."""
        self._exchange = exchange
        self._due_ns: dict[str, int] = {}

    def update(self, name: str, now_ns: int) -> bytes | None:
        """Return the event that is due on a stream, None where it is not due or no mark price stream."""
        match = _NAME.fullmatch(name)
        symbol = (match["symbol"] or "").upper() if match else ""
        symbols = self._exchange.state.symbols
        if match is None or (symbol and symbol not in symbols) or now_ns < self._due_ns.get(name, 0):
            return None
        self._due_ns[name] = now_ns + _SECOND_NS * (1 if match["fast"] else 3)
        self._exchange.follow(symbol)
        if symbol:
            return msgspec.json.encode(self._exchange.public.mark_event(symbol))
        return msgspec.json.encode([self._exchange.public.mark_event(each) for each in symbols])
