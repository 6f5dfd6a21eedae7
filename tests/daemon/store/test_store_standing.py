"""Freezes, comparisons, links, answers of venues and parent orders as the tables tell them."""

from pathlib import Path
from typing import Any

import pytest

from core.effects import FreezeChanged, ParentProgress, Reconciled, ReconcileState
from core.events import LinkChanged, LinkState
from core.evidence import (
    AccountFacts,
    EvidenceGiven,
    Subject,
    VenueBalance,
    VenueFill,
    VenueMove,
    VenueOrder,
    VenueOrderStatus,
    VenuePosition,
)
from core.money import MONEY_UNIT
from core.orders import Side
from core.records import NO_INSTRUMENT
from daemon.store.known import Known, Traded
from daemon.store.standing import SUMMARY_MAX, summary_of
from tests.daemon.store.store_making import (
    START_NS,
    defined,
    digest_of,
    effect,
    follow,
    rebuilt_digest,
    spot,
    table_of,
    write_session,
)

KNOWN = Known(instruments={0: Traded(0, spot())})


def stored(tmp_path: Path, *payloads: object) -> Path:
    """A store with a session of these records, followed and rebuilt alike."""
    events = [effect(payload, START_NS + number + 1) for number, payload in enumerate(payloads)]
    folder = write_session(
        tmp_path / "20241121T103000Z-live-aa", [defined(0, spot()), *events], ended_ns=START_NS + 100
    )
    follow(tmp_path / "store.db", folder, batch=1)
    assert digest_of(tmp_path / "store.db", folder.name) == rebuilt_digest(folder, tmp_path / "other.db")
    return tmp_path / "store.db"


def told(file: Path, table: str, *columns: str) -> list[tuple[object, ...]]:
    return [tuple(row[column] for column in columns) for row in table_of(file, table)]


def given(subject: Subject, **more: Any) -> EvidenceGiven:
    return EvidenceGiven(number=3, venue="BINANCE", subject=subject, asked_ns=START_NS, **more)


def order(name: str = "ours", **changes: object) -> VenueOrder:
    fields: dict[str, Any] = {
        "client_order_id": name,
        "venue_order_id": "77",
        "instrument": 0,
        "symbol": "BTCUSDT",
        "side": Side.BUY,
        "status": VenueOrderStatus.WORKING,
        "price": 6_000_000,
        "quantity": 2_000_000,
        "filled": 500_000,
        "updated_ns": START_NS,
    }
    return VenueOrder(**{**fields, **changes})


def parent(**changes: object) -> ParentProgress:
    fields: dict[str, Any] = {
        "parent": "p1",
        "strategy_id": "s",
        "algorithm": "twap",
        "instrument": 0,
        "side": Side.BUY,
        "state": "working",
        "quantity": 3_000_000,
        "filled": 2_000_000,
        "children": 2,
        "started_ns": START_NS,
        "arrival_twice": 12_000_001,
        "notional": str(2_000_000 * 6_000_100),
        "market_volume": "3",
        "market_notional": str(3 * 6_000_000 + 1),
        "arrival_slippage_ppm": 17,
        "vwap_slippage_ppm": -4,
        "mid_slippage_ppm": 2,
        "participation_ppm": 120_000,
    }
    return ParentProgress(**{**fields, **changes})


def test_what_was_frozen_and_let_go_again_is_told_in_order(tmp_path):
    file = stored(
        tmp_path,
        FreezeChanged(instrument=0, frozen=True, reason="BTC differs"),
        FreezeChanged(instrument=NO_INSTRUMENT, frozen=True, reason="not ours"),
        FreezeChanged(instrument=0, frozen=False, reason="figures agree"),
    )
    assert told(file, "freezes", "instrument", "frozen", "reason") == [
        ("BTCUSDT.BINANCE", 1, "BTC differs"),
        ("", 1, "not ours"),
        ("BTCUSDT.BINANCE", 0, "figures agree"),
    ]


