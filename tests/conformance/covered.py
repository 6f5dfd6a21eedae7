"""What of an order's life each case shows: said here, and held against what its floors saw while it ran."""

from collections.abc import Iterable
from contextvars import ContextVar

from core.effects import OrderUpdated
from core.orders import OrderState, OrderType
from oms.transitions import OPEN_STATES, TABLE

Seen = dict[tuple[str, str], None]

MOVES: dict[int, tuple[str, ...]] = {
    1: ("submitted > accepted", "accepted > pending-cancel", "pending-cancel > cancelled"),
    2: ("accepted > filled",),
    3: ("accepted > partially-filled", "partially-filled > filled"),
    4: ("partially-filled > expired", "accepted > expired"),
    20: ("submitted > rejected",),
    24: ("submitted > partially-filled",),
    25: ("submitted > expired", "submitted > cancelled"),
    26: (
        "submitted > pending-cancel",
        "pending-cancel > cancelled",
        "pending-cancel > filled",
        "pending-cancel > expired",
        "pending-cancel > rejected",
    ),
    27: ("partially-filled > cancelled",),
    28: ("unknown > filled", "unknown > partially-filled"),
    29: ("unknown > expired", "unknown > cancelled"),
    31: ("pending-cancel > accepted",),
    102: ("unknown > never-arrived",),
    103: ("submitted > unknown", "unknown > accepted"),
    106: ("submitted > filled",),
    110: ("partially-filled > pending-cancel", "pending-cancel > partially-filled"),
    116: ("accepted > cancelled",),
    140: ("pending-cancel > unknown",),
}
"""Transitions by the number of the case that shows them, on every venue."""

TYPES: dict[int, OrderType] = {
    1: OrderType.LIMIT,
    2: OrderType.MARKET,
    7: OrderType.STOP,
    8: OrderType.STOP_LIMIT,
    9: OrderType.MARKET_IF_TOUCHED,
    10: OrderType.LIMIT_IF_TOUCHED,
    11: OrderType.TRAILING_STOP,
    30: OrderType.TRAILING_STOP_LIMIT,
}
"""Order types by the number of the case that places one."""

_FIRST_UNKNOWN = "a request without an answer is UNKNOWN before evidence can say that it never arrived: tests/oms"
NOT_BY_A_CONNECTOR = {
    "submitted > never-arrived": _FIRST_UNKNOWN,
    "unknown > rejected": (
        "a connection with a request that is not answered in time is replaced, so a late answer is not heard: tests/oms"
    ),
    "pending-cancel > never-arrived": _FIRST_UNKNOWN,
}

SEEN: ContextVar[Seen | None] = ContextVar("SEEN", default=None)
"""What was seen while a case ran, where somebody wants to know: moves, and (type, "") of every order."""


def ordinary_moves() -> list[str]:
    """Return every move of the table that alarms nobody, between two states of an order."""
    found: dict[str, None] = {}
    for (state, _), (target, anomaly) in TABLE.items():
        if anomaly is None and state in OPEN_STATES:
            targets = (OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED) if target is None else (target,)
            found |= dict.fromkeys(f"{state.value} > {each.value}" for each in targets if each is not state)
    return list(found)


def note(effects: Iterable[object]) -> None:
    """Note through which states orders went, and of which types they were."""
    seen = SEEN.get()
    if seen is None:
        return
    for each in effects:
        if isinstance(each, OrderUpdated):
            seen[each.type.value, ""] = None
            if each.previous is not None:
                seen[each.previous.value, each.state.value] = None


def missing(number: int, seen: Seen) -> list[str]:
    """Return what a case should have shown and did not."""
    shown = {f"{before} > {after}" if after else before for before, after in seen}
    kind = [TYPES[number].value] if number in TYPES else []
    return [each for each in (*MOVES.get(number, ()), *kind) if each not in shown]
