"""One stream of one instrument: its order, its duplicates, its silence. The book has its own file, `book.py`.

A topic also knows how to take the same stream from two connections at once, while one is being replaced by another
("make before break"). Each connection delivers its part of the stream complete and in order, so a frame of the joining
connection may be taken exactly when the frame before it on that connection is not newer than the last one taken:
then nothing lies between. Until that is so, the joining connection's frames are left to the old one to deliver.
"""

from collections.abc import Callable

import msgspec

from connectors.binance import parse
from connectors.binance.counters import Counters
from connectors.binance.settings import Market
from connectors.errors import MalformedMessage
from core.events import FeedChanged, FeedState, RawReceived
from core.instruments import Instrument
from core.records import NOT_MARKET, SELL_AGGRESSOR, Event, Kind

RAW_BYTES_MAX = 65_536
"""How much of a frame that could not become an event is kept."""

_QUOTE = int(Kind.QUOTE)
_TRADE = int(Kind.TRADE)
_NS = 1_000_000_000
_MEAN_FROM_FRAMES = 5
_STALE_MEAN_GAPS = 20  # a stream is late when silent for this many times its mean interval, if that is longer
_STALE_MAX_NS = 3600 * _NS
_REBUILD_AFTER = 6  # times its bound, then the connection is replaced
_RESTART_NS = 1 * _NS


def feed_event(venue: str, index: int, now_ns: int, channel: str, state: FeedState, reason: str = "") -> Event:
    """Return the event of a feed's change."""
    change = FeedChanged(venue=venue, state=state, channel=channel, reason=reason)
    return (int(Kind.FEED), 0, index, now_ns, 0, change, 0, 0, 0, 0)


def raw_event(venue: str, index: int, now_ns: int, reason: str, data: bytes, total_bytes: int = -1) -> Event:
    """Return the event that keeps bytes as they came, cut to RAW_BYTES_MAX. -1: `data` is all there was."""
    total = len(data) if total_bytes < 0 else total_bytes
    kept = RawReceived(venue=venue, reason=reason, data=bytes(data[:RAW_BYTES_MAX]), total_bytes=total)
    return (int(Kind.RAW), 0, index, now_ns, 0, kept, 0, 0, 0, 0)


class TopicSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Which stream a topic is. `bound_ns`: silence for which it is called stale, unless it is a slower one."""

    venue: str
    stream: str
    channel: str
    symbol: str
    index: int
    bound_ns: int


class Topic:
    """What every stream has: when it was last heard, whether it is fresh, the last id taken from it."""

    __slots__ = (
        "bound_ns", "channel", "counters", "earlier_frames", "forgiving", "frames", "fresh", "index",
        "joining_id", "last_id", "last_ns", "opened_ns", "patience_ns", "rebuilds", "stale", "stream", "venue",
    )  # fmt: skip

    def __init__(self, spec: TopicSpec, counters: Counters) -> None:
        """Start unheard."""
        self.venue = spec.venue
        self.stream = spec.stream
        self.channel = spec.channel
        self.index = spec.index
        self.bound_ns = spec.bound_ns
        self.counters = counters
        self.last_id = 0  # of the last frame taken; 0 before the first
        self.last_ns = 0
        self.opened_ns = 0
        self.frames = 0  # since the connection opened
        self.earlier_frames = 0  # before that
        self.fresh = False
        self.stale = False  # reported as such
        self.forgiving = False  # two connections overlap, or did a moment ago: repeats are expected
        self.joining_id = -1  # of the last frame from the joining connection, -1 before the first
        self.patience_ns = spec.bound_ns * _REBUILD_AFTER
        self.rebuilds = spec.channel in {"quotes", "book"}  # a quiet tape is normal, a quiet book is not

    def receive(self, frame: bytes, recv_ns: int, out: list[Event]) -> None:
        """Add the events of a frame from the connection in charge to `out`, or raise what `parse.MALFORMED` names."""
        raise NotImplementedError

    def last_id_of(self, frame: bytes) -> tuple[int, bool]:
        """Return a frame's last id, and whether it directly follows what was taken. Raises as `receive` does."""
        raise NotImplementedError

    def receive_joining(self, frame: bytes, recv_ns: int, out: list[Event]) -> None:
        """Add the events of a frame from the joining connection where nothing can be missing before it."""
        before, (number, follows) = self.joining_id, self.last_id_of(frame)
        self.joining_id = max(number, before)
        covered = 0 <= before <= self.last_id
        if number > self.last_id and (covered or follows or self.stale):
            self.receive(frame, recv_ns, out)
        else:
            self.counters.overlaps += 1

    @property
    def joined(self) -> bool:
        """Whether the old connection can go without a loss on this stream."""
        return self.joining_id <= self.last_id

    def open(self, now_ns: int) -> None:
        """Begin on a new connection."""
        self.opened_ns = self.last_ns = now_ns
        self.earlier_frames += self.frames
        self.frames = 0
        self.joining_id = -1
        self.forgiving = False

    def close(self, now_ns: int, reason: str) -> list[Event]:
        """Say that nothing more comes until the next connection."""
        if self.stale:
            return []
        self.fresh, self.stale = False, True
        return [feed_event(self.venue, self.index, now_ns, self.channel, FeedState.STALE, reason)]

    def malformed(self, now_ns: int) -> list[Event]:
        """Return what follows from a frame of this stream that could not be read."""
        return []

    def freshen(self, recv_ns: int) -> Event:
        """Say that the stream is heard again, or for the first time."""
        self.fresh, self.stale = True, False
        self.patience_ns = self.bound_ns * _REBUILD_AFTER
        return feed_event(self.venue, self.index, recv_ns, self.channel, FeedState.FRESH)

    def check(self, now_ns: int) -> tuple[list[Event], str]:
        """Return a STALE event where the stream has just become late, and why to rebuild the connection, if so."""
        self.last_ns = min(self.last_ns, now_ns)  # the clock was set back
        silent = now_ns - self.last_ns
        bound = self.bound_ns
        if self.frames >= _MEAN_FROM_FRAMES:
            mean = (self.last_ns - self.opened_ns) // self.frames
            bound = max(bound, min(mean * _STALE_MEAN_GAPS, _STALE_MAX_NS))
        if silent <= bound:
            return [], ""
        events = []
        if not self.stale:
            self.fresh, self.stale = False, True
            self.counters.stales += 1
            why = f"{self.stream} silent for {silent / _NS:.1f} s"
            events.append(feed_event(self.venue, self.index, now_ns, self.channel, FeedState.STALE, why))
        if not self.rebuilds or silent <= max(self.patience_ns, bound):
            return events, ""
        # Patience doubles, so that a halted symbol does not rebuild the connection for ever.
        self.patience_ns = min(2 * max(self.patience_ns, silent), _STALE_MAX_NS)
        return events, f"{self.stream} silent for {silent / _NS:.1f} s on a live connection"

    def repeated(self, frame: bytes, recv_ns: int, what: str, out: list[Event]) -> None:
        """Count a frame that was there before; keep it raw unless an overlap explains it."""
        if self.forgiving:
            self.counters.overlaps += 1
            return
        self.counters.duplicates += 1
        out.append(raw_event(self.venue, self.index, recv_ns, f"duplicate {what}", frame))


