"""The 64-byte record: what every journaled thing is made of.

A slot is 64 bytes, little-endian: `crc32 u32, kind u8, flags u8, instrument u16, recv_ns i64, venue_ns i64, a..e i64`.
A record's sequence number is the index of its first slot in the session, so it also locates the byte. The CRC covers
the other 60 bytes and is seeded with the sequence number, so a slot in the wrong place fails too. Something larger is
a head slot whose `a` is the payload's length, followed by continuation slots of 56 payload bytes each.

Inside the process an event is the plain tuple `(kind, flags, instrument, recv_ns, venue_ns, a, b, c, d, e)`; for the
kinds that carry a payload, `a` is the decoded struct and b..e are 0. `core.arrays` has the numpy view of a slot.
Databento's DBN is the model for the fixed layout.
"""

import enum
import struct
import zlib

SLOT_BYTES = 64
PART_BYTES = 56
SCHEMA_VERSION = 1

SLOT = struct.Struct("<IBBHqqqqqqq")
EVENT = struct.Struct("<4xBBHqqqqqqq")  # a slot read as an event tuple: the CRC was checked before
BODY = struct.Struct("<BBHqqqqqqq")
PART_HEAD = struct.Struct("<BBH")
CRC = struct.Struct("<I")

assert SLOT.size == EVENT.size == SLOT_BYTES
assert CRC.size + BODY.size == SLOT_BYTES
assert CRC.size + PART_HEAD.size + PART_BYTES == SLOT_BYTES

Event = tuple[int, int, int, int, int, object, int, int, int, int]
"""(kind, flags, instrument, recv_ns, venue_ns, a, b, c, d, e); `a` is an int, or the struct of a payload kind."""

NO_INSTRUMENT = 0xFFFF


class Kind(enum.IntEnum):
    """What a record is. Below 16: the journal's own; 16 to 127: inputs; 128 to 254: effects."""

    EMPTY = 0
    SEGMENT = 1  # payload: the segment's head
    CHAIN = 2  # b..e: SHA-256 over the previous chain value and every slot since; a: slots covered
    SEAL = 3  # payload: how the session ended
    DIGEST = 4  # b..e: the engine's state digest; a: inputs stepped so far
    SNAPSHOT = 5  # payload: what a restart needs of the state so far, `core.events.StateCarried`
    TIMING = 6  # a: number of a decision's record; b: when it was made; c: when its command was handed over, 0 for none

    QUOTE = 16  # bid_price, bid_quantity, ask_price, ask_quantity, update_id
    TRADE = 17  # price, quantity, trade_id
    BOOK = 18  # price, quantity, first_update_id, last_update_id, prev_update_id
    BAR = 19  # a venue's own bar: open, high, low, close, volume; venue_ns is its opening time, flags its interval
    TIME = 20  # nothing but time passing: the earliest timer fell due
    MBO = 21  # market by order, one change of one order: price, change, order_id, sequence, rank (ADR 11)
    MARK = 22  # a contract's mark price, index price, funding rate (10^-8), time of the next funding (ns)

    INSTRUMENT = 32
    REPORT = 33
    FEED = 34
    COMMAND = 35
    RAW = 36
    LIFECYCLE = 37
    CLOCK = 38
    ACCOUNT_MOVE = 39  # money without an order: funding, borrow
    ACCOUNT_TRADE = 40  # an execution of the venue's own making: a liquidation
    EVIDENCE = 41  # a venue's answer to a question of ours, or why there was none
    LINK = 42  # the trading connection of a venue: up, down, limited
    CARRIED = 43  # the state that a live session takes over from the one before it
    DEAD_MAN = 44  # the venue's timer that cancels when we fall silent: not armed, or armed again
    CORPORATE = 46  # what an issuer does to everyone who holds its share: a dividend, a split
    PORTFOLIO = 47  # what the portfolio may lose, as the risk worker said
    LAG = 48  # how late the event loop ran what was due, where a breaker asks for it

    SUBMIT = 128
    CANCEL = 129
    ORDER = 130
    FILL = 131
    POSITION = 132
    BALANCE = 133
    REFUSAL = 134
    ALERT = 135
    STRATEGY = 136
    TIMER = 137
    RESYNC = 138
    REPLACE = 139  # command: change a working order
    SUBMIT_GROUP = 140  # command: orders that the venue takes as one list
    QUERY = 141  # command: ask a venue for evidence
    RECONCILED = 142  # a venue's account agrees with ours, or what does not
    FREEZE = 143  # an instrument may not be opened, or may again
    PARENT = 144  # how far an execution algorithm has come
    LOT = 145  # a tax lot was opened, closed, reversed or split
    CONVERSION = 146  # a rate between two currencies was used in the books
    ROUTE = 147  # what the router saw of one venue in one decision, and what it sent there
    REMEMBERED = 148  # what a strategy wants to know after a restart
    LATCH = 149  # trading was stopped somewhere by a person or a breaker, or may go on
    BUST = 150  # an execution that the venue took back
    FLATTEN = 151  # positions of a scope are being closed for the operator, or no more
    HELD = 153  # what tickerd keeps of an order that is not, or not whole, at the venue
    LIMIT = 152  # a limit was changed while running, or waits to be
    BOOKED = 154  # a dividend, a split or a transfer that a person told of
    ROSTER = 158  # a strategy was added, removed, switched off or re-tuned while running
    BREAKER = 155  # how far a breaker has gone, and what it counts from
    SIZED = 156  # how large an order may be, and which rule said so
    SCALE = 161  # the operator's factor on sizes
    EXIT = 162  # a position is guarded by its exits, or being closed by them

    PART = 255


FIRST_INPUT = 16
FIRST_PAYLOAD_INPUT = 32
FIRST_EFFECT = 128

# Flags of BOOK. One depth message is a run of levels, FIRST on its first and LAST on its last.
ASK = 1
FIRST = 2
LAST = 4
SNAPSHOT = 8
PENDING = 16  # arrived while the book was out of sync: recorded, not applied
REAPPLIED = 32  # a pending level again, applied on top of the snapshot that followed
EMPTY = 64  # a message without levels: only its update ids count

# Flags of MBO: ASK, FIRST, LAST and SNAPSHOT as above, and this one.
EXECUTED = 128  # the order left, or shrank, because it was executed

# Flags of TRADE.
SELL_AGGRESSOR = 1
NOT_MARKET = 2  # insurance fund, auto-deleveraging and the like: recorded, never traded on


def slot_crc(body: bytes | memoryview, seq: int) -> int:
    """Return the CRC-32 of a slot's last 60 bytes at sequence number `seq`."""
    return zlib.crc32(body, seq & 0xFFFFFFFF)


def parts_of(payload_bytes: int) -> int:
    """Return how many continuation slots a payload of that length takes."""
    return -(-payload_bytes // PART_BYTES)
