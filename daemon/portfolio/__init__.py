"""The portfolio's risk, computed by a process of its own from snapshots, told to the engine as inputs.

For: `daemon.start`, which runs a `PortfolioWorker` beside the session where `[portfolio]` is enabled.
May import: `risk.portfolio`; its numerics in the child process only, so that the daemon's own stays small and quick.
Refuses: to be waited for, to be trusted while silent (a dead or slow worker is told, and started again), and to tell
figures as newer than the positions and prices behind them.
"""

from daemon.portfolio.process import PortfolioWorker

__all__ = ["PortfolioWorker"]
