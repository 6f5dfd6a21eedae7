"""The digest of a state: SHA-256 over its canonical text.

Canonical text is Python's `repr` of plain values (int, float, str, bytes, bool, None, list, tuple, dict by sorted
keys). The shortest `repr` of a float is exact and the same on every CPython, and ints have no limit, unlike msgpack's.
"""

import enum
import hashlib
from array import array

from core.book import L2Book
from core.market import Market
from engine.errors import NotCanonical

DIGEST_BYTES = 32


def state_digest(state: object) -> bytes:
    """Return the 32-byte digest of a state made of plain values. Raises NotCanonical."""
    return hashlib.sha256(canonical(state).encode()).digest()


def canonical(value: object) -> str:
    """Return the canonical text of a plain value. Raises NotCanonical naming the type that is not plain."""
    if isinstance(value, enum.Enum):
        return canonical(value.value)
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return repr(value)
    if isinstance(value, list | tuple):
        return "[" + ",".join([canonical(item) for item in value]) + "]"
    if isinstance(value, dict):
        items = sorted((canonical(key), canonical(item)) for key, item in value.items())
        return "{" + ",".join([f"{key}:{item}" for key, item in items]) + "}"
    raise NotCanonical(
        f"{type(value).__name__} cannot be part of a digest; save plain values: int, float, str, bool, list, dict"
    )


def market_state(market: Market) -> list[object]:
    """Return what a digest must cover of one market; the book as the hash of its levels, which may be thousands."""
    return [
        market.index,
        market.instrument.id,
        market.bid_price,
        market.bid_quantity,
        market.ask_price,
        market.ask_quantity,
        market.update_id,
        market.last_price,
        market.last_quantity,
        market.quote_ns,
        market.trade_ns,
        market.book_ns,
        market.venue_ns,
        market.connected,
        market.stale_channels,
        market.book.state,
        market.book.last_update_id,
        book_hash(market.book),
        *([market.bar_price, market.bar_ns] if market.bar_ns else []),
        *([["mark", market.mark_price, market.index_price, market.mark_ns]] if market.mark_ns else []),
    ]


def book_hash(book: L2Book) -> bytes:
    """Return a hash of all levels, in ascending price order, that any correct book gives for the same levels."""
    hasher = hashlib.sha256()
    for levels in (book.bids, book.asks):
        numbers = array("q", [levels.count])
        numbers.extend(levels.prices())
        numbers.extend(levels.quantities[:: levels.sign])
        hasher.update(numbers.tobytes())
    return hasher.digest()
