"""What a strategy may know beside what it was fed: what its code opens, and what it holds at its start."""

import socket
import subprocess
import sys
from array import array
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from research.lookahead.outside import FileWatch, held_series

HERE = {__file__}


def test_files_processes_and_connections_of_watched_code_are_noted_with_the_line(tmp_path):
    file = tmp_path / "data.csv"
    file.write_text("1")
    with FileWatch() as watch:
        file.read_text()
        subprocess.run([sys.executable, "-c", ""], check=True)
        with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
            client.connect(server.getsockname())

    opened = dict(watch.opened_by(HERE))
    assert opened[f"opens {file}"].startswith("test_outside.py:")
    assert any(what.startswith("connects to ('127.0.0.1'") for what in opened)
    assert f"starts {sys.executable}" in opened or any(what.startswith("starts ") for what in opened)


def test_what_others_open_and_what_is_opened_later_is_not_noted(tmp_path):
    with FileWatch() as watch:
        Path(tmp_path / "a").write_text("1")
    Path(tmp_path / "b").write_text("1")

    assert watch.opened_by({"strategy.py"}) == []
    assert [what for what, _ in watch.opened_by(HERE)] == [f"opens {tmp_path / 'a'}"]


def held(**fields):
    thing = SimpleNamespace(**fields)
    return sorted(held_series(thing))  # type: ignore[arg-type]


def test_series_of_numbers_are_found_wherever_they_hang():
    numbers = list(range(300))
    table = np.zeros(250, [("time", "i8"), ("price", "f8")])

    assert held(plain=numbers) == [("self.plain", 300)]
    assert held(packed=array("d", numbers)) == [("self.packed", 300)]
    assert held(table=table) == [("self.table", 250)]
    assert held(by_time=dict(enumerate(numbers))) == [("self.by_time", 300)]
    assert held(deep={"a": [SimpleNamespace(b=numbers)]}) == [("self.deep['a'][0].b", 300)]
    assert held(closed=lambda: numbers) == [("self.closed.numbers", 300)]


def test_windows_that_begin_empty_and_short_lists_are_not():
    assert held(window=[0.0] * 1_024, packed=array("q", bytes(8 * 500)), few=list(range(100)), words=["a"] * 300) == []
    assert held(context=list(range(300)), params=list(range(300))) == []
