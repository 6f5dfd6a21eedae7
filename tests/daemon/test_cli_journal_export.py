"""`tickerd journal export`: rows in the order of the journal, exact numbers, whole files."""

import csv
import json
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from daemon.errors import ExitCode
from journal.tables import KINDS
from tests.daemon.conftest import ROOT
from tests.daemon.sessions import flip_byte

BASE = ["seq", "recv_ns", "venue_ns", "instrument"]


def test_ndjson_is_the_default_and_gives_the_fixed_fields_in_order(tickerd, session):
    fields = {
        "trades": ["trade_id", "price", "quantity", "aggressor"],
        "quotes": ["bid_price", "bid_quantity", "ask_price", "ask_quantity", "update_id"],
        "book": ["first_update_id", "last_update_id", "side", "price", "quantity"],
    }
    for kind, names in fields.items():
        rows = tickerd("journal", "export", session, "--kind", kind).lines()

        assert list(rows[0])[: 4 + len(names)] == BASE + names
        seqs = [row["seq"] for row in rows]
        assert seqs == sorted(seqs)


def test_what_is_exported_is_what_was_recorded(tickerd, session):
    quotes = tickerd("journal", "export", session, "--kind", "quotes", "--format", "ndjson").lines()
    trades = tickerd("journal", "export", session, "--kind", "trades", "--format", "ndjson").lines()

    assert len(quotes) == 600
    assert len(trades) == 300
    assert quotes[0]["bid_price"] == "59999.89"
    assert [trade["trade_id"] for trade in trades] == [number for number in range(1, 301, 2) for _ in range(2)]


def test_csv_and_parquet_hold_the_same_rows_as_ndjson(tickerd, session, tmp_path):
    rows = tickerd("journal", "export", session, "--kind", "fills").lines()
    as_csv = tickerd("journal", "export", session, "--kind", "fills", "--format", "csv").out
    out = tmp_path / "fills.parquet"
    told = tickerd("journal", "export", session, "--kind", "fills", "--out", out)

    assert len(rows) > 20
    assert [row["exec_id"] for row in csv.DictReader(as_csv.splitlines())] == [row["exec_id"] for row in rows]
    assert pq.read_table(out).to_pylist() == rows
    assert told.out == ""
    assert f"{len(rows)} fills written to {out}" in told.err


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_exported_in_every_format(tickerd, session, tmp_path, kind):
    for fmt in ("csv", "ndjson", "parquet"):
        out = tmp_path / f"{kind}.{fmt}"
        answer = tickerd("journal", "export", session, "--kind", kind, "--format", fmt, "--out", out, "--json")

        assert answer.code == 0
        assert answer.json()["out"] == str(out)
        assert out.exists()


def test_instrument_and_range_select(tickerd, session):
    rows = tickerd("journal", "export", session, "--kind", "quotes").lines()
    begin, end = rows[10]["seq"], rows[20]["seq"]

    some = tickerd("journal", "export", session, "--kind", "quotes", "--from", begin, "--until", end).lines()
    of_eth = tickerd("journal", "export", session, "--kind", "quotes", "--instrument", "ETHUSDT.BINANCE").lines()

    assert some == rows[10:20]
    assert of_eth == [row for row in rows if row["instrument"] == "ETHUSDT.BINANCE"]


def test_the_format_follows_from_the_files_name(tickerd, session, tmp_path):
    out = tmp_path / "trades.csv"
    tickerd("journal", "export", session, "--kind", "trades", "--out", out)

    assert out.read_text().startswith("seq,recv_ns,venue_ns,instrument,trade_id")


def test_what_cannot_be_exported_is_refused_with_what_can(tickerd, session, tmp_path):
    kind = tickerd("journal", "export", session, "--kind", "trade")
    name = tickerd("journal", "export", session, "--kind", "trades", "--instrument", "XRPUSDT.BINANCE")
    binary = tickerd("journal", "export", session, "--kind", "trades", "--format", "parquet")
    place = tickerd("journal", "export", session, "--kind", "trades", "--out", tmp_path / "no" / "folder.csv")

    assert [answer.code for answer in (kind, name, binary, place)] == [ExitCode.USAGE] * 4
    assert "did you mean trades?" in kind.err
    assert "BTCUSDT.BINANCE" in name.err
    assert "--out FILE" in binary.err
    assert "cannot write" in place.err


def test_a_damaged_journal_leaves_no_half_file(tickerd, session, tmp_path):
    flip_byte(session, 5_000)
    out = tmp_path / "trades.csv"

    answer = tickerd("journal", "export", session, "--kind", "trades", "--out", out)

    assert answer.code == ExitCode.JOURNAL_DAMAGED
    assert "seq 5000" in answer.err
    assert list(tmp_path.glob("trades.csv*")) == []


def test_a_reader_that_has_seen_enough_ends_the_export_quietly(session):
    command = [sys.executable, "-m", "daemon", "journal", "export", str(session), "--kind", "book"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = json.loads(process.stdout.readline())
        process.stdout.close()
        err = process.stderr.read()
        code = process.wait(30)

    assert first["instrument"] == "BTCUSDT.BINANCE"
    assert err == b""
    assert code == ExitCode.OK
