"""Market by order: reading it, rebuilding true queues from it, and judging queue models by them.

For: the truth about queue positions and fill times, which depth by price does not tell.
May import: what `research` may, and databento-dbn.
Refuses: to take part in trading. It judges the models of `connectors.sim.queues`; it has none of its own.

Reading order: `records.py` (the file), `book.py` (orders in line), `ghosts.py` (hypothetical orders in the true line),
`believers.py` (what a model sees and believes), `study.py` (both, thousands of times), `tables.py` (the errors).
`research/history/mbo.py` makes histories for backtests of the same files.
"""
