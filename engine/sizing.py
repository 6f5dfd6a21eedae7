"""Sizes in the engine: markets are sampled by a timer of event time, and the operator scales what comes out.

`scale` takes a scope and `scale_ppm`, 0 to 1_000_000. Less holds at once, and so does a way back: what it lets through
still meets every limit. More than 1 is refused: whoever wants larger sizes writes other rules. Positions stay.
"""

from collections.abc import Callable

from core.bars import Bar
from core.decimals import whole
from core.effects import Alert, Effect, OrderBusted, OrderFilled, ScaleChanged, Severity
from core.events import CommandReceived
from core.scopes import ALL, split_scope
from engine.meter import Meters
from engine.timers import Timers
from risk.sizing.scales import WHOLE_PPM
from risk.sizing.sizer import Sizer

SCALE = "scale"
SCALE_PPM = "scale_ppm"
SIZES = "sizes:"  # owner of the timer


class Sizing:
    """Lets a sizer see the markets, and carries the operator's factors to it."""

    __slots__ = ("_effects", "_meters", "_timers", "check", "sizer")

    def __init__(
        self, sizer: Sizer, timers: Timers, effects: list[Effect], check: Callable[[str], object], meters: Meters
    ) -> None:
        """Serve `sizer`; `check` raises ScopeError for a scope that there is not."""
        self.sizer = sizer
        self.check = check
        self._meters = meters
        self._timers = timers
        self._effects = effects

    def handlers(self) -> dict[str, Callable[[CommandReceived, int], str]]:
        """Return what carries each command out; each returns why not, empty where it did."""
        return {SCALE: self._scale}

    def fire(self, now_ns: int) -> None:
        """Sample the markets, and again after a step; nothing where no strategy has rules."""
        if self.sizer.rules:
            self._timers.drop(SIZES)
            self.sizer.figures.sample(now_ns)
            self._timers.set(SIZES, "sample", now_ns + self.sizer.settings.sample_ns)

    def follow(self) -> None:
        """Count the executions that the effects tell of, where sizes depend on closed trades."""
        trades = self.sizer.figures.trades
        if trades.counting:
            for effect in self._effects:
                if type(effect) is OrderFilled or type(effect) is OrderBusted:
                    trades.take(effect)

    def listen(self, *, wanted: bool) -> None:
        """Have bars measured, where a size or, `wanted`, something else depends on the average true range."""
        if wanted or self.sizer.wants_ranges:
            self._meters.listen(self.sizer.settings.atr_bar_s * 1_000_000_000, self.take_bar)

    def take_bar(self, bar: Bar) -> None:
        """Measure a bar of trades."""
        self.sizer.figures.take_bar(bar.instrument, bar.high, bar.low, bar.close, complete=bar.complete)

    def restored(self) -> None:
        """Say what was scaled before a restart."""
        for scope, scale in sorted(self.sizer.scales.held.items()):
            why = f"{scope} has been scaled to {_text(scale.scale_ppm)} since the session before ({scale.reason})"
            self._say("SCALED", f"{why}: `tickerd scale {scope} 1 --reason ...` ends it")

    def _scale(self, command: CommandReceived, now_ns: int) -> str:
        scope, text = command.scope or ALL, command.args.get(SCALE_PPM, "")
        ends = scope in self.sizer.scales.held and text == str(WHOLE_PPM)  # it may be older than the settings
        if not ends:
            self.check(scope)
        if whole(text, WHOLE_PPM) is None:
            return f"{SCALE_PPM} is {text!r}: expected 0 to {WHOLE_PPM}; larger sizes take other rules in the settings"
        if not command.reason.strip():
            return "give the reason"
        kind, name = split_scope(scope)
        if not ends and (not self.sizer.rules or (kind == "strategy" and name not in self.sizer.rules)):
            return "nothing there asks for sizes: give the strategy [strategies.sizing], or `tickerd set` its limits"
        before = self.sizer.scales.ppm(scope)
        told = ScaleChanged(
            scope=scope,
            before_ppm=before,
            scale_ppm=int(text),
            since_ns=now_ns,
            source=command.source,
            reason=command.reason,
        )
        self._effects.append(told)
        self.sizer.scales.take(told)
        what = f"{scope}: sizes are scaled from {_text(before)} to {_text(told.scale_ppm)} by {command.source}"
        self._say("SCALED", f"{what} ({command.reason}); positions stay as they are")
        return ""

    def _say(self, code: str, message: str) -> None:
        self._effects.append(Alert(severity=Severity.WARNING, code=code, message=message))


def _text(ppm: int) -> str:
    """Return a factor as a person writes it."""
    return f"{ppm / WHOLE_PPM:.6f}".rstrip("0").rstrip(".")
