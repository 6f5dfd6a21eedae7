"""What an operator sees of a running daemon: exact, in 80 columns, and nothing moves because somebody looked."""

import asyncio
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from core.effects import StrategyChanged, StrategyState, TimerSet
from core.events import CommandReceived, FeedChanged, FeedState
from core.orders import OrderIntent, OrderType, Refusal, Side
from core.records import NO_INSTRUMENT, Kind
from daemon.errors import UsageError
from daemon.operator.client import request
from daemon.operator.door import Door
from daemon.operator.operated import Operated
from daemon.operator.protocol import QUERIES
from daemon.projection import Projection
from daemon.queries import queries_of
from daemon.views.seen import KEEP_CODES, Seen
from daemon.views.why import why_view
from risk.sizing.settings import StrategySizing
from tests.daemon.sessions import SETTINGS, Recorder, config
from tests.engine.test_sizing import asked, staged

WAIT_S = 10.0
QUIET = """
[[strategies]]
id = "slow"
use = "ema-cross"
instruments = ["BTCUSDT.BINANCE"]
params = { fast = 400, slow = 900, quantity = "0.01" }
"""


class Running:
    """A recorded session that still runs, with the views that a daemon has of it."""

    def __init__(self, root, rounds: int, more: str = "") -> None:
        text = SETTINGS + more
        self.recorder = Recorder(root, text=text)
        engine = self.recorder.engine
        self.projection = Projection(engine, self.recorder.stats, "s", "paper", [])
        self.recorder.pipeline._watch = self.projection.watch
        daemon = SimpleNamespace(
            engine=engine,
            projection=self.projection,
            settings=config(text).settings,
            clock=SimpleNamespace(now_ns=lambda: self.recorder.now_ns),
            status=lambda: self.projection.status(
                self.recorder.now_ns, journal_bytes=0, loop_lag_ns=0, malformed={}, reconnects=0
            ),
        )
        self.queries = queries_of(daemon)  # type: ignore[arg-type]
        self.recorder.open()
        self.recorder.trade(rounds)

    def ask(self, word: str, **fields: str):
        return msgspec.to_builtins(self.queries[word](request(word, **fields)))

    def command(self, name: str, **fields: Any) -> None:
        command = CommandReceived(name=name, source="test", **fields)
        self.feed(Kind.COMMAND, command)

    def feed(self, kind: Kind, payload: object) -> None:
        self.recorder._feed([(kind, 0, NO_INSTRUMENT, self.recorder.now_ns, 0, payload, 0, 0, 0, 0)])

    def why(self, strategy: str) -> dict[str, Any]:
        row: dict[str, Any]
        [row] = self.ask("why", strategy=strategy)["rows"]
        return row

    def holds(self, strategy: str) -> str:
        return "; ".join(each["what"] for each in self.why(strategy)["reasons"] if each["weight"] == "holds")


@pytest.fixture(scope="module")
def traded(tmp_path_factory) -> Running:
    """One session for all who only look."""
    return Running(tmp_path_factory.mktemp("traded"), rounds=250, more=QUIET)


def test_looking_moves_no_digest(traded):
    before = traded.recorder.engine.digest()
    for word in QUERIES:
        for scope in ("", "all", "strategy:ema-btc", "symbol:ETHUSDT.BINANCE", "venue:BINANCE"):
            traded.ask(word, scope=scope)
    assert traded.recorder.engine.digest() == before


def test_profit_adds_up_exactly_whichever_way_it_is_split(traded):
    pnl, positions = traded.ask("pnl"), traded.ask("positions", flat="yes")["rows"]
    net = {way: sum(Decimal(row["net"]) for row in pnl[way]) for way in ("by_instrument", "by_strategy", "by_currency")}
    assert set(net.values()) == {Decimal(pnl["total"])}
    account = [row for row in positions if not row["strategy"]]
    earned = (Decimal(row["realised"]) + Decimal(row["unrealised"] or 0) - Decimal(row["fees"]) for row in account)
    assert sum(earned) == net["by_instrument"]
    assert pnl["base_currency"] == "USDT"


def test_positions_of_a_scope_are_those_of_it_alone(traded):
    rows = traded.ask("positions", scope="strategy:quoter-eth", flat="yes")["rows"]
    assert {(row["strategy"], row["instrument"]) for row in rows} == {("quoter-eth", "ETHUSDT.BINANCE")}
    rows = traded.ask("positions", scope="symbol:BTCUSDT.BINANCE", flat="yes")["rows"]
    assert [row["strategy"] for row in rows] == ["", "ema-btc"]


def test_fills_are_the_newest_and_each_is_of_an_order_that_is_known(traded):
    rows = traded.ask("fills", last="5")["rows"]
    assert len(rows) == 5
    assert [row["time_ns"] for row in rows] == sorted(row["time_ns"] for row in rows)
    orders = traded.ask("orders", last="1000")
    known = {row["id"] for row in orders["working"] + orders["closed"]}
    assert {row["order"] for row in rows} <= known
    assert traded.projection.fills == len(traded.ask("fills", last="1000")["rows"])


def test_orders_are_told_by_scope_the_working_ones_and_those_that_ended(traded):
    orders = traded.ask("orders", scope="strategy:quoter-eth", last="3")
    assert len(orders["closed"]) == 3
    rows = orders["working"] + orders["closed"]
    assert {row["strategy"] for row in rows} == {"quoter-eth"}
    assert all(Decimal(row["quantity"]) - Decimal(row["filled"]) == Decimal(row["leaves"]) for row in orders["working"])


