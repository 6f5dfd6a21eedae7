"""The connector over real sockets, against a venue that cuts, falls silent and answers nonsense."""

import asyncio
import time

import pytest
from aiohttp import web

from connectors.binance import session as session_rules
from connectors.binance.settings import Market
from connectors.binance.transport import BinanceConnector
from connectors.errors import MalformedMessage, UnknownSymbol, VenueRefused, VenueUnreachable
from core.book import BookState, L2Book
from core.records import Event, Kind
from core.rng import Rng
from tests.connectors.binance.support import apply_book, depth, make_session, quote, recorded_lines, states, trade
from tests.connectors.binance.venue import (
    LOOPS,
    RULES,
    Recorder,
    Venue,
    html_answer,
    json_answer,
    listen,
    play,
    running,
    sends,
    until,
)

on_both_loops = pytest.mark.parametrize("loop", LOOPS)
on_uvloop = pytest.mark.parametrize("loop", ["uvloop"])  # what takes seconds, on the loop of the daemon alone


def trades(events: list[Event]) -> list[object]:
    return [event[7] for event in events if event[0] == Kind.TRADE]


@on_both_loops
def test_recorded_frames_over_a_socket_give_what_the_session_gives(loop, recorded_dir):
    lines = [frame for _, frame in recorded_lines(recorded_dir, "spot-btcusdt")][:6_000]
    frames = [frame for frame in lines if not frame.startswith(b'{"lastUpdateId"')]
    body = next(frame for frame in lines if frame.startswith(b'{"lastUpdateId"'))

    async def scenario() -> None:
        venue, recorder = Venue(), Recorder()
        venue.scripts = [sends(*frames)]
        venue.books = [lambda _: web.Response(body=body, content_type="application/json")]
        async with venue.serve(), running(venue.settings(), recorder) as connector:
            expected = [event for event in make_session().receive(frames, 0) if event[0] in {Kind.QUOTE, Kind.TRADE}]
            await recorder.until(
                lambda events: (
                    len(events) >= len(expected)  # counting is for the end: it would take longer than the frames
                    and states(events)[-1:] == ["synced"]
                    and sum(event[0] in {Kind.QUOTE, Kind.TRADE} for event in events) >= len(expected)
                ),
                seconds=40.0,
            )
            told = [event for event in recorder.events if event[0] in {Kind.QUOTE, Kind.TRADE}]
            assert [(*event[:3], *event[4:]) for event in told] == [(*event[:3], *event[4:]) for event in expected]
            assert connector.stats.frames == len(frames)
        book = L2Book()
        assert apply_book(book, recorder.events) == []
        assert book.state == BookState.LIVE
        times = [event[3] for event in recorder.events]
        assert times == sorted(times)
        assert venue.paths == ["/stream?streams=btcusdt@bookTicker/btcusdt@trade/btcusdt@depth@100ms"]

    play(loop, scenario())


@on_both_loops
def test_a_cut_is_told_the_missing_trades_named_and_the_book_built_anew(loop):
    async def cut(socket: web.WebSocketResponse) -> None:
        for frame in (quote(1), trade(1), depth(11, 12)):
            await socket.send_str(frame.decode())
        await until(lambda: venue.asked.get("books", 0) > 0)
        await asyncio.sleep(0.05)
        assert socket._req is not None
        assert socket._req.transport is not None
        socket._req.transport.abort()

    venue = Venue()
    venue.scripts = [cut, sends(trade(5), depth(11, 12), depth(13, 14))]

    async def scenario() -> None:
        recorder = Recorder()
        async with venue.serve(), running(venue.settings(), recorder) as connector:
            await recorder.until(lambda events: states(events).count("synced") == 2)
            assert states(recorder.events, "") == ["connected", "disconnected", "connected"]
            assert states(recorder.events, "trades") == ["fresh", "stale", "out-of-sync", "fresh"]
            assert states(recorder.events) == ["fresh", "synced", "out-of-sync", "stale", "fresh", "synced"]
            assert connector.stats.reconnects == 1
            assert connector.stats.gaps == 1

    play(loop, scenario())


