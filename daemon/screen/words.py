"""Numbers as a person reads them: short, aligned and with their unit. All pure."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Context, Decimal, InvalidOperation

SECOND_NS = 1_000_000_000
NOTHING = "-"
_BARS = "▁▂▃▄▅▆▇█"
_WIDE = Context(prec=100)


def count_text(count: float) -> str:
    """Return a count with thousands separated: `1,234`; from ten million on in millions, `12.3 M`."""
    for size, unit in ((10_000_000_000, 1e9), (10_000_000, 1e6)):
        if abs(count) >= size:
            return f"{count / unit:,.1f} {'G' if unit == 1e9 else 'M'}"
    return f"{count:,.0f}"


def duration_text(duration_ns: int) -> str:
    """Return how long something lasts: `0:00:41`, `2 d 03:04:05`."""
    seconds = max(0, duration_ns) // SECOND_NS
    days, seconds = divmod(seconds, 86_400)
    clock = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{days:,} d {clock:0>8}" if days else clock


def latency_text(latency_ns: int) -> str:
    """Return a short time in the unit that keeps two or three figures: `850 ns`, `41 µs`, `1.2 ms`, `12 s`, `3 min`."""
    if latency_ns < 0:
        return NOTHING
    for limit, unit_ns, unit in ((1_000, 1, "ns"), (1_000_000, 1_000, "µs"), (SECOND_NS, 1_000_000, "ms")):
        if latency_ns < limit:
            value = latency_ns / unit_ns
            return f"{value:.1f} {unit}" if value < 10 and unit_ns > 1 else f"{int(value)} {unit}"
    seconds = latency_ns / SECOND_NS
    if seconds < 120:
        return f"{seconds:.1f} s" if seconds < 10 else f"{int(seconds)} s"
    return f"{int(seconds // 60)} min" if seconds < 7200 else f"{int(seconds // 3600)} h"


def bytes_text(size: int) -> str:
    """Return a size: `512 B`, `1.5 MiB`, `143 MiB`."""
    if size < 1024:
        return f"{size} B"
    value, unit = size / 1024, "KiB"
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        if value < 1000 or unit == "TiB":
            break
        value /= 1024
    return f"{value:.1f} {unit}" if value < 100 else f"{value:.0f} {unit}"


def clock_text(time_ns: int) -> str:
    """Return the UTC time of day, `12:00:01`."""
    return _utc(time_ns).strftime("%H:%M:%S")


def moment_text(time_ns: int) -> str:
    """Return the UTC date and time, `2026-11-21 12:00:01 UTC`."""
    return _utc(time_ns).strftime("%Y-%m-%d %H:%M:%S UTC")


def number(text: str) -> Decimal | None:
    """Return decimal text as a number; None for what is none or beyond all reason, shown as it came."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value.adjusted()) <= 40 else None


def rounded(amount: Decimal, decimals: int) -> Decimal:
    """Return a number of any size at so many decimals."""
    return amount.quantize(Decimal(1).scaleb(-decimals), context=_WIDE)


def total(texts: Iterable[str]) -> Decimal:
    """Return the sum of those texts that are numbers."""
    return sum((value for text in texts if (value := number(text)) is not None), Decimal(0))


def balance_text(amount: Decimal | None) -> str:
    """Return a balance: two decimals from a thousand on, else all of the first eight that are not zeros."""
    if amount is None:
        return NOTHING
    if abs(amount) >= 1000:
        return f"{amount:,.2f}"
    text = f"{amount:.8f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def money_decimals(amounts: Iterable[Decimal | None]) -> int:
    """Return how many decimals show a column of money: 2 where it holds whole units, more where it is all small."""
    largest = max((abs(amount) for amount in amounts if amount is not None), default=Decimal(0))
    if largest >= 1 or largest == 0:
        return 2
    return 4 if largest >= Decimal("0.01") else 8


def money_text(amount: Decimal | None, decimals: int, *, signed: bool = False) -> str:
    """Return money with thousands separated and a sign where asked for: `+1,234.50`; never a negative zero."""
    if amount is None:
        return NOTHING
    shown = rounded(amount, decimals)
    if not shown:
        return f"{abs(shown):.{decimals}f}"
    return f"{shown:{'+' if signed else ''},.{decimals}f}"


def price_text(text: str, decimals: int) -> str:
    """Return a price with thousands separated, to at least `decimals`; text that is no number stays as it is."""
    value = number(text)
    if value is None:
        return text or NOTHING
    return f"{value:,.{max(decimals, decimals_of([text]))}f}"


def decimals_of(texts: Iterable[str]) -> int:
    """Return how many decimals the finest of these texts has, so that a column of prices aligns at the point."""
    return max((len(text.partition(".")[2]) for text in texts), default=0)


def clean(text: str) -> str:
    """Return text as one line. What came from outside may hold control characters; a terminal must never obey them."""
    return "".join(character if character.isprintable() else "·" for character in " ".join(text.split()))


def clipped(text: str, width: int) -> str:
    """Return at most `width` characters of one clean line, the last one an ellipsis if some are missing."""
    line = clean(text)
    return line if len(line) <= width else line[: max(0, width - 1)] + "…"


def sparkline(values: Sequence[float], width: int, *, from_zero: bool = True) -> str:
    """Return the last `width` values as bars of eight heights, from zero or from their least up to their largest."""
    shown = values[-width:] if width > 0 else ()
    if not shown:
        return ""
    low = 0.0 if from_zero else min(shown)
    span = max(shown) - low
    if span <= 0:
        return _BARS[0] * len(shown)
    return "".join(_BARS[min(7, int((value - low) / span * 7.999))] if value > low else _BARS[0] for value in shown)


def _utc(time_ns: int) -> datetime:
    """Return a time; what no calendar holds is shown as the epoch."""
    try:
        return datetime.fromtimestamp(time_ns // SECOND_NS, UTC)
    except (OverflowError, ValueError, OSError):
        return datetime.fromtimestamp(0, UTC)
