"""What a connector tells of itself: counters, allowances, its link."""

from connectors.base import TradingStats
from connectors.binance.trading.session import TradingSession


def stats_of(
    session: TradingSession,
    now_ns: int,
    *,
    reconnects: int,
    requests: int,
    last_error: str,
    clock_uncertainty_ns: int,
    dead_man_until_ns: int | None,
) -> TradingStats:
    """Return the figures of a session, with those of its connections."""
    budget = session.out.budget
    orders_used, orders_limit = budget.busiest_orders(now_ns)
    return TradingStats(
        sent=session.out.sent.commands,
        fallbacks=session.out.sent.fallbacks,
        unknown=session.desk.unknown,
        throttled=session.out.sent.throttled,
        queued=len(session.outbox),
        reconnects=reconnects,
        requests=requests,
        weight_used=budget.weight_used(now_ns),
        weight_limit=budget.weight.limit,
        orders_used=orders_used,
        orders_limit=orders_limit,
        clock_offset_ns=session.out.offset_ns,
        clock_doubt=session.clock.doubt(now_ns),
        last_error=last_error,
        clock_uncertainty_ns=clock_uncertainty_ns,
        link=session.link.told,
        link_reason=session.link.reason,
        orders_up=session.link.takes_orders,
        private_up=session.link.is_heard,
        silent_until_ns=budget.silent_until_ns(now_ns),
        dead_man_until_ns=dead_man_until_ns,
    )
