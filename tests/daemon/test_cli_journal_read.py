"""`tickerd journal ls|show|verify|book` on real sessions."""

import hashlib

import pytest

from core.records import SLOT_BYTES
from daemon.errors import ExitCode
from journal.folders import LATEST_NAME, SessionLock
from journal.head import SealState
from tests.daemon.sessions import LABEL, Recorder, flip_byte, record_crashed_session, record_session


def test_ls_lists_every_session_with_its_state(tickerd, session, root):
    record_crashed_session(root)
    second = Recorder(root, short_id="ffffff")
    second.open()
    second.seal(SealState.CRASHED, "a second Ctrl-C")

    lines = tickerd("journal", "ls", "--root", root, "--json").lines()

    assert [line["state"] for line in lines] == ["ended", "crashed", "crashed"]
    ended = lines[0]
    assert ended["session"] == session.name
    assert ended["mode"] == "paper"
    assert ended["labels"] == [LABEL]
    assert 1_500 < ended["inputs"] < 2_500
    assert ended["effects"] > 500
    assert 15_000_000_000 <= ended["lasted_ns"] < 20_000_000_000
    assert ended["bytes"] == sum(path.stat().st_size for path in session.iterdir())
    crashed = lines[1]
    assert crashed["inputs"] > 100
    assert crashed["lasted_ns"] > 0


def test_ls_fits_eighty_columns_and_shows_the_labels(tickerd, session, root):
    record_crashed_session(root)

    answer = tickerd("journal", "ls", "--root", root)

    lines = answer.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert session.name in answer.out
    assert answer.out.count(LABEL) == 2
    assert "\x1b" not in answer.out


def test_ls_shows_more_columns_where_there_is_room(tickerd, session, root, monkeypatch):
    monkeypatch.setenv("COLUMNS", "150")

    header = tickerd("journal", "ls", "--root", root).out.splitlines()[0]

    assert header.split() == [
        "session",
        "state",
        "mode",
        "started",
        "(UTC)",
        "lasted",
        "inputs",
        "effects",
        "size",
        "labels",
    ]


def test_ls_of_an_empty_root_says_so_and_what_records_one(tickerd, root):
    answer = tickerd("journal", "ls", "--root", root)

    assert answer.code == 0
    assert "no sessions" in answer.out
    assert "tickerd demo" in answer.out
    assert tickerd("journal", "ls", "--root", root, "--json").out == ""


def test_ls_shows_a_session_that_is_being_written_as_running(tickerd, root):
    recorder = Recorder(root)
    recorder.open()
    try:
        assert tickerd("journal", "ls", "--root", root, "--json").json()["state"] == "running"
    finally:
        recorder.crash()


def test_ls_lists_what_cannot_be_opened_with_the_reason(tickerd, session, root):
    flip_byte(session, 0)
    dead = root / "20240101T000000Z-paper-000000"
    dead.mkdir()
    (dead / "000000.tkj").write_bytes(b"")

    answer = tickerd("journal", "ls", "--root", root)

    assert answer.code == 0
    assert "damaged" in answer.out
    assert "unreadable" in answer.out
    assert "CRC mismatch" in answer.out


def test_show_tells_every_record_in_words_on_one_line(tickerd, session):
    answer = tickerd("journal", "show", session)

    lines = answer.out.splitlines()
    seqs = [int(line.split()[0]) for line in lines]
    assert answer.code == 0
    assert seqs == sorted(seqs)
    assert "1 at 59999.89 / 1 at 59999.91" in answer.out
    assert "state=READY" in answer.out
    assert any(" fill " in line and "exec_id=" in line for line in lines)


def test_show_selects_by_kind_instrument_range_and_limit(tickerd, session):
    fills = tickerd("journal", "show", session, "--kind", "fill", "--json").lines()
    assert len(fills) > 20
    assert {record["kind"] for record in fills} == {"fill"}

    plural = tickerd("journal", "show", session, "--kind", "fills", "--json").lines()
    assert plural == fills

    of_btc = tickerd("journal", "show", session, "--instrument", "BTCUSDT.BINANCE", "--json").lines()
    assert {record["instrument"] for record in of_btc} == {"BTCUSDT.BINANCE"}
    assert {"quote", "trade", "book", "submit", "order", "fill", "instrument"} <= {record["kind"] for record in of_btc}

    begin, end = fills[3]["seq"], fills[6]["seq"]
    some = tickerd("journal", "show", session, "--kind", "fill", "--from", begin, "--until", end, "--json").lines()
    assert some == fills[3:6]

    first = tickerd("journal", "show", session, "--kind", "quote", "--kind", "trade", "--limit", 5, "--json").lines()
    assert len(first) == 5
    assert {record["kind"] for record in first} == {"quote", "trade"}


