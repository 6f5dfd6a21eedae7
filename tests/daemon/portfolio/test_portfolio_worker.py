"""The worker beside a session: real figures from a real child, and what becomes of one that dies, stalls or babbles."""

import asyncio
import io
import os
import signal
import sys
from pathlib import Path

import msgspec
import pytest

from config.portfolio_settings import PortfolioSettings
from config.settings import Settings
from core.events import InstrumentDefined, LifecycleState
from core.instruments import AssetClass
from core.money import money
from core.orders import ApprovedSubmit
from core.portfolio import PortfolioRisk, StressFigure, TailFigure
from core.records import Event, Kind
from daemon.metrics_portfolio import portfolio_metrics
from daemon.portfolio import process
from daemon.portfolio.child import serve
from daemon.portfolio.process import PortfolioWorker
from daemon.portfolio.setup import setup_of
from daemon.portfolio.snapshot import base_of, snapshot_of
from daemon.portfolio_view import portfolio_status
from risk.portfolio.messages import Snapshot
from risk.portfolio_figures import PortfolioFigures
from strategies import Strategy
from tests.engine.scenario import BTC, LOT, Stage, only

VENUE = {"binance": {"connector": "binance-spot", "instruments": ["BTCUSDT"]}}
PATIENCE_S = 30.0


class Buyer(Strategy):
    """Buys 0.01 BTC at 100 once it starts."""

    def on_start(self):
        self.buy(self.markets[0], LOT, 100_00)


def bars_file(folder: Path) -> Path:
    file = folder / "bars.csv"
    rows = [f"{1_600_000_000 + 60 * bar},{100 + (bar * 7 % 13) / 10}" for bar in range(200)]
    file.write_text("time,close\n" + "\n".join(rows) + "\n")
    return file


def settings(folder: Path, **table: object) -> Settings:
    chosen = {
        "enabled": True,
        "every_s": 0.1,
        "bar_s": 60,
        "least": 50,
        "file": str(folder / "portfolio.jsonl"),
        "seed_files": {"BTCUSDT.BINANCE": str(bars_file(folder))},
        "simulations": 1_000,
        **table,
    }
    return msgspec.convert({"venues": VENUE, "portfolio": chosen}, Settings)


def holder() -> Stage:
    stage = Stage(Buyer)
    [order] = only(stage.open(), ApprovedSubmit)
    stage.fill(order.intent.client_order_id, LOT, 100_00)
    return stage


class Session:
    """A stage whose worker's answers are stepped, as the daemon's pipeline does."""

    def __init__(self, folder: Path, *, command: tuple[str, ...] = (), **table: object) -> None:
        self.stage = holder()
        self.told: list[PortfolioRisk] = []
        self.worker = PortfolioWorker(
            settings(folder, **table), self.stage.engine, lambda: self.stage.now_ns, self.sink, command=command
        )

    def sink(self, events: list[Event]) -> None:
        for event in events:
            assert event[0] == Kind.PORTFOLIO
            assert isinstance(event[5], PortfolioRisk)
            self.told.append(event[5])
            self.stage.step(event)

    async def until(self, wanted: object) -> None:
        assert callable(wanted)
        running = asyncio.create_task(self.worker.run())
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not wanted():
                    await asyncio.sleep(0.01)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def test_a_snapshot_has_what_is_held_and_only_prices_to_be_trusted():
    stage = holder()
    table = PortfolioSettings(sectors={"BTC": "layer-1"})
    base = base_of(table, "", stage.engine.markets)

    found = snapshot_of(stage.engine, table, base, 77)

    assert base == "USDT"
    assert (found.time_ns, found.prices) == (77, {"BTCUSDT.BINANCE": 100.0})
    [held] = found.holdings
    assert (held.name, held.factor, held.sector, held.asset_class) == ("BTC", "BTCUSDT.BINANCE", "layer-1", "crypto")
    assert held.value == pytest.approx(1.0)
    stage.engine.markets[0].connected = False
    found = snapshot_of(stage.engine, table, base, 78)
    assert (found.prices, found.holdings, found.unpriced) == ({}, (), ("BTC",))


def test_a_contract_is_held_at_its_mark_and_an_inverse_one_at_its_face():
    for inverse, worth in ((False, 1.0), (True, 0.01)):
        stage = Stage(Buyer)
        contract = msgspec.structs.replace(BTC, asset_class=AssetClass.PERPETUAL, inverse=inverse, settlement="USDT")
        stage.payload(Kind.INSTRUMENT, InstrumentDefined(contract), 0)
        stage.engine.markets[0].connected = True
        stage.quote(99_99, 100_01)
        stage.engine.manager.position(0).quantity = LOT

        [held] = snapshot_of(stage.engine, PortfolioSettings(), "USDT", 1).holdings

        assert held.factor == "BTCUSDT.BINANCE"
        assert held.value == pytest.approx(worth)


