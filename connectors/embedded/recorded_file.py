"""One recorded file of `<receive time, ns> <frame as sent>` lines: how it is read, and what one reading tells of it."""

import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from connectors.embedded.errors import RecordingError
from connectors.embedded.frames import Frame, split_combined
from connectors.embedded.market import Listing, Market, StreamKind, listing, stream_kind
from connectors.embedded.survey import Survey

# Until a recording numbers its streams, a frame's stream is the position of its name in the file's `names`, or:
NO_STREAM = -1  # the line names no stream
SNAPSHOT_LINE = -2  # the line is the answer of GET depth

_SNAPSHOT = re.compile(rb'\{\s*"lastUpdateId"')


class RecordedFile(msgspec.Struct, kw_only=True):
    """What one reading of a file found.

    `snapshots` are its depth answers in order, each with its symbol (None if it does not decode: then it is a frame
    like any other). `kept` holds the frames themselves, None where they were too many to keep.
    """

    path: Path
    market: Market
    names: list[str]
    snapshots: list[tuple[str | None, bytes]]
    listings: tuple[Listing, ...]
    frames: int
    size_bytes: int
    kept: list[Frame] | None


def read_frames(path: Path, numbers: dict[str, int]) -> Iterator[Frame]:
    """Read a file, gzip or plain, frame by frame; `numbers` gathers the stream names in the order seen.

    `at_ns` never goes back, so that merging files by time keeps each file's own order. Raises RecordingError, naming
    the file, the line and what to do.
    """
    at_ns, line = 0, 0
    try:
        with _open(path) as file:
            for line, raw in enumerate(file, 1):
                stamp, _, text = raw.rstrip(b"\r\n").partition(b" ")
                if not stamp and not text:
                    continue
                if not stamp.isdigit() or not text:
                    raise RecordingError(
                        f"{path}, line {line}: expected `<receive time, ns> <frame>`, found {raw[:60]!r}"
                    )
                at_ns = max(at_ns, int(stamp))
                yield _frame(at_ns, text, numbers)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise RecordingError(
            f"{path} is damaged after line {line} ({error}); copy it anew, or keep its intact part: "
            f"gzip -dc FILE | gzip > intact.gz"
        ) from error
    except OSError as error:
        raise RecordingError(f"cannot read {path}: {error.strerror or error}") from error


def _open(path: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _frame(at_ns: int, text: bytes, numbers: dict[str, int]) -> Frame:
    parts = split_combined(text)
    if parts is not None:
        name, start, end = parts
        number = numbers.get(name)
        if number is None:
            number = numbers[name] = len(numbers)
        return Frame(at_ns, number, text, start, end)
    return Frame(at_ns, SNAPSHOT_LINE if _SNAPSHOT.match(text) else NO_STREAM, text, 0, len(text))


def survey_file(path: Path, market: Market | None, keep_bytes: int) -> RecordedFile:
    """Read a file whole and say what it holds.

    `market` overrides what its frames look like; frames are kept while they fit `keep_bytes`.
    """
    survey = Survey()
    numbers: dict[str, int] = {}
    found: list[bytes] = []
    kept: list[Frame] | None = []
    kinds: list[tuple[str, StreamKind]] = []
    frames = size_bytes = 0
    for frame in read_frames(path, numbers):
        size_bytes += len(frame.text)
        if kept is not None:
            kept.append(frame)
            if size_bytes > keep_bytes:
                kept = None
        if frame.stream == SNAPSHOT_LINE:
            found.append(frame.text)
            continue
        frames += 1
        if frame.stream != NO_STREAM:
            if frame.stream == len(kinds):
                name = list(numbers)[-1]
                kinds.append((symbol_of(name), stream_kind(name)))
            symbol, kind = kinds[frame.stream]
            survey.add(symbol, kind, frame.data)
    if not survey.symbols:
        raise RecordingError(
            f'{path} holds no depth, bookTicker or trade frames of combined streams ({{"stream":...,"data":...}})'
        )
    market = market or survey.market()
    return RecordedFile(
        path=path,
        market=market,
        names=list(numbers),
        snapshots=[(survey.snapshot_symbol(path, text), text) for text in found],
        listings=tuple(listing(market, symbol, *survey.decimals(symbol)) for symbol in survey.symbols),
        frames=frames,
        size_bytes=size_bytes,
        kept=kept,
    )


def symbol_of(name: str) -> str:
    """Return the symbol in a stream's name: `btcusdt@trade` is BTCUSDT's."""
    return name.partition("@")[0].upper()
