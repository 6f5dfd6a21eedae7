"""What a command or a latch is about, in one text: everything, a venue, an instrument or a strategy.

`all`, `venue:BINANCE`, `symbol:BTCUSDT.BINANCE`, `strategy:ema`.
"""

from core.errors import ScopeError

ALL = "all"
_KINDS = ("venue", "symbol", "strategy")


def venue_scope(venue: str) -> str:
    """Return the scope of one venue."""
    return f"venue:{venue}"


def symbol_scope(instrument_id: str) -> str:
    """Return the scope of one instrument, `SYMBOL.VENUE`."""
    return f"symbol:{instrument_id}"


def strategy_scope(strategy_id: str) -> str:
    """Return the scope of one strategy."""
    return f"strategy:{strategy_id}"


def split_scope(scope: str) -> tuple[str, str]:
    """Return (kind, name) of a scope, ("all", "") for everything. Raises ScopeError."""
    if scope == ALL:
        return ALL, ""
    kind, colon, name = scope.partition(":")
    if kind not in _KINDS or not colon or not name:
        raise ScopeError(f"{scope!r} is no scope: expected all, venue:NAME, symbol:SYMBOL.VENUE or strategy:ID")
    return kind, name
