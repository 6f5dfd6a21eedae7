"""Grid market maker: several levels on both sides of the mid, leaned against the inventory.

The idea: earn the swings of a price that goes nowhere, buying at each level down and selling at each level up. Source:
the grid trading example of hftbacktest's documentation ("High-Frequency Grid Trading"); prices are multiples of a fixed
interval, so an order whose price is still in the grid keeps its place in the queue. It loses money in trends: the grid
fills up on one side, sits on `max_inventory` and waits; the swings must also pay the maker's fees.
"""

from core.market import Quote
from core.orders import Side
from strategies.base import Saved, StrategyParams
from strategies.resting import RestingStrategy

BASIS_POINTS = 10_000
MILLISECOND_NS = 1_000_000
LEVELS_MAX = 16


class GridMaker(RestingStrategy):
    """Keeps up to `levels` post-only orders a side, `interval_bps` apart, the nearest `half_spread_bps` off its centre.

    The centre lies `skew_bps` below the mid for each order of inventory. The interval is fixed in price at the first
    quote. What left the grid is cancelled, what is still in it stays. A side has as many levels as fit `max_inventory`.
    """

    class Params(StrategyParams, frozen=True):
        """Distances in basis points of the mid, quantities as decimal text, the pause after a refusal in ms."""

        quantity: str = "0.01"
        max_inventory: str = "0.10"
        levels: int = 5
        interval_bps: float = 1.0
        half_spread_bps: float = 1.0
        skew_bps: float = 0.2
        pause_ms: int = 250

        def __post_init__(self) -> None:
            """Refuse what makes no sense. Raises ValueError."""
            if not 1 <= self.levels <= LEVELS_MAX:
                raise ValueError(f"levels must be 1 to {LEVELS_MAX}, found {self.levels}")
            if self.interval_bps <= 0 or self.half_spread_bps < 0 or self.pause_ms < 1:
                raise ValueError("interval_bps and pause_ms must be above 0, half_spread_bps at least 0")

    params: Params

    def on_start(self) -> None:
        """Follow the quotes of the first configured instrument."""
        params, market = self.params, self.markets[0]
        self.keep_places(market, 2 * params.levels, params.pause_ms)
        self._quantity = market.instrument.quantity(params.quantity)
        self._max_inventory = market.instrument.quantity(params.max_inventory)
        self._interval = 0
        self._top = self._bottom = 0  # the nearest bid and the nearest ask
        self.subscribe_quotes(market)

    def on_quote(self, quote: Quote) -> None:
        """Move the grid when its centre has left an interval, or something happened to its orders."""
        bid, ask = quote.bid_price, quote.ask_price
        if not bid or not ask or self.paused:
            return
        twice_mid = bid + ask
        if not self._interval:
            ticks = round(twice_mid / 2 * self.params.interval_bps / BASIS_POINTS / self._market.instrument.tick)
            self._interval = max(1, ticks) * self._market.instrument.tick
        interval, params = self._interval, self.params
        mid = twice_mid / 2
        position = self.position(self._market)
        centre = mid - mid * params.skew_bps * (position / self._quantity) / BASIS_POINTS
        away = mid * params.half_spread_bps / BASIS_POINTS
        top = int(min(centre - away, float(bid)) // interval) * interval
        bottom = -int(min(-centre - away, float(-ask)) // interval) * interval
        if top == self._top and bottom == self._bottom and not self.stale:
            return
        self._top, self._bottom = top, bottom
        self.stale = False
        self._tend(0, Side.BUY, top, position)
        self._tend(params.levels, Side.SELL, bottom, position)

    def save(self) -> Saved:
        """Return the grid and its orders."""
        return super().save() | {"grid": [self._interval, self._top, self._bottom]}

    def load(self, saved: Saved) -> None:
        """Take back the grid and its orders."""
        super().load(saved)
        grid = saved["grid"]
        assert isinstance(grid, list)
        self._interval, self._top, self._bottom = map(int, grid)

    def _tend(self, first: int, side: Side, nearest: int, position: int) -> None:
        """Cancel what left one side of the grid and place what is missing; `first` is the side's first place."""
        places = range(first, first + self.params.levels)
        room = (self._max_inventory - side * position) // self._quantity
        depth = min(self.params.levels, max(0, room))
        taken = 0
        for place in places:
            if self._orders[place]:
                taken += 1
                level = (nearest - self._prices[place]) * side // self._interval
                if not 0 <= level < depth:
                    self.pull(place)
        for level in range(depth):
            price = nearest - side * level * self._interval
            if taken >= depth:
                return
            if price > 0 and all(self._prices[place] != price or not self._orders[place] for place in places):
                self.put(next(place for place in places if not self._orders[place]), side, self._quantity, price)
                taken += 1
