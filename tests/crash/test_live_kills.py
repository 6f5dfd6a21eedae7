"""kill -9 of a daemon that trades live on an exchange, again and again: the exchange's ledger is the judge.

No order without a journaled intent, none twice, no execution lost, no difference in cash or position.
`make crash` does it many times (TICKERD_CRASH_KILLS); the suite does it twice.
"""

import os
import random
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from core.codec import decode_payload
from core.money import money
from core.records import Kind
from daemon.replay import relived_engine, replay_session
from journal.folders import sessions
from journal.reader import open_session
from oms.fold import Fold
from oms.manager import OrderManager
from tests.acceptance.processes import Daemon, Venue
from tests.acceptance.settings import live_environment, live_tables, venue_table, write_settings

KILLS = int(os.environ.get("TICKERD_CRASH_KILLS", "100"))
LIFE_S = 4.0  # the longest that a daemon lives before it is killed; READY takes about half of it
STRATEGIES = """
[[strategies]]
id = "quoter"
use = "two-sided-quoter"
instruments = ["ETHUSDT.BINANCE"]
params = { quantity = "0.05", half_spread_bps = 0.2, requote_bps = 0.2, max_inventory = "0.2", pause_ms = 50 }

[[strategies]]
id = "ema"
use = "ema-cross"
instruments = ["BTCUSDT.BINANCE"]
params = { fast = 5, slow = 20, quantity = "0.001" }

[risk]
max_orders_per_second = 100
max_orders_per_minute = 3_000
"""


def _lives(folder: Path, kills: int, seed: int) -> None:
    """Kill so often, at moments drawn from the seed, then let one live end in peace; judge."""
    rng = random.Random(seed)
    with Venue(folder, "--synthetic", "--seed", str(seed)) as venue:
        before = _totals(venue)
        tables = (venue_table(venue, "BTCUSDT", "ETHUSDT"), live_tables(venue, folder, visibility_lag_s=1.0))
        settings = write_settings(folder, *tables, STRATEGIES, mode="live", session='flush = "os"')
        for number in range(kills):
            with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
                if number % 2 == 0:
                    daemon.wait_status(lambda status: status["fills"] != [], "a fill")
                _let_live(daemon, rng.uniform(0, LIFE_S))
                daemon.process.kill()
                assert daemon.wait() == -9
        with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
            daemon.wait_ready()
            daemon.wait_status(lambda status: sum(status["orders"].values()) > 0, "an order")
            daemon.stop()
            balances = daemon.last_status()["balances"]
        _judge(venue, folder, balances, before)


def _let_live(daemon: Daemon, seconds: float) -> None:
    """Let time pass; it must not end by itself."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert daemon.process.poll() is None, f"ended by itself\n{daemon.story()}"
        time.sleep(0.005)


def _totals(venue: Venue) -> dict[str, Decimal]:
    """What the account owns at the exchange, by asset."""
    balances = venue.ledger()["balances"]
    return {asset: Decimal(each["free"]) + Decimal(each["locked"]) for asset, each in balances.items()}


def _judge(venue: Venue, folder: Path, balances: dict[str, str], before: dict[str, Decimal]) -> None:
    """Compare all sessions' journals with the exchange's ledger."""
    ledger = venue.ledger()
    intents: Counter[str] = Counter()
    for session in sessions(folder / "sessions"):
        with open_session(session) as reader:
            for record in reader.payloads((Kind.SUBMIT,)):
                intents[decode_payload(record.kind, record.payload).intent.client_order_id] += 1  # type: ignore[attr-defined]
        assert replay_session(session).ok
    orders = Counter(order["clientOrderId"] for order in ledger["orders"])
    assert set(orders) <= set(intents), "an order at the exchange that no journal asked for"
    assert max(orders.values()) == max(intents.values()) == 1, "one intent, one order"
    assert not [order for order in ledger["orders"] if order["status"] in {"NEW", "PARTIALLY_FILLED"}], "left working"
    booked = _books(sessions(folder / "sessions")[-1])
    executed = {order["clientOrderId"]: Decimal(order["executedQty"]) for order in ledger["orders"]}
    orders_here = {name: booked.order(name) for name in executed}
    known = {name: Decimal(order.filled) / 10**8 for name, order in orders_here.items() if order is not None}
    assert known == executed, "what was executed and what we know of it"
    assert sum(len(order.exec_ids) for order in orders_here.values() if order) == len(ledger["executions"]) > 0
    after = _totals(venue)
    assert {asset: money(amount) for asset, amount in balances.items()} == {
        asset: money(str(amount)) for asset, amount in after.items() if amount or asset in balances
    }
    assert after != before


def _books(session: Path) -> OrderManager:
    """The orders of all sessions as the last one ended with them."""
    with open_session(session) as reader:
        engine = relived_engine(reader.head)
        fold = Fold(engine.manager, engine.parts())
        for record in reader.payloads(fold.kinds):
            fold.record(record.kind, record.instrument, record.recv_ns, decode_payload(record.kind, record.payload))
    return engine.manager


def test_two_kills_lose_no_order_no_fill_and_no_money(tmp_path):
    _lives(tmp_path, kills=2, seed=11)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_many_kills_lose_no_order_no_fill_and_no_money(tmp_path, seed):
    _lives(tmp_path, kills=max(1, KILLS // 4), seed=seed)
