"""Lives of a daemon, each a child of this process that has imported everything: `tickerd run`, killed where it is told.

    python -m tests.crash.boundary_child

A request is a line of JSON on standard input; a line answers when a life has begun, another when it has ended. The
exchange is such a child as well: a new one costs a tenth of a second.
"""

import gc
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec

import daemon.commands.run
import daemon.live.clean
import daemon.start  # all of these are imported before the first fork, once for all lives
from daemon.cli import main
from daemon.pipeline import Pipeline
from daemon.warmup import warm_up
from journal.writer import JournalWriter
from tests.crash.boundaries import Board, Boundaries, Told


class Request(msgspec.Struct, frozen=True):
    """One process: its command line, what it is told by the environment, where its output goes.

    A life has a `root`, whose files are watched, and dies at boundary `at` in a `way`; an exchange has none, and lives
    until the request that `ends` it. A `hasty` life is that of a daemon with a defect, which must be found.
    """

    words: list[str]
    output: str  # the path of a file, `.err` behind it is the one for errors
    environ: dict[str, str] = {}
    root: str = ""
    at: int = -1
    way: str = ""
    ends: int = 0
    hasty: bool = False


class Ended(msgspec.Struct, frozen=True):
    """How a life ended."""

    status: int  # as `os.waitstatus_to_exitcode` has it: -9 was killed
    told: Told


def live(request: Request, board: Board) -> int:
    """Be the process that was asked for."""
    os.environ.update(request.environ)
    for number, name in ((1, request.output), (2, f"{request.output}.err")):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    os.close(0)
    if request.hasty:
        _send_before_journaling()
    if request.root:
        Boundaries(board, Path(request.root), request.at, request.way).install()
    return main(request.words)


def serve() -> None:
    """Begin lives until there is no more to read."""
    warm_up()
    setattr(daemon.start, "warm_up", _warm_already)  # noqa: B010 - a name that it has of another module
    gc.collect()
    gc.freeze()  # what every child has, and no child's collector need look at
    board = Board()
    assert threading.active_count() == 1, "a fork copies no thread"
    for line in sys.stdin.buffer:
        request = msgspec.json.decode(line, type=Request)
        if request.ends:
            os.kill(request.ends, signal.SIGKILL)
            os.waitpid(request.ends, 0)
            continue
        board.clear()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = live(request, board)
            finally:
                os._exit(code)
        _say(msgspec.json.encode(child))
        if request.root:
            _, status = os.waitpid(child, 0)
            _say(msgspec.json.encode(Ended(os.waitstatus_to_exitcode(status), board.told())))


def _send_before_journaling() -> None:
    """Break the promise that all of this is about: commands leave before their records do."""
    write, init = JournalWriter._write_pending, Pipeline.__init__
    pipelines: list[Pipeline] = []

    def begin(pipeline: Pipeline, *parts: Any, **options: Any) -> None:
        init(pipeline, *parts, **options)
        pipelines.append(pipeline)

    def write_late(journal: JournalWriter, *, link: bool) -> None:
        for pipeline in pipelines:
            pipeline._send()
        write(journal, link=link)

    for owner, name, broken in ((Pipeline, "__init__", begin), (JournalWriter, "_write_pending", write_late)):
        setattr(owner, name, broken)


def _warm_already() -> None:
    """What a life finds done: it was forked from a process that is warm."""


def _say(line: bytes) -> None:
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    serve()
