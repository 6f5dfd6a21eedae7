"""The guard: a process of its own that cancels everything when the daemon stops beating, or when it is told.

For: `tickerd guard`, and the daemon's end of it (`link`). May import: what `daemon` may; the guard's own process keeps
to settings, keys and one REST client a venue, so that nothing of the engine can hold it up.
"""
