"""Live trading: what the daemon does around the core when orders are real.

Reading order: `clean.py` (may these settings trade?), `lease.py` (one daemon an account), `carry.py` (what the session
before left behind), `execution.py` (commands to connectors), `trading.py` (the connectors and their life).
"""
