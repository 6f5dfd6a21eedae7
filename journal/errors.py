"""Every error that `journal` raises.

JournalError
├── JournalNotFound     there is no session here
├── JournalExists       a session is written once, by one process
├── JournalLocked       another process is writing this session
├── JournalSealed       the writer was sealed or closed: nothing more may be appended
├── RecordRefused       a record that does not fit the layout; nothing was appended
├── JournalFull         no space left: fatal, latched
├── JournalIOError      any other failure of the file system: fatal, latched
├── JournalDamaged      bytes that are not what was written; carries where
├── SchemaUnsupported   written by a newer build
├── ExportRefused       a kind, format or instrument that cannot be exported
└── KeyRefused          a key that cannot sign, or check, the audit trail

JournalFull and JournalIOError latch: after the first, every append and flush of that writer raises again. After
a failed fsync the kernel may drop the pages, and a second fsync "succeeds" without them (PostgreSQL's fsyncgate).
"""


class JournalError(Exception):
    """Root of this package's errors."""


class JournalNotFound(JournalError):
    """No session at this path, or one whose process died before its head was written."""


class JournalExists(JournalError):
    """The folder already holds a session."""


class JournalLocked(JournalError):
    """Another process holds the session's lock."""


class JournalSealed(JournalError):
    """The writer is finished."""


class RecordRefused(JournalError, ValueError):
    """A record that 64 bytes, or the largest payload, cannot hold."""


class JournalFull(JournalError):
    """No space left (ENOSPC), or a quota or a file size limit was reached (EDQUOT, EFBIG)."""


class JournalIOError(JournalError):
    """The file system refused a write, a sync or a read."""


class JournalDamaged(JournalError):
    """The first place where the journal is not what was written.

    `seq` is the slot's sequence number, `segment` the file's name, `offset` the slot's first byte in it (once
    uncompressed), `expected` and `found` what differs, in words. The records before `intact_seq` are right: it is
    where the record begins that `seq` is a part of.
    """

    def __init__(
        self, what: str, *, seq: int, intact_seq: int, segment: str, offset: int, expected: str, found: str
    ) -> None:
        self.what = what
        self.seq = seq
        self.intact_seq = intact_seq
        self.segment = segment
        self.offset = offset
        self.expected = expected
        self.found = found
        advice = f"records before seq {intact_seq} are intact: read them with --until {intact_seq}"
        super().__init__(
            f"{what} at seq {seq} (segment {segment}, byte {offset}): expected {expected}, found {found}. "
            f"Keep the folder as it is; {advice if intact_seq else 'nothing before it can be read'}"
        )


class SchemaUnsupported(JournalError):
    """The session was written with a schema that this build does not know."""


class ExportRefused(JournalError, ValueError):
    """The export asked for does not exist."""


class KeyRefused(JournalError, ValueError):
    """A file that holds no Ed25519 key, or that others can read."""
