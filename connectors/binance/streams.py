"""From subscribed streams to topics, and from lines to the venue's being connected."""

from collections.abc import Mapping, Sequence

from connectors.binance import parse
from connectors.binance.book import BookTopic
from connectors.binance.counters import Counters
from connectors.binance.requests import StreamName
from connectors.binance.settings import BinanceSettings
from connectors.binance.topics import BarTopic, MarkTopic, QuoteTopic, Topic, TopicSpec, TradeTopic, feed_event
from connectors.stream.actions import Action
from core.events import FeedState
from core.instruments import Instrument
from core.records import NO_INSTRUMENT, Event

_NS = 1_000_000_000


class VenueLink:
    """Whether a venue is connected: when all of its lines are."""

    def __init__(self, venue: str, lines: int) -> None:
        """Start with no line open."""
        self.venue = venue
        self._lines = lines
        self._open = 0

    def opened(self, now_ns: int) -> list[Event]:
        """Count a line as open; the last one connects the venue."""
        self._open += 1
        if self._open < self._lines:
            return []
        return [feed_event(self.venue, NO_INSTRUMENT, now_ns, "", FeedState.CONNECTED)]

    def closed(self, now_ns: int, reason: str) -> list[Event]:
        """Count a line as closed; the first one disconnects the venue."""
        self._open -= 1
        if self._open != self._lines - 1:
            return []
        return [feed_event(self.venue, NO_INSTRUMENT, now_ns, "", FeedState.DISCONNECTED, reason)]


def make_topics(
    settings: BinanceSettings,
    streams: Sequence[StreamName],
    instruments: Mapping[int, Instrument],
    pool: parse.UnitsPool,
    counters: Counters,
    actions: list[Action],
) -> dict[bytes, Topic]:
    """Return one topic a stream, by the name that its frames carry; `instruments` are rules by index."""
    market = settings.market
    index_of = {rules.symbol: index for index, rules in instruments.items()}
    topics: dict[bytes, Topic] = {}
    for stream in streams:
        index = index_of[stream.symbol]
        rules = instruments[index]
        spec = _spec(settings, stream, index)
        topic: Topic
        match stream.channel:
            case "quotes":
                topic = QuoteTopic(spec, counters, market, rules, pool)
            case "trades":
                topic = TradeTopic(spec, counters, market, rules, pool)
            case "bars":
                topic = BarTopic(spec, counters, parse.bar_parser(index, rules, pool))
            case "marks":
                topic = MarkTopic(spec, counters, rules)
            case _:
                deltas = parse.depth_parser(market, index, rules, pool)
                topic = BookTopic(spec, counters, deltas, parse.snapshot_parser(index, rules, pool), actions)
        topics[stream.name.encode()] = topic
    return topics


def _spec(settings: BinanceSettings, stream: StreamName, index: int) -> TopicSpec:
    """Return which stream a topic is."""
    bounds_s = {
        "quotes": settings.quotes_stale_s,
        "trades": settings.trades_stale_s,
        "book": settings.book_stale_s,
        "bars": settings.bars_stale_s,
        "marks": settings.marks_stale_s,
    }
    return TopicSpec(
        venue=settings.venue,
        stream=stream.name,
        channel=stream.channel,
        symbol=stream.symbol,
        index=index,
        bound_ns=int(bounds_s[stream.channel] * _NS),
    )
