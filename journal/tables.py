"""What each kind of export shows: its columns, and where in a record they come from.

Prices, quantities and money become decimal text, equal as numbers to what the venue sent; JSON numbers and floats
would not be.
"""

import enum

import msgspec
import msgspec.inspect as types
import numpy as np
import numpy.typing as npt

from core.codec import PAYLOAD_TYPES
from core.orders import Side
from core.records import ASK, EMPTY, EXECUTED, NOT_MARKET, REAPPLIED, SELL_AGGRESSOR, SNAPSHOT, Kind


class Form(enum.Enum):
    """How a value is shown."""

    INT = enum.auto()
    BOOL = enum.auto()
    WORD = enum.auto()  # one of a few words of ours
    PRICE = enum.auto()  # units of the row's instrument, as decimal text
    QUANTITY = enum.auto()
    MONEY = enum.auto()
    NOTIONAL = enum.auto()  # price units times quantity units of the row's instrument, as money
    TWICE = enum.auto()  # twice a price: the middle of a bid and an ask, to the last unit
    INSTRUMENT = enum.auto()  # an index, as the instrument's name
    SIDE = enum.auto()
    TEXT = enum.auto()
    BYTES = enum.auto()  # base64


class Field(msgspec.Struct, frozen=True):
    """One column of a table. `source` is a slot's field, or the way to a payload's: names joined by dots."""

    name: str
    source: str
    form: Form
    words: tuple[str | bool, ...] = ()  # what each value of `flags` means, for WORD and BOOL


class Table(msgspec.Struct, frozen=True):
    """One kind of export. `shows` says for each value of `flags` whether a plain record is shown."""

    kind: Kind
    fields: tuple[Field, ...]
    shows: tuple[bool, ...] = (True,) * 256

    @property
    def plain(self) -> bool:
        """Whether its records are single slots."""
        return self.kind not in PAYLOAD_TYPES

    def mask(self) -> npt.NDArray[np.bool_]:
        """Return `shows` as a mask to be indexed by flags."""
        return np.array(self.shows, np.bool_)


BASE = (
    Field("seq", "seq", Form.INT),
    Field("recv_ns", "recv_ns", Form.INT),
    Field("venue_ns", "venue_ns", Form.INT),
    Field("instrument", "instrument", Form.INSTRUMENT),
)

_FLAGS = range(256)
_AGGRESSOR = tuple("sell" if flags & SELL_AGGRESSOR else "buy" for flags in _FLAGS)
_MARKET = tuple(not flags & NOT_MARKET for flags in _FLAGS)
_SIDE = tuple("ask" if flags & ASK else "bid" for flags in _FLAGS)
_EXECUTED = tuple(bool(flags & EXECUTED) for flags in _FLAGS)
_SNAPSHOT = tuple(bool(flags & SNAPSHOT) for flags in _FLAGS)
# A delta that came while the book was out of sync is recorded as PENDING when it arrives and again, as REAPPLIED,
# when it is applied; a message without levels is one EMPTY record. Once each, as they came:
_DELTAS = tuple(not flags & (SNAPSHOT | REAPPLIED | EMPTY) for flags in _FLAGS)
_SNAPSHOTS = tuple(bool(flags & SNAPSHOT) and not flags & EMPTY for flags in _FLAGS)

_LEVEL = (
    Field("first_update_id", "c", Form.INT),
    Field("last_update_id", "d", Form.INT),
    Field("side", "flags", Form.WORD, _SIDE),
    Field("price", "a", Form.PRICE),
    Field("quantity", "b", Form.QUANTITY),
)

PLAIN_TABLES = {
    "trades": Table(
        Kind.TRADE,
        (
            Field("trade_id", "c", Form.INT),
            Field("price", "a", Form.PRICE),
            Field("quantity", "b", Form.QUANTITY),
            Field("aggressor", "flags", Form.WORD, _AGGRESSOR),
            Field("market", "flags", Form.BOOL, _MARKET),
        ),
    ),
    "quotes": Table(
        Kind.QUOTE,
        (
            Field("bid_price", "a", Form.PRICE),
            Field("bid_quantity", "b", Form.QUANTITY),
            Field("ask_price", "c", Form.PRICE),
            Field("ask_quantity", "d", Form.QUANTITY),
            Field("update_id", "e", Form.INT),
        ),
    ),
    "book": Table(Kind.BOOK, _LEVEL, _DELTAS),
    "book-snapshots": Table(Kind.BOOK, _LEVEL, _SNAPSHOTS),
    "mbo": Table(
        Kind.MBO,
        (
            Field("sequence", "d", Form.INT),
            Field("order_id", "c", Form.INT),
            Field("rank", "e", Form.INT),
            Field("side", "flags", Form.WORD, _SIDE),
            Field("price", "a", Form.PRICE),
            Field("change", "b", Form.QUANTITY),
            Field("executed", "flags", Form.BOOL, _EXECUTED),
            Field("snapshot", "flags", Form.BOOL, _SNAPSHOT),
        ),
    ),
    "bars": Table(
        Kind.BAR,
        (
            Field("open", "a", Form.PRICE),
            Field("high", "b", Form.PRICE),
            Field("low", "c", Form.PRICE),
            Field("close", "d", Form.PRICE),
            Field("volume", "e", Form.QUANTITY),
        ),
    ),
    "marks": Table(
        Kind.MARK,
        (
            Field("mark_price", "a", Form.PRICE),
            Field("index_price", "b", Form.PRICE),
            Field("funding_rate_e8", "c", Form.INT),
            Field("next_funding_ns", "d", Form.INT),
        ),
    ),
}

