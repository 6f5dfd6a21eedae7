"""What each kind of record becomes in the tables: one function a kind; a kind without a function is passed over.

A function takes what is known, the record, its payload and the rows to add to. It moves what is known and adds rows;
where rows are written is `rows.TABLES`' matter. To project a new kind, write its function under `@of(Kind.NEW)`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import msgspec

from core.codec import fields_of
from core.decimals import to_text
from core.effects import Alert, BalanceChanged, LotChanged, OrderBusted, OrderFilled, OrderUpdated, PositionChanged
from core.events import InstrumentDefined, OrderReport, StateCarried
from core.instruments import Instrument
from core.money import money_text
from core.orders import (
    ApprovedCancel,
    ApprovedGroup,
    ApprovedReplace,
    ApprovedSubmit,
    OrderIntent,
    OrderState,
    Refusal,
)
from core.records import Kind
from daemon.store.carried import carried_books
from daemon.store.known import Known, Traded
from daemon.store.rows import Row, Rows

AVERAGE_DIGITS = 4  # of an average price beyond the instrument's own precision: it is for the eye, the cost is exact


class Record(NamedTuple):
    """Where and when a payload stands in the journal."""

    seq: int
    instrument: int
    recv_ns: int
    venue_ns: int


Handler = Callable[[Known, Record, Any, Rows], None]
HANDLERS: dict[int, Handler] = {}

_H = TypeVar("_H", bound=Handler)


def of(kind: Kind) -> Callable[[_H], _H]:
    """Have a function project the records of `kind`."""

    def register(handler: _H) -> _H:
        HANDLERS[kind] = handler
        return handler

    return register


@of(Kind.INSTRUMENT)
def instrument_defined(known: Known, record: Record, defined: InstrumentDefined, rows: Rows) -> None:
    """Learn an instrument's rules."""
    instrument, index = defined.instrument, record.instrument
    traded = known.instruments.get(index)
    if traded is None:
        known.instruments[index] = Traded(index, instrument)
    else:
        traded.define(instrument)
    rows.add("instruments", _instrument_row(index, instrument))


@of(Kind.SUBMIT)
def order_submitted(known: Known, record: Record, command: ApprovedSubmit, rows: Rows) -> None:
    """An order that passed the gate: what only its intent tells; the update that follows tells the rest."""
    intent = command.intent
    units = (*_units(known, intent.instrument, intent.price, intent.quantity), *_filled(known, intent.instrument, 0))
    rows.add("orders", _order(known, record, intent, intent.instrument, units, (OrderState.SUBMITTED.value, "")))


@of(Kind.SUBMIT_GROUP)
def group_submitted(known: Known, record: Record, command: ApprovedGroup, rows: Rows) -> None:
    """Orders that the venue takes as one list."""
    for each in command.orders:
        order_submitted(known, record, each, rows)


@of(Kind.CARRIED)
def books_carried(known: Known, record: Record, carried: StateCarried, rows: Rows) -> None:
    """What the session takes over from the one before it; balances and positions of before are no more."""
    books = carried_books(carried.state)
    indexes = {traded.instrument.id: index for index, traded in known.instruments.items()}
    for currency in sorted({*known.balances, *books.balances}):
        balance, before = books.balances.get(currency, 0), known.balances.get(currency, 0)
        set_balance(known, record, currency, balance - before, balance, "carried", rows)
    for position in books.positions:
        index, numbers = indexes[position.instrument], position.numbers  # defined before, or the engine refuses it
        factor = known.instruments[index].terms.value_factor
        cost, realised = numbers["cost"] * factor, numbers["realised"] * factor
        _set_position(known, record, index, (numbers["quantity"], cost, realised, numbers["fees"]), rows)
    for order in books.orders:
        index, numbers = indexes[order.instrument], order.numbers
        units = (
            *_units(known, index, numbers["price"], numbers["quantity"]),
            *_filled(known, index, numbers["filled"]),
        )
        rows.add("orders", _order(known, record, order.intent, index, units, (order.state, order.venue_order_id)))


@of(Kind.ORDER)
def order_updated(known: Known, record: Record, update: OrderUpdated, rows: Rows) -> None:
    """An order's new state, and the event of it."""
    index, name = update.instrument, known.name(update.instrument)
    units: tuple[str | int, ...] = _units(known, index, update.price, update.quantity)
    rows.add(
        "orders",
        (
            update.client_order_id,
            update.strategy_id,
            name,
            update.side.name.lower(),
            update.type.value,
            *(None, None, None, None),
            *units,
            *_filled(known, index, update.filled),
            update.state.value,
            update.venue_order_id,
            update.reason,
            record.recv_ns,
            record.seq,
            record.recv_ns,
            record.seq,
        ),
    )
    previous = "" if update.previous is None else update.previous.value
    order = (update.client_order_id, update.strategy_id, name)
    state = (update.state.value, previous, update.venue_order_id, "")
    units = (*units, *_filled(known, index, update.filled))
    rows.add("events", _event(record, "update", order, state, units, update.reason))


