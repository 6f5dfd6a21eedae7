"""`[sizing]`: what is measured for sizes, and `[strategies.sizing]`: the rules of one strategy. See docs/sizing.md."""

from typing import Annotated

import msgspec
from msgspec import Meta

from core.decimals import plain
from risk.sizing.bound import BILLION

Share = Annotated[float, Meta(gt=0, le=1)]
Ratio = Annotated[float, Meta(gt=0, le=1_000)]
Quantity = Annotated[float, Meta(ge=0, le=1e15)]


class StrategySizing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Rules of one strategy; one that is left out allows anything, and at least one has to be there.

    `volatility_target`: how much of the equity the position may be expected to move in a year. `equity_share`: what the
    position may be worth, as a share of the equity. `depth_share`: of what the book shows on the other side within
    `depth_within` of the middle. `volume_share`: of what was traded in the last `[sizing] volume_s`. `largest`: a fixed
    quantity. `unproven`: the quantity that a rule allows whose figure is not known yet.
    """

    volatility_target: Ratio | None = None
    equity_share: Ratio | None = None
    depth_share: Share | None = None
    depth_within: Annotated[float, Meta(gt=0, lt=1)] = 0.001
    volume_share: Share | None = None
    largest: Quantity | None = None
    unproven: Quantity = 0.0

    def __post_init__(self) -> None:
        """Refuse rules that bound nothing."""
        if all(getattr(self, name) is None for name in RULES):
            raise ValueError(f"sizing has no rule: give at least one of {', '.join(RULES)}")


RULES = ("volatility_target", "equity_share", "depth_share", "volume_share", "largest")


class SizingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How markets are measured for sizes, where any strategy has `[strategies.sizing]`.

    The middle of each of their instruments is sampled every `sample_s`; the newest `window` returns tell its
    volatility, once there are `least`. A year has `year_days` of trading around the clock (365) or less.
    """

    base_currency: Annotated[str, Meta(pattern=r"^[A-Z0-9]{1,16}$", description="a currency in capitals")] = "USDT"
    sample_s: Annotated[int, Meta(ge=1, le=86_400)] = 60
    window: Annotated[int, Meta(ge=2, le=10_000)] = 120
    least: Annotated[int, Meta(ge=2, le=10_000)] = 20
    volume_s: Annotated[int, Meta(ge=1, le=86_400)] = 300
    year_days: Annotated[float, Meta(gt=0, le=366)] = 365.0

    def __post_init__(self) -> None:
        """Refuse what can never be known."""
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
