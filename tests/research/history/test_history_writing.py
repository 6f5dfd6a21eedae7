"""Writing histories: whole, or not there at all."""

import msgspec
import pytest

from core.records import Kind
from journal.folders import is_session
from journal.reader import open_session
from research.history.errors import BadInput, HistoryError, HistoryExists, NotAHistory
from research.history.head import Origin, SourceFile
from research.history.reader import open_history
from research.history.writing import HistoryWriter
from tests.research.history.making import SECOND, instrument, quotes, write_history


def test_an_import_that_fails_leaves_nothing_behind(tmp_path):
    def failing():
        yield from quotes(50_000)
        raise OSError("the source went away")

    with pytest.raises(OSError, match="went away"):
        write_history(tmp_path / "h", failing())
    assert list(tmp_path.iterdir()) == []


def test_a_history_takes_its_name_only_when_it_is_sealed(tmp_path):
    with HistoryWriter(tmp_path / "h", Origin(kind="test")) as history:
        history.begin((instrument(),), SECOND)
        history.extend(quotes(5))
        assert not (tmp_path / "h").exists()
        assert not is_session(tmp_path / "h")
    assert history.report.records == {"INSTRUMENT": 1, "FEED": 1, "QUOTE": 5}
    assert [path.name for path in tmp_path.iterdir()] == ["h"]


def test_what_a_killed_import_left_is_removed_by_the_next(tmp_path):
    left = tmp_path / ".h.part-1"
    left.mkdir()
    (left / "000000.tkj").write_bytes(bytes(64))
    write_history(tmp_path / "h", quotes(3))
    assert [path.name for path in tmp_path.iterdir()] == ["h"]


def test_time_that_goes_back_is_refused(tmp_path):
    with pytest.raises(HistoryError, match="order of recv_ns"):
        write_history(tmp_path / "h", [*quotes(2), *quotes(1, start_ns=SECOND - 1)])


def test_a_source_without_market_data_is_refused(tmp_path):
    with pytest.raises(BadInput, match="expected market data, found none"):
        write_history(tmp_path / "h", [])
    assert list(tmp_path.iterdir()) == []


def test_a_taken_folder_is_refused_and_left_alone(tmp_path):
    folder = write_history(tmp_path / "h", quotes(3))
    with pytest.raises(HistoryExists):
        write_history(folder, quotes(4))
    with open_history(folder) as history:
        assert history.inputs == 5
    other = tmp_path / "mine"
    other.mkdir()
    (other / "notes.txt").write_text("keep me")
    with pytest.raises(HistoryExists):
        write_history(other, quotes(4))
    assert (other / "notes.txt").read_text() == "keep me"


def test_the_head_tells_where_a_history_came_from(tmp_path):
    origin = Origin(kind="bars", files=(SourceFile("x.csv", "ab" * 32, 12),), settings={"interval": "1m"})
    with HistoryWriter(tmp_path / "h", origin) as history:
        history.begin((instrument(),), SECOND)
        history.extend(quotes(1))
    with open_history(tmp_path / "h") as reader:
        assert reader.origin == origin
        assert reader.head.mode == "history"
        assert reader.head.labels == ("history",)
        assert reader.head.config_digest == origin.digest
    with open_session(tmp_path / "h") as session:
        assert session.sealed is not None
        assert session.sealed.reason == "imported from x.csv"
        assert [event[0] for _, event in session.events()] == [Kind.INSTRUMENT, Kind.FEED, Kind.QUOTE]


def test_a_history_without_a_seal_is_not_read(tmp_path):
    folder = write_history(tmp_path / "h", quotes(3))
    path = folder / "000000.tkj"
    path.write_bytes(path.read_bytes()[: -64 * 8])
    with pytest.raises(NotAHistory, match="not written to its end"):
        open_history(folder)


def test_equal_contents_and_settings_have_one_digest_wherever_the_file_lies():
    one = Origin(kind="bars", files=(SourceFile("a.csv", "ab", 1),), settings={"x": 1, "y": 2})
    same = Origin(kind="bars", files=(SourceFile("b.csv", "ab", 1),), settings={"y": 2, "x": 1})
    assert one.digest == same.digest
    assert one.digest != msgspec.structs.replace(one, settings={"x": 2, "y": 2}).digest
    assert one.digest != msgspec.structs.replace(one, importer="newer").digest
