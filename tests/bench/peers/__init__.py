"""The peers beside tickerd: `make bench-peers` runs the same strategies on the same data in other people's engines.

For: knowing where tickerd stands, on this machine, today. Every peer runs from its own virtual environment under
var/peers, in turn with ours, each run a process of its own pinned to one core.
May import: everything; the scripts in `engines/` import nothing of tickerd, for they run in the peers' environments.
Refuses: figures from memory. A peer that cannot be installed here is reported as skipped, with pip's reason.
"""
