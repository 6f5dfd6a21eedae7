"""What a market does: how far it moves beside what is usual, and how far apart bid and ask are."""

import math
from collections import deque

from core.market import Market
from risk.breaker_settings import Row, SpreadRow, VolatilityRow
from risk.breakers.tally import Tally
from risk.breakers.watch import PPM, Desk, Watch, share_figure

_PPB = 1_000_000_000


class OfMarket(Watch):
    """Watches one market."""

    unit = PPM

    def text(self, figure: int) -> str:
        """Return a ratio."""
        return share_figure(figure)

    def _market(self) -> Market | None:
        """Return the market, None while it is not defined."""
        return next(iter(self.scoped.markets()), None)

    def _touch(self) -> tuple[int, int] | None:
        """Return bid and ask, None where there is no market of two sides."""
        market = self._market()
        if market is None:
            return None
        bid, ask, _ = market.touch()
        return (bid, ask) if 0 < bid <= ask else None


class Volatility(OfMarket):
    """The root mean square of the middle's moves from second to second, of a short window over that of a long one.

    The long window ends where the short one begins, so a jump is not compared with itself. All in whole numbers.
    """

    def __init__(self, desk: Desk, scope: str, row: VolatilityRow) -> None:
        """Have seen nothing."""
        super().__init__(desk, scope)
        self._row = row
        self._short, self._long = Tally(row.short_s, 2), Tally(row.long_s, 2)
        self._before = 0

    def look(self, now_ns: int) -> None:
        """Take a sample of the middle."""
        touch = self._touch()
        if touch is None:
            self._before = 0
            return
        middle = sum(touch)
        if self._before:
            move = (middle - self._before) * _PPB // self._before
            self._short.add(now_ns, move * move, 1)
            self._long.add(now_ns, move * move, 1)
        self._before = middle

    def figure(self, now_ns: int) -> int | None:
        """Return the ratio, nothing while half of either window was not seen, or nothing ever moved."""
        self._short.roll(now_ns)
        self._long.roll(now_ns)
        short_s, rest_s = self._row.short_s, self._row.long_s - self._row.short_s
        self.problem = "" if rest_s > 0 else f"short_s, {short_s}, is not less than long_s, {self._row.long_s}"
        if self.problem:
            return None
        moved, count = self._short.sums
        usual, usually = self._long.sums[0] - moved, self._long.sums[1] - count
        if 2 * count < short_s or 2 * usually < rest_s or not usual:
            return None
        return math.isqrt(moved * usually * PPM * PPM // (usual * count))

    def change(self, row: Row) -> None:
        """Have the windows of a row from now on."""
        assert isinstance(row, VolatilityRow)
        self._row = row
        self._short.change(row.short_s)
        self._long.change(row.long_s)

    def anew(self, now_ns: int) -> None:
        """Look at the last minutes anew: what moved the market is part of what is usual from then on."""
        self._short.clear()

    def state(self) -> list[object]:
        """Return the samples."""
        return [self._before, self._short.state(), self._long.state()]


class Spread(OfMarket):
    """Ask less bid as a share of the middle, the narrowest of the last seconds: one wide moment is no blow-out."""

    def __init__(self, desk: Desk, scope: str, row: SpreadRow) -> None:
        """Have seen nothing."""
        super().__init__(desk, scope)
        self._samples: deque[int] = deque(maxlen=row.for_s)

    def look(self, now_ns: int) -> None:
        """Take a sample; a market without two sides has none, and begins anew."""
        touch = self._touch()
        if touch is None:
            self._samples.clear()
        else:
            bid, ask = touch
            self._samples.append((ask - bid) * 2 * PPM // (ask + bid))

    def figure(self, now_ns: int) -> int | None:
        """Return the narrowest spread, nothing before so many seconds were seen."""
        return min(self._samples) if len(self._samples) == self._samples.maxlen else None

    def change(self, row: Row) -> None:
        """Have the windows of a row from now on."""
        assert isinstance(row, SpreadRow)
        self._samples = deque(self._samples, maxlen=row.for_s)

    def anew(self, now_ns: int) -> None:
        """Count from nothing."""
        self._samples.clear()

    def state(self) -> list[object]:
        """Return the samples."""
        return list(self._samples)
