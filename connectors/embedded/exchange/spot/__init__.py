"""The spot exchange: accounts with balances, every order type and order list, REST and WebSocket API.

For: any Binance spot client that wants to trade on the embedded venue.
May import: `connectors.embedded.exchange` and what that may.
Refuses: margin, futures, SOR, OPO and pegged orders; market data, which the venue serves already.

Reading order: `rules.py`, `accounts.py`, `drafts.py` (requests become orders), `engine.py` (what happens to them),
`lists.py` (orders that belong together), `reports.py` (how all is told), `trading.py` and `queries.py` (endpoints),
`api.py` (names, weights, rights), `sessions.py` (the WebSocket API).
"""
