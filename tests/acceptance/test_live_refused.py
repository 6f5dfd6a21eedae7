"""Live, what the connector refuses before it leaves: refused once, recorded in its place, and the session goes on."""

import json
from collections import Counter

from core.codec import decode_payload
from core.events import OrderReport
from core.orders import ApprovedSubmit
from core.records import Kind
from daemon.replay import replay_session
from journal.reader import open_session
from tests.acceptance.processes import Daemon, Venue
from tests.acceptance.settings import live_environment, live_tables, venue_table, write_settings

STRATEGY = """
from strategies import Strategy

class Pairs(Strategy):
    # Buys and sells in the same chunk, again and again.
    def on_start(self):
        self.set_timer("again", 50_000_000)
        self.subscribe_quotes(self.markets[0])

    def on_timer(self, timer):
        market = self.markets[0]
        lot = market.instrument.quantity("0.001")
        bid, ask, _ = market.touch()
        self.buy(market, lot, bid)
        self.sell(market, lot, ask)
        self.set_timer("again", 50_000_000)
"""


def test_orders_that_wait_for_a_clock_are_refused_once_each_and_nothing_reaches_the_venue(tmp_path):
    (tmp_path / "pairs.py").write_text(STRATEGY)
    table = f"""
[[strategies]]
id = "pairs"
use = "{tmp_path / "pairs.py"}:Pairs"
instruments = ["BTCUSDT.BINANCE"]
[risk]
max_orders_per_second = 100
"""
    with Venue(tmp_path, "--synthetic") as venue:
        venue.hook(hook="skew", offset_ms=-3000)
        tables = (venue_table(venue, "BTCUSDT"), live_tables(venue, tmp_path))
        settings = write_settings(tmp_path, *tables, table, mode="live", session='flush = "os"')
        with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
            daemon.wait_ready()
            daemon.wait_status(lambda status: sum(status["orders"].values()) >= 20, "twenty orders")
            summary = daemon.stop()
            session = daemon.session
        assert venue.ledger()["orders"] == []
    submitted: list[str] = []
    rejected: Counter[str] = Counter()
    with open_session(session) as reader:
        for record in reader.payloads((Kind.SUBMIT, Kind.REPORT)):
            told = decode_payload(record.kind, record.payload)
            if isinstance(told, ApprovedSubmit):
                submitted.append(told.intent.client_order_id)
            elif isinstance(told, OrderReport):
                rejected[told.client_order_id] += 1
                assert "clock" in told.reason
    assert len(submitted) >= 20
    assert rejected == Counter(dict.fromkeys(submitted, 1))
    assert replay_session(session).ok, json.dumps(summary)