@on_both_loops
def test_a_connection_that_answers_no_ping_is_given_up(loop):
    async def deaf(socket: web.WebSocketResponse) -> None:
        await asyncio.Event().wait()  # reads nothing, so it answers nothing

    venue = Venue()
    venue.scripts = [deaf, sends(trade(1))]

    async def scenario() -> None:
        recorder = Recorder()
        async with venue.serve(), running(venue.settings(ping_after_s=0.2), recorder):
            await recorder.count(Kind.TRADE, 1)
            closed = [event[5] for event in recorder.events if states([event], "") == ["disconnected"]]
            assert "ping unanswered" in closed[0].reason  # type: ignore[attr-defined]

    play(loop, scenario())


@on_uvloop
def test_a_quiet_venue_that_answers_pings_is_kept(loop):
    async def scenario() -> None:
        venue, recorder = Venue(), Recorder()
        async with venue.serve(), running(venue.settings(ping_after_s=0.1), recorder) as connector:
            await until(lambda: venue.connections == 1)
            await asyncio.sleep(1.0)
            assert venue.connections == 1
            assert connector.stats.reconnects == 0

    play(loop, scenario())


@on_both_loops
def test_a_frame_of_ten_megabytes_is_kept_raw_and_the_stream_goes_on(loop):
    huge = b'{"stream":"btcusdt@trade","data":"' + b"x" * 10_000_000 + b'"}'
    venue = Venue()
    venue.scripts = [sends(trade(1), huge, trade(2))]

    async def scenario() -> None:
        recorder = Recorder()
        async with venue.serve(), running(venue.settings(), recorder) as connector:
            await recorder.count(Kind.TRADE, 2)
            (raw,) = [event[5] for event in recorder.events if event[0] == Kind.RAW]
            assert raw.total_bytes == len(huge)  # type: ignore[attr-defined]
            assert connector.stats.reconnects == 0
            assert connector.stats.raw == {"malformed trades": 1}

    play(loop, scenario())


@on_both_loops
def test_a_frame_beyond_the_limit_is_kept_in_part_and_the_connection_made_anew(loop):
    venue = Venue()
    venue.scripts = [sends(trade(1), b"x" * (17 * 1024 * 1024)), sends(trade(2))]

    async def scenario() -> None:
        recorder = Recorder()
        async with venue.serve(), running(venue.settings(), recorder) as connector:
            await recorder.count(Kind.TRADE, 2)
            (raw,) = [event[5] for event in recorder.events if event[0] == Kind.RAW]
            assert raw.total_bytes == 17 * 1024 * 1024  # type: ignore[attr-defined]
            assert connector.stats.raw == {"too large": 1}

    play(loop, scenario())


@on_both_loops
def test_nonsense_in_place_of_frames_is_kept_raw(loop):
    nonsense = [b"<html></html>", b'{"stream":"btcusdt@trade","data":{"e"', b"NaN", trade(1).replace(b'"0.5"', b'"-1"')]
    venue = Venue()
    venue.scripts = [sends(*nonsense, trade(1))]

    async def scenario() -> None:
        recorder = Recorder()
        async with venue.serve(), running(venue.settings(), recorder):
            await recorder.count(Kind.TRADE, 1)
            assert [event[5].data for event in recorder.events if event[0] == Kind.RAW] == nonsense  # type: ignore[attr-defined]

    play(loop, scenario())


@on_uvloop
def test_refused_handshakes_are_tried_again_with_growing_delays(loop):
    venue = Venue()
    venue.refusals = [html_answer(503), html_answer(200), html_answer(404)]
    venue.scripts = [sends(trade(1))]

    async def scenario() -> None:
        recorder = Recorder()
        async with venue.serve(), running(venue.settings(), recorder) as connector:
            await until(lambda: connector.stats.last_error != "")
            assert "HTTP 503" in connector.stats.last_error
            await recorder.count(Kind.TRADE, 1)
            assert connector.stats.connects == 4
            assert connector.stats.last_error == ""

    play(loop, scenario())


