"""Rate limits: request weight and raw requests of an address, new orders of an account, bans. No I/O.

Windows begin at whole multiples of their length, as the venue's do.
Source: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/limits
"""

import enum
from collections.abc import Sequence

import msgspec

from connectors.embedded.exchange import refusals

_INTERVAL_S = {"SECOND": 1, "MINUTE": 60, "HOUR": 3_600, "DAY": 86_400}
_PATIENCE = 10  # requests that are refused with 429 before the address is banned
_SHORTEST_BAN_S = 120  # "IP bans are tracked and scale in duration for repeat offenders, from 2 minutes to 3 days"
_LONGEST_BAN_S = 3 * 86_400


class LimitKind(enum.StrEnum):
    """What a limit counts."""

    REQUEST_WEIGHT = "REQUEST_WEIGHT"
    ORDERS = "ORDERS"
    RAW_REQUESTS = "RAW_REQUESTS"


class Limit(msgspec.Struct, frozen=True):
    """`limit` in each window of `number` times `interval`."""

    kind: LimitKind
    interval: str
    number: int
    limit: int

    @property
    def length_ms(self) -> int:
        """How long a window is."""
        return _INTERVAL_S[self.interval] * self.number * 1_000

    @property
    def letters(self) -> str:
        """How headers name the interval: `1M`, `10S`."""
        return f"{self.number}{self.interval[0]}"

    @property
    def told(self) -> dict[str, object]:
        """How exchangeInfo tells it."""
        return {
            "rateLimitType": self.kind.value,
            "interval": self.interval,
            "intervalNum": self.number,
            "limit": self.limit,
        }


class _Window:
    """What everybody used of one limit in its current window."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._number = -1
        self._used: dict[str, int] = {}

    def used(self, who: str, now_ms: int) -> int:
        return self._current(now_ms).get(who, 0)

    def add(self, who: str, count: int, now_ms: int) -> int:
        current = self._current(now_ms)
        current[who] = used = max(0, current.get(who, 0) + count)
        return used

    def ends_in_s(self, now_ms: int) -> int:
        return -(-(self.limit.length_ms - now_ms % self.limit.length_ms) // 1_000)

    def _current(self, now_ms: int) -> dict[str, int]:
        number = now_ms // self.limit.length_ms
        if number != self._number:
            self._number = number
            self._used.clear()
        return self._used


class RateLimits:
    """The limits of one market. `who` is an address for weight and raw requests, an account for orders."""

    def __init__(self, limits: Sequence[Limit]) -> None:
        """Enforce these."""
        self.limits = tuple(limits)
        self._windows = {kind: [_Window(limit) for limit in limits if limit.kind is kind] for kind in LimitKind}
        self._strikes: dict[str, int] = {}
        self._banned_until_ms: dict[str, int] = {}
        self._last_ban_s: dict[str, int] = {}

    def request(self, address: str, weight: int, now_ms: int) -> None:
        """Count a request. Raises RequestError with 429, or 418 once it went on after that."""
        until_ms = self._banned_until_ms.get(address, 0)
        if now_ms < until_ms:
            raise refusals.banned(until_ms, -(-(until_ms - now_ms) // 1_000))
        full = None
        for kind, count in ((LimitKind.REQUEST_WEIGHT, weight), (LimitKind.RAW_REQUESTS, 1)):
            for window in self._windows[kind]:
                if window.add(address, count, now_ms) > window.limit.limit:
                    full = window
        if full is None:
            self._strikes.pop(address, None)
            return
        strikes = self._strikes[address] = self._strikes.get(address, 0) + 1
        if strikes > _PATIENCE:
            self._ban(address, now_ms)
        raise refusals.too_many_requests(full.limit.limit, _words(full.limit), full.ends_in_s(now_ms))

    def _ban(self, address: str, now_ms: int) -> None:
        length_s = min(self._last_ban_s.get(address, _SHORTEST_BAN_S // 2) * 2, _LONGEST_BAN_S)
        self._last_ban_s[address] = length_s
        until_ms = self._banned_until_ms[address] = now_ms + length_s * 1_000
        self._strikes.pop(address, None)
        raise refusals.banned(until_ms, length_s)

    def orders(self, account: str, count: int, now_ms: int) -> None:
        """Refuse new orders of an account that has placed too many. Raises RequestError; counts nothing."""
        for window in self._windows[LimitKind.ORDERS]:
            if window.used(account, now_ms) + count > window.limit.limit:
                raise refusals.too_many_orders(window.limit.limit, _words(window.limit), window.ends_in_s(now_ms))

    def count_orders(self, account: str, count: int, now_ms: int) -> None:
        """Count orders that were placed; a negative number gives some back, for orders that filled."""
        for window in self._windows[LimitKind.ORDERS]:
            window.add(account, count, now_ms)

    def used(self, kind: LimitKind, who: str, now_ms: int) -> list[tuple[Limit, int]]:
        """Return each limit of a kind with what is used of it."""
        return [(window.limit, window.used(who, now_ms)) for window in self._windows[kind]]

    def told(self, kind: LimitKind, who: str, now_ms: int) -> list[dict[str, object]]:
        """Return the limits of a kind as websocket answers tell them, with `count`."""
        return [{**limit.told, "count": used} for limit, used in self.used(kind, who, now_ms)]

    def headers(self, address: str, account: str | None, now_ms: int) -> dict[str, str]:
        """Return the documented headers; an account is named where orders were placed."""
        found = {
            f"X-MBX-USED-WEIGHT-{limit.letters}": str(used)
            for limit, used in self.used(LimitKind.REQUEST_WEIGHT, address, now_ms)
        }
        if account is not None:
            for limit, used in self.used(LimitKind.ORDERS, account, now_ms):
                found[f"X-MBX-ORDER-COUNT-{limit.letters}"] = str(used)
        return found


def _words(limit: Limit) -> str:
    interval = limit.interval.lower()
    return interval if limit.number == 1 else f"{limit.number} {interval}s"
