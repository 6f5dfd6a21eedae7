"""`[risk.breakers]` as a person writes it: what is watched, where, and from which figure on what happens.

Each row is a ladder, `warn_at`, `reduce_at`, `halt_at`, `flatten_at`, any of them left out. Every figure grows as
things get worse, but for the feeds that are fresh, whose rows say `warn_below` and so on: ADR 20.
"""

import enum

import msgspec

from core.decimals import plain
from core.errors import PrecisionError
from core.scopes import ALL
from risk.errors import LimitsError

Number = int | float | str
Place = tuple[str | int, ...]
STEPS = ("warn", "reduce", "halt", "flatten")
EVERY = "*"  # as in `strategy:*`: a breaker for each
OF_TRADING = (ALL, "venue", "symbol", "strategy")
HOURS, MINUTES = 24, 60
SECONDS_MOST = 86_400  # of a window


class StepName(enum.StrEnum):
    """What a breaker does, by name."""

    WARN = "warn"
    REDUCE = "reduce"
    HALT = "halt"
    FLATTEN = "flatten"


class AfterArm(enum.StrEnum):
    """From where a breaker counts once a person has armed it again."""

    ANEW = "anew"  # from the figure of then: the old loss is forgiven
    ON = "on"  # from where it counted before: it stops again at once while the figure is what it was


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What every breaker has: `strategy:*`, `symbol:*` or `venue:*` is one breaker for each."""

    scope: str = ALL
    after_arm: AfterArm = AfterArm.ANEW

    def rungs(self) -> list[tuple[str, Number]]:
        """Return (key, figure) of each step that is set, the mildest first."""
        found = ((f"{step}{self.ending()}", getattr(self, f"{step}{self.ending()}")) for step in STEPS)
        return [(key, value) for key, value in found if value is not None]

    @staticmethod
    def ending() -> str:
        """Return how the keys of the steps end."""
        return "_at"


class Rising(Row, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A breaker whose figure grows as things get worse; a step is taken where the figure reaches it."""

    warn_at: Number | None = None
    reduce_at: Number | None = None
    halt_at: Number | None = None
    flatten_at: Number | None = None