@on_uvloop
def test_a_venue_that_closes_every_connection_is_not_stormed(loop):
    async def shut(socket: web.WebSocketResponse) -> None:
        await socket.close()

    venue = Venue()
    venue.scripts = [shut]

    async def scenario() -> None:
        async with venue.serve(), running(venue.settings(), Recorder()):
            await asyncio.sleep(2.0)
            assert 2 <= venue.handshakes <= 6

    play(loop, scenario())


@on_both_loops
def test_a_shutdown_notice_brings_a_second_connection_before_the_first_goes(loop, monkeypatch):
    monkeypatch.setattr(session_rules, "_JOIN_GRACE_NS", 300_000_000)
    venue = Venue()
    notice = b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}}'
    most_open = 0

    async def old(socket: web.WebSocketResponse) -> None:
        for frame in (trade(1), trade(2), notice):
            await socket.send_str(frame.decode())
        await until(lambda: venue.connections == 2)
        for number in range(3, 6):
            await socket.send_str(trade(number).decode())
        await listen(socket)

    async def new(socket: web.WebSocketResponse) -> None:
        nonlocal most_open
        most_open = venue.open_now
        for number in range(2, 8):
            await socket.send_str(trade(number).decode())
        await until(lambda: venue.open_now == 1)
        await socket.send_str(trade(8).decode())
        await listen(socket)

    venue.scripts = [old, new]

    async def scenario() -> None:
        recorder = Recorder()
        async with venue.serve(), running(venue.settings(channels=("trades",)), recorder) as connector:
            await recorder.count(Kind.TRADE, 8)
            assert trades(recorder.events) == [1, 2, 3, 4, 5, 6, 7, 8]
            assert states(recorder.events, "") == ["connected"]
            assert most_open == 2
            assert connector.stats.rotations == 1
            assert connector.stats.raw == {}

    play(loop, scenario())


@on_both_loops
def test_a_connection_lost_while_another_joins_is_followed_without_a_break(loop):
    venue = Venue()
    notice = b'{"e":"serverShutdown","E":1}'

    async def old(socket: web.WebSocketResponse) -> None:
        for frame in (trade(1), notice):
            await socket.send_str(frame.decode())
        await until(lambda: venue.connections == 2)
        await asyncio.sleep(0.05)
        await socket.close()

    venue.scripts = [old, sends(trade(1), trade(2), trade(3))]

    async def scenario() -> None:
        recorder = Recorder()
        async with venue.serve(), running(venue.settings(channels=("trades",)), recorder) as connector:
            await recorder.count(Kind.TRADE, 3)
            await until(lambda: venue.open_now == 1)
            await until(lambda: connector.stats.rotations == 1)
            assert trades(recorder.events) == [1, 2, 3]
            assert states(recorder.events, "") == ["connected"]

    play(loop, scenario())


@on_uvloop
def test_pausing_stops_the_flow_and_resuming_loses_nothing(loop):
    frames = [quote(number) for number in range(1, 30_001)]
    venue = Venue()
    venue.scripts = [sends(*frames)]

    async def scenario() -> None:
        recorder = Recorder()
        async with venue.serve(), running(venue.settings(channels=("quotes",)), recorder) as connector:
            await recorder.count(Kind.QUOTE, 100)
            connector.pause()
            await asyncio.sleep(0.05)
            before = len(recorder.events)
            await asyncio.sleep(0.5)
            assert len(recorder.events) == before < 30_000
            connector.resume()
            await recorder.count(Kind.QUOTE, 30_000)
            assert [event[9] for event in recorder.events if event[0] == Kind.QUOTE] == list(range(1, 30_001))

    play(loop, scenario())


