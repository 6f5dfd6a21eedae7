"""What the worker is told and what it is asked: plain values, no numpy, so that the daemon can make them.

Money here is a float in the base currency, a signal for statistics; the journal has the exact amounts.
"""

import msgspec

from risk.portfolio.stress import Scenario


class OptionHeld(msgspec.Struct, frozen=True, kw_only=True):
    """An option among the holdings; `units` of the underlying, negative where sold, `mark` and `spot` in its quote."""

    call: bool
    strike: float
    years: float
    units: float
    mark: float
    spot: float
    futures: bool = False
    to_base: float = 1.0  # what one of its quote currency is worth in the base currency


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """One holding. `factor` names the price history it moves with; `value` is signed exposure in the base currency."""

    name: str
    factor: str
    value: float
    symbol: str = ""
    sector: str = ""
    asset_class: str = ""
    option: OptionHeld | None = None


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Positions and prices at one time. `prices` by factor, only those to be trusted at this time."""

    time_ns: int
    base_currency: str
    holdings: tuple[Held, ...] = ()
    prices: dict[str, float] = {}
    unpriced: tuple[str, ...] = ()  # what is held and no market prices


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    """How the figures are made; see `[portfolio]` of the settings."""

    method: str = "historical"
    bar_ns: int = 300_000_000_000
    least: int = 30
    horizon: float = 1.0  # bars
    benchmark: str = ""
    covariance: str = "ledoit-wolf"
    decay: float = 0.94
    simulations: int = 10_000
    degrees: float | None = None
    seed: int = 0
    path_bars: int = 20
    recent: int = 100  # bars of the window in which correlations may have broken
    break_level: float = 0.001
    rotation: float = 0.1
    rate: float = 0.0
    scenarios: tuple[Scenario, ...] = ()
