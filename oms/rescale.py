"""A durable state in finer units: what a restart needs where a venue has come to price or count more finely.

Only the precision changes, by whole powers of ten, so every figure stays what it was, to the last unit. Towards coarser
units nothing is ever converted: an instrument keeps the finest units that it was traded in (`daemon.live.fitting`).
What has no rule here (orders that tickerd keeps, tax lots, reports that wait) is refused by name, not guessed.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from core.decimals import INT64_MAX
from core.instruments import Instrument
from core.money import MONEY_DECIMALS
from core.orders import OrderIntent
from oms.chain import SavedChain
from oms.errors import NotExact
from oms.held.order import from_saved
from oms.state import SavedPosition, SavedState, packed_state, saved_state
from oms.written import SavedOrder, read_number, write_number

Scale = tuple[int, int]
"""By how much prices and quantities are multiplied."""

_PRICES, _SIZES = ("tick", "strike"), ("lot", "min_quantity", "max_quantity")
_TERM_PRICES = ("trigger_price", "trail", "activation_price", "limit_offset")
_encode = msgspec.msgpack.Encoder(order="deterministic").encode


def in_units(instrument: Instrument, price_precision: int, size_precision: int) -> Instrument:
    """Return an instrument in units that are as fine or finer. Raises NotExact where those cannot be held."""
    prices = 10 ** (price_precision - instrument.price_precision)
    sizes = 10 ** (size_precision - instrument.size_precision)
    if price_precision + size_precision > MONEY_DECIMALS:
        raise NotExact(
            f"{instrument.id} would need {price_precision} decimals of price and {size_precision} of quantity, and "
            f"money is exact to {MONEY_DECIMALS} in all"
        )
    changed: dict[str, int] = {name: min(getattr(instrument, name) * prices, INT64_MAX) for name in _PRICES}
    changed |= {name: min(getattr(instrument, name) * sizes, INT64_MAX) for name in _SIZES}
    return msgspec.structs.replace(
        instrument, price_precision=price_precision, size_precision=size_precision, **changed
    )


def in_finer_units(data: bytes, units: Mapping[str, tuple[int, int]]) -> bytes:
    """Return a durable state with each named instrument in these decimals of price and quantity, as fine or finer.

    Raises NotExact naming what has no rule, BadState.
    """
    saved = saved_state(data)
    scales: dict[int, Scale] = {}
    inverse: set[int] = set()
    instruments = []
    for each in saved.instruments:
        known = each.instrument
        finer = in_units(known, *units.get(known.id, (known.price_precision, known.size_precision)))
        instruments.append(msgspec.structs.replace(each, instrument=finer))
        scale = (
            10 ** (finer.price_precision - known.price_precision),
            10 ** (finer.size_precision - known.size_precision),
        )
        if scale != (1, 1):
            scales[each.index] = scale
            if known.inverse:
                inverse.add(each.index)
    if not scales:
        return data
    names = {each.index: each.instrument.id for each in saved.instruments}
    sections = [
        (name, version, _section(name, section, scales, inverse, names)) for name, version, section in saved.sections
    ]
    changed = msgspec.structs.replace(
        saved,
        instruments=instruments,
        open_orders=[_order(each, saved, scales, inverse) for each in saved.open_orders],
        closed_orders=[_order(each, saved, scales, inverse) for each in saved.closed_orders],
        positions=[_position(each, saved.position_fields, scales, inverse) for each in saved.positions],
        sections=sections,
    )
    return packed_state(changed)


def _order(order: SavedOrder, saved: SavedState, scales: Mapping[int, Scale], inverse: set[int]) -> SavedOrder:
    """Return an order in the new units."""
    index = order.intent.instrument
    if index not in scales:
        return order
    prices, sizes = scales[index]
    factors = {"quantity": sizes, "price": prices, "filled": sizes, "notional": prices * sizes}
    profits = 1 if index in inverse else prices * sizes
    numbers = [
        write_number(read_number(number) * factors.get(name, 1)) if name in factors else number
        for name, number in zip(saved.order_fields, order.numbers, strict=True)
    ]
    executions = [
        (exec_id, quantity * sizes, price * prices, fee, currency, str(int(own) * profits), str(int(net) * profits))
        for exec_id, quantity, price, fee, currency, own, net in order.exec_ids
    ]
    chain = None if order.chain is None else _chain(order.chain, prices, sizes)
    return msgspec.structs.replace(
        order, intent=_intent(order.intent, prices, sizes), numbers=numbers, exec_ids=executions, chain=chain
    )


def _intent(intent: OrderIntent, prices: int, sizes: int) -> OrderIntent:
    """Return an intent in the new units."""
    terms = intent.terms
    if terms is not None:
        scaled = {name: getattr(terms, name) * prices for name in _TERM_PRICES}
        terms = msgspec.structs.replace(terms, display_quantity=terms.display_quantity * sizes, **scaled)
    return msgspec.structs.replace(intent, price=intent.price * prices, quantity=intent.quantity * sizes, terms=terms)


def _chain(chain: SavedChain, prices: int, sizes: int) -> SavedChain:
    """Return a chain of replacements in the new units."""
    (wanted, total, revision, newest, leg, leg_quantity, trims), flags, pending, fills, venue_ids = chain
    if pending is not None:
        number, price, quantity, filled, sent = pending
        pending = (number, price * prices, quantity * sizes, filled * sizes, sent)
    counts = (wanted * sizes, total * sizes, revision, newest, leg, leg_quantity * sizes, trims)
    return counts, flags, pending, [(number, quantity * sizes) for number, quantity in fills], venue_ids


def _position(saved: SavedPosition, fields: list[str], scales: Mapping[int, Scale], inverse: set[int]) -> SavedPosition:
    """Return a position in the new units; what an inverse contract cost is money already."""
    if saved.instrument not in scales:
        return saved
    prices, sizes = scales[saved.instrument]
    values = 1 if saved.instrument in inverse else prices * sizes
    factors = {"quantity": sizes, "cost": values, "realised": values}
    numbers = [
        write_number(read_number(number) * factors[name]) if name in factors else number
        for name, number in zip(fields, saved.numbers, strict=True)
    ]
    return msgspec.structs.replace(saved, numbers=numbers)


def _section(name: str, data: bytes, scales: Mapping[int, Scale], inverse: set[int], names: Mapping[int, str]) -> bytes:
    """Return one section in the new units. Raises NotExact where it holds what has no rule."""
    if name == "accounting":
        return _encode([_books(what, rows, scales, inverse, names) for what, rows in msgspec.msgpack.decode(data)])
    if name == "held":
        for order in map(from_saved, msgspec.msgpack.decode(data, type=list[bytes])):
            if order.instrument in scales:
                _refuse("orders that tickerd keeps", names[order.instrument])
    elif name == "strays":
        for index, *_ in msgspec.msgpack.decode(data):
            if index in scales:
                _refuse("reports that wait for their order", names[index])
    return data  # names, times and reasons, no figures


def _books(
    what: str, rows: list[Any], scales: Mapping[int, Scale], inverse: set[int], names: Mapping[int, str]
) -> list[object]:
    """Return one kind of the accounting's rows in the new units."""
    if what not in {"legs", "lots"}:
        return [what, rows]
    changed: list[Any] = []
    for row in rows:
        index = row[0]
        if index not in scales:
            changed.append(row)
            continue
        if what == "lots":
            _refuse("tax lots", names[index])
        prices, sizes = scales[index]
        values = 1 if index in inverse else prices * sizes
        _, side, strategy_id, quantity, cost, realised, *rest = row
        scaled = (str(int(cost) * values), str(int(realised) * values))
        changed.append([index, side, strategy_id, quantity * sizes, *scaled, *rest])
    return [what, changed]


def _refuse(what: str, where: str) -> None:
    """Raise NotExact."""
    raise NotExact(
        f"{where} is counted in finer units by the venue now, and there are {what}, which are not converted: reconcile "
        "by hand, or trade it under another account"
    )
