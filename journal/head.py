"""What a session says of itself: the head it begins with, the head of each segment, the seal it ends with."""

import enum

import msgspec

from core.records import SCHEMA_VERSION


class FlushPolicy(enum.StrEnum):
    """What must survive before a command may leave the process (docs/adr/0002-flush-policy.md)."""

    OS = "os"  # in the kernel: survives kill -9
    DISK = "disk"  # on the disk: survives power loss


class SealState(enum.StrEnum):
    """How a session ended. One without a seal crashed without a word."""

    ENDED = "ended"
    CRASHED = "crashed"


class SessionState(enum.StrEnum):
    """What a session is now."""

    RUNNING = "running"
    ENDED = "ended"
    CRASHED = "crashed"


class Build(msgspec.Struct, frozen=True):
    """The program that wrote the session: its version, and the digest of its source files."""

    version: str
    source_digest: str


class ImportedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a strategy's file imports from beside it: its name and its content's SHA-256 in hex."""

    file: str
    sha256: str


class StrategySource(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One strategy as it ran, so that the session replays where its file is gone or changed.

    What it imports from beside it is named, not kept: a strategy that is to replay anywhere stands alone.
    """

    id: str
    use: str
    sha256: str
    source: str
    imported: tuple[ImportedFile, ...] = ()


class SessionHead(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a replay needs beside the records. No secrets: `config` is written as it stands.

    `config` holds the resolved settings that change decisions, `config_digest` their hash.
    """

    session_id: str
    started_ns: int
    mode: str
    seed: int
    build: Build
    config_digest: str
    config: dict[str, object]
    libraries: dict[str, str]
    python: str
    flush_policy: FlushPolicy = FlushPolicy.OS
    strategies: tuple[StrategySource, ...] = ()
    labels: tuple[str, ...] = ()  # "synthetic": what a reader must know before believing the numbers
    schema_version: int = SCHEMA_VERSION


class SegmentHead(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The payload of a segment's first record: its place in the session and in the hash chain.

    The session's head is in segment 0 alone: a session is kept, moved and deleted as one folder.
    """

    session_id: str
    number: int
    first_seq: int
    previous: bytes  # the chain's value where this segment begins
    schema_version: int = SCHEMA_VERSION
    session: SessionHead | None = None


class SealPayload(msgspec.Struct, frozen=True, kw_only=True):
    """How the session ended, and what its engine had come to; a replay must come to the same."""

    state: SealState
    reason: str
    inputs: int
    effects: int
    digest: bytes  # of the engine's state at the end
    ended_ns: int
