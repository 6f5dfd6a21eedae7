"""A durable state in finer units: what a restart needs where a venue has come to price or count more finely.

Only the precision changes, by whole powers of ten, so every figure stays what it was, to the last unit: orders and what
was executed of them, positions, tax lots, orders that tickerd keeps, reports that wait. Towards coarser units nothing
is ever converted: an instrument keeps the finest units that it was traded in (`daemon.live.fitting`). What does not
fit 64 bits in finer units is refused by name.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from core.decimals import INT64_MAX
from core.events import OrderReport
from core.instruments import Instrument
from core.money import MONEY_DECIMALS
from core.orders import OrderIntent
from oms.chain import SavedChain
from oms.errors import NotExact
from oms.held.order import PlainOrder
from oms.lots import Lot, Part
from oms.state import SavedPosition, SavedState, packed_state, saved_state
from oms.written import SavedOrder, read_number, write_number

_PRICES, _SIZES = ("tick", "strike"), ("lot", "min_quantity", "max_quantity")
_TERM_PRICES = ("trigger_price", "trail", "activation_price", "limit_offset")
_LOT_SIZES, _LOT_VALUES = ("quantity", "left", "size"), ("cost", "proceeds", "gained")
_encode = msgspec.msgpack.Encoder(order="deterministic").encode


class Scaling(msgspec.Struct, frozen=True):
    """By how much the units of one instrument become finer; what an inverse contract costs is money already."""

    name: str
    prices: int
    sizes: int
    inverse: bool

    @property
    def values(self) -> int:
        """By how much what is priced and counted grows: costs, profits."""
        return 1 if self.inverse else self.prices * self.sizes

    def price(self, units: int) -> int:
        """Return a price in the new units. Raises NotExact."""
        return self._fit("price", units * self.prices)

    def size(self, units: int) -> int:
        """Return a quantity in the new units. Raises NotExact."""
        return self._fit("quantity", units * self.sizes)

    def text(self, value: str) -> str:
        """Return a cost or a profit in the new units; these have no bound."""
        return str(int(value) * self.values)

    def _fit(self, what: str, units: int) -> int:
        """Return a figure that fits 64 bits."""
        if abs(units) > INT64_MAX:
            raise NotExact(
                f"{self.name} is counted in finer units by the venue now, in which a {what} from before would be "
                f"{units}, more than 64 bits hold: reconcile by hand, or trade it under another account"
            )
        return units


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

    Raises NotExact naming what does not fit, BadState.
    """
    saved = saved_state(data)
    scalings: dict[int, Scaling] = {}
    instruments = []
    for each in saved.instruments:
        known = each.instrument
        finer = in_units(known, *units.get(known.id, (known.price_precision, known.size_precision)))
        instruments.append(msgspec.structs.replace(each, instrument=finer))
        prices = 10 ** (finer.price_precision - known.price_precision)
        sizes = 10 ** (finer.size_precision - known.size_precision)
        if (prices, sizes) != (1, 1):
            scalings[each.index] = Scaling(known.id, prices, sizes, known.inverse)
    if not scalings:
        return data
    changed = msgspec.structs.replace(
        saved,
        instruments=instruments,
        open_orders=[_order(each, saved, scalings) for each in saved.open_orders],
        closed_orders=[_order(each, saved, scalings) for each in saved.closed_orders],
        positions=[_position(each, saved.position_fields, scalings) for each in saved.positions],
        sections=[(name, version, _section(name, section, scalings)) for name, version, section in saved.sections],
    )
    return packed_state(changed)


def _order(order: SavedOrder, saved: SavedState, scalings: Mapping[int, Scaling]) -> SavedOrder:
    """Return an order in the new units."""
    scaling = scalings.get(order.intent.instrument)
    if scaling is None:
        return order
    sizes = scaling.sizes
    factors = {"quantity": sizes, "price": scaling.prices, "filled": sizes, "notional": scaling.prices * sizes}
    numbers = [
        write_number(read_number(number) * factors.get(name, 1)) if name in factors else number
        for name, number in zip(saved.order_fields, order.numbers, strict=True)
    ]
    executions = [
        (exec_id, scaling.size(quantity), scaling.price(price), fee, currency, scaling.text(own), scaling.text(net))
        for exec_id, quantity, price, fee, currency, own, net in order.exec_ids
    ]
    chain = None if order.chain is None else _chain(order.chain, scaling)
    return msgspec.structs.replace(
        order, intent=_intent(order.intent, scaling), numbers=numbers, exec_ids=executions, chain=chain
    )


