"""The compiled driver: the engine's hot functions and a kernel strategy inlined into one loop by numba.

For: backtests of millions of events a second that give, event for event, what the Python driver gives.
May import: what `research` may, and numba.
Refuses: any rule of its own. What decides is in the pure packages and is called here; what cannot be compiled is
refused by name.
"""
