"""`tickerd store`: its words, what they show, and what they say where something is missing."""

import json
import shutil
import sqlite3
import time
from pathlib import Path

import pytest

from daemon.commands.store import ACTIONS
from daemon.commands.store_query import LAYOUTS, time_ns
from daemon.errors import ExitCode
from daemon.store.queries import VIEWS
from daemon.store.rows import TABLES
from daemon.store.schema import VERSION
from tests.daemon.sessions import START_NS, flip_byte, record_session
from tests.daemon.store.store_making import digest_of, rebuilt_digest, rows_of


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with one session and its store, only to be read."""
    from daemon.cli import main

    root = tmp_path_factory.mktemp("root")
    record_session(root)
    assert main(["store", "rebuild", "--root", str(root)]) == 0
    return root


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_explains_itself(tickerd, action):
    answer = tickerd("store", action, "--help")

    assert answer.code == 0
    assert f"tickerd store {action}" in answer.out.partition("examples:")[2]
    assert "exit codes: 0 ok" in answer.out
    assert "--json" in answer.out


@pytest.mark.parametrize("what", LAYOUTS)
def test_every_table_fits_a_terminal_and_has_every_column_in_json(tickerd, built, what):
    shown = tickerd("store", "query", what, "--root", built, "--limit", "7")
    told = tickerd("store", "query", what, "--root", built, "--limit", "7", "--json").lines()

    assert shown.code == 0
    assert all(len(line) <= 80 for line in shown.out.splitlines())
    assert all(list(row) == ["session", *TABLES[VIEWS[what].table].columns] for row in told)
    empty = {"lots", "refusals", "alerts", "freezes", "reconciliations", "links", "evidence", "parents"}  # it was paper
    if what in empty:
        assert shown.out == f"no {what} in the store\n"
    else:
        assert shown.out.startswith("20241121T103000Z-paper-0a1b2c\n")
        rows = shown.out.splitlines()[2:]
        assert len(rows) >= len(told) > 0


def test_wide_terminals_show_more(tickerd, built, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    answer = tickerd("store", "query", "fills", "--root", built, "--limit", "1")
    assert "fee currency" in answer.out
    assert "2024-11-21 " in answer.out


def test_filters_choose_and_the_newest_rows_come_oldest_first(tickerd, built):
    def fills(*options: str) -> list[dict[str, object]]:
        return list(tickerd("store", "query", "fills", "--root", built, "--json", *options).lines())

    everything = fills("--limit", "0")
    seqs = [row["seq"] for row in everything]
    assert seqs == sorted(seqs)  # type: ignore[type-var]
    assert fills("--limit", "3") == everything[-3:]
    assert fills("--limit", "0", "--session", "latest") == everything
    for option, column in (("--instrument", "instrument"), ("--strategy", "strategy_id")):
        chosen = everything[0][column]
        expected = [row for row in everything if row[column] == chosen]
        assert fills("--limit", "0", option, str(chosen)) == expected
        assert len(expected) < len(everything)
    middle = everything[len(everything) // 2]["recv_ns"]
    early, late = fills("--limit", "0", "--until", str(middle)), fills("--limit", "0", "--from", str(middle))
    assert early + late == everything
    assert late[0]["recv_ns"] == middle
    assert fills("--from", "2024-11-22T00:00") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-11-21T10:30", START_NS),
        ("2024-11-21 10:30:00.000001+00:00", START_NS + 1_000),
        ("2024-11-21T12:30+02:00", START_NS),
        (str(START_NS), START_NS),
        ("2024-11-21", START_NS - 37_800 * 10**9),
    ],
)
def test_times_are_utc_or_say_their_zone(text, expected):
    assert time_ns(text) == expected


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("query", "fils"), "did you mean fills?"),
        (("query", "fills", "--from", "noon"), "'noon' is not a time"),
        (("query", "fills", "--session", "latst"), "did you mean latest?"),
        (("query", "equity", "--strategy", "x"), "equity are not kept by strategy; leave --strategy out"),
        (("query", "balances", "--instrument", "x"), "leave --instrument out"),
        (("query", "fills", "--file", "nothing.db"), "no store at nothing.db; `tickerd store rebuild` makes one"),
        (("status", "--file", "nothing.db"), "no store at nothing.db"),
        (("rebuild", "--session", "nope"), "no session 'nope'"),
        (("rebuild", "--session", "latest", "--all"), "not allowed with"),
        (("prune",), "--max-age-days"),
        (("prune", "--max-age-days", "-3"), "not a number of days"),
    ],
    ids=" ".join,
)
def test_a_mistake_is_told_with_what_would_work(tickerd, built, words, said):
    answer = tickerd("store", *words, "--root", built)

    assert answer.code == ExitCode.USAGE
    assert said in " ".join(answer.err.split())
    assert answer.out == ""
    assert not Path("nothing.db").exists()


def test_status_tells_what_is_behind_and_rebuild_catches_up(tickerd, session, root):
    assert tickerd("store", "rebuild", "--root", root).code == 0
    file = root / "store.db"
    before = digest_of(file, session.name)
    connection = sqlite3.connect(file)
    connection.execute("DELETE FROM sessions")  # as if it had never been followed
    connection.commit()
    connection.close()
    other = record_session(root, rounds=5, short_id="ff0000")

    first = tickerd("store", "rebuild", "--root", root, "--json")
    status = tickerd("store", "status", "--root", root, "--json").json()

    assert {line["session"] for line in first.lines()} == {session.name, other.name}
    assert digest_of(file, session.name) == before
    assert status["schema"] == VERSION
    assert [(row["state"], row["behind"], row["old"]) for row in status["sessions"]] == [("ended", 0, False)] * 2
    shutil.rmtree(other)
    shown = tickerd("store", "status", "--root", root)
    assert "gone" in shown.out
    assert all(len(line) <= 80 for line in shown.out.splitlines()[1:])


def test_one_session_is_read_anew_and_the_others_stay(tickerd, session, root):
    other = record_session(root, rounds=5, short_id="ff0000")
    tickerd("store", "rebuild", "--root", root)
    file = root / "store.db"
    connection = sqlite3.connect(file)
    connection.execute("UPDATE fills SET price = 'spoilt'")
    connection.commit()
    connection.close()
    spoilt = digest_of(file, other.name)

    answer = tickerd("store", "rebuild", "--root", root, "--session", session.name)

    assert answer.code == 0
    assert digest_of(file, session.name) == rebuilt_digest(session, root / "other.db")
    assert digest_of(file, other.name) == spoilt
    assert tickerd("store", "rebuild", "--root", root, "--all").code == 0
    assert rows_of(file, "SELECT count(*) FROM fills WHERE price = 'spoilt'") == [(0,)]


def test_a_damaged_session_is_told_and_the_others_are_read(tickerd, session, root):
    other = record_session(root, rounds=5, short_id="ff0000")
    flip_byte(session, 100)

    answer = tickerd("store", "rebuild", "--root", root)

    assert answer.code == ExitCode.JOURNAL_DAMAGED
    assert f"{session.name}: CRC mismatch at seq 100" in answer.err
    assert other.name in answer.out


def test_a_root_without_sessions_is_told(tickerd, tmp_path):
    answer = tickerd("store", "rebuild", "--root", tmp_path)
    assert (answer.code, answer.out) == (0, f"no sessions in {tmp_path}; `tickerd demo` records one\n")


def test_prune_removes_what_is_old_and_vacuum_gives_the_space_back(tickerd, session, root):
    tickerd("store", "rebuild", "--root", root)
    days = (time.time_ns() - START_NS) / 86_400e9

    assert tickerd("store", "prune", "--root", root, "--max-age-days", days + 1).out == "removed 0 sessions\n"
    dry = tickerd("store", "prune", "--root", root, "--max-age-days", days - 1, "--dry-run", "--json")
    assert dry.json() == {"removed": [session.name], "dry_run": True}
    assert rows_of(root / "store.db", "SELECT count(*) FROM sessions") == [(1,)]

    answer = tickerd("store", "prune", "--root", root, "--max-age-days", days - 1)
    assert answer.out == f"removed {session.name}\nremoved 1 session\n"
    assert all(rows_of(root / "store.db", f"SELECT count(*) FROM {name}") == [(0,)] for name in TABLES)
    sizes = tickerd("store", "vacuum", "--root", root, "--json").json()
    assert sizes["bytes_after"] < sizes["bytes_before"]
    assert "now" in tickerd("store", "vacuum", "--root", root).out
    assert tickerd("store", "rebuild", "--root", root).code == 0
    assert json.loads(tickerd("store", "status", "--root", root, "--json").out)["sessions"][0]["behind"] == 0
