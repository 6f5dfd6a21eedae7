"""Recorded Binance frames as a history: what other code reads from the files, and what a live session journals."""

import gzip
import json
from itertools import islice
from pathlib import Path

import pytest

from connectors.binance.settings import Market
from core.book import BookState, L2Book
from core.events import FeedChanged, FeedState
from core.instruments import AssetClass
from core.records import ASK, FIRST, LAST, PENDING, REAPPLIED, SNAPSHOT, Kind
from research.history.errors import BadRecording
from research.history.frames import FramesSource
from research.history.reader import open_history
from research.history.sources import import_history
from tests.acceptance import exports
from tests.acceptance.recording import read as read_recording
from tests.connectors.binance import support
from tests.research.history.making import SECOND, read, write_gz


def recorded(folder: Path, name: str) -> Path:
    found = sorted((folder / "binance").glob(f"{name}*.gz"))
    if not found:
        pytest.skip(f"no {name}*.gz in {folder / 'binance'}")
    return found[0]


def beginning(recorded_dir: Path, name: str, folder: Path, lines: int = 4_000) -> Path:
    """The first lines of a recording as a file of their own."""
    with gzip.open(recorded(recorded_dir, name), "rt") as file:
        return write_gz(folder / f"{name}.gz", [line.rstrip("\n") for line in islice(file, lines)])


def lines_of(*frames: tuple[int, bytes]) -> list[str]:
    return [f"{at_ns} {frame.decode()}" for at_ns, frame in frames]


def spot_lines(count: int = 20, gap_ns: int = SECOND // 10) -> list[str]:
    """A small recording: depth, a snapshot, quotes and trades."""
    frames = [(SECOND, support.depth(1, 5)), (SECOND + 1, support.snapshot(3))]
    for number in range(count):
        at_ns = SECOND + 2 + number * gap_ns
        frames.append((at_ns, support.quote(10 + number)))
        frames.append((at_ns, support.trade(100 + number)))
        frames.append((at_ns, support.depth(6 + number, 6 + number)))
    return lines_of(*frames)


EACH = [pytest.param(name, marks=pytest.mark.slow) for name in ("spot-ethusdt", "usdm-btcusdt")]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["spot-btcusdt", *EACH])
def test_a_recording_comes_out_as_other_code_reads_it_and_as_live_sessions_do(recorded_dir, tmp_path, name):
    """The acceptance tests hold live sessions on these files to the very same facts and books."""
    file = recorded(recorded_dir, name)
    report = import_history(FramesSource(files=(str(file),)), tmp_path / "h")
    expected = read_recording(file)
    (instrument,) = report.instruments
    told = exports.told(tmp_path / "h")[instrument]
    assert len(told) == len(expected.told)
    assert told == expected.told
    assert exports.books(tmp_path / "h") == {instrument: (expected.book, expected.last_update_id)}
    assert report.left_out == {}


@pytest.mark.slow
def test_counts_and_receive_times_equal_the_files(recorded_dir, tmp_path):
    file = recorded(recorded_dir, "spot-btcusdt")
    import_history(FramesSource(files=(str(file),)), tmp_path / "h")
    quote_ns, trade_ns, levels, snapshot_levels = [], [], 0, 0
    with gzip.open(file, "rt") as lines:
        for line in lines:
            stamp, _, text = line.partition(" ")
            frame = json.loads(text)
            if "lastUpdateId" in frame:
                snapshot_levels += len(frame["bids"]) + len(frame["asks"])
            elif frame["stream"].endswith("bookTicker"):
                quote_ns.append(int(stamp))
            elif frame["stream"].endswith("trade"):
                trade_ns.append(int(stamp))
            else:
                levels += len(frame["data"]["b"]) + len(frame["data"]["a"])
    assert [event[3] for event in read(tmp_path / "h", Kind.QUOTE)] == quote_ns
    assert [event[3] for event in read(tmp_path / "h", Kind.TRADE)] == trade_ns
    book = read(tmp_path / "h", Kind.BOOK)
    assert sum(bool(event[1] & SNAPSHOT) for event in book) == snapshot_levels == 2_000
    assert sum(not event[1] & (SNAPSHOT | REAPPLIED) for event in book) == levels


