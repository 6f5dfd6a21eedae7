"""What is remembered of a parent order over a restart, and how its request is told from another one.

Pure data: `strategies.algos.parent` fills it in and goes on from it, the engine reads who is to be called back.
"""

import hashlib
from collections.abc import Sequence

import msgspec

from core.codec import UNREADABLE
from core.instruments import Instrument

MARK = b"parent 1\n"  # a strategy of the same name may have remembered something of its own
WORKING = "working"
ENDED_CHILDREN_MAX = 32
"""So many children that have ended are remembered, the newest: for executions that come late or are taken back."""

_encode = msgspec.msgpack.Encoder(order="deterministic").encode


class ChildMemory(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One child, and what of it was counted already."""

    name: str
    left: int  # what it could still do
    filled: int
    notional: str


class ParentMemory(msgspec.Struct, frozen=True, array_like=True):
    """One parent order as its algorithm saw it last; what its children came to since, the order manager knows."""

    algorithm: str
    request: bytes  # parameters that differ from their defaults; their SHA-256 of a strategy of the settings
    instruments: tuple[str, ...]  # the markets, and the precisions in which they were counted
    state: str  # "working", then "filled", "expired" or "stopped"
    reason: str
    ending: str  # how it is about to end, once its children have
    quantity: int
    filled: int
    started_ns: int
    arrived_ns: int
    sums: list[str]  # of `strategies.algos.measure.Measure`, empty before the first price
    mid_twice: int
    child_count: int
    children: list[ChildMemory]  # open ones
    ended: list[ChildMemory]
    place: list[int]  # how far the algorithm's own schedule is

    @property
    def working(self) -> bool:
        """Whether it has not ended."""
        return self.state == WORKING

    def is_of(self, algorithm: type, request: bytes, instruments: tuple[str, ...]) -> bool:
        """Whether it is the parent of this request, not of another one under the same name."""
        ours, theirs = (self.algorithm, self.request), (algorithm_name(algorithm), request)
        return ours == theirs and names_of(self.instruments) == names_of(instruments)

    def request_of(self, params: type[msgspec.Struct]) -> msgspec.Struct:
        """Return the parameters that it was asked with. Raises msgspec.MsgspecError."""
        return msgspec.convert(msgspec.msgpack.decode(self.request), params)


class Standing(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How a parent order with a name stood when it was remembered last. Quantities as `ParentProgress` has them."""

    algorithm: str
    state: str  # "working", then "filled", "expired" or "stopped"
    quantity: int
    filled: int

    @property
    def has_ended(self) -> bool:
        """Whether nothing more comes of it."""
        return self.state != WORKING


_decoder = msgspec.msgpack.Decoder(ParentMemory)


def pack(memory: ParentMemory) -> bytes:
    """Return a parent's memory as it is remembered."""
    return MARK + _encode(memory)


def unpack(data: bytes) -> ParentMemory | None:
    """Return what is remembered of a parent; None of bytes that are something else."""
    if not data.startswith(MARK):
        return None
    try:
        return _decoder.decode(data[len(MARK) :])
    except UNREADABLE:
        return None


def counted_in(instruments: Sequence[Instrument]) -> tuple[str, ...]:
    """Return the names of markets with the precisions in which they are counted."""
    return tuple(f"{each.id}:{each.price_precision}:{each.size_precision}" for each in instruments)


def names_of(counted: Sequence[str]) -> tuple[str, ...]:
    """Return the names alone."""
    return tuple(each.rsplit(":", 2)[0] for each in counted)


def request_text(params: msgspec.Struct) -> bytes:
    """Return what was asked for: the parameters that differ from their defaults, so that a later build reads it too."""
    asked = {}
    for each in msgspec.structs.fields(params):
        value = getattr(params, each.name)
        default = each.default if each.default_factory is msgspec.NODEFAULT else each.default_factory()
        if value != default:
            asked[each.encode_name] = value
    return _encode(asked)


def request_digest(params: msgspec.Struct) -> bytes:
    """Return the digest of what was asked for, which however long it is has 32 bytes."""
    return hashlib.sha256(request_text(params)).digest()


def algorithm_name(algorithm: type) -> str:
    """Return the name under which an algorithm is found again."""
    return str(getattr(algorithm, "algorithm", "") or algorithm.__name__)
