"""Every decision about one connection line of Binance market data, from bytes and a time passed in.

Pure: no socket, no clock. The transport hands in frames, snapshot bodies, the opening and closing of connections and
the passing of time; it gets back events for the core, and finds in `take_actions` what it should do.
"""

from collections.abc import Mapping, Sequence

import msgspec

from connectors.base import TopicStats
from connectors.binance import messages, parse
from connectors.binance.book import BookTopic
from connectors.binance.counters import Counters
from connectors.binance.requests import StreamName
from connectors.binance.settings import BinanceSettings
from connectors.binance.streams import VenueLink, make_topics
from connectors.binance.topics import Topic, raw_event
from connectors.stream.actions import Action, Reconnect, Rotate, SendPing
from core.instruments import Instrument
from core.records import NO_INSTRUMENT, Event

_NS = 1_000_000_000
_JOIN_GRACE_NS = 3 * _NS  # what the old connection had in flight when the new one opened has arrived by then
_JOIN_LIMIT_NS = 60 * _NS
_JOIN_RETRY_NS = 15 * _NS
_FORGIVE_NS = 10 * _NS  # how long after a change of connection repeats are expected
_SHUTDOWN = "serverShutdown"

_NAME_AT = len(b'{"stream":"')
_AFTER_NAME = b'","data":{'

_decode_other = msgspec.json.Decoder(messages.OtherFrame).decode


