"""Research: histories, backtests in two drivers, checks for look-ahead, studies of fidelity.

For: running recorded or imported histories through the very engine that trades, faster than time.
May import: config and everything below it (journal, connectors, engine, strategies, risk, oms, core).
Refuses: daemon and console; live venues, keys and sockets. A backtest sends nothing anywhere.
"""
