"""The cache of imports: made once, reused by content, made again where it is not whole."""

import shutil

import msgspec
import pytest

from research.history import cache
from research.history.bars import BarsSource
from research.history.cache import history_of
from research.history.errors import BadInput
from research.history.sources import import_history
from tests.research.history.making import instrument, read, write_gz

HEADER = "timestamp,open,high,low,close"
LINES = [HEADER, *(f"{1_328_054_400 + 60 * n},1.5,1.6,1.4,1.5" for n in range(2_000))]


@pytest.fixture
def source(tmp_path):
    return BarsSource(file=str(write_gz(tmp_path / "x.csv.gz", LINES)), instrument=instrument())


@pytest.fixture
def imports(monkeypatch):
    """The folders imported to."""
    made = []
    real = import_history

    def counting(source, out, *arguments, **named):
        made.append(out)
        return real(source, out, *arguments, **named)

    monkeypatch.setattr(cache, "import_history", counting)
    return made


def test_a_source_is_imported_once(tmp_path, source, imports):
    first = history_of(source, tmp_path / "var")
    assert history_of(source, tmp_path / "var") == first
    assert imports == [first]
    assert first.name.startswith("bars-")


def test_the_same_contents_elsewhere_are_the_same_history(tmp_path, source, imports):
    first = history_of(source, tmp_path / "var")
    shutil.copy(source.file, tmp_path / "copy.csv.gz")
    again = msgspec.structs.replace(source, file=str(tmp_path / "copy.csv.gz"))
    assert history_of(again, tmp_path / "var") == first
    assert len(imports) == 1


def test_other_contents_settings_or_importing_code_are_another_history(tmp_path, source, imports, monkeypatch):
    first = history_of(source, tmp_path / "var")
    other = msgspec.structs.replace(source, stamps="close")
    assert history_of(other, tmp_path / "var") != first
    write_gz(tmp_path / "x.csv.gz", LINES[:-1])
    assert history_of(source, tmp_path / "var") != first
    assert len(imports) == 3


@pytest.mark.parametrize("harm", ["flipped", "cut", "emptied", "not a session"])
def test_a_history_that_is_not_whole_is_made_again(tmp_path, source, imports, harm):
    folder = history_of(source, tmp_path / "var")
    whole = read(folder)
    path = folder / "000000.tkj"
    data = path.read_bytes()
    if harm == "flipped":
        path.write_bytes(data[:70_000] + bytes([data[70_000] ^ 1]) + data[70_001:])
    elif harm == "cut":
        path.write_bytes(data[:-640])
    elif harm == "emptied":
        path.write_bytes(b"")
    else:
        path.unlink()
    assert history_of(source, tmp_path / "var") == folder
    assert len(imports) == 2
    assert read(folder) == whole


def test_a_refused_source_leaves_no_history(tmp_path, source):
    write_gz(tmp_path / "x.csv.gz", [*LINES, "yesterday,1,1,1,1"])
    with pytest.raises(BadInput):
        history_of(source, tmp_path / "var")
    assert list((tmp_path / "var").iterdir()) == []
    gone = msgspec.structs.replace(source, file=str(tmp_path / "gone.csv"))
    with pytest.raises(BadInput, match="expected a readable file"):
        history_of(gone, tmp_path / "var")
