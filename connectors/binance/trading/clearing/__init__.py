"""Cancelling everything at one venue and seeing that nothing is left, apart from all other trading.

For: `tickerd guard`, which has its own connections and its own budget, and no engine.
May import: the parts of `connectors.binance.trading` that hold no state: requests, credentials, budget, replies.
Refuses: to call a venue cleared that did not show it.
"""
