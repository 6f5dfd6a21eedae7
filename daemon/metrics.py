"""Metrics for Prometheus: the last `Status`, told on a loopback port when somebody asks.

Nothing is counted here and nothing happens per event. The app publishes the `Status` that the screen gets anyway; a
scrape runs in a thread of its own and reads that one immutable value, so it can neither wait for the event loop nor
make it wait. Names begin with `tickerd_` and end with their unit.
"""

import ipaddress
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from config import __version__
from core.effects import StrategyState
from core.events import LifecycleState
from core.orders import OrderState
from daemon.errors import UsageError
from daemon.metrics_audit import audit_metrics
from daemon.metrics_breakers import breaker_metrics
from daemon.metrics_families import NS, counter, gauge, labelled, number, states
from daemon.metrics_portfolio import exposure_metrics, portfolio_metrics
from daemon.metrics_trading import account_metrics, guard_metrics, live_metrics
from daemon.status import Status

BOOK_STATES = ("empty", "loading", "live", "invalid")
LOCAL_NAMES = frozenset({"localhost", "ip6-localhost", "ip6-loopback"})


class Published(NamedTuple):
    """What a scrape tells: the last status, and all refusals and alerts so far; the status has the last few."""

    status: Status
    refusals: Mapping[str, int]  # by code
    alerts: Mapping[tuple[str, str], int] = {}  # by severity and code


class StatusCollector(Collector):
    """Turns a status into metrics at the moment of the scrape; says nothing before the first one."""

    def __init__(self, published: Callable[[], Published | None]) -> None:
        """Read through `published`, which must be quick and safe to call from another thread."""
        self._published = published

    def collect(self) -> Iterator[Metric]:
        """Give every metric of what was last published."""
        published = self._published()
        if published is not None:
            status = published.status
            yield from _process(status)
            yield from _orders(published)
            yield from _feeds(status)
            yield from _money(status)
            yield from _strategies(status)
            if status.account is not None:
                yield from account_metrics(status.account)
            if status.live is not None:
                yield from live_metrics(status.live, [feed.instrument for feed in status.feeds])
            if status.exposure is not None:
                yield from exposure_metrics(status.exposure)
            if status.breakers:
                yield from breaker_metrics(status.breakers)
            if status.portfolio is not None:
                yield from portfolio_metrics(status.portfolio)
            if status.guard is not None:
                yield from guard_metrics(status.guard)
            if status.audit is not None:
                yield from audit_metrics(status.audit)

    def describe(self) -> list[Metric]:
        """Say nothing when registered: names depend on nothing, and the registry would scrape to learn them."""
        return []


def _process(status: Status) -> Iterator[Metric]:
    """The process: state, work done, latency, memory."""
    yield InfoMetricFamily(
        "tickerd_session",
        "What runs.",
        {"session": status.session, "mode": status.mode, "labels": ",".join(status.labels), "version": __version__},
    )
    yield states("tickerd_state", "1 for the state of the daemon's life.", [([], status.state)], [*LifecycleState])
    yield gauge("tickerd_status_timestamp_seconds", "When this was true, Unix time.", status.time_ns * NS)
    yield gauge("tickerd_uptime_seconds", "How long the session has run.", status.uptime_ns * NS)
    yield counter("tickerd_inputs", "Inputs sequenced, journaled and stepped.", status.inputs)
    yield counter("tickerd_effects", "Effects journaled.", status.effects)
    yield counter("tickerd_commands", "Commands that left for a venue.", status.commands)
    yield counter("tickerd_reconnects", "Connections to venues made again.", status.reconnects)
    yield labelled(
        CounterMetricFamily("tickerd_malformed_frames", "Frames that could not be used.", labels=["reason"]),
        (([reason], count) for reason, count in status.malformed.items()),
    )
    yield gauge("tickerd_journal_size_bytes", "The session's journal so far.", status.journal_bytes)
    yield gauge("tickerd_resident_memory_bytes", "Memory that the process holds.", status.rss_bytes)
    yield gauge("tickerd_loop_lag_seconds", "How late the event loop last ran what was due.", status.loop_lag_ns * NS)
    latency = Metric(
        "tickerd_tick_to_order_seconds", "From the event that caused an order to its way out, last 16,384.", "summary"
    )
    for quantile, value_ns in (("0.5", status.tick_to_order_p50_ns), ("0.99", status.tick_to_order_p99_ns)):
        shown = value_ns * NS if status.tick_to_order_count else float("nan")
        latency.add_sample("tickerd_tick_to_order_seconds", {"quantile": quantile}, shown)
    latency.add_sample("tickerd_tick_to_order_seconds_count", {}, status.tick_to_order_count)
    yield latency


def _orders(published: Published) -> Iterator[Metric]:
    """Orders by state: every known state, so that none is missing where it is nought. Refusals by code."""
    counts = {**{state.value: 0 for state in OrderState}, **published.status.orders}
    yield labelled(
        GaugeMetricFamily("tickerd_orders", "Orders of this session by the state they are in.", labels=["state"]),
        (([state], count) for state, count in counts.items()),
    )
    yield labelled(
        CounterMetricFamily("tickerd_refusals", "Orders that the risk gate refused.", labels=["code"]),
        (([code], count) for code, count in published.refusals.items()),
    )
    yield labelled(
        CounterMetricFamily("tickerd_alerts", "What a person should know, so far.", labels=["severity", "code"]),
        (([*names], count) for names, count in published.alerts.items()),
    )
    open_alerts = published.status.open_alerts
    yield gauge("tickerd_open_alerts", "Causes of errors that nobody has acknowledged.", len(open_alerts))