def test_a_strategy_tells_its_parameters_and_what_it_waits_for(traded):
    rows = {row["id"]: row for row in traded.ask("strategies")["rows"]}
    assert rows["ema-btc"]["params"] == {**rows["ema-btc"]["params"], "fast": 3, "slow": 9}
    assert rows["ema-btc"]["state"] == "active"
    assert rows["ema-btc"]["orders_sent"] > 0
    assert any("BTCUSDT.BINANCE" in each for each in rows["ema-btc"]["listens"])


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"scope": "strategy:emma"}, "known are ema-btc"),
        ({"scope": "everything"}, "is no scope"),
        ({"last": "many"}, "expected 0 to 1000"),
    ],
)
def test_a_question_that_has_no_answer_is_told_why(traded, fields, said):
    with pytest.raises(UsageError, match=said):
        traded.ask("orders", **fields)


def test_why_says_that_a_strategy_asked_for_nothing(traded):
    row = traded.why("slow")
    assert row["answer"] == "nothing holds it back: it has asked for no order yet"
    assert any(each["what"].startswith("it waits for ") for each in row["reasons"])


def test_why_says_what_holds_a_strategy_back(tmp_path):
    running = Running(tmp_path, rounds=30)
    assert running.holds("quoter-eth") == ""
    running.command("halt", scope="symbol:ETHUSDT.BINANCE", reason="news")
    assert "symbol:ETHUSDT.BINANCE is latched (halt) by test: news" in running.holds("quoter-eth")
    assert running.holds("ema-btc") == ""
    running.recorder.trade(10)
    [refusal] = running.why("quoter-eth")["refusals"]
    assert refusal["code"] == "HALTED"
    assert refusal["count"] == running.projection.refusals["HALTED"] > 1
    running.command("arm", scope="symbol:ETHUSDT.BINANCE", reason="over")
    running.command("pause", strategy_id="ema-btc", reason="looks wrong")
    assert "it is paused: looks wrong" in running.holds("ema-btc")
    running.recorder.now_ns += 60_000_000_000
    assert "the prices of ETHUSDT.BINANCE are 60 s old" in running.holds("quoter-eth")
    running.feed(Kind.FEED, FeedChanged(venue="BINANCE", state=FeedState.DISCONNECTED))
    assert "the feed of ETHUSDT.BINANCE is not connected" in running.holds("quoter-eth")


@pytest.mark.parametrize(
    "words",
    [
        ("positions", "--flat"),
        ("orders", "all", "--last", "5"),
        ("fills",),
        ("pnl",),
        ("why",),
        ("strategies", "--running"),
    ],
    ids=" ".join,
)
def test_every_view_fits_80_columns_and_is_one_object_as_json(traded, tickerd, tmp_path, words):
    async def visit():
        door = Door(tmp_path / "run" / "s.sock", Operated(lambda _command: [], traded.queries))
        await door.open()
        try:
            async with asyncio.timeout(WAIT_S):
                there = ("--socket", str(door.path))
                return [
                    await asyncio.to_thread(lambda: tickerd(*words, *there)),
                    await asyncio.to_thread(lambda: tickerd(*words, *there, "--json")),
                ]
        finally:
            await door.close()

    shown, as_json = asyncio.run(visit())
    assert (shown.code, as_json.code) == (0, 0), shown.err + as_json.err
    assert max(map(len, shown.out.splitlines())) <= 80
    assert "quoter-eth" in shown.out
    assert as_json.json()["time_ns"] > 0


def test_why_tells_what_a_size_still_needs_to_be_known():
    stage = staged(StrategySizing(kelly=0.5, largest=2))
    asked(stage)
    (told,) = why_view(stage.engine, Seen(), stage.now_ns, None).rows
    assert "was 0, bound by kelly-unknown (allowed are 2 by largest, 0 by kelly-unknown; needed are 30" in told.answer


def test_breakers_are_shown_of_a_scope_that_has_any(tmp_path):
    running = Running(tmp_path, rounds=1, more="[[risk.breakers.loop_lag_ms]]\nwarn_at = 250\n")
    assert [each["breaker"] for each in running.ask("breakers", scope="all")["rows"]] == ["loop_lag_ms"]
    with pytest.raises(UsageError, match="strategy:emma has no breakers; scopes with breakers: all"):
        running.ask("breakers", scope="strategy:emma")


def test_a_view_without_a_daemon_says_so(tickerd, tmp_path):
    answer = tickerd("positions", "--folder", tmp_path)
    assert answer.code == 2
    assert "no daemon is running here" in answer.err


def test_what_is_remembered_of_algorithms_and_refusals_stays_small():
    seen = Seen()
    for number in range(KEEP_CODES + 10):
        seen.change(1, StrategyChanged(strategy_id=f"ema#{number}", state=StrategyState.ACTIVE, reason="works"))
        seen.timer(2, TimerSet(strategy_id=f"ema#{number}", name="", due_ns=3))
        seen.change(4, StrategyChanged(strategy_id=f"ema#{number}", state=StrategyState.STOPPED, reason="done"))
        intent = OrderIntent(
            client_order_id="x", strategy_id=str(number), instrument=0, side=Side.BUY, type=OrderType.MARKET, quantity=1
        )
        seen.refuse(5, Refusal(code="C", limit="", figure="", message="", intent=intent, limits_version=1))
    assert (len(seen.changed), len(seen.timers), len(seen.refused)) == (0, 0, KEEP_CODES)
    seen.change(6, StrategyChanged(strategy_id="ema", state=StrategyState.STOPPED, reason="done"))
    assert "ema" in seen.changed