@on_both_loops
def test_a_sink_that_raises_ends_the_run_with_its_error(loop):
    venue = Venue()
    venue.scripts = [sends(trade(1))]

    def sink(events: list[Event]) -> None:
        if any(event[0] == Kind.TRADE for event in events):
            raise OSError("disk full")

    async def scenario() -> None:
        async with venue.serve():
            connector = BinanceConnector(venue.settings(), time.time_ns, Rng(1), sink)
            await connector.load_instruments()
            connector.assign({"BTCUSDT": 0})
            with pytest.raises(OSError, match="disk full"):
                await connector.run()
            await until(lambda: venue.open_now == 0)

    play(loop, scenario())


@on_uvloop
def test_a_snapshot_in_html_is_kept_and_asked_for_again(loop):
    venue = Venue()
    venue.books = [html_answer(502), html_answer(200), *venue.books]
    venue.scripts = [sends(depth(11, 12))]

    async def scenario() -> None:
        recorder = Recorder()
        async with venue.serve(), running(venue.settings(), recorder):
            await recorder.until(lambda events: states(events)[-1:] == ["synced"])
            kept = [event[5].data for event in recorder.events if event[0] == Kind.RAW]  # type: ignore[attr-defined]
            assert kept == [b"<html>busy</html>"] * 2
            assert venue.asked["books"] == 3

    play(loop, scenario())


@on_uvloop
def test_a_429_is_honoured_for_as_long_as_it_asks(loop):
    venue = Venue()
    venue.books = [json_answer({"code": -1003, "msg": "Too many requests"}, 429, **{"Retry-After": "2"}), *venue.books]
    venue.scripts = [sends(depth(11, 12))]

    async def scenario() -> None:
        recorder = Recorder()
        async with venue.serve(), running(venue.settings(), recorder):
            await until(lambda: venue.asked.get("books") == 1)
            refused_at = time.monotonic()
            await until(lambda: venue.asked.get("books") == 2)
            assert time.monotonic() - refused_at > 1.9
            await recorder.until(lambda events: states(events)[-1:] == ["synced"])

    play(loop, scenario())


@on_both_loops
def test_the_venues_clock_is_measured(loop):
    async def scenario() -> None:
        venue, recorder = Venue(), Recorder()
        async with venue.serve(), running(venue.settings(), recorder):
            await recorder.count(Kind.CLOCK, 1)
            (measured,) = [event[5] for event in recorder.events if event[0] == Kind.CLOCK]
            offset_s = measured.offset_ns / 1e9  # type: ignore[attr-defined]
            uncertainty_s = measured.uncertainty_ns / 1e9  # type: ignore[attr-defined]
            assert abs(offset_s - 5.0) <= uncertainty_s + 0.01

    play(loop, scenario())


@on_both_loops
def test_a_book_the_core_found_wrong_is_fetched_again(loop):
    venue = Venue()
    venue.scripts = [sends(depth(11, 12))]

    async def scenario() -> None:
        recorder = Recorder()
        async with venue.serve(), running(venue.settings(), recorder) as connector:
            await recorder.until(lambda events: states(events)[-1:] == ["synced"])
            connector.request_snapshot(0, "crossed")
            await recorder.until(lambda events: states(events)[-2:] == ["out-of-sync", "synced"])

    play(loop, scenario())


def test_klines_of_usdm_come_over_their_own_entry_point():
    async def scenario() -> None:
        venue, recorder = Venue(), Recorder()
        async with venue.serve():
            market = f"ws://127.0.0.1:{venue.port}/market/"
            settings = venue.settings(Market.USDM, channels=("trades", "bars"), ws_market_url=market)
            async with running(settings, recorder):
                await recorder.until(lambda events: states(events, "") == ["connected"])
                assert sorted(venue.paths) == [
                    "/market/stream?streams=btcusdt@kline_1m",
                    "/stream?streams=btcusdt@trade",
                ]

    play("asyncio", scenario())


