"""Binance: market data of spot and of USDⓈ-M futures.

For: Binance's combined websocket streams and public REST, as records of the core.
May import: `core`, the connectors' shared files, msgspec, websockets and aiohttp.
Refuses: trading, keys and private streams, which are `trading`'s; guessing over a gap: a book out of sync is withheld
until it is rebuilt.

Reading order: `messages.py` (what the venue sends), `parse.py` (bytes to events), `book.py` (the venue's book
synchronisation), `topics.py` and `session.py` (every decision, from bytes and a time passed in), `instruments.py`,
`requests.py`, `settings.py`, then `transport.py` (the only file that awaits).
"""
