"""The trading half of the embedded venue: accounts, orders and matching, for any Binance client.

For: trading on the recorded or synthetic market and against other accounts, with the venue's own rules and words.
May import: `core`, the venue's own market data (`connectors.embedded`), msgspec, aiohttp and cryptography.
Refuses: to know the connectors that trade on it; it is held to Binance's documents, not to our client.

Reading order: `orders.py` (words), `matching.py` (who trades with whom), `triggers.py` (stop orders), `keys.py` and
`clients.py` (who asks), `limits.py` (how often), `spot/` and `usdm/` (what a market makes of it).
"""
