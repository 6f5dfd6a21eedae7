"""What a session tells from outside: `tickerd journal export` and `journal book`."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from tests.acceptance.processes import tickerd
from tests.acceptance.recording import NUMBER, Book, Row

FIRST_FIELDS = ("seq", "recv_ns", "venue_ns", "instrument")


def export(session: Path, kind: str) -> list[dict[str, Any]]:
    """The rows of one kind, each checked for the fields that every row must have, `seq` rising."""
    done = tickerd("journal", "export", session, "--kind", kind, "--format", "ndjson")
    assert done.returncode == 0, done.stderr
    # One object a line, read at once: half a million calls would take longer than the daemon did.
    rows: list[dict[str, Any]] = msgspec.json.decode("[" + ",".join(done.stdout.splitlines()) + "]")
    last = -1
    for row in rows:
        assert row["seq"] > last, f"{kind}: {row} after seq {last}"
        last = row["seq"]
    shapes = {tuple(row) for row in rows}
    assert len(shapes) <= 1, f"rows of one kind differ in their fields: {shapes}"
    assert all(shape[:4] == FIRST_FIELDS for shape in shapes), shapes
    return rows


def told(session: Path) -> dict[str, list[Row]]:
    """Trades, quotes and depth updates by instrument, in journal order, as `recording.read` tells them."""
    facts: list[tuple[int, str, Row]] = []
    received: list[tuple[int, int]] = []
    for kind, facts_of in (("trades", _trades), ("quotes", _quotes), ("book", _updates)):
        rows = export(session, kind)
        received += [(row["seq"], row["recv_ns"]) for row in rows]
        facts += facts_of(rows)
    received.sort()
    assert all(before[1] <= after[1] for before, after in itertools.pairwise(received)), "time went back"
    by_instrument: dict[str, list[Row]] = {}
    for _, instrument, row in sorted(facts, key=lambda fact: fact[0]):
        by_instrument.setdefault(instrument, []).append(row)
    return by_instrument


def books(session: Path) -> dict[str, tuple[Book, int]]:
    """Each instrument's book at the session's end, and its last update id, as `tickerd journal book` tells them."""
    done = tickerd("journal", "book", session, "--json")
    assert done.returncode == 0, done.stderr
    found = {}
    for line in done.stdout.splitlines():
        image = json.loads(line)
        assert image["state"] == "LIVE", line[:200]
        sides = []
        for name, best_first in (("bids", True), ("asks", False)):
            levels = [(NUMBER[price], NUMBER[quantity]) for price, quantity in image[name]]
            assert levels == sorted(levels, reverse=best_first), f"{name} are not in order"
            sides.append(dict(levels))
            assert len(sides[-1]) == len(levels), f"{name} hold a price twice"
        found[image["instrument"]] = ((sides[0], sides[1]), image["last_update_id"])
    return found


def _trades(rows: list[dict[str, Any]]) -> Iterator[tuple[int, str, Row]]:
    for row in rows:
        numbers = (NUMBER[row["price"]], NUMBER[row["quantity"]])
        told = ("trade", row["venue_ns"], row["trade_id"], *numbers, row["aggressor"])
        yield row["seq"], row["instrument"], told


def _quotes(rows: list[dict[str, Any]]) -> Iterator[tuple[int, str, Row]]:
    for row in rows:
        numbers = (NUMBER[row[name]] for name in ("bid_price", "bid_quantity", "ask_price", "ask_quantity"))
        yield row["seq"], row["instrument"], ("quote", row["venue_ns"], row["update_id"], *numbers)


def _updates(rows: list[dict[str, Any]]) -> Iterator[tuple[int, str, Row]]:
    """Depth updates put together again from their levels, which stand one after another."""
    key: tuple[object, ...] = ()
    seq, levels = 0, [("", NUMBER["0"], NUMBER["0"])]
    for row in rows:
        level = (row["side"], NUMBER[row["price"]], NUMBER[row["quantity"]])
        this = (row["instrument"], row["venue_ns"], row["first_update_id"], row["last_update_id"])
        if this == key:
            levels.append(level)
            continue
        if key:
            yield seq, str(key[0]), ("book", *key[1:], *levels)
        key, seq, levels = this, row["seq"], [level]
    if key:
        yield seq, str(key[0]), ("book", *key[1:], *levels)
