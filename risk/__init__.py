"""Pre-trade risk: the one door between a wish and a venue.

For: `engine`, which asks the gate before any command leaves; `config`, which fills in `RiskLimits`.
May import: `oms`, `core`, and the standard library's pure parts.
Refuses:
- to pass an order on a price that is missing, zero, crossed, stale or from a broken feed: no reference, no order;
- to value a market order at nothing: it counts at the worst price that the collar lets through;
- to wait for acknowledgements: an order counts from the moment it passes, an UNKNOWN one until proven ended;
- to hold back a cancel for any limit: it lowers risk;
- to raise on a breach: a refusal is a value with a code, the limit, the figure and what to do;
- to multiply what a strategy asks for where the decision is compiled: no product may wrap (`bounds.py`);
- clocks, files, sockets, randomness, floats in a decision.

Read `checks.py` first (the list and the hot functions that decide, the same lines live and compiled), then `gate.py`.
"""
