"""Payloads of records: which struct each kind carries, and its bytes.

msgpack by msgspec. The structs on an order's path are arrays, which take half the slots and half the time of maps; the
others are maps of field names. Both evolve as msgspec documents: new fields have defaults, and those of an array come
last; then journals of an older build stay readable.
"""

from typing import Final

import msgspec

from core import bookings, effects, events, evidence, orders, portfolio
from core.errors import CodecError
from core.records import Kind

PAYLOAD_TYPES: dict[int, type[msgspec.Struct]] = {
    Kind.INSTRUMENT: events.InstrumentDefined,
    Kind.REPORT: events.OrderReport,
    Kind.FEED: events.FeedChanged,
    Kind.COMMAND: events.CommandReceived,
    Kind.RAW: events.RawReceived,
    Kind.LIFECYCLE: events.LifecycleChanged,
    Kind.CLOCK: events.ClockMeasured,
    Kind.ACCOUNT_MOVE: events.AccountMoved,
    Kind.ACCOUNT_TRADE: events.AccountTraded,
    Kind.EVIDENCE: evidence.EvidenceGiven,
    Kind.LINK: events.LinkChanged,
    Kind.DEAD_MAN: events.DeadManChanged,
    Kind.CARRIED: events.StateCarried,
    Kind.CORPORATE: events.CorporateAction,
    Kind.PORTFOLIO: portfolio.PortfolioRisk,
    Kind.LAG: events.LoopLagged,
    Kind.SUBMIT: orders.ApprovedSubmit,
    Kind.CANCEL: orders.ApprovedCancel,
    Kind.ORDER: effects.OrderUpdated,
    Kind.FILL: effects.OrderFilled,
    Kind.POSITION: effects.PositionChanged,
    Kind.BALANCE: effects.BalanceChanged,
    Kind.REFUSAL: orders.Refusal,
    Kind.ALERT: effects.Alert,
    Kind.STRATEGY: effects.StrategyChanged,
    Kind.TIMER: effects.TimerSet,
    Kind.RESYNC: effects.BookResyncNeeded,
    Kind.REPLACE: orders.ApprovedReplace,
    Kind.SUBMIT_GROUP: orders.ApprovedGroup,
    Kind.QUERY: evidence.EvidenceWanted,
    Kind.RECONCILED: effects.Reconciled,
    Kind.FREEZE: effects.FreezeChanged,
    Kind.PARENT: effects.ParentProgress,
    Kind.LOT: effects.LotChanged,
    Kind.CONVERSION: effects.ConversionUsed,
    Kind.ROUTE: effects.RouteDecided,
    Kind.REMEMBERED: effects.Remembered,
    Kind.LATCH: effects.LatchChanged,
    Kind.LIMIT: effects.LimitChanged,
    Kind.BUST: effects.OrderBusted,
    Kind.FLATTEN: effects.FlattenChanged,
    Kind.HELD: effects.HeldChanged,
    Kind.BOOKED: bookings.BookedByHand,
    Kind.ROSTER: effects.RosterChanged,
    Kind.BREAKER: effects.BreakerChanged,
    Kind.SIZED: effects.Sized,
    Kind.SCALE: effects.ScaleChanged,
    Kind.EXIT: effects.ExitChanged,
}
KIND_OF: dict[type, Kind] = {struct: Kind(kind) for kind, struct in PAYLOAD_TYPES.items()}

_decoders = {kind: msgspec.msgpack.Decoder(struct) for kind, struct in PAYLOAD_TYPES.items()}
_encode = msgspec.msgpack.Encoder(order="deterministic").encode


UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What msgspec raises at bytes that are not what they should be: text that is no UTF-8 has an error of its own."""


def encode_payload(struct: object) -> bytes:
    """Return a payload's bytes. msgpack's integers end at 64 bits, which a smallest notional of 19 units leaves."""
    try:
        return _encode(struct)
    except OverflowError:
        if not isinstance(struct, events.InstrumentDefined):
            raise
        instrument = struct.instrument
        narrow = msgspec.structs.replace(instrument, min_notional=0)
        return _encode(events.InstrumentDefined(narrow, min_notional_text=str(instrument.min_notional)))


def fields_of(struct: msgspec.Struct) -> dict[str, object]:
    """Return a payload as plain values by field name, structs inside it too: for people and for JSON."""
    return {name: _plain(getattr(struct, name)) for name in struct.__struct_fields__}


def _plain(value: object) -> object:
    """Return a field's value with structs by name and enums by value."""
    return fields_of(value) if isinstance(value, msgspec.Struct) else msgspec.to_builtins(value)


def decode_payload(kind: int, payload: bytes | memoryview) -> msgspec.Struct:
    """Return the struct that a record of `kind` carries. Raises CodecError."""
    decoder = _decoders.get(kind)
    if decoder is None:
        raise CodecError(f"records of kind {kind} carry no payload known to this build; read them with a newer one")
    try:
        struct = decoder.decode(payload)
        if isinstance(struct, events.InstrumentDefined) and struct.min_notional_text:
            wide = msgspec.structs.replace(struct.instrument, min_notional=int(struct.min_notional_text))
            return events.InstrumentDefined(wide)
        return struct
    except (*UNREADABLE, ValueError) as error:
        raise CodecError(f"payload of kind {Kind(kind).name} does not decode: {error}") from error
