"""The checks of one scope, in the order in which an order meets them; the first that is broken decides.

First what may be traded there at all, then how much of the market one order takes, then the values that it adds to,
then how often and how much today. What only closes meets the first few alone. A scope knows which of them it has limits
for (`choose`), so a limit that is not set costs nothing. `WHY` makes the words once one has said no.
"""

from collections.abc import Callable

from core.decimals import to_text
from core.money import money_text
from risk.controls.asked import Asked
from risk.controls.depth import displayed, too_far, too_much_of_volume, trades_at
from risk.controls.scope import PPM, Scope
from risk.controls.sums import Sums
from risk.controls.tail_risk import tail_breach
from risk.controls.window import SECOND_NS
from risk.facts import Why

PPM_DECIMALS = 6

Broken = Callable[[Asked, Scope, Sums], bool]
"""Whether an order breaks one limit of a scope; asked only where the limit is set."""


def scope_breach(asked: Asked, scope: Scope, sums: Sums) -> str:
    """Return the code of the first limit of a scope that an order breaks, empty where it passes."""
    for code, broken in scope.always:
        if broken(asked, scope, sums):
            return code
    if asked.adds:
        for code, broken in scope.adding:
            if broken(asked, scope, sums):
                return code
        for window in scope.windows:
            if window.is_full(asked.now_ns):
                return "SCOPE_RATE"
        if scope.wants_portfolio and (found := tail_breach(scope, sums, asked.now_ns)):
            return found[0]
    return ""


# -- asked of every order ----------------------------------------------------------------------------------------------


def _not_permitted(asked: Asked, scope: Scope, _sums: Sums) -> bool:
    return asked.instrument.id not in scope.instruments


def _wrong_type(asked: Asked, scope: Scope, _sums: Sums) -> bool:
    return asked.intent.type not in scope.order_types


def _too_many_open(asked: Asked, scope: Scope, _sums: Sums) -> bool:
    return asked.more_orders > 0 and scope.open_orders >= scope.max_open_orders


# -- asked of an order that may do more than close ---------------------------------------------------------------------


def _is_restricted(_asked: Asked, _scope: Scope, _sums: Sums) -> bool:
    return True


def _sells_short(asked: Asked, _scope: Scope, _sums: Sums) -> bool:
    return asked.side < 0


def _too_large(asked: Asked, scope: Scope, _sums: Sums) -> bool:
    return asked.value > scope.max_order_value


def _takes_too_much(asked: Asked, scope: Scope, _sums: Sums) -> bool:
    """One that would rest takes nothing."""
    shown = displayed(asked.market, asked.touch, asked.side, asked.valued_at)
    return shown > 0 and asked.intent.quantity * PPM > shown * scope.max_depth_share


def _is_too_far(asked: Asked, scope: Scope, _sums: Sums) -> bool:
    return too_far(asked, scope)


def _takes_too_much_volume(asked: Asked, scope: Scope, _sums: Sums) -> bool:
    return too_much_of_volume(asked, scope)


def _too_much_gross(asked: Asked, scope: Scope, _sums: Sums) -> bool:
    return asked.more_gross > 0 and scope.gross + asked.more_gross > scope.max_gross_notional


def _too_much_leverage(asked: Asked, scope: Scope, sums: Sums) -> bool:
    more = asked.more_gross
    return more > 0 and (scope.gross + more) * PPM > sums.equity * scope.max_leverage


def _too_concentrated(asked: Asked, scope: Scope, sums: Sums) -> bool:
    return asked.more_gross > 0 and single_of(asked, sums) * PPM > sums.equity * scope.max_concentration


def _too_much_net(asked: Asked, scope: Scope, _sums: Sums) -> bool:
    more = asked.more_side
    net = scope.long + more if asked.side > 0 else more - scope.short
    return more > 0 and net > scope.max_net_notional


def _too_much_open(asked: Asked, scope: Scope, _sums: Sums) -> bool:
    more = asked.more_side
    return more > 0 and (scope.buys if asked.side > 0 else scope.sells) + more > scope.max_open_notional


def _too_little_cash(asked: Asked, scope: Scope, sums: Sums) -> bool:
    need = sums.cash_for(asked)
    return need > 0 and sums.cash - need < scope.min_cash


def _is_twin(asked: Asked, scope: Scope, _sums: Sums) -> bool:
    return scope.age_of_twin(asked.intent, asked.now_ns) >= 0


