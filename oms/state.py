"""What survives a restart, as bytes: all that an order manager must know to go on as if it had never stopped.

`durable_state` writes it, `restore_state` reads it into a new manager whose instruments are defined; the same history
always gives the same bytes. Numbers are written under the names that they have in the code, so a field that is added
to an order or a position is kept without a line here, and a state of an older build reads as the field's default.

A part of the state that has a file of its own is a `Section`: add it to `OrderManager.sections`, or hand it in. It is
kept under its name with a version of its own; a state that holds a section nobody knows is refused, not cut short.
"""

import dataclasses
import hashlib
import zlib
from collections.abc import Iterable, Sequence
from operator import attrgetter

import msgspec

from core.codec import UNREADABLE
from core.instruments import Instrument
from oms.chain import chain_from
from oms.codes import STATES
from oms.errors import BadState, UndefinedInstrument, UnitsChanged
from oms.holding import units_of
from oms.manager import OrderManager
from oms.moves import Totals
from oms.order import Order
from oms.positions import Position, PositionNumbers
from oms.rows import list_head
from oms.section import Section
from oms.written import ORDER_FIELDS, Number, SavedOrder, read_number, write_number, written_orders

VERSION = 1
_DEFLATE = 1  # a fifth of the bytes for a tenth of the time: a journal's record ends at 3.6 MB


class SavedPosition(msgspec.Struct, frozen=True, array_like=True):
    """One position; `strategy_id` is None for the account's net."""

    instrument: int
    strategy_id: str | None
    numbers: list[Number]


class SavedInstrument(msgspec.Struct, frozen=True, array_like=True):
    """An instrument that the state needs; its smallest notional, which leaves 64 bits, beside it as text."""

    index: int
    instrument: Instrument
    min_notional: str


class SavedState(msgspec.Struct, frozen=True, array_like=True):
    """The whole state. Open orders in the order in which they opened, closed and forgotten as they closed."""

    version: int
    states: list[str]  # the name of each state code
    order_fields: list[str]
    position_fields: list[str]
    instruments: list[SavedInstrument]
    open_orders: list[SavedOrder]
    closed_orders: list[SavedOrder]
    forgotten: list[tuple[str, int, list[str]]]
    submitted: int
    closings: int
    counts: list[int]
    positions: list[SavedPosition]
    balances: list[tuple[str, str]]
    account_names: list[str]
    sections: list[tuple[str, int, bytes]]


_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_decoder = msgspec.msgpack.Decoder(SavedState)
_index_of = attrgetter("instrument")
_POSITION_FIELDS = [field.name for field in dataclasses.fields(PositionNumbers)]


def durable_state(manager: OrderManager, parts: Sequence[Section] = ()) -> bytes:
    """Return all that must survive of `manager` and of the `parts` beside it."""
    return pack(plain_state(manager, parts))


def plain_state(manager: OrderManager, parts: Sequence[Section] = ()) -> bytes:
    """Return what `durable_state` packs."""
    return b"".join(state_pieces(manager, parts))


def state_pieces(manager: OrderManager, parts: Sequence[Section] = ()) -> list[bytes]:
    """Return the pieces of `plain_state`: bytes that nothing changes any more, for a thread to join, pack and hash.

    A `SavedState` field by field: orders that changed since they were written last are encoded, the rest is there.
    """
    opened, closed = manager.open_orders(), manager.closed_orders()
    positions = list(_saved_positions(manager))
    defined = manager.instruments()
    kept = {order.instrument for order in manager.held.orders.values()}
    kept |= {index for index in manager.strays.instruments() if index in defined}
    used = kept.union(map(_index_of, opened), map(_index_of, closed), map(_index_of, positions))
    sections = [(part.name, part.version, part.durable()) for part in (*manager.sections(), *parts)]
    before = (
        VERSION,
        [state.value for state in STATES],
        ORDER_FIELDS,
        _POSITION_FIELDS,
        [_saved_instrument(index, manager.instrument(index)) for index in sorted(used)],
    )
    after = (
        manager.totals.submitted,
        manager.totals.closings,
        list(manager.totals.counts),
        positions,
        [(currency, str(amount)) for currency, amount in manager.balances().items()],
        manager.account.canonical(),
        [section for section in sections if section[2]],
    )
    return [
        list_head(len(SavedState.__struct_fields__)),
        *map(_encode, before),
        *(list_head(len(opened)), *written_orders(opened)),
        *(list_head(len(closed)), *written_orders(closed)),
        manager.forgotten_written(),
        *map(_encode, after),
    ]


def pack(plain: bytes) -> bytes:
    """Return the durable state of what `plain_state` returned."""
    return zlib.compress(plain, _DEFLATE)


def plain_hash(plain: bytes) -> bytes:
    """Return the digest of what `plain_state` returned."""
    return hashlib.sha256(plain).digest()


def packed_state(state: SavedState) -> bytes:
    """Return a state as it is kept."""
    return pack(_encode(state))


def state_hash(data: bytes) -> bytes:
    """Return the digest that goes with a durable state: SHA-256 over what it unpacks to, whoever packed it.

    Raises BadState.
    """
    return plain_hash(_unpacked(data))


def saved_state(data: bytes) -> SavedState:
    """Return what a durable state says, for readers that restore nothing. Raises BadState."""
    return _decoded(data)


def instruments_of(data: bytes) -> list[Instrument]:
    """Return the instruments that a durable state speaks of: define them all before restoring it. Raises BadState."""
    return saved_instruments(_decoded(data))


def saved_instruments(state: SavedState) -> list[Instrument]:
    """Return the instruments that a decoded state speaks of, in its order."""
    return [_instrument(saved) for saved in state.instruments]


