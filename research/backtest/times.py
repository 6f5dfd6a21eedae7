"""Times of the settings as nanoseconds, and the step of an equity curve."""

import datetime as dt

from core.clock import NEVER

NO_START, NO_END = -NEVER, NEVER
SAMPLES = 2_000  # about so many samples where no step is given
_SECOND_NS = 1_000_000_000
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400)


def time_ns(text: str, without: int) -> int:
    """Return an ISO time as ns since the Unix epoch, UTC where it names no zone; `without` for "".

    Nanoseconds are kept, of which Python's own times hold only the first six digits.
    """
    if not text:
        return without
    whole, point, rest = text.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))] if point else ""
    moment_ = dt.datetime.fromisoformat(whole + rest[len(digits) :])
    if moment_.tzinfo is None:
        moment_ = moment_.replace(tzinfo=dt.UTC)
    return int(moment_.timestamp()) * _SECOND_NS + int(digits.ljust(9, "0") or 0)


def choose_step_ns(span_ns: int) -> int:
    """Return a round step that gives about 2,000 samples over a span."""
    for step_s in _STEPS_S:
        if span_ns <= SAMPLES * step_s * _SECOND_NS:
            return step_s * _SECOND_NS
    return _STEPS_S[-1] * _SECOND_NS


def moment(now_ns: int) -> str:
    """Return a time as ISO text in UTC, to the microsecond."""
    if not now_ns:
        return ""
    whole = dt.datetime.fromtimestamp(now_ns // _SECOND_NS, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{now_ns % _SECOND_NS // 1000:06}Z"
