"""The status as plain lines, for pipes, files and services: one a second, the same words in the same places."""

from typing import TextIO

from daemon.screen import words
from daemon.screen.history import profits_of
from daemon.status import Status
from oms.transitions import OPEN_STATES


def status_line(status: Status) -> str:
    """Return one line, for people and for grep.

    12:00:01 READY 1,234 ev/s  age 12 ms  tick-to-order p50 41 µs p99 95 µs  orders 3 working 12 filled  P&L +1.23 USDT
    """
    parts = [
        f"{words.clock_text(status.time_ns)} {words.clipped(status.state, 20)} {status.events_per_s:,.0f} ev/s",
        f"age {_age_text(status)}",
        _latency_text(status),
        f"orders {_orders_text(status.orders)}",
        f"P&L {profit_text(status)}",
    ]
    if status.malformed:
        parts.append(f"malformed {sum(status.malformed.values()):,}")
    parts += _trading(status)
    if status.labels:
        parts.append(f"[{', '.join(words.clipped(label, 40) for label in status.labels).upper()}]")
    return "  ".join(parts)


def _trading(status: Status) -> list[str]:
    """Return how each venue's books stand, and what is held back, where trading is for real."""
    if status.live is None:
        return []
    held = [f"{each.state} {each.instrument}".strip() for each in status.live.freezes]
    told = [f"{venue.venue} books {venue.books}" for venue in status.live.venues]
    return [words.clean(text) for text in (*told, *held)]


def working_orders(orders: dict[str, int]) -> int:
    """Return how many orders may still be filled, those of unknown outcome included."""
    return sum(orders.get(state.value, 0) for state in OPEN_STATES)


def profit_text(status: Status) -> str:
    """Return realised and unrealised profit less fees, by currency: `+1.23 USDT -0.0020 BTC`."""
    profits = profits_of(status.positions)
    return (
        " ".join(
            f"{words.money_text(p.net, words.money_decimals([p.net]), signed=True)} {words.clean(p.currency)}"
            for p in profits
        )
        or "0.00"
    )


def _age_text(status: Status) -> str:
    """Return the age of the feed that has been quiet the longest, and how many give no usable market."""
    heard = [feed.age_ns for feed in status.feeds if feed.age_ns >= 0]
    age = words.latency_text(max(heard)) if heard else "-"
    lost = sum(not feed.connected or bool(feed.stale) for feed in status.feeds)
    return f"{age} ({lost} of {len(status.feeds)} feeds stale)" if lost else age


def _latency_text(status: Status) -> str:
    """Return the tick-to-order percentiles, dashes before the first order."""
    if not status.tick_to_order_count:
        return "tick-to-order p50 - p99 -"
    p50, p99 = status.tick_to_order_p50_ns, status.tick_to_order_p99_ns
    return f"tick-to-order p50 {words.latency_text(p50)} p99 {words.latency_text(p99)}"


def _orders_text(orders: dict[str, int]) -> str:
    """Return working and ended orders, and those of unknown outcome where there are any."""
    parts = [f"{working_orders(orders)} working"]
    ends = ("unknown", "filled", "cancelled", "expired", "rejected", "never-arrived")
    parts += [f"{orders.get(state, 0):,} {state}" for state in ends if orders.get(state) or state == "filled"]
    return " ".join(parts)


class LinesView:
    """Writes a line for each second of the daemon's time, and one at once when its state changes."""

    def __init__(self, out: TextIO) -> None:
        """Write to `out`."""
        self._out = out
        self._shown: tuple[int, str] | None = None
        self._last: Status | None = None

    def show(self, status: Status) -> None:
        """Take one status. Raises OSError when nobody reads any more."""
        key = (status.time_ns // words.SECOND_NS, status.state)
        self._last = status
        if key != self._shown:
            self._shown = key
            self._write(status)

    def silent(self, silent_ns: int) -> None:
        """A daemon that says nothing gets no lines."""

    def close(self) -> None:
        """Write the last status, unless its line is there already."""
        if self._last is not None:
            self._write(self._last)

    def _write(self, status: Status) -> None:
        """Write one line and see it off."""
        self._last = None
        self._out.write(status_line(status) + "\n")
        self._out.flush()


__all__ = ["LinesView", "profit_text", "status_line", "working_orders"]