def _too_many_orders_today(_asked: Asked, scope: Scope, _sums: Sums) -> bool:
    return scope.day_orders >= scope.max_orders_per_day


def _too_many_fills_today(_asked: Asked, scope: Scope, _sums: Sums) -> bool:
    return scope.day_fills >= scope.max_fills_per_day


def _too_much_turnover(asked: Asked, scope: Scope, _sums: Sums) -> bool:
    """The order counted as if it filled."""
    return scope.day_turnover + asked.value > scope.max_turnover_per_day


def _fees_are_spent(_asked: Asked, scope: Scope, _sums: Sums) -> bool:
    return 0 < scope.day_fees >= scope.max_fees_per_day


_ALWAYS: tuple[tuple[str, str, Broken], ...] = (
    ("instruments", "NOT_PERMITTED", _not_permitted),
    ("order_types", "ORDER_TYPE", _wrong_type),
    ("max_open_orders", "OPEN_ORDERS", _too_many_open),
)
_ADDING: tuple[tuple[str, str, Broken], ...] = (
    ("restricted", "RESTRICTED", _is_restricted),
    ("no_short", "SHORT_SALE", _sells_short),
    ("max_order_value", "ORDER_VALUE", _too_large),
    ("max_depth_share", "DEPTH_SHARE", _takes_too_much),
    ("max_volume_share", "VOLUME_SHARE", _takes_too_much_volume),
    ("max_price_volatilities", "PRICE_VOLATILITY", _is_too_far),
    ("max_gross_notional", "GROSS_NOTIONAL", _too_much_gross),
    ("max_leverage", "LEVERAGE", _too_much_leverage),
    ("max_concentration", "CONCENTRATION", _too_concentrated),
    ("max_net_notional", "NET_NOTIONAL", _too_much_net),
    ("max_open_notional", "OPEN_NOTIONAL", _too_much_open),
    ("min_cash", "CASH_RESERVE", _too_little_cash),
    ("duplicate_window_ms", "DUPLICATE_ORDER", _is_twin),
    ("max_orders_per_day", "DAY_ORDERS", _too_many_orders_today),
    ("max_fills_per_day", "DAY_FILLS", _too_many_fills_today),
    ("max_turnover_per_day", "DAY_TURNOVER", _too_much_turnover),
    ("max_fees_per_day", "DAY_FEES", _fees_are_spent),
)
"""By the limit's name in the settings: the code of its refusal, and what asks; in the order in which they are asked."""


def choose(scope: Scope) -> None:
    """Let a scope ask only for what it has limits for."""
    scope.always = tuple((code, broken) for name, code, broken in _ALWAYS if scope.has(name))
    scope.adding = tuple((code, broken) for name, code, broken in _ADDING if scope.has(name))


def single_of(asked: Asked, sums: Sums) -> int:
    """Return what the instrument may come to be worth in the whole account."""
    return sums.gross_of(asked.intent.instrument) + asked.more_gross


# -- what a person is told ---------------------------------------------------------------------------------------------


def _why_permission(asked: Asked, scope: Scope, _sums: Sums) -> Why:
    why = f"{scope.name} may not trade {asked.instrument.id}: trade what its `instruments` name, or add it there"
    return Why("", "", why)


def _why_type(asked: Asked, scope: Scope, _sums: Sums) -> Why:
    why = f"{scope.name} may not send {asked.intent.type.value} orders: use another type, or add it to `order_types`"
    return Why("", "", why)


def _why_restricted(asked: Asked, scope: Scope, _sums: Sums) -> Why:
    return Why("", "", f"{scope.name} is restricted: {asked.instrument.id} may be closed there, not opened")


def _why_short(asked: Asked, scope: Scope, _sums: Sums) -> Why:
    return Why(
        "0", "", f"{scope.name} may not sell {asked.instrument.id} short: sell what is held and not on offer yet"
    )


def _why_open_orders(asked: Asked, scope: Scope, _sums: Sums) -> Why:
    return _count(scope, "open orders", scope.open_orders + asked.more_orders, scope.max_open_orders)


def _why_order(asked: Asked, scope: Scope, sums: Sums) -> Why:
    return _money(scope, "the order may cost", asked.value, scope.max_order_value, sums)


