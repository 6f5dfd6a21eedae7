"""What the tests of the daemon share: recorded sessions, and the command line as a user calls it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from daemon.cli import main
from tests.daemon.sessions import record_session

ROOT = Path(__file__).resolve().parents[2]


class Answer(NamedTuple):
    """What one command line came to."""

    code: int
    out: str
    err: str

    def json(self):
        return json.loads(self.out)

    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]


Tickerd = Callable[..., Answer]


@pytest.fixture(scope="session")
def recorded_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One recorded session for all tests, only to be read."""
    return record_session(tmp_path_factory.mktemp("sessions"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root of sessions, empty as yet."""
    return tmp_path / "sessions"


@pytest.fixture
def session(recorded_once: Path, root: Path) -> Path:
    """A recorded paper session of about two thousand inputs, with orders and fills; the test's own copy."""
    root.mkdir(exist_ok=True)
    folder = root / recorded_once.name
    shutil.copytree(recorded_once, folder)
    (root / "latest").symlink_to(folder.name)
    return folder


@pytest.fixture
def tickerd(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Tickerd:
    """Call the console entry in this process: `tickerd("journal", "ls")`."""
    monkeypatch.setenv("COLUMNS", "80")

    def call(*arguments: object) -> Answer:
        capfd.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as exited:  # argparse: a mistake in the options, or --help
            code = exited.code if isinstance(exited.code, int) else 1
        return Answer(code, *capfd.readouterr())

    return call


@pytest.fixture
def tickerd_process() -> Tickerd:
    """Call the console entry in a process of its own, from any folder: `tickerd_process("version", cwd=...)`."""

    def call(*arguments: object, cwd: Path | None = None, **environ: str) -> Answer:
        command = [sys.executable, "-m", "daemon", *map(str, arguments)]
        surroundings = {**os.environ, "PYTHONPATH": str(ROOT), **environ}
        done = subprocess.run(
            command, cwd=cwd, env=surroundings, capture_output=True, text=True, timeout=60, check=False
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    return call
