"""The session's head: which program, with which settings and libraries, wrote this journal."""

import hashlib
import importlib.metadata
import platform
from functools import cache
from pathlib import Path

from config import __version__
from journal.head import Build

PACKAGES = ("core", "oms", "risk", "strategies", "engine", "journal", "connectors", "config", "daemon")
LIBRARIES = ("msgspec", "numpy", "numba", "uvloop", "websockets", "aiohttp", "zstandard")


@cache
def build() -> Build:
    """Return the version and the digest of every source file of the packages, in path order."""
    root = Path(__file__).resolve().parent.parent
    hasher = hashlib.sha256()
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            hasher.update(path.relative_to(root).as_posix().encode())
            hasher.update(path.read_bytes())
    return Build(__version__, hasher.hexdigest())


def libraries() -> dict[str, str]:
    """Return the versions of the libraries that could change what the process does."""
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


def python() -> str:
    """Return the interpreter, as `CPython 3.11.7`."""
    return f"{platform.python_implementation()} {platform.python_version()}"
