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

import msgspec

from core.codec import UNREADABLE
from core.instruments import Instrument
from core.orders import OrderIntent
from oms.chain import SavedChain, chain_from
from oms.codes import STATES
from oms.errors import BadState, UndefinedInstrument, UnitsChanged
from oms.holding import units_of
from oms.manager import OrderManager
from oms.moves import Totals
from oms.order import Booked, Order, OrderNumbers
from oms.positions import Position, PositionNumbers
from oms.section import Section

VERSION = 1
_DEFLATE = 1  # a fifth of the bytes for a tenth of the time: a journal's record ends at 3.6 MB

Number = bool | int | str
"""A number as it is written: text where it leaves 64 bits."""


class SavedOrder(msgspec.Struct, frozen=True, array_like=True):
    """One order; `numbers` in the order of `SavedState.order_fields`."""

    intent: OrderIntent
    numbers: list[Number]
    venue_order_id: str
    fees: list[tuple[str, str]]
    exec_ids: list[tuple[str, int, int, str, str, str, str]]  # of `oms.order.Booked`, money and profits as text
    chain: SavedChain | None = None


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
_ORDER_FIELDS = [field.name for field in dataclasses.fields(OrderNumbers)]
_POSITION_FIELDS = [field.name for field in dataclasses.fields(PositionNumbers)]
_INT64 = 1 << 63


def durable_state(manager: OrderManager, parts: Sequence[Section] = ()) -> bytes:
    """Return all that must survive of `manager` and of the `parts` beside it."""
    opened, closed = manager.open_orders(), manager.closed_orders()
    positions = list(_saved_positions(manager))
    defined = manager.instruments()
    kept = {order.instrument for order in manager.held.orders.values()}
    kept |= {index for index in manager.strays.instruments() if index in defined}
    used = kept | {order.instrument for order in (*opened, *closed)} | {position.instrument for position in positions}
    sections = [(part.name, part.version, part.durable()) for part in (*manager.sections(), *parts)]
    state = SavedState(
        version=VERSION,
        states=[state.value for state in STATES],
        order_fields=_ORDER_FIELDS,
        position_fields=_POSITION_FIELDS,
        instruments=[_saved_instrument(index, manager.instrument(index)) for index in sorted(used)],
        open_orders=[_saved_order(order) for order in opened],
        closed_orders=[_saved_order(order) for order in closed],
        forgotten=[(name, closing, list(execs)) for name, (closing, execs) in manager.forgotten_orders().items()],
        submitted=manager.totals.submitted,
        closings=manager.totals.closings,
        counts=list(manager.totals.counts),
        positions=positions,
        balances=[(currency, str(amount)) for currency, amount in manager.balances().items()],
        account_names=manager.account.canonical(),
        sections=[section for section in sections if section[2]],
    )
    return packed_state(state)


def packed_state(state: SavedState) -> bytes:
    """Return a state as it is kept."""
    return zlib.compress(_encode(state), _DEFLATE)


def state_hash(data: bytes) -> bytes:
    """Return the digest that goes with a durable state: SHA-256 over what it unpacks to, whoever packed it.

    Raises BadState.
    """
    return hashlib.sha256(_unpacked(data)).digest()


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


def write_number(value: int) -> Number:
    """Return a number as it is written."""
    return value if -_INT64 <= value < _INT64 else str(value)


def read_number(value: Number) -> int:
    """Return a number as it was."""
    return int(value) if isinstance(value, str) else value


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


def _saved_order(order: Order) -> SavedOrder:
    """Return an order as it is kept."""
    return SavedOrder(
        intent=order.intent,
        numbers=[write_number(getattr(order, name)) for name in _ORDER_FIELDS],
        venue_order_id=order.venue_order_id,
        fees=[(currency, str(order.fees[currency])) for currency in sorted(order.fees)],
        exec_ids=[_saved_execution(exec_id, order.exec_ids[exec_id]) for exec_id in sorted(order.exec_ids)],
        chain=None if order.chain is None else order.chain.canonical(),
    )


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


def _saved_execution(exec_id: str, booked: Booked) -> tuple[str, int, int, str, str, str, str]:
    """Return an execution as it is kept."""
    quantity, price, fee, currency, own_realised, realised = booked
    return exec_id, quantity, price, str(fee), currency, str(own_realised), str(realised)


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
