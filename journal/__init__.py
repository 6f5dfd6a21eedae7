"""The journal: every input and effect of a session, written before it counts, readable for good.

For: the daemon and the replay drivers (`writer`, `reader`), the operator (`verify`, `recover`, `compress`,
`retention`, `export`), research (`reader.array`, `reader.columns`).
May import: `core`, files and locks of the operating system, numpy, zstandard; numba and pyarrow at first use.
Refuses: clocks and decisions. Times are handed in; what a record means is the engine's matter.
"""
