"""How often a venue may be asked: pure, the time passed in."""

from core.rng import Rng

_NS = 1_000_000_000
_DEFAULT_WAIT_S = {429: 10.0, 418: 120.0}  # too many requests; banned for not stopping


class TokenBucket:
    """At most `burst` at once and `per_second` in the long run."""

    def __init__(self, *, per_second: float, burst: int) -> None:
        """Start full."""
        self._interval_ns = int(_NS / per_second)
        self._burst_ns = burst * self._interval_ns
        self._free_ns = 0  # when the bucket was, or will be, full

    def take(self, now_ns: int) -> int:
        """Take a token; return how many ns to wait before using it."""
        self._free_ns = max(self._free_ns, now_ns) + self._interval_ns
        return max(0, self._free_ns - now_ns - self._burst_ns)


class Backoff:
    """Delays that double up to a cap, jittered by half, so that many clients do not come back together."""

    def __init__(self, rng: Rng, *, first_s: float, cap_s: float) -> None:
        """Start at `first_s`; `rng` gives the jitter."""
        self._rng = rng
        self._first_s = first_s
        self._cap_s = cap_s
        self.attempts = 0

    def next_s(self) -> float:
        """Return how long to wait before the next attempt: the delay times 0.5 to 1.5."""
        delay = min(self._first_s * 2.0 ** min(self.attempts, 30), self._cap_s)
        self.attempts += 1
        return delay * (0.5 + self._rng.uniform())

    def reset(self) -> None:
        """Start again at the first delay."""
        self.attempts = 0


class RetryGate:
    """Closed for as long as a venue asked to be left alone (429, 418 and Retry-After)."""

    def __init__(self) -> None:
        """Start open."""
        self._until_s = 0.0

    def close(self, now_s: float, seconds: float) -> None:
        """Stay closed for `seconds` from now, longer if it already is."""
        self._until_s = max(self._until_s, now_s + seconds)

    def wait_s(self, now_s: float) -> float:
        """Return for how long it stays closed."""
        return max(0.0, self._until_s - now_s)


def asked_wait_s(status: int, retry_after: str) -> float:
    """Return for how long an HTTP refusal asks to be left alone: its Retry-After in seconds, 0 for other statuses."""
    if status not in _DEFAULT_WAIT_S:
        return 0.0
    return float(retry_after) if retry_after.isdecimal() else _DEFAULT_WAIT_S[status]
