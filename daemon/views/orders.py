"""Orders that work, orders that tickerd keeps, parents at work and what ended last; and the newest fills."""

from typing import Any

import msgspec

from core.effects import OrderFilled, ParentProgress
from core.instruments import Instrument
from core.money import money_text
from core.orders import OrderIntent, Side
from daemon.views.seen import Seen
from engine.engine import Engine
from oms.held.order import HeldOrder, Stage
from oms.order import Order

LAST = 20
LAST_MAX = 1_000
_STAGES = {
    Stage.WATCHING: "waits for its trigger",
    Stage.READY: "may go out",
    Stage.EARLY: "waits for its time",
}


class OrderRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One order. `parent`: the kept order or the execution algorithm that sent it, or that must fill before it.

    Times in ns since 1970. `kept`: tickerd keeps it, and `note` says what it waits for.
    """

    id: str
    strategy: str
    instrument: str
    side: str
    type: str
    state: str
    quantity: str
    filled: str
    leaves: str
    price: str = ""
    trigger: str = ""
    average_price: str = ""
    time_in_force: str = ""
    venue_id: str = ""
    parent: str = ""
    kept: bool = False
    note: str = ""
    post_only: bool = False
    reduce_only: bool = False
    fees: dict[str, str] = {}
    submitted_ns: int = 0
    updated_ns: int = 0


class ParentRow(msgspec.Struct, frozen=True, kw_only=True):
    """A parent order that an execution algorithm works at."""

    id: str
    strategy: str
    algorithm: str
    instrument: str
    side: str
    state: str
    quantity: str
    filled: str
    children: int


class OrdersView(msgspec.Struct, frozen=True, kw_only=True):
    """Orders of a scope: a parent before its children; `closed` are the newest that ended, the newest first."""

    time_ns: int
    parents: list[ParentRow]
    working: list[OrderRow]
    kept: list[OrderRow]
    closed: list[OrderRow]


class FillRow(msgspec.Struct, frozen=True, kw_only=True):
    """One execution; money as exact decimal text, `realised` in the instrument's currency, before fees."""

    time_ns: int
    id: str
    strategy: str
    instrument: str
    side: str
    quantity: str
    price: str
    fee: str
    fee_currency: str
    liquidity: str
    realised: str
    currency: str
    order: str


class FillsView(msgspec.Struct, frozen=True, kw_only=True):
    """The newest fills of a scope, the newest last, of those that this daemon has seen."""

    time_ns: int
    rows: list[FillRow]


def orders_view(engine: Engine, seen: Seen, scope: str, last: int = LAST) -> OrdersView:
    """Return the orders of a scope, and the `last` that ended there. Raises ScopeError."""
    matches, manager = engine.commands.matches(scope), engine.manager
    parents = _parents(engine)
    working = [each for each in manager.open_orders() if matches(each.strategy_id, each.instrument)]
    closed: list[OrderRow] = []
    for order in reversed(manager.closed_orders() if last else ()):
        if len(closed) >= last:
            break
        if matches(order.strategy_id, order.instrument):
            closed.append(_order(engine, order, parents))
    rows = [_order(engine, each, parents) for each in working]
    return OrdersView(
        time_ns=engine.now_ns,
        parents=[
            _parent(engine, each)
            for name, each in seen.parents.items()
            if name in engine.desk.by_id and matches(each.strategy_id, each.instrument)
        ],
        working=sorted(rows, key=lambda row: row.parent),  # stable: children stay together, the oldest first
        kept=[_kept(engine, each) for each in manager.held.of_strategy() if matches(each.strategy_id, each.instrument)],
        closed=closed,
    )


def fills_view(engine: Engine, seen: Seen, scope: str, last: int = LAST) -> FillsView:
    """Return the newest fills of a scope. Raises ScopeError."""
    matches = engine.commands.matches(scope)
    rows: list[FillRow] = []
    for time_ns, fill in reversed(seen.fills):
        if len(rows) >= last:
            break
        if matches(fill.strategy_id, fill.instrument):
            rows.append(fill_row(engine.markets[fill.instrument].instrument, time_ns, fill))
    return FillsView(time_ns=engine.now_ns, rows=rows[::-1])


