"""When a trigger is pulled and how a trailing one moves: small functions on whole numbers, prices in units.

The market since the last look is a range, `low` to `high`: one price for a tick, what it spanned for a bar.
"""

from core.book import LIVE
from core.market import MarketNumbers, touch_of
from core.orders import OrderType, Side, TriggerBy

PPM = 1_000_000
NO_RANGE = (0, 0)
TRAILING = (OrderType.TRAILING_STOP, OrderType.TRAILING_STOP_LIMIT)
_WITH_THE_MARKET = (OrderType.STOP, OrderType.STOP_LIMIT, *TRAILING)


def waits_for_rise(type_: OrderType, side: Side) -> bool:
    """Whether the trigger is pulled from below: a stop to buy, or a touch to sell."""
    return (side is Side.BUY) == (type_ in _WITH_THE_MARKET)


def pulled(rise: bool, trigger: int, low: int, high: int) -> bool:
    """Whether the market has been at the trigger or beyond it; a trigger of 0 is none."""
    if trigger <= 0 or low <= 0:
        return False
    return high >= trigger if rise else low <= trigger


def activated(side: Side, activation: int, low: int, high: int) -> bool:
    """Whether a trailing stop may follow: to sell once the market was as high as `activation`, to buy as low."""
    return activation == 0 or pulled(side is Side.SELL, activation, low, high)


def trail_distance(price: int, trail: int, trail_ppm: int) -> int:
    """Return how far from `price` the trigger stays; a share is rounded up, away from the market."""
    return trail or -(-price * trail_ppm // PPM)


def followed(side: Side, trigger: int, low: int, high: int, trail: int, trail_ppm: int, tick: int) -> int:
    """Return where the trigger stands after the market spanned `low` to `high`: nearer to it or unmoved, in ticks.

    A trigger of 0 stands nowhere yet.
    """
    if low <= 0:
        return trigger
    if side is Side.SELL:
        candidate = (high - trail_distance(high, trail, trail_ppm)) // tick * tick
        return max(trigger, candidate, 0)
    candidate = -(-(low + trail_distance(low, trail, trail_ppm)) // tick) * tick
    return min(trigger, candidate) if trigger else candidate


def limit_beyond(side: Side, trigger: int, offset: int, tick: int) -> int:
    """Return the limit price that lies `offset` beyond a trigger, in ticks, rounded so that it fills sooner."""
    if side is Side.BUY:
        return -(-(trigger + offset) // tick) * tick
    return max((trigger - offset) // tick * tick, 0)


def reference_range(
    market: MarketNumbers, mark_price: int, by: TriggerBy, side: Side, bar_low: int, bar_high: int
) -> tuple[int, int]:
    """Return what `by` names as (low, high), (0, 0) where there is no such price that can be believed.

    `bar_low` and `bar_high` are those of a venue's bar that has just closed, 0 for any other event: they count where
    bars are all there is. The middle may fall between two units: it is rounded so that nothing is pulled early.
    """
    if by is TriggerBy.MARK:
        return mark_price, mark_price
    if by is TriggerBy.LAST:
        if market.trade_ns:
            return market.last_price, market.last_price
        return (bar_low, bar_high) if bar_low else (market.bar_price, market.bar_price)
    if bar_low and not market.quote_ns and market.book.state != LIVE:
        return bar_low, bar_high
    bid, _, ask, _, _ = touch_of(market)
    if not 0 < bid <= ask:
        return NO_RANGE
    if by is TriggerBy.MID:
        return (bid + ask + 1) // 2, (bid + ask) // 2
    price = ask if side is Side.BUY else bid
    return price, price