class LossRow(Rising, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Loss, realised and marked, less fees, in the base currency."""


class DrawdownRow(Rising, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What is lost since the peak: of the account's equity in the scope all, else of what was earned."""

    share: bool = False  # the figures are shares of the peak, 0.1 is 10 %; only of all


class StreakRow(Rising, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Closed losing trades in a row."""


class RejectRow(Rising, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Rejected orders as a share of those sent."""

    window_s: int = 60
    least: int = 10  # orders in the window, below which nothing is said
    refusals: bool = False  # whether what our own limits refuse counts as well


class CancelRow(Rising, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Cancels for each execution."""

    window_s: int = 300
    least: int = 20  # cancels in the window


class SlippageRow(Rising, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """How much worse executions were than the middle when their order was sent, a share of their value."""

    window_s: int = 600
    least: int = 5  # executions in the window


class VolatilityRow(Rising, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """How many times as far as usual a market moves: a short window against a long one."""

    short_s: int = 60
    long_s: int = 900


class SpreadRow(Rising, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The spread as a share of the middle, the narrowest of the last seconds."""

    for_s: int = 3


class QuorumRow(Row, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Markets whose prices are fresh; a step is taken where fewer are."""

    warn_below: Number | None = None
    reduce_below: Number | None = None
    halt_below: Number | None = None
    flatten_below: Number | None = None
    max_age_ms: int = 5_000

    @staticmethod
    def ending() -> str:
        """Return how the keys of the steps end."""
        return "_below"


class ClockRow(Rising, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Milliseconds between a venue's clock and ours."""


class LagRow(Rising, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Milliseconds by which the event loop was late, the worst of the last seconds."""

    window_s: int = 10


class RepeatRow(Rising, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Orders of one strategy, in one instrument, on one side, that were executed."""

    window_s: int = 10


class CountRow(Rising, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Gross value held, by a second count from executions alone; and what happens where the books differ from it."""

    on_difference: StepName = StepName.HALT


class BreakerSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """`[risk.breakers]`."""

    base_currency: str = "USDT"
    day_begins: str = "00:00"  # UTC
    collar: Number = "0.01"  # how far from the middle `flatten` may go
    hysteresis: Number = "0.1"  # a warning ends once the figure is so much below it
    unvalued: StepName = StepName.WARN  # what happens where a figure cannot be valued
    unvalued_after_s: int = 60  # for so long
    loss: tuple[LossRow, ...] = ()
    day_loss: tuple[LossRow, ...] = ()
    session_loss: tuple[LossRow, ...] = ()
    drawdown: tuple[DrawdownRow, ...] = ()
    loss_streak: tuple[StreakRow, ...] = ()
    reject_rate: tuple[RejectRow, ...] = ()
    cancel_ratio: tuple[CancelRow, ...] = ()
    slippage: tuple[SlippageRow, ...] = ()
    volatility: tuple[VolatilityRow, ...] = ()
    spread: tuple[SpreadRow, ...] = ()
    feed_quorum: tuple[QuorumRow, ...] = ()
    clock_offset_ms: tuple[ClockRow, ...] = ()
    loop_lag_ms: tuple[LagRow, ...] = ()
    repeats: tuple[RepeatRow, ...] = ()
    second_count: tuple[CountRow, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be a breaker."""
        day_begins_ns(self.day_begins)
        for name in ("collar", "hysteresis"):
            if fraction(name, getattr(self, name), _PPM) >= (_PPM // 2 if name == "collar" else _PPM):
                raise LimitsError(name, "a share below " + ("0.5" if name == "collar" else "1"), getattr(self, name))
        if self.unvalued_after_s < 0:
            raise LimitsError("unvalued_after_s", "0 or more", self.unvalued_after_s)
        for kind in KINDS:
            seen: dict[str, None] = {}
            for number, row in enumerate(self.rows(kind)):
                place = (kind, number)
                _check_row(kind, row, place)
                if row.scope in seen:
                    raise LimitsError("scope", "one row for each scope", row.scope, place)
                seen[row.scope] = None

    def rows(self, kind: str) -> tuple[Row, ...]:
        """Return the rows of one kind of breaker."""
        return getattr(self, kind)  # type: ignore[no-any-return]


_PPM = 1_000_000
SCOPES: dict[str, tuple[str, ...]] = {
    "loss": OF_TRADING,
    "day_loss": OF_TRADING,
    "session_loss": OF_TRADING,
    "drawdown": OF_TRADING,
    "loss_streak": OF_TRADING,
    "reject_rate": OF_TRADING,
    "cancel_ratio": OF_TRADING,
    "slippage": OF_TRADING,
    "volatility": ("symbol",),
    "spread": ("symbol",),
    "feed_quorum": (ALL, "venue"),
    "clock_offset_ms": (ALL, "venue"),
    "loop_lag_ms": (ALL,),
    "repeats": OF_TRADING,
    "second_count": (ALL, "venue", "symbol"),
}
"""Which scopes make sense for each breaker."""
KINDS = tuple(SCOPES)
WHOLE = frozenset(("loss_streak", "feed_quorum", "clock_offset_ms", "loop_lag_ms", "repeats"))
"""Breakers whose figures are whole numbers."""


def day_begins_ns(text: str) -> int:
    """Return how long after midnight UTC a day begins. Raises LimitsError."""
    hour, colon, minute = text.partition(":")
    given = [int(part) for part in (hour, minute) if part.isascii() and part.isdecimal() and len(part) <= len("00")]
    if not colon or len(given) != len(("hour", "minute")) or given[0] >= HOURS or given[1] >= MINUTES:
        raise LimitsError("day_begins", "an hour of UTC, such as 00:00 or 17:30", text)
    return (given[0] * MINUTES + given[1]) * 60_000_000_000


def fraction(key: str, value: Number, unit: int, table: Place = ()) -> int:
    """Return a plain number of 0 or more in whole units, cut where it is finer. Raises LimitsError."""
    try:
        text = plain(value)
    except PrecisionError:
        text = "-"
    if isinstance(value, bool) or text.startswith("-"):
        raise LimitsError(key, "a number, 0 or more", value, table)
    whole, _, part = text.partition(".")
    return int(whole) * unit + (int(part) * unit // int(10 ** len(part)) if part else 0)


def _check_row(kind: str, row: Row, place: Place) -> None:
    """Raise LimitsError for a row that cannot be; that steps rise and windows fit is for the settings file to say."""
    scope, _, name = row.scope.partition(":")
    if scope not in SCOPES[kind] or (scope == ALL) != (not name):
        kinds = ", ".join(each if each == ALL else f"{each}:NAME or {each}:*" for each in SCOPES[kind])
        raise LimitsError("scope", kinds, row.scope, place)
    for key, value in row.rungs():
        figure = fraction(key, value, 10**18, place)
        if figure <= 0 or (kind in WHOLE and figure % 10**18):
            raise LimitsError(key, f"a {'whole ' if kind in WHOLE else ''}number above 0", value, place)
    for name in ("window_s", "least", "short_s", "long_s", "for_s", "max_age_ms"):
        if not 1 <= getattr(row, name, 1) <= SECONDS_MOST:
            raise LimitsError(name, f"a whole number from 1 to {SECONDS_MOST}", getattr(row, name), place)
    if isinstance(row, DrawdownRow) and row.share and row.scope != ALL:
        raise LimitsError("share", "only in the scope all: what was earned has no peak to be a share of", True, place)
