"""End to end: real recordings served by the embedded venue over a real socket, and back out of the connector."""

import json
import time
from pathlib import Path

import pytest

from connectors.binance import session as session_rules
from connectors.binance.settings import BinanceSettings, Market
from connectors.binance.transport import BinanceConnector
from connectors.embedded.market import Market as Served
from connectors.embedded.server import EmbeddedVenue
from connectors.embedded.settings import Settings
from core.book import BookState, L2Book
from core.records import EMPTY, REAPPLIED, SNAPSHOT, Event, Kind
from core.rng import Rng
from tests.connectors.binance.support import RECORDED, apply_book, make_session, recorded_lines, states
from tests.connectors.binance.venue import Recorder, play, running, until


def said(events: list[Event]) -> dict[Kind, list[tuple[object, ...]]]:
    """Return what the frames said, by kind, without receive times and without what the book's rebuilding added."""
    told: dict[Kind, list[tuple[object, ...]]] = {Kind.QUOTE: [], Kind.TRADE: [], Kind.BOOK: []}
    for event in events:
        if event[0] in told and not (event[0] == Kind.BOOK and event[1] & (SNAPSHOT | REAPPLIED)):
            flags = event[1] & (1 | 64) if event[0] == Kind.BOOK else event[1]
            told[Kind(event[0])].append((flags, event[2], *event[4:]))
    return told


@pytest.mark.slow
@pytest.mark.parametrize(("name", "market", "symbol"), RECORDED, ids=[case[0] for case in RECORDED])
def test_a_whole_recording_goes_in_over_a_socket_and_comes_out_equal(recorded_dir, name, market, symbol):
    path = Path(recorded_dir) / "binance" / f"{name}_20240808.gz"
    frames = [frame for _, frame in recorded_lines(recorded_dir, name) if not frame.startswith(b'{"lastUpdateId"')]
    last_id = max(json.loads(frame)["data"]["u"] for frame in frames if b"@depth" in frame[:45])

    async def scenario() -> None:
        recorder, book = Recorder(), L2Book()
        async with EmbeddedVenue(Settings(frames=(path,), speed=None)) as venue:
            settings = BinanceSettings(
                market=market, rest_url=venue.http_url, ws_url=venue.ws_url, instruments=(symbol,)
            )
            async with running(settings, recorder) as connector:
                await until(lambda: connector.stats.frames >= len(frames), 100)
                stats = connector.stats
                rules = connector._instruments[symbol]
        reference = make_session(market, (symbol,))
        factors = 10 ** (8 - rules.size_precision), 10 ** (2 - rules.price_precision)
        expected = said(reference.receive(frames, 0))
        assert said(rescaled(recorder.events, *factors)) == expected
        assert (stats.frames, stats.raw, stats.gaps, stats.duplicates) == (len(frames), {}, 0, 0)
        assert apply_book(book, recorder.events) == []
        assert (book.state, book.last_update_id) == (BookState.LIVE, last_id)

    play("uvloop", scenario(), 120)


def rescaled(events: list[Event], size: int, price: int) -> list[Event]:
    """Return market data in the units of the reference session, which are finer."""
    scales = {
        Kind.QUOTE: (price, size, price, size, 1),
        Kind.TRADE: (price, size, 1, 1, 1),
        Kind.BOOK: (price, size, 1, 1, 1),
    }
    scaled: list[Event] = []
    for event in events:
        if event[0] in scales:
            numbers = [number * by for number, by in zip(event[5:], scales[Kind(event[0])], strict=True)]  # type: ignore[operator]
            scaled.append((*event[:5], *numbers))  # type: ignore[arg-type]
    return scaled


def test_the_synthetic_market_is_followed_on_both_markets_and_all_channels():
    async def scenario() -> None:
        for market, served in ((Market.SPOT, Served.SPOT), (Market.USDM, Served.USDM)):
            recorder, book = Recorder(), L2Book()
            async with EmbeddedVenue(Settings(synthetic=True, seed=7, market=served)) as venue:
                settings = BinanceSettings(
                    market=market, rest_url=venue.http_url, ws_url=venue.ws_url, instruments=("BTCUSDT",)
                )
                async with running(settings, recorder) as connector:
                    await recorder.count(Kind.QUOTE, 20)
                    await recorder.count(Kind.TRADE, 5)
                    await recorder.until(lambda events: sum(e[0] == Kind.BOOK and not e[1] for e in events) > 20)
                    assert connector.stats.raw == {}
            assert apply_book(book, recorder.events) == []
            assert book.state == BookState.LIVE
            assert not any(event[0] == Kind.BOOK and event[1] & EMPTY for event in recorder.events)

    play("uvloop", scenario())


@pytest.mark.parametrize(("market", "served"), [(Market.SPOT, Served.SPOT), (Market.USDM, Served.USDM)])
def test_a_live_stream_loses_nothing_over_many_changes_of_connection(market, served, monkeypatch):
    monkeypatch.setattr(session_rules, "_JOIN_GRACE_NS", 200_000_000)

    async def scenario() -> None:
        recorder, book = Recorder(), L2Book()
        async with EmbeddedVenue(Settings(synthetic=True, seed=3, market=served)) as venue:
            settings = BinanceSettings(
                market=market,
                rest_url=venue.http_url,
                ws_url=venue.ws_url,
                instruments=("BTCUSDT",),
                rotate_after_s=0.4,
            )
            async with running(settings, recorder) as connector:
                await until(lambda: connector.stats.rotations >= 3)
                stats = connector.stats
        trade_ids = [event[7] for event in recorder.events if event[0] == Kind.TRADE]
        assert len(trade_ids) > 10
        assert trade_ids == list(range(trade_ids[0], trade_ids[-1] + 1))
        assert (stats.gaps, stats.duplicates, stats.reconnects, stats.raw) == (0, 0, 0, {})
        assert stats.overlaps > 10
        assert states(recorder.events, "") == ["connected"]
        assert apply_book(book, recorder.events) == []
        assert book.state == BookState.LIVE

    play("uvloop", scenario())


def test_a_symbol_the_embedded_venue_does_not_list_is_named():
    async def scenario() -> None:
        async with EmbeddedVenue(Settings(synthetic=True)) as venue:
            settings = BinanceSettings(rest_url=venue.http_url, ws_url=venue.ws_url, instruments=("BTCUSD",))
            with pytest.raises(Exception, match="nearest: BTCUSDT"):
                await BinanceConnector(settings, time.time_ns, Rng(1), Recorder()).load_instruments()

    play("uvloop", scenario())
