"""What a projection must remember between two records, so that it can stop at any record and go on at the next."""

import msgspec

from core.instruments import Instrument
from core.records import NO_INSTRUMENT
from oms.terms import Terms


class Traded:
    """One instrument of the session: its rules, the prices last seen, the account's net position in it."""

    __slots__ = ("ask", "bid", "cost", "fees", "index", "instrument", "last", "quantity", "realised", "terms")

    def __init__(self, index: int, instrument: Instrument) -> None:
        """Know its rules, and nothing else yet."""
        self.index = index
        self.bid = self.ask = self.last = 0  # price units, 0 before the first
        self.quantity = self.cost = self.realised = self.fees = 0  # quantity units, signed; money
        self.define(instrument)

    def define(self, instrument: Instrument) -> None:
        """Take new rules."""
        self.instrument = instrument
        self.terms = Terms(instrument)

    @property
    def mark_price(self) -> int:
        """The middle of the touch, else the last trade or bar, else 0: as the daemon's screen values positions."""
        return (self.bid + self.ask) // 2 if self.bid and self.ask else self.last


class Known(msgspec.Struct):
    """The state of one session's projection after the record before `next_seq`."""

    next_seq: int = 0
    recv_ns: int = 0  # event time of what was projected last
    instruments: dict[int, Traded] = {}
    balances: dict[str, int] = {}  # money

    def name(self, index: int) -> str:
        """Return an instrument's name; its number where no record before has defined it, "" for none."""
        if index == NO_INSTRUMENT:
            return ""
        traded = self.instruments.get(index)
        return str(index) if traded is None else traded.instrument.id

    def price(self, index: int, units: int) -> str:
        """Return a price as decimal text."""
        traded = self.instruments.get(index)
        return str(units) if traded is None else traded.instrument.price_text(units)

    def quantity(self, index: int, units: int) -> str:
        """Return a quantity as decimal text."""
        traded = self.instruments.get(index)
        return str(units) if traded is None else traded.instrument.quantity_text(units)

    def currency(self, index: int) -> str:
        """Return the currency in which an instrument's profit is counted, "" for one that is not known."""
        traded = self.instruments.get(index)
        return "" if traded is None else traded.instrument.currency