def _feeds(status: Status) -> Iterator[Metric]:
    """Market data by instrument."""
    feeds = {feed.instrument: feed for feed in status.feeds}.values()
    names = ["instrument"]
    yield labelled(
        GaugeMetricFamily("tickerd_feed_connected", "1 while the feed's connection stands.", labels=names),
        (([f.instrument], float(f.connected)) for f in feeds),
    )
    yield labelled(
        GaugeMetricFamily("tickerd_feed_age_seconds", "Since the last event; absent before the first.", labels=names),
        (([f.instrument], f.age_ns * NS if f.age_ns >= 0 else None) for f in feeds),
    )
    yield labelled(
        GaugeMetricFamily("tickerd_feed_stale_channels", "Channels that have been silent too long.", labels=names),
        (([f.instrument], len(f.stale)) for f in feeds),
    )
    books = [([f.instrument], f.book) for f in feeds]
    yield states("tickerd_feed_book_state", "1 for the state of the book.", books, BOOK_STATES, names)
    for name, what in (("bid", "Best bid."), ("ask", "Best ask."), ("last", "Last trade.")):
        yield labelled(
            GaugeMetricFamily(f"tickerd_{name}_price", what, labels=names),
            (([f.instrument], number(getattr(f, f"{name}_price"))) for f in feeds),
        )


def _money(status: Status) -> Iterator[Metric]:
    """Positions, profit, fees and cash. Floats, as everything in Prometheus: the journal has the exact amounts."""
    positions = {position.instrument: position for position in status.positions}.values()
    yield labelled(
        GaugeMetricFamily("tickerd_position_quantity", "Net position, short is negative.", labels=["instrument"]),
        (([p.instrument], number(p.quantity)) for p in positions),
    )
    for name, what in (
        ("realised", "Profit of what was closed, before fees."),
        ("unrealised", "Profit of what is open, at the mark price."),
        ("fees", "Fees paid."),
    ):
        suffix = "fees" if name == "fees" else f"{name}_profit"
        yield labelled(
            GaugeMetricFamily(f"tickerd_{suffix}", what, labels=["instrument", "currency"]),
            (([p.instrument, p.currency], number(getattr(p, name))) for p in positions),
        )
    yield labelled(
        GaugeMetricFamily("tickerd_balance", "Cash by currency.", labels=["currency"]),
        (([currency], number(amount)) for currency, amount in status.balances.items()),
    )


def _strategies(status: Status) -> Iterator[Metric]:
    """Strategy actors."""
    strategies = {strategy.id: strategy for strategy in status.strategies}.values()
    names = ["strategy"]
    present = [([s.id], s.state) for s in strategies]
    yield states("tickerd_strategy_state", "1 for the state of the strategy.", present, [*StrategyState], names)
    yield labelled(
        GaugeMetricFamily("tickerd_strategy_open_orders", "Orders that may still be filled.", labels=names),
        (([s.id], s.open_orders) for s in strategies),
    )
    yield labelled(
        CounterMetricFamily("tickerd_strategy_fills", "Fills so far.", labels=names),
        (([s.id], s.fills) for s in strategies),
    )


class MetricsServer:
    """`http://HOST:PORT/metrics`. The app hands it the last status; everything else happens in its threads."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0, *, allow_remote: bool = False) -> None:
        """Be told where; port 0 lets the system choose. Raises UsageError for a host that others can reach.

        There is no password on this port, and it tells positions and profit: `allow_remote` is for those who have put
        a firewall or a proxy before it.
        """
        if not allow_remote and not is_loopback(host):
            raise UsageError(
                f"[metrics] host {host!r} can be reached by others, and metrics tell what is traded without asking who "
                "reads: use 127.0.0.1, and let the collector run here or come through a tunnel"
            )
        self.host = host.strip("[]")
        self.port = port
        self._published: Published | None = None
        self._server: WSGIServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where the metrics are, once started."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/metrics"

    def start(self) -> "MetricsServer":
        """Begin to answer; `port` is then the real one. Raises OSError if the port cannot be had."""
        assert self._server is None, "started twice"
        registry = CollectorRegistry(auto_describe=False)
        registry.register(StatusCollector(lambda: self._published))
        self._server, self._thread = start_http_server(self.port, self.host, registry)
        self.port = self._server.server_port
        return self

    def publish(
        self,
        status: Status,
        refusals: Mapping[str, int] | None = None,
        alerts: Mapping[tuple[str, str], int] | None = None,
    ) -> None:
        """Have scrapes see `status`, `refusals` by code, and `alerts` by severity and code: small copies."""
        self._published = Published(status, dict(refusals or {}), dict(alerts or {}))

    def close(self) -> None:
        """Stop answering and give the port back."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._server = self._thread = None


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`; a name counts only if it is one of those that always mean it."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() in LOCAL_NAMES
