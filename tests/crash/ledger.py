"""The exchange's ledger as the judge of all that a daemon journaled, however often it was killed."""

import contextlib
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from core.codec import decode_payload
from core.ids import parse_revision_id, revision_id
from core.money import money
from core.orders import ApprovedGroup, ApprovedReplace, ApprovedSubmit
from core.records import Kind
from daemon.replay import relived_engine, replay_session
from journal.errors import JournalNotFound
from journal.reader import open_session
from oms.fold import Fold
from oms.manager import OrderManager
from tests.crash.futures_ledger import (
    OWN_MAKING,
    compare_futures,
    executed_by_itself,
    execution_name,
    rounding,
    wallets,
)

WORKING = frozenset(("NEW", "PARTIALLY_FILLED", "PENDING_NEW"))

Account = Mapping[str, Any]


def totals(account: Account) -> dict[str, Decimal]:
    """What an account owns at the exchange, by asset."""
    if _is_of_futures(account):
        return wallets(account)
    return {asset: Decimal(each["free"]) + Decimal(each["locked"]) for asset, each in account["balances"].items()}


def judge(account: Account, sessions: Sequence[Path], last: Path, balances: Mapping[str, str]) -> OrderManager:
    """Compare all sessions' journals, the books that the `last` ended with, and what it owned, with the ledger.

    No order without an intent, none twice; the same executions; nothing working; the same money. Returns the books.
    """
    names: Counter[str] = Counter()
    for session in sessions:
        with contextlib.suppress(JournalNotFound):  # died in its very first write
            names.update(intents(session))
            result = replay_session(session)
            assert result.ok, f"{session}: {result.first_difference}"
    orders = Counter(order["clientOrderId"] for order in _ours(account))
    orders.update(algo["clientAlgoId"] for algo in account.get("algoOrders", []) if not algo["actualOrderId"])
    unknown = set(orders) - set(names)
    assert not unknown, f"orders at the exchange that no journal asked for: {unknown}"
    twice = [name for counts in (orders, names) for name, count in counts.items() if count > 1]
    assert not twice, f"one intent, one order: {twice}"
    working = [order for order in account["orders"] if order["status"] in WORKING]
    assert not working, f"left working: {working}"
    books = books_of(last)
    held = [order.client_order_id for order in books.held.of_strategy()]
    assert not held, f"still kept after the end: {held}"
    _compare_orders(account, books, {stem_of(name) for name in names})
    if _is_of_futures(account):
        compare_futures(account, books)
    owned = totals(account)
    theirs = {asset: money(str(amount)) for asset, amount in owned.items() if amount or asset in balances}
    ours = {asset: money(amount) for asset, amount in balances.items()}
    assert set(ours) == set(theirs), "currencies"
    most = rounding(account) if _is_of_futures(account) else 0
    differing = {asset: (ours[asset], theirs[asset]) for asset in ours if abs(ours[asset] - theirs[asset]) > most}
    assert not differing, f"cash, ours and the exchange's: {differing}"
    return books


def intents(session: Path) -> list[str]:
    """The name of every order that a session's journal lets out, as the exchange will call it."""
    names = []
    with open_session(session) as reader:
        for record in reader.payloads((Kind.SUBMIT, Kind.SUBMIT_GROUP, Kind.REPLACE)):
            match decode_payload(record.kind, record.payload):
                case ApprovedSubmit() as submit:
                    names.append(submit.intent.client_order_id)
                case ApprovedGroup() as group:
                    names.extend(each.intent.client_order_id for each in group.orders)
                case ApprovedReplace() as change if change.native:
                    names.append(revision_id(change.client_order_id, change.revision))
    return names


def stem_of(name: str) -> str:
    """The order that a name is a revision of."""
    parsed = parse_revision_id(name)
    assert parsed is not None, f"{name} is none of ours"
    return parsed[0]


def books_of(session: Path) -> OrderManager:
    """The orders of all sessions as one ended with them."""
    with open_session(session) as reader:
        engine = relived_engine(reader.head)
        fold = Fold(engine.manager, engine.parts())
        for record in reader.payloads(fold.kinds):
            fold.record(record.kind, record.instrument, record.recv_ns, decode_payload(record.kind, record.payload))
    return engine.manager


def _compare_orders(account: Account, books: OrderManager, stems: set[str]) -> None:
    """Every intent has ended, with the executions that the exchange has of it."""
    executed: dict[str, Decimal] = {}
    for order in _ours(account):
        stem = stem_of(order["clientOrderId"])
        executed[stem] = executed.get(stem, Decimal()) + Decimal(order["executedQty"])
    known: dict[str, Decimal] = {}
    executions: list[str] = []
    positions: Counter[int] = Counter()
    for stem in sorted(stems):
        ours = books.order(stem)
        assert ours is not None, f"{stem} was journaled and is in no books"
        assert not ours.is_open, f"{stem} has no end: {ours.state.value}"
        known[stem] = Decimal(ours.filled).scaleb(-books._holding(ours.instrument).instrument.size_precision)
        # What was inferred and taken back, the real executions having come, is known and holds nothing.
        executions.extend(name for name, booked in ours.exec_ids.items() if booked[:2] != (0, 0))
        positions[ours.instrument] += ours.side * ours.filled
    differing = {
        stem: (filled, executed.get(stem)) for stem, filled in known.items() if filled != executed.get(stem, 0)
    }
    assert not differing, f"what we know to be executed, and what was: {differing}"
    assert set(executed) <= set(known)
    foreign = executed_by_itself(account) if _is_of_futures(account) else set()
    theirs = [str(each["id"]) for each in account["executions"] if execution_name(each) not in foreign]
    assert sorted(executions) == sorted(theirs), "executions as a set"
    for instrument, quantity in positions.items():
        assert foreign or books.position(instrument).quantity == quantity, "position"


def _is_of_futures(account: Account) -> bool:
    return "income" in account


def _ours(account: Account) -> list[Mapping[str, Any]]:
    """The orders that somebody asked for: not those by which the exchange liquidates."""
    return [order for order in account["orders"] if not order["clientOrderId"].startswith(OWN_MAKING)]