def _intent(intent: OrderIntent, scaling: Scaling) -> OrderIntent:
    """Return an intent in the new units."""
    terms = intent.terms
    if terms is not None:
        scaled = {name: scaling.price(getattr(terms, name)) for name in _TERM_PRICES}
        terms = msgspec.structs.replace(terms, display_quantity=scaling.size(terms.display_quantity), **scaled)
    return msgspec.structs.replace(
        intent, price=scaling.price(intent.price), quantity=scaling.size(intent.quantity), terms=terms
    )


def _chain(chain: SavedChain, scaling: Scaling) -> SavedChain:
    """Return a chain of replacements in the new units."""
    (wanted, total, revision, newest, leg, leg_quantity, trims), flags, pending, fills, venue_ids = chain
    size = scaling.size
    if pending is not None:
        number, price, quantity, filled, sent = pending
        pending = (number, scaling.price(price), size(quantity), size(filled), sent)
    counts = (size(wanted), size(total), revision, newest, leg, size(leg_quantity), trims)
    return counts, flags, pending, [(number, size(quantity)) for number, quantity in fills], venue_ids


def _position(saved: SavedPosition, fields: list[str], scalings: Mapping[int, Scaling]) -> SavedPosition:
    """Return a position in the new units."""
    scaling = scalings.get(saved.instrument)
    if scaling is None:
        return saved
    factors = {"quantity": scaling.sizes, "cost": scaling.values, "realised": scaling.values}
    numbers = [
        write_number(read_number(number) * factors[name]) if name in factors else number
        for name, number in zip(fields, saved.numbers, strict=True)
    ]
    return msgspec.structs.replace(saved, numbers=numbers)


def _section(name: str, data: bytes, scalings: Mapping[int, Scaling]) -> bytes:
    """Return one section in the new units."""
    if name == "accounting":
        return _encode([_books(what, rows, scalings) for what, rows in msgspec.msgpack.decode(data)])
    if name == "held":
        kept = msgspec.msgpack.decode(data, type=list[bytes])
        return _encode([_kept(each, scalings) for each in kept])
    if name == "strays":
        waiting = msgspec.msgpack.decode(data, type=list[tuple[int, OrderReport]])
        return _encode([(index, _report(report, scalings.get(index))) for index, report in waiting])
    return data  # names, times, money and reasons, no units


def _kept(data: bytes, scalings: Mapping[int, Scaling]) -> bytes:
    """Return an order that tickerd keeps in the new units. Its lot and tick are what they were."""
    order = msgspec.msgpack.decode(data, type=PlainOrder)
    scaling = scalings.get(order.intent.instrument)
    if scaling is None:
        return data
    price, size = scaling.price, scaling.size
    row: list[Any] = msgspec.msgpack.decode(data)  # the bytes end where the order's last field that is used does
    row[0] = msgspec.to_builtins(_intent(order.intent, scaling))
    fields = PlainOrder.__struct_fields__
    for name in ("tick", "trigger"):
        row[fields.index(name)] = price(getattr(order, name))
    for name in ("lot", "quantity", "armed", "filled"):
        row[fields.index(name)] = size(getattr(order, name))
    row[fields.index("slices")] = [
        [name, size(quantity), size(filled), is_open, asked] for name, quantity, filled, is_open, asked in order.slices
    ]
    return _encode(row)


def _report(report: OrderReport, scaling: Scaling | None) -> OrderReport:
    """Return a report that waits for its order in the new units."""
    if scaling is None:
        return report
    return msgspec.structs.replace(report, price=scaling.price(report.price), quantity=scaling.size(report.quantity))


def _books(what: str, rows: list[Any], scalings: Mapping[int, Scaling]) -> list[object]:
    """Return one kind of the accounting's rows in the new units."""
    if what not in {"legs", "lots"}:
        return [what, rows]
    changed: list[Any] = []
    for row in rows:
        scaling = scalings.get(row[0])
        if scaling is None:
            changed.append(row)
        elif what == "legs":
            index, side, strategy_id, quantity, cost, realised, *rest = row
            figures = (scaling.size(quantity), scaling.text(cost), scaling.text(realised))
            changed.append([index, side, strategy_id, *figures, *rest])
        else:
            index, strategy_id, hedge, opened, lots, recent = row
            lots = [_lot(Lot, each, scaling) for each in lots]
            recent = [[exec_id, [_lot(Part, each, scaling) for each in parts]] for exec_id, parts in recent]
            changed.append([index, strategy_id, hedge, opened, lots, recent])
    return [what, changed]


def _lot(kind: type[Lot | Part], texts: list[str], scaling: Scaling) -> list[str]:
    """Return a tax lot, or what was closed of one, in the new units; its fees are money."""
    factors = dict.fromkeys(_LOT_SIZES, scaling.sizes) | dict.fromkeys(_LOT_VALUES, scaling.values)
    return [
        str(int(text) * factors[name]) if name in factors else text
        for name, text in zip(kind.__annotations__, texts, strict=True)
    ]
