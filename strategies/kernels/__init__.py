"""The example strategies as kernels: the same rules as their Python twins, for live trading and compiled backtests.

For: strategies that must run over millions of events a second, and as examples of how a kernel is written.
May import: what `strategies` may.
Refuses: everything that a hot function may not use, see core/hot.py.
"""

from strategies.kernels.avellaneda_stoikov import AvellanedaStoikovKernel
from strategies.kernels.breakout import BreakoutKernel
from strategies.kernels.ema_cross import EmaCrossKernel
from strategies.kernels.grid_maker import GridMakerKernel
from strategies.kernels.mean_reversion import MeanReversionKernel
from strategies.kernels.quoter import TwoSidedQuoterKernel

__all__ = [
    "AvellanedaStoikovKernel",
    "BreakoutKernel",
    "EmaCrossKernel",
    "GridMakerKernel",
    "MeanReversionKernel",
    "TwoSidedQuoterKernel",
]
