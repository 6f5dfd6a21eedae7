"""Execution algorithms: one parent order, worked by children over time.

For: strategies, by `Strategy.work`, and settings, as strategies of their own (`use = "twap"`).
May import: core, oms (to read orders), the strategy base.
Refuses: to ask for more than the parent in all; to guess at fills, it counts them; clocks other than event time.

Read `parent.py` first: what all of them share.
"""

from strategies.algos.following import Chase, Iceberg, Pov
from strategies.algos.parent import ParentParams, ParentStrategy
from strategies.algos.scheduled import ImplementationShortfall, Twap, Vwap

ALGORITHMS: dict[str, type[ParentStrategy]] = {
    each.algorithm: each for each in (Twap, Vwap, ImplementationShortfall, Pov, Iceberg, Chase)
}

__all__ = [
    "ALGORITHMS",
    "Chase",
    "Iceberg",
    "ImplementationShortfall",
    "ParentParams",
    "ParentStrategy",
    "Pov",
    "Twap",
    "Vwap",
]
