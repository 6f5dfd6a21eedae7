"""Closed trades of each strategy: what Kelly counts from. The section "trades" of the durable state.

A trade lasts from flat to flat in one instrument; flat is where no order could close what is left. Its return is what
it earned, fees in the instrument's currency or its base taken off, over the value that was opened. One with an
execution that the venue took back is not counted. Fees in other currencies are not counted either.
"""

from collections import deque

import msgspec

from core.effects import OrderBusted, OrderFilled
from core.events import InstrumentDefined
from core.instruments import Instrument
from core.records import Kind
from oms.dust import is_flat
from oms.positions import fee_value
from oms.sections import read_section
from oms.terms import Terms

KEEP = 500  # so many of the newest returns of a strategy
Key = tuple[str, int]
"""(strategy id, instrument)."""


class Trade(msgspec.Struct):
    """A trade that is open: signed quantity, what it earned so far, the value that was opened; both money."""

    quantity: int = 0
    earned: int = 0
    opened: int = 0
    spoilt: bool = False


_Saved = tuple[str, int, int, str, str, bool]
_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_decoder = msgspec.msgpack.Decoder(tuple[list[_Saved], list[tuple[str, list[float]]]])


class Trades:
    """Follows executions; `counting` only where the settings have a strategy whose size depends on them.

    That stands when a session begins, so that a fold of its records, which hires nobody, counts the same.
    """

    __slots__ = ("_instruments", "_terms", "counting", "open", "returns")

    name = "trades"
    version = 1
    kinds = (Kind.INSTRUMENT, Kind.FILL, Kind.BUST)

    def __init__(self) -> None:
        """Have seen nothing; a session that does not count still carries what one before it left."""
        self.counting = False
        self.open: dict[Key, Trade] = {}
        self.returns: dict[str, deque[float]] = {}
        self._terms: dict[int, Terms] = {}
        self._instruments: dict[int, Instrument] = {}

    def fold(self, _kind: int, instrument: int, _now_ns: int, payload: msgspec.Struct) -> None:
        """Follow one record."""
        if isinstance(payload, InstrumentDefined):
            self._terms[instrument] = Terms(payload.instrument)
            self._instruments[instrument] = payload.instrument
        elif self.counting and isinstance(payload, OrderFilled | OrderBusted):
            self.take(payload)

    def take(self, execution: OrderFilled | OrderBusted) -> None:
        """Count an execution, or that it was taken back."""
        if not execution.strategy_id:
            return
        key, terms = (execution.strategy_id, execution.instrument), self._terms[execution.instrument]
        trade = self.open.get(key)
        if trade is None:
            trade = self.open[key] = Trade()
        price, unit = terms.fee_price(execution.fee_currency, execution.price)
        fee = fee_value(int(execution.fee), price, unit, 1)[0]
        signed = int(execution.side) * execution.quantity
        if isinstance(execution, OrderBusted):
            trade.quantity -= signed
            trade.spoilt = True
        else:
            before, trade.quantity = trade.quantity, trade.quantity + signed
            trade.earned += int(execution.realised) - fee
            turns = before * trade.quantity < 0
            opens = abs(trade.quantity) if turns else max(abs(trade.quantity) - abs(before), 0)
            if turns:  # one trade ends, another begins with what is beyond flat
                self._close(key, trade)
                trade = self.open[key] = Trade(trade.quantity)
            if opens:
                trade.opened += abs(terms.value(opens, execution.price)) * terms.value_factor
        index = execution.instrument
        if is_flat(index, self._instruments[index], trade.quantity, execution.price):
            self._close(key, trade)

    def _close(self, key: Key, trade: Trade) -> None:
        """Remember what a trade returned."""
        del self.open[key]
        if trade.opened and not trade.spoilt:
            self.returns.setdefault(key[0], deque(maxlen=KEEP)).append(trade.earned / trade.opened)

    def durable(self) -> bytes:
        """Return what must survive a restart, empty where nothing was counted."""
        return _encode((self._saved(), self._told())) if self.open or self.returns else b""

    def restore(self, version: int, data: bytes, indexes: dict[int, int]) -> None:
        """Become what wrote `data`. Raises BadState."""
        saved, told = read_section("closed trades", _decoder, data, version, self.version)
        for strategy_id, index, quantity, earned, opened, spoilt in saved:
            if index in indexes:
                self.open[strategy_id, indexes[index]] = Trade(quantity, int(earned), int(opened), spoilt)
        self.returns = {strategy_id: deque(returns, maxlen=KEEP) for strategy_id, returns in told}

    def state(self) -> list[object]:
        """Return everything that a digest must cover."""
        return [self._saved(), self._told()]

    def _saved(self) -> list[_Saved]:
        return [
            (strategy_id, index, each.quantity, str(each.earned), str(each.opened), each.spoilt)
            for (strategy_id, index), each in sorted(self.open.items())
        ]

    def _told(self) -> list[tuple[str, list[float]]]:
        return [(strategy_id, list(self.returns[strategy_id])) for strategy_id in sorted(self.returns)]
