"""What a session takes over from the one before it, read for the tables alone: open orders, positions, cash.

The core restores its whole state from the same bytes (`oms.state`) and refuses what it does not know; a projection
takes of it what it has tables for.
"""

from typing import NamedTuple

from core.errors import CodecError
from core.orders import OrderIntent
from oms.errors import BadState
from oms.state import saved_state
from oms.written import read_number


class CarriedOrder(NamedTuple):
    """An open order; its numbers by the names that they have in `oms.order`."""

    intent: OrderIntent
    instrument: str
    state: str
    venue_order_id: str
    numbers: dict[str, int]


class CarriedPosition(NamedTuple):
    """The account's net position in one instrument; its numbers by the names that they have in `oms.positions`."""

    instrument: str
    numbers: dict[str, int]


class CarriedBooks(NamedTuple):
    """All of it; balances are money."""

    orders: list[CarriedOrder]
    positions: list[CarriedPosition]
    balances: dict[str, int]


def carried_books(data: bytes) -> CarriedBooks:
    """Return what `data`, as `oms.state.durable_state` wrote it, says. Raises CodecError."""
    try:
        state = saved_state(data)
    except BadState as error:
        raise CodecError(f"a carried state: {error}") from error
    names = {each.index: each.instrument.id for each in state.instruments}
    orders = []
    for order in state.open_orders:
        numbers = dict(zip(state.order_fields, map(read_number, order.numbers), strict=True))
        name = names[order.intent.instrument]
        orders.append(
            CarriedOrder(order.intent, name, state.states[numbers["state_code"]], order.venue_order_id, numbers)
        )
    positions = [
        CarriedPosition(
            names[each.instrument], dict(zip(state.position_fields, map(read_number, each.numbers), strict=True))
        )
        for each in state.positions
        if each.strategy_id is None
    ]
    return CarriedBooks(orders, positions, {currency: int(amount) for currency, amount in state.balances})
