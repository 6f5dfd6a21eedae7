"""Tiny market-by-order streams for tests: one letter an action, prices in whole units."""

from research.l3.records import IN_SNAPSHOT, LAST_IN_EVENT, Change

BID, ASK = 1, -1


def event(ns, *actions, flags=0):
    """An event of (action, side, price, size, order_id)."""
    last = len(actions) - 1
    return [
        Change(ns, ns, action, side, price, size, order_id, flags | (LAST_IN_EVENT if place == last else 0))
        for place, (action, side, price, size, order_id) in enumerate(actions)
    ]


def opening():
    """Bids 100: orders 1 (2) and 2 (3); 99: order 3 (4). Asks 101: order 4 (5); 102: order 5 (6)."""
    return event(
        0,
        ("A", BID, 100, 2, 1),
        ("A", BID, 100, 3, 2),
        ("A", BID, 99, 4, 3),
        ("A", ASK, 101, 5, 4),
        ("A", ASK, 102, 6, 5),
        flags=IN_SNAPSHOT,
    )
