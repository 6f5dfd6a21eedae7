"""Replays a session where nothing is as it was: a fresh process, other hash seeds, other versions of Python."""

import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.acceptance.processes import environment, tickerd

MINORS = ("3.11", "3.12", "3.13")


@functools.cache
def pythons() -> dict[str, str]:
    """The interpreters that can run the product, by minor version; the running one first.

    TICKERD_PYTHONS names more, separated by colons; python3.12 and the like are looked up on the path.
    """
    found = {"{}.{}".format(*sys.version_info): sys.executable}
    named = [path for path in os.environ.get("TICKERD_PYTHONS", "").split(":") if path]
    looked_up = [path for minor in MINORS if (path := shutil.which(f"python{minor}"))]
    for path in (*named, *looked_up):
        minor = minor_of(path)
        if minor in MINORS:
            found.setdefault(minor, path)
        else:
            assert path not in named, f"TICKERD_PYTHONS names {path}, which cannot run the product: {minor}"
    return found


def minor_of(python: str) -> str:
    """The minor version of an interpreter that has what the product needs, else what keeps it from running it."""
    code = """
import sys
from importlib.util import find_spec
missing = [name for name in ("msgspec", "numpy", "numba", "uvloop", "zstandard") if find_spec(name) is None]
print("no " + ", ".join(missing) if missing else "{}.{}".format(*sys.version_info))
"""
    done = subprocess.run(
        [python, "-c", code], env=environment(), capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout.strip() or done.stderr.strip()[-200:]


def verify(session: Path, python: str = sys.executable, hash_seed: str = "random") -> dict[str, Any]:
    """Run `replay --verify --json` and return its object; it must be identical."""
    done = tickerd("replay", session, "--verify", "--json", python=python, PYTHONHASHSEED=hash_seed)
    assert done.returncode == 0, f"{python}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    result: dict[str, Any] = json.loads(done.stdout)
    assert result["ok"] is True
    assert result["first_difference"] is None
    return result


def replays_everywhere(session: Path) -> None:
    """Replay on every Python there is, each with another hash seed; all come to the same."""
    results = [verify(session, python, str(seed)) for seed, python in enumerate(pythons().values(), start=1)]
    names = ("events", "effects", "digest")
    assert len({tuple(result[name] for name in names) for result in results}) == 1
    assert results[0]["events"] > 0
