"""Streams that the venue makes from what it sent: klines, top levels, 24-hour tickers, and trades as aggregates.

They are computed on a timer, from the same view that REST answers from, and sent when they have changed.
Source: https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams#detailed-stream-information
"""

import re
from collections.abc import Mapping
from typing import Protocol

import msgspec

from connectors.embedded.market import Market, fixed_text
from connectors.embedded.tape import INTERVALS_MS, Candle, cut, signed
from connectors.embedded.view import MarketView
from connectors.embedded.wire import decode_trade
from core.codec import UNREADABLE

_NAME = re.compile(
    r"(?P<symbol>[a-z0-9_]+)@"
    r"(?:kline_(?P<interval>\w+)|depth(?P<levels>5|10|20)(?:@\d+ms)?|(?P<kind>miniTicker|ticker))"
)
_SECOND_NS = 1_000_000_000


Event = dict[str, object]


def aggregate_of(data: bytes) -> bytes:
    """Rewrite a `trade` event as the `aggTrade` of itself; one that does not decode stays as it is."""
    try:
        trade = decode_trade(data)
        event = msgspec.json.decode(data, type=dict[str, object])
    except UNREADABLE:
        return data
    aggregate: Event = {
        "e": "aggTrade",
        "E": event.get("E"),
        "s": event.get("s"),
        "a": trade.trade_id,
        "p": trade.price,
        "q": trade.quantity,
        "f": trade.trade_id,
        "l": trade.trade_id,
        "T": trade.time_ms,
        "m": trade.buyer_is_maker,
    }
    return msgspec.json.encode(aggregate if trade.spot_mark is None else {**aggregate, "M": trade.spot_mark})


class Derived(Protocol):
    """Who makes streams: asked for each name that somebody subscribed to and no source serves."""

    market: Market

    def update(self, name: str, now_ns: int) -> bytes | None:
        """Return the event that is due on a stream, or None."""


class DerivedStreams:
    """The derived streams of one market; remembers what it sent last, to send only what is new."""

    def __init__(self, market: Market, views: Mapping[str, MarketView]) -> None:
        """Derive from the symbols' views."""
        self.market = market
        self._views = views
        self._sent: dict[str, Event] = {}
        self._due_ns: dict[str, int] = {}
        self._kline_open_ms: dict[str, int] = {}

    def update(self, name: str, now_ns: int) -> bytes | None:
        """Return the next event of a subscribed stream, None if it is none of these, not due, or unchanged."""
        match = _NAME.fullmatch(name)
        view = self._views.get(match["symbol"].upper()) if match else None
        if match is None or view is None or now_ns < self._due_ns.get(name, 0):
            return None
        if match["levels"]:
            period_ns, event = _SECOND_NS // 10, self._top(view, int(match["levels"]))
        elif match["interval"]:
            period_ns, event = self._kline(view, match["interval"], name)
        else:
            period_ns, event = _SECOND_NS, _day(view, full=match["kind"] == "ticker")
        if not event or event == self._sent.get(name):
            return None
        self._sent[name] = event
        self._due_ns[name] = now_ns + period_ns
        return msgspec.json.encode({**event, "E": now_ns // 1_000_000} if "e" in event else event)

    def _top(self, view: MarketView, levels: int) -> Event:
        depth = view.depth(levels)
        if self.market is Market.SPOT:
            return {"lastUpdateId": depth.last_update_id, "bids": depth.bids, "asks": depth.asks}
        last = depth.last_update_id
        ids: Event = {"T": depth.transaction_ms, "s": view.listing.symbol, "U": last, "u": last, "pu": last}
        return {"e": "depthUpdate", "E": 0, **ids, "b": depth.bids, "a": depth.asks}

    def _kline(self, view: MarketView, interval: str, name: str) -> tuple[int, Event]:
        """Return the kline that is open, or, at once, one that has closed since it was sent last."""
        candles = view.tape().candles(interval) if interval in INTERVALS_MS else []
        known_ms = self._kline_open_ms.get(name)
        fresh = candles[-1:] if known_ms is None else [candle for candle in candles if candle.open_ms >= known_ms]
        if not fresh:
            return 0, {}
        closed = len(fresh) > 1
        self._kline_open_ms[name] = fresh[1 if closed else 0].open_ms
        # Documented update speed: every second for 1s, every two for the others.
        period_ns = 0 if closed else _SECOND_NS if interval == "1s" else 2 * _SECOND_NS
        return period_ns, _kline_event(view, fresh[0], interval, closed=closed)


def _kline_event(view: MarketView, candle: Candle, interval: str, *, closed: bool) -> Event:
    price, quantity = view.listing.wire_decimals
    kline = {
        "t": candle.open_ms,
        "T": candle.open_ms + INTERVALS_MS[interval] - 1,
        "s": view.listing.symbol,
        "i": interval,
        "f": candle.first_trade_id,
        "L": candle.last_trade_id,
        "o": cut(candle.open, price),
        "c": cut(candle.close, price),
        "h": cut(candle.high, price),
        "l": cut(candle.low, price),
        "v": cut(candle.volume, quantity),
        "n": candle.trades,
        "x": closed,
        "q": fixed_text(candle.turnover, 8),
        "V": cut(candle.taker_buy_volume, quantity),
        "Q": fixed_text(candle.taker_buy_turnover, 8),
        "B": "0",
    }
    return {"e": "kline", "E": 0, "s": view.listing.symbol, "k": kline}


def _day(view: MarketView, *, full: bool) -> Event:
    price, quantity = view.listing.wire_decimals
    day, recent, best = view.tape().day(), view.tape().recent, view.ticker()
    event: Event = {
        "e": "24hrTicker" if full else "24hrMiniTicker",
        "E": 0,
        "s": view.listing.symbol,
        "c": cut(day.close, price),
        "o": cut(day.open, price),
        "h": cut(day.high, price),
        "l": cut(day.low, price),
        "v": cut(day.volume, quantity),
        "q": fixed_text(day.turnover, 8),
    }
    if not full or not recent:
        return event
    return event | {
        "p": signed(day.close - day.open, price),
        "P": signed(day.change_ppm * 10_000, 3),
        "w": cut(day.mean_price, price),
        "x": cut(day.open, price),
        "Q": cut(recent[-1].quantity, quantity),
        "b": best.bid,
        "B": best.bid_quantity,
        "a": best.ask,
        "A": best.ask_quantity,
        "O": day.open_ms,
        "C": recent[-1].time_ms,
        "F": day.first_trade_id,
        "L": day.last_trade_id,
        "n": day.trades,
    }
