"""The audit trail: signed heads of the hash chain beside each session, and what they prove of it later.

For: the daemon, which signs (`keys`, `trail`), and `tickerd audit verify` (`sessions`, `folder`).
May import: what `journal` may, and cryptography.
Refuses: clocks; records of its own in the journal. A session with a trail replays as one without.
"""
