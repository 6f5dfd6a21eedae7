"""Every word explains itself."""

import pytest

from daemon.commands.audit import ACTIONS as AUDIT_ACTIONS
from daemon.commands.journal import ACTIONS
from daemon.commands.store import ACTIONS as STORE_ACTIONS
from daemon.errors import ExitCode
from daemon.words import ALERTS, LIMITS, OPERATOR, ROSTER, VIEWS, words_for

CONFIG_ACTIONS = ("check", "show", "ready-made")
LINES: list[tuple[str, ...]] = [(word,) for word in words_for(None)]
LINES += [("journal", action) for action in ACTIONS]
LINES += [("config", action) for action in CONFIG_ACTIONS]
LINES += [("audit", action) for action in AUDIT_ACTIONS]
LINES += [("store", action) for action in STORE_ACTIONS]
WITH_ACTIONS = [("journal",), ("config",), ("audit",), ("store",)]
SPEAK_JSON = (*OPERATOR, *VIEWS, *LIMITS, *ALERTS, *ROSTER, "breakers", "top", "drill")


@pytest.mark.parametrize("line", LINES, ids=" ".join)
def test_help_runs_and_shows_an_example_and_exit_codes(tickerd, line):
    answer = tickerd(*line, "--help")

    assert answer.code == 0
    assert f"tickerd {' '.join(line)}" in answer.out.partition("example")[2]
    assert line in WITH_ACTIONS or "exit codes: 0 " in answer.out
    assert line[0] not in SPEAK_JSON or "--json" in answer.out
    assert answer.err == ""


@pytest.mark.parametrize("text", ["25", "0.5", "half", "nan%", "-1%", "101%", "%"])
def test_a_share_that_could_be_meant_otherwise_is_refused(tickerd, text):
    answer = tickerd("reduce", "all", "--reason", "x", "--", text)
    assert answer.code == ExitCode.USAGE
    assert "is no share; write 25%" in answer.err


def test_the_first_help_documents_every_exit_code(tickerd):
    answer = tickerd("--help")

    assert all(f"{code.value} " in answer.out.partition("exit codes:")[2] for code in ExitCode)


@pytest.mark.parametrize(
    "line",
    [("jornal",), ("journal",), ("journal", "list"), ("config",), ("version", "--yaml"), ("journal", "verify")],
    ids=" ".join,
)
def test_a_word_that_is_not_one_is_a_usage_error(tickerd, line):
    answer = tickerd(*line)

    assert answer.code == ExitCode.USAGE
    assert answer.out == ""
    assert "usage: tickerd" in answer.err


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (("kill", "--scope", "X"), "kill"),
        (("journal", "ls", "--nope"), "journal ls"),
        (("version", "--yaml"), "version"),
    ],
)
def test_an_option_that_a_word_does_not_know_shows_the_usage_of_that_word(tickerd, line, word):
    answer = tickerd(*line)

    assert answer.code == ExitCode.USAGE
    assert answer.err.startswith(f"usage: tickerd {word} ")
    assert f"tickerd {word}: error: unrecognized arguments: {line[-2 if word == 'kill' else -1]}" in answer.err


def test_no_word_at_all_is_a_usage_error(tickerd):
    assert tickerd().code == ExitCode.USAGE
