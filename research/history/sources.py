"""What a history can be made of, and the one function that makes it."""

from pathlib import Path

import msgspec

from journal.progress import Progress
from research.history.bars import BarsSource, import_bars
from research.history.errors import BadInput
from research.history.frames import FramesSource, import_frames
from research.history.head import Origin, SourceFile, build, source_file
from research.history.mbo import MboSource, import_mbo
from research.history.sessions import SessionSource, import_session
from research.history.tables import TablesSource, import_tables
from research.history.trades import TradesSource, import_trades
from research.history.writing import HistoryWriter, ImportReport

Source = FramesSource | BarsSource | TradesSource | TablesSource | MboSource | SessionSource


def import_history(
    source: Source, out: Path, progress: Progress | None = None, *, origin: Origin | None = None
) -> ImportReport:
    """Write the history of `source` to `out`, a folder that is not there or empty; nothing is left of a failure.

    Memory is flat in the length of the source. Raises HistoryError (BadInput says file, line, expected and found),
    JournalError.
    """
    with HistoryWriter(out, origin or origin_of_source(source)) as history:
        match source:
            case FramesSource():
                import_frames(source, history, progress)
            case BarsSource():
                import_bars(source, history, progress)
            case TradesSource():
                import_trades(source, history, progress)
            case TablesSource():
                import_tables(source, history, progress)
            case MboSource():
                import_mbo(source, history, progress)
            case SessionSource():
                import_session(source, history, progress)
    return history.report


def origin_of_source(source: Source) -> Origin:
    """Return where a history of `source` comes from; reads its files whole for their digests. Raises BadInput."""
    return Origin(
        kind=str(source.__struct_config__.tag),
        files=tuple(_file(name) for name in files_of(source)),
        settings=_settings(source),
        importer=build().source_digest,
    )


def files_of(source: Source) -> tuple[str, ...]:
    """Return every file that decides what a history of `source` holds."""
    return source.files + (source.exchange_info if isinstance(source, FramesSource) else ())


def _file(name: str) -> SourceFile:
    try:
        return source_file(Path(name))
    except OSError as error:
        raise BadInput(name, 0, expected="a readable file", found=str(error.strerror or error)) from error


def _settings(source: Source) -> dict[str, object]:
    """Return the settings without places: the same file elsewhere makes the same history."""
    fields: dict[str, object] = msgspec.to_builtins(source)
    for place in ("type", "folder", "file", "ask_file", "files", "exchange_info"):
        fields.pop(place, None)
    if isinstance(source, TablesSource):
        fields["tables"] = [
            {name: value for name, value in msgspec.to_builtins(table).items() if name != "file"}
            for table in source.tables
        ]
    return fields
