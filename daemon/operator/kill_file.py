"""The file `KILL` in the operator's folder: whoever puts it there kills trading, with or without a guard.

The guard looks for it, too, and takes it away once it has begun; a daemon without one leaves it there, for others in
the same folder to see, and heeds each file once. One that is still there when a daemon starts kills that daemon.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from core.commands import KILL
from core.events import CommandReceived
from core.scopes import ALL
from daemon.errors import SessionOver

KILL_FILE = "KILL"
LOOK_S = 0.1

log = structlog.get_logger("tickerd")


async def watch_kill_file(folder: Path, command: Callable[[CommandReceived], list[str]]) -> None:
    """Look for the file until cancelled."""
    path, seen_ns = folder / KILL_FILE, 0
    while True:
        found_ns = made_ns(path)
        if found_ns not in {0, seen_ns}:
            log.critical("the file is there: killed", file=str(path))
            source = f"file:{path}"
            try:
                command(CommandReceived(name=KILL, scope=ALL, source=source, reason="the file was there: remove it"))
            except SessionOver:
                return
        seen_ns = found_ns
        await asyncio.sleep(LOOK_S)


def made_ns(path: Path) -> int:
    """Return when the file was put there, 0 where there is none; one that cannot be looked at is there."""
    try:
        return path.lstat().st_mtime_ns or 1
    except FileNotFoundError:
        return 0
    except OSError:
        return 1
