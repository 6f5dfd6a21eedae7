"""Faults on demand: what they do to what is sent, and that the venue's own truth stays whole."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import websockets

from connectors.embedded.server import EmbeddedVenue
from connectors.embedded.settings import Settings
from tests.connectors.embedded.world import connect, depth, get, get_all, post_fault, trade, write_recording

PATH = "abcusdt@trade"


@asynccontextmanager
async def venue(tmp_path: Path, count: int = 12) -> AsyncIterator[EmbeddedVenue]:
    frames = write_recording(tmp_path / "frames.gz", [(n, trade(n)) for n in range(count)])
    async with EmbeddedVenue(Settings(frames=(frames,), speed=None)) as running, asyncio.timeout(10):
        yield running


async def received(running: EmbeddedVenue, count: int) -> list[Any]:
    async with connect(f"{running.ws_url}/ws/{PATH}") as socket:
        return [await socket.recv() for _ in range(count)]


def numbers(texts: list[Any]) -> list[int]:
    return [json.loads(text)["t"] for text in texts]


async def test_dropped_frames_are_left_out(tmp_path: Path) -> None:
    async with venue(tmp_path) as running:
        await post_fault(running, fault="drop", stream=PATH, count=2)
        assert numbers(await received(running, 10)) == list(range(2, 12))


async def test_duplicated_frames_come_twice(tmp_path: Path) -> None:
    async with venue(tmp_path) as running:
        await post_fault(running, fault="duplicate", stream=PATH)
        assert numbers(await received(running, 4)) == [0, 0, 1, 2]


async def test_corrupt_frames_end_in_the_middle(tmp_path: Path) -> None:
    async with venue(tmp_path) as running:
        await post_fault(running, fault="corrupt", stream=PATH)
        first, second = await received(running, 2)
    assert json.dumps(trade(0)["data"], separators=(",", ":")).startswith(first)
    with pytest.raises(json.JSONDecodeError):
        json.loads(first)
    assert json.loads(second)["t"] == 1


async def test_a_stalled_stream_is_silent_while_the_venue_goes_on(tmp_path: Path) -> None:
    async with venue(tmp_path) as running:
        await post_fault(running, fault="stall", stream=PATH, seconds=60)
        async with connect(f"{running.ws_url}/ws/{PATH}") as socket:
            await running.player.finished.wait()
            await socket.send('{"method":"LIST_SUBSCRIPTIONS","id":1}')
            assert json.loads(await socket.recv())["id"] == 1
        trades = await get(f"{running.http_url}/api/v3/trades", symbol="ABCUSDT")
    assert len(trades) == 12


async def test_any_text_can_be_injected_ten_megabytes_too(tmp_path: Path) -> None:
    async with venue(tmp_path) as running, connect(f"{running.ws_url}/ws/{PATH}") as socket:
        for _ in range(12):
            await socket.recv()
        await post_fault(running, fault="inject", text="<html>")
        await post_fault(running, fault="inject", text='{"p":NaN}', stream=PATH)
        await post_fault(running, fault="inject", text="0123456789", repeat=1_000_000)
        assert [await socket.recv(), await socket.recv()] == ["<html>", '{"p":NaN}']
        assert len(await socket.recv()) == 10_000_000


@pytest.mark.parametrize(("code", "expected"), [(1006, None), (1012, 1012)])
async def test_connections_are_cut_with_or_without_a_word(tmp_path: Path, code: int, expected: int | None) -> None:
    async with venue(tmp_path) as running, connect(f"{running.ws_url}/ws/nothing") as socket:
        await post_fault(running, fault="cut", code=code)
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await socket.recv()
    assert (closed.value.rcvd.code if closed.value.rcvd else None) == expected


async def test_a_rest_request_fails_as_often_as_told(tmp_path: Path) -> None:
    async with venue(tmp_path) as running:
        await post_fault(running, fault="http", path="/ping", status=503, body="<html>", content_type="text/html")
        async with aiohttp.ClientSession() as session, session.get(f"{running.http_url}/api/v3/ping") as response:
            assert (response.status, await response.text()) == (503, "<html>")
        assert (await get_all(f"{running.http_url}/api/v3/ping"))[0] == 200


async def test_a_rest_request_can_be_answered_late(tmp_path: Path) -> None:
    async with venue(tmp_path) as running:
        await post_fault(running, fault="http", path="/ping", delay_s=0.2)
        began = asyncio.get_running_loop().time()
        assert await get(f"{running.http_url}/api/v3/ping") == {}
        assert asyncio.get_running_loop().time() - began >= 0.2


async def test_cleared_faults_do_not_happen(tmp_path: Path) -> None:
    async with venue(tmp_path) as running:
        await post_fault(running, fault="drop", stream=PATH, count=5)
        await post_fault(running, fault="clear")
        assert numbers(await received(running, 2)) == [0, 1]


async def test_after_lost_depth_updates_the_venues_own_book_is_whole(tmp_path: Path) -> None:
    updates = [depth(n, n, [[f"{n}.00000000", "1.00000000"]]) for n in range(1, 6)]
    path = write_recording(tmp_path / "frames.gz", list(enumerate(updates)))
    async with EmbeddedVenue(Settings(frames=(path,), speed=None)) as running, asyncio.timeout(10):
        await post_fault(running, fault="drop", stream="abcusdt@depth", count=3)
        async with connect(f"{running.ws_url}/ws/abcusdt@depth@100ms") as socket:
            assert json.loads(await socket.recv())["U"] == 4
            await running.player.finished.wait()
        book = await get(f"{running.http_url}/api/v3/depth", symbol="ABCUSDT")
    assert [price for price, _ in book["bids"]] == [f"{n}.00000000" for n in (5, 4, 3, 2, 1)]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"fault": "explode"}, "Invalid value 'explode'"),
        ({"fault": "drop", "stream": PATH, "often": 1}, "unknown field `often`"),
        ({"fault": "drop", "stream": "nothing@trade"}, "GET /emulator/state lists the streams"),
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused(tmp_path: Path, body: Any, message: str) -> None:
    async with (
        venue(tmp_path) as running,
        aiohttp.ClientSession() as session,
        session.post(f"{running.http_url}/emulator/faults", json=body) as response,
    ):
        assert response.status == 400
        assert message in (await response.json())["error"]
