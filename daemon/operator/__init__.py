"""The operator's door: a Unix socket by which a person, or a program for one, asks and commands a running daemon.

For: `tickerd status|kill|halt|stop-entry|arm|cancel|flatten|pause|resume|release`, and whoever speaks the protocol.
May import: what `daemon` may.
Refuses: anyone but the daemon's own user and root; requests that are too long or take too long.
"""