def test_the_events_are_those_of_the_connectors_own_session(tmp_path):
    write_gz(tmp_path / "spot.gz", spot_lines())
    import_history(FramesSource(files=(str(tmp_path / "spot.gz"),)), tmp_path / "h")
    with open_history(tmp_path / "h") as history:
        (rules,) = history.instruments
    session = support.make_session()
    wanted = []
    for line in spot_lines():
        stamp, _, text = line.partition(" ")
        at_ns, frame = int(stamp), text.encode()
        wanted += session.on_snapshot(0, frame, at_ns) if b"lastUpdateId" in frame else session.receive([frame], at_ns)
    price_scale = 10 ** (support.instrument().price_precision - rules.price_precision)
    size_scale = 10 ** (support.instrument().size_precision - rules.size_precision)

    def numbers(event):
        scales = (price_scale, size_scale) * (2 if event[0] == Kind.QUOTE else 1)
        scaled = [value * scale for value, scale in zip(event[5:], scales, strict=False)]
        return (*event[:5], *scaled, *event[5 + len(scales) :])

    plain = (Kind.QUOTE, Kind.TRADE, Kind.BOOK)
    assert [numbers(event) for event in read(tmp_path / "h", *plain)] == [e for e in wanted if e[0] in plain]
    assert any(event[1] & PENDING for event in wanted)
    states = [event[5] for event in read(tmp_path / "h", Kind.FEED)]
    assert [(state.channel, state.state) for state in states if isinstance(state, FeedChanged)] == [
        ("", FeedState.CONNECTED),
        ("book", FeedState.FRESH),
        ("book", FeedState.SYNCED),
        ("quotes", FeedState.FRESH),
        ("trades", FeedState.FRESH),
    ]


def test_spot_and_futures_are_merged_by_time_into_one_history(recorded_dir, tmp_path):
    files = tuple(str(beginning(recorded_dir, name, tmp_path)) for name in ("spot-btcusdt", "usdm-btcusdt"))
    report = import_history(FramesSource(files=files), tmp_path / "h")
    assert report.instruments == ("BTCUSDT.BINANCE", "BTCUSDT.BINANCE-USDM")
    with open_history(tmp_path / "h") as history:
        spot, usdm = history.instruments
        books, last_ns = [L2Book(), L2Book()], 0
        for event in history.events():
            assert event[3] >= last_ns
            last_ns = event[3]
            if event[0] == Kind.BOOK:
                assert support.apply_book(books[event[2]], [event]) == []
    assert (spot.asset_class, usdm.asset_class) == (AssetClass.CRYPTO_SPOT, AssetClass.PERPETUAL)
    assert [book.state for book in books] == [BookState.LIVE, BookState.LIVE]


