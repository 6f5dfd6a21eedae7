"""Recorded Binance frames (`<receive time, ns> <frame>` lines, gzip or plain) to a history.

The frames go through the connector's own session, so the events are those of a live session on the same frames, at the
receive times of the recording. What a live session asks of its venue a recording cannot answer: a book that lost its
order stays withheld until the recording's next depth snapshot.
"""

import heapq
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from connectors.binance.instruments import find_symbol, read_exchange_info, to_instrument
from connectors.binance.messages import SymbolInfo
from connectors.binance.requests import StreamName
from connectors.binance.session import MarketSession
from connectors.binance.settings import BinanceSettings
from connectors.binance.settings import Market as BinanceMarket
from connectors.embedded.errors import RecordingError
from connectors.embedded.exchange_info import spot_exchange_info, usdm_exchange_info
from connectors.embedded.frames import Frame
from connectors.embedded.market import Listing, Market, StreamKind, stream_kind
from connectors.embedded.recorded_file import (
    NO_STREAM,
    SNAPSHOT_LINE,
    RecordedFile,
    read_frames,
    survey_file,
    symbol_of,
)
from connectors.errors import ConnectorError
from connectors.stream.actions import SendPing
from core.instruments import Instrument
from core.records import Event, Kind
from journal.progress import Progress
from research.history.errors import BadRecording
from research.history.writing import HistoryWriter

_SECOND_NS = 1_000_000_000
_QUIET_S = 120  # seconds of silence that are lived through one by one; then every stream is stale, and it stays so
_CHANNELS = {StreamKind.TICKER: "quotes", StreamKind.TRADE: "trades", StreamKind.DEPTH: "book"}
_TELL_EVERY = 4096


class FramesSource(msgspec.Struct, frozen=True, kw_only=True, tag="frames"):
    """Recorded files, merged by receive time.

    `exchange_info` are the venue's own answers to GET exchangeInfo; a symbol that none of them lists gets the rules
    that the embedded venue infers from its frames. `market` overrides what the frames look like.
    """

    files: tuple[str, ...]
    exchange_info: tuple[str, ...] = ()
    market: Literal["", "spot", "usdm"] = ""
    spot_venue: str = "BINANCE"
    usdm_venue: str = "BINANCE-USDM"


def import_frames(source: FramesSource, history: HistoryWriter, progress: Progress | None = None) -> None:
    """Write the frames' events. Raises BadRecording, HistoryError, JournalError."""
    try:
        market = Market(source.market) if source.market else None
        files = [survey_file(Path(name), market, keep_bytes=0) for name in source.files]
        _write(files, source, history, progress)
    except RecordingError as error:
        raise BadRecording(str(error)) from error


def _write(
    files: Sequence[RecordedFile], source: FramesSource, history: HistoryWriter, progress: Progress | None
) -> None:
    """Write the events of surveyed files."""
    instruments, index_of = _instruments(files, source)
    venues = _venues(files, source, instruments, index_of)
    total = sum(file.frames + len(file.snapshots) for file in files)
    streams = [_FileFrames(file, index_of) for file in files]
    merged = heapq.merge(*streams, key=lambda frame: frame[0])
    for done, (now_ns, market, index, text) in enumerate(merged):
        if not done:
            history.begin(instruments, now_ns)
            for venue in venues.values():
                venue.open(now_ns)
        for venue in venues.values():
            history.extend(venue.pass_time(now_ns))
        history.extend(venues[market].take(index, text, now_ns))
        if progress is not None and done % _TELL_EVERY == 0:
            progress(done, total)
    for venue in venues.values():
        history.left_out.update(venue.left_out())
    if progress is not None:
        progress(total, total)


def _instruments(
    files: Sequence[RecordedFile], source: FramesSource
) -> tuple[list[Instrument], dict[tuple[Market, str], int]]:
    """Return the instruments by index, and the index of each market's symbols."""
    given = [_listed(Path(name)) for name in source.exchange_info]
    finest: dict[tuple[Market, str], Listing] = {}
    for file in files:
        for found in file.listings:
            known = finest.setdefault((found.market, found.symbol), found)
            finest[found.market, found.symbol] = msgspec.structs.replace(
                known,
                price_decimals=max(known.price_decimals, found.price_decimals),
                quantity_decimals=max(known.quantity_decimals, found.quantity_decimals),
            )
    instruments: list[Instrument] = []
    for (market, symbol), inferred in finest.items():
        venue = source.spot_venue if market is Market.SPOT else source.usdm_venue
        listed = next((symbols for symbols in given if symbol in symbols), None)
        try:
            if listed is None:
                make = spot_exchange_info if market is Market.SPOT else usdm_exchange_info
                listed = read_exchange_info(msgspec.json.encode(make([inferred], 0)))
            rules = find_symbol(listed, symbol, venue)
            instruments.append(to_instrument(rules, BinanceMarket(market.value), venue))
        except ConnectorError as error:
            raise BadRecording(f"{symbol} on {venue}: {error}") from error
    return instruments, {key: index for index, key in enumerate(finest)}


