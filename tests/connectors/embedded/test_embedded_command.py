"""`tickerd emulate binance` as a process: its arguments, what it prints, how it ends."""

import argparse
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connectors.embedded.command import add_arguments, main
from tests.connectors.embedded.world import get, trade, write_recording

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = (
    "import argparse, sys; from connectors.embedded.command import add_arguments, main; "
    "parser = argparse.ArgumentParser(); add_arguments(parser); sys.exit(main(parser.parse_args()))"
)


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "binance", "--port", "0", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(["binance", *arguments])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_says_where_it_listens_and_ends_on_a_signal(number: signal.Signals) -> None:
    with started("--synthetic", "--seed", "7", "--json") as process:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        assert await get(f"{said['rest_url']}/api/v3/ping") == {}
        process.send_signal(number)
        assert process.wait(timeout=10) == 0

    assert (said["event"], said["synthetic"], said["seed"]) == ("listening", True, 7)
    assert said["symbols"] == ["spot:BTCUSDT", "spot:ETHUSDT"]


def test_it_tells_people_too(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "frames.gz", [(0, trade(1))])
    with started("--frames", str(path)) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(4)]

    assert lines[0] == "embedded Binance venue: recorded frames; spot:ABCUSDT\n"
    assert lines[1].split()[0] == "rest_url"
    assert lines[2].split()[1].startswith("ws://127.0.0.1:")


def test_a_bad_recording_ends_it_with_2_and_a_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(parsed("--frames", str(tmp_path / "absent.gz"))) == 2
    assert "cannot read" in capsys.readouterr().err


def test_speeds_are_numbers_or_max(capsys: pytest.CaptureFixture[str]) -> None:
    assert parsed("--synthetic", "--speed", "max").speed is None
    assert parsed("--synthetic", "--speed", "10").speed == 10
    with pytest.raises(SystemExit):
        parsed("--synthetic", "--speed", "fast")
    assert "neither a number nor `max`" in capsys.readouterr().err
    assert main(parsed("--synthetic", "--speed", "-1", "--json")) == 2
    assert "speed is -1.0" in json.loads(capsys.readouterr().err)["error"]


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed("--help")
    assert "tickerd emulate binance --synthetic --seed 7" in capsys.readouterr().out


async def test_accounts_come_from_a_file_and_the_demo_key_is_told(tmp_path: Path) -> None:
    accounts = tmp_path / "accounts.json"
    accounts.write_text('[{"name": "alice", "key": "k", "secret": "s", "balances": {"USDT": "5"}}]')
    with started("--synthetic", "--accounts", str(accounts), "--limit-scale", "2", "--json") as process:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        ledger = await get(f"{said['rest_url']}/emulator/ledger")
        info = await get(f"{said['rest_url']}/api/v3/exchangeInfo")

    assert (said["api_key"], said["api_secret"]) == ("demo" * 16, "open" * 16)
    assert said["ws_api_url"].endswith("/ws-api/v3")
    assert ledger["spot"]["accounts"]["alice"]["balances"]["USDT"]["free"] == "5.00000000"
    assert info["rateLimits"][0]["limit"] == 12_000


def test_a_file_without_accounts_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(parsed("--synthetic", "--accounts", str(tmp_path / "none.json"), "--json")) == 2
    assert "cannot read the accounts" in json.loads(capsys.readouterr().err)["error"]
