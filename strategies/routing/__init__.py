"""Smart order routing: one parent order over several venues' books of the same asset.

For: strategies, by `Strategy.work(SmartRouter, market, beside=...)`, and settings, `use = "router"`.
May import: core, oms (to read orders), the strategy base, the parent order of `strategies.algos`.
Refuses: instruments that are not the same thing; to send again what nobody knows the fate of; clocks but event time.

`split.py` divides a quantity, `venues.py` keeps what is known of each venue, `router.py` is the actor.
"""

from strategies.routing.router import SmartRouter
from strategies.routing.split import Offer, Split, in_proportion, split
from strategies.routing.venues import RoutingError

__all__ = ["Offer", "RoutingError", "SmartRouter", "Split", "in_proportion", "split"]
