"""Bars of CSV files as a history: every number as an independent reading has it, known only when closed."""

import datetime as dt
import gzip
from decimal import Decimal
from pathlib import Path

import pytest

from core.bars import VENUE_INTERVALS
from core.records import Kind
from research.history.bars import BarsSource
from research.history.errors import BadInput
from research.history.sources import import_history
from tests.research.history.making import MINUTE, instrument, read, write_gz

BTC = instrument("BTCPERP", "PHEMEX", price=3, size=4)
GBP = instrument()
ONE_MINUTE = VENUE_INTERVALS.index("1m")
T0 = 1_328_054_400_000_000_000  # 2012-02-01 00:00 UTC

HEADER = "timestamp,open,high,low,close"
BIDS = (
    HEADER,
    "2012-02-01 00:00:00+00:00,1.5,1.6,1.4,1.50001",
    "2012-02-01 00:01:00+00:00,1.5,1.6,1.4,1.50005",
    "2012-02-01 00:03:00+00:00,1.5,1.6,1.4,1.5",
    "2012-02-01 00:04:00+00:00,1.5,1.6,1.4,1.5",
)
ASKS = (
    HEADER,
    "2012-02-01 00:00:00+00:00,1.5,1.6,1.4,1.50005",
    "2012-02-01 00:01:00+00:00,1.5,1.6,1.4,1.50003",
    "2012-02-01 00:02:00+00:00,1.5,1.6,1.4,1.5001",
    "2012-02-01 00:03:00+00:00,1.5,1.6,1.4,1.5001",
)


def recorded(folder: Path, name: str) -> Path:
    path = folder / "bars" / name
    if not path.is_file():
        pytest.skip(f"no {name} in {folder / 'bars'}")
    return path


def plain_rows(path: Path, price: int, size: int) -> list[tuple[int, ...]]:
    """Read a file in the slow and obvious way: (opening ns, open, high, low, close, volume)."""
    rows = []
    with gzip.open(path, "rt") as file:
        next(file)
        for line in file:
            stamp, *numbers = line.strip().split(",")
            day, clock = stamp.split("+")[0].split(" ")
            year, month, date = (int(part) for part in day.split("-"))
            hour, minute, second = clock.split(":")
            assert float(second) == 0
            days = (dt.date(year, month, date) - dt.date(1970, 1, 1)).days
            opened = (days * 86_400 + int(hour) * 3_600 + int(minute) * 60) * 1_000_000_000
            prices = [int(Decimal(text).scaleb(price)) for text in numbers[:4]]
            volume = round(Decimal(numbers[4]).scaleb(size)) if len(numbers) > 4 else 0
            rows.append((opened, *prices, volume))
    return rows


def test_a_month_of_bars_equals_an_independent_reading(recorded_dir, tmp_path):
    file = recorded(recorded_dir, "btc-perp-1m-20211231-20220201.csv.gz")
    report = import_history(BarsSource(file=str(file), instrument=BTC, volume="rounded"), tmp_path / "h")
    wanted = plain_rows(file, 3, 4)
    told = read(tmp_path / "h", Kind.BAR)
    assert [(event[4], *event[5:]) for event in told] == wanted
    assert all(event[3] == event[4] + MINUTE and event[1] == ONE_MINUTE for event in told)
    assert report.records == {"BAR": 45_031, "INSTRUMENT": 1, "FEED": 1}
    assert report.instruments == ("BTCPERP.PHEMEX",)


def test_bid_and_ask_bars_give_the_real_spread_at_each_close(recorded_dir, tmp_path):
    bid_file = recorded(recorded_dir, "fxcm-gbpusd-m1-bid-2012.csv.gz")
    ask_file = recorded(recorded_dir, "fxcm-gbpusd-m1-ask-2012.csv.gz")
    report = import_history(BarsSource(file=str(bid_file), ask_file=str(ask_file), instrument=GBP), tmp_path / "h")
    bids, asks = plain_rows(bid_file, 5, 0), plain_rows(ask_file, 5, 0)
    assert [row[0] for row in bids] == [row[0] for row in asks]
    quotes, bars = read(tmp_path / "h", Kind.QUOTE), read(tmp_path / "h", Kind.BAR)
    assert [(event[4], *event[5:]) for event in bars] == bids
    assert len(quotes) == len(bids) == 30_117
    true, crossed = 0, 0
    for quote, bid, ask in zip(quotes, bids, asks, strict=True):
        assert quote[3] == bid[0] + MINUTE
        assert isinstance(quote[5], int)
        assert quote[5] < quote[7]
        if bid[4] < ask[4]:
            assert (quote[5], quote[7]) == (bid[4], ask[4])
            true += 1
        else:
            assert abs(quote[5] + quote[7] - bid[4] - ask[4]) <= 1
            crossed += 1
    assert (true, crossed) == (29_464, 653)
    assert report.left_out == {"spreads of closes that cross": 653}


