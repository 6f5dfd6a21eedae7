"""Venues: one folder each, with the same file names in each, so that who knows one knows all.

For: turning a venue's bytes into the core's events and the core's approved commands into the venue's requests.
May import: `core`, the standard library and client libraries; a venue's client library only when that venue is used.
Refuses: to know the engine, strategies, risk or order management; in a venue's folder only `transport.py` awaits.
"""
