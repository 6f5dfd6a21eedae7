"""A session's quotes and trades as arrays: what the market was at a record, at a time, and between two times."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core.records import NOT_MARKET, Kind
from journal.reader import SessionReader

_Ints = npt.NDArray[np.int64]


class Touch(NamedTuple):
    """The best prices; both are above 0."""

    bid: int
    ask: int

    @property
    def middle(self) -> float:
        """The middle of them."""
        return (self.bid + self.ask) / 2


class MarketData:
    """Quotes and market trades of every instrument of one session."""

    def __init__(self, reader: SessionReader) -> None:
        """Read them. Raises JournalDamaged."""
        self._quotes = _split(reader.columns(Kind.QUOTE), None)
        self._trades = _split(reader.columns(Kind.TRADE), NOT_MARKET)

    def touch_before(self, instrument: int, seq: int) -> Touch | None:
        """Return the touch that a decision recorded at `seq` saw."""
        quotes = self._quotes.get(instrument)
        return None if quotes is None else _touch(quotes, int(np.searchsorted(quotes["seq"], seq)) - 1)

    def touch_at(self, instrument: int, time_ns: int) -> Touch | None:
        """Return the touch at a time; None where the session has nothing of the instrument as late as that."""
        quotes = self._quotes.get(instrument)
        if quotes is None or not len(quotes["recv_ns"]) or int(quotes["recv_ns"][-1]) < time_ns:
            return None
        return _touch(quotes, int(np.searchsorted(quotes["recv_ns"], time_ns, side="right")) - 1)

    def vwap(self, instrument: int, begin_ns: int, end_ns: int) -> float | None:
        """Return the volume-weighted average price of the trades from one time to another, both included."""
        trades = self._trades.get(instrument)
        if trades is None:
            return None
        begin = int(np.searchsorted(trades["recv_ns"], begin_ns, side="left"))
        end = int(np.searchsorted(trades["recv_ns"], end_ns, side="right"))
        quantities = trades["quantity"][begin:end].astype(np.float64)
        volume = float(quantities.sum())
        return float(np.dot(trades["price"][begin:end].astype(np.float64), quantities)) / volume if volume else None

    def close(self, instrument: int, until_ns: int) -> float | None:
        """Return the last trade's price before a time, else the last middle."""
        trades, quotes = self._trades.get(instrument), self._quotes.get(instrument)
        if trades is not None and (at := int(np.searchsorted(trades["recv_ns"], until_ns)) - 1) >= 0:
            return float(trades["price"][at])
        touch = None if quotes is None else _touch(quotes, int(np.searchsorted(quotes["recv_ns"], until_ns)) - 1)
        return None if touch is None else touch.middle

    @property
    def instruments(self) -> list[int]:
        """The indexes of the instruments that have any data."""
        return sorted({*self._quotes, *self._trades})


def _touch(quotes: Mapping[str, _Ints], at: int) -> Touch | None:
    if at < 0:
        return None
    bid, ask = int(quotes["bid_price"][at]), int(quotes["ask_price"][at])
    return Touch(bid, ask) if bid > 0 and ask > 0 else None


def _split(columns: Mapping[str, _Ints], without_flag: int | None) -> dict[int, dict[str, _Ints]]:
    """Return the columns of each instrument apart, without the records that have a flag."""
    found = {}
    for index in np.unique(columns["instrument"]).tolist():
        mask = columns["instrument"] == index
        if without_flag is not None:
            mask &= (columns["flags"] & without_flag) == 0
        found[index] = {name: values[mask] for name, values in columns.items()}
    return found
