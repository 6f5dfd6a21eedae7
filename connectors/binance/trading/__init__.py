"""Binance: order entry, private stream and account queries of spot and of USDⓈ-M futures.

For: `connectors.base.TradingConnector` over Binance's WebSocket API, with REST where the socket is down.
May import: `core`, the connectors' shared files, Binance's settings, msgspec, cryptography, websockets and aiohttp.
Refuses: keys that may withdraw; to send anything twice under another id; to change an account's modes by itself.

Reading order: `settings.py`, `credentials.py`, `codes.py` (what each of the venue's errors means for an order),
`budget.py` and `outbox.py` (what may leave now, what waits), `requests.py` and `orders.py` (commands to bytes),
`messages.py` and `parse.py` (what the venue tells, to events), `inquiry.py` (evidence), `session.py` (every decision,
from bytes and a time passed in), then `transport.py` (the only file that awaits).
"""
