"""Heads of live sessions."""

from config.compose import session_head
from config.load import parse
from journal.head import SessionHead

SETTINGS = """
[session]
mode = "live"
[venues.binance]
connector = "binance-spot"
instruments = ["BTCUSDT"]
[venues.binance.trading]
key = "demo"
"""


def live_head(session_id: str, started_ns: int) -> SessionHead:
    """The head of a live session without strategies."""
    return session_head(parse(SETTINGS).settings, {}, started_ns, session_id, ())
