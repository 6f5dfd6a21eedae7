"""What the books keep beyond balances and net positions, as a section of the durable state: legs, loans, lots."""

from collections.abc import Mapping

import msgspec

from core.errors import CoreError
from oms.booking import Bookkeeper
from oms.errors import BadState
from oms.holding import Holding

VERSION = 1
_BY_INSTRUMENT = ("legs", "lots")  # rows that begin with the index of an instrument

_encode = msgspec.msgpack.Encoder(order="deterministic").encode


class AccountingSection:
    """Writes and restores the section "accounting"; see `oms.section`."""

    __slots__ = ("_books", "_holdings")

    name = "accounting"
    version = VERSION

    def __init__(self, books: Bookkeeper, holdings: Mapping[int, Holding]) -> None:
        """Speak of these live objects."""
        self._books = books
        self._holdings = holdings

    def durable(self) -> bytes:
        """Return what must survive, empty where nothing unusual was used."""
        extras = self._books.canonical(holding for _, holding in sorted(self._holdings.items()))
        return _encode(extras) if extras else b""

    def restore(self, version: int, data: bytes, indexes: dict[int, int]) -> None:
        """Become what wrote `data`. Raises BadState."""
        if version != VERSION:
            raise BadState(f"accounting of version {version}: this build reads {VERSION}, use the one that wrote it")
        try:
            extras = msgspec.msgpack.decode(data, type=list[tuple[str, list[list[object]]]])
            moved = [
                (name, [[indexes[row[0]], *row[1:]] if name in _BY_INSTRUMENT else row for row in rows])  # type: ignore[index]
                for name, rows in extras
            ]
            self._books.restore(moved, self._holdings)
        except (msgspec.MsgspecError, CoreError, KeyError, TypeError, ValueError) as error:
            raise BadState(f"accounting of {len(data)} bytes does not decode: {error}") from error
