"""`tickerd backtest --check-lookahead --check-warmup` as a user calls it."""

import json
from pathlib import Path

import pytest

from daemon.cli import main
from tests.research.backtest.made import bars, history
from tests.research.lookahead.cheats import SETTINGS, bids, strategy, walk
from tests.research.lookahead.test_check_lookahead import BY_TABLE
from tests.research.lookahead.test_known import told_at_their_opening

FAST = '{ fast = 3, slow = 9, quantity = "0.01" }'


@pytest.fixture(scope="module")
def prices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return history(tmp_path_factory.mktemp("histories") / "walk", walk(800))


@pytest.fixture
def tickerd(capfd: pytest.CaptureFixture[str]):
    def call(*arguments: object) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main([str(argument) for argument in ("backtest", *arguments)])
        return code, *capfd.readouterr()

    return call


def settings(folder: Path, use: object = "ema-cross", params: str = FAST) -> Path:
    file = folder / "my.toml"
    named = f'"{use}:It"' if isinstance(use, Path) else f'"{use}"'
    file.write_text(SETTINGS.replace("{use}", named).replace("{params}", params))
    return file


def test_an_honest_strategy_exits_0_and_its_json_has_both_reports(tickerd, prices, tmp_path):
    words = ("--check-lookahead", "--cuts", 2, "--check-warmup", "--warmup", 300, "--json")
    code, out, err = tickerd("-c", settings(tmp_path), "--data", prices, *words)

    assert (code, err) == (0, "")
    told = json.loads(out)
    assert set(told) == {"lookahead", "warmup", "exit_code"}
    assert set(told["lookahead"]) == {
        "verdict", "decisions", "inputs", "cuts", "reruns", "seed", "moved", "suspicions", "responses", "data",
        "notes", "elapsed_s",
    }  # fmt: skip
    assert set(told["warmup"]) == {
        "verdict", "decisions", "inputs", "starts", "marks", "fields", "notes", "elapsed_s",
    }  # fmt: skip
    assert (told["lookahead"]["verdict"], told["warmup"]["verdict"], told["exit_code"]) == ("clean", "agree", 0)
    assert set(told["lookahead"]["responses"][0]) == {"strategy", "orders", "again", "again_but_price"}
    assert set(told["warmup"]["fields"][0]) == {"strategy", "field", "kind", "differences", "was", "became"}


@pytest.mark.slow
def test_a_cheat_exits_3_and_people_are_told_in_lines(tickerd, prices, tmp_path):
    cheat = strategy(tmp_path / "cheat.py", BY_TABLE, head=f"FUTURE = {bids(walk(800))}\n")

    chosen = settings(tmp_path, cheat, "{}")
    code, out, err = tickerd("-c", chosen, "--data", prices, "--check-lookahead", "--cuts", 2)

    assert (code, err) == (3, "")
    assert [line.split()[0] for line in out.splitlines()] == ["look-ahead", "suspicion", "suspicion", "checked"]
    assert not (tmp_path / "var").exists()


def test_a_warm_up_that_was_claimed_too_short_exits_3(tickerd, prices, tmp_path):
    slow = settings(tmp_path, params='{ fast = 20, slow = 100, quantity = "0.01" }')
    code, out, _ = tickerd("-c", slow, "--data", prices, "--check-warmup", "--warmup", 10)

    assert code == 3
    assert out.startswith("warm-up    DEPENDS")
    assert "relative difference at" in out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--cuts", 3), "--cuts belongs to --check-lookahead"),
        (("--warmup", 3), "--warmup belongs to --check-warmup"),
        (("--check-lookahead", "--cuts", 0), "--cuts takes a number from 1 up"),
        (("--check-warmup", "--warmup", -1), "--warmup takes a number of inputs"),
        (("--check-lookahead", "--out", "x"), "leave out --out and --journal"),
        (("--check-lookahead", "--journal"), "leave out --out and --journal"),
    ],
)
def test_what_makes_no_sense_exits_2_and_says_so(tickerd, prices, tmp_path, words, why):
    code, _, err = tickerd("-c", settings(tmp_path), "--data", prices, *words)

    assert code == 2
    assert why in err


def test_a_backtest_on_bars_told_before_they_close_is_refused(tickerd, tmp_path):
    hacked = told_at_their_opening(tmp_path / "bars", "bars")

    code, _, err = tickerd("-c", settings(tmp_path), "--data", hacked, "--out", tmp_path / "run")

    assert code == 2
    assert "would know the future" in err
    assert not (tmp_path / "run").exists()


def test_a_backtest_on_honest_bars_is_not(tickerd, tmp_path):
    honest = history(tmp_path / "bars", bars(bids(walk(60))))

    assert tickerd("-c", settings(tmp_path, "ema-cross-kernel"), "--data", honest, "--out", tmp_path / "run")[0] == 0
