"""Real processes, driven from outside as a user would: the venue, the daemon, one command.

Nothing here reaches into the product: only its command line, its ports and its files are used.
"""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 120.0
"""How long anything is waited for: long enough for a busy machine, an end for what never comes."""

Json = Any


def environment(**more: str) -> dict[str, str]:
    """The environment of a child: this one's, without settings of tickerd that a developer may have exported."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TICKERD")}
    return {**kept, "PYTHONUNBUFFERED": "1", **more}


def command(*words: str | Path, python: str = sys.executable) -> list[str]:
    return [python, "-m", "daemon", *map(str, words)]


def tickerd(
    *words: str | Path, python: str = sys.executable, timeout_s: float = PATIENCE_S, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        command(*words, python=python),
        cwd=ROOT,
        env=environment(**environ),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def said(folder: Path, *words: str | Path, code: int = 0) -> str:
    """What a word says to the daemon whose socket is in a folder, and that it ends with this code."""
    done = tickerd(*words, "--folder", folder)
    assert done.returncode == code, f"{words}: {done.returncode} {done.stdout} {done.stderr}"
    return done.stdout + done.stderr


def until(condition: Callable[[], bool], what: str, timeout_s: float = PATIENCE_S) -> None:
    """Look again and again until the condition holds; fail saying what did not come."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s: {what}"
        time.sleep(0.02)


class Child:
    """A process whose standard output is read line by line while it runs; its stderr goes to a file."""

    def __init__(self, words: list[str], stderr: Path, environ: Mapping[str, str], **options: Any) -> None:
        self._stderr = stderr
        self._arrived = threading.Condition()
        self.lines: list[str] = []
        self.ended = False
        with stderr.open("wb") as file:
            self.process = subprocess.Popen(
                words, cwd=ROOT, env=dict(environ), stdout=subprocess.PIPE, stderr=file, text=True, **options
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)

    @property
    def stderr(self) -> str:
        return self._stderr.read_text(errors="replace")

    def wait_line(self, wanted: Callable[[str], bool], what: str, timeout_s: float = PATIENCE_S, start: int = 0) -> str:
        """The first line from number `start` on that is wanted; fails if it does not come, or the output ends."""
        deadline = time.monotonic() + timeout_s
        with self._arrived:
            while True:
                for line in self.lines[start:]:
                    if wanted(line):
                        return line
                start = len(self.lines)
                left_s = deadline - time.monotonic()
                assert not self.ended, f"ended without {what}\n{self.story()}"
                assert left_s > 0, f"not within {timeout_s:g} s: {what}\n{self.story()}"
                self._arrived.wait(min(left_s, 1.0))

    def wait(self, timeout_s: float = PATIENCE_S) -> int:
        """The exit code, once it has ended and everything it said was read."""
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {timeout_s:g} s\n{self.story()}") from None
        self._reader.join(timeout_s)
        return code

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def story(self) -> str:
        """What it said last, for a failing test."""
        return "\n".join(["last lines:", *self.lines[-5:], "stderr:", self.stderr[-4000:]])

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stdout:
            for line in stdout:
                with self._arrived:
                    self.lines.append(line.rstrip("\n"))
                    self._arrived.notify_all()
        with self._arrived:
            self.ended = True
            self._arrived.notify_all()


class Venue(Child):
    """`tickerd emulate binance` on a free port."""

    def __init__(self, folder: Path, *arguments: str | Path) -> None:
        words = command("emulate", "binance", *arguments, "--port", "0", "--json")
        super().__init__(words, folder / "venue.err", environment())
        try:
            said = json.loads(self.wait_line(lambda _: True, "the venue's address"))
        except AssertionError:
            self.__exit__(None, None, None)
            raise
        self.rest_url: str = said["rest_url"]
        self.ws_url: str = said["ws_url"]
        self.usdm_ws_url: str = said.get("usdm_ws_url", said["ws_url"])
        self.ws_api_url: str = said["ws_api_url"]
        self.api_key: str = said.get("api_key", "")  # of the demo account
        self.api_secret: str = said.get("api_secret", "")

    def get(self, path: str) -> Json:
        return self.request("GET", path, None)

    def state(self) -> Json:
        return self.get("/emulator/state")

    def ledger(self, market: str = "spot") -> Json:
        """Everything that the exchange knows of the demo account."""
        return self.get("/emulator/ledger")[market]["accounts"]["demo"]

    def fault(self, fault: str, **fields: object) -> None:
        self.request("POST", "/emulator/faults", json.dumps({"fault": fault, **fields}))

    def decide(self, **decision: object) -> None:
        """Have the owner of the futures exchange decide funding, or a transfer."""
        self.request("POST", "/emulator/futures", json.dumps(decision))

    def hook(self, **fault: object) -> None:
        """Have the exchange misbehave."""
        self.request("POST", "/emulator/hooks", json.dumps(fault))

    def wait_passed(self, frames: int) -> None:
        """Wait until the market has had so many frames, whether or not they were sent."""
        until(lambda: bool(self.state()["frames_passed"] > frames), f"frame {frames} of the market")

    def wait_finished(self, timeout_s: float = PATIENCE_S) -> None:
        """Wait until the last recorded frame is on its way to the daemon."""
        until(lambda: bool(self.state()["state"] == "finished"), f"the end of playback, {self.stderr}", timeout_s)

    def request(
        self, method: str, path: str, body: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Json:
        address = urlsplit(self.rest_url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            text = answer.read()
        assert answer.status == 200, f"{method} {path}: {answer.status} {text[:200]!r}"
        return json.loads(text)


class Daemon(Child):
    """`tickerd run --json`: every line is an object with an `event`."""

    def __init__(
        self, config: Path, *arguments: str, python: str = sys.executable, environ: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:  # fmt: skip
        words = command("run", "-c", config, "--json", *arguments, python=python)
        super().__init__(words, config.with_suffix(".err"), environ or environment(), **options)

    @property
    def session(self) -> Path:
        """The session's folder, told first of all."""
        return Path(json.loads(self.wait_line(lambda _: True, "the session's folder"))["session"])

    def statuses(self) -> Iterator[Json]:
        for line in self.lines:
            said = json.loads(line)
            if said["event"] == "status":
                yield said

    def last_status(self) -> Json:
        return list(self.statuses())[-1]

    def wait_status(self, wanted: Callable[[Json], bool], what: str, timeout_s: float = PATIENCE_S) -> Json:
        """The first status from now on that is wanted."""

        def is_wanted(line: str) -> bool:
            said = json.loads(line)
            return said["event"] == "status" and wanted(said)

        return json.loads(self.wait_line(is_wanted, what, timeout_s, start=len(self.lines)))

    def wait_ready(self) -> Json:
        return self.wait_status(lambda status: status["state"] == "READY", "READY")

    def stop(self, code: int = 0) -> Json:
        """Drain by SIGINT; return the summary."""
        self.signal(signal.SIGINT)
        assert self.wait() == code, self.story()
        return self.summary()

    def summary(self) -> Json:
        last = json.loads(self.lines[-1])
        assert last["event"] == "summary", self.story()
        return last


def wait_all_read(venue: Venue, daemon: Daemon, connections: int = 1) -> None:
    """Wait until the daemon has handled every frame sent so far.

    A frame of no known stream goes down each connection after them all; the daemon counts it when it has come to it.
    """

    def told(status: Json) -> int:
        return int(status["malformed"].get("unknown stream", 0))

    before = max(map(told, daemon.statuses()), default=0)
    venue.fault("inject", text='{"stream":"the-end@test","data":{}}')
    daemon.wait_status(lambda status: told(status) >= before + connections, "the frame that marks the end")
