"""The follower's own process: reads the session that the daemon writes, ends when the daemon has and all is in."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from core.errors import CoreError
from daemon.errors import DaemonError
from daemon.store.database import open_store
from daemon.store.follower import Follower
from journal.errors import JournalError

NICENESS = 5  # the daemon's own thread comes first


async def follow(folder: Path, file: Path, batch: int, commit_s: float) -> None:
    """Follow a running session until stdin ends and everything written is in the store."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    stdin = sys.stdin.fileno()

    def hear() -> None:
        if not os.read(stdin, 4096):  # the daemon has closed its end, or is no more
            loop.remove_reader(stdin)
            ended.set()

    loop.add_reader(stdin, hear)
    db = await open_store(file)
    try:
        await Follower(db, file, folder, batch=batch, commit_s=commit_s).run(ended)
    finally:
        await db.close()


def main(folder: Path, file: Path, batch: int, commit_s: float) -> int:
    """Run to the end; return the exit status. What keeps it from going on is one line on stdout."""
    # The daemon decides when it is over: it drains after Ctrl-C, and that is to be in the store.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    os.nice(NICENESS)
    try:
        asyncio.run(follow(folder, file, batch, commit_s))
    except (DaemonError, JournalError, CoreError) as error:
        sys.stdout.write(f"{error}\n")
        return 1
    except Exception as error:
        if os.environ.get("TICKERD_TRACEBACK"):
            raise
        sys.stdout.write(f"a defect of the store, {error!r}; TICKERD_TRACEBACK=1 shows where it happened\n")
        return 1
    return 0
