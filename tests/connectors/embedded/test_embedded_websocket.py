"""The venue's websockets, from real clients: raw and combined, subscriptions, markets, pings, age."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import websockets

from connectors.embedded.server import EmbeddedVenue
from connectors.embedded.settings import AtEnd, Settings, Start
from tests.connectors.embedded.world import (
    combined,
    connect,
    depth,
    get_all,
    ticker,
    trade,
    write_recording,
)

Socket = Any


@asynccontextmanager
async def venue(tmp_path: Path, frames: list[Any], **changes: Any) -> AsyncIterator[EmbeddedVenue]:
    path = write_recording(tmp_path / "frames.gz", list(enumerate(frames)))
    settings = Settings(**({"frames": (path,), "speed": None, "start_grace_s": 0.05} | changes))
    async with EmbeddedVenue(settings) as running, asyncio.timeout(20):
        yield running


async def ask(socket: Socket, **request: object) -> Any:
    await socket.send(json.dumps(request))
    return json.loads(await socket.recv())


async def receive(socket: Socket, count: int) -> list[Any]:
    return [json.loads(await socket.recv()) for _ in range(count)]


TWO = [trade(1), ticker(2), trade(3)]


async def test_a_raw_stream_carries_the_data_alone_as_it_was_recorded(tmp_path: Path) -> None:
    spaced = '{"stream":"abcusdt@trade", "data": {"e":"trade",  "t": 7,"p":"1","q":"1","T":1,"m":true} }'
    async with venue(tmp_path, [trade(1), spaced]) as running, connect(f"{running.ws_url}/ws/abcusdt@trade") as socket:
        assert await receive(socket, 1) == [trade(1)["data"]]
        assert await socket.recv() == '{"e":"trade",  "t": 7,"p":"1","q":"1","T":1,"m":true} '


async def test_several_raw_streams_in_one_path(tmp_path: Path) -> None:
    async with (
        venue(tmp_path, TWO) as running,
        connect(f"{running.ws_url}/ws/abcusdt@trade/abcusdt@bookTicker") as socket,
    ):
        assert await receive(socket, 3) == [frame["data"] for frame in TWO]


async def test_a_combined_stream_names_each_frames_stream(tmp_path: Path) -> None:
    async with (
        venue(tmp_path, TWO) as running,
        connect(f"{running.ws_url}/stream?streams=abcusdt@bookTicker/abcusdt@trade") as socket,
    ):
        assert await receive(socket, 3) == TWO


async def test_a_client_subscribes_and_unsubscribes_on_an_open_connection(tmp_path: Path) -> None:
    frames = [trade(1), ticker(2), trade(3), ticker(4)]
    async with (
        venue(tmp_path, frames, speed=0.01, start=Start.FIRST) as running,
        connect(f"{running.ws_url}/ws") as socket,
    ):
        subscribed = await ask(socket, method="SUBSCRIBE", params=["abcusdt@trade", "abcusdt@bookTicker"], id=1)
        first = await receive(socket, 1)
        unsubscribed = await ask(socket, method="UNSUBSCRIBE", params=["abcusdt@trade"], id=2)
        listed = await ask(socket, method="LIST_SUBSCRIPTIONS", id=3)
        rest = await receive(socket, 2)

    assert subscribed == {"result": None, "id": 1}
    assert first == [trade(1)["data"]]
    assert unsubscribed == {"result": None, "id": 2}
    assert listed == {"result": ["abcusdt@bookTicker"], "id": 3}
    assert rest == [ticker(2)["data"], ticker(4)["data"]]


async def test_a_raw_connection_can_be_made_combined(tmp_path: Path) -> None:
    async with venue(tmp_path, TWO) as running, connect(f"{running.ws_url}/ws") as socket:
        assert await ask(socket, method="SET_PROPERTY", params=["combined", True], id=1) == {"result": None, "id": 1}
        await ask(socket, method="SUBSCRIBE", params=["abcusdt@trade"], id=2)
        assert await receive(socket, 2) == [trade(1), trade(3)]


async def test_a_wrong_request_is_answered_and_the_connection_stays(tmp_path: Path) -> None:
    async with venue(tmp_path, TWO) as running, connect(f"{running.ws_url}/ws") as socket:
        await socket.send("{")
        assert json.loads(await socket.recv())["code"] == 3
        assert (await ask(socket, method="GET_PROPERTY", params=["combined"], id=1)) == {"result": False, "id": 1}


async def test_depth_is_served_at_whatever_speed_was_recorded_under_the_name_asked_for(tmp_path: Path) -> None:
    update = depth(1, 2, [["1.00000000", "2.00000000"]])
    async with venue(tmp_path, [update]) as running:
        async with connect(f"{running.ws_url}/stream?streams=abcusdt@depth") as socket:
            assert await receive(socket, 1) == [combined("abcusdt@depth", update["data"])]
        async with connect(f"{running.ws_url}/ws/abcusdt@depth@1000ms") as socket:
            assert socket.protocol.state is websockets.State.OPEN


async def test_single_trades_stand_for_aggregate_trades_that_were_not_recorded(tmp_path: Path) -> None:
    async with venue(tmp_path, [trade(5)]) as running, connect(f"{running.ws_url}/ws/abcusdt@aggTrade") as socket:
        (event,) = await receive(socket, 1)

    assert event["e"] == "aggTrade"
    assert (event["a"], event["f"], event["l"], event["p"]) == (5, 5, 5, "10.00000000")


async def test_all_book_tickers_come_under_one_name(tmp_path: Path) -> None:
    frames = [ticker(1), ticker(2, "XYZUSDT"), trade(3)]
    async with venue(tmp_path, frames) as running, connect(f"{running.ws_url}/ws/!bookTicker") as socket:
        assert await receive(socket, 2) == [ticker(1)["data"], ticker(2, "XYZUSDT")["data"]]


async def test_a_line_that_names_no_stream_goes_to_every_subscriber(tmp_path: Path) -> None:
    async with (
        venue(tmp_path, [trade(1), "<html>busy</html>"]) as running,
        connect(f"{running.ws_url}/ws/abcusdt@trade") as socket,
    ):
        await receive(socket, 1)
        assert await socket.recv() == "<html>busy</html>"


async def test_unknown_streams_are_accepted_and_silent(tmp_path: Path) -> None:
    async with venue(tmp_path, TWO) as running, connect(f"{running.ws_url}/ws/0") as socket:
        await ask(socket, method="SUBSCRIBE", params=["nothing@trade", "abcusdt@bookTicker"], id=1)
        assert await receive(socket, 1) == [ticker(2)["data"]]


async def test_klines_are_made_from_the_trades_sent(tmp_path: Path) -> None:
    frames = [trade(1, price="10"), trade(2, price="12"), trade(60_000, price="9")]
    async with (
        venue(tmp_path, frames) as running,
        connect(f"{running.ws_url}/ws/abcusdt@trade/abcusdt@kline_1m") as socket,
    ):
        events = [event for event in await receive(socket, 4) if event["e"] == "kline"]

    assert [event["k"][key] for event in events for key in "ohlcnx"] == [
        *("9.00000000", "9.00000000", "9.00000000", "9.00000000", 1, False)
    ]


async def test_the_top_of_the_book_is_pushed(tmp_path: Path) -> None:
    frames = [depth(1, 2, [["1.0", "1"], ["2.0", "1"]], [["3.0", "1"]])]
    async with (
        venue(tmp_path, frames) as running,
        connect(f"{running.ws_url}/ws/abcusdt@depth/abcusdt@depth5@100ms") as socket,
    ):
        _, top = await receive(socket, 2)

    assert top == {"lastUpdateId": 2, "bids": [["2.0", "1"], ["1.0", "1"]], "asks": [["3.0", "1"]]}


USDM: dict[str, Any] = {"X": "MARKET", "M": None}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/public/ws/abcusdt@trade", 20),
        ("/usdm/ws/abcusdt@trade", 20),
        ("/spot/ws/abcusdt@trade", 10),
        ("/ws/abcusdt@trade", 10),
        ("/ws/abcusdt@trade/abcusdt@depth@0ms", 20),
        ("/ws/abcusdt@trade/abcusdt@depth@100ms", 10),
    ],
)
async def test_one_port_serves_both_markets_by_prefix_or_by_the_names_asked_for(
    tmp_path: Path, path: str, expected: int
) -> None:
    usdm_depth = combined("abcusdt@depth@0ms", depth(1, 2, pu=0)["data"])
    spot = write_recording(tmp_path / "spot.gz", [(0, trade(10)), (1, depth(1, 2))])
    usdm = write_recording(tmp_path / "usdm.gz", [(0, trade(20, **USDM)), (1, usdm_depth)])
    settings = Settings(frames=(spot, usdm), speed=None, start=Start.FIRST)
    async with EmbeddedVenue(settings) as running, asyncio.timeout(20), connect(f"{running.ws_url}{path}") as socket:
        assert (await receive(socket, 1))[0]["t"] == expected


async def test_usdm_can_have_a_port_of_its_own(tmp_path: Path) -> None:
    spot = write_recording(tmp_path / "spot.gz", [(0, trade(10))])
    usdm = write_recording(tmp_path / "usdm.gz", [(0, trade(20, **USDM))])
    async with EmbeddedVenue(Settings(frames=(spot, usdm), speed=None, usdm_port=0)) as running, asyncio.timeout(20):
        assert running.usdm_ws_url != running.ws_url
        async with (
            connect(f"{running.ws_url}/ws/abcusdt@trade") as one,
            connect(f"{running.usdm_ws_url}/ws/abcusdt@trade") as other,
        ):
            assert [(await receive(socket, 1))[0]["t"] for socket in (one, other)] == [10, 20]


async def test_a_port_for_usdm_has_a_synthetic_market_of_its_own() -> None:
    settings = Settings(synthetic=True, seed=3, start=Start.FIRST, usdm_port=0)
    async with EmbeddedVenue(settings) as running, asyncio.timeout(20):
        for path in ("/api/v3/exchangeInfo", "/fapi/v1/exchangeInfo"):
            _, rules, _ = await get_all(f"{running.http_url}{path}")
            assert [each["symbol"] for each in rules["symbols"]] == ["BTCUSDT", "ETHUSDT"]
        async with (
            connect(f"{running.ws_url}/ws/btcusdt@bookTicker") as spot,
            connect(f"{running.usdm_ws_url}/ws/btcusdt@bookTicker") as usdm,
        ):
            [one], [other] = await receive(spot, 1), await receive(usdm, 1)
            assert "e" not in one, "spot's has no event type"
            assert other["e"] == "bookTicker"


async def test_the_venue_pings_and_takes_its_leave_of_who_does_not_answer(tmp_path: Path) -> None:
    changes = {"ping_interval_s": 0.05, "pong_timeout_s": 0.3}
    async with venue(tmp_path, TWO, **changes) as running, connect(f"{running.ws_url}/ws") as polite:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(running.ws_url.rpartition(":")[2]))
        writer.write(
            b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        assert b"101" in await reader.readuntil(b"\r\n\r\n")
        ping = await reader.readexactly(2)
        assert ping[0] == 0x89
        assert (await reader.readexactly(ping[1])).isdigit()
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(10_000)
        writer.close()
        assert (await ask(polite, method="LIST_SUBSCRIPTIONS", id=1))["result"] == []


async def test_a_connection_ends_at_its_age_limit(tmp_path: Path) -> None:
    async with venue(tmp_path, TWO, connection_life_s=0.1) as running, connect(f"{running.ws_url}/ws") as socket:
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001


async def test_two_connections_to_the_same_streams_both_get_everything(tmp_path: Path) -> None:
    frames = [*(trade(n) for n in range(3000)), ticker(3000)]
    async with (
        venue(tmp_path, frames, start_grace_s=60, at_end=AtEnd.CLOSE) as running,
        connect(f"{running.ws_url}/stream?streams=abcusdt@trade") as one,
        connect(f"{running.ws_url}/stream?streams=abcusdt@trade/abcusdt@bookTicker") as two,
    ):
        received = [[json.loads(message) async for message in socket] for socket in (one, two)]
    assert received == [frames[:-1], frames]


async def test_what_is_no_websocket_request_is_refused_politely(tmp_path: Path) -> None:
    async with venue(tmp_path, TWO) as running:
        assert (await get_all(f"{running.http_url}/stream", timeUnit="MICROSECOND"))[1]["code"] == -1194