def test_show_gives_prices_and_quantities_as_decimal_text(tickerd, session):
    quote = tickerd("journal", "show", session, "--kind", "quote", "--limit", 1, "--json").json()

    assert quote["fields"] == {
        "bid_price": "59999.89",
        "bid_quantity": "1",
        "ask_price": "59999.91",
        "ask_quantity": "1",
        "update_id": 1,
    }


def test_show_from_the_middle_knows_the_instruments_defined_before(tickerd, session):
    btc = ("--kind", "quote", "--instrument", "BTCUSDT.BINANCE")
    record = tickerd("journal", "show", session, "--from", 4_000, *btc, "--limit", 1, "--json").json()

    assert record["seq"] >= 4_000
    assert record["instrument"] == "BTCUSDT.BINANCE"


def test_show_head_tells_build_settings_and_strategies(tickerd, session):
    words = tickerd("journal", "show", session, "--head", "--limit", 0)
    told = tickerd("journal", "show", session, "--head", "--limit", 0, "--json").json()

    assert session.name in words.out
    assert LABEL in words.out
    assert "strategy ema-btc" in words.out
    assert told["head"]["strategies"][0]["use"] == "ema-cross"
    assert told["seal"]["reason"] == "asked to"
    assert told["state"] == "ended"


def test_show_refuses_a_kind_or_instrument_that_is_not_there(tickerd, session):
    kind = tickerd("journal", "show", session, "--kind", "quots")
    name = tickerd("journal", "show", session, "--instrument", "BTCUSD.BINANCE")

    assert kind.code == name.code == ExitCode.USAGE
    assert "did you mean quote?" in kind.err
    assert "did you mean BTCUSDT.BINANCE?" in name.err


def test_verify_reports_a_whole_session(tickerd, session):
    words = tickerd("journal", "verify", session)
    report = tickerd("journal", "verify", session, "--json").json()

    assert words.code == 0
    assert "whole; ended" in words.out
    assert report["ok"] is True
    assert report["slots"] == (session / "000000.tkj").stat().st_size // SLOT_BYTES
    assert report["chain"] in words.out
    assert max(map(len, words.out.replace(str(session), "").splitlines())) <= 80


def test_verify_names_record_segment_and_byte_of_damage(tickerd, session):
    flip_byte(session, 1_234)

    words = tickerd("journal", "verify", session)
    report = tickerd("journal", "verify", session, "--json")

    assert words.code == report.code == ExitCode.JOURNAL_DAMAGED
    assert "DAMAGED at record 1234" in words.out
    damage = report.json()["damage"]
    assert damage["seq"] == 1_234
    assert damage["segment"] == "000000.tkj"
    assert damage["offset"] == 1_234 * SLOT_BYTES
    assert damage["expected"] != damage["found"]


def test_verify_tells_a_torn_tail_without_calling_it_damage(tickerd, root):
    folder = record_crashed_session(root, torn=b"\x55" * 100)

    words = tickerd("journal", "verify", folder)
    report = tickerd("journal", "verify", folder, "--json").json()

    assert words.code == 0
    assert "whole; crashed" in words.out
    assert "100 bytes" in words.out
    assert "tickerd journal recover" in words.out
    assert report["torn"]["bytes"] == 100


def test_book_is_the_engines_book_at_the_end(tickerd, session):
    books = tickerd("journal", "book", session, "--json").lines()

    assert [book["instrument"] for book in books] == ["BTCUSDT.BINANCE", "ETHUSDT.BINANCE"]
    btc = books[0]
    assert btc["state"] == "LIVE"
    assert btc["last_update_id"] == 300
    assert btc["bids"][0] == ["59999.95", "1"]
    assert btc["asks"] == [[f"60000.0{digit}", "1"] for digit in range(5, 10)]
    assert len(btc["bids"]) > 5