def _listed(path: Path) -> dict[str, SymbolInfo]:
    """Return the symbols of a file that holds the answer to GET exchangeInfo."""
    try:
        return read_exchange_info(path.read_bytes())
    except OSError as error:
        raise BadRecording(f"cannot read {path}: {error.strerror or error}") from error
    except ConnectorError as error:
        raise BadRecording(f"{path}: {error}; save the body of GET exchangeInfo as it came") from error


class _FileFrames:
    """The frames of one file as (receive time, market, instrument of a snapshot or -1, text)."""

    def __init__(self, file: RecordedFile, index_of: dict[tuple[Market, str], int]) -> None:
        self._file = file
        self._owners = [index_of[file.market, symbol] if symbol else -1 for symbol, _ in file.snapshots]

    def __iter__(self) -> Iterator[tuple[int, Market, int, bytes]]:
        market, owners = self._file.market, iter(self._owners)
        numbers = {name: number for number, name in enumerate(self._file.names)}
        for frame in read_frames(self._file.path, numbers):
            yield frame.at_ns, market, _owner(frame, owners), frame.text


def _owner(frame: Frame, owners: Iterator[int]) -> int:
    """Return the instrument whose snapshot a line is, -1 for a frame of a stream."""
    return next(owners) if frame.stream == SNAPSHOT_LINE else NO_STREAM


class _Venue:
    """One market's session, driven by the recording's clock."""

    def __init__(self, settings: BinanceSettings, streams: Sequence[StreamName], rules: dict[int, Instrument]) -> None:
        self._session = MarketSession(settings, streams, rules)
        self._checked_ns = 0

    def open(self, now_ns: int) -> None:
        """Begin the connection; that it is connected is told by the writer, for all venues alike."""
        self._session.on_open(now_ns)
        self._checked_ns = now_ns

    def take(self, index: int, text: bytes, now_ns: int) -> list[Event]:
        """Return the events of one line."""
        session = self._session
        session.last_bytes_ns = now_ns
        events = session.receive((text,), now_ns) if index < 0 else session.on_snapshot(index, text, now_ns)
        session.take_actions()  # snapshots wanted: the recording holds those that there are
        return [event for event in events if event[0] != Kind.RAW]

    def pass_time(self, now_ns: int) -> list[Event]:
        """Return what silence meant since the last frame: streams that became stale, second by second."""
        events: list[Event] = []
        while now_ns - self._checked_ns >= _SECOND_NS:
            if now_ns - self._checked_ns > 2 * _QUIET_S * _SECOND_NS:
                self._live_through(_QUIET_S, events)
                self._checked_ns = now_ns - _SECOND_NS
            self._live_through(1, events)
        return events

    def _live_through(self, seconds: int, events: list[Event]) -> None:
        for _ in range(seconds):
            self._checked_ns += _SECOND_NS
            events += self._session.on_time(self._checked_ns)
            if any(isinstance(action, SendPing) for action in self._session.take_actions()):
                self._session.last_bytes_ns = self._checked_ns  # the recorded connection lived: its pings were answered

    def left_out(self) -> dict[str, int]:
        """Return what became no event of the market, by reason."""
        counters = self._session.counters
        left = {f"raw: {why}": count for why, count in counters.raw.items()}
        left |= {"duplicates": counters.duplicates, "bars still open and replies": counters.ignored}
        return {why: count for why, count in left.items() if count}


def _venues(
    files: Sequence[RecordedFile],
    source: FramesSource,
    instruments: Sequence[Instrument],
    index_of: dict[tuple[Market, str], int],
) -> dict[Market, _Venue]:
    """Return a session for each market recorded, of the streams that the files name."""
    venues: dict[Market, _Venue] = {}
    for market, name in ((Market.SPOT, source.spot_venue), (Market.USDM, source.usdm_venue)):
        streams: dict[str, StreamName] = {}
        for file in files:
            for stream in file.names:
                channel = _channel(stream)
                if file.market is market and channel and (market, symbol_of(stream)) in index_of:
                    streams[stream] = StreamName(stream, channel, symbol_of(stream))
        if streams:
            rules = {index: instruments[index] for (owner, _), index in index_of.items() if owner is market}
            settings = BinanceSettings(venue=name, market=BinanceMarket(market.value))
            venues[market] = _Venue(settings, tuple(streams.values()), rules)
    return venues


def _channel(stream: str) -> str:
    """Return the channel of a stream's name, empty for a stream of another kind: its frames count as left out."""
    if stream.partition("@")[2].startswith("kline_"):
        return "bars"
    return _CHANNELS.get(stream_kind(stream), "")
