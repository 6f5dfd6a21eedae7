"""Signals and intents: strategy actors, and those that come with tickerd.

For: turning market events into order intents. A strategy says what it wants; whether it happens is the gate's matter.
May import: core, oms (to read positions and orders).
Refuses: risk, engine, connectors, clocks, files, sockets, randomness other than the generator it is handed.
"""

from strategies.algos import ALGORITHMS
from strategies.avellaneda_stoikov import AvellanedaStoikov
from strategies.base import Strategy, StrategyError, StrategyParams
from strategies.breakout import Breakout
from strategies.context import Context, Timer
from strategies.ema_cross import EmaCross
from strategies.grid_maker import GridMaker
from strategies.kernel import Kernel
from strategies.kernels import (
    AvellanedaStoikovKernel,
    BreakoutKernel,
    EmaCrossKernel,
    GridMakerKernel,
    MeanReversionKernel,
    TwoSidedQuoterKernel,
)
from strategies.mean_reversion import MeanReversion
from strategies.quoter import TwoSidedQuoter
from strategies.routing import SmartRouter

BUILTIN: dict[str, type[Strategy]] = {
    "avellaneda-stoikov": AvellanedaStoikov,
    "avellaneda-stoikov-kernel": AvellanedaStoikovKernel,
    "breakout": Breakout,
    "breakout-kernel": BreakoutKernel,
    "ema-cross": EmaCross,
    "ema-cross-kernel": EmaCrossKernel,
    "grid-maker": GridMaker,
    "grid-maker-kernel": GridMakerKernel,
    "mean-reversion": MeanReversion,
    "mean-reversion-kernel": MeanReversionKernel,
    "two-sided-quoter": TwoSidedQuoter,
    "two-sided-quoter-kernel": TwoSidedQuoterKernel,
    **ALGORITHMS,
    SmartRouter.algorithm: SmartRouter,
}

__all__ = [
    "BUILTIN",
    "AvellanedaStoikov",
    "AvellanedaStoikovKernel",
    "Breakout",
    "BreakoutKernel",
    "Context",
    "EmaCross",
    "EmaCrossKernel",
    "GridMaker",
    "GridMakerKernel",
    "Kernel",
    "MeanReversion",
    "MeanReversionKernel",
    "SmartRouter",
    "Strategy",
    "StrategyError",
    "StrategyParams",
    "Timer",
    "TwoSidedQuoter",
    "TwoSidedQuoterKernel",
]
