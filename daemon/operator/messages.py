"""A request at the operator's socket, and the reply to it: a line each (`daemon.operator.protocol`)."""

from typing import Literal

import msgspec

VERSION = 1
LINE_BYTES_MAX = 64 * 1024


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked."""

    v: Literal[1]
    id: int
    ask: str
    scope: str = ""
    strategy: str = ""
    reason: str = ""
    args: dict[str, str] = {}


class Reply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is answered."""

    v: int
    id: int
    ok: bool
    error: str = ""
    said: list[str] = []
    result: msgspec.Raw | None = None
