"""The other end of the guard's socket: tell it, ask it, wait for it."""

import contextlib
import socket
import time
from pathlib import Path

import msgspec

from core.scopes import ALL
from daemon.errors import NobodyAnswers
from daemon.guard.protocol import SUFFIX, VERSION, Answer, GuardStatus, Said
from daemon.guard.watch import GuardState

TIMEOUT_S = 2.0
_LOOK_S = 0.02

_decode = msgspec.json.Decoder(Answer).decode


def guards_in(folder: Path) -> list[Path]:
    """Return the sockets of guards in the operator's folder; one whose guard was killed is among them."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def ask_guard(path: Path, said: Said, timeout_s: float = TIMEOUT_S) -> Answer:
    """Say one thing to the guard behind a socket. Raises NobodyAnswers, also where it refuses to hear it."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout_s)
            connection.connect(str(path))
            with contextlib.suppress(BrokenPipeError):  # it hung up, and what it said before is why
                connection.sendall(msgspec.json.encode(said) + b"\n")
            with connection.makefile("rb") as stream:
                answer = _decode(stream.readline())
    except (OSError, msgspec.MsgspecError) as error:
        raise NobodyAnswers(f"no guard answers at {path}: {error}; start one with `tickerd guard`") from error
    if not answer.ok:
        raise NobodyAnswers(f"the guard at {path} refused: {answer.error}")
    return answer


def kill(path: Path, reason: str, scope: str = ALL) -> None:
    """Have the guard cancel everything in a scope; it has begun when this returns. Raises NobodyAnswers."""
    ask_guard(path, Said(v=VERSION, ask="kill", reason=reason, scope=scope))


def status(path: Path) -> GuardStatus:
    """Return how the guard stands. Raises NobodyAnswers."""
    answer = ask_guard(path, Said(v=VERSION, ask="status"))
    assert answer.status is not None, "a guard that is asked for its status tells it"
    return answer.status


def wait_verified(path: Path, timeout_s: float) -> GuardStatus:
    """Return the status once the venues show nothing open, or as it is after so long. Raises NobodyAnswers."""
    until_s = time.monotonic() + timeout_s
    while True:
        told = status(path)
        if told.state != GuardState.CANCELLING or time.monotonic() > until_s:
            return told
        time.sleep(_LOOK_S)
