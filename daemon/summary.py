"""How a session went, told at its end."""

import sys

import msgspec

from daemon.status import PositionStatus


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Everything worth telling of a session that has ended; money and prices are decimal text."""

    session: str
    state: str  # "ended", "crashed"
    reason: str
    duration_ns: int
    inputs: int
    effects: int
    orders: dict[str, int]  # by the state in which they ended
    fills: int
    refusals: dict[str, int]  # by code
    malformed: dict[str, int]  # by reason
    positions: list[PositionStatus]
    tick_to_order_p50_ns: int
    tick_to_order_p99_ns: int
    digest: str
    replay: str  # the command that replays the session


def print_summary(summary: Summary) -> None:
    """Print it."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(summary)).decode() + "\n")
