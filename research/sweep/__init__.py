"""Parameter sweeps: every combination of some parameters through the whole engine, over the same data.

For: `tickerd sweep`; studies and benchmarks, which call `Combinations`, `CompiledTrials` and `run_all` themselves.
May import: what `research` may. A trial is an ordinary backtest: the drivers are those of `tickerd backtest`.
Refuses: to call the best of many a strategy that is good. How many were tried is told beside it, and what that alone
would have brought (`deflated.py`).

Reading order: `grid.py` (what is tried), `plan.py`, `tape.py` and `compiled.py` (kernels), `plain.py` (Python
strategies), `figures.py` (what a trial came to), `workers.py`, `result.py`, `table.py`, `heatmap.py`, `folder.py`.
"""
