"""Liquidity: a share of what the book shows, and of what was traded lately, in whole numbers."""

from core.market import Market, touch_of
from core.orders import Side
from risk.controls.depth import displayed
from risk.sizing.bound import BILLION, Bound

DEPTH, VOLUME = "depth", "volume"


def by_depth(market: Market, side: Side, share: int, within: int) -> Bound:
    """Return `share` billionths of what is displayed on the other side within `within` billionths of the middle."""
    touch = touch_of(market)
    bid, _, ask, _, _ = touch
    sign = int(side)
    reach = (bid + ask) * (BILLION + sign * within) // (2 * BILLION)
    shown = displayed(market, touch, sign, reach) if 0 < bid <= ask else 0
    return Bound(DEPTH, shown * share // BILLION, {"depth": market.instrument.quantity_text(shown)})


def by_volume(market: Market, traded: int, share: int) -> Bound:
    """Return `share` billionths of what was traded; where nothing was, nothing."""
    return Bound(VOLUME, traded * share // BILLION, {"volume": market.instrument.quantity_text(traded)})
