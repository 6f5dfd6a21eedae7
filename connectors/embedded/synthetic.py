"""A seeded synthetic market: one symbol's book, trades and best prices, as a pure function of seed and start time.

It is no model of a real market; it is lively and consistent. A fair price wanders with trends that turn every few
seconds; takers lift the offers that the fair price has passed, so trades, book and best prices always agree; makers
fill the book behind it. Every change of a level has one update id, and a depth update goes out every 100 ms.
Prices are ints in ticks, quantities ints in lots; floats only for the fair price.
"""

import math
from collections.abc import Iterator
from typing import Protocol

import msgspec

from connectors.embedded.synthetic_book import SyntheticBook

DEPTH_INTERVAL_NS = 100_000_000

_MEAN_EVENT_GAP_US = 6_000
_LEVELS_MIN = 25
_LEVELS_MAX = 60
_SPREAD_MAX_TICKS = 4
_SWEEP_LEVELS_MAX = 4
_TREND_S = (1.0, 4.0)
_PULL_PER_S = 1 / 60  # keeps the fair price within sight of where it began

_FIRST_UPDATE_ID = 1_000_000
_FIRST_TRADE_ID = 500_000


class Generator(Protocol):
    """The randomness handed in: `core.rng.Rng`."""

    def below(self, bound: int) -> int:
        """Return an integer in [0, bound)."""

    def uniform(self) -> float:
        """Return a float in [0, 1)."""


class SyntheticSpec(msgspec.Struct, frozen=True, kw_only=True):
    """How a symbol behaves: start price and spacing in ticks, typical level in lots, drifts in ticks."""

    symbol: str
    start_price: int
    price_decimals: int
    quantity_decimals: int
    spacing: int
    trend_per_s: float
    noise_per_sqrt_s: float
    level_lots: int


class DepthUpdate(msgspec.Struct, frozen=True):
    """The levels that changed since the last one; a quantity of 0 removes the level."""

    at_ns: int
    first_update_id: int
    last_update_id: int
    previous_update_id: int
    bids: list[tuple[int, int]]
    asks: list[tuple[int, int]]


class BestPrices(msgspec.Struct, frozen=True):
    """The best bid and ask after a change of either."""

    at_ns: int
    update_id: int
    bid: int
    bid_quantity: int
    ask: int
    ask_quantity: int


class Execution(msgspec.Struct, frozen=True):
    """One trade at one level."""

    at_ns: int
    trade_id: int
    price: int
    quantity: int
    buyer_is_maker: bool


MarketEvent = DepthUpdate | BestPrices | Execution


