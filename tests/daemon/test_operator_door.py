"""The operator's socket: who may speak, how much, and that what is said is carried out and answered."""

import asyncio
import contextlib
import json
import os
import socket
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events import CommandReceived
from daemon.errors import SessionOver, UsageError
from daemon.operator import door as door_module
from daemon.operator.client import ask, find, request
from daemon.operator.door import CONNECTIONS_MAX, Door
from daemon.operator.messages import LINE_BYTES_MAX, Request
from daemon.operator.operated import Operated
from daemon.operator.protocol import read_request
from daemon.words import OPERATOR, ROSTER, VIEWS
from tests.daemon.status_samples import status

WAIT_S = 10.0


class Desk:
    """What stands behind the door: it notes commands, and says what it is told to."""

    def __init__(self) -> None:
        self.commands: list[CommandReceived] = []
        self.says: list[str] = []
        self.over = False

    def command(self, command: CommandReceived) -> list[str]:
        if self.over:
            raise SessionOver("the session is over")
        self.commands.append(command)
        return self.says


def at_the_door(folder: Path, visit, desk: Desk | None = None):
    """Open a door, let `visit(path)` speak in a thread, and return what it returns."""

    async def main():
        door = Door(
            folder / "run" / "s.sock", Operated((desk or Desk()).command, {"status": lambda _request: status()})
        )
        await door.open()
        try:
            async with asyncio.timeout(WAIT_S):
                return await asyncio.to_thread(visit, door.path)
        finally:
            await door.close()

    return asyncio.run(main())


