"""Faults of the exchange as they are written: what goes wrong with which request, answer or private event. Pure.

Each fault is one struct, told apart by `hook`; all share the matcher in `Fault`. `plan.py` decides which messages they
meet; `connectors/embedded/hooks.py`, which owns the sockets, carries that out.
"""

import enum
from collections.abc import Iterable
from typing import Literal

import msgspec

from connectors.embedded.errors import SettingsError
from connectors.embedded.market import Market
from core.codec import UNREADABLE


class Place(enum.StrEnum):
    """Where a message meets a fault."""

    REQUEST = "request"  # on its way in: the exchange has not acted, and never does on what is dropped here
    ANSWER = "answer"  # on its way out: the exchange has acted
    EVENT = "event"  # of a private stream, on its way out


class Fault(msgspec.Struct, frozen=True, kw_only=True, tag_field="hook", forbid_unknown_fields=True):
    """Which messages a fault meets, and how often.

    `what` is a pattern (`*`, `?`) of the method (`order.place`), the endpoint (`POST /api/v3/order`), the event
    (`executionReport`) or the event with what happened (`ORDER_TRADE_UPDATE/TRADE`); empty in `crash`,
    `mutate_rules`, `bust` and `reuse` means that no message is waited for. `order` is how a client order id begins,
    `holding` a text in the message. The first `skip` messages pass, then `count` (0: without end) are met, each with
    `probability`; from `after_s` on, for `for_s`.
    """

    name: str = ""
    place: Place = Place.ANSWER
    what: str = "*"
    market: Market | None = None
    account: str = ""
    symbol: str = ""
    order: str = ""
    holding: str = ""
    skip: int = 0
    count: int = 1
    probability: float = 1.0
    after_s: float = 0.0
    for_s: float | None = None


class Delay(Fault, frozen=True, kw_only=True, tag="delay"):
    """Let a message go on late; others overtake it."""

    seconds: float


class Drop(Fault, frozen=True, kw_only=True, tag="drop"):
    """Lose a message. Over REST the client's connection ends without a word after `hang_s`."""

    hang_s: float = 0.0


class Dup(Fault, frozen=True, kw_only=True, tag="dup"):
    """Let a message go on, and once more after `seconds`. A request is acted on twice."""

    seconds: float = 0.0


class Reorder(Fault, frozen=True, kw_only=True, tag="reorder"):
    """Let a message go on behind the next `behind` of its connection, after `seconds` where none come.

    Over REST, where every answer has a connection of its own, it is only late.
    """

    behind: int = 1
    seconds: float = 1.0


class Truncate(Fault, frozen=True, kw_only=True, tag="truncate"):
    """Cut a message: `keep` of it goes on."""

    keep: float = 0.5


class Corrupt(Fault, frozen=True, kw_only=True, tag="corrupt"):
    """Turn the lowest bit of one byte of a message, drawn."""


class Stall(Fault, frozen=True, kw_only=True, tag="stall"):
    """Hold back all that matches for some seconds from the first on, then let it go on in its order.

    `connection`: hold back everything of that connection both ways, pings unanswered: a half-open line.
    """

    seconds: float
    connection: bool = False
    count: int = 0


class Reply(Fault, frozen=True, kw_only=True, tag="reply"):
    """Answer so. At `request` the exchange never hears of it, at `answer` it has acted.

    Over the WebSocket API a JSON object becomes the `error` of an answer, any other text is sent as it is.
    """

    status: int = 503
    body: str = (
        '{"code":-1007,"msg":"Timeout waiting for response from backend server. Send status unknown; execution status '
        'unknown."}'
    )
    content_type: str = "application/json"
    retry_after_s: int = 0


class Crash(Fault, frozen=True, kw_only=True, tag="crash"):
    """End every connection and refuse new ones for some seconds; the books stay, and the matching goes on."""

    seconds: float
    what: str = ""


class Skew(Fault, frozen=True, kw_only=True, tag="skew"):
    """Put the venue's clock off, and let it drift on; for `for_s`, from `after_s` on."""

    offset_ms: int = 0
    drift_ppm: int = 0
    what: str = ""