class SyntheticMarket:
    """One symbol. `events()` never ends; the same spec, generator state and start give the same events."""

    def __init__(self, spec: SyntheticSpec, rng: Generator, start_ns: int) -> None:
        """Open the market at `start_ns` (ns since the Unix epoch) with a full book."""
        self.spec = spec
        self.book = SyntheticBook(_FIRST_UPDATE_ID)
        self._rng = rng
        self._now_ns = start_ns
        self._fair = float(spec.start_price)
        self._slope = 0.0
        self._turn_ns = start_ns
        self._depth_ns = start_ns + DEPTH_INTERVAL_NS
        self._trade_id = _FIRST_TRADE_ID
        self.book.set_bid(spec.start_price, self._level_lots())
        self.book.set_ask(spec.start_price + 1, self._level_lots())
        self._keep_depth()
        self.book.take_changes()
        self._best = self.book.best()

    def events(self) -> Iterator[MarketEvent]:
        """Yield what happens, in order of time."""
        while True:
            self._now_ns += (1 + self._rng.below(2 * _MEAN_EVENT_GAP_US)) * 1_000
            while self._depth_ns <= self._now_ns:
                yield from self._depth_update()
                self._depth_ns += DEPTH_INTERVAL_NS
            yield from self._act()
            best = self.book.best()
            if best != self._best:
                self._best = best
                yield BestPrices(self._now_ns, self.book.update_id, *best)

    def _depth_update(self) -> Iterator[MarketEvent]:
        first, last, previous, bids, asks = self.book.take_changes()
        if bids or asks:
            yield DepthUpdate(self._depth_ns, first, last, previous, bids, asks)

    def _act(self) -> Iterator[MarketEvent]:
        self._drift()
        bid, _, ask, _ = self.book.best()
        chance = self._rng.uniform()
        if self._fair > ask + 0.5:
            yield from self._sweep(buying=True)
        elif self._fair < bid - 0.5:
            yield from self._sweep(buying=False)
        elif chance < 0.15:
            yield self._take(buying=self._rng.uniform() < 0.5)
        elif chance < 0.7:
            self._place()
        else:
            self._reduce()
        self._keep_spread()
        self._keep_depth()

    def _drift(self) -> None:
        gap_s = _MEAN_EVENT_GAP_US / 1e6
        if self._now_ns >= self._turn_ns:
            shortest, longest = _TREND_S
            self._turn_ns = self._now_ns + int((shortest + (longest - shortest) * self._rng.uniform()) * 1e9)
            up = self._slope < 0 if self._rng.uniform() < 0.8 else self._slope > 0
            strength = self.spec.trend_per_s * (0.5 + self._rng.uniform())
            self._slope = strength if up else -strength
        pull = (self.spec.start_price - self._fair) * _PULL_PER_S
        # Three uniforms less their mean, doubled: about a standard normal, without a logarithm or a cosine.
        shock = 2.0 * (self._rng.uniform() + self._rng.uniform() + self._rng.uniform() - 1.5)
        self._fair += (self._slope + pull) * gap_s + self.spec.noise_per_sqrt_s * math.sqrt(gap_s) * shock

    def _sweep(self, *, buying: bool) -> Iterator[MarketEvent]:
        """Execute whole levels that the fair price has passed."""
        for _ in range(_SWEEP_LEVELS_MAX):
            bid, bid_lots, ask, ask_lots = self.book.best()
            if buying and ask < self._fair:
                yield self._execute(ask, ask_lots, buying=True)
            elif not buying and bid > self._fair:
                yield self._execute(bid, bid_lots, buying=False)
            else:
                return

    def _take(self, *, buying: bool) -> Execution:
        """Execute a part of the best level."""
        bid, bid_lots, ask, ask_lots = self.book.best()
        price, lots = (ask, ask_lots) if buying else (bid, bid_lots)
        return self._execute(price, 1 + self._rng.below(max(1, lots * 2 // 3)), buying=buying)

    def _execute(self, price: int, lots: int, *, buying: bool) -> Execution:
        if buying:
            self.book.set_ask(price, self.book.asks[price] - lots)
        else:
            self.book.set_bid(price, self.book.bids[price] - lots)
        self._trade_id += 1
        return Execution(self._now_ns, self._trade_id, price, lots, not buying)

    def _place(self) -> None:
        """Let a maker join or refresh a level near the touch."""
        bid, _, ask, _ = self.book.best()
        distance = self._rng.below(self._rng.below(6 * self.spec.spacing) + 1)
        if self._rng.uniform() < 0.5:
            self.book.set_bid(bid - distance, self._level_lots())
        else:
            self.book.set_ask(ask + distance, self._level_lots())

    def _reduce(self) -> None:
        """Let a maker take back all or half of a level, never the last of a side."""
        buying = self._rng.uniform() < 0.5
        side = self.book.bid_prices if buying else self.book.ask_prices
        rank = self._rng.below(min(len(side), 12))
        price = side[len(side) - 1 - rank] if buying else side[rank]
        if buying:
            self.book.set_bid(price, self.book.bids[price] // 2 if self._rng.uniform() < 0.5 else 0)
        else:
            self.book.set_ask(price, self.book.asks[price] // 2 if self._rng.uniform() < 0.5 else 0)

    def _keep_spread(self) -> None:
        """Let makers follow the fair price when the best prices are too far apart."""
        self._keep_depth()  # a sweep or a cancel may have emptied most of a side
        bid, _, ask, _ = self.book.best()
        if ask - bid <= _SPREAD_MAX_TICKS:
            return
        middle = min(max(math.floor(self._fair), bid), ask - 1)
        if middle > bid:
            self.book.set_bid(middle, self._level_lots())
        if middle + 1 < ask:
            self.book.set_ask(middle + 1 + self._rng.below(2), self._level_lots())

    def _keep_depth(self) -> None:
        """Keep each side between the fewest and the most levels, at its far end."""
        while len(self.book.bids) < _LEVELS_MIN:
            self.book.set_bid(self._beyond(self.book.bid_prices[0], -1), self._level_lots())
        while len(self.book.asks) < _LEVELS_MIN:
            self.book.set_ask(self._beyond(self.book.ask_prices[-1], 1), self._level_lots())
        while len(self.book.bids) > _LEVELS_MAX:
            self.book.set_bid(self.book.bid_prices[0], 0)
        while len(self.book.asks) > _LEVELS_MAX:
            self.book.set_ask(self.book.ask_prices[-1], 0)

    def _beyond(self, price: int, direction: int) -> int:
        return price + direction * (1 + self._rng.below(2 * self.spec.spacing))

    def _level_lots(self) -> int:
        return 1 + self._rng.below(self.spec.level_lots) + self._rng.below(self.spec.level_lots)
