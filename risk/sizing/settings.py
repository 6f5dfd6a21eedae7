"""`[sizing]`: what is measured for sizes, and `[strategies.sizing]`: the rules of one strategy. See docs/sizing.md."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from core.decimals import plain
from risk.sizing.bound import BILLION

Share = Annotated[float, Meta(gt=0, le=1)]
Ratio = Annotated[float, Meta(gt=0, le=1_000)]
Factor = Annotated[float, Meta(ge=0, le=1)]
Quantity = Annotated[float, Meta(ge=0, le=1e15)]


class StrategySizing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Rules of one strategy; one that is left out allows anything, and at least one has to be there.

    `volatility_target`: how much of the equity the position may be expected to move in a year. `equity_share`: what the
    position may be worth, as a share of the equity. `risk_per_trade`: what may be lost of the equity at the stop that
    the strategy names, or at one `atr_multiple` average true ranges away. `kelly`: what fraction of Kelly's value may
    be held, by `kelly_method` from at least `kelly_least` closed trades, lowered by `kelly_errors` standard errors.
    `parity`: the strategy's part in the risk that all strategies with a part share, spread evenly over all instruments
    that it trades, or `parity_over` the first alone, whatever it trades besides. `depth_share`: of what the book
    shows on the other side within `depth_within` of the middle. `volume_share`: of what was traded in the last
    `[sizing] volume_s`. `largest`: a fixed quantity. `unproven`: the quantity that a rule allows whose figure is not
    known yet.
    """

    volatility_target: Ratio | None = None
    equity_share: Ratio | None = None
    risk_per_trade: Share | None = None
    atr_multiple: Ratio = 2.0
    kelly: Share | None = None
    kelly_method: Literal["win-loss", "mean-variance"] = "win-loss"
    kelly_least: Annotated[int, Meta(ge=2, le=500)] = 30
    kelly_errors: Annotated[float, Meta(ge=0, le=10)] = 1.0
    parity: Ratio | None = None
    depth_share: Share | None = None
    depth_within: Annotated[float, Meta(gt=0, lt=1)] = 0.001
    volume_share: Share | None = None
    largest: Quantity | None = None
    unproven: Quantity = 0.0
    parity_over: Literal["first", "all"] = "all"

    def __post_init__(self) -> None:
        """Refuse rules that bound nothing."""
        if all(getattr(self, name) is None for name in RULES):
            raise ValueError(f"sizing has no rule: give at least one of {', '.join(RULES)}")


RULES = (
    "volatility_target",
    "equity_share",
    "risk_per_trade",
    "kelly",
    "parity",
    "depth_share",
    "volume_share",
    "largest",
)


class RegimeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[sizing.regime]`: factors on sizes by how wild a market is.

    That is the volatility of its newest `short` returns over that of the whole window: calm below `calm_below`, wild
    above `wild_above`. What is not known yet counts as the smallest factor.
    """

    short: Annotated[int, Meta(ge=2, le=10_000)] = 10
    calm_below: Ratio = 0.7
    wild_above: Ratio = 1.5
    calm: Factor = 1.0
    normal: Factor = 1.0
    wild: Factor = 0.5


class SizingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How markets are measured for sizes, where any strategy has `[strategies.sizing]`.

    The middle of each of their instruments is sampled every `sample_s`; the newest `window` returns tell its
    volatility, once there are `least`. A year has `year_days` of trading around the clock (365) or less. Average true
    ranges are of `atr_period` bars of trades, `atr_bar_s` long. Strategies with `parity` share `parity_leverage` times
    the equity.
    """

    base_currency: Annotated[str, Meta(pattern=r"^[A-Z0-9]{1,16}$", description="a currency in capitals")] = "USDT"
    sample_s: Annotated[int, Meta(ge=1, le=86_400)] = 60
    window: Annotated[int, Meta(ge=2, le=10_000)] = 120
    least: Annotated[int, Meta(ge=2, le=10_000)] = 20
    volume_s: Annotated[int, Meta(ge=1, le=86_400)] = 300
    year_days: Annotated[float, Meta(gt=0, le=366)] = 365.0
    atr_bar_s: Annotated[int, Meta(ge=1, le=604_800)] = 60
    atr_period: Annotated[int, Meta(ge=1, le=10_000)] = 14
    parity_leverage: Ratio = 1.0
    regime: RegimeSettings | None = None

    def __post_init__(self) -> None:
        """Refuse what can never be known."""
        if self.regime is not None and self.regime.short >= self.window:
            raise ValueError(f"regime.short must be below the window of {self.window}, found {self.regime.short}")
        if self.least > self.window:
            raise ValueError(f"least must be at most the window of {self.window} returns, found {self.least}")

    @property
    def sample_ns(self) -> int:
        """The time from one sample to the next."""
        return self.sample_s * BILLION

    @property
    def samples_a_year(self) -> float:
        """How many samples make a year."""
        return self.year_days * 86_400.0 / self.sample_s


def billionths(number: float) -> int:
    """Return a fraction that a person wrote in 10^-9, cut where it is finer: whole numbers decide."""
    whole, _, fraction = plain(number).partition(".")
    return int(whole + fraction[:9].ljust(9, "0"))


def units(number: float, precision: int) -> int:
    """Return a quantity that a person wrote in units of 10^-precision, cut where it is finer."""
    whole, _, fraction = plain(number).partition(".")
    return int(whole + fraction[:precision].ljust(precision, "0"))
