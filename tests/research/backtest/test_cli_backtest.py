"""`tickerd backtest` as a user calls it: what it prints and keeps, and how it refuses."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from daemon.cli import main
from journal.folders import is_session
from tests.research.backtest.made import SETTINGS, history, quotes

ROOT = Path(__file__).resolve().parents[3]


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


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    file = tmp_path / "my.toml"
    file.write_text(f'{SETTINGS}\n[backtest]\nroot = "{tmp_path / "backtests"}"\n')
    return file


@pytest.fixture(scope="module")
def wave(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return history(tmp_path_factory.mktemp("histories") / "wave", quotes(2_000))


def test_a_run_prints_its_figures_and_keeps_them(tickerd, settings, wave, tmp_path):
    answer = tickerd("backtest", "-c", settings, "--data", wave, "--out", tmp_path / "run")

    assert answer.code == 0, answer.err
    assert answer.err == ""
    names = [line.split()[0] for line in answer.out.splitlines()]
    for name in ("state", "data", "orders", "fills", "P&L", "equity", "turnover", "Sharpe", "exposed", "again"):
        assert name in names
    kept = {path.name for path in (tmp_path / "run").iterdir()}
    tables = {"orders", "fills", "refusals", "positions", "equity"}
    assert kept == {"config.toml", "data.json", "summary.json", *(f"{table}.parquet" for table in tables)}


def test_the_printed_command_repeats_the_run_from_the_run_folder_alone(tickerd, settings, wave, tmp_path):
    first = tickerd("backtest", "-c", settings, "--data", wave, "--out", tmp_path / "run", "--json")
    told = json.loads(first.out)
    words = told["command"].split()

    again = json.loads(tickerd(*words[words.index("backtest") :]).out)

    for name in ("orders", "fills", "currencies", "config_digest", "data_digests", "outcome_digest", "engine_digest"):
        assert again[name] == told[name] != []
    assert told == json.loads((tmp_path / "run" / "summary.json").read_text())
    assert Path(again["folder"]).parent == tmp_path / "backtests"


def test_a_journal_is_written_where_asked_for_and_replay_proves_it(tickerd, settings, wave, tmp_path):
    tickerd("backtest", "-c", settings, "--data", wave, "--out", tmp_path / "run", "--journal")

    assert is_session(tmp_path / "run" / "journal")
    assert tickerd("replay", tmp_path / "run" / "journal", "--verify").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "no data: name a session or a history with --data"),
        (["--data", "nowhere"], "no folder of a session or a history at nowhere"),
        (["--data", "WAVE", "--out", "TAKEN"], "holds something already"),
        (["--data", "WAVE", "--driver", "compiled"], "python"),
    ],
)
def test_what_cannot_be_run_says_what_can_in_one_sentence(tickerd, settings, wave, tmp_path, arguments, said):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    places = {"WAVE": str(wave), "TAKEN": str(tmp_path / "taken")}

    answer = tickerd("backtest", "-c", settings, *[places.get(word, word) for word in arguments])

    assert answer.code == 2
    assert said in answer.err
    assert answer.err.count("\n") == 1
    assert answer.out == ""


def test_a_file_needs_a_kind_and_a_known_one(tickerd, settings, tmp_path):
    frames = tmp_path / "frames.gz"
    frames.touch()
    text = settings.read_text()
    for entry, said in ((f'source = "{frames}"', "say what the file is"), (f'source = "{frames}", kind = "x"', "kind")):
        settings.write_text(f"{text}data = [{{ {entry} }}]\n")
        answer = tickerd("backtest", "-c", settings)
        assert answer.code == 2
        assert said in answer.err


def test_ctrl_c_ends_the_run_and_marks_what_it_came_to(settings, tmp_path):
    long = history(tmp_path / "long", quotes(300_000, step_ns=1_000_000))
    command = [sys.executable, "-m", "daemon", "backtest", "-c", settings, "--data", long, "--out", tmp_path / "run"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [str(word) for word in [*command, "--journal"]], env=environ, stdout=subprocess.PIPE, text=True, cwd=tmp_path
    )
    try:
        for _ in range(600):  # until it is at work
            if (tmp_path / "run" / "journal" / "000000.tkj").exists():
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=120)
    finally:
        process.kill()

    assert process.returncode == 7
    assert "INTERRUPTED" in out
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["state"] == "interrupted"


def test_help_shows_an_example_and_the_exit_codes(tickerd):
    answer = tickerd("backtest", "--help")

    assert answer.code == 0
    assert "tickerd backtest -c" in answer.out
    assert "7 interrupted" in answer.out
