"""Which slots make a record, and the few record bodies that are the journal's own. Live code: no numpy."""

import struct

from core.records import CRC, EVENT, FIRST_PAYLOAD_INPUT, PART_BYTES, SLOT_BYTES, Kind, parts_of

CRC_AND_BODY = struct.Struct("<I60s")
PART_BODY = struct.Struct(f"<BBH{PART_BYTES}s")  # zero-pads the last part
HASH_FIELDS = struct.Struct("<4q")  # a SHA-256 as the fields b..e
CHAIN_START = bytes(HASH_FIELDS.size)

_KIND_AT = CRC.size  # the kind's byte in a slot
MAX_PARTS = 1 << 16  # part numbers are 16 bits
MAX_PAYLOAD_BYTES = MAX_PARTS * PART_BYTES

PAYLOAD_META = (Kind.SEGMENT, Kind.SEAL, Kind.SNAPSHOT)
PLAIN_META = (Kind.CHAIN, Kind.DIGEST, Kind.TIMING)


def has_payload(kind: int) -> bool:
    """Whether a record of `kind` is a head slot with a payload in the slots that follow."""
    return FIRST_PAYLOAD_INPUT <= kind < Kind.PART or kind in PAYLOAD_META


# What the fields a.. of a plain input are called; core.records.Kind says what they mean.
PLAIN_FIELDS: dict[int, tuple[str, ...]] = {
    Kind.QUOTE: ("bid_price", "bid_quantity", "ask_price", "ask_quantity", "update_id"),
    Kind.TRADE: ("price", "quantity", "trade_id"),
    Kind.BOOK: ("price", "quantity", "first_update_id", "last_update_id", "prev_update_id"),
    Kind.BAR: ("open", "high", "low", "close", "volume"),
    Kind.TIME: (),
    Kind.MARK: ("mark_price", "index_price", "funding_rate_e8", "next_funding_ns"),
    Kind.MBO: ("price", "change", "order_id", "sequence", "rank"),
}


def read_payload(data: memoryview, head: int, size: int) -> bytes:
    """Return the `size` payload bytes of the record whose head is slot `head` of `data`."""
    begin = (head + 1) * SLOT_BYTES + SLOT_BYTES - PART_BYTES
    if size <= PART_BYTES:
        return bytes(data[begin : begin + size])
    end = begin + parts_of(size) * SLOT_BYTES
    return b"".join([data[at : at + PART_BYTES] for at in range(begin, end, SLOT_BYTES)])[:size]


def whole_slots(data: memoryview) -> int:
    """Return how many slots of `data` are whole records, where only the last record may be cut short."""
    slots = len(data) // SLOT_BYTES
    last = slots - 1
    while last >= 0 and data[last * SLOT_BYTES + _KIND_AT] == Kind.PART:
        last -= 1
    if last < 0:
        return 0
    length = 1
    if has_payload(data[last * SLOT_BYTES + _KIND_AT]):
        length += parts_of(EVENT.unpack_from(data, last * SLOT_BYTES)[5])
    return slots if last + length <= slots else last
