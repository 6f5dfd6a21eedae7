"""Words that other packages bring are listed without importing them, and found when they are said."""

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from daemon import words
from daemon.cli import main

WORD = """
import sys

print("imported", file=sys.stderr)

def add(parser):
    parser.add_argument("--times", type=int, default=1)

def run(options):
    if options.times < 0:
        error = ValueError("give --times 0 or more")
        error.exit_code = 2
        raise error
    print("hello " * options.times)
    return 0
"""


@pytest.fixture
def brought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    package = tmp_path / "brought_words"
    package.mkdir()
    (package / "__init__.py").write_text('WORDS = {"greet": "say 100 % hello"}\n')
    (package / "greet.py").write_text(WORD)
    monkeypatch.syspath_prepend(tmp_path)
    entries = [
        EntryPoint("greet", "brought_words.greet", words.GROUP),
        EntryPoint("gone", "no_such_package.gone", words.GROUP),
    ]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: entries if group == words.GROUP else [])
    yield package
    for name in [name for name in sys.modules if name.startswith("brought_words")]:
        del sys.modules[name]


def test_help_lists_an_installed_word_without_importing_its_module(brought, tickerd):
    answer = tickerd("--help")

    assert "say 100 % hello" in answer.out
    assert "imported" not in answer.err


def test_help_survives_a_package_that_cannot_be_imported(brought, tickerd):
    answer = tickerd("--help")

    assert answer.code == 0
    assert "cannot be listed" in answer.out
    assert all(word in answer.out for word in words.OWN)


def test_an_installed_word_is_carried_out_with_its_own_options(brought, tickerd):
    answer = tickerd("greet", "--times", "2")

    assert (answer.code, answer.out.strip()) == (0, "hello hello")


def test_an_error_of_an_installed_word_gives_its_exit_code_and_no_traceback(brought, tickerd):
    answer = tickerd("greet", "--times", "-1")

    assert answer.code == 2
    assert answer.err.splitlines()[-1] == "tickerd: ValueError: give --times 0 or more"


def test_our_own_words_do_not_look_for_installed_ones(monkeypatch):
    monkeypatch.setattr(words, "installed", lambda: pytest.fail("looked for installed words"))

    with pytest.raises(SystemExit):
        main(["version", "--help"])
