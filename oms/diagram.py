"""The table of transitions, drawn: `docs` renders what these functions return, so the picture cannot go stale."""

from core.orders import OrderState
from oms.transitions import TABLE, TABLE_STATES, OrderEvent, Transition, is_open


def transitions_table() -> str:
    """Return the whole table as Markdown: a row per state, a column per event, `!` before an alert's code."""
    events = list(OrderEvent)
    lines = [
        "| state | " + " | ".join(event.value for event in events) + " |",
        "| --- |" + " --- |" * len(events),
    ]
    for state in TABLE_STATES:
        cells = (_cell(state, TABLE[state, event]) for event in events)
        lines.append(f"| **{state.value}** | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def transitions_diagram() -> str:
    """Return a Mermaid state diagram of the ordinary life: transitions that move the state and alarm nobody."""
    lines = ["stateDiagram-v2", "    [*] --> submitted"]
    for state in TABLE_STATES:
        for target, events in _moves(state).items():
            lines.append(f"    {_node(state.value)} --> {_node(target)}: {', '.join(events)}")
    lines += [f"    {_node(state.value)} --> [*]" for state in TABLE_STATES if not is_open(state)]
    return "\n".join(lines) + "\n"


def _moves(state: OrderState) -> dict[str, list[str]]:
    """Return {target: events} of the moves from `state`, targets in the order in which events name them."""
    moves: dict[str, list[str]] = {}
    for event in OrderEvent:
        target, anomaly = TABLE[state, event]
        if anomaly is not None or target is state:
            continue
        name = "working" if target is None else target.value
        moves.setdefault(name, []).append(event.value)
    return moves


def _cell(state: OrderState, transition: Transition) -> str:
    """Return one cell: the target, `·` where nothing moves, and the alert."""
    target, anomaly = transition
    name = "·" if target is state else "working" if target is None else target.value
    return f"{name} !{anomaly.value}" if anomaly else name


def _node(name: str) -> str:
    """Return a Mermaid identifier; a dash would end it."""
    return name.replace("-", "_")
