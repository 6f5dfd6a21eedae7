"""What an audit found: each break and each notice as a value, with the place and what to do next."""

import enum

import msgspec


class What(enum.StrEnum):
    """What is wrong, or worth knowing."""

    DAMAGED = "damaged"  # bytes are not what was written: checksum, structure or hash chain
    CUT = "cut"  # records that were signed for are gone from the end
    REWRITTEN = "rewritten"  # the hash chain is whole and is another than was signed
    ADDED = "added"  # records stand where the signatures say that the session was over
    RENAMED = "renamed"  # the records are of another session than the folder's name says
    MISSING = "missing"  # a session that a signature names is not there
    UNSIGNED = "unsigned"  # no signatures
    FORGED = "forged"  # a line that its key did not sign, or that stands in the wrong place
    TRAIL_CUT = "trail-cut"  # signatures that are known from elsewhere are gone
    OTHER_KEY = "other-key"  # signed, by a key that is not the one to trust
    UNREADABLE = "unreadable"  # the folder cannot be read
    TAIL = "tail"  # what a crash left behind the last signature
    ANCHOR_TORN = "anchor-torn"  # a line of the second place that does not read
    REMOVED = "removed"  # a session that retention removed, as was signed then


NOTICES = frozenset((What.UNSIGNED, What.TAIL, What.ANCHOR_TORN, What.REMOVED))


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing found. `seq`, `segment` and `offset` (a byte of it, uncompressed) say where, if it has a place."""

    what: What
    session: str
    message: str
    next: str
    seq: int = -1
    segment: str = ""
    offset: int = -1

    @property
    def is_break(self) -> bool:
        """Whether it contradicts what was written or signed."""
        return self.what not in NOTICES
