"""The doctor on Python: its version, assertions, the libraries, the caches of compiled functions."""

import importlib
import importlib.metadata
import os
import platform
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from config import head
from daemon.commands.doctor_finding import Finding, fail, ok, warn

OLDEST, NEWEST = (3, 11), (3, 13)  # what the test suite runs on
VENUE_CLIENTS = frozenset(("ccxt", "alpaca-py", "ib-async"))  # imported only for a venue that needs them
_ROOT = Path(__file__).resolve().parents[2]
_LOCKED = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[^\s;\\]+)")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SETUP = "run `make setup`, or install again with pip"


def findings() -> Iterator[Finding]:
    """Yield what is found of Python and its libraries."""
    yield python_version(sys.version_info[:2], platform.python_implementation())
    yield assertions(sys.flags.optimize)
    yield dependencies(_ROOT)
    yield event_loop()
    yield compiled_cache()


def python_version(version: tuple[int, int], implementation: str) -> Finding:
    """Judge the interpreter."""
    found = head.python()
    if version < OLDEST:
        return fail("python", found, "tickerd needs CPython 3.11 or newer: make setup PYTHON=/path/to/python3.12")
    if version > NEWEST or implementation != "CPython":
        return warn("python", found, "tickerd is tested on CPython 3.11 to 3.13: make setup PYTHON=/path/to/python3.12")
    return ok("python", found)


def assertions(optimize: int) -> Finding:
    """Judge whether assertions are on: they stop a session whose state has become impossible."""
    if optimize:
        return fail("assertions", "off", "start Python without -O, and unset PYTHONOPTIMIZE")
    return ok("assertions", "on")


def dependencies(root: Path) -> Finding:
    """Judge the installed libraries: all there, at the locked versions where `root` has a lock."""
    wanted = required(root)
    locked = locked_versions(root)
    installed = _closure(wanted)
    missing = [name for name in wanted if name not in installed]
    if needed := [name for name in missing if name not in VENUE_CLIENTS]:
        return fail("dependencies", f"missing: {', '.join(needed)}", _SETUP)
    if missing:
        return warn("dependencies", f"missing venue clients: {', '.join(missing)}", f"to trade there, {_SETUP}")
    other = [
        f"{name} {installed[name]} (locked: {version})"
        for name, version in locked.items()
        if name in installed and installed[name] != version
    ]
    if other:
        return warn("dependencies", "; ".join(other[:5]), f"these versions are not the tested ones: {_SETUP}")
    return ok("dependencies", f"{len(wanted)} there" + (", as locked" if locked else ""))


def required(root: Path) -> list[str]:
    """Return the names of the libraries that tickerd is built on, from its metadata or from its sources."""
    try:
        requirements = importlib.metadata.requires("tickerd") or []
    except importlib.metadata.PackageNotFoundError:
        project = root / "pyproject.toml"
        if not project.is_file():
            return list(head.LIBRARIES)
        requirements = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]
    return _names(requirements)


def locked_versions(root: Path) -> dict[str, str]:
    """Return the locked versions by name, nothing where there is no lock."""
    lock = root / "requirements.lock"
    if not lock.is_file():
        return {}
    lines = (_LOCKED.match(line) for line in lock.read_text(encoding="utf-8").splitlines())
    return {_normal(line["name"]): line["version"] for line in lines if line is not None}


def _closure(wanted: list[str]) -> dict[str, str]:
    """Return the installed versions of libraries and of all that they need in turn."""
    found: dict[str, str] = {}
    waiting = list(wanted)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        found[name] = distribution.version
        waiting += _names(distribution.requires or [])
    return found


def _names(requirements: list[str]) -> list[str]:
    """Return the names in requirements such as `uvloop==0.22.1`, without those of optional extras."""
    names = (_NAME.match(line) for line in requirements if "extra ==" not in line)
    return [_normal(name[0]) for name in names if name is not None]


def _normal(name: str) -> str:
    """Return a library's name in the one spelling that the package index gives it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def event_loop() -> Finding:
    """Judge whether uvloop, the event loop of the daemon, imports."""
    try:
        module = importlib.import_module("uvloop")
    except ImportError as error:
        return fail("event loop", f"uvloop does not import: {error}", _SETUP)
    return ok("event loop", f"uvloop {module.__version__}")


def compiled_cache() -> Finding:
    """Judge whether numba may keep what it compiled; else every process compiles again, which takes seconds."""
    advice = "set NUMBA_CACHE_DIR to a folder that this user may write"
    try:
        from journal.scan import first_crc

        folder = Path(first_crc.stats.cache_path or "")
    except (ImportError, RuntimeError) as error:  # numba finds no place for its cache: RuntimeError
        return fail("compiled code", str(error), advice)
    if not os.access(folder, os.W_OK):
        return warn("compiled code", f"{folder} cannot be written", advice)
    return ok("compiled code", f"kept in {folder}")
