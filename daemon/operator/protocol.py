"""What goes through the operator's socket: one JSON object a line, a reply for each request, version 1.

    {"v": 1, "id": 1, "ask": "status"}
    {"v": 1, "id": 2, "ask": "kill", "scope": "strategy:ema", "reason": "it buys the top", "args": {"flatten": "yes"}}

    {"v": 1, "id": 2, "ok": true, "said": [], "result": {...}}
    {"v": 1, "id": 3, "ok": false, "error": "arm all: give the reason why it is safe to go on"}

`add` names a settings file, which the daemon reads: {"ask": "add", "strategy": "ema", "args": {"config": "/e.toml"}}.

`ask` is one of `QUERIES`, or one of the commands of `engine.commands`. `said` holds what the daemon had to say
meanwhile.
"""

import msgspec

from core.commands import ACK, ARM, CANCEL, FLATTEN, HALT, KILL, PAUSE, RESUME, STOP_ENTRY
from core.events import CANCEL_ALL, RELEASE
from daemon.operator.messages import Request
from engine.booking_commands import BOOKINGS
from engine.limit_commands import LIMIT_WORDS, RELOAD
from engine.reduce import REDUCE
from engine.retune import RETUNE
from engine.roster_commands import ROSTER_WORDS
from engine.sizing import SCALE

STATUS, LIMITS = "status", "limits"
POSITIONS, ORDERS, FILLS, PNL = "positions", "orders", "fills", "pnl"
STRATEGIES, WHY, BREAKERS = "strategies", "why", "breakers"
ALERTS = "alerts"
QUERIES = (STATUS, LIMITS, POSITIONS, ORDERS, FILLS, PNL, STRATEGIES, WHY, BREAKERS, ALERTS)
COMMANDS = frozenset(
    (
        KILL,
        HALT,
        STOP_ENTRY,
        ARM,
        CANCEL,
        CANCEL_ALL,
        FLATTEN,
        REDUCE,
        PAUSE,
        RESUME,
        RETUNE,
        SCALE,
        RELEASE,
        ACK,
        *BOOKINGS,
        *LIMIT_WORDS,
        *ROSTER_WORDS,
    )
)
ARGS_MAX = 16
TEXT_MAX = 1_000
TABLE_MAX = 48 * 1024  # of a table of settings


_decode = msgspec.json.Decoder(Request).decode


def read_request(line: bytes) -> Request | str:
    """Return a request, or what is wrong with it."""
    try:
        request = _decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return f"not a request: {error}; one JSON object a line, see docs/operator.md"
    texts = (request.ask, request.scope, request.strategy, request.reason, *request.args, *request.args.values())
    most = TABLE_MAX if request.ask == RELOAD else TEXT_MAX
    if len(request.args) > ARGS_MAX or any(len(text) > most for text in texts):
        return f"too much: at most {ARGS_MAX} args, and {most} characters each"
    if request.ask not in QUERIES and request.ask not in COMMANDS:
        return f"{request.ask!r} is nothing to ask; known are {', '.join((*QUERIES, *sorted(COMMANDS)))}"
    return request
