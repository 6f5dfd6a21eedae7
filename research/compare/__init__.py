"""What the simulated venue would have made of a session's orders, beside what the session's own venue made of them.

For: `tickerd compare SESSION`.
May import: what `research` may.
Refuses: to let strategies decide anew. The session's own commands go out at the times at which they went; only so can
order be laid beside order. What a strategy would have done after other fills is `tickerd replay --strategy`'s question.

Read `rerun.py` (the session again), `outcome.py` (one order, twice), `totals.py` (what the differences add up to),
`report.py` (what a person reads).
"""
