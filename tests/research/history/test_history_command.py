"""`tickerd history`: from words to histories, and what is told of them."""

import argparse
import json

import pytest

from core.instruments import AssetClass
from core.records import Kind
from research.commands import history as command
from research.history.errors import BadInput, BadInstrument, HistoryError
from research.history.instruments import described, read_instrument
from research.history.sessions import SessionSource
from research.history.tables import TablesSource
from research.history.trades import TradesSource
from tests.research.history.making import quotes, read, write_gz, write_history
from tests.research.history.test_history_bars import ASKS, BIDS
from tests.research.history.test_history_frames import spot_lines

GBP = ("--instrument", "GBPUSD.FXCM", "--asset-class", "fx", "--tick", "0.00001")


def said(*words) -> int:
    parser = argparse.ArgumentParser()
    command.add(parser)
    return command.run(parser.parse_args([str(word) for word in words]))


def told(capsys):
    return json.loads(capsys.readouterr().out)


def test_a_pair_of_files_is_imported_shown_and_listed(tmp_path, capsys):
    bid, ask = write_gz(tmp_path / "bid.csv.gz", BIDS), write_gz(tmp_path / "ask.csv.gz", ASKS)
    assert said("import", "bars", bid, "--ask", ask, *GBP, "--out", tmp_path / "var" / "h") == 0
    out = capsys.readouterr().out
    assert "GBPUSD.FXCM" in out
    assert "left out     2 bars of one side only" in out
    assert len(read(tmp_path / "var" / "h", Kind.QUOTE)) == 3
    assert said("show", tmp_path / "var" / "h", "--json") == 0
    shown = told(capsys)
    assert (shown["kind"], shown["files"], shown["inputs"]) == ("bars", ["bid.csv.gz", "ask.csv.gz"], 8)
    assert shown["first"] == "2012-02-01 00:01:00.000000000"
    assert said("ls", "--root", tmp_path / "var", "--json") == 0
    assert told(capsys) == shown


def test_without_out_a_history_is_made_once_under_the_root(tmp_path, capsys):
    file = write_gz(tmp_path / "spot.gz", spot_lines())
    words = ("import", "frames", file, "--root", tmp_path / "var", "--json")
    assert said(*words) == 0
    first = told(capsys)
    assert said(*words) == 0
    assert told(capsys) == first
    assert [path.name for path in (tmp_path / "var").iterdir()] == [first["folder"].rpartition("/")[2]]


def test_the_list_tells_what_cannot_be_read(tmp_path, capsys):
    write_history(tmp_path / "good", quotes(3))
    (write_history(tmp_path / "bad", quotes(3)) / "000000.tkj").write_bytes(b"x")
    assert said("ls", "--root", tmp_path) == 0
    out = capsys.readouterr().out
    assert "good  1970-01-01" in out
    assert "bad: " in out
    assert said("ls", "--root", tmp_path / "none") == 0
    assert "tickerd history import" in capsys.readouterr().out


def test_parquet_is_another_word_for_tables(tmp_path):
    parser = argparse.ArgumentParser()
    command.add(parser)
    options = parser.parse_args(["import", "parquet", "quotes=q.parquet", "bars=b.npy", *GBP, "--interval", "5m"])
    source = command.source_of(options)
    assert isinstance(source, TablesSource)
    assert [(table.kind, table.file, table.interval) for table in source.tables] == [
        ("quotes", "q.parquet", ""),
        ("bars", "b.npy", "5m"),
    ]
    with pytest.raises(BadInput, match="KIND=FILE"):
        command.source_of(parser.parse_args(["import", "tables", "q.parquet", *GBP]))


def test_trades_and_sessions_are_named_by_their_words():
    parser = argparse.ArgumentParser()
    command.add(parser)
    words = ["import", "trades", "x.zip", *GBP, "--exchanges", "QP", "--date", "2013-10-08", "--extended-hours"]
    trades = command.source_of(parser.parse_args(words))
    assert isinstance(trades, TradesSource)
    assert (trades.exchanges, trades.date, trades.extended_hours) == (("Q", "P"), "2013-10-08", True)
    session = command.source_of(parser.parse_args(["import", "session", "var/s"]))
    assert session == SessionSource(folder="var/s")


def test_an_instrument_is_a_few_words_or_a_file(tmp_path):
    few = described("GBPUSD.FXCM", asset_class="fx", tick="0.00001", lot="1000", size_precision=2)
    assert (few.id, few.base, few.quote, few.price_precision, few.tick) == ("GBPUSD.FXCM", "GBP", "USD", 5, 1)
    assert (few.size_precision, few.lot, few.asset_class, few.settlement) == (2, 100_000, AssetClass.FX, "")
    (tmp_path / "x.toml").write_text(
        'symbol = "ES"\nvenue = "CME"\nasset_class = "future"\nbase = "ES"\nquote = "USD"\nprice_precision = 2\n'
        "size_precision = 0\ntick = 25\nlot = 1\nmultiplier = 50\n"
    )
    assert read_instrument(tmp_path / "x.toml").multiplier == 50
    with pytest.raises(BadInstrument, match=r"expected SYMBOL\.VENUE"):
        described("GBPUSD", asset_class="fx", tick="1", lot="1")
    with pytest.raises(BadInstrument, match="'bond' is not a valid"):
        described("X.Y", asset_class="bond", tick="1", lot="1")
    with pytest.raises(BadInstrument, match="finer than 2 decimals"):
        described("X.Y", asset_class="fx", tick="0.001", lot="1", price_precision=2)
    (tmp_path / "x.toml").write_text("symbol = 1")
    with pytest.raises(BadInstrument, match="its fields are those of"):
        read_instrument(tmp_path / "x.toml")
    with pytest.raises(HistoryError, match="cannot read"):
        read_instrument(tmp_path / "none.json")
