import os
import subprocess
import sys

import msgspec
import pytest

from core.orders import ApprovedSubmit
from core.records import Kind
from daemon.errors import ExitCode
from daemon.replay import replay_session
from daemon.whatif import what_if
from journal.reader import open_session
from tests.daemon.sessions import alter_effect, record_crashed_session, record_session
from tests.research.backtest.made import history, quotes


def test_a_session_replays_to_itself(recorded_once):
    result = replay_session(recorded_once)
    assert result.ok, result.text()
    assert result.digests_compared >= 3
    with open_session(recorded_once) as reader:
        assert reader.sealed is not None
        assert (result.events, result.effects) == (reader.sealed.inputs, reader.sealed.effects)
        assert result.digest == reader.sealed.digest.hex()


def test_a_replay_in_another_process_under_another_hash_seed_gives_the_same_digest(recorded_once):
    told = set()
    for seed in ("0", "99"):
        command = [sys.executable, "-m", "daemon", "replay", str(recorded_once), "--verify", "--json"]
        environ = {**os.environ, "PYTHONHASHSEED": seed}
        out = subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout
        told.add(msgspec.json.decode(out)["digest"])
    assert told == {replay_session(recorded_once).digest}


def test_a_replay_until_a_record_stops_there(recorded_once):
    with open_session(recorded_once) as reader:
        places = [seq for seq, event in reader.events() if event[0] == Kind.SUBMIT]
    result = replay_session(recorded_once, places[2])
    assert result.ok
    assert 0 < result.events < replay_session(recorded_once).events


def test_an_effect_altered_behind_the_checksums_is_found_and_named(tmp_path):
    folder = record_session(tmp_path, rounds=100)
    seq = alter_effect(folder, Kind.ORDER, 2, quantity=7_777_777)
    result = replay_session(folder)
    assert not result.ok
    assert result.first_difference is not None
    assert result.first_difference.seq == seq
    assert "7777777" in result.first_difference.recorded
    assert "7777777" not in result.first_difference.recomputed


def test_a_crashed_session_replays_up_to_where_it_was_cut(tmp_path):
    result = replay_session(record_crashed_session(tmp_path))
    assert result.ok, result.text()
    assert result.state == "crashed"
    assert result.torn_seq is not None


def test_asking_about_the_same_limits_gives_the_recorded_orders(recorded_once):
    """In virtual time as the session was made: the question changes nothing, so neither may the answer."""
    comparison = what_if(recorded_once, use=None, params=None, limits=["max_order_notional=5000"])
    assert comparison.what_if == comparison.recorded


def test_a_tighter_limit_refuses_what_it_must(recorded_once):
    comparison = what_if(recorded_once, use=None, params=None, limits=["max_order_notional=200"])
    assert comparison.what_if.refusals["MAX_NOTIONAL"] > 0
    assert comparison.what_if.fees.get("BTCUSDT.BINANCE", "0") == "0"


def test_another_strategy_trades_the_same_market(recorded_once):
    comparison = what_if(recorded_once, use="ema-cross", params='{"fast": 2, "slow": 4}', limits=[])
    assert comparison.what_if.fills > 0
    assert comparison.what_if != comparison.recorded
    assert "fills" in comparison.text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--limit", "max_order_notion=5"], "max_order_notional"),
        (["--limit", "max_order_notional=lots"], "lots"),
        (["--strategy", "ema-cros"], "ema-cross"),
        (["--strategy", "ema-cross", "--params", "{fast"], "JSON"),
        (["--strategy", "ema-cross", "--params", '{"fats": 1}'], "fast"),
    ],
)
def test_a_question_that_cannot_be_asked_says_what_can(recorded_once, tickerd, arguments, said):
    answer = tickerd("replay", str(recorded_once), *arguments)
    assert answer.code == 2
    assert said in answer.err


@pytest.mark.parametrize("arguments", [["--verify"], ["--limit", "max_order_notional=5"]], ids=["verify", "limit"])
def test_a_history_is_not_replayed_and_the_refusal_says_what_is_done_with_one(tmp_path, tickerd, arguments):
    folder = history(tmp_path / "wave", quotes(3))
    answer = tickerd("replay", folder, *arguments)
    assert (answer.code, answer.out) == (ExitCode.USAGE, "")
    assert answer.err.startswith("tickerd: wave is a history: ")
    assert "tickerd history show" in answer.err
    assert "tickerd backtest --data FOLDER --journal" in answer.err


def test_orders_of_a_replay_are_the_recorded_ones(recorded_once):
    with open_session(recorded_once) as reader:
        submits = [event[5] for _, event in reader.events() if event[0] == Kind.SUBMIT]
    ids = [submit.intent.client_order_id for submit in submits if isinstance(submit, ApprovedSubmit)]
    assert len(ids) == len(submits)
    assert len(set(ids)) == len(ids) > 5
