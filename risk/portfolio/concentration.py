"""How much hangs on few: shares of gross exposure, by instrument, sector or whatever else groups it."""

import math
from collections.abc import Iterable
from typing import NamedTuple


class Concentration(NamedTuple):
    """Of gross exposure by name. `hhi`, Herfindahl and Hirschman's index, is the sum of squared shares: 1 / N to 1.

    `effective` is 1 / hhi: as many equal holdings would be as concentrated. All 0 where nothing is held.
    """

    gross: float
    hhi: float
    effective: float
    top: str
    top_share: float
    shares: dict[str, float]


def concentration(exposures: Iterable[tuple[str, float]]) -> Concentration:
    """Return how concentrated signed exposures are; those of one name (a sector's, an asset's) are netted first."""
    net: dict[str, float] = {}
    for name, value in exposures:
        net[name] = net.get(name, 0.0) + value
    gross = math.fsum(abs(value) for value in net.values())
    if gross <= 0.0:
        return Concentration(0.0, 0.0, 0.0, "", 0.0, {})
    shares = {
        name: abs(value) / gross for name, value in sorted(net.items(), key=lambda each: (-abs(each[1]), each[0]))
    }
    top, top_share = next(iter(shares.items()))
    hhi = math.fsum(share * share for share in shares.values())
    return Concentration(gross, hhi, 1.0 / hhi, top, top_share, shares)
