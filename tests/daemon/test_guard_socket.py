"""The guard's socket: nothing that comes by it breaks the guard, and only a kill kills."""

import asyncio
import contextlib
import errno
import json
import os
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import ConfigError
from config.guard_settings import GuardSettings
from config.load import parse
from config.secrets import read_secret
from core.events import CommandReceived
from daemon.cli import main
from daemon.errors import NobodyAnswers, StartFailed, UsageError
from daemon.guard import client
from daemon.guard.link import GuardLink
from daemon.guard.process import run_guard
from daemon.guard.protocol import Answer, command_of, read_said, socket_of
from daemon.guard.server import Guard
from daemon.guard.watch import GuardState, Pull, Watch
from daemon.live import latch as latch_module
from daemon.live.early import EarlyCommands
from daemon.live.latch import KILL_NAME, GuardLatch
from daemon.operator import door as door_module
from daemon.operator.door import Door
from daemon.operator.kill_file import KILL_FILE, watch_kill_file
from tests.acceptance.processes import until

MS = 1_000_000


class Clock:
    now = 1_000 * MS

    def __call__(self) -> int:
        return self.now


def guard_of(folder: Path, clearers: Any = None) -> Guard:
    watch = Watch(300 * MS, 10 * MS)
    latch = GuardLatch.open(folder)
    return Guard("main", watch, latch, clearers or {}, folder, Clock(), mind="ours", warm_s=5, recheck_s=5)


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Guard:
    return guard_of(tmp_path_factory.mktemp("g"))


WORDS = st.sampled_from(["v", "ask", "session", "trades", "latched", "working", "reason", "beat", "farewell", "status"])
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5) | WORDS,
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=6),
                    max_leaves=8)  # fmt: skip


@settings(max_examples=15)
@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_break_the_guard_nor_pull_it(guard, data):
    assert isinstance(guard.answer(data, "socket"), Answer)
    assert guard.status().decided_ns == 0


@pytest.mark.parametrize(
    "line",
    [
        b'{"v":2,"ask":"kill"}',
        b'{"v":1,"ask":"kill","scop":"all"}',
        b'{"v":1,"ask":"Kill"}',
        b'{"v":1,"ask":"kill","reason":"%s"}' % (b"x" * 1001),
        b'{"v":1,"ask":"beat","latched":-1}',
        b"[" * 60_000,
    ],
)
def test_what_is_no_request_is_told_why(line):
    assert "docs/guard.md" in str(read_said(line))


async def at_the_guard(folder: Path, visit, clearers: Any = None):
    folder.chmod(0o700)
    guard, stop = guard_of(folder, clearers), asyncio.Event()
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


def test_a_pull_while_the_one_before_is_forgotten_keeps_its_word(tmp_path, monkeypatch):
    latch = GuardLatch.open(tmp_path)
    latch.block(7)
    latch.keep(command_of(Pull(number=7, source="guard:silence", reason="frozen")))
    monkeypatch.setattr(latch_module, "sync_folder", lambda _folder: latch.block(9))  # the guard, while the disk waits
    latch.latched(7)
    assert latch.number == 9


async def until_kept(guard: Guard) -> None:
    async with asyncio.timeout(5):
        while guard._keeping:
            await asyncio.sleep(0.005)


async def test_of_two_kills_in_a_row_the_disk_holds_the_last_whole(tmp_path, monkeypatch):
    guard, written, writing = guard_of(tmp_path), list[str](), list[str]()

    def slow(kill: CommandReceived) -> None:
        assert not writing, "both are one file"
        writing.append(kill.scope)
        time.sleep(0.05)
        written.append(writing.pop())

    monkeypatch.setattr(guard._latch, "keep", slow)
    guard.told("socket:uid=1", "first", "venue:BINANCE")
    await asyncio.sleep(0.01)
    guard.told("socket:uid=1", "second", "venue:USDM")
    await until_kept(guard)
    assert written == ["venue:BINANCE", "all"]
    assert guard.status().kept_ns


async def test_a_kill_that_was_latched_before_the_disk_had_it_does_not_kill_the_next_start(tmp_path, monkeypatch):
    guard, keep = guard_of(tmp_path), GuardLatch.keep

    def overtaken(latch: GuardLatch, kill: CommandReceived) -> None:
        GuardLatch.open(tmp_path).latched(int(kill.args["pull"]))  # by the daemon
        keep(latch, kill)

    monkeypatch.setattr(GuardLatch, "keep", overtaken)
    guard.told("socket:uid=1", "mad")
    await until_kept(guard)
    assert GuardLatch.open(tmp_path).left() is None


async def test_a_file_that_cannot_be_taken_away_is_heeded_once_and_ends_nothing(tmp_path, monkeypatch):
    def refuse(_path, _target):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    def visit(path):
        monkeypatch.setattr(Path, "rename", refuse)
        (tmp_path / KILL_FILE).touch()
        until(lambda: client.status(path).decided_ns > 0, "the guard has pulled", 10)
        time.sleep(0.1)
        return client.status(path)

    assert (await at_the_guard(tmp_path, visit)).pulls == 1


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


