"""`tickerd sweep` as a user calls it: what it prints and keeps, and how it refuses."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from daemon.cli import main
from tests.research.backtest.made import SETTINGS, history, quotes
from tests.research.sweep.swept import KERNEL, walk

ROOT = Path(__file__).resolve().parents[3]
VARY = ("--vary", "fast=2,5", "--vary", "slow=12:30:9")


class Answer:
    """What one command line came to."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def tickerd(capfd: pytest.CaptureFixture[str]):
    def call(*arguments: object) -> Answer:
        capfd.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as exited:
            code = exited.code if isinstance(exited.code, int) else 1
        return Answer(code, *capfd.readouterr())

    return call


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return history(tmp_path_factory.mktemp("histories") / "wave", quotes(400))


@pytest.fixture
def settings(tmp_path: Path, folder: Path) -> Path:
    file = tmp_path / "my.toml"
    file.write_text(f'{SETTINGS}\n[backtest]\ndata = [{{ source = "{folder}" }}]\n')
    return file


def test_a_sweep_prints_what_was_tried_and_the_best_in_80_columns(tickerd, settings):
    answer = tickerd("sweep", "-c", settings, *VARY, "--top", 3)

    assert answer.code == 0, answer.err
    assert answer.err == ""
    lines = answer.out.splitlines()
    for name in ("state", "varied", "ran", "money", "over-fitted"):
        assert any(line.startswith(name) for line in lines)
    assert "the best of 6 fits this data by choice" in answer.out
    [head] = [at for at, line in enumerate(lines) if line.startswith("#  fast  slow")]
    assert [line.split()[0] for line in lines[head + 1 :]] == ["1", "2", "3"]
    assert max(map(len, lines[head:])) <= 80


def test_the_order_is_the_one_that_was_asked_for(tickerd, settings):
    def figures(by: str, name: str) -> list[float]:
        told = json.loads(tickerd("sweep", "-c", settings, *VARY, "--by", by, "--json").out)
        return [float(each["figures"][name]) for each in told["best"]]

    for by, name, sign in (("return", "gain", -1), ("drawdown", "max_drawdown_share", 1), ("orders", "orders", -1)):
        values = figures(by, name)
        assert values == sorted(values, key=lambda value: sign * value)
        assert len(values) == 6


def test_a_folder_keeps_every_trial_the_settings_and_a_map(tickerd, settings, tmp_path):
    out = tmp_path / "sweep"

    answer = tickerd("sweep", "-c", settings, *VARY, "--vary", "quantity=0.01,0", "--out", out, "--json")

    told = json.loads(answer.out)
    assert told == json.loads((out / "summary.json").read_text())
    assert {path.name for path in out.iterdir()} == {"config.toml", "heatmap.svg", "summary.json", "trials.parquet"}
    rows = pq.read_table(out / "trials.parquet").to_pylist()
    assert [(row["param.fast"], row["param.slow"]) for row in rows[::2]] == [
        (fast, slow) for fast in (2, 5) for slow in (12, 21, 30)
    ]
    assert [row["param.quantity"] for row in rows] == ["0.01", "0"] * 6
    assert told["combinations"] == 12 == told["ran"] + told["refused"]
    best = told["best"][0]["figures"]
    [row] = [row for row in rows if row["number"] == _number(rows, told["best"][0]["params"])]
    assert {name: row[name] for name in best} == best


def _number(rows: list[dict[str, object]], params: dict[str, object]) -> object:
    [row] = [row for row in rows if all(row[f"param.{name}"] == value for name, value in params.items())]
    return row["number"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--vary", "fats=1:3"], "the strategy has no parameter of that name; it has fast, slow, quantity"),
        (["--vary", "fast=x"], "not one of 1 combinations can be run"),
        (["--vary", "fast=2", "--strategy", "other"], "no strategy other in the settings; they have ema"),
        (["--vary", "fast=2", "--driver", "compiled"], "is written in Python, not as a kernel"),
        (["--vary", "fast=2", "--data", "nowhere"], "no folder of a session or a history at nowhere"),
        (["--vary", "fast=2", "--currency", "EUR"], "nothing is counted in EUR; there is USDT"),
        (["--vary", "fast=2", "--out", "TAKEN"], "holds something already"),
    ],
)
def test_what_cannot_be_run_says_what_can_in_one_sentence(tickerd, settings, tmp_path, arguments, said):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()

    answer = tickerd("sweep", "-c", settings, *[str(tmp_path / "taken") if a == "TAKEN" else a for a in arguments])

    assert answer.code == 2
    assert said in answer.err
    assert answer.err.count("\n") == 1
    assert answer.out == ""


@pytest.mark.parametrize("arguments", [["--vary", "fast=2", "--top", "0"], ["--vary", "fast=2", "--jobs", "-1"], []])
def test_options_that_make_no_sense_are_refused(tickerd, settings, arguments):
    answer = tickerd("sweep", "-c", settings, *arguments)

    assert answer.code == 2
    assert "Traceback" not in answer.err


def test_help_shows_examples_the_exit_codes_and_a_warning(tickerd):
    answer = tickerd("sweep", "--help")

    assert answer.code == 0
    assert "tickerd sweep -c my.toml --vary fast=5:50:5" in answer.out
    assert "7 interrupted" in answer.out
    assert "over-fitted" in answer.out


@pytest.mark.slow
def test_several_processes_come_to_what_one_comes_to(tickerd, tmp_path):
    bars = history(tmp_path / "bars", walk(1_500))
    file = tmp_path / "my.toml"
    file.write_text(f'{KERNEL}\n[backtest]\ndata = [{{ source = "{bars}" }}]\n')

    one, two = (json.loads(tickerd("sweep", "-c", file, *VARY, "--json", "--jobs", jobs).out) for jobs in (1, 2))

    assert one["driver"] == "compiled"
    for name in ("best", "combinations", "ran", "luck", "currency", "varied"):
        assert one[name] == two[name]
    assert (one["jobs"], two["jobs"]) == (1, 2)


def test_ctrl_c_keeps_what_was_done_and_marks_it(tmp_path):
    bars = history(tmp_path / "wave", quotes(20_000))
    file = tmp_path / "my.toml"
    file.write_text(f'{SETTINGS}\n[backtest]\ndata = [{{ source = "{bars}" }}]\n')
    command = [sys.executable, "-m", "daemon", "sweep", "-c", file, "--vary", "fast=2:60", "--vary", "slow=61:99"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    out = tmp_path / "sweep"
    process = subprocess.Popen(
        [str(word) for word in [*command, "--out", out]], env=environ, stdout=subprocess.PIPE, text=True, cwd=tmp_path
    )
    try:
        for _ in range(600):  # until it is at work
            if out.exists():
                break
            assert process.poll() is None, "it ended before it was at work"
            time.sleep(0.05)
        assert out.exists(), "it did not come to work in half a minute"
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=60)
    finally:
        process.kill()

    assert process.returncode == 7, told
    assert "INTERRUPTED" in told
    kept = json.loads((out / "summary.json").read_text())
    assert kept["state"] == "interrupted"
    assert 0 < kept["ran"] < kept["combinations"]
    assert pq.read_table(out / "trials.parquet").num_rows == kept["ran"]
