"""The process: clock, sequencer, journal, effect runners, lifecycle, logs, metrics, screen and command line.

For: joining the pure core to the world. Here time is read, sockets are awaited and signals are caught, once each.
May import: everything below it.
Refuses: decisions. What to trade, what to refuse and what an answer means is decided in the pure packages.
"""
