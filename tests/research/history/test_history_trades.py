"""US equity trades as a history: exact numbers, New York's clock, and what sets a price."""

import datetime as dt
import io
import zipfile
import zoneinfo
from collections import Counter
from pathlib import Path

import pytest

from core.records import NOT_MARKET, SELL_AGGRESSOR, Kind
from research.history.errors import BadInput
from research.history.sale_conditions import NO_PRICE, sets_price
from research.history.sources import import_history
from research.history.trades import TradesSource
from tests.research.history.making import SPY, instrument, read

# What the sale condition tables let update the consolidated last, of the conditions in the recorded day.
PRICE_SETTING = {"1", "20", "20000001", "20000020", "20000040", "20200080"}


def write_zip(path: Path, lines: list[str], member: str = "20131008_spy_Trade_Tick.csv") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, "\n".join((*lines, "")))
    return path


def recorded(folder: Path) -> Path:
    path = folder / "equity" / "spy-trades-20131008.zip"
    if not path.is_file():
        pytest.skip(f"no {path.name} in {path.parent}")
    return path


@pytest.mark.slow
def test_a_day_of_trades_equals_an_independent_reading(recorded_dir, tmp_path):
    file = recorded(recorded_dir)
    import_history(TradesSource(file=str(file), instrument=SPY), tmp_path / "h")
    told = read(tmp_path / "h", Kind.TRADE)
    midnight = dt.datetime(2013, 10, 8, tzinfo=dt.timezone(-dt.timedelta(hours=4)))
    midnight_ns = int(midnight.timestamp()) * 1_000_000_000
    conditions: Counter[tuple[str, bool]] = Counter()
    with zipfile.ZipFile(file) as archive, io.TextIOWrapper(archive.open(archive.namelist()[0])) as lines:
        rows = [line.strip().split(",") for line in lines]
    assert len(told) == len(rows) == 451_545
    for number, (event, row) in enumerate(zip(told, rows, strict=True), 1):
        assert event[3] == event[4] == midnight_ns + int(row[0]) * 1_000_000
        assert event[5:8] == (int(row[1]), int(row[2]), number)
        conditions[row[4], bool(event[1] & NOT_MARKET)] += 1
    assert {code for code, left_out in conditions if not left_out} == PRICE_SETTING
    assert not any(left_out and code in PRICE_SETTING for code, left_out in conditions)
    sells = sum(event[1] == SELL_AGGRESSOR for event in told)
    buys = sum(event[1] == 0 for event in told)
    assert 0.4 < sells / (sells + buys) < 0.6
    regular = [event[3] for event in told if not event[1] & NOT_MARKET]
    at_nine_thirty, at_four = midnight_ns + 34_200 * 10**9, midnight_ns + 57_600 * 10**9
    assert min(regular) >= at_nine_thirty
    assert max(regular) < at_four + 2 * 10**9  # closing prints are told within moments


def test_conditions_that_set_no_price_and_suspicious_trades_are_no_market(tmp_path):
    lines = [
        "34200000,1674300,100,Q,1,0",
        "34200001,1674400,100,P,20000020,0",
        "34200002,1670000,100,P,20000200,0",  # derivatively priced
        "34200003,1670000,100,P,1,1",  # suspicious
        "34200004,1674400,100,D,2000,0",  # extended hours
        "34200005,1674300,100,Z,1,0",
        "34200006,1674300,100,Z,1,0",
    ]
    file = write_zip(tmp_path / "x.zip", lines)
    import_history(TradesSource(file=str(file), instrument=SPY), tmp_path / "h")
    flags = [event[1] for event in read(tmp_path / "h", Kind.TRADE)]
    assert [bool(flag & NOT_MARKET) for flag in flags] == [False, False, True, True, True, False, False]
    # The tick test sees market trades alone: up, up, down, and down still where the price stays.
    assert [flag & SELL_AGGRESSOR for flag in flags if not flag & NOT_MARKET] == [0, 0, 1, 1]