class QuoteTopic(Topic):
    """`@bookTicker`: the best bid and ask, each with the id of the book update behind it."""

    __slots__ = ("_decode", "_last", "_prices", "_quantities", "_symbol")

    def __init__(
        self, spec: TopicSpec, counters: Counters, market: Market, rules: Instrument, pool: parse.UnitsPool
    ) -> None:
        """Read frames of `market` in the units of `rules`."""
        super().__init__(spec, counters)
        self._symbol = spec.symbol
        self._decode = parse.quote_decoder(market)
        self._prices = pool.positive(rules.price_precision)
        self._quantities = pool.positive(rules.size_precision)
        self._last: Event | None = None

    def receive(self, frame: bytes, recv_ns: int, out: list[Event]) -> None:
        data = self._decode(frame).data
        if data.symbol != self._symbol:
            raise MalformedMessage(f"{self._symbol}'s stream carries {data.symbol!r}")
        prices, quantities = self._prices, self._quantities
        update_id = data.update_id
        event = (
            _QUOTE, 0, self.index, recv_ns, data.event_ms * parse.NS_PER_MS,
            prices[data.bid_price], quantities[data.bid_quantity],
            prices[data.ask_price], quantities[data.ask_quantity], update_id,
        )  # fmt: skip
        if update_id <= self.last_id and not self._is_change(event):
            self.repeated(frame, recv_ns, f"bookTicker {update_id}", out)
            return
        self.last_id = update_id
        self.last_ns = recv_ns
        self.frames += 1
        self._last = event
        if not self.fresh:
            out.append(self.freshen(recv_ns))
        out.append(event)

    def last_id_of(self, frame: bytes) -> tuple[int, bool]:
        return self._decode(frame).data.update_id, False

    def open(self, now_ns: int) -> None:
        """Take the venue's ids as they come: a quote replaces all before it, whatever its number."""
        super().open(now_ns)
        self.last_id = 0

    def _is_change(self, event: Event) -> bool:
        """Whether an event with the last id again says something else than the last did."""
        return self._last is not None and event[9] == self.last_id and event[5:9] != self._last[5:9]


