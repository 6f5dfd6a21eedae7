"""What a history says of itself: where its inputs came from. It stands in the session head's `config`."""

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec

from journal.head import Build, SessionHead

MODE = LABEL = "history"
_KEY = "history"
_IMPORTING = ("core", "journal", "connectors/binance", "connectors/embedded", "research/history", "research/l3")


class SourceFile(msgspec.Struct, frozen=True):
    """One file that was imported."""

    name: str
    sha256: str
    size_bytes: int


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a history came from: its files, how they were read, and by which importing code (digest of its source).

    `settings` are the importer's, as plain values.
    """

    kind: str
    files: tuple[SourceFile, ...] = ()
    settings: dict[str, object] = {}
    importer: str = ""

    @property
    def digest(self) -> str:
        """The SHA-256, in hex, of all that decides what the history holds: contents, not places, of the files."""
        decides = (self.kind, [file.sha256 for file in self.files], self.settings, self.importer)
        return hashlib.sha256(msgspec.msgpack.encode(decides, order="deterministic")).hexdigest()


def config_of(origin: Origin) -> dict[str, object]:
    """Return the `config` of a history's head."""
    return {_KEY: msgspec.to_builtins(origin)}


def origin_of(head: SessionHead) -> Origin | None:
    """Return where a session's inputs came from, None where it is no history."""
    if LABEL not in head.labels or _KEY not in head.config:
        return None
    try:
        return msgspec.convert(head.config[_KEY], Origin)
    except msgspec.ValidationError:
        return None  # of a build that described it otherwise


def source_file(path: Path) -> SourceFile:
    """Return a file's name, digest and size. Raises OSError."""
    with path.open("rb") as file:
        return SourceFile(path.name, hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size)


@cache
def build() -> Build:
    """Return the version and the digest of every source file that decides what an import holds."""
    root = Path(__file__).resolve().parents[2]
    hasher = hashlib.sha256()
    for folder in _IMPORTING:
        for path in sorted((root / folder).rglob("*.py")):
            hasher.update(path.relative_to(root).as_posix().encode())
            hasher.update(path.read_bytes())
    try:
        return Build(version("tickerd"), hasher.hexdigest())
    except PackageNotFoundError:
        return Build("unknown", hasher.hexdigest())