def test_comparisons_and_links_are_told_with_their_reasons(tmp_path):
    file = stored(
        tmp_path,
        LinkChanged(venue="BINANCE", state=LinkState.UP),
        Reconciled(venue="BINANCE", state=ReconcileState.STARTED),
        Reconciled(venue="BINANCE", state=ReconcileState.BROKEN, reason="BTC differs"),
        LinkChanged(venue="BINANCE", state=LinkState.LIMITED, reason="429", until_ns=START_NS + 9),
    )
    assert told(file, "links", "venue", "state", "reason", "until_ns") == [
        ("BINANCE", "up", "", 0),
        ("BINANCE", "limited", "429", START_NS + 9),
    ]
    assert told(file, "reconciliations", "state", "reason") == [("started", ""), ("broken", "BTC differs")]


def test_an_answer_is_told_by_its_counts_and_in_short(tmp_path):
    file = stored(
        tmp_path,
        given(Subject.OPEN_ORDERS, orders=(order(),)),
        given(Subject.ORDER, absent=True),
        given(Subject.BALANCES, failure="HTTP 503", complete=False),
    )
    assert told(file, "evidence", "subject", "orders", "absent", "complete", "failure", "summary") == [
        ("open-orders", 1, 0, 1, "", "ours BTCUSDT working 0.005 of 0.02"),
        ("order", 0, 1, 1, "", "absent"),
        ("balances", 0, 0, 0, "HTTP 503", ""),
    ]


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (given(Subject.BALANCES, balances=(VenueBalance(currency="BTC", total=str(MONEY_UNIT)),)), "BTC 1"),
        (
            given(Subject.POSITIONS, positions=(VenuePosition(instrument=0, symbol="BTCUSDT", quantity=-(10**8)),)),
            "BTCUSDT -1",
        ),
        (
            given(
                Subject.MOVES,
                moves=(
                    VenueMove(
                        move_id="m1",
                        instrument=0,
                        currency="USDT",
                        amount=str(-MONEY_UNIT),
                        reason="funding",
                        venue_ns=START_NS,
                    ),
                ),
            ),
            "funding -1 USDT",
        ),
        (given(Subject.ACCOUNT, account=AccountFacts(may_trade=False, may_withdraw=False)), "may not trade"),
        (
            given(
                Subject.FILLS,
                fills=(
                    VenueFill(
                        client_order_id="ours",
                        venue_order_id="77",
                        exec_id="x1",
                        instrument=0,
                        side=Side.SELL,
                        price=6_000_050,
                        quantity=10**7,
                        fee="0",
                        fee_currency="USDT",
                        liquidity=None,
                        venue_ns=START_NS,
                    ),
                ),
            ),
            "x1 BTCUSDT.BINANCE sell 0.1 at 60000.5",
        ),
    ],
)
def test_a_summary_says_what_the_answer_says(answer, text):
    assert summary_of(KNOWN, answer) == text


def test_a_summary_stays_short_whatever_the_answer_holds():
    many = given(Subject.OPEN_ORDERS, orders=tuple(order(f"{number}" * 36) for number in range(1_000, 1_500)))
    assert len(summary_of(KNOWN, many)) == SUMMARY_MAX
    few = summary_of(KNOWN, given(Subject.OPEN_ORDERS, orders=tuple(order(f"o{number}") for number in range(9))))
    assert few.startswith("o5 ")


def test_a_parent_is_one_row_with_arrival_interval_vwap_and_what_it_cost(tmp_path):
    file = stored(tmp_path, parent(filled=0, notional="0", state="started", children=0), parent())
    assert told(file, "parents", "parent", "state", "filled", "quantity", "children", "side") == [
        ("p1", "working", "0.02", "0.03", 2, "buy")
    ]
    columns = ("average_price", "arrival_price", "interval_vwap", "arrival_slippage_ppm", "vwap_slippage_ppm")
    assert told(file, "parents", *columns, "mid_slippage_ppm", "participation_ppm") == [
        ("60001", "60000.005", "60000.003333", 17, -4, 2, 120_000)
    ]


def test_a_parent_without_fills_and_trades_has_no_averages(tmp_path):
    file = stored(tmp_path, parent(filled=0, notional="0", market_volume="0", market_notional="0", arrival_twice=0))
    assert told(file, "parents", "average_price", "arrival_price", "interval_vwap") == [("", "", "")]
