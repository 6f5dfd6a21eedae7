"""Compress what will not be written any more. The original goes only after its copy was read back and found equal."""

import os
from pathlib import Path

import msgspec
import zstandard

from journal.errors import JournalIOError
from journal.folders import COMPRESSED_SUFFIX, is_running, sync_folder
from journal.progress import Progress
from journal.reader import open_session
from journal.segments import Segment

LEVEL = 3
PART_SUFFIX = ".part"  # what an interrupted compression leaves; the next one writes over it


class CompressReport(msgspec.Struct, frozen=True, kw_only=True):
    """The segments compressed now, and the session's segment bytes before and after."""

    folder: str
    segments: tuple[str, ...]
    bytes_before: int
    bytes_after: int


def compress(folder: Path, *, level: int = LEVEL, progress: Progress | None = None) -> CompressReport:
    """Compress the closed segments of the session in `folder`: all of them, but for the last of a running session.

    The last one of a crashed session counts as closed once no torn tail is left: `recover` it first. Harmless when
    repeated. Raises JournalDamaged (nothing damaged is ever compressed), JournalNotFound, JournalIOError.
    """
    running = is_running(folder)
    with open_session(folder) as reader:
        last = reader.segments[-1]
        plain = [
            segment
            for segment in reader.segments
            if not segment.compressed and not (segment is last and (running or reader.torn is not None))
        ]
        before = sum(segment.file_bytes for segment in reader.segments)
        after = before
        for done, segment in enumerate(plain):
            reader.array(segment.number)  # checked by the reader
            after += _compress(segment, level) - segment.file_bytes
            if progress is not None:
                progress(done + 1, len(plain))
    return CompressReport(
        folder=str(folder),
        segments=tuple(segment.path.name for segment in plain),
        bytes_before=before,
        bytes_after=after,
    )


def _compress(segment: Segment, level: int) -> int:
    """Replace one segment by its compressed form and return the new size in bytes."""
    target = segment.path.with_name(segment.path.name + COMPRESSED_SUFFIX)
    part = target.with_name(target.name + PART_SUFFIX)
    try:
        modified = segment.path.stat()
        packed = zstandard.ZstdCompressor(level=level, write_checksum=True).compress(segment.data())
        with part.open("wb") as file:
            file.write(packed)
            file.flush()
            os.fsync(file.fileno())
        if zstandard.ZstdDecompressor().decompress(part.read_bytes()) != segment.data():
            raise JournalIOError(f"{part} does not read back as it was written; check the disk and memory")
        os.utime(part, ns=(modified.st_atime_ns, modified.st_mtime_ns))  # retention goes by it
        part.replace(target)
        sync_folder(target.parent)
        segment.path.unlink()
    except (OSError, zstandard.ZstdError) as error:
        raise JournalIOError(f"cannot compress {segment.path}: {error}; the original is kept") from error
    return len(packed)