def test_the_quote_comes_before_its_bar_and_both_when_it_closes(tmp_path):
    files = write_gz(tmp_path / "bid.csv.gz", BIDS), write_gz(tmp_path / "ask.csv.gz", ASKS)
    source = BarsSource(file=str(files[0]), ask_file=str(files[1]), instrument=GBP, quote_quantity="5")
    report = import_history(source, tmp_path / "h")
    told = [event for event in read(tmp_path / "h") if event[0] in {Kind.QUOTE, Kind.BAR}]
    assert [(event[0], (event[3] - T0) // MINUTE) for event in told] == [
        (Kind.QUOTE, 1),
        (Kind.BAR, 1),
        (Kind.QUOTE, 2),
        (Kind.BAR, 2),
        (Kind.QUOTE, 4),
        (Kind.BAR, 4),
    ]
    assert told[0][5:] == (150_001, 500, 150_005, 500, 1)
    assert told[2][5:] == (
        150_002,
        500,
        150_006,
        500,
        2,
    )  # 1.50005 and 1.50003 cross: 4 around them
    assert told[4][5:] == (150_000, 500, 150_010, 500, 3)
    assert told[1][5:] == (150_000, 160_000, 140_000, 150_001, 0)
    assert report.left_out == {"bars of one side only": 2, "spreads of closes that cross": 1}


def test_ask_bars_can_be_the_bars(tmp_path):
    files = write_gz(tmp_path / "bid.csv.gz", BIDS), write_gz(tmp_path / "ask.csv.gz", ASKS)
    source = BarsSource(file=str(files[0]), ask_file=str(files[1]), instrument=GBP, bars_of="ask")
    import_history(source, tmp_path / "h")
    assert [event[8] for event in read(tmp_path / "h", Kind.BAR)] == [150_005, 150_003, 150_010]


@pytest.mark.parametrize(
    ("stamp", "stamps", "opened_ns"),
    [
        ("2012-02-01 00:00:00+00:00", "open", T0),
        ("2012-02-01 00:00:00.000000", "open", T0),
        ("2012-02-01T00:00:00Z", "open", T0),
        ("2012-02-01 01:00:00+01:00", "open", T0),
        ("1328054400", "open", T0),
        ("1328054400000", "open", T0),
        ("1328054400000000", "open", T0),
        ("1328054400000000000", "open", T0),
        ("2012-02-01 00:01:00", "close", T0),
    ],
)
def test_every_way_to_write_the_time_is_understood(tmp_path, stamp, stamps, opened_ns):
    file = write_gz(tmp_path / "x.csv.gz", [HEADER, f"{stamp},1.5,1.6,1.4,1.5"])
    import_history(BarsSource(file=str(file), instrument=GBP, stamps=stamps), tmp_path / "h")
    (bar,) = read(tmp_path / "h", Kind.BAR)
    assert bar[3:5] == (opened_ns + MINUTE, opened_ns)


def test_a_plain_file_with_columns_in_another_order_reads_the_same(tmp_path):
    (tmp_path / "x.csv").write_text("Volume,Close,Low,High,Open,Date\n7,1.5,1.4,1.6,1.5,2012-02-01\n")
    import_history(BarsSource(file=str(tmp_path / "x.csv"), instrument=GBP, interval="1d"), tmp_path / "h")
    (bar,) = read(tmp_path / "h", Kind.BAR)
    assert bar[1] == VENUE_INTERVALS.index("1d")
    assert bar[5:] == (150_000, 160_000, 140_000, 150_000, 700)


GOOD = "2012-02-01 00:00:00+00:00,1.5,1.6,1.4,1.5"


@pytest.mark.parametrize(
    ("lines", "line", "words"),
    [
        (["a,b,c"], 1, "expected a header naming timestamp, open, high, low, close, found a,b,c"),
        ([], 1, "expected a header"),
        ([HEADER, "2012-02-01,1.5,1.6"], 2, "expected at least 5 fields, found 3"),
        ([HEADER, GOOD, "yesterday,1.5,1.6,1.4,1.5"], 3, "expected a time such as .* found 'yesterday'"),
        ([HEADER, GOOD, "2012-02-01 00:01:00,1.500001,1.6,1.4,1.5"], 3, "finer than 5 decimals"),
        ([HEADER, GOOD, "2012-02-01 00:01:00,nan,1.6,1.4,1.5"], 3, "not a plain decimal number"),
        ([HEADER, GOOD, "2012-02-01 00:01:00,-1.5,1.6,1.4,1.5"], 3, "negative"),
        ([HEADER, GOOD, "2012-02-01 00:01:00,1.7,1.6,1.4,1.5"], 3, "low <= open, close <= high, found 1.7,1.6,1.4,1.5"),
        ([HEADER, GOOD, "", GOOD], 4, "a bar after the one before it"),
        ([HEADER, GOOD, "2012-02-01 00:00:30,1.5,1.6,1.4,1.5"], 3, "which overlaps it"),
    ],
)
def test_a_bad_line_is_refused_by_file_line_expected_and_found(tmp_path, lines, line, words):
    file = write_gz(tmp_path / "x.csv.gz", lines)
    with pytest.raises(BadInput, match=words) as refused:
        import_history(BarsSource(file=str(file), instrument=GBP), tmp_path / "h")
    assert (refused.value.path, refused.value.line) == (str(file), line)
    assert f"{file}, line {line}" in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv.gz"]


def test_a_cut_file_is_refused_where_it_ends(tmp_path):
    lines = [HEADER] + [f"{1_328_054_400 + 60 * n},1.5,1.6,1.4,1.{50_000 + n * 7 % 9_999}" for n in range(5_000)]
    file = write_gz(tmp_path / "x.csv.gz", lines)
    file.write_bytes(file.read_bytes()[:-2_000])
    with pytest.raises(BadInput, match="copy the file anew") as refused:
        import_history(BarsSource(file=str(file), instrument=GBP), tmp_path / "h")
    assert refused.value.line > 100
    assert not (tmp_path / "h").exists()


def test_a_volume_too_fine_is_refused_or_rounded_as_asked(tmp_path):
    file = write_gz(tmp_path / "x.csv.gz", [f"{HEADER},volume", f"{GOOD},218102.59507500002"])
    with pytest.raises(BadInput, match=r"line 2: .*a volume can be rounded.* finer than 2 decimals"):
        import_history(BarsSource(file=str(file), instrument=GBP), tmp_path / "h")
    import_history(BarsSource(file=str(file), instrument=GBP, volume="rounded"), tmp_path / "h")
    assert [event[9] for event in read(tmp_path / "h", Kind.BAR)] == [21_810_260]


def test_an_unknown_interval_and_a_missing_file_are_refused(tmp_path):
    file = write_gz(tmp_path / "x.csv.gz", BIDS)
    with pytest.raises(BadInput, match="expected an interval of 1s, 1m"):
        import_history(BarsSource(file=str(file), instrument=GBP, interval="7m"), tmp_path / "h")
    with pytest.raises(BadInput, match="expected a readable file, found No such file"):
        import_history(BarsSource(file=str(tmp_path / "none.csv"), instrument=GBP), tmp_path / "h")


def test_progress_is_told_up_to_the_whole(tmp_path):
    file = write_gz(tmp_path / "x.csv.gz", BIDS)
    told: list[tuple[int, int]] = []
    import_history(BarsSource(file=str(file), instrument=GBP), tmp_path / "h", lambda *at: told.append(at))
    assert told[-1] == (file.stat().st_size, file.stat().st_size)
    assert all(done <= total for done, total in told)
