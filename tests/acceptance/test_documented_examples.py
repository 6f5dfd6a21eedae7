"""What the documents show works as it is printed, and the names that users build on stay what they are."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance import exports
from tests.acceptance.processes import PATIENCE_S, ROOT, Venue, environment, tickerd

NAMES_THAT_STAY = """
[session]
mode = "paper"                       # paper | live
root = "var/sessions"                # where sessions are kept

[venues.binance]                     # the venue's name: BTCUSDT.BINANCE
connector = "binance-spot"           # or binance-usdm
rest_url = "{rest_url}"
ws_url = "{ws_url}"
instruments = ["BTCUSDT", "ETHUSDT"]
channels = ["quotes", "trades", "book"]

[[strategies]]
id = "ema-btc"
use = "my/ema.py:EmaCross"           # a file, a built-in name or an entry point
instruments = ["BTCUSDT.BINANCE"]
params = {{ fast = 20, slow = 100, quantity = "0.01" }}

[risk]
max_order_notional = 50_000
"""


@pytest.fixture
def shell(tmp_path):
    """A shell in an empty folder where `tickerd` is installed; returns a function that runs one line in it."""
    program = tmp_path / "bin" / "tickerd"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m daemon "$@"\n')
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"

    def run(line: str, **environ: str) -> str:
        done = subprocess.run(
            line,
            shell=True,
            cwd=tmp_path,
            env=environment(PATH=path, PYTHONPATH=str(ROOT), **environ),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout

    return run


def test_the_first_strategy_of_the_readme_checks_runs_trades_and_answers_what_if(tmp_path, shell):
    readme = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Your first strategy")[2]
    blocks = dict(re.findall(r"```(\w+)\n(.*?)```", readme, re.DOTALL)[:3])
    assert blocks.keys() == {"python", "toml", "sh"}
    (tmp_path / "my").mkdir()
    (tmp_path / "my" / "breakout.py").write_text(blocks["python"], encoding="utf-8")
    (tmp_path / "my" / "breakout.toml").write_text(blocks["toml"], encoding="utf-8")
    check, run, *after = blocks["sh"].splitlines()
    with Venue(tmp_path, "--synthetic", "--seed", "2", "--speed", "20") as venue:
        address = {
            "TICKERD__VENUES__BINANCE__REST_URL": venue.rest_url,
            "TICKERD__VENUES__BINANCE__WS_URL": venue.ws_url,
        }
        for line in (check, run):
            assert shell(line.replace("--for 10m", "--for 3s"), **address), line
    for line in after:  # what was recorded needs no venue any more
        assert shell(line, **address), line
    (session,) = (tmp_path / "var" / "sessions").glob("2*")
    assert exports.export(session, "fills")


@pytest.mark.slow
def test_the_rehearsal_of_live_trading_runs_as_it_is_printed(tmp_path, shell):
    page = (ROOT / "docs" / "live.md").read_text(encoding="utf-8").partition("## A rehearsal")[2]
    _, settings, lines = (text for _, text in re.findall(r"```(\w+)\n(.*?)```", page, re.DOTALL)[:3])
    (tmp_path / "rehearsal.toml").write_text(settings, encoding="utf-8")
    with Venue(tmp_path, "--synthetic", "--seed", "2") as venue:
        address = {
            "TICKERD__VENUES__BINANCE__REST_URL": venue.rest_url,
            "TICKERD__VENUES__BINANCE__WS_URL": venue.ws_url,
            "TICKERD__VENUES__BINANCE__TRADING__WS_API_URL": venue.ws_api_url,
            "TICKERD_SECRET_DEMO_API_KEY": venue.api_key,
            "TICKERD_SECRET_DEMO_API_SECRET": venue.api_secret,
        }
        doctor, *runs = lines.splitlines()
        found = shell(doctor, **address)
        assert "demo-api-key and demo-api-secret" in found
        first, second = (shell(line.replace("60s", "3s"), **address) for line in runs)
        assert "carried" not in first
        assert "counted in:" in second
        assert venue.ledger()["executions"]


@pytest.mark.slow
def test_the_settings_that_users_build_on_run_as_they_were_promised(tmp_path, shell):
    (tmp_path / "my").mkdir()
    builtin = (ROOT / "strategies" / "ema_cross.py").read_text(encoding="utf-8")
    (tmp_path / "my" / "ema.py").write_text(builtin, encoding="utf-8")
    with Venue(tmp_path, "--synthetic", "--seed", "2", "--speed", "20") as venue:
        text = NAMES_THAT_STAY.format(rest_url=venue.rest_url, ws_url=venue.ws_url)
        (tmp_path / "my.toml").write_text(text, encoding="utf-8")
        told = [json.loads(line) for line in shell("tickerd run -c my.toml --for 3s --json").splitlines()]
    session = tmp_path / told[0]["session"]
    (tmp_path / "my" / "ema.py").unlink()  # the session holds the strategy's source
    rows = {kind: exports.export(session, kind) for kind in ("trades", "quotes", "book")}
    first = ("seq", "recv_ns", "venue_ns", "instrument")
    fields = {
        "trades": ("trade_id", "price", "quantity", "aggressor"),
        "quotes": ("bid_price", "bid_quantity", "ask_price", "ask_quantity", "update_id"),
        "book": ("first_update_id", "last_update_id", "side", "price", "quantity"),
    }
    for kind, names in fields.items():
        assert {row["instrument"] for row in rows[kind]} == {"BTCUSDT.BINANCE", "ETHUSDT.BINANCE"}
        assert tuple(rows[kind][0])[: 4 + len(names)] == first + names
        for name in ("price", "quantity", "bid_price", "ask_quantity"):
            assert all(isinstance(row.get(name, ""), str) for row in rows[kind])
    assert {row["aggressor"] for row in rows["trades"]} == {"buy", "sell"}
    assert {row["side"] for row in rows["book"]} == {"bid", "ask"}
    proof = json.loads(shell(f"tickerd replay {session} --verify --json"))
    assert {"ok", "events", "effects", "digest", "first_difference"} <= proof.keys()
    assert proof["ok"] is True
    assert proof["first_difference"] is None
    assert proof["digest"] == told[-1]["digest"]


def test_every_word_of_the_command_line_tells_what_it_does():
    """As processes these two; every word and action is asked in `tests/daemon/test_cli_help.py`."""
    said = tickerd("--help").stdout
    for word in ("run", "replay", "journal", "config", "strategies", "emulate", "doctor", "version"):
        assert re.search(rf"^ +{word}\b", said, re.MULTILINE), word
    done = tickerd("journal", "export", "--help")
    assert done.returncode == 0
    assert "usage:" in done.stdout


def test_a_mistake_in_the_settings_gives_file_key_expected_and_found(tmp_path):
    path: Path = tmp_path / "wrong.toml"
    path.write_text(
        '[venues.binance]\nconnector = "binance-sopt"\ninstruments = "BTCUSDT"\n[risk]\nmax_order_notionl = 1\n'
    )
    for words in (("run", "-c", path), ("config", "check", path)):
        done = tickerd(*words)
        assert done.returncode == 2, done.stderr
        said = done.stdout + done.stderr
        for part in (str(path), "venues.binance.connector", "binance-spot", "max_order_notional", "expected", "found"):
            assert part in said, f"{part} in {said}"
    assert not (tmp_path / "var").exists()
