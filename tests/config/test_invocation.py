import sys
from pathlib import Path

import pytest

from config.invocation import command_line


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    made = tmp_path / ".venv" / "bin" / "tickerd"
    made.parent.mkdir(parents=True)
    made.write_text("#!/bin/sh\n")
    made.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(made)])
    return made


def test_the_name_alone_is_given_where_the_path_finds_this_very_program(program, monkeypatch):
    monkeypatch.setenv("PATH", str(program.parent))
    assert command_line("replay", "a session") == "tickerd replay 'a session'"


def test_the_way_to_the_program_is_given_where_the_path_does_not_find_it(program, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert command_line("replay", "s") == ".venv/bin/tickerd replay s"


def test_a_module_call_names_the_interpreter(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/somewhere/daemon/__main__.py", "run"])
    assert command_line("version").endswith(" -m daemon version")
