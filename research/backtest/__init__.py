"""Backtests: recorded inputs through the very engine that trades, in virtual time, with the simulated venue.

For: `tickerd backtest`; benchmarks and studies, which call `driver.Backtest` themselves.
May import: what `research` may. The rules of trading are those of the pure packages: nothing is decided here.
Refuses: the clock, but for saying how long a run took; look-ahead: the engine sees a record at its `recv_ns`.

Reading order: `data.py` (what is fed), `driver.py` (in which order), `account.py` (what it came to), `folder.py` (what
is kept of it).
"""
