"""What goes through the guard's socket: one JSON object a line, a reply for each, version 1.

    {"v": 1, "ask": "beat", "session": "live-...", "trades": true, "latched": 0}
    {"v": 1, "ask": "farewell", "session": "live-...", "working": 0}
    {"v": 1, "ask": "kill", "scope": "symbol:BTCUSDT.BINANCE", "reason": "it buys the top"}
    {"v": 1, "ask": "status"}

A reply to a beat holds the pull that the daemon has not latched yet. The answer to `kill` comes at once: what became of
it is told by `status`.
"""

from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from connectors.binance.trading.clearing.transport import Clearance
from core.commands import KILL
from core.events import CommandReceived
from core.scopes import ALL
from daemon.guard.watch import Pull
from daemon.live.latch import PULL
from daemon.operator.who import user_of

VERSION: Final = 1
SUFFIX = ".guard"
"""Of a guard's socket, in the operator's folder; its name is the account's."""
Text = Annotated[str, Meta(max_length=1_000)]
Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked of the guard."""

    v: Literal[1]
    ask: Literal["beat", "farewell", "kill", "status"]
    session: Text = ""
    reason: Text = ""
    scope: Text = ALL  # of a kill
    trades: bool = False
    latched: Count = 0
    working: Count = 0


class GuardStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How the guard stands; times in ns of its own clock, which began at the machine's."""

    account: str
    state: str
    session: str
    silent_ms: float
    pulls: int
    decided_ns: int  # of the last pull
    blocked_ns: int  # from then on no order left a daemon that has the guard's word mapped
    kept_ns: int  # the kill was on the disk
    first_verified_ns: int  # nothing was open at any venue, the first time since; 0: not yet
    verified_ns: int  # the same of the last clearing
    source: str
    reason: str
    scope: str
    first: list[Clearance]  # each venue's first clearing of the last pull, once it is done
    venues: list[Clearance]  # their last, or present, ones
    problems: list[str]


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the guard answers."""

    v: int = VERSION
    ok: bool
    error: str = ""
    pull: Pull | None = None
    status: GuardStatus | None = None
    state: str = (
        ""  # of the guard, its process, its last pull, and `daemon.live.approved.mind_of`, in a reply to a beat
    )
    pid: int = 0
    last: Pull | None = None
    mind: str = ""


def socket_of(folder: str | Path, account: str) -> Path:
    """Return where an account's guard listens, in the operator's folder."""
    return Path(folder) / f"{account}{SUFFIX}"


_decode = msgspec.json.Decoder(Said).decode


def read_said(line: bytes) -> Said | str:
    """Return what was said, or what is wrong with it."""
    try:
        return _decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return f"not a request: {error}; one JSON object a line, see docs/guard.md"


def command_of(pull: Pull) -> CommandReceived:
    """Return the kill of a pull, as it enters a session."""
    return CommandReceived(
        name=KILL,
        scope=pull.scope,
        source=pull.source,
        reason=pull.reason,
        args={PULL: str(pull.number)},
        user=user_of(pull.source),
    )
