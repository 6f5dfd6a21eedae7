"""When frames are sent: the start, the pace, the waits and the end."""

import asyncio
import itertools
import json
import time
from pathlib import Path
from typing import Any

import pytest
import websockets

from connectors.embedded.errors import ListenError, SettingsError
from connectors.embedded.server import EmbeddedVenue
from connectors.embedded.settings import AtEnd, Settings, Start
from tests.connectors.embedded.world import connect, depth, get, snapshot, ticker, trade, write_recording


def recording(tmp_path: Path, frames: list[Any], step_ms: int = 1) -> tuple[Path]:
    return (write_recording(tmp_path / "frames.gz", [(n * step_ms, frame) for n, frame in enumerate(frames)]),)


async def numbers(socket: Any, count: int) -> list[int]:
    return [json.loads(await socket.recv())["t"] for _ in range(count)]


async def state(venue: EmbeddedVenue) -> Any:
    return await get(f"{venue.http_url}/emulator/state")


async def test_playback_starts_when_all_recorded_streams_are_subscribed(tmp_path: Path) -> None:
    settings = Settings(frames=recording(tmp_path, [trade(1), ticker(2)]), speed=None, start_grace_s=60)
    async with (
        EmbeddedVenue(settings) as venue,
        asyncio.timeout(10),
        connect(f"{venue.ws_url}/ws/abcusdt@trade") as first,
    ):
        assert (await state(venue))["state"] == "waiting"
        async with connect(f"{venue.ws_url}/ws/abcusdt@bookTicker") as second:
            assert json.loads(await second.recv())["u"] == 2
        assert await numbers(first, 1) == [1]


async def test_playback_starts_when_no_further_subscription_comes(tmp_path: Path) -> None:
    settings = Settings(frames=recording(tmp_path, [trade(1), ticker(2)]), speed=None, start_grace_s=0.1)
    async with (
        EmbeddedVenue(settings) as venue,
        asyncio.timeout(10),
        connect(f"{venue.ws_url}/ws/abcusdt@trade") as socket,
    ):
        assert await numbers(socket, 1) == [1]


@pytest.mark.parametrize(("speed", "expected_s"), [(1.0, 0.5), (5.0, 0.1)])
async def test_frames_keep_the_recorded_pace_times_the_speed(tmp_path: Path, speed: float, expected_s: float) -> None:
    settings = Settings(frames=recording(tmp_path, [trade(n) for n in range(6)], step_ms=100), speed=speed)
    async with (
        EmbeddedVenue(settings) as venue,
        asyncio.timeout(10),
        connect(f"{venue.ws_url}/ws/abcusdt@trade") as socket,
    ):
        await numbers(socket, 1)
        began = time.monotonic()
        await numbers(socket, 5)
        took_s = time.monotonic() - began
    assert 0.8 * expected_s < took_s < expected_s + 2


@pytest.mark.parametrize("speed", [1.0, None])
async def test_playback_waits_while_nobody_is_subscribed(tmp_path: Path, speed: float | None) -> None:
    frames = recording(tmp_path, [trade(n, pad="x" * 5000) for n in range(2_000)], step_ms=20)
    async with EmbeddedVenue(Settings(frames=frames, speed=speed)) as venue, asyncio.timeout(10):
        async with connect(f"{venue.ws_url}/ws/abcusdt@trade") as socket:
            await numbers(socket, 3)
        while (await state(venue))["state"] != "held":
            await asyncio.sleep(0.01)
        passed = (await state(venue))["frames_passed"]
        async with connect(f"{venue.ws_url}/ws/abcusdt@trade") as socket:
            assert await numbers(socket, 3) == [passed, passed + 1, passed + 2]


async def test_a_slow_reader_is_waited_for_and_nothing_is_dropped(tmp_path: Path) -> None:
    frames = [trade(n, pad="x" * 4000) for n in range(5_000)]  # 20 MB: more than any socket buffers
    settings = Settings(frames=recording(tmp_path, frames), speed=None)
    async with (
        EmbeddedVenue(settings) as venue,
        asyncio.timeout(30),
        websockets.connect(f"{venue.ws_url}/ws/abcusdt@trade", compression=None, max_queue=4) as socket,
    ):
        await numbers(socket, 1)
        passed = [(await state(venue))["frames_passed"] for _ in range(2)]
        assert passed[0] < 5_000
        assert await numbers(socket, 4_999) == list(range(1, 5_000))


BOOK = [depth(1, 5), snapshot(5, [["1", "1"]]), depth(6, 6)]


async def test_playback_waits_at_a_snapshot_only_for_a_while(tmp_path: Path) -> None:
    settings = Settings(frames=recording(tmp_path, BOOK), speed=None, snapshot_grace_s=0.1)
    async with (
        EmbeddedVenue(settings) as venue,
        asyncio.timeout(10),
        connect(f"{venue.ws_url}/ws/abcusdt@depth@100ms") as socket,
    ):
        assert [json.loads(await socket.recv())["u"] for _ in range(2)] == [5, 6]


