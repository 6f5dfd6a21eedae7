"""The simulated venue: fills approved orders on the market that is seen, for paper trading and backtests.

For: answering as a venue would, without sending anything anywhere; pure, so it replays exactly.
May import: `core`.
Refuses: clocks, sockets, randomness, and to write what it reads (`core.market.Market` belongs to the driver).
"""

from connectors.sim.errors import SimError, UnsupportedInstrument
from connectors.sim.settings import FeeCurrency, QueueModel, SimSettings
from connectors.sim.venue import SimVenue

__all__ = ["FeeCurrency", "QueueModel", "SimError", "SimSettings", "SimVenue", "UnsupportedInstrument"]
