"""What was traded today: orders, fills, turnover and fees, by strategy and instrument, from midnight to midnight UTC.

Kept in the currencies in which it happened, so that a journal tells it without its markets; a section of the durable
state, so that a restart does not begin the day anew.
"""

from dataclasses import dataclass, field

import msgspec

from core.effects import OrderBusted, OrderFilled
from core.events import InstrumentDefined
from core.orders import ApprovedGroup, ApprovedReplace, ApprovedSubmit
from core.records import Kind
from oms.sections import read_section
from oms.terms import Terms

DAY_NS = 86_400 * 1_000_000_000
VERSION = 1


@dataclass(slots=True)
class Traded:
    """Counts of one strategy in one instrument; `turnover` and `fees` as money by currency, rebates negative."""

    orders: int = 0
    fills: int = 0
    turnover: dict[str, int] = field(default_factory=dict)
    fees: dict[str, int] = field(default_factory=dict)


Saved = tuple[str, int, int, int, list[tuple[str, str]], list[tuple[str, str]]]
_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_decoder = msgspec.msgpack.Decoder(tuple[int, list[Saved]])


class Day:
    """Counts the effects of one UTC day; the next day begins with nothing."""

    __slots__ = ("_terms", "anew", "counting", "day", "ends_ns", "traded")

    name = "day"
    version = VERSION
    kinds = (Kind.INSTRUMENT, Kind.SUBMIT, Kind.SUBMIT_GROUP, Kind.REPLACE, Kind.FILL, Kind.BUST)

    def __init__(self, *, counting: bool) -> None:
        """Have seen nothing; a session without controls counts nothing, and still carries what one before it left."""
        self.counting = counting
        self.day = 0  # days since 1970
        self.traded: dict[tuple[str, int], Traded] = {}
        self.ends_ns = 0
        self.anew = True
        """Whether all of it has to be looked at again: a day began, or was taken over."""
        self._terms: dict[int, Terms] = {}

    def roll(self, now_ns: int) -> None:
        """Begin a new day if it has come; a clock that steps back begins none."""
        day = now_ns // DAY_NS
        if day > self.day:
            self.day = day
            self.ends_ns = (day + 1) * DAY_NS
            self.traded.clear()
            self.anew = True

    def define(self, index: int, terms: Terms) -> None:
        """Learn how an instrument settles."""
        self._terms[index] = terms

    def fold(self, kind: int, instrument: int, now_ns: int, payload: msgspec.Struct) -> None:
        """Count one record."""
        if isinstance(payload, InstrumentDefined):
            self.define(instrument, Terms(payload.instrument))
            return
        if not self.counting:
            return
        self.roll(now_ns)
        if isinstance(payload, ApprovedSubmit):
            self._of(payload.intent.strategy_id, payload.intent.instrument).orders += 1
        elif isinstance(payload, ApprovedGroup):
            for order in payload.orders:
                self._of(order.intent.strategy_id, order.intent.instrument).orders += 1
        elif isinstance(payload, ApprovedReplace):
            self._of(payload.strategy_id, payload.instrument).orders += 1
        elif isinstance(payload, OrderFilled | OrderBusted):
            self._execution(payload)

    def value_of(self, execution: OrderFilled | OrderBusted) -> tuple[int, str]:
        """Return what was traded in an execution as money, and its currency."""
        terms = self._terms[execution.instrument]
        return abs(terms.value(execution.quantity, execution.price)) * terms.value_factor, terms.currency

    def _execution(self, execution: OrderFilled | OrderBusted) -> None:
        """Count an execution, or that it was taken back: its turnover stays, the venue has seen it."""
        traded = self._of(execution.strategy_id, execution.instrument)
        fee, currency = int(execution.fee), execution.fee_currency
        if isinstance(execution, OrderBusted):
            traded.fees[currency] = traded.fees.get(currency, 0) - fee
            return
        value, turned_over = self.value_of(execution)
        traded.fills += 1
        traded.turnover[turned_over] = traded.turnover.get(turned_over, 0) + value
        if fee:
            traded.fees[currency] = traded.fees.get(currency, 0) + fee

    def _of(self, strategy_id: str, instrument: int) -> Traded:
        traded = self.traded.get((strategy_id, instrument))
        if traded is None:
            traded = self.traded[strategy_id, instrument] = Traded()
        return traded

    def durable(self) -> bytes:
        """Return what must survive a restart."""
        return _encode((self.day, self._saved())) if self.traded else b""

    def restore(self, version: int, data: bytes, indexes: dict[int, int]) -> None:
        """Become what wrote `data`. Raises BadState."""
        self.day, saved = read_section("the day's counts", _decoder, data, version, VERSION)
        for strategy_id, index, orders, fills, turnover, fees in saved:
            if index in indexes:
                self.traded[strategy_id, indexes[index]] = Traded(orders, fills, _read(turnover), _read(fees))
        self.ends_ns = (self.day + 1) * DAY_NS
        self.anew = True

    def state(self) -> list[object]:
        """Return everything that a digest must cover."""
        return [self.day, *self._saved()]

    def _saved(self) -> list[Saved]:
        """Return the counts in a fixed order."""
        return [
            (strategy_id, index, each.orders, each.fills, _written(each.turnover), _written(each.fees))
            for (strategy_id, index), each in sorted(self.traded.items())
        ]


def _written(amounts: dict[str, int]) -> list[tuple[str, str]]:
    return [(currency, str(amounts[currency])) for currency in sorted(amounts)]


def _read(amounts: list[tuple[str, str]]) -> dict[str, int]:
    return {currency: int(amount) for currency, amount in amounts}
