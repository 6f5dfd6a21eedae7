"""Order management: the life of every order, fills to positions, and cash.

For: `engine`, which hands in approved commands and venue reports and gets effects; `risk`, which reads exposure.
May import: `core`, and the standard library's pure parts.
Refuses:
- to end an order without the venue's evidence: an unknown outcome is a state that keeps its full exposure reserved;
- to book an execution twice, or to drop one because the order looked closed;
- to touch an order that it did not submit: reports of foreign orders become alerts and nothing else;
- to guess: a report that contradicts what the venue said before becomes UNKNOWN or an alert, never an exception;
- clocks, files, sockets, randomness, rounding of money.

Read `transitions.py` first (the table), then `moves.py` (what it does to an order, in numbers), then `manager.py`; for
orders that are replaced `chain.py`, `replacing.py` and `legs.py`, for what a venue takes back `corrections.py`.
"""
