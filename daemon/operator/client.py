"""The other end of the operator's socket: find the daemon, ask, and wait for the reply."""

import contextlib
import socket
from pathlib import Path

import msgspec

from daemon.errors import NobodyAnswers, UsageError
from daemon.operator.messages import Request

SUFFIX = ".sock"
TIMEOUT_S = 10.0


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """A `Reply` as it is read; what a later version says beside it is passed over."""

    v: int
    id: int
    ok: bool
    error: str = ""
    said: list[str] = []
    result: msgspec.Raw = msgspec.Raw(b"null")


_decode = msgspec.json.Decoder(Heard).decode


def ask(path: Path, request: Request, timeout_s: float = TIMEOUT_S) -> Heard:
    """Ask the daemon behind a socket. Raises NobodyAnswers where nobody answers there."""
    line = msgspec.json.encode(request) + b"\n"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout_s)
            connection.connect(str(path))
            with contextlib.suppress(BrokenPipeError):  # it hung up, and what it said before is why
                connection.sendall(line)
            with connection.makefile("rb") as stream:
                answer = stream.readline()
    except TimeoutError as error:
        raise NobodyAnswers(
            f"the daemon behind {path} did not answer within {timeout_s:g} s: it may be stuck; SIGUSR1 kills trading "
            "once it is not, and the venue's own dead-man timer cancels where it is armed"
        ) from error
    except OSError as error:
        raise NobodyAnswers(f"no daemon answers at {path}: {error}; `ls {path.parent}` shows the sockets") from error
    try:
        return _decode(answer)
    except msgspec.MsgspecError as error:
        raise UsageError(f"the daemon behind {path} answered {answer[:80]!r}: {error}") from error


def find(folder: Path) -> Path:
    """Return the socket of the one daemon that is running. Raises UsageError where there is none, or more than one."""
    running = [each for each in sorted(folder.glob(f"*{SUFFIX}")) if answers(each)]
    if not running:
        raise NobodyAnswers(
            f"no daemon is running here (no socket in {folder} answers): start one with `tickerd run`, or say --socket"
        )
    if len(running) > 1:
        names = "\n  ".join(str(each) for each in running)
        raise UsageError(f"several daemons are running, say which by --socket:\n  {names}")
    return running[0]


def request(ask_for: str, *, scope: str = "", strategy: str = "", reason: str = "", **args: str) -> Request:
    """Return a request of this version."""
    return Request(v=1, id=1, ask=ask_for, scope=scope, strategy=strategy, reason=reason, args=args)


def answers(path: Path) -> bool:
    """Whether somebody listens; a socket whose daemon was killed is only a file."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(1.0)
            connection.connect(str(path))
    except OSError:
        return False
    return True
