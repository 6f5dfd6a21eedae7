"""Reconciliation: our books beside a venue's, after every start, after every reconnect, and while orders work.

For: `engine.reconciling`, which asks what is asked for here and hands the answers in.
May import: `core`, the rest of `oms`, and the standard library's pure parts.
Refuses:
- to believe "not found" once, at once, or from one source: see `judge.py`;
- to change an order otherwise than by a report that the table of transitions judges;
- to cancel an order that is not ours;
- to correct a difference by itself: the instrument is frozen, and a person is told both figures.

Read `settings.py`, then `judge.py` (what an answer means), `compare.py` (figures), `reconciler.py` (what is asked
and when).
"""

from oms.reconcile.kept import Kept, folded_part
from oms.reconcile.reconciler import Reconciler
from oms.reconcile.settings import ForeignPolicy, ReconcileSettings

__all__ = ["ForeignPolicy", "Kept", "ReconcileSettings", "Reconciler", "folded_part"]
