"""Records to rows: a batch is a list of columns, each a list of plain values, in the order of the table's fields."""

import base64
from collections.abc import Callable
from operator import attrgetter

import msgspec

from core.decimals import to_text
from core.instruments import Instrument
from core.money import money_text
from core.orders import Side
from core.records import NO_INSTRUMENT
from journal.errors import ExportRefused
from journal.masks import Slots
from journal.tables import Field, Form, Table

Batch = list[list[object]]

_TEXTS_KEPT = 100_000
_BY_INSTRUMENT = frozenset((Form.PRICE, Form.QUANTITY, Form.NOTIONAL, Form.TWICE))


class _Texts(dict[int, str]):
    """Units as decimal text. Prices come back again and again, so a text is made once; bounded."""

    def __init__(self, precision: int) -> None:
        super().__init__()
        self._precision = precision

    def __missing__(self, units: int) -> str:
        if len(self) >= _TEXTS_KEPT:
            self.clear()
        text = self[units] = to_text(units, self._precision)
        return text


class _Defined(msgspec.Struct):
    """What rows need of one instrument."""

    id: str
    prices: _Texts
    quantities: _Texts
    price_precision: int
    notional_factor: int


class Definitions(dict[int, _Defined]):
    """The instruments as defined so far; an instrument defined anew replaces itself from there on."""

    def define(self, index: int, instrument: Instrument) -> None:
        """Take the definition that a record of kind INSTRUMENT carries."""
        self[index] = _Defined(
            instrument.id,
            _Texts(instrument.price_precision),
            _Texts(instrument.size_precision),
            instrument.price_precision,
            instrument.notional_factor,
        )

    def __missing__(self, index: int) -> _Defined:
        raise ExportRefused(f"a record names instrument {index}, which no record before it defines")

    def indexes(self, name: str) -> list[int]:
        """Return the indexes under which the instrument `name` is known."""
        return [index for index, defined in self.items() if defined.id == name]


def plain_batch(table: Table, slots: Slots, seqs: list[int], definitions: Definitions) -> Batch:
    """Return the rows of one-slot records. Raises ExportRefused for an instrument without definition."""
    indexes: list[int] = slots["instrument"].tolist()
    known = {index: definitions[index] for index in set(indexes)}
    batch: Batch = [
        list(seqs),
        slots["recv_ns"].tolist(),
        slots["venue_ns"].tolist(),
        [known[index].id for index in indexes],
    ]
    for field in table.fields:
        values = slots[field.source].tolist()
        if field.form is Form.PRICE:
            texts = {index: defined.prices for index, defined in known.items()}
            batch.append([texts[index][units] for index, units in zip(indexes, values, strict=True)])
        elif field.form is Form.QUANTITY:
            texts = {index: defined.quantities for index, defined in known.items()}
            batch.append([texts[index][units] for index, units in zip(indexes, values, strict=True)])
        elif field.words:
            batch.append([field.words[value] for value in values])
        else:
            batch.append(values)
    return batch


class PayloadRow:
    """Makes the rows of one payload table."""

    def __init__(self, table: Table) -> None:
        """Prepare the ways to the fields."""
        self._fields = [(field, _way_to(field.source)) for field in table.fields]

    def row(
        self, seq: int, recv_ns: int, venue_ns: int, index: int, struct: msgspec.Struct, definitions: Definitions
    ) -> list[object]:
        """Return one row. Raises ExportRefused for an instrument without definition."""
        index = instrument_of(index, struct)
        name = None if index == NO_INSTRUMENT else definitions[index].id
        values = [_show(field, get(struct), index, definitions) for field, get in self._fields]
        return [seq, recv_ns, venue_ns, name, *values]


def _way_to(source: str) -> Callable[[object], object]:
    """Return what gets a field out of a payload; a field inside a struct that is not there is None."""
    *outer, last = source.split(".")
    if not outer:
        return attrgetter(last)
    get_outer, get = _way_to(".".join(outer)), attrgetter(last)

    def way(struct: object) -> object:
        inner = get_outer(struct)
        return None if inner is None else get(inner)

    return way


def instrument_of(index: int, struct: msgspec.Struct) -> int:
    """Return the index of the instrument that a payload is about: its own word for it before the record's."""
    own = getattr(getattr(struct, "intent", struct), "instrument", index)
    return own if isinstance(own, int) else index


def _show(field: Field, value: object, index: int, definitions: Definitions) -> object:
    """Return one value as its column shows it."""
    form = field.form
    if value is None or form in {Form.INT, Form.BOOL}:
        return value
    if form is Form.SIDE:
        assert isinstance(value, int)
        return Side(value).name.lower()
    if form is Form.MONEY:
        assert isinstance(value, int | str)
        return money_text(int(value))
    if form in _BY_INSTRUMENT:
        assert isinstance(value, int | str)
        units = int(value)
        if units == 0:
            return "0"
        defined = definitions[index]
        if form is Form.NOTIONAL:
            return money_text(units * defined.notional_factor)
        if form is Form.TWICE:
            return to_text(units * 5, defined.price_precision + 1)
        return (defined.prices if form is Form.PRICE else defined.quantities)[units]
    if form is Form.BYTES:
        assert isinstance(value, bytes)
        return base64.b64encode(value).decode()
    return str(value)
