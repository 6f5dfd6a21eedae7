"""Limits judged by the exchange's own ledger: at each acceptance, in the order in which it happened there."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from tests.crash.futures_ledger import OWN_MAKING

WORKING = frozenset(("NEW", "PARTIALLY_FILLED", "PENDING_NEW"))
_WAITING = frozenset(("NEW", "TRIGGERING"))
_ENDS, _BEGINS = 0, 1  # of one millisecond: what ends, and what is executed of earlier orders, comes first

Row = Mapping[str, Any]
Key = tuple[str, int]


class Accepted(NamedTuple):
    """What the account had open, and could come to hold, once an order was accepted; signed by the order's side."""

    order: Row
    open_all: int
    open_symbol: int
    position: Decimal
    worst: Decimal


def working(ledger: Row) -> list[str]:
    """The ids of what is open, conditional orders of futures as well."""
    algos = [each["clientAlgoId"] for each in ledger.get("algoOrders", ()) if each["algoStatus"] in _WAITING]
    return [each["clientOrderId"] for each in ledger["orders"] if each["status"] in WORKING] + algos


def names(ledger: Row) -> set[str]:
    """The ids of all orders that there ever were."""
    algos = {str(each["clientAlgoId"]) for each in ledger.get("algoOrders", ())}
    return {str(each["clientOrderId"]) for each in ledger["orders"]} | algos


def accepted(ledger: Row) -> Iterator[Accepted]:
    """Go through the orders as they were accepted."""
    orders = {_key(each): each for each in ledger["orders"] if not each["clientOrderId"].startswith(OWN_MAKING)}
    at_once: dict[Key, list[Row]] = defaultdict(list)
    events: list[tuple[int, int, int, Key, Row | None]] = []
    for key, order in orders.items():
        events.append((int(order["time"]), _BEGINS, key[1], key, None))
        if order["status"] not in WORKING and int(order["updateTime"]) > int(order["time"]):
            events.append((int(order["updateTime"]), _ENDS, 2**62, key, None))  # after the last of its executions
    for execution in ledger["executions"]:
        key = _key(execution)
        if key in orders and int(execution["time"]) > int(orders[key]["time"]):
            events.append((int(execution["time"]), _ENDS, int(execution["id"]), key, execution))
        else:
            at_once[key].append(execution)
    events.sort(key=lambda each: each[:3])
    held: dict[str, Decimal] = defaultdict(Decimal)
    left: dict[Key, Decimal] = {}

    def execute(key: Key, execution: Row) -> None:
        quantity = Decimal(execution["qty"])
        held[key[0]] += quantity * _side(orders[key])
        if key in left:
            left[key] -= quantity

    for _, phase, _, key, execution in events:
        if execution is not None:
            execute(key, execution)
        elif phase == _ENDS:
            left.pop(key, None)
        else:
            order, side = orders[key], _side(orders[key])
            left[key] = Decimal(order["origQty"])
            same = sum(rest for each, rest in left.items() if each[0] == key[0] and _side(orders[each]) == side)
            position = held[key[0]] * side
            yield Accepted(order, len(left), sum(each[0] == key[0] for each in left), position, position + same)
            for each in at_once[key]:
                execute(key, each)
            if order["status"] not in WORKING and int(order["updateTime"]) == int(order["time"]):
                left.pop(key, None)


def _key(row: Row) -> Key:
    return row["symbol"], int(row["orderId"])


def _side(order: Row) -> int:
    return 1 if order["side"] == "BUY" else -1
