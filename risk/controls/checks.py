"""The checks of one scope, in the order in which an order meets them; the first that is broken decides.

First what may be traded there at all, then how much of the market one order takes, then values that it adds to, then
how often and how much today. What only takes off a position passes from the values on.
"""

from collections.abc import Callable

from core.book import LIVE, Levels
from core.decimals import to_text
from core.market import Market, touch_of
from core.money import money_text
from risk.controls.asked import Asked
from risk.controls.found import Found
from risk.controls.scope import MINUTE_NS, NONE, PPM, SECOND_NS, Scope, count_since
from risk.controls.sums import Sums
from risk.facts import Why

PPM_DECIMALS = 6


def permission(asked: Asked, scope: Scope, _sums: Sums) -> Found:
    """What may be traded here: instruments, types of orders, and whether anything may be held short."""
    intent, instrument = asked.intent, asked.instrument
    if scope.instruments and instrument.id not in scope.instruments:
        why = f"{scope.name} may not trade {instrument.id}: trade what risk.controls names, or add it there"
        return "NOT_PERMITTED", Why("", "", why)
    if not scope.allows(intent.type):
        why = f"{scope.name} may not send {intent.type.value} orders: use another type, or add it to order_types"
        return "ORDER_TYPE", Why("", "", why)
    if scope.no_short and intent.side < 0 and asked.reach.short < min(asked.before.short, 0):
        figure = instrument.quantity_text(-asked.reach.short)
        why = f"{scope.name} may not sell short, the position might reach -{figure} {instrument.base}: sell less"
        return "SHORT_SALE", Why("0", figure, why)
    return None


