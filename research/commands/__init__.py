"""The words that research brings to the command line, one module each; `daemon.words` finds them by entry points.

For: `tickerd backtest`, `tickerd sweep`, `tickerd compare`, `tickerd history`.
May import: what `research` may. A module is imported when its word is said, this file for `tickerd --help`.
Refuses: to compute. Options are read and answers printed here; the work is done by the packages beside it.
"""

WORDS = {
    "backtest": "run strategies over recorded or imported data in virtual time",
    "sweep": "run a strategy with every combination of some parameters, and rank them",
    "compare": "lay a session's orders beside what the simulated venue would have made of them",
    "history": "import market data once, list what was imported, show where it came from",
}
