"""The documented exit codes, from the console entry in processes of their own, and errors without tracebacks."""

import json

import pytest

from core.records import Kind
from daemon.cli import exit_code_of
from daemon.errors import ExitCode
from journal.errors import JournalFull
from tests.daemon.sessions import alter_effect, flip_byte, record_crashed_session


def test_0_a_recorded_session_replays_in_a_fresh_process_with_another_hash_seed(tickerd_process, session):
    answers = [tickerd_process("replay", session, "--verify", "--json", PYTHONHASHSEED=seed) for seed in ("0", "4711")]

    assert [answer.code for answer in answers] == [ExitCode.OK] * 2
    told = [answer.json() for answer in answers]
    assert all(each["ok"] and each["first_difference"] is None for each in told)
    assert len({each["digest"] for each in told}) == 1
    assert told[0]["events"] > 1_500
    assert told[0]["effects"] > 500


def test_0_what_a_crash_left_replays_too(tickerd_process, root):
    folder = record_crashed_session(root)

    answer = tickerd_process("replay", folder, "--verify", "--json")

    assert answer.code == ExitCode.OK
    assert answer.json()["torn_seq"] is not None


def test_2_a_usage_error_is_one_sentence_without_a_traceback(tickerd_process, tmp_path):
    answer = tickerd_process("journal", "verify", "nowhere", cwd=tmp_path)

    assert answer.code == ExitCode.USAGE
    assert answer.out == ""
    assert answer.err.count("\n") == 1
    assert answer.err.startswith("tickerd: no session 'nowhere'")


def test_2_python_without_assertions_is_refused(tickerd_process):
    answer = tickerd_process("version", PYTHONOPTIMIZE="1")

    assert answer.code == ExitCode.USAGE
    assert "python -O" in answer.err


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (Kind.SUBMIT, {"limits_version": 1}),
        (Kind.ORDER, {"quantity": 4_999_999}),
        (Kind.FILL, {"price": 250_047}),
    ],
)
def test_3_an_altered_effect_that_no_checksum_shows_is_named_by_replay(tickerd, session, kind, changes):
    seq = alter_effect(session, kind, 3, **changes)
    assert tickerd("journal", "verify", session).code == ExitCode.OK, "only a replay can notice"

    words = tickerd("replay", session, "--verify")
    told = tickerd("replay", session, "--verify", "--json")

    assert words.code == told.code == ExitCode.VERIFICATION_FAILED
    assert f"DIFFERENT at record {seq}" in words.out
    difference = told.json()["first_difference"]
    assert difference["seq"] == seq
    assert difference["recorded"] != difference["recomputed"]
    assert told.json()["ok"] is False


@pytest.mark.parametrize("word", [("journal", "verify"), ("replay",), ("journal", "show"), ("journal", "book")])
def test_4_a_flipped_byte_is_named_by_whatever_reads_it(tickerd, session, word):
    flip_byte(session, 3_210)

    answer = tickerd(*word, session)

    assert answer.code == ExitCode.JOURNAL_DAMAGED
    assert "3210" in answer.out + answer.err
    assert "Traceback" not in answer.err


def test_4_verify_gives_the_place_as_json(tickerd_process, session):
    flip_byte(session, 3_210)

    answer = tickerd_process("journal", "verify", session, "--json")

    assert answer.code == ExitCode.JOURNAL_DAMAGED
    assert json.loads(answer.out)["damage"]["offset"] == 3_210 * 64


def test_an_internal_error_says_how_to_see_where(capsys):
    assert exit_code_of(ZeroDivisionError("division by zero")) is ExitCode.INTERNAL
    assert "TICKERD_TRACEBACK=1" in capsys.readouterr().err


def test_6_a_journal_that_cannot_be_written_has_a_code_of_its_own():
    assert exit_code_of(JournalFull("no space left")) is ExitCode.JOURNAL_STOPPED
