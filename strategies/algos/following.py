"""Algorithms that follow the market: its volume (POV), its touch (chase), or nothing but their own size (iceberg)."""

from typing import ClassVar, Literal

from core.market import Trade
from core.orders import Side
from strategies.algos.parent import MILLISECOND_NS, SECOND_NS, TIME_OVER, ParentParams, ParentStrategy
from strategies.base import StrategyParams

PPM = 1_000_000
END = "end"
CROSS = "cross"


class FollowingParams(ParentParams, frozen=True):
    """`duration_s`: when what is left is given up, 0 for never."""

    duration_s: int = 0


class FollowingStrategy(ParentStrategy):
    """Base of the algorithms that may end by time."""

    Params: ClassVar[type[StrategyParams]] = FollowingParams
    params: FollowingParams

    def arrived(self) -> None:
        """Set the end."""
        if self.params.duration_s:
            self.set_timer(END, self.params.duration_s * SECOND_NS)

    def resumed(self, _place: list[int]) -> None:
        """Set the end again, or end: the time while nobody looked counts."""
        if self.params.duration_s:
            left_ns = self.arrived_ns + self.params.duration_s * SECOND_NS - self.now_ns
            if left_ns > 0:
                self.set_timer(END, left_ns)
            else:
                self.end("expired", TIME_OVER)

    def due(self, name: str) -> None:
        """End."""
        if name == END:
            self.end("expired", TIME_OVER)

    def follow(self, child: str, price: int) -> None:
        """Move a child to a price, or to the limit."""
        order = self.context.manager.order(child)
        at = self.within(price)
        if order is not None and order.price != at:
            self.replace(child, price=at)


class Pov(FollowingStrategy):
    """Percentage of volume: never more than a share of what has traded since it began."""

    algorithm = "pov"

    class Params(FollowingParams, frozen=True):
        """`rate` is the share; a child is sent once `clip`, decimal text, is due."""

        rate: float = 0.1
        clip: str = "0.01"
        style: Literal["join", "take"] = "take"

        def __post_init__(self) -> None:
            """Refuse what makes no sense. Raises ValueError."""
            if not 0 < self.rate <= 1:
                raise ValueError(f"rate must be above 0 and at most 1, found {self.rate}")

    params: Params

    def on_start(self) -> None:
        """Begin."""
        self._rate_ppm = round(self.params.rate * PPM)
        self._clip = max(self.markets[0].instrument.quantity(self.params.clip), self.markets[0].instrument.lot)
        self.begin()

    def traded(self, _trade: Trade) -> None:
        """Keep up with the volume."""
        self.move()

    def move(self) -> None:
        """Ask for what the volume allows, a clip or the last of the parent at a time."""
        assert self.measure is not None
        allowed = min(self.measure.market_volume * self._rate_ppm // PPM, self.quantity)
        missing = allowed - self.filled - self.working
        taking = self.params.style == "take"
        if missing >= self._clip or (missing > 0 and missing >= self.room > 0):
            self.place(missing, self.far if taking else self.near, taking=taking)
        if not taking:
            for child in self.children:
                self.follow(child, self.near)


class Iceberg(FollowingStrategy):
    """Shows `display` of the parent at its limit, and the next as soon as that is gone."""

    algorithm = "iceberg"

    class Params(FollowingParams, frozen=True):
        """`display` is decimal text; the price is `limit`, our own side of the touch without one."""

        display: str = "0.01"

    params: Params

    def on_start(self) -> None:
        """Begin."""
        self._display = self.markets[0].instrument.quantity(self.params.display)
        self.begin()

    def move(self) -> None:
        """Show the next piece."""
        if not self.children:
            self.place(self._display, self.limit or self.near)


class Chase(FollowingStrategy):
    """One order at our own side of the touch, moved when the touch moves away, never beyond the limit.

    After `patience_ms` (0: never) it crosses the spread.
    """

    algorithm = "chase"

    class Params(FollowingParams, frozen=True):
        """`offset_ticks` behind the touch; it moves once it would move by `step_ticks`."""

        offset_ticks: int = 0
        step_ticks: int = 1
        patience_ms: int = 0

    params: Params

    def on_start(self) -> None:
        """Begin."""
        self._crosses = False
        self.begin()

    def arrived(self) -> None:
        """Set the end, and when patience ends."""
        super().arrived()
        if self.params.patience_ms:
            self.set_timer(CROSS, self.params.patience_ms * MILLISECOND_NS)

    def resumed(self, place: list[int]) -> None:
        """Set the end again, and when patience ends, or lose it."""
        super().resumed(place)
        if self.params.patience_ms and not self.ending:
            left_ns = self.arrived_ns + self.params.patience_ms * MILLISECOND_NS - self.now_ns
            if left_ns > 0:
                self.set_timer(CROSS, left_ns)
            else:
                self._crosses = True

    def due(self, name: str) -> None:
        """Lose patience, or end."""
        if name == CROSS:
            self._crosses = True
            self.move()
        else:
            super().due(name)

    def move(self) -> None:
        """Keep the order where the touch is."""
        tick = self.target_market.instrument.tick
        sign = 1 if self.side is Side.BUY else -1
        price = self.far if self._crosses else self.near - sign * self.params.offset_ticks * tick
        if not self.children:
            self.place(self.room, price)
            return
        for child in self.children:
            order = self.context.manager.order(child)
            if order is not None and abs(self.within(price) - order.price) >= self.params.step_ticks * tick:
                self.follow(child, price)