def test_book_at_a_record_is_what_was_known_then(tickerd, session):
    levels = tickerd("journal", "show", session, "--kind", "book", "--instrument", "ETHUSDT.BINANCE", "--json").lines()
    last_of_snapshot = next(level for level in levels if "last" in level["fields"]["flags"])
    third = levels[2]

    whole = tickerd(
        "journal", "book", session, "--instrument", "ETHUSDT.BINANCE", "--at", last_of_snapshot["seq"], "--json"
    )
    part = tickerd("journal", "book", session, "--instrument", "ETHUSDT.BINANCE", "--at", third["seq"], "--json")

    assert whole.json()["state"] == "LIVE"
    assert len(whole.json()["bids"]) == len(whole.json()["asks"]) == 5
    assert part.json()["state"] == "LOADING"
    assert [price for price, _ in part.json()["bids"]] == ["2499.95", "2499.94", "2499.93"]


def test_book_shows_ten_levels_or_as_many_as_asked(tickerd, session):
    words = tickerd("journal", "book", session, "--instrument", "BTCUSDT.BINANCE")
    two = tickerd("journal", "book", session, "--instrument", "BTCUSDT.BINANCE", "--depth", 2)

    assert "BTCUSDT.BINANCE after record" in words.out
    assert "LIVE" in words.out
    assert len(words.out.splitlines()) == 2 + 10
    assert len(two.out.splitlines()) == 2 + 2
    assert max(map(len, words.out.splitlines()[1:])) <= 80


def test_book_refuses_an_instrument_that_is_not_there(tickerd, session):
    answer = tickerd("journal", "book", session, "--instrument", "ETHUSD.BINANCE")

    assert answer.code == ExitCode.USAGE
    assert "did you mean ETHUSDT.BINANCE?" in answer.err


@pytest.mark.parametrize("name", [None, LATEST_NAME])
def test_a_session_is_found_by_its_name_or_as_the_latest(tickerd, session, root, name):
    answer = tickerd("journal", "verify", name or session.name, "--root", root, "--json")

    assert answer.code == 0
    assert answer.json()["folder"] == str(session)


def test_the_default_root_is_looked_at_without_being_named(tickerd, recorded_once, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = record_session(tmp_path / "var" / "sessions", rounds=10)

    assert tickerd("journal", "verify", folder.name).code == 0
    assert tickerd("journal", "verify", "latest").code == 0
    assert tickerd("journal", "verify", "var/sessions/latest").code == 0


def test_a_wrong_session_name_gets_the_nearest_one(tickerd, session, root):
    answer = tickerd("journal", "verify", session.name[:-1], "--root", root)

    assert answer.code == ExitCode.USAGE
    assert f"did you mean {session.name}?" in answer.err
    assert answer.out == ""


def test_a_folder_that_is_no_session_is_refused(tickerd, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()

    assert tickerd("journal", "verify", empty).code == ExitCode.USAGE
    assert tickerd("journal", "verify", tmp_path / "nowhere").code == ExitCode.USAGE
    assert tickerd("journal", "verify", "latest", "--root", tmp_path).code == ExitCode.USAGE


def test_reading_leaves_no_trace_in_the_session(tickerd, session):
    def image():
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in session.iterdir()}

    before = image()
    for line in (("show",), ("verify",), ("book",), ("export", "--kind", "trades")):
        assert tickerd("journal", line[0], session, *line[1:]).code == 0

    assert image() == before


def test_a_session_that_is_being_written_can_be_read(tickerd, root):
    recorder = Recorder(root)
    recorder.open()
    recorder.trade(20)
    try:
        assert tickerd("journal", "show", recorder.folder, "--kind", "quote", "--json").code == 0
        assert tickerd("journal", "verify", recorder.folder, "--json").json()["state"] == "running"
    finally:
        recorder.crash()


def test_recover_leaves_a_session_alone_that_is_being_written(tickerd, session):
    lock = SessionLock(session)
    try:
        answer = tickerd("journal", "recover", session)
    finally:
        lock.release()

    assert answer.code == ExitCode.USAGE
    assert "being written" in answer.err