class Forget(Fault, frozen=True, kw_only=True, tag="forget"):
    """Let queries not know an order (`order`; all where none is named) and its trades.

    With `lag_s` only until it is so old, as a read replica that lags; otherwise as long as the fault holds.
    """

    lag_s: float | None = None
    what: str = "GET *"
    count: int = 0


class MutateRules(Fault, frozen=True, kw_only=True, tag="mutate_rules"):
    """Change a symbol's tick, lot, least notional, or whether it trades (spot), from now on; open orders stay."""

    tick: str | None = None
    step: str | None = None
    min_notional: str | None = None
    trading: bool | None = None
    what: str = ""


class Alter(Fault, frozen=True, kw_only=True, tag="alter"):
    """Put another text in the place of one: a symbol that nobody lists, a word that no document has."""

    find: str
    put: str


class Bust(Fault, frozen=True, kw_only=True, tag="bust"):
    """Take back the last execution of `account` in `symbol`: out of its trades and balances, and no event tells it."""

    what: str = ""


class Reuse(Fault, frozen=True, kw_only=True, tag="reuse"):
    """Give a number again, as after a restart with a counter rolled back: that of `account`'s last in `symbol`.

    `number` "trade": the next trade bears the number of the last one. "order": the next order that of the last.
    """

    number: Literal["trade", "order"]
    what: str = ""


AnyFault = (
    Delay | Drop | Dup | Reorder | Truncate | Corrupt | Stall | Reply | Crash | Skew | Forget | MutateRules
    | Alter | Bust | Reuse
)  # fmt: skip
Happening = Crash | MutateRules | Bust | Reuse
"""What may happen by the clock alone."""
Effect = Drop | Reply | Forget | Stall | Happening


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A seeded script: the faults of a run, `after_s` counted from its start."""

    seed: int = 0
    fault: tuple[AnyFault, ...] = ()


def read_script(text: bytes) -> Script:
    """Return a script: TOML (`seed`, `[[fault]]`), or JSON lines (`{"seed": 7}` first, then a fault a line).

    Raises SettingsError.
    """
    try:
        if text.lstrip()[:1] == b"{":
            head, *rest = [line for line in text.splitlines() if line.strip()]
            seed = msgspec.json.decode(head, type=Script)
            return Script(seed.seed, seed.fault + tuple(msgspec.json.decode(line, type=AnyFault) for line in rest))
        return msgspec.toml.decode(text, type=Script)
    except UNREADABLE as error:
        raise SettingsError(f"not a script of faults: {error}; see connectors/embedded/README.md") from error


def read_faults(text: bytes) -> tuple[AnyFault, ...]:
    """Return the fault, or the array of faults, of a request. Raises SettingsError."""
    try:
        if text.lstrip()[:1] == b"[":
            return msgspec.json.decode(text, type=tuple[AnyFault, ...])
        return (msgspec.json.decode(text, type=AnyFault),)
    except UNREADABLE as error:
        raise SettingsError(f"not a fault: {error}; see connectors/embedded/exchange/faults.py") from error


def without_forgotten(body: object, fault: Forget, numbers: Iterable[int], now_ms: int) -> object | None:
    """Return what a query answers that does not know some orders; None where it was asked for one of them."""
    forgotten = tuple(numbers)
    if isinstance(body, list):
        return [row for row in body if not _is_forgotten(row, fault, forgotten, now_ms)]
    return None if _is_forgotten(body, fault, forgotten, now_ms) else body


def _is_forgotten(row: object, fault: Forget, numbers: tuple[int, ...], now_ms: int) -> bool:
    if not isinstance(row, dict) or not ("orderId" in row or "algoId" in row):
        return False
    client_id = str(row.get("clientOrderId", row.get("clientAlgoId", "")))
    named = not fault.order or client_id.startswith(fault.order) or row.get("orderId", row.get("algoId")) in numbers
    if not named or (fault.symbol and row.get("symbol") != fault.symbol):
        return False
    began_ms = int(str(row.get("time", row.get("createTime", 0))))
    return fault.lag_s is None or now_ms - began_ms < fault.lag_s * 1_000
