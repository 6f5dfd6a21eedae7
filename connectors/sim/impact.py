"""By how much an order of ours worsens the prices that it takes, beyond walking the displayed levels.

Every model gives whole ticks against us, added to each level's price, and never beyond the order's limit:

- ticks: a constant (the usual "slippage" of backtests).
- linear-depth: `ticks` for each time that the order is as large as the touch it meets.
- linear-volume: relative move `coefficient * volatility * quantity / daily volume`: the linear price impact of
  A. Kyle, "Continuous Auctions and Insider Trading", Econometrica 53 (1985).
- square-root: `coefficient * volatility * sqrt(quantity / daily volume)`: Barra, "Market Impact Model Handbook"
  (1997); Almgren, Thum, Hauptmann, Li, "Direct Estimation of Equity Market Impact" (2005), who find an exponent
  of 0.6 for the temporary part.

`volatility` is of a day, as a fraction; the daily volume is in quantity units.
"""

import math
from dataclasses import dataclass

from connectors.sim.settings import PPM, ImpactModel, ImpactSettings
from connectors.sim.view import UNLIMITED

NO_IMPACT, TICKS, LINEAR_DEPTH, LINEAR_VOLUME, SQUARE_ROOT = 0, 1, 2, 3, 4
_CODES = {
    ImpactModel.NONE: NO_IMPACT,
    ImpactModel.TICKS: TICKS,
    ImpactModel.LINEAR_DEPTH: LINEAR_DEPTH,
    ImpactModel.LINEAR_VOLUME: LINEAR_VOLUME,
    ImpactModel.SQUARE_ROOT: SQUARE_ROOT,
}
TICKS_MAX = 1e9


@dataclass(slots=True)
class Impact:
    """The model of one instrument."""

    model: int = NO_IMPACT
    ticks: int = 0
    scale: float = 0.0  # coefficient times volatility
    daily_quantity: float = 0.0


def slippage_ticks(impact: Impact, tick: int, price: int, quantity: int, displayed: int) -> int:
    """Return by how many ticks an order of `quantity` worsens its prices; `price` and `displayed` are the touch's."""
    if impact.model == NO_IMPACT:
        return 0
    if impact.model == TICKS:
        return impact.ticks
    move = 0.0
    if impact.model == LINEAR_DEPTH:
        if 0 < displayed < UNLIMITED:
            move = impact.ticks * (quantity / displayed)
    elif impact.model == LINEAR_VOLUME:
        move = impact.scale * (quantity / impact.daily_quantity) * (price / tick)
    else:
        move = impact.scale * math.sqrt(quantity / impact.daily_quantity) * (price / tick)
    move = min(move, TICKS_MAX)
    whole = int(move)
    return whole + 1 if whole < move else whole


def worsened(sign: int, price: int, slippage: int, limit: int) -> int:
    """Return a price `slippage` price units worse for the order, within its limit and above 0."""
    if sign > 0:
        return min(price + slippage, limit)
    return max(price - slippage, limit, 1)


HOT = (slippage_ticks, worsened)


def impact_of(settings: ImpactSettings, daily_volume: int, size_precision: int) -> Impact:
    """Return the model of an instrument that trades `daily_volume` whole units of its base a day."""
    return Impact(
        model=_CODES[settings.model],
        ticks=settings.ticks,
        scale=settings.coefficient_ppm / PPM * (settings.volatility_ppm / PPM),
        daily_quantity=float(max(daily_volume, 1) * 10**size_precision),
    )
