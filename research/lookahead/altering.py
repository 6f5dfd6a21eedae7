"""A future altered from a cut on: the same records at the same times, with other prices and quantities, still valid.

Bids move down and asks up by whole ticks that wander with the seed, so no quote and no book crosses that did not
before. A book's level keeps the place at which it was set until it is removed, so deltas still meet their levels; so
does a single order, and its quantity stays as it was. Trades move with the side that they hit, bars as a whole: what
opened before the cut keeps its open. Everything that carries a payload (instruments, feeds, funding) stays as it was.
"""

from collections.abc import Mapping

from core.book import L2Book, apply_level, apply_order
from core.events import InstrumentDefined
from core.instruments import Instrument
from core.records import ASK, EMPTY, FIRST, PENDING, SELL_AGGRESSOR, SNAPSHOT, Event, Kind
from core.rng import Rng

_QUOTE, _TRADE, _BOOK, _BAR = int(Kind.QUOTE), int(Kind.TRADE), int(Kind.BOOK), int(Kind.BAR)
_MBO = int(Kind.MBO)
_HOLD = 16  # records for which a move holds
_LEAST_BPS, _MOST_BPS = 50, 2_000
_LEAST_TICKS = 10
_BAR_STREAM = 1 << 20


class _Moves:
    """How far one instrument's sides are moved now, in price units, and where its book's levels were put."""

    def __init__(self, seed: int, index: int, instrument: Instrument, reach: int) -> None:
        self.instrument = instrument
        self.reach = reach  # ticks
        self._rng = Rng(seed, index)
        self._held = 0
        self._down = self._up = 0
        self._original = L2Book()
        self._placed: dict[tuple[int, int], int] = {}  # (side, price as it was): price as it is now
        self._orders: dict[int, tuple[int, int]] = {}  # by rank: price as it is now, what is left

    def wander(self) -> None:
        """Draw new moves every few records."""
        if not self._held:
            self._held = _HOLD
            self._down = self._rng.below(self.reach + 1) * self.instrument.tick
            self._up = self._rng.below(self.reach + 1) * self.instrument.tick
        self._held -= 1

    def bid(self, price: int) -> int:
        """Return a bid's price; it stays positive."""
        return max(price - self._down, min(price, self.instrument.tick)) if price else 0

    def ask(self, price: int) -> int:
        """Return an ask's price, 0 for none."""
        return price + self._up if price else 0

    def quantity(self, quantity: int) -> int:
        """Return another quantity in whole lots, never 0 unless it was."""
        lot = self.instrument.lot
        return max(quantity * (2 + self._rng.below(7)) // 4 // lot * lot, min(quantity, lot))

    def level(self, event: Event, after: bool) -> Event:
        """Return one BOOK record; up to the cut it only remembers which levels stand where."""
        kind, flags, index, now_ns, venue_ns, price, quantity, first_id, last_id, prev_id = event
        assert isinstance(price, int)
        if flags & FIRST and flags & SNAPSHOT:
            self._placed.clear()
        apply_level(self._original, flags, price, quantity, last_id, prev_id)
        if flags & (PENDING | EMPTY) or self._original.skipping:
            return event  # not applied by anybody
        side = flags & ASK
        if not quantity:
            put = self._placed.pop((side, price), price)
            return (kind, flags, index, now_ns, venue_ns, put, 0, first_id, last_id, prev_id)
        if not after:
            self._placed[side, price] = price
            return event
        put = self._placed.get((side, price), 0)
        if not put:
            put = self.ask(price) if side else self.bid(price)
            self._placed[side, price] = put
        return (kind, flags, index, now_ns, venue_ns, put, self.quantity(quantity), first_id, last_id, prev_id)

    def order(self, event: Event, after: bool) -> Event:
        """Return one MBO record; up to the cut it only remembers which orders stand where."""
        kind, flags, index, now_ns, venue_ns, price, change, order_id, sequence, rank = event
        assert isinstance(price, int)
        if flags & FIRST and flags & SNAPSHOT:
            self._orders.clear()
        apply_order(self._original, flags, price, change, sequence)
        if self._original.skipping:
            return event  # not applied by anybody
        put, left = self._orders.pop(rank, (0, 0))
        if not put:
            put = price if not after else self.ask(price) if flags & ASK else self.bid(price)
        if left + change:
            self._orders[rank] = put, left + change
        return (kind, flags, index, now_ns, venue_ns, put, change, order_id, sequence, rank)


class Alteration:
    """Alters what comes at or after a cut; everything must be shown to it from the start."""

    def __init__(self, seed: int, cut_ns: int, ranges: Mapping[int, tuple[int, int]]) -> None:
        """Alter from `cut_ns` on, by up to the range of an instrument's prices: too far to be taken for noise."""
        self.cut_ns = cut_ns
        self._seed = seed
        self._ranges = ranges
        self._moves: dict[int, _Moves] = {}

    def take(self, event: Event) -> Event:
        """Return an input as it is to be fed."""
        kind = event[0]
        if kind in (_BOOK, _MBO):
            moves = self._moves[event[2]]
            after = event[3] >= self.cut_ns
            if after and event[1] & FIRST:
                moves.wander()
            return moves.level(event, after) if kind == _BOOK else moves.order(event, after)
        if event[3] < self.cut_ns or kind > _BAR:
            if isinstance(event[5], InstrumentDefined):
                self._define(event[2], event[5].instrument)
            return event
        if kind == _BAR:
            return self.bar(event)
        moves = self._moves[event[2]]
        moves.wander()
        return _quote(event, moves) if kind == _QUOTE else _trade(event, moves) if kind == _TRADE else event

    def bar(self, event: Event) -> Event:
        """Return a bar: the same whether it is asked for at its opening or at its close."""
        kind, flags, index, closes_ns, opens_ns, opened, high, low, close, volume = event
        if closes_ns < self.cut_ns or index not in self._moves:
            return event
        assert isinstance(opened, int)
        moves = self._moves[index]
        rng = Rng(self._seed ^ opens_ns, _BAR_STREAM + index)
        tick, reach = moves.instrument.tick, moves.reach
        new_open = opened if opens_ns < self.cut_ns else max(opened + (rng.below(2 * reach + 1) - reach) * tick, tick)
        new_close = max(close + (rng.below(2 * reach + 1) - reach) * tick, tick)
        new_high = max(new_open, new_close) + high - max(opened, close)
        new_low = max(min(new_open, new_close) - min(opened, close) + low, min(tick, new_open, new_close))
        new_volume = volume * (1 + rng.below(7)) // 4
        return (kind, flags, index, closes_ns, opens_ns, new_open, new_high, new_low, new_close, new_volume)

    def _define(self, index: int, instrument: Instrument) -> None:
        """Begin with an instrument; its moves reach as far as its prices have gone, within bounds."""
        if index in self._moves:
            self._moves[index].instrument = instrument  # its rules changed; its levels stand where they stood
            return
        low, high = self._ranges.get(index, (0, 0))
        least, most = (high * bps // 10_000 // instrument.tick for bps in (_LEAST_BPS, _MOST_BPS))
        reach = max(_LEAST_TICKS, least, min((high - low) // instrument.tick, most))
        self._moves[index] = _Moves(self._seed, index, instrument, reach)


def _quote(event: Event, moves: _Moves) -> Event:
    """Return a QUOTE with its sides moved apart."""
    kind, flags, index, now_ns, venue_ns, bid, bid_quantity, ask, ask_quantity, update_id = event
    assert isinstance(bid, int)
    return (
        kind, flags, index, now_ns, venue_ns, moves.bid(bid), moves.quantity(bid_quantity),
        moves.ask(ask), moves.quantity(ask_quantity), update_id,
    )  # fmt: skip


def _trade(event: Event, moves: _Moves) -> Event:
    """Return a TRADE moved with the side that it hit."""
    kind, flags, index, now_ns, venue_ns, price, quantity, trade_id, d, e = event
    assert isinstance(price, int)
    put = moves.bid(price) if flags & SELL_AGGRESSOR else moves.ask(price)
    return (kind, flags, index, now_ns, venue_ns, put, moves.quantity(quantity), trade_id, d, e)
