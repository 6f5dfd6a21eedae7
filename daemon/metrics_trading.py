"""Metrics of trading for real, and of what the account is worth. Labels are venues, instruments and currencies alone.

docs/live.md lists them.
"""

from collections.abc import Callable, Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from core.events import LinkState
from daemon.metrics_families import NS, gauge, labelled, number, states
from daemon.status import AccountStatus, GuardSeen, LiveStatus, VenueStatus

BOOKS = ("waiting", "comparing", "agreed", "broken")
Figure = Callable[[VenueStatus], float | None]


def _age(age_ns: int) -> float | None:
    """An age in seconds, nothing where there is none."""
    return age_ns * NS if age_ns >= 0 else None


GAUGES: tuple[tuple[str, str, Figure], ...] = (
    ("books_age_seconds", "Since the venue's figures and ours were last compared.", lambda v: _age(v.books_age_ns)),
    ("unknown_orders", "Orders whose outcome nobody told.", lambda v: v.unknown_orders),
    ("unknown_order_age_seconds", "Age of the oldest of them.", lambda v: _age(v.unknown_age_ns)),
    ("request_weight_used", "Request weight used in the venue's present minute.", lambda v: v.weight_used),
    ("request_weight_limit", "Request weight that a minute has.", lambda v: v.weight_limit),
    ("request_weight_cancel_share_ratio", "Share of the weight kept for cancels.", lambda v: v.cancel_share),
    ("order_count_used", "Orders counted in the interval nearest to its limit.", lambda v: v.orders_used),
    ("order_count_limit", "Orders that this interval has.", lambda v: v.orders_limit or None),
    ("retry_after_seconds", "How much longer the venue wants silence.", lambda v: v.silent_ns * NS),
    ("commands_queued", "Commands that wait for their allowance.", lambda v: v.queued),
    ("clock_offset_seconds", "The venue's clock less ours.", lambda v: v.clock_offset_ns * NS),
    ("clock_uncertainty_seconds", "How far that can be wrong.", lambda v: v.clock_uncertainty_ns * NS),
    ("clock_bound_seconds", "Farther apart than this, and nothing opens.", lambda v: v.clock_bound_ns * NS),
    (
        "dead_man_seconds",
        "Until the venue's own timer cancels everything, 0 where it is not armed; absent without one.",
        lambda v: None if v.dead_man_ns is None else v.dead_man_ns * NS,
    ),
)
COUNTERS: tuple[tuple[str, str, Figure], ...] = (
    ("commands_throttled", "Commands that had to wait for their allowance.", lambda v: v.throttled),
    ("commands_by_rest", "Commands that went by REST, the socket being down.", lambda v: v.fallbacks),
)


def live_metrics(live: LiveStatus, instruments: Sequence[str]) -> Iterator[Metric]:
    """Links, books, allowances and clock by venue; what is halted or frozen."""
    names = ["venue"]
    up = GaugeMetricFamily("tickerd_link_up", "1 while a way to the venue stands.", labels=["venue", "link"])
    links = (
        ([v.venue, link], float(state == "up" or (link == "orders" and state == "silent")))
        for v in live.venues
        for link, state in (("market-data", v.market_data), ("orders", v.orders), ("private", v.private))
    )
    yield labelled(up, links)
    told = [([v.venue], v.link) for v in live.venues if v.link]
    yield states("tickerd_link_state", "1 for what was last told of the trading link.", told, [*LinkState], names)
    books = [([v.venue], v.books) for v in live.venues]
    yield states("tickerd_books_state", "1 for how the venue's figures and ours compare.", books, BOOKS, names)
    for name, what, figure in GAUGES:
        family = GaugeMetricFamily(f"tickerd_{name}", what, labels=names)
        yield labelled(family, (([v.venue], figure(v)) for v in live.venues))
    for name, what, figure in COUNTERS:
        counted = CounterMetricFamily(f"tickerd_{name}", what, labels=names)
        yield labelled(counted, (([v.venue], figure(v)) for v in live.venues))
    halted = any(each.state == "halted" for each in live.freezes)
    yield gauge("tickerd_halted", "1 while nothing may be opened anywhere until the operator says so.", float(halted))
    held = dict.fromkeys(instruments, 0.0) | {each.instrument: 1.0 for each in live.freezes if each.instrument}
    yield labelled(
        GaugeMetricFamily("tickerd_frozen", "1 while orders may only reduce, or may not pass.", labels=["instrument"]),
        (([name], value) for name, value in held.items()),
    )
    yield gauge("tickerd_foreign_orders", "Orders and fills on the account that are not ours.", live.foreign_orders)
    yield gauge("tickerd_lease_epoch", "The epoch that our order ids begin with.", live.epoch)
    age = GaugeMetricFamily("tickerd_snapshot_age_seconds", "Since the last snapshot; absent before the first.")
    yield labelled(age, [([], _age(live.snapshot_age_ns))])


def account_metrics(account: AccountStatus) -> Iterator[Metric]:
    """What the account is worth. Floats, as everything in Prometheus."""
    base = account.base_currency
    equity = GaugeMetricFamily("tickerd_equity", "The account's worth, as far as it has prices.", labels=["currency"])
    yield labelled(equity, [([base], number(account.equity))] if base else [])
    yield gauge("tickerd_equity_unpriced", "Currencies and instruments that it leaves out.", len(account.unpriced))
    rates = GaugeMetricFamily("tickerd_rate", "The rate that counted a currency.", labels=["currency", "base"])
    yield labelled(rates, (([each.currency, base], number(each.rate)) for each in account.worth if base))
    held = GaugeMetricFamily("tickerd_balance_held", "What open spot orders hold.", labels=["currency"])
    yield labelled(held, (([each.currency], number(each.held)) for each in account.worth))
    dust = GaugeMetricFamily("tickerd_dust_quantity", "What no order can close.", labels=["instrument"])
    yield labelled(dust, (([each.instrument], number(each.quantity)) for each in account.dust))


def guard_metrics(guard: GuardSeen) -> Iterator[Metric]:
    """Whether somebody would cancel if this process hung or died."""
    yield gauge("tickerd_guard_up", "1 while a guard answers the daemon's beats.", float(guard.watching))
    if guard.beats:
        yield gauge("tickerd_guard_beat_age_seconds", "Since the guard answered last.", guard.beat_age_ns * NS)
        yield gauge(
            "tickerd_guard_last_kill_seconds",
            "When the guard killed last, Unix time; 0: not yet.",
            guard.last_kill_ns * NS,
        )
