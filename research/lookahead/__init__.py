"""Checks of a backtest: that no decision knew the future, and that none hangs on where the history begins.

For: `tickerd backtest --check-lookahead` and `--check-warmup`; studies, which call `check.check_lookahead` and
`warmup.check_warmup` themselves. docs/lookahead.md says what is checked, and what cannot be proven.
May import: what `research` may. Every re-run is an ordinary run of the Python driver.
Refuses: to call a strategy proven. What it finds is a fact where a decision moved, else a suspicion, and named so.

Reading order: `decisions.py` (what is compared), `feed.py` and `altering.py` (what a re-run is fed), `rerun.py`,
`cuts.py`, `check.py`; `outside.py` (files and data that were not fed), `known.py` (data that tells too early),
`warmup.py`.
"""