@pytest.mark.parametrize("bit", NO_PRICE)
def test_one_condition_that_sets_no_price_outweighs_those_that_do(bit):
    assert sets_price(1 | 1 << 5 | 1 << 29)
    assert not sets_price(1 | bit)


def test_extended_hours_can_count_as_market(tmp_path):
    file = write_zip(tmp_path / "x.zip", ["28800000,1674300,100,Q,20002020,0", "28800001,1674300,100,Q,20002200,0"])
    import_history(TradesSource(file=str(file), instrument=SPY, extended_hours=True), tmp_path / "h")
    assert [event[1] & NOT_MARKET for event in read(tmp_path / "h", Kind.TRADE)] == [0, NOT_MARKET]


def test_trades_of_chosen_exchanges_are_taken(tmp_path):
    lines = [f"3420000{n},1674300,100,{exchange},1,0" for n, exchange in enumerate("QPDQZ")]
    file = write_zip(tmp_path / "x.zip", lines)
    report = import_history(TradesSource(file=str(file), instrument=SPY, exchanges=("Q",)), tmp_path / "h")
    assert [event[7] for event in read(tmp_path / "h", Kind.TRADE)] == [1, 4]
    assert report.left_out == {
        "trades on NYSE Arca": 1,
        "trades on FINRA ADF and TRF (off exchange)": 1,
        "trades on Cboe BZX": 1,
    }


@pytest.mark.parametrize("day", ["2013-01-15", "2013-07-15", "2013-03-11", "2013-11-04"])
def test_the_clock_is_that_of_new_york_in_summer_and_winter(tmp_path, day):
    (tmp_path / "x.csv").write_text("34200000,1674300,100,Q,1,0\n")
    import_history(TradesSource(file=str(tmp_path / "x.csv"), instrument=SPY, date=day), tmp_path / "h")
    (trade,) = read(tmp_path / "h", Kind.TRADE)
    told = dt.datetime.fromtimestamp(trade[3] / 1e9, zoneinfo.ZoneInfo("America/New_York"))
    assert told.isoformat()[:19] == f"{day}T09:30:00"


GOOD = "34200000,1674300,100,Q,1,0"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("34200000,1674300,100,Q,1", "expected ms, price, size, exchange, conditions, suspicious"),
        ("34200000,167.43,100,Q,1,0", "expected ms, price"),
        ("34200000,1674300,100,Q,xyz,0", "expected ms, price"),
        ("34199999,1674300,100,Q,1,0", "expected ms of the day, not before 34200000, found 34199999"),
        ("99999999,1674300,100,Q,1,0", "expected ms of the day"),
        ("34200000,0,100,Q,1,0", "a price and a size above zero"),
        ("34200000,1674300,100,?,1,0", r"expected an exchange of .* found '\?'"),
        ("34200000,1674300,100,Q,100000000,0", "32 bits of conditions"),
        ("34200000,1674300,100,Q,1,7", "suspicious 0 or 1"),
    ],
)
def test_a_bad_trade_is_refused_with_its_line(tmp_path, line, words):
    file = write_zip(tmp_path / "x.zip", [GOOD, GOOD, line])
    with pytest.raises(BadInput, match=words) as refused:
        import_history(TradesSource(file=str(file), instrument=SPY), tmp_path / "h")
    assert refused.value.line == 3
    assert not (tmp_path / "h").exists()


def test_a_file_without_a_date_and_an_instrument_too_coarse_are_refused(tmp_path):
    file = write_zip(tmp_path / "x.zip", [GOOD], member="trades.csv")
    with pytest.raises(BadInput, match="expected a date"):
        import_history(TradesSource(file=str(file), instrument=SPY), tmp_path / "h")
    with pytest.raises(BadInput, match="at least 4 decimals"):
        import_history(TradesSource(file=str(file), instrument=instrument("SPY", price=2)), tmp_path / "h")
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("other.csv", "x")
    with pytest.raises(BadInput, match="expected a zip of one file, found 2 files"):
        import_history(TradesSource(file=str(file), instrument=SPY, date="2013-10-08"), tmp_path / "h")
