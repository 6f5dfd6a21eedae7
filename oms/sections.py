"""Reading a section of the durable state: what another build wrote, or what is damaged, is refused whole."""

from typing import TypeVar

import msgspec

from core.codec import UNREADABLE
from oms.errors import BadState

T = TypeVar("T")


def read_section(what: str, decoder: "msgspec.msgpack.Decoder[T]", data: bytes, version: int, reads: int) -> T:
    """Return what a section holds; `what` names it, in the plural, `reads` is this build's version. Raises BadState."""
    if version != reads:
        raise BadState(f"{what} of version {version}: this build reads {reads}, use the one that wrote them")
    try:
        return decoder.decode(data)
    except UNREADABLE as error:
        raise BadState(f"{what} of {len(data)} bytes do not decode: {error}") from error
