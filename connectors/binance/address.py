"""What Binance allows one address of ours: silence, weight, connections, for all who ask at one REST host. Pure.

"The limits on the API are based on the IPs, not the API keys": orders, account and market data share them.
"""

import msgspec

from connectors.pacing import TokenBucket

_NS = 1_000_000_000
_MINUTE_NS = 60 * _NS
_WEIGHT_LIMIT = 2400  # of USDⓈ-M, the smaller of the two: held to until the venue tells its own


class RateLimit(msgspec.Struct, frozen=True, gc=False):
    """One limit as `rateLimits` tells it; exchangeInfo has no `count`."""

    kind: str = msgspec.field(name="rateLimitType", default="")
    interval: str = ""
    number: int = msgspec.field(name="intervalNum", default=1)
    limit: int = 0
    count: int = -1


class Window(msgspec.Struct):
    """One limit over one interval: how much was used in the interval that began at `start_ns`."""

    interval_ns: int
    limit: int
    used: int = 0
    start_ns: int = 0

    def roll(self, now_ns: int) -> None:
        """Begin the interval of now where the last one is over; a clock that was set back frees nothing."""
        start_ns = now_ns - now_ns % self.interval_ns
        if start_ns > self.start_ns:
            self.used = 0
        self.start_ns = start_ns

    def used_at(self, now_ns: int) -> int:
        """Return what is used of the interval of now."""
        return 0 if now_ns - now_ns % self.interval_ns > self.start_ns else self.used

    def wait_ns(self, now_ns: int, amount: int, limit: int) -> int:
        """Return how long until `amount` fits below `limit`, 0 where it does now."""
        start_ns = now_ns - now_ns % self.interval_ns
        used = 0 if start_ns > self.start_ns else self.used
        return 0 if used + amount <= limit else start_ns + self.interval_ns - now_ns

    def told(self, now_ns: int, count: int, in_flight: int) -> None:
        """Believe the venue's count; what has left since, and is not in it yet, comes on top.

        A count may fall: "if your orders are consistently filled by trades, you can continuously place orders".
        """
        self.roll(now_ns)
        self.used = count + in_flight


class Address:
    """The allowances of one address: one object for the trading and the market data of one REST host."""

    def __init__(self) -> None:
        """Start with nothing used, and with the smaller market's weight until the venue tells its limits."""
        self.weight = Window(_MINUTE_NS, _WEIGHT_LIMIT)
        self.closed_ns = 0  # nothing goes out before: the venue asked for silence
        self.offset_ns = 0  # the venue's clock less ours: its intervals are by its own
        self.open_share = 1.0  # of the weight, for what is not urgent: opens, market data
        # "There is a limit of 300 connections per attempt every 5 minutes per IP": at most 160 of ours, by any line.
        self.connects = TokenBucket(per_second=0.5, burst=10)

    def keep(self, share: float) -> None:
        """Keep a share of the weight for what is more urgent than market data."""
        self.open_share = min(self.open_share, 1.0 - share)

    def close(self, until_ns: int) -> None:
        """Send nothing before a time."""
        self.closed_ns = max(self.closed_ns, until_ns)

    def wait_ns(self, now_ns: int) -> int:
        """Return for how long the venue still wants silence."""
        return max(0, self.closed_ns - now_ns)

    def data_wait_ns(self, now_ns: int, weight: int) -> int:
        """Return how long a request for market data must wait for its weight; silences are `wait_ns`'s."""
        limit = max(int(self.weight.limit * self.open_share), weight)  # heavier than the share: alone in its minute
        return self.weight.wait_ns(now_ns + self.offset_ns, weight, limit)

    def spend(self, now_ns: int, weight: int) -> None:
        """Count a request that leaves now."""
        self.weight.roll(now_ns + self.offset_ns)
        self.weight.used += weight

    def told_limits(self, limits: tuple[RateLimit, ...]) -> None:
        """Take the limits of exchangeInfo."""
        for each in limits:
            if each.kind == "REQUEST_WEIGHT" and each.interval == "MINUTE" and each.number == 1 and each.limit > 0:
                self.weight.limit = each.limit

    def told_weight(self, now_ns: int, count: int) -> None:
        """Believe the venue's weight, but not one that is older than what has left since: it only grows."""
        self.weight.roll(now_ns + self.offset_ns)
        self.weight.used = max(self.weight.used, count)

    def told_by_headers(self, now_ns: int, headers: dict[str, str]) -> None:
        """Take the weight that a REST answer tells, its headers' names in lower case."""
        text = headers.get("x-mbx-used-weight-1m", "")
        if text.isdecimal():
            self.told_weight(now_ns, int(text))
