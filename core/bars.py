"""Bars aggregated from trades: by time, ticks, volume or notional.

A bar is seen when it is closed, never before. Times are event times (`recv_ns`), the time from which the bar could be
known. A trade is not split over bars: the trade that reaches a threshold closes its bar, as in M. Lopez de Prado,
"Advances in Financial Machine Learning" (2018), chapter 2. An interval without trades gives no bar.
"""

import enum

import msgspec

_NS = {
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
}


# The intervals that venues publish bars of. A BAR record's flags hold the place in this list, 0 for any other interval.
VENUE_INTERVALS = ("", "1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "7d")


class BarUnit(enum.StrEnum):
    """What fills a bar."""

    TIME = "time"
    TICK = "tick"
    VOLUME = "volume"
    NOTIONAL = "notional"


class BarSpec(msgspec.Struct, frozen=True, gc=False):
    """How bars are made: `step` is nanoseconds, trades, quantity units, or price times quantity units."""

    unit: BarUnit
    step: int

    def __post_init__(self) -> None:
        """Refuse a step that would never, or always, close."""
        if self.step <= 0:
            raise ValueError(f"a bar's step must be positive, found {self.step}")


def time_bars(text: str) -> BarSpec:
    """Return the spec of time bars from text such as `250ms`, `1s`, `5m`, `1h`, `1d`. Raises ValueError."""
    number = text.rstrip("dhms")
    unit = text[len(number) :]
    if not number.isdigit() or unit not in _NS:
        raise ValueError(f"{text!r} is not an interval: write a whole number and one of {', '.join(_NS)}, as in 5m")
    return BarSpec(BarUnit.TIME, int(number) * _NS[unit])


VENUE_STEPS_NS = tuple(time_bars(text).step if text else 0 for text in VENUE_INTERVALS)


def venue_interval(step_ns: int) -> int:
    """Return the place of an interval among VENUE_INTERVALS, 0 where it is none of them."""
    return VENUE_STEPS_NS.index(step_ns) if step_ns in VENUE_STEPS_NS else 0


class Bar(msgspec.Struct, frozen=True, gc=False):
    """One closed bar. Prices and volume in the instrument's units, notional in price times quantity units.

    `start_ns` and `end_ns`: for time bars the interval, else the first and last trade. `complete` is False where the
    feed was known to miss trades inside it. A venue's own bar tells neither notional nor trades: both are 0.
    """

    instrument: int
    spec: BarSpec
    start_ns: int
    end_ns: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    notional: int
    trades: int
    complete: bool


class BarBuilder:
    """Builds the bars of one instrument and spec from its trades."""

    __slots__ = (
        "_close",
        "_complete",
        "_end_ns",
        "_high",
        "_instrument",
        "_low",
        "_notional",
        "_open",
        "_start_ns",
        "_trades",
        "_volume",
        "spec",
    )

    def __init__(self, instrument: int, spec: BarSpec) -> None:
        """Start without a bar."""
        self.spec = spec
        self._instrument = instrument
        self._complete = True
        self._start_ns = self._end_ns = 0
        self._open = self._high = self._low = self._close = 0
        self._volume = self._notional = self._trades = 0

    @property
    def due_ns(self) -> int:
        """When the open time bar must close; 0 where none is open or time does not close it."""
        return self._end_ns if self._trades and self.spec.unit is BarUnit.TIME else 0

    def add(self, now_ns: int, price: int, quantity: int) -> Bar | None:
        """Take one trade; return the bar that it closed. A time bar is closed by `close_due` alone."""
        if not self._trades:
            self._begin(now_ns, price)
        self._high = max(self._high, price)
        self._low = min(self._low, price)
        self._close = price
        self._volume += quantity
        self._notional += price * quantity
        self._trades += 1
        if self.spec.unit is BarUnit.TIME:
            return None
        self._end_ns = now_ns
        return self._finish() if self._filled() >= self.spec.step else None

    def close_due(self, now_ns: int) -> Bar | None:
        """Return the time bar whose interval ended at or before `now_ns`."""
        due_ns = self.due_ns
        return self._finish() if due_ns and due_ns <= now_ns else None

    def mark_incomplete(self) -> None:
        """Say that trades were missed: the bar being built is not complete."""
        self._complete = False

    def state(self) -> tuple[int, ...]:
        """Return everything that a digest must cover."""
        return (
            self._start_ns,
            self._end_ns,
            self._open,
            self._high,
            self._low,
            self._close,
            self._volume,
            self._notional,
            self._trades,
            int(self._complete),
        )

    def _begin(self, now_ns: int, price: int) -> None:
        """Open a bar; a time bar's interval is aligned to the epoch."""
        if self.spec.unit is BarUnit.TIME:
            self._start_ns = now_ns - now_ns % self.spec.step
            self._end_ns = self._start_ns + self.spec.step
        else:
            self._start_ns = now_ns
        self._open = self._high = self._low = price

    def _filled(self) -> int:
        """Return how much of the step the open bar holds."""
        if self.spec.unit is BarUnit.TICK:
            return self._trades
        return self._volume if self.spec.unit is BarUnit.VOLUME else self._notional

    def _finish(self) -> Bar:
        """Close the bar and start over."""
        bar = Bar(
            self._instrument,
            self.spec,
            self._start_ns,
            self._end_ns,
            self._open,
            self._high,
            self._low,
            self._close,
            self._volume,
            self._notional,
            self._trades,
            self._complete,
        )
        self._volume = self._notional = self._trades = 0
        self._complete = True
        return bar