def order_value(asked: Asked, scope: Scope, sums: Sums) -> Found:
    """The largest order, and its share of what the book shows on the other side up to its price."""
    if asked.value > scope.max_order_notional != NONE and asked.adds:
        return _money("SCOPE_ORDER_NOTIONAL", scope, "the order may cost", asked.value, scope.max_order_notional, sums)
    if scope.max_depth_share != NONE and asked.adds:
        shown = displayed(asked.market, int(asked.intent.side), asked.ceiling)
        quantity = asked.intent.quantity
        if shown and quantity * PPM > shown * scope.max_depth_share:
            share, limit = (
                to_text(-(-quantity * PPM // shown), PPM_DECIMALS),
                to_text(scope.max_depth_share, PPM_DECIMALS),
            )
            why = f"the order would take {share} of what the book shows up to its price, allowed are {limit}"
            return "DEPTH_SHARE", Why(limit, share, f"{why} ({scope.name}): ask for less, or send it in parts")
    return None


def exposure(asked: Asked, scope: Scope, sums: Sums) -> Found:
    """What is held and open, if all of it fills: gross, net, per side, over equity."""
    more, side = asked.more, int(asked.intent.side)
    if (figure := scope.open_orders + more.orders) > scope.max_open_orders != NONE and more.orders > 0:
        return _count("OPEN_ORDERS", scope, "open orders", figure, scope.max_open_orders)
    if not asked.adds:
        return None
    if more.gross > 0:
        gross, single = scope.gross + more.gross, sums.gross_of(asked.intent.instrument) + more.gross
        equity = max(sums.equity, 0)
        if gross > scope.max_gross_notional != NONE:
            return _money("GROSS_NOTIONAL", scope, "gross value might reach", gross, scope.max_gross_notional, sums)
        if scope.max_leverage != NONE and gross * PPM > equity * scope.max_leverage:
            return _ratio("LEVERAGE", scope, "gross value", gross, scope.max_leverage, sums)
        if scope.max_concentration != NONE and single * PPM > equity * scope.max_concentration:
            return _ratio("CONCENTRATION", scope, asked.instrument.id, single, scope.max_concentration, sums)
    if (figure := net_of(asked, scope)) > scope.max_net_notional != NONE and (
        more.long if side > 0 else -more.short
    ) > 0:
        return _money("NET_NOTIONAL", scope, "net value might reach", figure, scope.max_net_notional, sums)
    if scope.min_cash != NONE and (need := sums.cash_for(asked)) > 0 and (left := sums.cash - need) < scope.min_cash:
        return _money("CASH_RESERVE", scope, "cash left over would be", left, scope.min_cash, sums)
    opened, added = (scope.buys, more.buys) if side > 0 else (scope.sells, more.sells)
    if opened + added > scope.max_open_notional != NONE and added > 0:
        what = "open buys would be worth" if side > 0 else "open sells would be worth"
        return _money("OPEN_NOTIONAL", scope, what, opened + added, scope.max_open_notional, sums)
    return None


def frequency(asked: Asked, scope: Scope, _sums: Sums) -> Found:
    """The same order twice, and how many may leave in a second and a minute. What only takes off passes."""
    if not asked.adds:
        return None
    if scope.duplicate_window_ms != NONE and (age_ns := scope.age_of_twin(asked.intent, asked.now_ns)) >= 0:
        window, age = str(scope.duplicate_window_ms), to_text(age_ns, 6)
        why = f"{scope.name}: the same order was sent {age} ms ago, within {window} ms it counts as sent twice"
        return "DUPLICATE_ORDER", Why(window, age, f"{why}: wait, or change its price or quantity")
    for limit, times, window_ns, what in (
        (scope.max_orders_per_second, scope.orders, SECOND_NS, "orders within one second"),
        (scope.max_orders_per_minute, scope.orders, MINUTE_NS, "orders within one minute"),
        (scope.max_messages_per_second, scope.messages, SECOND_NS, "messages within one second"),
        (scope.max_messages_per_minute, scope.messages, MINUTE_NS, "messages within one minute"),
    ):
        if limit != NONE and (figure := count_since(times, asked.now_ns, window_ns) + 1) > limit:
            return _count("SCOPE_RATE", scope, what, figure, limit)
    return None


def today(asked: Asked, scope: Scope, sums: Sums) -> Found:
    """What may be traded in one day, the order counted as if it filled. What only takes off passes."""
    if not asked.adds:
        return None
    if (figure := scope.day_orders + 1) > scope.max_orders_per_day != NONE:
        return _count("DAY_ORDERS", scope, "orders today", figure, scope.max_orders_per_day)
    if (figure := scope.day_fills + 1) > scope.max_fills_per_day != NONE:
        return _count("DAY_FILLS", scope, "executions today", figure, scope.max_fills_per_day)
    if (figure := scope.day_turnover + asked.value) > scope.max_turnover_per_day != NONE:
        return _money("DAY_TURNOVER", scope, "turnover today might reach", figure, scope.max_turnover_per_day, sums)
    if scope.day_fees >= scope.max_fees_per_day != NONE and scope.day_fees > 0:
        return _money("DAY_FEES", scope, "fees today are", scope.day_fees, scope.max_fees_per_day, sums)
    return None


CHECKS: tuple[Callable[[Asked, Scope, Sums], Found], ...] = (permission, order_value, exposure, frequency, today)
"""In the order in which an order meets them, scope by scope."""


def net_of(asked: Asked, scope: Scope) -> int:
    """Return the net value on the order's side if everything open there fills; negative: not across."""
    return scope.long + asked.more.long if asked.intent.side > 0 else -(scope.short + asked.more.short)


def displayed(market: Market, side: int, price: int) -> int:
    """Return the quantity that the book shows on the other side up to a price; 0 for an order that would rest."""
    bid, bid_quantity, ask, ask_quantity, _ = touch_of(market)
    if market.book.state == LIVE:
        return _up_to(market.book.asks if side > 0 else market.book.bids, side, price)
    if side > 0:
        return ask_quantity if 0 < ask <= price else 0
    return bid_quantity if bid >= price else 0


def _up_to(ladder: Levels, side: int, price: int) -> int:
    """Return the quantity of the levels, best last, that an order at a price reaches."""
    total = 0
    for place in range(ladder.count - 1, -1, -1):
        if (ladder.sign * ladder.ranks[place] - price) * side > 0:
            break
        total += ladder.quantities[place]
    return total


def _money(code: str, scope: Scope, what: str, figure: int, limit: int, sums: Sums) -> Found:
    """Return a breach of a limit in money."""
    limit_text, figure_text = money_text(limit), money_text(figure)
    more = "at least" if code == "CASH_RESERVE" else "at most"
    why = f"{scope.name}: {what} {money_text(figure, 2)} {sums.base}, {more} {money_text(limit, 2)} is allowed"
    return code, Why(limit_text, figure_text, f"{why}: ask for less, or change risk.controls")


def _ratio(code: str, scope: Scope, what: str, value: int, limit: int, sums: Sums) -> Found:
    """Return a breach of a limit over equity."""
    limit_text = to_text(limit, PPM_DECIMALS)
    if sums.equity <= 0:
        return code, Why(limit_text, "", f"{scope.name}: there is no equity to open anything on: add funds, or reduce")
    figure = to_text(-(-value * PPM // sums.equity), PPM_DECIMALS)
    why = f"{scope.name}: {what} might reach {figure} times the equity, allowed are {limit_text}"
    return code, Why(limit_text, figure, f"{why}: ask for less, or close something first")


def _count(code: str, scope: Scope, what: str, figure: int, limit: int) -> Found:
    """Return a breach of a count."""
    why = f"{scope.name}: it would be number {figure} of {what}, allowed are {limit}"
    return code, Why(str(limit), str(figure), f"{why}: wait, cancel some, or change risk.controls")
