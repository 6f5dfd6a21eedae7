"""The data that settings name, opened: folders as they are, files as histories, which are made once and kept."""

from pathlib import Path

import msgspec

from config.settings import BacktestSettings, DataSettings
from journal.progress import Progress
from research.backtest.data import Data, Folder
from research.backtest.errors import DataProblem
from research.history.cache import history_of
from research.history.errors import HistoryError
from research.history.sources import Source

_FILE_FIELD = {"frames": "files", "session": "folder"}  # what the importers call their source; the others `file`


def open_data(settings: BacktestSettings, progress: Progress | None = None) -> Data:
    """Return the data of `[backtest]`, importing what is not a folder yet. Raises DataProblem, JournalError."""
    return Data([Folder(path) for path in [_folder_of(chosen, progress) for chosen in settings.data]])


def _folder_of(chosen: DataSettings, progress: Progress | None) -> Path:
    """Return the folder of one entry; a file becomes a history first. Raises DataProblem."""
    path = Path(chosen.source)
    if not chosen.kind:
        if not path.is_dir():
            hint = "say what the file is (kind = ...)" if path.exists() else "`tickerd journal ls` lists sessions"
            raise DataProblem(f"no folder of a session or a history at {path}; {hint}")
        return path
    field = _FILE_FIELD.get(chosen.kind, "file")
    fields: dict[str, object] = {**chosen.settings, "type": chosen.kind}
    fields[field] = [chosen.source] if field == "files" else chosen.source
    if chosen.instrument:
        fields["instrument"] = chosen.instrument
    try:
        source = msgspec.convert(fields, Source)
    except msgspec.ValidationError as error:
        raise DataProblem(f"[backtest] data, {chosen.source}: {error}") from error
    try:
        return history_of(source, progress=progress)
    except HistoryError as error:
        raise DataProblem(str(error)) from error
