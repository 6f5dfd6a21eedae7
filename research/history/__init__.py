"""Histories: market data of any origin as a journal that holds inputs alone, for backtests.

For: importing recorded frames, bars, trades, arrays and recorded sessions once; reading them at memory speed.
May import: core, journal, connectors; numpy, pyarrow for users' own tables.
Refuses: guessing. Numbers that cannot be held exactly, times that go back and unknown codes are refused by file and
line; a history that was not written to its end does not look like one.
"""
