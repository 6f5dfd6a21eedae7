"""Real recordings through real sockets: every frame, once, in order, byte for byte, and a book that is the same."""

import asyncio
import gzip
import itertools
import json
from pathlib import Path

import pytest

from connectors.embedded.server import EmbeddedVenue
from connectors.embedded.settings import Settings
from tests.connectors.embedded.world import (
    LocalBook,
    connect,
    get,
    rebuild,
    recorded_frames,
    recorded_snapshot,
)

FILES = {
    "spot-btcusdt": ("/api/v3/depth", 5000, ["btcusdt@depth@100ms", "btcusdt@bookTicker", "btcusdt@trade"]),
    "spot-ethusdt": ("/api/v3/depth", 5000, ["ethusdt@depth@100ms", "ethusdt@bookTicker", "ethusdt@trade"]),
    "usdm-btcusdt": ("/fapi/v1/depth", 1000, ["btcusdt@depth@0ms", "btcusdt@bookTicker", "btcusdt@trade"]),
}


def file_of(recorded_dir: Path, name: str) -> Path:
    path = recorded_dir / "binance" / f"{name}_20240808.gz"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return path


async def read(url: str, count: int, received: list[bytes], opened: asyncio.Event | None = None) -> None:
    async with connect(url) as socket:
        if opened is not None:
            opened.set()
        while len(received) < count:
            received.append(await socket.recv(decode=False))


@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=[pytest.mark.slow] if "usdm" in each else []) for each in FILES]
)
async def test_every_recorded_frame_arrives_once_in_order_and_the_documented_book_is_the_files(
    recorded_dir: Path, name: str
) -> None:
    path = file_of(recorded_dir, name)
    endpoint, limit, streams = FILES[name]
    symbol = streams[0].partition("@")[0].upper()
    expected = recorded_frames(path)
    received: list[bytes] = []
    book = LocalBook()
    async with EmbeddedVenue(Settings(frames=(path,), speed=None)) as venue, asyncio.timeout(60):
        url = f"{venue.ws_url}/stream?streams={'/'.join(streams)}"
        opened = asyncio.Event()
        reading = asyncio.create_task(read(url, len(expected), received, opened))
        await opened.wait()
        book.load(await get(f"{venue.http_url}{endpoint}", symbol=symbol, limit=limit))
        await reading
        at_the_end = await get(f"{venue.http_url}{endpoint}", symbol=symbol, limit=100)

    assert received == expected
    assert all(book.apply(json.loads(frame)["data"]) for frame in received if b"@depth" in frame[:40])
    from_the_file = rebuild(path)
    assert (book.bids, book.asks) == (from_the_file.bids, from_the_file.asks)
    late = LocalBook()
    late.load(at_the_end)
    assert late.top(100) == from_the_file.top(100)
    assert late.last_update_id == from_the_file.last_update_id


async def test_playback_waits_at_the_recorded_snapshot_until_the_depth_was_asked_for(recorded_dir: Path) -> None:
    path = file_of(recorded_dir, "spot-btcusdt")
    with gzip.open(path) as file:
        before = next(n for n, line in enumerate(file) if line.partition(b" ")[2].startswith(b'{"lastUpdateId"'))
    settings = Settings(frames=(path,), speed=None, snapshot_grace_s=30)
    async with (
        EmbeddedVenue(settings) as venue,
        asyncio.timeout(30),
        connect(f"{venue.ws_url}/stream?streams={'/'.join(FILES['spot-btcusdt'][2])}") as socket,
    ):
        for _ in range(before):
            await socket.recv()
        state = await get(f"{venue.http_url}/emulator/state")
        answer = await get(f"{venue.http_url}/api/v3/depth", symbol="BTCUSDT", limit=5000)
        await socket.recv()

    assert (state["state"], state["frames_passed"]) == ("held", before)
    assert answer == recorded_snapshot(path)


@pytest.mark.slow
async def test_both_markets_and_all_symbols_play_on_one_port_merged_by_receive_time(recorded_dir: Path) -> None:
    paths = {name: file_of(recorded_dir, name) for name in FILES}
    wanted = {
        "/stream": [*FILES["spot-btcusdt"][2], *FILES["spot-ethusdt"][2]],
        "/public/stream": FILES["usdm-btcusdt"][2],
    }
    counts = {"/stream": 2000, "/public/stream": 2000}
    received: dict[str, list[bytes]] = {path: [] for path in wanted}
    settings = Settings(frames=tuple(paths.values()), speed=None, wait_snapshot=False)
    async with EmbeddedVenue(settings) as venue, asyncio.timeout(60):
        await asyncio.gather(
            *(
                read(f"{venue.ws_url}{path}?streams={'/'.join(names)}", counts[path], received[path])
                for path, names in wanted.items()
            )
        )

    lines = sorted(
        (
            (int(stamp), "/public/stream" if name.startswith("usdm") else "/stream", text)
            for name, path in paths.items()
            for stamp, text in stamped(path)
        ),
        key=lambda line: line[0],
    )
    for market, frames in received.items():
        assert frames == [text for _, kind, text in lines if kind == market][: counts[market]]


def stamped(path: Path) -> list[tuple[bytes, bytes]]:
    """The first frames of a file with their receive times: more than are looked at."""
    with gzip.open(path) as file:
        pairs = [line.rstrip(b"\n").split(b" ", 1) for line in itertools.islice(file, 5000)]
    return [(stamp, text) for stamp, text in pairs if not text.startswith(b'{"lastUpdateId"')]