def test_a_silence_makes_streams_stale_and_the_next_frame_makes_them_fresh(tmp_path):
    lines = spot_lines(3)
    lines += lines_of((60 * SECOND, support.quote(50)), (10_000 * SECOND, support.quote(51)))
    write_gz(tmp_path / "spot.gz", lines)
    import_history(FramesSource(files=(str(tmp_path / "spot.gz"),)), tmp_path / "h")
    told = [
        (event[5].channel, event[5].state, event[3] // SECOND)
        for event in read(tmp_path / "h", Kind.FEED)
        if isinstance(event[5], FeedChanged) and event[5].channel == "quotes"
    ]
    assert told == [
        ("quotes", "fresh", 1),
        ("quotes", "stale", 7),
        ("quotes", "fresh", 60),
        ("quotes", "stale", told[3][2]),
        ("quotes", "fresh", 10_000),
    ]
    assert told[3][2] < 200


def test_a_gap_withholds_the_book_until_the_next_snapshot(tmp_path):
    lines = spot_lines(3)
    at_ns = 2 * SECOND
    lines += lines_of(
        (at_ns, support.depth(50, 50)), (at_ns + 1, support.depth(51, 52)), (at_ns + 2, support.snapshot(51))
    )
    write_gz(tmp_path / "spot.gz", lines)
    import_history(FramesSource(files=(str(tmp_path / "spot.gz"),)), tmp_path / "h")
    states = support.states(read(tmp_path / "h", Kind.FEED))
    assert states == ["fresh", "synced", "out-of-sync", "synced"]
    last = read(tmp_path / "h", Kind.BOOK)[-1]
    assert last[1] & (FIRST | LAST | REAPPLIED) == FIRST | LAST | REAPPLIED
    assert not last[1] & (PENDING | ASK)


def test_frames_that_are_no_market_data_are_counted_not_kept(tmp_path):
    lines = spot_lines(3)
    lines.insert(5, lines[4].partition(" ")[0] + ' {"stream":"btcusdt@bookTicker","data":{"u":"x"}}')
    write_gz(tmp_path / "spot.gz", lines)
    report = import_history(FramesSource(files=(str(tmp_path / "spot.gz"),)), tmp_path / "h")
    assert report.left_out == {"raw: malformed quotes": 1}
    assert read(tmp_path / "h", Kind.RAW) == []


def test_given_trading_rules_replace_those_inferred(tmp_path):
    write_gz(tmp_path / "spot.gz", spot_lines())
    rules = {
        "symbol": "BTCUSDT",
        "status": "TRADING",
        "baseAsset": "BTC",
        "quoteAsset": "USDT",
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "filters": [
            {"filterType": "PRICE_FILTER", "tickSize": "0.10"},
            {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "90", "stepSize": "0.001"},
        ],
    }
    (tmp_path / "info.json").write_text(json.dumps({"symbols": [rules]}))
    source = FramesSource(files=(str(tmp_path / "spot.gz"),), exchange_info=(str(tmp_path / "info.json"),))
    import_history(source, tmp_path / "h")
    with open_history(tmp_path / "h") as history:
        (found,) = history.instruments
    assert (found.price_precision, found.tick, found.quantity_text(found.lot)) == (1, 1, "0.001")
    (tmp_path / "info.json").write_text("{}x")
    with pytest.raises(BadRecording, match="save the body"):
        import_history(source, tmp_path / "h2")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["1 a", "x y"], "line 2: expected `<receive time, ns> <frame>`"),
        (["1 a"], "holds no depth, bookTicker or trade frames"),
    ],
)
def test_a_file_that_is_no_recording_is_refused(tmp_path, lines, words):
    write_gz(tmp_path / "spot.gz", lines)
    with pytest.raises(BadRecording, match=words):
        import_history(FramesSource(files=(str(tmp_path / "spot.gz"),)), tmp_path / "h")
    assert not (tmp_path / "h").exists()


def test_the_inferred_rules_are_those_that_the_embedded_venue_serves(recorded_dir, tmp_path):
    from connectors.binance.instruments import find_symbol, read_exchange_info, to_instrument
    from connectors.embedded.exchange_info import usdm_exchange_info
    from connectors.embedded.recording import Recording

    file = beginning(recorded_dir, "usdm-btcusdt", tmp_path)
    import_history(FramesSource(files=(str(file),)), tmp_path / "h")
    served = json.dumps(usdm_exchange_info(Recording([file]).listings, 0)).encode()
    wanted = to_instrument(find_symbol(read_exchange_info(served), "BTCUSDT", "X"), Market.USDM, "BINANCE-USDM")
    with open_history(tmp_path / "h") as history:
        assert history.instruments == (wanted,)