@of(Kind.CANCEL)
def cancel_sent(known: Known, record: Record, command: ApprovedCancel, rows: Rows) -> None:
    """A cancel that left for the venue."""
    order = (command.client_order_id, command.strategy_id, known.name(command.instrument))
    state = ("cancel-sent", "", command.venue_order_id, "")
    rows.add("events", _event(record, "cancel", order, state, ("0", 0, "0", 0, "0", 0), ""))


@of(Kind.REPLACE)
def replace_sent(known: Known, record: Record, command: ApprovedReplace, rows: Rows) -> None:
    """A change of an order that left for the venue: the price and quantity that it asks for."""
    order = (command.client_order_id, command.strategy_id, known.name(command.instrument))
    state = ("replace-sent", "", command.venue_order_id, "")
    units = (
        *_units(known, command.instrument, command.price, command.quantity),
        *_filled(known, command.instrument, command.filled),
    )
    rows.add("events", _event(record, "replace", order, state, units, ""))


@of(Kind.REPORT)
def venue_reported(known: Known, record: Record, report: OrderReport, rows: Rows) -> None:
    """A venue's own word on an order, whether or not anything came of it."""
    order = (report.client_order_id, "", known.name(record.instrument))
    state = (report.type.value, "", report.venue_order_id, report.exec_id)
    units = (*_units(known, record.instrument, report.price, report.quantity), "0", 0)
    rows.add("events", _event(record, "report", order, state, units, report.reason))


@of(Kind.FILL)
def order_filled(known: Known, record: Record, fill: OrderFilled, rows: Rows) -> None:
    """One execution as it was booked."""
    liquidity = "" if fill.liquidity is None else fill.liquidity.value
    rows.add("fills", _fill(known, record, fill, 1, liquidity))


@of(Kind.BUST)
def order_busted(known: Known, record: Record, bust: OrderBusted, rows: Rows) -> None:
    """An execution that the venue took back: the opposite of its row, so that sums stay right."""
    rows.add("fills", _fill(known, record, bust, -1, ""))


@of(Kind.LOT)
def lot_changed(known: Known, record: Record, lot: LotChanged, rows: Rows) -> None:
    """A tax lot as it is now; its price is what it cost a piece when it was opened."""
    index, traded = lot.instrument, known.instruments.get(lot.instrument)
    price = 0 if traded is None or not lot.quantity else _opening_price(traded, int(lot.cost), lot.quantity)
    row = (
        f"{lot.strategy_id}/{known.name(index)}/{lot.number}",
        lot.strategy_id,
        known.name(index),
        lot.method,
        lot.side.name.lower(),
        *_units(known, index, price, lot.size),
        *_filled(known, index, lot.left),
        money_text(int(lot.cost)),
        money_text(int(lot.gained)),
        known.currency(index),
        *(lot.opened_ns, record.seq, record.recv_ns, record.seq),
    )
    rows.add("lots", row)


@of(Kind.POSITION)
def position_changed(known: Known, record: Record, change: PositionChanged, rows: Rows) -> None:
    """The account's net position in an instrument."""
    numbers = (change.quantity, int(change.cost), int(change.realised), int(change.fees))
    _set_position(known, record, change.instrument, numbers, rows)


@of(Kind.BALANCE)
def balance_changed(known: Known, record: Record, change: BalanceChanged, rows: Rows) -> None:
    """The account's cash in one currency."""
    set_balance(known, record, change.currency, int(change.delta), int(change.balance), change.reason, rows)


@of(Kind.REFUSAL)
def order_refused(known: Known, record: Record, refusal: Refusal, rows: Rows) -> None:
    """An order that the gate refused, and why."""
    intent = refusal.intent
    rows.add(
        "refusals",
        (
            record.seq,
            record.recv_ns,
            refusal.code,
            refusal.limit,
            refusal.figure,
            refusal.message,
            intent.client_order_id,
            intent.strategy_id,
            known.name(intent.instrument),
            intent.side.name.lower(),
            intent.type.value,
            *_units(known, intent.instrument, intent.price, intent.quantity),
        ),
    )


@of(Kind.ALERT)
def alerted(known: Known, record: Record, alert: Alert, rows: Rows) -> None:
    """Something that a person should know."""
    name = known.name(alert.instrument)
    rows.add("alerts", (record.seq, record.recv_ns, alert.severity.value, alert.code, alert.message, name))


# ---------------------------------------------------------------------------------------------------------- parts


def set_balance(known: Known, record: Record, currency: str, delta: int, balance: int, reason: str, rows: Rows) -> None:
    """Take a balance as it is now, and tell the change; both money."""
    known.balances[currency] = balance
    rows.add("balances", (currency, money_text(balance), record.seq, record.recv_ns))
    changed = (record.seq, currency, record.recv_ns, money_text(delta), money_text(balance), reason)
    rows.add("balance_changes", changed)