def fill_row(instrument: Instrument, time_ns: int, fill: OrderFilled) -> FillRow:
    """Return one fill of an instrument."""
    return FillRow(
        time_ns=time_ns,
        id=fill.exec_id,
        strategy=fill.strategy_id,
        instrument=instrument.id,
        side=Side(fill.side).name.lower(),
        quantity=instrument.quantity_text(fill.quantity),
        price=instrument.price_text(fill.price),
        fee=money_text(int(fill.fee)),
        fee_currency=fill.fee_currency,
        liquidity="" if fill.liquidity is None else fill.liquidity.value,
        realised=money_text(int(fill.realised)),
        currency=instrument.currency,
        order=fill.client_order_id,
    )


def _parents(engine: Engine) -> dict[str, str]:
    """Return whose child an order is, by its name: of a kept order that sent it, or of an algorithm."""
    parents = {
        name: held.client_order_id
        for held in engine.manager.held.orders.values()
        for name in held.slices
        if name != held.client_order_id
    }
    for actor in engine.desk.actors:
        if actor.owner is not None:
            parents |= dict.fromkeys(actor.orders, actor.id)
    return parents


def _wish(intent: OrderIntent) -> dict[str, Any]:
    """Return what was asked for, as far as it is told in words."""
    return {
        "id": intent.client_order_id,
        "strategy": intent.strategy_id,
        "side": Side(intent.side).name.lower(),
        "type": intent.type.value,
        "time_in_force": intent.time_in_force.value,
        "post_only": intent.post_only,
        "reduce_only": intent.reduce_only,
    }


def _order(engine: Engine, order: Order, parents: dict[str, str]) -> OrderRow:
    """Return an order at the venue, or one that ended."""
    instrument, terms = engine.markets[order.instrument].instrument, order.intent.terms
    return OrderRow(
        **_wish(order.intent),
        instrument=instrument.id,
        state=order.state.value,
        quantity=instrument.quantity_text(order.quantity),
        filled=instrument.quantity_text(order.filled),
        leaves=instrument.quantity_text(order.leaves),
        price=instrument.price_text(order.price) if order.price else "",
        trigger=instrument.price_text(terms.trigger_price) if terms is not None and terms.trigger_price else "",
        average_price=instrument.price_text(round(order.average_price)) if order.filled else "",
        venue_id=order.venue_order_id,
        parent=parents.get(order.client_order_id, "" if terms is None else terms.parent),
        fees={name: money_text(amount) for name, amount in sorted(order.fees.items())},
        submitted_ns=order.submitted_ns,
        updated_ns=order.updated_ns,
    )


def _kept(engine: Engine, held: HeldOrder) -> OrderRow:
    """Return an order that tickerd keeps; what is at the venue of it is an order of its own, and this its parent."""
    instrument = engine.markets[held.instrument].instrument
    note = _STAGES[held.stage]
    if held.ending is not None:
        note = f"ends: {held.reason or held.ending.value}"
    elif held.terms.parent and held.armed < held.quantity:
        note = f"waits for {held.terms.parent} to fill"
    elif held.is_open_at_venue:
        note = f"{sum(each.open for each in held.slices.values())} at the venue"
    return OrderRow(
        **_wish(held.intent),
        instrument=instrument.id,
        state="held",
        quantity=instrument.quantity_text(held.quantity),
        filled=instrument.quantity_text(held.filled),
        leaves=instrument.quantity_text(max(held.quantity - held.filled, 0)),
        price=instrument.price_text(held.intent.price) if held.intent.price else "",
        trigger=instrument.price_text(held.trigger) if held.trigger else "",
        parent=held.terms.parent,
        kept=True,
        note=note,
    )


def _parent(engine: Engine, told: ParentProgress) -> ParentRow:
    """Return a parent at work."""
    instrument = engine.markets[told.instrument].instrument
    return ParentRow(
        id=told.parent,
        strategy=told.strategy_id,
        algorithm=told.algorithm,
        instrument=instrument.id,
        side=Side(told.side).name.lower(),
        state=told.state,
        quantity=instrument.quantity_text(told.quantity),
        filled=instrument.quantity_text(told.filled),
        children=told.children,
    )
