"""The guard: a process of its own that cancels everything when the daemon stops beating, or when it is told.

For: `tickerd guard`, and the daemon's end of it (`link`, `beating`).
May import: what `daemon` may; the guard's own process keeps to settings, keys and one REST client a venue.
Refuses: to place anything, ever; to take silence for an alarm while it did not run itself.
"""
