"""How this program was called, so that a command we print can be pasted as it stands."""

import os
import shlex
import shutil
import sys
from pathlib import Path


def command_line(*words: str) -> str:
    """Return a command line of tickerd that works in this shell, from this folder."""
    return shlex.join([*_program(), *words])


def _program() -> list[str]:
    """Return `tickerd` where that finds this very program, else the way to it."""
    called = Path(sys.argv[0])
    if called.name != "tickerd":
        return [_near(Path(sys.executable)), "-m", "daemon"]
    found = shutil.which("tickerd")
    if found is not None and Path(found).resolve() == called.resolve():
        return ["tickerd"]
    return [_near(called)]


def _near(path: Path) -> str:
    """Return a path relative to the working directory where it lies below it."""
    absolute, here = Path(os.path.abspath(path)), Path.cwd()  # noqa: PTH100 - resolve() would leave a virtual environment
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else str(absolute)


def child(module: str, *words: str) -> tuple[list[str], dict[str, str]]:
    """Return the command and the environment that run one of our modules in a process of its own.

    It finds our packages where we found them, and never in the working directory: a user's own `config.py` or
    `strategies` there must not take the place of ours.
    """
    packages = str(Path(__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, [packages, os.environ.get("PYTHONPATH")]))
    return [sys.executable, "-P", "-m", module, *words], {**os.environ, "PYTHONPATH": path}
