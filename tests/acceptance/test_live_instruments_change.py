"""Instruments of a live account between two starts: left out of the settings, or counted otherwise by the venue."""

import json

import pytest

from tests.acceptance.processes import Daemon, Json, Venue
from tests.acceptance.settings import live_environment, live_tables, venue_table, write_settings

CROSSES = """
[[strategies]]
id = "ema-{name}"
use = "ema-cross"
instruments = ["{name}USDT.BINANCE"]
params = {{ fast = 2, slow = 5, quantity = "{quantity}" }}
"""
BTC, ETH = CROSSES.format(name="BTC", quantity="0.001"), CROSSES.format(name="ETH", quantity="0.01")
RISK = """
[risk]
max_orders_per_second = 100
max_orders_per_minute = 3_000
"""


def _life(venue: Venue, folder, *tables: str, symbols=("BTCUSDT", "ETHUSDT"), fills=()) -> Json:
    """Trade until each of these instruments was filled, then drain; return the last status."""
    live = live_tables(venue, folder, visibility_lag_s=2.0)
    settings = write_settings(folder, venue_table(venue, *symbols), live, *tables, RISK, mode="live")
    with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
        daemon.wait_ready()
        begun = sum(daemon.last_status()["orders"].values())

        def is_enough(status: Json) -> bool:
            traded = {each["instrument"] for each in status["positions"]}
            return traded >= set(fills) and (not fills or sum(status["orders"].values()) > begun)

        daemon.wait_status(is_enough, f"fills of {fills}")
        daemon.stop()
        return daemon.last_status()


def _positions(status) -> dict[str, tuple[str, str]]:
    return {each["instrument"]: (each["quantity"], each["realised"]) for each in status["positions"]}


def _tick(venue: Venue, tick: str) -> None:
    hook = {"hook": "mutate_rules", "market": "spot", "symbol": "BTCUSDT", "tick": tick}
    venue.request("POST", "/emulator/hooks", json.dumps(hook))


@pytest.mark.slow
def test_an_instrument_left_out_and_a_coarser_tick_are_carried_on_exactly(tmp_path):
    with Venue(tmp_path, "--synthetic", "--seed", "5") as venue:
        first = _positions(_life(venue, tmp_path, BTC, ETH, fills=("BTCUSDT.BINANCE", "ETHUSDT.BINANCE")))
        _tick(venue, "0.1")
        after = _life(venue, tmp_path, BTC, symbols=("BTCUSDT",), fills=("BTCUSDT.BINANCE",))
        assert after["balances"]["BTC"], "and READY, so what the venue holds and our books agree"
        assert _positions(after)["ETHUSDT.BINANCE"] == first["ETHUSDT.BINANCE"]


@pytest.mark.slow
def test_a_finer_tick_and_the_old_settings_again_are_carried_on_exactly(tmp_path):
    with Venue(tmp_path, "--synthetic", "--seed", "6") as venue:
        first = _positions(_life(venue, tmp_path, BTC, ETH, fills=("BTCUSDT.BINANCE", "ETHUSDT.BINANCE")))
        _tick(venue, "0.001")
        assert _positions(_life(venue, tmp_path, symbols=("BTCUSDT",))) == first
        _tick(venue, "0.01")
        assert _positions(_life(venue, tmp_path, symbols=("ETHUSDT",))) == first
        _life(venue, tmp_path, BTC, ETH, fills=("BTCUSDT.BINANCE", "ETHUSDT.BINANCE"))