class MarketSession:
    """One line: the streams that share a connection, over all of its connections."""

    def __init__(
        self,
        settings: BinanceSettings,
        streams: Sequence[StreamName],
        instruments: Mapping[int, Instrument],
        link: VenueLink | None = None,
        pool: parse.UnitsPool | None = None,
    ) -> None:
        """Follow `streams` of `instruments` (rules by index); `link` and `pool` are shared by the venue's lines."""
        self.venue = settings.venue
        self.counters = Counters(raw={})
        self.opens = 0  # connections so far, those that joined not counted
        self.last_bytes_ns = 0  # the transport notes when it read anything at all, pings included
        self._settings = settings
        self._link = link or VenueLink(settings.venue, 1)
        self._actions: list[Action] = []
        self._topics = make_topics(
            settings, streams, instruments, pool or parse.UnitsPool(), self.counters, self._actions
        )
        self._heads, self._head_end = _heads(self._topics)
        self._books = {topic.index: topic for topic in self._topics.values() if isinstance(topic, BookTopic)}
        self._open = False
        self._opened_ns = 0
        self._pinged_ns = 0
        self._shutdown = False  # the venue announced that it will end the connection
        self._rotating = False
        self._rotate_from_ns = 0  # not before: the last attempt failed
        self._joining_ns = 0  # when the joining connection opened, 0 without one
        self._switched_ns = 0

    def receive(self, frames: Sequence[bytes], recv_ns: int) -> list[Event]:
        """Return the events of frames of the connection in charge, in order. Never raises, accounts for every frame."""
        out: list[Event] = []
        find, end = self._heads.get, self._head_end
        for frame in frames:
            topic = find(frame[_NAME_AT:end]) or self._find_topic(frame)
            if topic is None:
                self._receive_other(frame, recv_ns, out)
                continue
            try:
                topic.receive(frame, recv_ns, out)
            except parse.MALFORMED as error:
                self._keep_raw(topic, frame, recv_ns, error, out)
                out += topic.malformed(recv_ns)
        return out

    def receive_joining(self, frames: Sequence[bytes], recv_ns: int) -> list[Event]:
        """Return the events of frames of the connection that is about to take over. Never raises."""
        out: list[Event] = []
        for frame in frames:
            topic = self._find_topic(frame)
            if topic is None:
                self._receive_other(frame, recv_ns, out)
                continue
            try:
                topic.receive_joining(frame, recv_ns, out)
            except parse.MALFORMED as error:
                self._keep_raw(topic, frame, recv_ns, error, out)
        return out

    def on_open(self, now_ns: int) -> list[Event]:
        """Begin on a new connection, all streams subscribed by its URL."""
        self._open = True
        self._start_clock(now_ns)
        self.opens += 1
        for topic in self._topics.values():
            topic.open(now_ns)
        return self._link.opened(now_ns)

    def on_close(self, now_ns: int, reason: str) -> list[Event]:
        """End with the connection: nothing is fresh, no book in sync."""
        if not self._open:
            return []
        self._open = False
        self._joining_ns = 0
        self._actions.clear()
        self.counters.closes += 1
        events = self._link.closed(now_ns, reason)
        for topic in self._topics.values():
            events += topic.close(now_ns, reason)
        return events

    def on_joining_open(self, now_ns: int) -> None:
        """Begin to take from two connections at once."""
        self._joining_ns = now_ns
        for topic in self._topics.values():
            topic.joining_id = -1
            topic.forgiving = True

    def on_joining_lost(self, now_ns: int) -> None:
        """Go on with the old connection alone; try again after a while."""
        self._joining_ns = 0
        self._rotating = False
        self._rotate_from_ns = now_ns + _JOIN_RETRY_NS
        self._switched_ns = now_ns

    def may_switch(self, now_ns: int) -> bool:
        """Whether the old connection can be left: nothing is lost, or it took too long."""
        if not self._joining_ns:
            return False
        age_ns = now_ns - self._joining_ns
        if age_ns > _JOIN_LIMIT_NS:
            return True
        return age_ns > _JOIN_GRACE_NS and all(topic.joined for topic in self._topics.values())

    def on_switched(self, now_ns: int) -> None:
        """Go on with the joining connection alone."""
        self._start_clock(now_ns)
        self._switched_ns = now_ns
        self.counters.rotations += 1

    def on_snapshot(self, index: int, body: bytes, now_ns: int) -> list[Event]:
        """Return the events of a book snapshot: its levels, the deltas since, SYNCED."""
        return self._books[index].snapshot(body, now_ns) if self._open else []

    def on_snapshot_failed(self, index: int, now_ns: int, reason: str, body: bytes = b"") -> list[Event]:
        """Ask again later; keep what the venue answered, if anything."""
        if not self._open:
            return []
        self._books[index].snapshot_failed(now_ns)
        if not body:
            return []
        self.counters.count_raw("snapshot")
        return [raw_event(self.venue, index, now_ns, f"snapshot refused: {reason}", body)]

    def on_resync_needed(self, index: int, now_ns: int, reason: str) -> list[Event]:
        """Withhold a book that the core found wrong, and build it anew."""
        book = self._books.get(index)
        return book.resync(now_ns, reason) if book is not None and self._open else []

    def on_oversized(self, data: bytes, total_bytes: int, now_ns: int) -> list[Event]:
        """Keep the beginning of a frame too large to take; the connection cannot go on after it."""
        self.counters.count_raw("too large")
        reason = f"frame of {total_bytes} bytes is too large"
        return [raw_event(self.venue, NO_INSTRUMENT, now_ns, reason, data, total_bytes)]

    def on_time(self, now_ns: int) -> list[Event]:
        """Return what silence means: stale streams, and in the actions, pings and changes of connection."""
        if not self._open:
            return []
        events: list[Event] = []
        late = ""
        for topic in self._topics.values():
            news, why = topic.check(now_ns)
            events += news
            late = late or why
        for book in self._books.values():
            book.tend(now_ns)
        if self._switched_ns and now_ns - self._switched_ns > _FORGIVE_NS:
            self._switched_ns = 0
            for topic in self._topics.values():
                topic.forgiving = False
        self._tend_connection(now_ns, late)
        return events

    def take_actions(self) -> list[Action]:
        """Return what the transport should do, each action once."""
        if not self._actions:
            return []
        taken = self._actions[:]
        self._actions.clear()
        return taken

    def topic_stats(self, now_ns: int) -> list[TopicStats]:
        """Return the state of every stream, in order of subscription."""
        return [
            TopicStats(
                stream=topic.stream,
                channel=topic.channel,
                frames=topic.earlier_frames + topic.frames,
                age_ns=now_ns - topic.last_ns if topic.earlier_frames + topic.frames else -1,
                fresh=topic.fresh,
            )
            for topic in self._topics.values()
        ]

    def _find_topic(self, frame: bytes) -> Topic | None:
        """Return the topic that a frame names, whatever its spaces and order of keys; None for no topic of ours."""
        pieces = frame.split(b'"', 4)
        if len(pieces) == 5 and pieces[1] == b"stream":
            return self._topics.get(pieces[3])
        try:
            return self._topics.get(_decode_other(frame).stream.encode())
        except parse.MALFORMED:
            return None  # `_receive_other` meets the same error, and keeps the frame

    def _receive_other(self, frame: bytes, recv_ns: int, out: list[Event]) -> None:
        """Account for a frame on no stream of ours: the venue's notices and replies, or something unknown."""
        try:
            other = _decode_other(frame)
        except parse.MALFORMED as error:
            self._keep_raw(None, frame, recv_ns, error, out)
            return
        if other.event == _SHUTDOWN or (other.data is not None and other.data.event == _SHUTDOWN):
            self.counters.ignored += 1
            self._shutdown = True
            self._rotate(_SHUTDOWN, recv_ns)
            return
        if other.id is not None and other.error is None and not other.code:
            self.counters.ignored += 1
            return
        if other.stream:
            why, detail = "unknown stream", other.stream
        elif other.code or other.error is not None:
            refusal = other.error or messages.RestError(other.code, other.msg)
            why, detail = "error from the venue", f"{refusal.code} {refusal.msg}"
        else:
            why, detail = "not a combined-stream frame", ""
        self.counters.count_raw(why)
        reason = f"{why}: {detail[:100]}" if detail else why
        out.append(raw_event(self.venue, NO_INSTRUMENT, recv_ns, reason, frame))

    def _keep_raw(self, topic: Topic | None, frame: bytes, recv_ns: int, error: Exception, out: list[Event]) -> None:
        """Keep a frame that could not be read as it came."""
        index = topic.index if topic else NO_INSTRUMENT
        where = topic.channel if topic else "frame"
        self.counters.count_raw(f"malformed {where}")
        out.append(raw_event(self.venue, index, recv_ns, f"malformed {where}: {str(error)[:200]}", frame))

    def _start_clock(self, now_ns: int) -> None:
        """Note the beginning of a connection."""
        self._opened_ns = self.last_bytes_ns = now_ns
        self._pinged_ns = 0
        self._shutdown = self._rotating = False
        self._joining_ns = self._rotate_from_ns = 0

    def _rotate(self, reason: str, now_ns: int) -> None:
        """Ask for another connection, once at a time."""
        if not self._rotating and now_ns >= self._rotate_from_ns:
            self._rotating = True
            self._actions.append(Rotate(reason))

    def _tend_connection(self, now_ns: int, late: str) -> None:
        """Ping a silent connection, leave a dead one, replace an old one or one that lost a stream."""
        settings = self._settings
        ping_ns = int(settings.ping_after_s * _NS)
        self.last_bytes_ns = min(self.last_bytes_ns, now_ns)  # the clock was set back
        silent = now_ns - self.last_bytes_ns
        if self.last_bytes_ns > self._pinged_ns:
            self._pinged_ns = 0  # something came since
        if silent >= ping_ns:
            if not self._pinged_ns:
                self._pinged_ns = now_ns
                self._actions.append(SendPing())
            elif now_ns - self._pinged_ns > ping_ns:
                self._actions.append(Reconnect(f"no byte for {silent / _NS:.0f} s, ping unanswered"))
                return
        if self._shutdown:
            self._rotate(_SHUTDOWN, now_ns)
        elif late:
            self._rotate(late, now_ns)
        elif now_ns - self._opened_ns > int(settings.rotate_after_s * _NS):
            self._rotate("the venue ends a connection after 24 hours", now_ns)


def _heads(topics: Mapping[bytes, Topic]) -> tuple[dict[bytes, Topic], int]:
    """Return the topics by the bytes at which frames begin to differ, all of one length, and where those bytes end.

    `{"stream":"btcusdt@trade","data":{...}}`: one slice of the frame, from the name on and as long as the longest name,
    is the whole name and a part of what always follows it; so the slice finds the topic without looking for the
    name's end. Names too short for what is known to follow are left to the slower way.
    """
    width = max((len(name) for name in topics), default=0) + 1
    known = {name + _AFTER_NAME: topic for name, topic in topics.items()}
    return {head[:width]: topic for head, topic in known.items() if len(head) >= width}, _NAME_AT + width