def _set_position(known: Known, record: Record, index: int, numbers: tuple[int, int, int, int], rows: Rows) -> None:
    """Take a position as it is now: quantity in units, cost, realised profit and fees as money; and tell the change."""
    quantity, cost, realised, fees = numbers
    traded, name = known.instruments.get(index), known.name(index)
    if traded is not None:
        traded.quantity, traded.cost, traded.realised, traded.fees = numbers
    row = (
        known.quantity(index, quantity),
        quantity,
        "" if traded is None else _average_price(traded),
        money_text(cost),
        money_text(realised),
        money_text(fees),
        known.currency(index),
    )
    rows.add("positions", (index, name, *row, record.seq, record.recv_ns))
    rows.add("position_changes", (record.seq, record.recv_ns, name, *row))


def _order(
    known: Known,
    record: Record,
    intent: OrderIntent,
    index: int,
    units: tuple[str | int, ...],
    state: tuple[str, str],
) -> Row:
    """Return the row of an order of which only its intent is known to the table.

    `index`: its instrument's; `units`: price, quantity and filled quantity, each as text and in units; `state`: its
    state and the venue's id of it.
    """
    return (
        intent.client_order_id,
        intent.strategy_id,
        known.name(index),
        intent.side.name.lower(),
        intent.type.value,
        intent.time_in_force.value,
        int(intent.post_only),
        int(intent.reduce_only),
        _terms(intent),
        *units,
        *state,
        "",
        *(record.recv_ns, record.seq) * 2,
    )


def _fill(known: Known, record: Record, fill: OrderFilled | OrderBusted, sign: int, liquidity: str) -> Row:
    """Return the row of an execution; `sign` is -1 for one that was taken back."""
    index = fill.instrument
    traded = known.instruments.get(index)
    notional = 0 if traded is None else traded.terms.value(fill.quantity, fill.price) * traded.terms.value_factor
    return (
        record.seq,
        record.recv_ns,
        "fill" if sign > 0 else "bust",
        fill.client_order_id,
        fill.strategy_id,
        known.name(index),
        fill.side.name.lower(),
        fill.exec_id,
        *_units(known, index, fill.price, sign * fill.quantity),
        money_text(sign * notional),
        money_text(int(fill.realised)),
        known.currency(index),
        money_text(sign * int(fill.fee)),
        fill.fee_currency,
        liquidity,
    )


def _instrument_row(index: int, instrument: Instrument) -> Row:
    """Return the row of an instrument's rules."""
    return (
        index,
        instrument.id,
        instrument.asset_class.value,
        instrument.currency,
        instrument.price_precision,
        instrument.size_precision,
        msgspec.json.encode(instrument).decode(),
    )


def _units(known: Known, index: int, price: int, quantity: int) -> tuple[str, int, str, int]:
    """Return a price and a quantity, each as text and in units."""
    return known.price(index, price), price, known.quantity(index, quantity), quantity


def _filled(known: Known, index: int, filled: int) -> tuple[str, int]:
    """Return a filled quantity as text and in units."""
    return known.quantity(index, filled), filled


def _terms(intent: OrderIntent) -> str | None:
    """Return what an order asks for beyond price and quantity as JSON, None for a plain one."""
    return None if intent.terms is None else msgspec.json.encode(fields_of(intent.terms)).decode()


def _event(
    record: Record,
    what: str,
    order: tuple[str, str, str],
    state: tuple[str, str, str, str],
    units: tuple[str | int, ...],
    reason: str,
) -> Row:
    """Return the row of something that happened to an order.

    `order`: its id, strategy, instrument; `state`: state, previous one, venue's order id, execution's id; `units`:
    price, quantity and filled quantity, each as text and in units.
    """
    return (record.seq, record.recv_ns, record.venue_ns, what, *order, *state, *units, reason)


def _average_price(traded: Traded) -> str:
    """Return what the open quantity cost a piece, as text, rounded to a few digits beyond the instrument's own."""
    if not traded.quantity:
        return ""
    digits = traded.instrument.price_precision + AVERAGE_DIGITS
    if traded.terms.inverse_scale:  # contracts over what they are worth: the harmonic mean
        return to_text(_rounded(traded.quantity * traded.terms.inverse_scale * 10**AVERAGE_DIGITS, traded.cost), digits)
    # cost is money = price units x quantity units x factor; `scaled` is the average in 10^-digits.
    per_unit = traded.cost * 10**AVERAGE_DIGITS
    scaled = _rounded(per_unit, traded.quantity * traded.terms.value_factor)
    return to_text(scaled, digits)


def _opening_price(traded: Traded, cost: int, quantity: int) -> int:
    """Return what a lot cost a piece, in price units: exact but for inverse contracts and what was split."""
    if traded.terms.inverse_scale:
        return _rounded(quantity * traded.terms.inverse_scale, cost) if cost else 0
    return _rounded(cost, quantity * traded.terms.value_factor)


def _rounded(numerator: int, denominator: int) -> int:
    """Return a quotient rounded half away from zero; an average of positive prices is positive."""
    sign = 1 if (numerator < 0) == (denominator < 0) else -1
    return sign * ((2 * abs(numerator) + abs(denominator)) // (2 * abs(denominator)))
