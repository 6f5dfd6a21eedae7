"""Live trading: what the daemon does around the core when orders are real.

For: `daemon`, in live mode.
May import: what `daemon` may.
Refuses: to decide about orders. It takes the account, carries state over, hands commands on; the core decides.

Reading order: `clean.py` (may these settings trade?), `lease.py` (one daemon an account), `carry.py` (what the session
before left behind), `account.py` (both, at the start), `execution.py` (commands to connectors), `trading.py` (the
connectors and their life).
"""
