"""Rows of delimited text with the line that each stands on: plain, gzip, or the one file of a zip."""

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from research.history.errors import BadInput


class Rows:
    """The rows of one file in order, each as (line, fields); `done` of `size` bytes were read so far.

    Iterating raises BadInput where the file cannot be read, is damaged or is not UTF-8.
    """

    def __init__(self, path: Path) -> None:
        """Look at the file. Raises BadInput."""
        self.path = path
        self.member = path.name  # in a zip the file inside, whose name may tell a date
        self.line = 0
        self._compressed: io.BufferedReader | None = None
        try:
            self.size = path.stat().st_size
            if path.suffix == ".zip":
                with zipfile.ZipFile(path) as archive:
                    self.member = self._only(archive.namelist())
        except (OSError, zipfile.BadZipFile) as error:
            raise self._unreadable(error) from error

    @property
    def done(self) -> int:
        """How many of the file's bytes were read."""
        return 0 if self._compressed is None or self._compressed.closed else self._compressed.tell()

    def __iter__(self) -> Generator[tuple[int, list[str]], None, None]:
        reader_line = 0
        try:
            with self.path.open("rb") as self._compressed, self._text(self._compressed) as text:
                reader = csv.reader(text, strict=True)
                for fields in reader:
                    reader_line = reader.line_num
                    if fields:
                        yield reader_line, fields
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile, UnicodeDecodeError, csv.Error) as error:
            raise BadInput(
                self.path, reader_line + 1, expected="a readable line", found=f"{error}", advice="copy the file anew"
            ) from error

    def _text(self, file: io.BufferedReader) -> TextIO:
        """Return the file's text, unpacked as it is read."""
        if self.path.suffix == ".gz":
            return io.TextIOWrapper(gzip.GzipFile(fileobj=file), "utf-8-sig", newline="")
        if self.path.suffix == ".zip":
            return io.TextIOWrapper(cast("BinaryIO", zipfile.ZipFile(file).open(self.member)), "utf-8-sig", newline="")
        return io.TextIOWrapper(file, "utf-8-sig", newline="")

    def _only(self, names: list[str]) -> str:
        """Return the one name in a zip. Raises BadInput."""
        if len(names) != 1:
            raise BadInput(self.path, 0, expected="a zip of one file", found=f"{len(names)} files")
        return names[0]

    def _unreadable(self, error: Exception) -> BadInput:
        return BadInput(self.path, 0, expected="a readable file", found=str(error))
