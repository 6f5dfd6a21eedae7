"""What one reading of recorded files tells, and how they are read again."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from connectors.embedded.errors import RecordingError
from connectors.embedded.market import Market, StreamKind
from connectors.embedded.recording import Recording
from tests.connectors.embedded.world import (
    START_NS,
    depth,
    recorded_frames,
    snapshot,
    ticker,
    trade,
    write_recording,
)

USDM_TRADE: dict[str, Any] = {"X": "MARKET", "M": None}


def texts(recording: Recording) -> list[bytes]:
    return [frame.text for frame in recording.open(0)]


def test_tick_and_lot_are_inferred_odd_quantities_forgiven(tmp_path: Path) -> None:
    frames = [(n, trade(n, q="0.25000000")) for n in range(2000)] + [(2000, trade(2000, price="10.125", q="0.12345"))]
    recording = Recording([write_recording(tmp_path / "a.gz", frames)])

    (listing,) = recording.listings
    assert (listing.market, listing.symbol, listing.base, listing.quote) == (Market.SPOT, "ABCUSDT", "ABC", "USDT")
    assert (listing.price_decimals, listing.quantity_decimals) == (3, 2)


def test_usdm_frames_are_told_by_their_shape_and_the_market_can_be_overridden(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "a.gz", [(0, depth(1, 2, pu=0)), (1, trade(1, **USDM_TRADE))])

    assert Recording([path]).listings[0].market is Market.USDM
    assert Recording([path], Market.SPOT).listings[0].market is Market.SPOT


def test_files_are_merged_by_time_and_each_keeps_its_own_order(tmp_path: Path) -> None:
    one = write_recording(tmp_path / "a.gz", [(10, trade(1)), (5, trade(2)), (30, trade(3))])
    two = write_recording(tmp_path / "b.gz", [(10, trade(4, "XYZUSDT")), (20, trade(5, "XYZUSDT"))])

    assert [b'"t":%d' % n in text for text, n in zip(texts(Recording([one, two])), (1, 2, 4, 5, 3), strict=True)]


def test_a_file_too_large_to_keep_is_read_again_to_the_same_frames(tmp_path: Path) -> None:
    path = write_recording(
        tmp_path / "a.gz", [(0, snapshot(3)), (1, "not json"), *((n, trade(n)) for n in range(2, 50))]
    )
    kept, lazy = Recording([path]), Recording([path], keep_bytes=1000)

    assert lazy.files[0].kept is None
    assert texts(lazy) == texts(kept)
    assert [f.stream for f in lazy.open(0)] == [f.stream for f in kept.open(0)]


def test_a_plain_text_file_is_read_as_well(tmp_path: Path) -> None:
    zipped = write_recording(tmp_path / "a.gz", [(0, trade(1)), (1, ticker(2))])
    plain = tmp_path / "a.txt"
    plain.write_bytes(gzip.decompress(zipped.read_bytes()))

    assert texts(Recording([plain])) == recorded_frames(zipped)


def test_the_snapshots_of_several_symbols_are_told_apart_by_their_update_ids(tmp_path: Path) -> None:
    path = write_recording(
        tmp_path / "a.gz",
        [
            (0, depth(100, 110)),
            (0, depth(900, 910, symbol="XYZUSDT")),
            (1, snapshot(905)),
            (1, snapshot(105)),
            (2, depth(111, 111)),
        ],
    )
    recording = Recording([path])

    assert recording.snapshots(Market.SPOT, "XYZUSDT") == (b'{"lastUpdateId":905,"bids":[],"asks":[]}',)
    owners = [recording.catalogue.streams[frame.stream] for frame in recording.open(0)]
    assert [s.symbol for s in owners if s.kind is StreamKind.SNAPSHOT] == ["XYZUSDT", "ABCUSDT"]


def test_a_snapshot_that_could_be_anybodys_is_refused(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "a.gz", [(0, depth(1, 9)), (0, depth(1, 9, symbol="XYZUSDT")), (1, snapshot(5))])

    with pytest.raises(RecordingError, match="cannot tell whose depth snapshot"):
        Recording([path])


def test_a_cut_snapshot_is_a_frame_like_any_other(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "a.gz", [(0, trade(1)), (1, '{"lastUpdateId":5,"bids":[["1')])
    recording = Recording([path])

    assert recording.snapshots(Market.SPOT, "ABCUSDT") == ()
    kinds = [recording.catalogue.streams[frame.stream].kind for frame in recording.open(0)]
    assert kinds == [StreamKind.TRADE, StreamKind.UNATTRIBUTED]


def test_a_cut_frame_still_belongs_to_its_stream(tmp_path: Path) -> None:
    cut = '{"stream":"abcusdt@trade","data":{"e":"trade","E":17'
    recording = Recording([write_recording(tmp_path / "a.gz", [(0, trade(1)), (1, cut)])])

    frame = list(recording.open(0))[1]
    assert recording.catalogue.streams[frame.stream].name == "abcusdt@trade"
    assert frame.data == b'{"e":"trade","E":17'


def test_a_line_without_a_time_is_refused_by_name_and_number(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b'%d {}\n{"stream":"x"}\n' % START_NS))

    with pytest.raises(RecordingError, match=r"a\.gz, line 2: expected `<receive time, ns> <frame>`"):
        Recording([path])


def test_a_truncated_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "a.gz", [(n, trade(n)) for n in range(500)])
    path.write_bytes(path.read_bytes()[:-200])

    with pytest.raises(RecordingError, match="damaged after line"):
        Recording([path])


@pytest.mark.parametrize("name", ["absent.gz", "absent.txt"])
def test_an_absent_file_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(RecordingError, match=f"cannot read .*{name}: No such file"):
        Recording([tmp_path / name])


def test_a_file_without_market_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="holds no depth, bookTicker or trade frames"):
        Recording([write_recording(tmp_path / "a.gz", [(0, {"hello": 1})])])
