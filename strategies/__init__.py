"""Signals and intents: strategy actors, and the two that come with tickerd.

For: turning market events into order intents. A strategy says what it wants; whether it happens is the gate's matter.
May import: core, oms (to read positions and orders).
Refuses: risk, engine, connectors, clocks, files, sockets, randomness other than the generator it is handed.
"""

from strategies.base import Strategy, StrategyError, StrategyParams
from strategies.context import Context, Timer
from strategies.ema_cross import EmaCross
from strategies.kernel import Kernel
from strategies.kernels import EmaCrossKernel
from strategies.quoter import TwoSidedQuoter

BUILTIN: dict[str, type[Strategy]] = {
    "ema-cross": EmaCross,
    "ema-cross-kernel": EmaCrossKernel,
    "two-sided-quoter": TwoSidedQuoter,
}

__all__ = [
    "BUILTIN",
    "Context",
    "EmaCross",
    "EmaCrossKernel",
    "Kernel",
    "Strategy",
    "StrategyError",
    "StrategyParams",
    "Timer",
    "TwoSidedQuoter",
]
