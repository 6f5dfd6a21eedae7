"""Orders that tickerd keeps: triggers, groups, slices and end times that the venue does not keep for us.

For: `engine.keeper`, which shows it the market and the venue's word and lets its releases pass the gate.
May import: `core`, `oms.transitions`, and the standard library's pure parts.
Refuses:
- to send anything: a release is a wish that passes the whole gate like any other order;
- to let two legs of a group (OCO, OUO) be at the venue at once: the one that works is cancelled, and its end known,
  before the other goes out, so that no leg can be filled on top of another;
- to release more than the parent's fills, or than what the siblings have left: everything is counted from fills;
- to move a trailing trigger away from the market;
- clocks, files, sockets, randomness, floats.

Read `triggers.py` first (when a trigger is pulled), then `groups.py` (who may go out, and how much), then
`keeper.py` (the loop); `book.py` is where the orders are.
"""
