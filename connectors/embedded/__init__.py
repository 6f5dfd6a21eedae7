"""The embedded venue: a server that speaks Binance's protocols, a product of its own.

For: tests, demos, benchmarks and any Binance client that wants a venue without internet: recorded frames byte for byte
(`--frames`), or a seeded synthetic market (`--synthetic`), and an exchange to trade on (`exchange/`).
May import: `core`, msgspec, aiohttp and cryptography.
Refuses: to know the connectors that read from it; it is held to Binance's documents, not to our client.

Reading order: `market.py` (words), `frames.py`, `recording.py` and `synthetic.py` (where frames come from),
`player.py` (when they are sent), `hub.py` and `session.py` (to whom), `view.py` and `rest.py` (what REST answers),
`exchanges.py` and `exchange/` (who trades), `server.py` (all of it behind one port).
"""
