"""The words of tickerd: instruments, records, events, effects, books, bars, ids, money, randomness.

For: every other package; what is defined here means the same thing live, in paper, in replay and in a backtest.
May import: the standard library's pure parts, msgspec and numpy.
Refuses: clocks, files, sockets, logging, asyncio, unseeded randomness. Time, ids and randomness are handed in.
"""