_PAYLOAD_KINDS = {
    "instruments": Kind.INSTRUMENT,
    "reports": Kind.REPORT,
    "feeds": Kind.FEED,
    "commands": Kind.COMMAND,
    "raw": Kind.RAW,
    "lifecycle": Kind.LIFECYCLE,
    "clock": Kind.CLOCK,
    "lags": Kind.LAG,
    "account-moves": Kind.ACCOUNT_MOVE,
    "account-trades": Kind.ACCOUNT_TRADE,
    "links": Kind.LINK,
    "dead-man": Kind.DEAD_MAN,
    "corporate-actions": Kind.CORPORATE,
    "submits": Kind.SUBMIT,
    "replaces": Kind.REPLACE,
    "cancels": Kind.CANCEL,
    "orders": Kind.ORDER,
    "fills": Kind.FILL,
    "positions": Kind.POSITION,
    "balances": Kind.BALANCE,
    "refusals": Kind.REFUSAL,
    "alerts": Kind.ALERT,
    "strategies": Kind.STRATEGY,
    "timers": Kind.TIMER,
    "resyncs": Kind.RESYNC,
    "queries": Kind.QUERY,
    "reconciled": Kind.RECONCILED,
    "freezes": Kind.FREEZE,
    "latches": Kind.LATCH,
    "limits": Kind.LIMIT,
    "flattens": Kind.FLATTEN,
    "breakers": Kind.BREAKER,
    "parents": Kind.PARENT,
    "lots": Kind.LOT,
    "conversions": Kind.CONVERSION,
    "routes": Kind.ROUTE,
    "busts": Kind.BUST,
    "held": Kind.HELD,
    "booked": Kind.BOOKED,
    "roster": Kind.ROSTER,
    "scales": Kind.SCALE,
    "exits": Kind.EXIT,
}

# Payload fields whose numbers are units or money; every other number is itself.
_FORMS = {
    **dict.fromkeys(
        (
            "price",
            "reference_price",
            "tick",
            "strike",
            "trigger_price",
            "activation_price",
            "trail",
            "trigger",
            "atr",
            "limit_offset",
            "cash_price",
        ),
        Form.PRICE,
    ),
    **dict.fromkeys(
        (
            "quantity",
            "size",
            "filled",
            "lot",
            "min_quantity",
            "max_quantity",
            "display_quantity",
            "left",
            "market_volume",
        ),
        Form.QUANTITY,
    ),
    **dict.fromkeys(("notional", "market_notional"), Form.NOTIONAL),
    "arrival_twice": Form.TWICE,
    **dict.fromkeys(
        (
            "amount",
            "fee",
            "fees",
            "realised",
            "cost",
            "delta",
            "balance",
            "min_notional",
            "proceeds",
            "gained",
            "value",
            "withheld",
        ),
        Form.MONEY,
    ),
}


def _payload_fields(struct: type, way: str = "") -> tuple[Field, ...]:
    """Return the columns of a payload's struct, those of a struct inside of it among them."""
    info = types.type_info(struct)
    assert isinstance(info, types.StructType)
    fields: list[Field] = []
    for field in info.fields:
        source = way + field.name
        inner = field.type
        if isinstance(inner, types.UnionType):
            inner = next(one for one in inner.types if not isinstance(one, types.NoneType))
        if isinstance(inner, types.StructType):
            fields.extend(_payload_fields(inner.cls, source + "."))
        elif field.name in {"instrument", "min_notional_text"}:
            continue  # a base column; how the codec writes a number that the instrument itself has
        elif isinstance(inner, types.BytesType):
            fields.append(Field(field.name + "_base64", source, Form.BYTES))
        else:
            form = _form(field.name, inner)
            name = field.name.replace("_twice", "_mid") if form is Form.TWICE else field.name
            fields.append(Field(name, source, form))
    return tuple(fields)


def _form(name: str, kind: types.Type) -> Form:
    """Return how a payload's field is shown."""
    if name in _FORMS:
        return _FORMS[name]
    if isinstance(kind, types.EnumType):
        return Form.SIDE if kind.cls is Side else Form.TEXT
    if isinstance(kind, types.BoolType):
        return Form.BOOL
    return Form.INT if isinstance(kind, types.IntType) else Form.TEXT


TABLES: dict[str, Table] = {
    **PLAIN_TABLES,
    **{name: Table(kind, _payload_fields(PAYLOAD_TYPES[kind])) for name, kind in _PAYLOAD_KINDS.items()},
}
KINDS = tuple(TABLES)
