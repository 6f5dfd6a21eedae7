"""The make words and the setup behind them, as far as they can be shown without installing anything."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

WORDS = {
    "help",
    "setup",
    "run",
    "test",
    "check",
    "replay",
    "bench",
    "bench-peers",
    "crash",
    "soak",
    "fmt",
    "lock",
    "clean",
}
# A variable given to the `make` around this test would be handed down to the one inside.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PYTHON"))}


def test_make_alone_lists_every_word_with_a_line_that_explains_it() -> None:
    done = subprocess.run(
        ["make", "-C", ROOT, "--no-print-directory"], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    lines = [line.split(maxsplit=2) for line in done.stdout.splitlines()]

    assert {word for _, word, _ in lines} == WORDS
    assert all(make == "make" and explanation for make, _, explanation in lines)


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("exit 1", "tickerd needs Python 3.11 or newer"),  # too old, or a shim without a Python behind it
        ('case "$2" in *venv*) exit 1;; esac', "lacks the venv module"),
    ],
)
def test_setup_without_a_python_that_fits_says_what_to_do_and_leaves_nothing(
    tmp_path: Path, program: str, says: str
) -> None:
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    shutil.copy(ROOT / "requirements.lock", tmp_path)
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{program}\n", encoding="utf-8")
    python.chmod(0o755)

    done = subprocess.run(
        [".ci/setup"],
        cwd=tmp_path,
        env=ENVIRONMENT | {"PYTHON": str(python)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert says in done.stderr
    assert "make setup PYTHON=" in done.stderr
    assert not (tmp_path / ".venv").exists()
