"""A signed head: "at this time the session's hash chain stood so", in one line of JSON that nobody can make up.

Lines of a trail name each other by hash, and the first names the last of the session before, so that one that is taken
away is missed as well. A line is signed over its own bytes with an empty signature, and reads back to the same bytes.
"""

import enum
import hashlib

import msgspec

from journal.audit.keys import SigningKey, signed_by

VERSION = 1


class HeadState(enum.StrEnum):
    """Why a head was signed."""

    STARTED = "started"
    RUNNING = "running"
    ENDED = "ended"  # behind the seal
    REMOVED = "removed"  # by retention, in a file beside the sessions
    CLOSED = "closed"  # the session crashed; the next one signed for what it left


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """The session that ran before under the same root: its name, and number and SHA-256 of its trail's last line."""

    session: str
    n: int
    line: str


class SignedHead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line. `chain` is what the hash chain's link at `seq` holds; of CLOSED, what a link there would hold."""

    v: int = VERSION
    n: int
    session: str
    state: HeadState
    time_ns: int
    seq: int
    chain: str
    previous: str = ""  # SHA-256 of the line before in this trail
    before: Before | None = None  # of the first line
    key: str  # the public key
    signature: str = ""


_decode = msgspec.json.Decoder(SignedHead).decode


def sign(head: SignedHead, key: SigningKey) -> bytes:
    """Return the head as a signed line, without the newline."""
    bare = msgspec.structs.replace(head, key=key.public, signature="")
    return msgspec.json.encode(msgspec.structs.replace(bare, signature=key.sign(msgspec.json.encode(bare))))


def read_head(line: bytes) -> SignedHead | None:
    """Return what a line says, None where it does not read, or not to the same bytes."""
    try:
        head = _decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return head if msgspec.json.encode(head) == line else None


def is_genuine(head: SignedHead) -> bool:
    """Whether the key that the head names signed it. Whose key that is must be known from elsewhere."""
    return signed_by(head.key, msgspec.json.encode(msgspec.structs.replace(head, signature="")), head.signature)


def line_hash(line: bytes) -> str:
    """Return the name by which the next line knows this one."""
    return hashlib.sha256(line).hexdigest()
