"""Recorded files as a source of frames, merged by receive time."""

import heapq
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from connectors.embedded.frames import Frame
from connectors.embedded.market import Catalogue, Listing, Market, StreamKind, stream_kind
from connectors.embedded.recorded_file import (
    NO_STREAM,
    SNAPSHOT_LINE,
    RecordedFile,
    read_frames,
    survey_file,
    symbol_of,
)

KEEP_BYTES = 256 * 1024 * 1024  # frames beyond this are read from the file again as they are played


class Recording:
    """Files played as one recording, merged by receive time, each file in its own order."""

    synthetic = False

    def __init__(self, paths: Sequence[Path], market: Market | None = None, *, keep_bytes: int = KEEP_BYTES) -> None:
        """Read the files once to know what they hold; raises RecordingError."""
        self.catalogue = Catalogue()
        self.files: list[RecordedFile] = []
        for path in paths:
            file = survey_file(path, market, keep_bytes)
            keep_bytes -= file.size_bytes if file.kept is not None else 0
            self.files.append(file)
        self.listings = _listings(self.files)
        self.frames = sum(file.frames for file in self.files)
        self._numberings = [_Numbering(self.catalogue, file) for file in self.files]
        for file, numbering in zip(self.files, self._numberings, strict=True):
            if file.kept is not None:
                file.kept = list(numbering.apply(file.kept))

    def snapshots(self, market: Market, symbol: str) -> tuple[bytes, ...]:
        """Return the recorded depth answers of a symbol, in the order of the files given."""
        return tuple(
            text for file in self.files if file.market is market for owner, text in file.snapshots if owner == symbol
        )

    def open(self, now_ns: int) -> Iterator[Frame]:
        """Yield every frame of every file; recorded times are kept, whatever the clock says."""
        if len(self.files) == 1:
            return iter(self._frames(0))
        return heapq.merge(*(self._frames(index) for index in range(len(self.files))), key=_at_ns)

    def _frames(self, index: int) -> Iterator[Frame] | list[Frame]:
        file = self.files[index]
        if file.kept is not None:
            return file.kept
        numbers = {name: number for number, name in enumerate(file.names)}
        return self._numberings[index].apply(read_frames(file.path, numbers))


class _Numbering:
    """Turns a file's own stream numbers into the catalogue's."""

    def __init__(self, catalogue: Catalogue, file: RecordedFile) -> None:
        market = file.market
        self._streams = [catalogue.add(market, name, symbol_of(name), stream_kind(name)) for name in file.names]
        self._unattributed = catalogue.unattributed(market)
        self._snapshots = [
            self._unattributed
            if symbol is None
            else catalogue.add(market, f"{symbol} snapshot", symbol, StreamKind.SNAPSHOT)
            for symbol, _ in file.snapshots
        ]

    def apply(self, frames: Iterator[Frame] | list[Frame]) -> Iterator[Frame]:
        snapshots = iter(self._snapshots)
        for frame in frames:
            if frame.stream == SNAPSHOT_LINE:
                frame.stream = next(snapshots)
            elif frame.stream == NO_STREAM:
                frame.stream = self._unattributed
            else:
                frame.stream = self._streams[frame.stream]
            yield frame


def _listings(files: Sequence[RecordedFile]) -> tuple[Listing, ...]:
    """List every symbol once, with the finest tick and lot that any of its files showed."""
    merged: dict[tuple[Market, str], Listing] = {}
    for file in files:
        for found in file.listings:
            known = merged.get((found.market, found.symbol), found)
            merged[found.market, found.symbol] = msgspec.structs.replace(
                known,
                price_decimals=max(known.price_decimals, found.price_decimals),
                quantity_decimals=max(known.quantity_decimals, found.quantity_decimals),
            )
    return tuple(merged.values())


def _at_ns(frame: Frame) -> int:
    return frame.at_ns
