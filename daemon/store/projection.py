"""A session's records into rows: what each kind becomes is in `kinds`, equity is sampled once a minute of event time.

Quotes, trades and bars are never looked at one by one: of each stretch
between two samples of the equity only the last price of each instrument counts, which numpy finds.
"""

import msgspec
import numpy as np
import numpy.typing as npt

from core.codec import decode_payload
from core.records import EVENT, NOT_MARKET, SLOT_BYTES, Kind
from daemon.store import standing as _standing  # noqa: F401 - registers its kinds
from daemon.store.equity import MINUTE_NS, sample
from daemon.store.kinds import HANDLERS, Record
from daemon.store.known import Known, Traded
from daemon.store.rows import Rows
from daemon.store.tail import Slab
from journal.head import SealPayload
from journal.layout import read_payload
from journal.masks import IS_EFFECT, IS_INPUT

_seal_of = msgspec.msgpack.Decoder(SealPayload).decode
_IS_TIMED = IS_INPUT | IS_EFFECT
_IS_HANDLED = np.array([kind in HANDLERS or kind == Kind.SEAL for kind in range(256)], np.bool_)


class Projector:
    """Projects one session, from any record on. `rows` holds what is to be written; the caller takes it."""

    def __init__(self, known: Known) -> None:
        """Go on after what is known."""
        self.known = known
        self.rows = Rows()
        self.seal: SealPayload | None = None
        self._moved: dict[int, Traded] = {}  # whose price has moved since the rows were taken
        self._minute = known.recv_ns // MINUTE_NS

    def take(self) -> Rows:
        """Return the rows so far, and begin anew."""
        for index in sorted(self._moved):
            self.rows.add("marks", _mark_row(self._moved[index]))
        self._moved.clear()
        rows, self.rows = self.rows, Rows()
        return rows

    def project(self, slab: Slab) -> None:
        """Project the records that come next. Raises CodecError."""
        known, kinds = self.known, slab.kinds
        timed = np.flatnonzero(_IS_TIMED[kinds])
        times = slab.slots["recv_ns"][timed]
        # The clock of a session does not go back; where it did, the latest time so far counts.
        minutes = np.maximum.accumulate(np.concatenate(([self._minute], times // MINUTE_NS)))
        handled = np.flatnonzero(_IS_HANDLED[kinds])
        begin, done = 0, 0
        for at in np.flatnonzero(minutes[1:] > minutes[:-1]).tolist():
            stop = int(timed[at])
            done = self._stretch(slab, handled, begin, stop, done)
            if self._minute:
                sample(known, (self._minute + 1) * MINUTE_NS, self.rows)
            self._minute = int(minutes[at + 1])
            begin = stop
        self._stretch(slab, handled, begin, len(kinds), done)
        if len(times):
            known.recv_ns = max(known.recv_ns, int(times.max()))
        known.next_seq = slab.end_seq

    def _stretch(self, slab: Slab, handled: npt.NDArray[np.int64], begin: int, stop: int, done: int) -> int:
        """Project the slots `begin` to `stop`; return how many of `handled` are done then."""
        upto = int(np.searchsorted(handled, stop))
        for at in handled[done:upto].tolist():
            kind, _, index, recv_ns, venue_ns, size, *_ = EVENT.unpack_from(slab.data, at * SLOT_BYTES)
            payload = read_payload(slab.data, at, size)
            if kind == Kind.SEAL:
                self._see_prices(slab, begin, at)
                self._end(_seal_of(payload))
            else:
                record = Record(slab.first_seq + at, index, recv_ns, venue_ns)
                HANDLERS[kind](self.known, record, decode_payload(kind, payload), self.rows)
        self._see_prices(slab, begin, stop)
        return upto

    def _end(self, seal: SealPayload) -> None:
        """Take the session's end."""
        self.seal = seal
        sample(self.known, seal.ended_ns, self.rows)

    def _see_prices(self, slab: Slab, begin: int, stop: int) -> None:
        """Remember the last prices of each instrument between two slots."""
        kinds, slots = slab.kinds[begin:stop], slab.slots[begin:stop]
        quotes = np.flatnonzero(kinds == Kind.QUOTE)
        for index, at in _last_of_each(slots["instrument"], quotes):
            traded = self._moving(index)
            if traded is not None:
                traded.bid, traded.ask = int(slots["a"][at]), int(slots["c"][at])
        # A trade that was no trade of the market (insurance fund and the like) tells no price.
        trades = (kinds == Kind.TRADE) & (slots["flags"] & NOT_MARKET == 0)
        for index, at in _last_of_each(slots["instrument"], np.flatnonzero(trades | (kinds == Kind.BAR))):
            traded = self._moving(index)
            if traded is not None:
                traded.last = int(slots["a" if kinds[at] == Kind.TRADE else "d"][at])

    def _moving(self, index: int) -> Traded | None:
        """Return an instrument whose price moves, None for one that no record has defined."""
        traded = self.known.instruments.get(index)
        if traded is not None:
            self._moved[index] = traded
        return traded


def _last_of_each(indexes: npt.NDArray[np.uint16], chosen: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return (instrument, slot) of the last chosen slot of each instrument."""
    found, from_end = np.unique(indexes[chosen][::-1], return_index=True)
    return list(zip(found.tolist(), chosen[len(chosen) - 1 - from_end].tolist(), strict=True))


def _mark_row(traded: Traded) -> tuple[object, ...]:
    """Return the row of an instrument's prices."""
    text, prices = traded.instrument.price_text, (traded.bid, traded.ask, traded.last)
    return (traded.index, traded.instrument.id, *map(text, prices), *prices)
