"""The digest moves with what decides, and with nothing else; a session's head rebuilds what decided."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from config.digest import config_digest, decision_config, settings_from_decisions
from config.load import parse, ready_made
from config.settings import Mode
from config.show import show_json, show_toml
from config.strategies import effective_params, load_strategies

TEXT = """\
[session]
mode = "paper"

[venues.binance]
connector = "binance-spot"
instruments = ["BTCUSDT", "ETHUSDT"]

[[strategies]]
id = "ema-btc"
use = "ema-cross"
instruments = ["BTCUSDT.BINANCE"]
params = { fast = 20 }

[risk]
max_order_notional = 50_000
"""


def settings(text=TEXT):
    return parse(text).settings


def changed(table, line):
    """The settings with a line more in a table, or in place of the one with that key."""
    key = line.split(" =")[0] + " ="
    lines = TEXT.splitlines()
    if table not in lines:
        return settings(f"{TEXT}\n{table}\n{line}")
    at = lines.index(table) + 1
    end = next((number for number in range(at, len(lines)) if lines[number].startswith("[")), len(lines))
    body = [each for each in lines[at:end] if not each.startswith(key)]
    return settings("\n".join([*lines[:at], line, *body, *lines[end:]]))


DECIDING = [
    ("[session]", "seed = 8"),
    ("[session]", "digest_every = 100"),
    ("[sizing]", "sample_s = 5"),
    ("[sizing.regime]", "wild = 0.2"),
    ("[strategies.sizing]", "largest = 0.5"),
    ("[strategies.exits]", 'stop_loss = "2%"'),
    ("[venues.binance]", 'connector = "binance-usdm"'),
    ("[venues.binance]", 'instruments = ["BTCUSDT"]'),
    ("[venues.binance]", 'channels = ["quotes"]'),
    ("[venues.binance]", 'depth_speed = "1000ms"'),
    ("[venues.binance]", "snapshot_levels = 100"),
    ("[venues.binance]", 'bar_interval = "5m"'),
    ("[venues.binance]", "quotes_stale_s = 1.0"),
    ("[venues.binance]", "trades_stale_s = 1.0"),
    ("[venues.binance]", "book_stale_s = 1.0"),
    ("[venues.binance]", "bars_stale_s = 1.0"),
    ("[venues.binance]", "marks_stale_s = 1.0"),
    ("[[strategies]]", 'id = "other"'),
    ("[[strategies]]", 'use = "two-sided-quoter"'),
    ("[[strategies]]", 'instruments = ["ETHUSDT.BINANCE"]'),
    ("[[strategies]]", "params = { fast = 21 }"),
    ("[risk]", "max_order_notional = 50_001"),
    ("[risk]", "max_open_orders = 3"),
    ('[risk.instruments."BTCUSDT.BINANCE"]', "max_position = 1"),
    ("[paper.balances]", "USDT = 5"),
    ("[paper.sim]", "taker_fee_ppm = 500"),
    ("[paper.sim.venues.BINANCE]", "taker_fee_ppm = 500"),
    ("[accounting]", 'lots = "fifo"'),
    ("[accounting]", 'base_currency = "USDT"'),
    ("[accounting]", "hedging = true"),
    ("[accounting]", "check_balances = true"),
    ("[accounting]", "fee_reserve_ppm = 2_000"),
]
NOT_DECIDING = [
    ("[session]", 'root = "elsewhere"'),
    ("[session]", 'flush = "disk"'),
    ("[session]", "segment_mib = 8"),
    ("[session]", "sync_budget_s = 3.0"),
    ("[session]", "drain_budget_s = 3.0"),
    ("[session.keep]", "max_sessions = 5"),
    ("[venues.binance]", 'rest_url = "http://127.0.0.1:9001"'),
    ("[venues.binance]", 'ws_url = "ws://127.0.0.1:9001"'),
    ("[venues.binance]", 'ws_market_url = "ws://127.0.0.1:9001"'),
    ("[venues.binance]", "connect_timeout_s = 3.0"),
    ("[venues.binance]", "request_timeout_s = 3.0"),
    ("[venues.binance]", "start_timeout_s = 3.0"),
    ("[venues.binance]", "ping_after_s = 3.0"),
    ("[venues.binance]", "rotate_after_s = 3.0"),
    ("[venues.binance]", "clock_every_s = 3.0"),
    ("[log]", 'level = "debug"'),
    ("[metrics]", "port = 0"),
    ("[screen]", "enabled = false"),
    ("[store]", "enabled = true"),
    ("[store]", 'file = "elsewhere.db"'),
    ("[store]", "batch = 7"),
    ("[store]", "commit_ms = 70"),
]


@pytest.mark.parametrize(("table", "line"), DECIDING)
def test_the_digest_changes_with_a_setting_that_decides(table, line):
    assert config_digest(changed(table, line)) != config_digest(settings())


@pytest.mark.parametrize(("table", "line"), NOT_DECIDING)
def test_the_digest_does_not_change_with_a_setting_that_does_not_decide(table, line):
    other = changed(table, line)
    assert other != settings()
    assert config_digest(other) == config_digest(settings())


def test_every_setting_is_on_one_of_the_two_lists():
    told = {(table.strip("[]"), line.split(" =")[0]) for table, line in DECIDING + NOT_DECIDING}
    config = settings()
    for name, table in (("session", config.session), ("venues.binance", config.venues["binance"])):
        keys = {field.encode_name for field in msgspec.structs.fields(type(table))} - {"keep", "mode", "trading"}
        assert keys == {key for place, key in told if place == name}
    assert {key for place, key in told if place == "strategies"} == {"id", "use", "instruments", "params"}
    assert decision_config(config).keys() == {"session", "venues", "strategies", "risk", "paper"}


def test_how_books_are_held_to_the_venue_decides_in_live_mode_alone():
    trading = '[venues.binance.trading]\nkey = "binance"\n'
    live = TEXT.replace('mode = "paper"', 'mode = "live"') + trading
    assert "live" not in decision_config(settings(TEXT + trading))
    assert config_digest(settings(TEXT + trading + "[live]\nsweep_s = 5.0")) == config_digest(settings(TEXT + trading))
    assert config_digest(settings(live + "[live]\nsweep_s = 5.0")) != config_digest(settings(live))
    assert config_digest(settings(live + '[live]\nroot = "elsewhere"')) == config_digest(settings(live))
    assert settings_from_decisions(decision_config(settings(live))).session.mode is Mode.LIVE


def test_books_kept_the_usual_way_leave_the_digest_of_older_sessions_as_it_was():
    spelled_out = changed("[accounting]", 'lots = "average"')
    assert config_digest(spelled_out) == config_digest(settings())
    other = changed("[accounting]", 'lots = "lifo"')
    assert settings_from_decisions(decision_config(other)).accounting == other.accounting


def test_balances_are_checked_in_live_mode_unless_the_settings_say_otherwise():
    usual = settings().accounting
    assert [usual.rules(mode).check_balances for mode in Mode] == [False, True]
    never = changed("[accounting]", "check_balances = false").accounting
    assert [never.rules(mode).check_balances for mode in Mode] == [False, False]


@pytest.mark.parametrize("number", ["50_000", "50000.0", '"50000"', '"50000.00"', "5e4", '"5E4"'])
def test_a_number_counts_by_its_value_not_its_spelling(number):
    assert config_digest(changed("[risk]", f"max_order_notional = {number}")) == config_digest(settings())


def test_the_order_of_tables_does_not_matter():
    head, _, rest = TEXT.partition("[[strategies]]")
    strategies, _, risk = rest.partition("[risk]")
    assert config_digest(settings(f"[risk]{risk}\n[[strategies]]{strategies}{head}")) == config_digest(settings())


def test_a_default_spelled_out_is_the_same_decision():
    config = parse(TEXT)
    loaded = load_strategies(config)
    chosen = config.settings.strategies[0]
    params = {chosen.id: effective_params(chosen, loaded[chosen.id])}
    assert params["ema-btc"].keys() >= {"fast", "slow", "quantity"}
    spelled = changed("[[strategies]]", "params = { fast = 20, slow = 100 }")
    assert config_digest(spelled, params) == config_digest(config.settings, params)
    assert config_digest(spelled) != config_digest(config.settings)


@pytest.mark.parametrize("name", sorted(ready_made()))
def test_what_decided_is_rebuilt_from_the_head_alone(name):
    before = parse(ready_made()[name].read_text()).settings
    for codec in (msgspec.json, msgspec.msgpack):
        kept = codec.decode(codec.encode(decision_config(before)))
        after = settings_from_decisions(kept)
        assert decision_config(after) == decision_config(before)
        assert config_digest(after) == config_digest(before)
        assert after.instruments == before.instruments
        assert after.paper == before.paper


def test_an_older_head_without_a_newer_setting_is_read():
    kept = decision_config(settings())
    venue = kept["venues"]["binance"]  # type: ignore[index]
    del venue["bars_stale_s"]
    assert settings_from_decisions(kept).venues["binance"].bars_stale_s == 180.0


def test_the_digest_is_the_same_under_another_hash_seed():
    code = (
        "import sys; from config.digest import config_digest; from config.load import parse; "
        "print(config_digest(parse(sys.stdin.read()).settings))"
    )
    root = Path(__file__).resolve().parents[2]
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            input=TEXT,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == config_digest(settings())


def test_shown_settings_load_again():
    for file in ready_made().values():
        before = parse(file.read_text()).settings
        after = parse(show_toml(before)).settings
        assert config_digest(after) == config_digest(before)
        assert (after.log, after.metrics, after.screen, after.store, after.strategies) == (
            before.log,
            before.metrics,
            before.screen,
            before.store,
            before.strategies,
        )


def test_defaults_are_shown_in_both_forms():
    assert 'flush = "os"' in show_toml(settings())
    assert "[session.keep]" in show_toml(settings())
    shown = msgspec.json.decode(show_json(settings()))
    assert shown["session"]["flush"] == "os"
    assert shown["metrics"]["port"] == 9464


def test_awkward_text_is_shown_so_that_it_loads():
    awkward = 'a"b\\c\n\t\x7f\x01é'
    document = TEXT.replace("{ fast = 20 }", '{ "k e y" = ' + msgspec.json.encode(awkward).decode() + " }")
    document = document.replace("\x7f", "\\u007f")
    before = settings(document)
    assert before.strategies[0].params == {"k e y": awkward}
    assert settings(show_toml(before)).strategies == before.strategies
