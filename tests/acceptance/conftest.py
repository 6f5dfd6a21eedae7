"""What tests of a running daemon share: where its socket is, and how it is spoken to."""

import functools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.processes import said


@pytest.fixture
def run_folder() -> Iterator[Path]:
    """Where sockets are: their paths must be short."""
    folder = Path(tempfile.mkdtemp(prefix="t"))
    folder.chmod(0o700)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def say(run_folder: Path) -> Callable[..., str]:
    """Say a word to the daemon in `run_folder`: `say("kill", "all", code=0)`."""
    return functools.partial(said, run_folder)
