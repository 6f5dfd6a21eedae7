"""A run begun again is the run that a new one would be: every effect, figure, order and position."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from config.compose import engine_settings
from core.events import LifecycleState
from core.records import Event
from research.backtest.data import Data, Folder
from research.backtest.driver import DRAIN_NS
from research.backtest.times import NO_END, NO_START
from research.compiled.again import Again
from research.compiled.driver import CompiledRun
from research.sweep.figures import Figures
from research.sweep.grid import Values
from research.sweep.plan import Plan
from research.sweep.result import Trial
from research.sweep.runner import Runner
from research.sweep.tape import Tape, life, read_tape
from strategies import Kernel
from tests.research.backtest.made import history, quotes
from tests.research.sweep.swept import alone, plan, same, walk

pytestmark = pytest.mark.slow

STEP_NS = 60_000_000_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history of bars, only to be read."""
    return history(tmp_path_factory.mktemp("histories") / "walk", walk(3_000))


@pytest.fixture(scope="module")
def wave(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history of quotes, only to be read."""
    return history(tmp_path_factory.mktemp("histories") / "wave", quotes(2_000))


@pytest.fixture(scope="module")
def runner(folder: Path) -> Iterator[Runner]:
    """All trials of one process, compiled once."""
    with Runner(plan(folder)) as made:
        yield made


def figures(trial: Trial) -> Figures:
    assert trial.figures is not None, trial.problem
    return trial.figures


def shuffled(swept: Plan, times: int) -> list[Values]:
    combinations = list(swept.grid.combinations()) * times
    random.Random(3).shuffle(combinations)
    return combinations


def test_every_combination_comes_to_the_figures_of_a_backtest_of_its_own(runner, folder, tmp_path):
    for number, values in enumerate(runner.plan.grid.combinations()):
        done = alone(runner.plan, values, folder, tmp_path / str(number), "compiled")

        assert done.virtual.fills > 20
        assert same(figures(runner.trial(number, values)), done)


def test_in_whatever_order_combinations_are_run_each_comes_to_the_same(runner):
    first = {values: figures(runner.trial(0, values)) for values in runner.plan.grid.combinations()}

    for values in shuffled(runner.plan, 3):
        assert figures(runner.trial(0, values)) == first[values]
    assert len(set(map(repr, first.values()))) == len(first)


def test_the_python_driver_comes_to_the_same_figures(runner, folder, tmp_path):
    by_python = plan(folder, driver="python")

    with Runner(by_python) as plain:
        for number, values in enumerate([(2, 12), (9, 30)]):
            assert same(
                figures(runner.trial(0, values)), alone(by_python, values, folder, tmp_path / str(number), "python")
            )
            told, wanted = figures(plain.trial(0, values)), figures(runner.trial(0, values))
            assert same(wanted, alone(by_python, values, folder, tmp_path / f"again-{number}", "compiled"))
            assert told.skewness == pytest.approx(wanted.skewness)
            assert (told.orders, told.end, told.max_drawdown) == (wanted.orders, wanted.end, wanted.max_drawdown)


def test_quotes_and_a_start_inside_of_the_data_make_no_difference(wave, tmp_path):
    swept = plan(wave, ["fast=2,3", "slow=8"], equity_every_s=60, **{"from": "2024-08-08T12:10:00"})

    with Runner(swept) as made:
        for number, values in enumerate([(2, 8), (3, 8), (2, 8)]):
            done = alone(swept, values, wave, tmp_path / str(number), "compiled")
            assert done.virtual.fills > 10
            assert same(figures(made.trial(0, values)), done)


# -- below the figures: the log, row by row, and the world, byte by byte ---------------------------------------------


class Logged:
    """A compiled run whose rows of the log are kept."""

    def __init__(self, swept: Plan, values: Values, tape: Tape, started_ns: int) -> None:
        loaded = swept.load()
        settings = swept.configured(values).settings
        chosen = engine_settings(settings, {swept.chosen.id: loaded}, started_ns)
        self.rows: list[Any] = []
        self.run = CompiledRun(chosen, settings.paper.sim, loaded.source, self._take)
        self.tape = tape
        for event in tape.opening:
            assert isinstance(event, tuple)
            self.run.step(event)
        self.run.step(tape.ready)
        kernel = loaded.strategy
        assert issubclass(kernel, Kernel)
        self.prepared = lambda: kernel.prepare(swept.params(loaded, values), tuple(self.run.engine.markets))

    def _take(self, rows: Any) -> None:
        self.rows.append(rows.copy())

    def lived(self) -> tuple[list[Any], list[bytes]]:
        """Run to the end; return the rows of the log, and positions, cash, orders and totals."""
        self.rows.clear()
        run, world = self.run, self.run.world
        world["sample_ns"], world["sample_step_ns"] = self.tape.started_ns, STEP_NS
        for item in self.tape.items:
            assert isinstance(item, np.ndarray)
            at = 0
            while at < len(item):
                at = run.run(item, at, len(item))
        now_ns = int(world["now_ns"])
        self._step(life(LifecycleState.DRAINING, now_ns, ""))
        run.pass_time(now_ns + DRAIN_NS)
        run.flush()
        names = ("net", "own", "cash", "totals", "exposures", "events", "now_ns", "wakes", "rows_used")
        return np.concatenate(self.rows).tolist(), [world[name].tobytes() for name in names]

    def _step(self, event: Event) -> None:
        self.run.pass_time(event[3])
        self.run.flush()
        self.run.step(event)


@pytest.fixture(scope="module")
def tape(runner: Runner, folder: Path) -> Tape:
    with Data([Folder(folder)]) as data:
        return read_tape(data, NO_START, NO_END)


def test_the_log_of_a_run_begun_again_is_that_of_a_new_one(runner, tape):
    swept = runner.plan
    once = Logged(swept, (2, 12), tape, runner.data.started_ns)
    again = Again(once.run)

    for values in shuffled(swept, 2):
        new = Logged(swept, values, tape, runner.data.started_ns)
        once.prepared = new.prepared
        again.rewind()
        again.begin(new.prepared())

        rows, state = once.lived()

        assert (rows, state) == new.lived()
        assert len(rows) > 1_000


def test_nothing_of_a_run_is_left_in_the_world(runner, tape):
    once = Logged(runner.plan, (2, 12), tape, runner.data.started_ns)
    raw = once.run.world.base.view(np.uint8)
    fields = once.run.world.dtype.fields
    wanted = raw.copy()
    for name in ("log", "state"):  # rows are written before they are read; `begin` takes a fresh state
        form, offset = fields[name][:2]
        wanted[offset : offset + form.itemsize] = 0
    again = Again(once.run)
    once.lived()

    again.rewind()

    found = raw.copy()
    for name in ("log", "state"):
        form, offset = fields[name][:2]
        found[offset : offset + form.itemsize] = 0
    different = np.flatnonzero(found != wanted)
    assert not len(different), [
        name
        for name, (form, offset, *_) in fields.items()
        if ((different >= offset) & (different < offset + form.itemsize)).any()
    ]


# -- what goes wrong --------------------------------------------------------------------------------------------------


def test_a_combination_that_fails_spoils_none_that_follow(runner, monkeypatch):
    wanted = figures(runner.trial(0, (2, 12)))
    compiled = runner.compiled
    assert compiled is not None
    run, calls = compiled._run.run, []

    def breaks(*words: Any) -> int:
        calls.append(words)
        end: int = run(*words)
        if len(calls) == 1:
            raise ZeroDivisionError("division by zero")
        return end

    monkeypatch.setattr(compiled._run, "run", breaks)
    failed = runner.trial(0, (9, 30))
    monkeypatch.undo()

    assert failed.problem == "the kernel raised ZeroDivisionError: division by zero"
    assert not failed.refused
    assert figures(runner.trial(0, (2, 12))) == wanted


def test_what_the_strategy_refuses_is_told_and_the_others_are_run(folder):
    swept = plan(folder, ["quantity=0.0000000001,0.01", "fast=x,2"])

    with Runner(swept) as made:
        trials = made.run(0, swept.grid.combinations())

    assert [trial.refused for trial in trials] == [True, True, True, False]
    assert "expected a whole number" in trials[0].problem
    assert "PrecisionError" in trials[1].problem
    assert figures(trials[3]).fills > 20
