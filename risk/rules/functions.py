"""Asks a user's function about an order, and believes only what a rule may say. Fail closed: RULE_FAILED."""

import re
import traceback
from collections.abc import Callable
from typing import NamedTuple

from core.market import touch_of
from core.orders import OrderType
from oms.manager import OrderManager
from risk.facts import Why
from risk.rule_settings import rule_code
from risk.rules.compiled import Verdict, failed
from risk.rules.figures import Look, depth, notional_of, traded_today, worst_position
from risk.rules.views import BookView, MarketView, OrderView, Pass, Reject, Shrink

RuleFunction = Callable[[OrderView, MarketView, BookView], object]
_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,31}")
_TEXT_MAX = 200
_MARKET = OrderType.MARKET
Views = tuple[OrderView, MarketView, BookView]


class UserRule(NamedTuple):
    """A function by its name."""

    name: str
    ask: RuleFunction


def views_of(look: Look, manager: OrderManager) -> Views:
    """Return what a function sees of an order."""
    intent, market, today = look.intent, look.market, traded_today(look)
    bid, bid_quantity, ask, ask_quantity, touch_ns = touch_of(market)
    order = OrderView(
        strategy=intent.strategy_id,
        about=look.instrument,
        side=look.side,
        is_market=intent.type is _MARKET,
        price=intent.price,
        quantity=intent.quantity,
        valued_at=look.valued_at,
        notional=notional_of(look.instrument, intent.quantity, look.valued_at),
        post_only=intent.post_only,
        reduce_only=intent.reduce_only,
        closes=look.closes,
    )
    seen = MarketView(
        bid=bid,
        bid_quantity=bid_quantity,
        ask=ask,
        ask_quantity=ask_quantity,
        last=market.last_price,
        depth=depth(look),
        age_ns=look.now_ns - touch_ns,
        now_ns=look.now_ns,
    )
    book = BookView(
        position=look.position,
        strategy_position=manager.strategy_position(intent.strategy_id, intent.instrument).quantity,
        worst_position=worst_position(look),
        open_orders=look.exposure.open_orders,
        open_orders_total=look.open_orders_total,
        open_buy_quantity=look.exposure.open_buy_quantity,
        open_sell_quantity=look.exposure.open_sell_quantity,
        orders_today=None if today is None else today.orders,
        fills_today=None if today is None else today.fills,
        turnover_today=None if today is None else sum(today.turnover.values()),
    )
    return order, seen, book


def ask(function: UserRule, views: Views) -> Verdict | None:
    """Return what a function says of an order, None where it lets it pass."""
    try:
        answer = function.ask(*views)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a user's rule raises refuses the order
        return failed(function.name, f"it raised {_where(error)}")
    return judged(function.name, answer, views[0])


def _where(error: BaseException) -> str:
    """Return the type of an error and the line of the user's file that raised: the same words on every CPython."""
    called = traceback.extract_tb(error.__traceback__)[1:]  # the first frame is ours, calling the function
    if not called:
        return f"{type(error).__name__}: it does not take an order, a market and books"
    last = [frame for frame in called if frame.filename == called[0].filename][-1]
    file = last.filename.replace("\\", "/").rpartition("/")[2]
    return f"{type(error).__name__} in {file}:{last.lineno} {last.name}"


def judged(name: str, answer: object, order: OrderView) -> Verdict | None:
    """Return what an answer comes to; one that a rule may not give refuses."""
    if type(answer) is Pass:
        return None
    if type(answer) is Reject:
        texts = (answer.code, answer.limit, answer.figure, answer.message)
        if not all(type(text) is str for text in texts) or not _CODE.fullmatch(answer.code):
            return failed(name, "it answered a Reject whose code is not of A-Z, 0-9 and _, or whose texts are none")
        code = answer.code if answer.code.startswith("RULE_") else f"RULE_{answer.code}"
        message = f"rule {name}: {answer.message[:_TEXT_MAX]}"
        return Verdict(code, name, 0, Why(answer.limit[:_TEXT_MAX], answer.figure[:_TEXT_MAX], message))
    if type(answer) is Shrink:
        return _shrunk(name, answer, order)
    return failed(name, f"it answered {type(answer).__name__}, neither Pass nor Reject nor Shrink")


def _shrunk(name: str, answer: Shrink, order: OrderView) -> Verdict | None:
    """Return what a smaller quantity comes to; a greater one, or one of the other side, is none."""
    if type(answer.quantity) is not int or type(answer.why) is not str:
        return failed(name, "it answered a Shrink whose quantity is not a whole number of units, or whose why no text")
    if not 0 <= answer.quantity <= order.quantity:
        return failed(name, f"it answered a Shrink of {order.quantity} units to {answer.quantity}")
    if answer.quantity == order.quantity:
        return None
    quantity = answer.quantity // order.lot * order.lot
    limit = order.about.quantity_text(quantity)
    left = f"shrinks {order.quantity_text} to {limit} {order.about.base}" if quantity else "leaves nothing of the order"
    why = f"rule {name}" + (f": {answer.why[:_TEXT_MAX]}" if answer.why else "")
    return Verdict(rule_code(name), name, quantity, Why(limit, order.quantity_text, f"{why}, {left}"))
