"""What the venue allows per address and per account, and how much of it is left: pure, the time passed in.

"Rate limits are accounted by intervals. For example, a 1 MINUTE interval starts every minute." Weight is per address,
orders are per account: whoever else uses them shows in the counts that every answer carries, so these are believed.
"""

import enum

from connectors.binance.address import Address, RateLimit, Window

_NS = 1_000_000_000
_SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86_400}


class Urgency(enum.IntEnum):
    """Who goes first, and how deep into the allowances each may go."""

    CANCEL = 0
    REDUCE = 1
    OPEN = 2


class Budget:
    """Weight and order counts of one account and address. `shares`: what cancels, and what reduces, keep from opens."""

    def __init__(self, cancel_share: float, reduce_share: float, address: Address | None = None) -> None:
        """Start with nothing used; `address` is shared with who else asks the same host from here."""
        self.address = address or Address()
        self.address.keep(cancel_share + reduce_share)
        self.orders: dict[int, Window] = {}  # by interval
        self.opens_closed_ns = 0  # no orders before: the account's order count is used up
        self._weight_shares = (1.0, 1.0 - cancel_share, 1.0 - cancel_share - reduce_share)
        self._order_shares = (1.0, 1.0, 1.0 - reduce_share)

    @property
    def weight(self) -> Window:
        """The weight of the address, which is not ours alone."""
        return self.address.weight

    @property
    def closed_ns(self) -> int:
        """Before when nothing goes out: the venue asked for silence."""
        return self.address.closed_ns

    @property
    def offset_ns(self) -> int:
        """The venue's clock less ours: its intervals are by its own."""
        return self.address.offset_ns

    @offset_ns.setter
    def offset_ns(self, offset_ns: int) -> None:
        self.address.offset_ns = offset_ns

    def wait_ns(self, now_ns: int, weight: int, orders: int, urgency: Urgency) -> int:
        """Return how long a request must wait, 0 where it may go."""
        venue_ns = now_ns + self.offset_ns
        wait = self.closed_ns - now_ns
        share = self._weight_shares[urgency]
        wait = max(wait, self.weight.wait_ns(venue_ns, weight, int(self.weight.limit * share)))
        if orders:
            wait = max(wait, self.opens_closed_ns - now_ns)
            share = self._order_shares[urgency]
            for window in self.orders.values():
                wait = max(wait, window.wait_ns(venue_ns, orders, int(window.limit * share)))
        return max(wait, 0)

    def spend(self, now_ns: int, weight: int, orders: int) -> None:
        """Count a request that leaves now."""
        self.address.spend(now_ns, weight)
        if orders:
            venue_ns = now_ns + self.offset_ns
            for window in self.orders.values():
                window.roll(venue_ns)
                window.used += orders

    def told(self, now_ns: int, limits: tuple[RateLimit, ...], in_flight: int = 0) -> None:
        """Take the limits and counts of an answer, or the limits of exchangeInfo; `in_flight` orders are unanswered."""
        venue_ns = now_ns + self.offset_ns
        for limit in limits:
            seconds = _SECONDS.get(limit.interval, 0) * limit.number
            if not seconds or limit.limit <= 0:
                continue
            if limit.kind == "REQUEST_WEIGHT" and seconds == 60:
                window = self.weight
            elif limit.kind == "ORDERS":
                window = self.orders.setdefault(seconds, Window(seconds * _NS, limit.limit))
            else:
                continue
            window.limit = limit.limit
            if limit.count < 0:
                continue
            if window is self.weight:
                self.address.told_weight(now_ns, limit.count)
            else:
                window.told(venue_ns, limit.count, in_flight)

    def told_by_headers(self, now_ns: int, headers: dict[str, str], in_flight: int = 0) -> None:
        """Take the counts of a REST answer: X-MBX-USED-WEIGHT-1M, X-MBX-ORDER-COUNT-10S; names in lower case."""
        venue_ns = now_ns + self.offset_ns
        for name, text in headers.items():
            if not text.isdecimal():
                continue
            if name == "x-mbx-used-weight-1m":
                self.address.told_weight(now_ns, int(text))
            elif name.startswith("x-mbx-order-count-"):
                window = self.orders.get(_header_seconds(name.removeprefix("x-mbx-order-count-")))
                if window is not None:
                    window.told(venue_ns, int(text), in_flight)

    def close(self, until_ns: int, *, orders_only: bool) -> None:
        """Send nothing, or no orders, before a time."""
        if orders_only:
            self.opens_closed_ns = max(self.opens_closed_ns, until_ns)
        else:
            self.address.close(until_ns)

    def weight_used(self, now_ns: int) -> int:
        """Return the weight that is used of the venue's present minute."""
        return self.weight.used_at(now_ns + self.offset_ns)

    def busiest_orders(self, now_ns: int) -> tuple[int, int]:
        """Return (used, limit) of the order count nearest to its limit; (0, 0) before the venue told any."""
        venue_ns = now_ns + self.offset_ns
        used = [(window.used_at(venue_ns), window.limit) for window in self.orders.values()]
        return max(used, key=lambda each: each[0] / each[1]) if used else (0, 0)

    def silent_until_ns(self, now_ns: int) -> int:
        """Return until when the venue asked for silence, about orders at least; 0 where it did not."""
        until_ns = max(self.closed_ns, self.opens_closed_ns)
        return until_ns if until_ns > now_ns else 0


def _header_seconds(text: str) -> int:
    """Return the interval of a header's name, `10s` or `1m`, in seconds; 0 for none."""
    unit = {"s": 1, "m": 60, "h": 3600, "d": 86_400}.get(text[-1:], 0)
    return unit * int(text[:-1]) if text[:-1].isdecimal() else 0
