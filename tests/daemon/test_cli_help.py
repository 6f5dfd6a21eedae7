"""Every word explains itself."""

import pytest

from daemon.commands.journal import ACTIONS
from daemon.errors import ExitCode
from daemon.words import words_for

CONFIG_ACTIONS = ("check", "show", "ready-made")
LINES: list[tuple[str, ...]] = [(word,) for word in words_for(None)]
LINES += [("journal", action) for action in ACTIONS]
LINES += [("config", action) for action in CONFIG_ACTIONS]
OWN = [line for line in LINES if line[0] in {"journal", "config", "strategies", "doctor", "version"}]


@pytest.mark.parametrize("line", LINES, ids=" ".join)
def test_help_runs_and_shows_an_example(tickerd, line):
    answer = tickerd(*line, "--help")

    assert answer.code == 0
    assert "example" in answer.out
    assert f"tickerd {' '.join(line)}" in answer.out.partition("example")[2]
    assert answer.err == ""


@pytest.mark.parametrize("line", [line for line in OWN if line not in {("journal",), ("config",)}], ids=" ".join)
def test_help_documents_exit_codes_and_json(tickerd, line):
    answer = tickerd(*line, "--help")

    assert "exit codes: 0 " in answer.out
    assert "--json" in answer.out


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