@pytest.mark.parametrize("changes", [{"wait_snapshot": False}, {"frames": "trades"}])
async def test_playback_does_not_wait_for_depth_that_nobody_follows_or_when_told_not_to(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    frames = recording(tmp_path, [*BOOK, trade(9)])
    stream = "abcusdt@trade" if changes.pop("frames", None) else "abcusdt@depth@100ms/abcusdt@trade"
    settings = Settings(frames=frames, speed=None, start=Start.FIRST, snapshot_grace_s=60, **changes)
    async with EmbeddedVenue(settings) as venue, asyncio.timeout(10), connect(f"{venue.ws_url}/ws/{stream}") as socket:
        while "t" not in json.loads(await socket.recv()):
            pass


async def test_a_client_that_asked_for_the_depth_early_is_not_waited_for(tmp_path: Path) -> None:
    settings = Settings(
        frames=recording(tmp_path, [*BOOK, trade(9)]), speed=None, start_grace_s=60, snapshot_grace_s=60
    )
    async with (
        EmbeddedVenue(settings) as venue,
        asyncio.timeout(10),
        connect(f"{venue.ws_url}/ws/abcusdt@depth@100ms") as socket,
    ):
        answer = await get(f"{venue.http_url}/api/v3/depth", symbol="ABCUSDT")
        async with connect(f"{venue.ws_url}/ws/abcusdt@trade"):
            assert [json.loads(await socket.recv())["u"] for _ in range(2)] == [5, 6]
    assert answer == snapshot(5, [["1", "1"]])


async def test_at_the_end_connections_stay_by_default(tmp_path: Path) -> None:
    async with (
        EmbeddedVenue(Settings(frames=recording(tmp_path, [trade(1)]), speed=None)) as venue,
        asyncio.timeout(10),
        connect(f"{venue.ws_url}/ws/abcusdt@trade") as socket,
    ):
        await numbers(socket, 1)
        await venue.player.finished.wait()
        await socket.send('{"method":"LIST_SUBSCRIPTIONS","id":1}')
        assert json.loads(await socket.recv())["result"] == ["abcusdt@trade"]


@pytest.mark.parametrize("at_end", [AtEnd.CLOSE, AtEnd.EXIT])
async def test_at_the_end_connections_can_be_closed_and_the_server_ended(tmp_path: Path, at_end: AtEnd) -> None:
    settings = Settings(frames=recording(tmp_path, [trade(1), trade(2)]), speed=None, at_end=at_end)
    async with EmbeddedVenue(settings) as venue, asyncio.timeout(10):
        stop = asyncio.Event()
        serving = asyncio.create_task(venue.serve(stop))
        async with connect(f"{venue.ws_url}/ws/abcusdt@trade") as socket:
            assert [json.loads(message)["t"] async for message in socket] == [1, 2]
        if at_end is AtEnd.CLOSE:
            assert (await state(venue))["state"] == "finished"
            stop.set()
        await serving


async def test_a_recording_can_be_played_again_for_the_next_client(tmp_path: Path) -> None:
    settings = Settings(frames=recording(tmp_path, [trade(1), trade(2)]), speed=None, at_end=AtEnd.REWIND)
    async with EmbeddedVenue(settings) as venue, asyncio.timeout(10):
        for _ in range(3):
            async with connect(f"{venue.ws_url}/ws/abcusdt@trade") as socket:
                assert await numbers(socket, 2) == [1, 2]


async def test_a_recording_can_be_played_round_and_round(tmp_path: Path) -> None:
    settings = Settings(frames=recording(tmp_path, [trade(1), trade(2)]), speed=None, at_end=AtEnd.LOOP)
    async with (
        EmbeddedVenue(settings) as venue,
        asyncio.timeout(10),
        connect(f"{venue.ws_url}/ws/abcusdt@trade") as socket,
    ):
        assert await numbers(socket, 6) == [1, 2, 1, 2, 1, 2]


async def test_the_synthetic_market_goes_on_without_listeners_in_real_time() -> None:
    async with EmbeddedVenue(Settings(synthetic=True, seed=3)) as venue, asyncio.timeout(10):
        before = (await state(venue))["frames_passed"]
        async with connect(f"{venue.ws_url}/ws/btcusdt@trade") as socket:
            event = json.loads(await socket.recv())
        assert (await state(venue))["frames_passed"] > before
        assert abs(event["E"] / 1000 - time.time()) < 2


async def test_the_synthetic_market_runs_as_fast_as_it_is_read() -> None:
    async with (
        EmbeddedVenue(Settings(synthetic=True, seed=3, speed=None)) as venue,
        asyncio.timeout(20),
        connect(f"{venue.ws_url}/ws/btcusdt@bookTicker") as socket,
    ):
        updates = [json.loads(await socket.recv())["u"] for _ in range(3000)]
    assert all(a < b for a, b in itertools.pairwise(updates))


async def test_a_taken_port_is_said() -> None:
    async with EmbeddedVenue(Settings(synthetic=True)) as venue:
        port = int(venue.http_url.rpartition(":")[2])
        with pytest.raises(ListenError, match="choose another --port"):
            async with EmbeddedVenue(Settings(synthetic=True, port=port)):
                pass


def test_settings_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(SettingsError, match="--frames FILE"):
        Settings()
    with pytest.raises(SettingsError, match="not both"):
        Settings(frames=(Path("x"),), synthetic=True)
    with pytest.raises(SettingsError, match="speed is 0"):
        Settings(synthetic=True, speed=0)
    with pytest.raises(SettingsError, match="has no end"):
        Settings(synthetic=True, at_end=AtEnd.LOOP)