async def test_figures_come_back_from_a_process_of_their_own(tmp_path):
    session = Session(tmp_path)

    await session.until(lambda: len(session.told) >= 3)

    assert session.told[0].problem == ""
    figures = session.stage.engine.portfolio
    assert figures.es_99 >= figures.var_99 > 0
    assert figures.stress_worst > 0
    status = portfolio_status(figures, session.stage.now_ns)
    assert status is not None
    assert (status.base_currency, status.gross[:3], status.problem) == ("USDT", "1", "")
    assert set(status.tails) >= {"historical", "normal", "monte-carlo"}


@pytest.mark.slow  # tests/acceptance kills one beside a whole daemon
async def test_a_worker_that_is_killed_is_told_started_again_and_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "RESTART_FIRST_S", 0.05)
    session = Session(tmp_path)
    session.worker._wait_s = 0.05
    killed: list[int] = []

    def kill_then_wait() -> bool:
        if session.told and not killed:
            assert session.worker.pid is not None
            killed.append(session.worker.pid)
            os.kill(session.worker.pid, signal.SIGKILL)
        problems = [at for at, each in enumerate(session.told) if each.problem]
        return bool(problems) and not session.told[-1].problem

    await session.until(kill_then_wait)

    [problem] = [each.problem for each in session.told if each.problem]
    assert "the risk worker was lost: its process ended with status -9" in problem
    assert session.stage.engine.portfolio.var_99 > 0


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("import time; time.sleep(60)", "did not answer within 0.2 s"),
        ('import sys; sys.stdin.readline(); print(\'{"defect": "oh"}\', flush=True); sys.stdin.read()', "oh"),
        ("raise SystemExit(3)", "lost"),
    ],
    ids=["stalled", "babbling", "ended"],
)
async def test_a_worker_that_is_of_no_use_is_told(tmp_path, program, why):
    session = Session(tmp_path, command=(sys.executable, "-c", program), timeout_s=0.2)

    await session.until(lambda: session.told)

    assert why in session.told[0].problem
    assert session.stage.engine.portfolio.problem == session.told[0].problem
    assert session.worker.pid is None


async def test_nothing_is_asked_before_the_session_is_ready(tmp_path):
    session = Session(tmp_path)
    session.stage.engine.lifecycle = LifecycleState.SYNCING
    looks = iter(range(50))

    await session.until(lambda: next(looks, None) is None)

    assert session.told == []


async def test_several_currencies_and_none_to_count_in_are_told(tmp_path):
    session = Session(tmp_path)
    other = msgspec.structs.replace(BTC, symbol="BTCEUR", quote="EUR")
    session.stage.payload(Kind.INSTRUMENT, InstrumentDefined(other), 1)

    await session.until(lambda: session.told)

    assert "name one in [portfolio] base_currency" in session.told[0].problem


def test_a_setup_that_cannot_be_is_the_answer_to_every_snapshot(tmp_path):
    setup = setup_of(settings(tmp_path, seed_files={"BTC": str(tmp_path / "none.csv")}))
    asked = Snapshot(time_ns=5, base_currency="USDT")
    out = io.BytesIO()

    assert serve(io.BytesIO(b"\n".join(map(msgspec.json.encode, (setup, asked, asked))) + b"\n"), out) == 0

    answers = [msgspec.json.decode(line, type=PortfolioRisk) for line in out.getvalue().splitlines()]
    assert [each.as_of_ns for each in answers] == [5, 5]
    assert all("[portfolio.seed_files]" in each.problem for each in answers)


def test_metrics_tell_the_figures_and_only_the_problem_without_any():
    figures = PortfolioFigures()
    assert portfolio_status(figures, 5) is None
    figures.take(PortfolioRisk(as_of_ns=1, base_currency="", problem="too little history"))
    status = portfolio_status(figures, 5)
    assert status is not None
    assert [family.name for family in portfolio_metrics(status)] == ["tickerd_portfolio_up"]
    tail, loss = TailFigure("normal", 990_000, str(money("7")), str(money("8"))), StressFigure("x", str(money("-2")))
    other = TailFigure("normal", 950_000, "0", "0")
    figures.take(PortfolioRisk(as_of_ns=2, base_currency="USDT", tails=(other, tail), stress=(loss,)))
    status = portfolio_status(figures, 2_000_000_002)
    assert status is not None
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in portfolio_metrics(status)
        for sample in family.samples
    }
    assert samples["tickerd_portfolio_age_seconds",] == 2.0
    assert samples["tickerd_portfolio_var", "USDT", "normal", "0.99"] == 7.0
    assert samples["tickerd_portfolio_es", "USDT", "normal", "0.99"] == 8.0
    assert samples["tickerd_portfolio_stress_loss", "USDT", "x"] == -2.0


def test_a_setup_without_questions_is_no_mistake():
    assert serve(io.BytesIO(), io.BytesIO()) == 0