def lines_of(path: Path, *sent: bytes) -> list[dict[str, Any]]:
    """Send bytes; every reply until the daemon hangs up, or as many as lines were sent."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(WAIT_S)
        connection.connect(str(path))
        with contextlib.suppress(BrokenPipeError):
            for part in sent:
                connection.sendall(part)
        with connection.makefile("rb") as stream:
            count = max(1, b"".join(sent).count(b"\n"))
            return [json.loads(line) for line in (stream.readline() for _ in range(count)) if line]


def test_a_command_is_let_in_with_who_gave_it_and_answered(tmp_path):
    desk = Desk()
    desk.says = ["KILLED: all: was killed"]
    reply = at_the_door(
        tmp_path, lambda path: ask(path, request("kill", scope="all", reason="mad", flatten="yes")), desk
    )
    assert (reply.ok, reply.said) == (True, desk.says)
    [command] = desk.commands
    assert (command.name, command.scope, command.reason, command.args) == ("kill", "all", "mad", {"flatten": "yes"})
    assert command.source == f"socket:uid={os.getuid()},pid={os.getpid()}"


def test_a_refused_command_is_answered_with_the_reason(tmp_path):
    desk = Desk()
    desk.says = ["COMMAND_REFUSED: arm all: give the reason why it is safe to go on"]
    reply = at_the_door(tmp_path, lambda path: ask(path, request("arm", scope="all")), desk)
    assert (reply.ok, reply.error) == (False, "arm all: give the reason why it is safe to go on")


def test_a_command_after_the_end_is_refused(tmp_path):
    desk = Desk()
    desk.over = True
    reply = at_the_door(tmp_path, lambda path: ask(path, request("kill")), desk)
    assert (reply.ok, reply.error) == (False, "the session is over")


def test_the_status_is_the_daemons_own(tmp_path):
    reply = at_the_door(tmp_path, lambda path: ask(path, request("status")))
    assert json.loads(bytes(reply.result))["session"] == status().session


def test_folder_and_socket_are_for_their_owner_alone(tmp_path):
    def look(path):
        return [stat.S_IMODE(each.stat().st_mode) for each in (path.parent, path)]

    assert at_the_door(tmp_path, look) == [0o700, 0o600]
    assert not (tmp_path / "run" / "s.sock").exists(), "it is taken away at the end"


@pytest.mark.parametrize("spoil", ["open to all", "a link", "a file"])
def test_a_folder_that_others_could_use_is_refused(tmp_path, spoil):
    folder = tmp_path / "run"
    if spoil == "a link":
        (tmp_path / "else").mkdir(mode=0o700)
        folder.symlink_to(tmp_path / "else")
    elif spoil == "a file":
        folder.write_text("")
    else:
        folder.mkdir()
        folder.chmod(0o755)
    with pytest.raises(UsageError, match=r"\[operator\] folder"):
        at_the_door(tmp_path, lambda _path: None)


def test_a_path_that_is_too_long_for_a_socket_is_told(tmp_path):
    with pytest.raises(UsageError, match="set a shorter"):
        at_the_door(tmp_path / ("x" * 100), lambda _path: None)


def test_somebody_else_is_not_let_in(tmp_path, monkeypatch):
    monkeypatch.setattr(door_module, "_peer", lambda _sock: door_module._Peer(4711, 4242))
    desk = Desk()
    [reply] = at_the_door(tmp_path, lambda path: lines_of(path, b'{"v":1,"id":1,"ask":"kill"}\n'), desk)
    assert "only the daemon's own user" in reply["error"]
    assert desk.commands == []


def test_more_than_so_many_at_once_are_sent_away(tmp_path):
    def crowd(path):
        guests = [socket.socket(socket.AF_UNIX) for _ in range(CONNECTIONS_MAX)]
        try:
            for guest in guests:
                guest.connect(str(path))
            answers = [ask(path, request("status")).error]
        finally:
            for guest in guests:
                guest.close()
        return answers

    assert "connected already" in at_the_door(tmp_path, crowd)[0]


def test_half_a_message_is_not_waited_for_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(door_module, "SILENCE_S", 0.05)
    [reply] = at_the_door(tmp_path, lambda path: lines_of(path, b'{"v":1,"id":1,"as'))
    assert "nothing whole came" in reply["error"]


def test_a_request_without_end_is_cut_off(tmp_path):
    [reply] = at_the_door(tmp_path, lambda path: lines_of(path, b"x" * (LINE_BYTES_MAX + 1)))
    assert "ends after" in reply["error"]


def test_a_whole_line_that_is_too_long_is_refused_as_well_and_not_carried_out(tmp_path):
    desk = Desk()
    long = b'{"v":1,"id":1,"ask":"kill"' + b" " * LINE_BYTES_MAX + b"}\n"
    [reply] = at_the_door(tmp_path, lambda path: lines_of(path, long), desk)
    assert "a request ends after" in reply["error"]
    assert not desk.commands


def test_several_requests_are_answered_in_their_order(tmp_path):
    asked = b'{"v":1,"id":1,"ask":"cancel"}\nnonsense\n{"v":1,"id":3,"ask":"kill"}\n'
    replies = at_the_door(tmp_path, lambda path: lines_of(path, asked[:20], asked[20:]))
    assert [(reply["id"], reply["ok"]) for reply in replies] == [(1, True), (0, False), (3, True)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"v":2,"id":1,"ask":"kill"}', "not a request"),
        (b'{"v":1,"id":1,"ask":"kill","scoop":"all"}', "scoop"),
        (b'{"v":1,"id":1,"ask":"dance"}', "known are status"),
        (b'{"v":1,"id":1,"ask":"kill","reason":"%s"}' % (b"x" * 1001), "too much"),
        (b"[" * 60_000, "not a request"),
        (b"\xff\xfe", "not a request"),
    ],
)
def test_what_is_no_request_is_told_why(line, said):
    assert said in str(read_request(line))


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reading(data):
    assert isinstance(read_request(data), str | Request)


def test_the_one_daemon_is_found_and_a_dead_ones_socket_is_passed_over(tmp_path):
    def look(path):
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path.parent / "dead.sock"))
        return find(path.parent) == path

    assert at_the_door(tmp_path, look)
    with pytest.raises(UsageError, match="no daemon is running here"):
        find(tmp_path / "run")


def test_the_page_shows_requests_that_are_read_and_every_word():
    page = (Path(__file__).parents[2] / "docs" / "operator.md").read_text()
    asked = [line for line in page.splitlines() if line.startswith('{"v"') and '"ask"' in line]
    assert [getattr(read_request(line.encode()), "ask", "") for line in asked] == ["fills", "kill", "add"]
    assert all(f"`tickerd {word}" in page for word in (*OPERATOR, *VIEWS, *ROSTER))


async def read(wanted: Request, source: str) -> CommandReceived:
    """What reads a strategy from files: it takes a while."""
    await asyncio.sleep(0)
    if wanted.strategy == "emma":
        raise UsageError("has no strategy 'emma'")
    if wanted.strategy == "defect":
        raise KeyError("x")
    return CommandReceived(name="add", strategy_id=wanted.strategy, source=source, args={"definition": "{}"})


@pytest.mark.parametrize(
    ("strategy", "ok", "error"),
    [("ema", True, ""), ("emma", False, "has no strategy 'emma'"), ("defect", False, "a defect of the program")],
)
def test_what_has_to_be_read_first_is_answered_once_it_was(tmp_path, strategy, ok, error):
    desk = Desk()

    async def main():
        door = Door(tmp_path / "run" / "s.sock", Operated(desk.command, {}, read))
        await door.open()
        try:
            async with asyncio.timeout(WAIT_S):
                wanted = request("add", strategy=strategy, config="/e.toml")
                return await asyncio.to_thread(ask, door.path, wanted)
        finally:
            await door.close()

    reply = asyncio.run(main())
    assert (reply.ok, error in reply.error) == (ok, True)
    assert [each.args for each in desk.commands] == ([{"definition": "{}"}] if ok else [])


def test_who_is_turned_away_is_told_once_a_second_with_how_often(tmp_path, monkeypatch):
    told: list[tuple[str, str]] = []
    monkeypatch.setattr(os, "getuid", lambda: 4242)
    monkeypatch.setattr(door_module, "_peer", lambda _socket: door_module._Peer(pid=7, uid=31_337))

    async def main() -> None:
        door = Door(tmp_path / "s.sock", Operated(Desk().command, {}), lambda *args: told.append(args))
        for _ in range(3):
            guest = door_module._Guest(door)
            guest.connection_made(asyncio.Transport(extra={"socket": None}))
            guest.leave()

    monkeypatch.setattr(door_module._Guest, "_refuse", lambda *_: None)
    monkeypatch.setattr(asyncio.Transport, "close", lambda *_: None)
    asyncio.run(main())
    assert told == [("socket:uid=31337,pid=7", "neither the daemon's own user nor root")]
