"""The guard's socket: nothing that comes by it breaks the guard, and only a kill kills."""

import asyncio
import contextlib
import json
import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import ConfigError
from config.load import parse
from config.secrets import read_secret
from core.events import CommandReceived
from daemon.errors import NobodyAnswers, StartFailed, UsageError
from daemon.guard import client
from daemon.guard.process import run_guard
from daemon.guard.protocol import Answer, command_of, read_said, socket_of
from daemon.guard.server import KILL_FILE, Guard
from daemon.guard.watch import GuardState, Pull, Watch
from daemon.live.early import EarlyCommands
from daemon.live.latch import KILL_NAME, GuardLatch
from daemon.operator import door as door_module
from daemon.operator.door import Door
from tests.acceptance.processes import until

MS = 1_000_000


class Clock:
    now = 1_000 * MS

    def __call__(self) -> int:
        return self.now


def guard_of(folder: Path) -> Guard:
    watch = Watch(300 * MS, 10 * MS)
    return Guard("main", watch, GuardLatch.open(folder), {}, folder, Clock(), warm_s=5, recheck_s=5)


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Guard:
    return guard_of(tmp_path_factory.mktemp("g"))


WORDS = st.sampled_from(["v", "ask", "session", "trades", "latched", "working", "reason", "beat", "farewell", "status"])
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5) | WORDS,
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=6),
                    max_leaves=8)  # fmt: skip


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_break_the_guard_nor_pull_it(guard, data):
    assert isinstance(guard.answer(data, "socket"), Answer)
    assert guard.status().decided_ns == 0


@pytest.mark.parametrize(
    "line",
    [
        b'{"v":2,"ask":"kill"}',
        b'{"v":1,"ask":"kill","scope":"all"}',
        b'{"v":1,"ask":"Kill"}',
        b'{"v":1,"ask":"kill","reason":"%s"}' % (b"x" * 1001),
        b'{"v":1,"ask":"beat","latched":-1}',
        b"[" * 60_000,
    ],
)
def test_what_is_no_request_is_told_why(line):
    assert "docs/guard.md" in str(read_said(line))


async def at_the_guard(folder: Path, visit):
    folder.chmod(0o700)
    guard, stop = guard_of(folder), asyncio.Event()
    door = Door(socket_of(folder, "main"), guard)
    await door.open()
    running = asyncio.create_task(guard.run(stop))
    try:
        async with asyncio.timeout(10):
            return await asyncio.to_thread(visit, door.path)
    finally:
        stop.set()
        await running
        await door.close()


async def test_a_kill_by_its_socket_blocks_orders_and_is_on_the_disk_for_the_next_start(tmp_path):
    def visit(path):
        client.kill(path, "mad")
        assert GuardLatch.open(tmp_path).blocks()
        until((tmp_path / KILL_NAME).exists, "the kill on the disk", 10)
        return client.status(path)

    told = await at_the_guard(tmp_path, visit)
    assert (told.reason, told.source) == ("mad", f"socket:uid={os.getuid()},pid={os.getpid()}")
    early = EarlyCommands(tmp_path, GuardLatch.open(tmp_path))
    [command] = early.take()
    assert (command.name, command.scope, command.reason) == ("kill", "all", "mad")
    assert early.pull == int(command.args["pull"])
    early.done()
    assert not GuardLatch.open(tmp_path).blocks()
    assert EarlyCommands(tmp_path, GuardLatch.open(tmp_path)).take() == []


async def test_a_kill_that_nobody_took_over_is_taken_up_by_the_next_guard(tmp_path):
    latch = GuardLatch.open(tmp_path)
    latch.block(7)
    latch.keep(command_of(Pull(number=7, source="guard:silence", reason="frozen")))
    told = await at_the_guard(tmp_path, client.status)
    assert (told.state, told.reason) == (GuardState.CANCELLING, "frozen")


async def test_the_next_guard_watches_whom_the_last_one_watched(tmp_path):
    GuardLatch.open(tmp_path).armed("live-1")
    told = await at_the_guard(tmp_path, client.status)
    assert (told.state, told.session) == (GuardState.ARMED, "live-1")
    assert told.silent_ms < -4000
    assert GuardLatch.open(tmp_path).was_armed() == "", "one that ends in order leaves nothing"


async def test_a_file_kills_and_is_renamed(tmp_path):
    def visit(path):
        (tmp_path / KILL_FILE).touch()
        until(lambda: not (tmp_path / KILL_FILE).exists(), "the file renamed", 10)
        return client.status(path)

    assert (await at_the_guard(tmp_path, visit)).source.startswith("file:")
    assert [path.name for path in tmp_path.glob("KILL.*")]


async def test_somebody_else_is_not_let_in(tmp_path, monkeypatch):
    monkeypatch.setattr(door_module, "_peer", lambda _sock: door_module._Peer(4711, 4242))

    def visit(path):
        with pytest.raises(NobodyAnswers, match="only the daemon's own user"):
            client.status(path)

    await at_the_guard(tmp_path, visit)
    assert not GuardLatch.open(tmp_path).blocks()


async def test_half_a_line_and_a_line_without_end_harm_nobody(tmp_path):
    def visit(path):
        for data in (b'{"v":1,"ask":"ki', b"x" * 70_000):
            with socket.socket(socket.AF_UNIX) as connection, contextlib.suppress(BrokenPipeError):
                connection.connect(str(path))
                connection.sendall(data)
        return client.status(path)

    assert (await at_the_guard(tmp_path, visit)).decided_ns == 0


def test_a_word_without_its_file_is_a_kill_all_the_same_and_a_later_pull_is_not_forgotten_with_an_earlier(tmp_path):
    latch = GuardLatch.open(tmp_path)
    latch.block(7)
    left = latch.left()
    assert isinstance(left, CommandReceived)
    assert left.args == {"pull": "7"}
    latch.latched(6)
    assert latch.number == 7
    latch.latched(7)
    assert (latch.number, latch.left()) == (0, None)


def test_a_kill_that_does_not_read_stops_the_start(tmp_path):
    (tmp_path / KILL_NAME).write_bytes(b"{")
    with pytest.raises(StartFailed, match="remove it"):
        EarlyCommands(tmp_path, GuardLatch.open(tmp_path))


VENUE = '[venues.binance]\nconnector = "binance-spot"\ninstruments = ["BTCUSDT"]\n'


def test_settings_that_cannot_be_guarded_say_why():
    with pytest.raises(UsageError, match="nothing to guard in paper mode"):
        run_guard(parse(VENUE), read_secret)
    text = VENUE + "[guard]\nenabled = true\nbeat_ms = 200\n[operator]\nenabled = false\n"
    with pytest.raises(ConfigError) as refused:
        parse(text)
    said = " ".join(str(each) for each in refused.value.all)
    assert "at least three beats, 600" in said
    assert "the guard listens in the operator's folder" in said