def restore_state(data: bytes, manager: OrderManager, parts: Sequence[Section] = ()) -> None:
    """Make a new manager, and the parts beside it, what they were when `durable_state` wrote `data`.

    Instruments are known by their names: they may have other indexes now. Raises BadState, UndefinedInstrument,
    UnitsChanged, AlreadyUsed.
    """
    saved = _decoded(data)
    indexes = _indexes(saved, manager)
    codes = _state_codes(saved.states)
    totals = Totals(submitted=saved.submitted, closings=saved.closings)
    for code, count in enumerate(saved.counts):
        totals.counts[codes[code]] = count
    positions = [
        (each.strategy_id, _position(each, saved.position_fields, indexes, manager)) for each in saved.positions
    ]
    manager.restore(
        [_order(each, saved.order_fields, codes, indexes) for each in saved.open_orders],
        [_order(each, saved.order_fields, codes, indexes) for each in saved.closed_orders],
        totals,
        [position for strategy_id, position in positions if strategy_id is None],
        [(strategy_id, position) for strategy_id, position in positions if strategy_id is not None],
        balances={currency: int(amount) for currency, amount in saved.balances},
        forgotten={name: (closing, tuple(execs)) for name, closing, execs in saved.forgotten},
    )
    manager.account.restore(saved.account_names)
    known = {part.name: part for part in (*manager.sections(), *parts)}
    for name, version, section in saved.sections:
        if name not in known:
            raise BadState(f"the state holds {name!r}, which this build does not know: use the build that wrote it")
        known[name].restore(version, section, indexes)


def _unpacked(data: bytes) -> bytes:
    """Return the bytes that were packed. Raises BadState."""
    try:
        return zlib.decompress(data)
    except zlib.error as error:
        raise BadState(f"a durable state of {len(data)} bytes does not unpack: {error}") from error


def _decoded(data: bytes) -> SavedState:
    """Return the state in `data`. Raises BadState."""
    try:
        saved = _decoder.decode(_unpacked(data))
    except UNREADABLE as error:
        raise BadState(f"a durable state of {len(data)} bytes does not decode: {error}") from error
    if saved.version != VERSION:
        raise BadState(
            f"a durable state of version {saved.version}: this build reads {VERSION}, use the one that wrote it"
        )
    return saved


def _saved_instrument(index: int, instrument: Instrument) -> SavedInstrument:
    """Return an instrument as it is kept."""
    plain = msgspec.structs.replace(instrument, min_notional=0)
    return SavedInstrument(index=index, instrument=plain, min_notional=str(instrument.min_notional))


def _instrument(saved: SavedInstrument) -> Instrument:
    """Return an instrument as it was."""
    return msgspec.structs.replace(saved.instrument, min_notional=int(saved.min_notional))


def _order(saved: SavedOrder, fields: list[str], codes: dict[int, int], indexes: dict[int, int]) -> Order:
    """Return an order as it was."""
    intent = msgspec.structs.replace(saved.intent, instrument=indexes[saved.intent.instrument])
    order = Order(intent, 0, 0)
    for name, number in zip(fields, saved.numbers, strict=True):
        setattr(order, name, read_number(number))
    order.instrument = intent.instrument
    order.side = intent.side
    order.state_code = codes[order.state_code]
    order.venue_order_id = saved.venue_order_id
    order.fees = {currency: int(amount) for currency, amount in saved.fees}
    order.exec_ids = {
        exec_id: (quantity, price, int(fee), currency, int(own), int(net))
        for exec_id, quantity, price, fee, currency, own, net in saved.exec_ids
    }
    order.chain = None if saved.chain is None else chain_from(saved.chain)
    return order


def _saved_positions(manager: OrderManager) -> Iterable[SavedPosition]:
    """Yield every position that was ever filled, the account's before the strategies'."""
    for index, strategy_id, position in manager.positions():
        numbers = [getattr(position, name) for name in _POSITION_FIELDS]
        if any(numbers):
            yield SavedPosition(index, strategy_id, [write_number(number) for number in numbers])


def _position(saved: SavedPosition, fields: list[str], indexes: dict[int, int], manager: OrderManager) -> Position:
    """Return a position as it was."""
    index = indexes[saved.instrument]
    position = Position(index, manager.position(index).factor)
    for name, number in zip(fields, saved.numbers, strict=True):
        setattr(position, name, read_number(number))
    return position


def _state_codes(states: list[str]) -> dict[int, int]:
    """Return today's code of each state code of the one that wrote. Raises BadState."""
    known = {state.value: code for code, state in enumerate(STATES)}
    missing = [state for state in states if state not in known]
    if missing:
        raise BadState(f"the state knows order states that this build does not: {', '.join(missing)}")
    return {code: known[state] for code, state in enumerate(states)}


def _indexes(saved: SavedState, manager: OrderManager) -> dict[int, int]:
    """Return the new index of each instrument by its old one. Raises UndefinedInstrument, UnitsChanged."""
    by_id = {manager.instrument(index).id: index for index in manager.instruments()}
    indexes = {}
    for each in saved.instruments:
        instrument = each.instrument
        index = by_id.get(instrument.id)
        if index is None:
            raise UndefinedInstrument(
                f"{instrument.id} has orders or positions from before and is not defined: name it in the venue's "
                "`instruments`, or define it as it was (`oms.state.instruments_of`)"
            )
        if units_of(manager.instrument(index)) != units_of(instrument):
            raise UnitsChanged(
                f"{instrument.id} was traded in units {units_of(instrument)} and is defined in "
                f"{units_of(manager.instrument(index))} now: close it with the build and rules of before"
            )
        indexes[each.index] = index
    return indexes
