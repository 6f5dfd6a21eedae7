"""USDⓈ-M futures of the embedded exchange: accounts with positions and margin, orders, algo orders, liquidation.

For: any client of Binance's USDⓈ-M futures that wants to trade without keys, money or internet.
May import: `core`, msgspec, and the packages `connectors.embedded` and `connectors.embedded.exchange`.
Refuses: multi-assets margin, portfolio margin and COIN-M contracts; it says so with Binance's own codes.

Reading order: `contracts.py` (units, brackets), `positions.py`, `margin.py`, `account.py` (who owns what),
`pricing.py` (mark and index), `orders.py` and `requests.py` (what an order is, and which are refused), `engine.py`
(orders and their executions), `algo.py` (conditional orders), `liquidation.py` and `funding.py`, `events.py` and
`answers.py` (how it is told), `rest.py`, `ws_api.py` and `exchange.py` (all of it behind the venue's port).
"""