class Fake:
    """A venue that clears what it is told to."""

    def __init__(self, venue: str, *symbols: str) -> None:
        self.venue, self.symbols, self.problem = venue, symbols, ""
        self.cleared: list[tuple[str, ...]] = []

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        return None

    async def warm(self) -> None:
        return None

    async def clear(self, told, symbols) -> None:
        self.cleared.append(symbols)
        told.last_cancel_ns = told.verified_ns = 1

    async def is_clear(self, symbols) -> bool:
        return True


async def test_a_kill_of_a_symbol_or_a_venue_cancels_there_alone_and_leaves_that_kill_to_the_daemon(tmp_path):
    spot, usdm = Fake("BINANCE", "BTCUSDT", "ETHUSDT"), Fake("USDM", "BTCUSDT")
    clearers: Any = {"BINANCE": spot, "USDM": usdm}

    def visit(path):
        with pytest.raises(NobodyAnswers, match="it knows all, venue:BIN"):
            client.kill(path, "mad", "symbol:XRPUSDT.BINANCE")
        client.kill(path, "mad", "symbol:ETHUSDT.BINANCE")
        told = client.wait_verified(path, 5)
        assert (told.state, told.scope) == (GuardState.VERIFIED, "symbol:ETHUSDT.BINANCE")
        assert (spot.cleared, usdm.cleared) == ([("ETHUSDT",)], [])
        assert GuardLatch.open(tmp_path).blocks(), "nothing leaves until the daemon has taken that kill over"
        kept = GuardLatch.open(tmp_path)
        until(lambda: getattr(kept.left(), "reason", "") == "mad", "the kill on the disk", 5)
        assert getattr(kept.left(), "scope", "") == "symbol:ETHUSDT.BINANCE"
        client.kill(path, "mad", "venue:USDM")
        told = client.wait_verified(path, 5)
        assert told.scope == "all", "while another scope is being cancelled, everything is"
        assert usdm.cleared == [("BTCUSDT",)]
        return told

    await at_the_guard(tmp_path, visit, clearers)


@pytest.mark.parametrize("flag", [[], ["--json"]])
async def test_a_kill_without_a_daemon_tells_once_why_the_guard_was_asked_and_in_json_nothing_else(
    tmp_path, capsys, flag
):
    clearers: Any = {"BINANCE": Fake("BINANCE", "BTCUSDT")}

    def visit(_path):
        return main(["kill", "--folder", str(tmp_path), *flag])

    assert await at_the_guard(tmp_path, visit, clearers) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if not line[:4].isdecimal()]  # the guard's own log
    if flag:
        assert [json.loads(line)["scope"] for line in lines] == ["all"]
    else:
        assert [line.partition(":")[0] for line in lines] == ["kill", "kill"]


class Guarded:
    """A daemon as the link knows it."""

    trades, working = True, 0

    def __init__(self) -> None:
        self.commands: list[CommandReceived] = []
        self.told: list[str] = []

    def command(self, command: CommandReceived) -> list[str]:
        self.commands.append(command)
        return []

    def latched(self, pull: int) -> None:
        return None

    def parted(self) -> None:
        return None

    def tell(self, problem: str) -> None:
        self.told.append(problem)


async def test_the_daemon_sees_its_guard_and_tells_when_it_is_gone(tmp_path):
    tmp_path.chmod(0o700)
    path, guarded = socket_of(tmp_path, "main"), Guarded()
    link = GuardLink(path, GuardSettings(enabled=True, beat_ms=5, patience_ms=100), "live-1", guarded, 0, "ours")
    guard, stop = guard_of(tmp_path), asyncio.Event()
    door = Door(path, guard)
    await door.open()
    running = [asyncio.create_task(guard.run(stop)), asyncio.create_task(link.run())]
    try:
        async with asyncio.timeout(10):
            while not link.seen().watching:
                await asyncio.sleep(0.005)
            seen = link.seen()
            assert (seen.pid, seen.state, seen.problem) == (os.getpid(), "ARMED", "")
            guard.told("socket:uid=1", "mad")
            while not guarded.commands:
                await asyncio.sleep(0.005)
            assert (link.seen().last_kill, link.seen().last_kill_ns > 0) == ("socket:uid=1: mad", True)
            guard._mind = "another's"
            while not link.seen().problem:
                await asyncio.sleep(0.005)
            assert not link.seen().watching
            assert "the guard has another's, this daemon ours" in guarded.told[-1]
            await door.close()
            while "no guard answers" not in link.seen().problem:
                await asyncio.sleep(0.005)
            assert "no guard answers at" in guarded.told[-1]
    finally:
        stop.set()
        running[1].cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def test_the_file_kills_a_daemon_without_a_guard_once_for_each_file(tmp_path):
    given: list[CommandReceived] = []

    def take(command: CommandReceived) -> list[str]:
        given.append(command)
        return []

    watching = asyncio.create_task(watch_kill_file(tmp_path, take))
    file = tmp_path / KILL_FILE
    try:
        async with asyncio.timeout(10):
            for times in (1, 2):
                file.touch()
                while len(given) < times:
                    await asyncio.sleep(0.01)
                await asyncio.sleep(0.25)
                assert len(given) == times, "it is heeded once"
                file.unlink()
                await asyncio.sleep(0.15)
    finally:
        watching.cancel()
    assert {(each.name, each.scope, each.source) for each in given} == {("kill", "all", f"file:{file}")}