def _why_depth(asked: Asked, scope: Scope, _sums: Sums) -> Why:
    shown = displayed(asked.market, asked.touch, asked.side, asked.valued_at)
    figure = to_text(-(-asked.intent.quantity * PPM // shown), PPM_DECIMALS)
    limit = to_text(scope.max_depth_share, PPM_DECIMALS)
    why = f"{scope.name}: the order takes {figure} of what the book shows up to its price, allowed are {limit}"
    return Why(limit, figure, f"{why}: ask for less, or send it in parts")


def _why_volume(asked: Asked, scope: Scope, _sums: Sums) -> Why:
    traded, limit = asked.observed.volume(asked.market), to_text(scope.max_volume_share, PPM_DECIMALS)
    if not traded:
        return Why(limit, "", f"{scope.name}: nothing of {asked.instrument.id} was traded in the last minute: wait")
    figure = to_text(-(-asked.intent.quantity * PPM // traded), PPM_DECIMALS)
    why = f"{scope.name}: the order is {figure} of what was traded in the last minute, allowed are {limit}"
    return Why(limit, figure, f"{why}: ask for less, or send it in parts")


def _why_volatility(asked: Asked, scope: Scope, _sums: Sums) -> Why:
    bid, ask, _ = asked.market.touch()
    limit, volatility_ppm = to_text(scope.max_price_volatilities, PPM_DECIMALS), asked.observed.volatility_ppm
    distance = abs(2 * trades_at(asked, bid, ask) - bid - ask) * PPM * PPM
    figure = to_text(-(-distance // ((bid + ask) * volatility_ppm)), PPM_DECIMALS)
    why = f"{scope.name}: the price is {figure} volatilities of a minute away from the middle, allowed are {limit}"
    return Why(limit, figure, f"{why}: price it nearer, or wait for a calmer market")


def _why_gross(asked: Asked, scope: Scope, sums: Sums) -> Why:
    return _money(scope, "gross value might reach", scope.gross + asked.more_gross, scope.max_gross_notional, sums)


def _why_leverage(asked: Asked, scope: Scope, sums: Sums) -> Why:
    return _ratio(scope, "gross value", scope.gross + asked.more_gross, scope.max_leverage, sums)


def _why_concentration(asked: Asked, scope: Scope, sums: Sums) -> Why:
    return _ratio(scope, asked.instrument.id, single_of(asked, sums), scope.max_concentration, sums)


def _why_net(asked: Asked, scope: Scope, sums: Sums) -> Why:
    net = scope.long + asked.more_side if asked.side > 0 else asked.more_side - scope.short
    return _money(scope, "net value might reach", net, scope.max_net_notional, sums)


def _why_open(asked: Asked, scope: Scope, sums: Sums) -> Why:
    opened, what = (scope.buys, "buys") if asked.side > 0 else (scope.sells, "sells")
    return _money(scope, f"open {what} would be worth", opened + asked.more_side, scope.max_open_notional, sums)


def _why_cash(asked: Asked, scope: Scope, sums: Sums) -> Why:
    left, least = sums.cash - sums.cash_for(asked), scope.min_cash
    why = f"{scope.name}: cash left over would be {money_text(left, 2)} {sums.base}, {money_text(least, 2)} shall stay"
    return Why(money_text(least), money_text(left), f"{why}: ask for less, close something, or add funds")


def _why_twin(asked: Asked, scope: Scope, _sums: Sums) -> Why:
    window, age = str(scope.duplicate_window_ms), to_text(scope.age_of_twin(asked.intent, asked.now_ns), 6)
    why = f"{scope.name}: the same order was sent {age} ms ago, within {window} ms it counts as sent twice"
    return Why(window, age, f"{why}: wait, or change its price or quantity")


def _why_rate(asked: Asked, scope: Scope, _sums: Sums) -> Why:
    window = next(window for window in scope.windows if window.is_full(asked.now_ns))
    return _count(scope, window.what, len(window.times) + 1, window.limit)


def _why_day_orders(_asked: Asked, scope: Scope, _sums: Sums) -> Why:
    return _count(scope, "orders today", scope.day_orders + 1, scope.max_orders_per_day)


def _why_day_fills(_asked: Asked, scope: Scope, _sums: Sums) -> Why:
    return _count(scope, "executions today", scope.day_fills + 1, scope.max_fills_per_day)


def _why_turnover(asked: Asked, scope: Scope, sums: Sums) -> Why:
    figure = scope.day_turnover + asked.value
    return _money(scope, "turnover today might reach", figure, scope.max_turnover_per_day, sums)


def _why_fees(_asked: Asked, scope: Scope, sums: Sums) -> Why:
    return _money(scope, "fees today are", scope.day_fees, scope.max_fees_per_day, sums)


def _why_tail(asked: Asked, scope: Scope, sums: Sums) -> Why:
    found = tail_breach(scope, sums, asked.now_ns)
    assert found is not None
    code, figure, limit = found
    what = {
        "VAR_99": "the value at risk (99 %) is",
        "ES_99": "the expected shortfall (99 %) is",
        "STRESS_LOSS": "the worst scenario loses",
        "UNMEASURED": "what the portfolio's figures leave out is worth",
    }[code]
    why = f"{scope.name}: {what} {money_text(figure, 2)} {sums.base}, allowed are {money_text(limit, 2)}"
    return Why(money_text(limit), money_text(figure), f"{why}: close something first, or change risk.controls")


def _why_tail_is_old(asked: Asked, scope: Scope, sums: Sums) -> Why:
    figures, now_ns = sums.portfolio, asked.now_ns
    if figures.as_of_ns and figures.base_currency != sums.base:
        why = f"the portfolio's figures are of {figures.base_currency}, the limits of {sums.base}: make them one"
        return Why(sums.base, figures.base_currency, f"{scope.name}: {why}")
    found = tail_breach(scope, sums, now_ns)
    assert found is not None
    limit = str(found[2] // SECOND_NS)
    if not figures.as_of_ns:
        why = f"the portfolio was not measured yet ({figures.problem or 'no figures so far'})"
        return Why(limit, "", f"{scope.name}: {why}: wait, or see to [portfolio]")
    age = to_text(figures.age_ns(now_ns), 9)
    why = f"the portfolio's figures are {age} s old, allowed are {limit} ({figures.problem or 'no newer ones came'})"
    return Why(limit, age, f"{scope.name}: {why}: wait, or see to [portfolio]")


WHY: dict[str, Callable[[Asked, Scope, Sums], Why]] = {
    "NOT_PERMITTED": _why_permission,
    "ORDER_TYPE": _why_type,
    "RESTRICTED": _why_restricted,
    "SHORT_SALE": _why_short,
    "OPEN_ORDERS": _why_open_orders,
    "ORDER_VALUE": _why_order,
    "DEPTH_SHARE": _why_depth,
    "VOLUME_SHARE": _why_volume,
    "PRICE_VOLATILITY": _why_volatility,
    "GROSS_NOTIONAL": _why_gross,
    "LEVERAGE": _why_leverage,
    "CONCENTRATION": _why_concentration,
    "NET_NOTIONAL": _why_net,
    "OPEN_NOTIONAL": _why_open,
    "CASH_RESERVE": _why_cash,
    "DUPLICATE_ORDER": _why_twin,
    "SCOPE_RATE": _why_rate,
    "PORTFOLIO_STALE": _why_tail_is_old,
    "VAR_99": _why_tail,
    "ES_99": _why_tail,
    "STRESS_LOSS": _why_tail,
    "UNMEASURED": _why_tail,
    "DAY_ORDERS": _why_day_orders,
    "DAY_FILLS": _why_day_fills,
    "DAY_TURNOVER": _why_turnover,
    "DAY_FEES": _why_fees,
}
"""By the code of a refusal, what makes its words."""


def _money(scope: Scope, what: str, figure: int, limit: int, sums: Sums) -> Why:
    """Return the words of a limit in money."""
    why = f"{scope.name}: {what} {money_text(figure, 2)} {sums.base}, allowed are {money_text(limit, 2)}"
    return Why(money_text(limit), money_text(figure), f"{why}: ask for less, or change risk.controls")


def _ratio(scope: Scope, what: str, value: int, limit: int, sums: Sums) -> Why:
    """Return the words of a limit over equity."""
    limit_text = to_text(limit, PPM_DECIMALS)
    if sums.equity <= 0:
        return Why(limit_text, "", f"{scope.name}: there is no equity to open anything on: add funds, or close")
    figure = to_text(-(-value * PPM // sums.equity), PPM_DECIMALS)
    why = f"{scope.name}: {what} might reach {figure} times the equity, allowed are {limit_text}"
    return Why(limit_text, figure, f"{why}: ask for less, or close something first")


def _count(scope: Scope, what: str, figure: int, limit: int) -> Why:
    """Return the words of a count."""
    why = f"{scope.name}: it would be number {figure} of {what}, allowed are {limit}"
    return Why(str(limit), str(figure), f"{why}: wait, cancel some, or change risk.controls")
