"""Users' own rules of the gate: compiled from `[risk.rules]`, or functions in Python; they can only be stricter.

For: `risk.gate`, which asks once its own checks have passed; a user's file of rules, which imports the views and the
answers from here.
May import: what `risk` may.
Refuses:
- to let pass what the gate refuses: rules are asked last, and what they shrink is checked again in full;
- to enlarge an order, to turn it, or to price it anew;
- to guess: a rule that cannot be asked refuses the order, RULE_FAILED.

Read `figures.py` (what can be compared), `compiled.py` (a rule as tuples), `functions.py`, then `rulebook.py`.
"""

from risk.rules.views import Answer, BookView, MarketView, OrderView, Pass, Reject, Shrink

__all__ = ["Answer", "BookView", "MarketView", "OrderView", "Pass", "Reject", "Shrink"]