def test_the_latest_closed_bars_are_loaded_for_warming_up():
    now_ms = time.time_ns() // 1_000_000
    opens_ms = [now_ms - age_s * 1_000 for age_s in (180, 120, 60, 0)]
    numbers = ["1.00", "1.20", "0.90", "1.10", "5.5"]
    rows = [[open_ms, *numbers, open_ms + 59_999, "1", 7, "1", "1", "0"] for open_ms in opens_ms]

    async def scenario() -> None:
        venue = Venue()
        venue.klines = [json_answer(rows), html_answer()]
        async with venue.serve():
            connector = load(venue)
            await connector.load_instruments()
            bars = await connector.load_bars("BTCUSDT", 3, 2)
            assert [(event[0], event[2], event[5:]) for event in bars] == [
                (Kind.BAR, 3, (100, 120, 90, 110, 550_000_000))
            ] * 2
            assert [event[4] for event in bars] == [open_ms * 1_000_000 for open_ms in opens_ms[1:3]]
            with pytest.raises(MalformedMessage, match="klines do not read"):
                await connector.load_bars("BTCUSDT", 3, 2)

    play("asyncio", scenario())


def load(venue: Venue, **changed) -> BinanceConnector:
    return BinanceConnector(venue.settings(**changed), time.time_ns, Rng(1), Recorder())


def refused(error: type[Exception], match: str, prepare=None, **changed) -> None:
    """Assert that loading the instruments raises."""

    async def scenario() -> None:
        venue = Venue()
        if prepare is not None:
            prepare(venue)
        async with venue.serve():
            with pytest.raises(error, match=match):
                await load(venue, **changed).load_instruments()

    play("asyncio", scenario())


def test_an_unknown_symbol_is_named_with_the_nearest():
    refused(UnknownSymbol, "lists no symbol 'BTCUSD'; nearest: BTCUSDT", instruments=("BTCUSD",))


def test_a_venue_that_refuses_the_filtered_list_is_asked_for_the_whole():
    def prepare(venue: Venue) -> None:
        invalid = json_answer({"code": -1121, "msg": "Invalid symbol."}, 400)
        venue.rules = [invalid, json_answer({"symbols": [RULES]})]

    refused(UnknownSymbol, "nearest: BTCUSDT", prepare, instruments=("BTCUSTD",))


def test_rules_that_do_not_read_are_named():
    refused(MalformedMessage, "exchangeInfo does not read", lambda venue: setattr(venue, "rules", [html_answer()]))


def test_a_refusal_is_passed_on_with_the_venues_words():
    answer = json_answer({"code": 0, "msg": "Service unavailable from a restricted location"}, 451)
    refused(VenueRefused, "restricted location", lambda venue: setattr(venue, "rules", [answer]))


def test_rules_are_asked_for_until_there_is_an_answer():
    async def scenario() -> None:
        venue = Venue()
        busy = json_answer({"code": -1003, "msg": "Too many requests"}, 429, **{"Retry-After": "1"})
        venue.rules = [html_answer(502), busy, json_answer({"symbols": [RULES]})]
        async with venue.serve():
            (rules,) = await load(venue).load_instruments()
            assert rules.id == "BTCUSDT.BINANCE"
            assert venue.asked["rules"] == 3

    play("asyncio", scenario())


def test_a_venue_out_of_reach_is_an_error_with_a_deadline_and_a_reason():
    async def scenario() -> None:
        venue = Venue()
        async with venue.serve():
            gone = venue.settings(start_timeout_s=0.5)
        connector = BinanceConnector(gone, time.time_ns, Rng(1), Recorder())
        started = time.monotonic()
        with pytest.raises(VenueUnreachable, match="check rest_url"):
            await connector.load_instruments()
        assert time.monotonic() - started < 3

    play("asyncio", scenario())


def test_a_venue_that_accepts_and_says_nothing_is_out_of_reach_too():
    async def scenario() -> None:
        gone = asyncio.Event()

        async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while await reader.read(1_000):
                pass
            writer.close()
            await writer.wait_closed()
            gone.set()

        venue = Venue()
        async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server:
            venue.port = server.sockets[0].getsockname()[1]
            settings = venue.settings(start_timeout_s=0.5, request_timeout_s=10.0)
            with pytest.raises(VenueUnreachable):
                await BinanceConnector(settings, time.time_ns, Rng(1), Recorder()).load_instruments()
            await gone.wait()

    play("asyncio", scenario())