class TradeTopic(Topic):
    """`@trade`: every trade, its id one more than the one before."""

    __slots__ = ("_any_prices", "_any_quantities", "_decode", "_last_trade_ns", "_prices", "_quantities", "_symbol")

    def __init__(
        self, spec: TopicSpec, counters: Counters, market: Market, rules: Instrument, pool: parse.UnitsPool
    ) -> None:
        """Read frames of `market` in the units of `rules`."""
        super().__init__(spec, counters)
        self._symbol = spec.symbol
        self._decode = parse.trade_decoder(market)
        self._prices = pool.positive(rules.price_precision)
        self._quantities = pool.positive(rules.size_precision)
        self._any_prices = pool.unsigned(rules.price_precision)
        self._any_quantities = pool.unsigned(rules.size_precision)
        self._last_trade_ns = 0

    def receive(self, frame: bytes, recv_ns: int, out: list[Event]) -> None:
        data = self._decode(frame).data
        if data.symbol != self._symbol:
            raise MalformedMessage(f"{self._symbol}'s stream carries {data.symbol!r}")
        flags = SELL_AGGRESSOR if data.buyer_is_maker else 0  # "m": is the buyer the market maker? Then the seller took
        if data.order_type == "MARKET":
            price, quantity = self._prices[data.price], self._quantities[data.quantity]
        else:  # INSURANCE_FUND, ADL, NA: no trade of the book, and its price may be "0"
            price, quantity = self._any_prices[data.price], self._any_quantities[data.quantity]
            flags |= NOT_MARKET
        trade_id, trade_ns = data.trade_id, data.trade_ms * parse.NS_PER_MS
        if trade_id != self.last_id + 1 and self.last_id:
            if trade_id <= self.last_id and trade_ns <= self._last_trade_ns + _RESTART_NS:
                self.repeated(frame, recv_ns, f"trade {trade_id}", out)
                return
            out.append(self._gap(trade_id, recv_ns))
        self.last_id = trade_id
        self.last_ns = recv_ns
        self.frames += 1
        self._last_trade_ns = trade_ns
        if not self.fresh:
            out.append(self.freshen(recv_ns))
        out.append((_TRADE, flags, self.index, recv_ns, trade_ns, price, quantity, trade_id, 0, 0))

    def last_id_of(self, frame: bytes) -> tuple[int, bool]:
        trade_id = self._decode(frame).data.trade_id
        return trade_id, trade_id == self.last_id + 1

    def _gap(self, trade_id: int, recv_ns: int) -> Event:
        """Return the alarm that trades are missing. It is an alarm, not a state: the trade that shows it follows."""
        self.counters.gaps += 1
        if trade_id > self.last_id:
            reason = f"trades gap {self.last_id + 1}..{trade_id - 1}"
        else:  # an older id on a newer trade: the venue began to count again
            reason = f"trade ids went back from {self.last_id} to {trade_id}"
        return feed_event(self.venue, self.index, recv_ns, self.channel, FeedState.OUT_OF_SYNC, reason)


class BarTopic(Topic):
    """`@kline_<interval>`: bars of the venue's own making, taken when closed."""

    __slots__ = ("_parse",)

    def __init__(self, spec: TopicSpec, counters: Counters, parse: Callable[[bytes, int], Event | None]) -> None:
        """Read frames with `parse`."""
        super().__init__(spec, counters)
        self._parse = parse

    def receive(self, frame: bytes, recv_ns: int, out: list[Event]) -> None:
        event = self._parse(frame, recv_ns)
        self.last_ns = recv_ns
        self.frames += 1
        if not self.fresh:
            out.append(self.freshen(recv_ns))
        if event is None:
            self.counters.ignored += 1
        elif event[4] <= self.last_id:
            self.repeated(frame, recv_ns, f"bar of {event[4]}", out)
        else:
            self.last_id = event[4]
            out.append(event)

    def last_id_of(self, frame: bytes) -> tuple[int, bool]:
        event = self._parse(frame, 0)
        return (self.last_id if event is None else event[4]), False


class MarkTopic(Topic):
    """`@markPrice@1s`: what the venue values a contract at, told by time, the newest alone counts."""

    __slots__ = ("_parse",)

    def __init__(self, spec: TopicSpec, counters: Counters, rules: Instrument) -> None:
        """Read frames in the units of `rules`."""
        super().__init__(spec, counters)
        self._parse = parse.mark_parser(spec.index, rules)

    def receive(self, frame: bytes, recv_ns: int, out: list[Event]) -> None:
        event = self._parse(frame, recv_ns)
        if event[4] <= self.last_id:
            self.repeated(frame, recv_ns, f"mark price of {event[4]}", out)
            return
        self.last_id = event[4]
        self.last_ns = recv_ns
        self.frames += 1
        if not self.fresh:
            out.append(self.freshen(recv_ns))
        out.append(event)

    def last_id_of(self, frame: bytes) -> tuple[int, bool]:
        return self._parse(frame, 0)[4], False
