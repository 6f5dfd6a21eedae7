"""Stress: what holdings lose when given things move by given shares. Pure tables and sums, no statistics.

A shock names what moves; the most particular one counts: symbol, then sector, then asset class, then everything. What
a scenario says nothing about is told as not covered, never taken as unmoved in silence.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from risk.portfolio.errors import PortfolioError

EVERYTHING = "*"


class Holding(NamedTuple):
    """One position as stress sees it; money is in the base currency.

    `value`: what is held, negative where short; of an option, delta times the underlying's price. `gamma` is the money
    per squared return (gamma S^2 units), `vega` the money per 1.00 of volatility; nought for what is linear.
    """

    name: str
    value: float
    symbol: str = ""
    sector: str = ""
    asset_class: str = ""
    gamma: float = 0.0
    vega: float = 0.0


class Shock(NamedTuple):
    """What moves, and how: `move` is a simple return (-0.3 falls by 30 %), `volatility` added to implied ones."""

    scope: str  # "symbol:BTC", "sector:financials", "class:equity", "*"
    move: float
    volatility: float = 0.0


class Scenario(NamedTuple):
    """Shocks that come together. `source` says where their figures are from."""

    name: str
    title: str
    source: str
    shocks: tuple[Shock, ...]


class StressResult(NamedTuple):
    """What a scenario does to holdings: P&L in all and by name, and the names that it says nothing about."""

    scenario: str
    pnl: float
    by_name: dict[str, float]
    uncovered: tuple[str, ...]


def shock_of(scenario: Scenario, holding: Holding) -> Shock | None:
    """Return the shock that counts for a holding, None where there is none."""
    shocks = {shock.scope: shock for shock in scenario.shocks}
    scopes = (f"symbol:{holding.symbol}", f"sector:{holding.sector}", f"class:{holding.asset_class}", EVERYTHING)
    return next((shocks[scope] for scope in scopes if scope in shocks), None)


def stress(holdings: Iterable[Holding], scenario: Scenario) -> StressResult:
    """Return what holdings make of a scenario: value s + gamma s^2 / 2 + vega dv, each with its own shock."""
    by_name: dict[str, float] = {}
    uncovered = []
    for each in holdings:
        shock = shock_of(scenario, each)
        if shock is None:
            uncovered.append(each.name)
            continue
        pnl = each.value * shock.move + 0.5 * each.gamma * shock.move**2 + each.vega * shock.volatility
        by_name[each.name] = by_name.get(each.name, 0.0) + pnl
    return StressResult(scenario.name, math.fsum(by_name.values()), by_name, tuple(uncovered))


def worst_of(results: Sequence[StressResult]) -> StressResult | None:
    """Return the result that loses most, the first by name of equals; None of none."""
    return min(results, key=lambda each: (each.pnl, each.scenario), default=None)


def custom(name: str, moves: dict[str, float], volatility: float = 0.0) -> Scenario:
    """Return a scenario of a person's own, moves by scope. Raises PortfolioError for one that cannot be."""
    for scope, move in moves.items():
        kind, _, rest = scope.partition(":")
        if scope != EVERYTHING and (kind not in {"symbol", "sector", "class"} or not rest):
            raise PortfolioError(
                f'{name}: {scope!r} is no scope; write "symbol:BTC", "sector:energy", "class:fx" or "*"'
            )
        if not -1.0 <= move <= 100.0:
            raise PortfolioError(f"{name}: a move of {move:g} for {scope}: -1 is all of it, 0.1 is up by 10 %")
    shocks = tuple(Shock(scope, move, volatility) for scope, move in moves.items())
    return Scenario(name, name, "custom", shocks)


def rotation(out: str, into: str, size: float) -> Scenario:
    """Return a rotation: money leaves one sector, which falls by `size`, for another, which rises by as much."""
    shocks = (Shock(f"sector:{out}", -size), Shock(f"sector:{into}", size), Shock(EVERYTHING, 0.0))
    return Scenario(f"rotation-{out}-{into}", f"from {out} to {into}", "rule", shocks)


def rotations(holdings: Iterable[Holding], size: float) -> list[Scenario]:
    """Return every rotation between two sectors that are held, both ways."""
    sectors = sorted({each.sector for each in holdings if each.sector})
    return [rotation(out, into, size) for out in sectors for into in sectors if out != into]
