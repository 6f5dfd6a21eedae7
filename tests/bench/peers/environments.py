"""A virtual environment for each peer under var/peers, made when it is first wanted, by the standard venv and pip."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

PINS = Path(__file__).parent  # <name>.txt: what to install


class NotInstalledError(Exception):
    """A peer cannot be had on this machine; says why in pip's words."""


def environments(root: Path, names: Iterable[str], pins: Path = PINS) -> dict[str, Path | NotInstalledError]:
    """Return each peer's Python, or why it has none."""
    found: dict[str, Path | NotInstalledError] = {}
    for name in names:
        try:
            found[name] = environment(root, name, pins)
        except NotInstalledError as error:
            sys.stderr.write(f"skipped: {error}\n")
            found[name] = error
    return found


def environment(root: Path, name: str, pins: Path = PINS) -> Path:
    """Return the Python of a peer's environment in `root`, installed as `pins` wants it, anew when that changed."""
    wanted = (pins / f"{name}.txt").read_text(encoding="utf-8")
    folder = root / name
    python, stamp = folder / "bin" / "python", folder / ".installed"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    sys.stderr.write(f"installing {name} into {folder} ...\n")
    folder.parent.mkdir(parents=True, exist_ok=True)
    _do(name, [sys.executable, "-m", "venv", "--clear", str(folder)])
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    _do(name, [*pip, "--requirement", str(pins / f"{name}.txt")])
    stamp.write_text(wanted, encoding="utf-8")
    return python


def _do(name: str, command: list[str]) -> None:
    """Run one step of an installation."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr + done.stdout).strip().splitlines()
        errors = [line for line in said if line.startswith(("ERROR", "error"))]
        raise NotInstalledError(f"{name} cannot be installed: {' '.join(errors[-2:] or said[-2:])}")
