"""The gate's word on orders that tickerd keeps, and on those that wait at the venue itself for their trigger."""

import msgspec

from core.market import Market, touch_of
from core.orders import ApprovedSubmit, OrderIntent, Refusal
from oms.manager import OrderManager
from risk.gate import Gate
from risk.held_checks import Wish, first_fault


def check_hold(gate: Gate, wish: Wish) -> Refusal | None:
    """Return why an order of more words than market and limit cannot be, None where it may be kept or sent."""
    fault = first_fault(wish)
    if fault is None:
        return None
    code, (limit, figure, message) = fault
    return refusal(gate, code, message, wish.intent, limit, figure)


def check_conditional(
    gate: Gate,
    intent: OrderIntent,
    plain: OrderIntent,
    trigger: int,
    market: Market,
    manager: OrderManager,
    ready: bool,
    now_ns: int,
    *,
    closes: bool = False,
) -> ApprovedSubmit | Refusal:
    """Check an order that waits at the venue itself as what it will be, `plain`, in a market at its trigger.

    It has passed `check_hold`. The market of today must be fresh; the collar is laid around the trigger. `closes`: it
    only closes what another order of its group opens.
    """
    if trigger:
        bid, _, ask, _, touch_ns = touch_of(market)
        there = Market(market.index, market.instrument)
        there.connected, there.stale, there.quote_ns = market.connected, market.stale, touch_ns
        if 0 < bid <= ask:
            there.bid_price = there.ask_price = trigger
        market = there
    verdict = gate.check_submit(plain, market, manager, ready, now_ns, whole=True, closes=closes)
    return msgspec.structs.replace(verdict, intent=intent)


def refusal(gate: Gate, code: str, message: str, intent: OrderIntent, limit: str = "", figure: str = "") -> Refusal:
    """Return a refusal under the limits that hold."""
    return Refusal(
        code=code,
        limit=limit,
        figure=figure,
        message=message,
        intent=intent,
        limits_version=gate.limits_version,
    )
