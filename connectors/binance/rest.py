"""What REST answers of Binance mean."""

import msgspec

from connectors.binance import messages
from connectors.binance.address import RateLimit
from connectors.errors import MalformedMessage, VenueRefused, VenueUnreachable
from connectors.rest.transport import Answer
from core.events import ClockMeasured
from core.records import NO_INSTRUMENT, Event, Kind

_NS_PER_MS = 1_000_000
_decode_error = msgspec.json.Decoder(messages.RestError).decode
_decode_limits = msgspec.json.Decoder(messages.Limits).decode
_decode_time = msgspec.json.Decoder(messages.ServerTime).decode


def accept(answer: Answer, what: str) -> bytes:
    """Return the body of an answer that is one.

    Raises VenueRefused with the venue's code and message, VenueUnreachable where the answer is not the venue's own
    (a proxy's page, an overload): "HTTP 5XX return codes are used for internal errors; the issue is on Binance's side."
    """
    if answer.status == 200:
        return answer.body
    try:
        refusal = _decode_error(answer.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        text = answer.body[:120].decode("utf-8", "replace")
        kind = answer.content_type or "no content type"
        raise VenueUnreachable(f"{what}: HTTP {answer.status} with {kind}: {text}", body=answer.body) from None
    message = f"{what}: HTTP {answer.status}, code {refusal.code}: {refusal.msg}"
    if answer.status >= 500:
        raise VenueUnreachable(message, body=answer.body)
    raise VenueRefused(message, status=answer.status, body=answer.body)


def read_server_time(body: bytes) -> int:
    """Return the venue's time in ns. Raises MalformedMessage."""
    try:
        return _decode_time(body).server_ms * _NS_PER_MS
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedMessage(f"/time does not read as documented: {error}; body begins {body[:80]!r}") from error


def read_limits(body: bytes) -> tuple[RateLimit, ...]:
    """Return the limits of an exchangeInfo body. Raises MalformedMessage."""
    try:
        return _decode_limits(body).limits
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedMessage(f"rateLimits do not read as documented: {error}; body begins {body[:80]!r}") from error


class ClockSample(msgspec.Struct, frozen=True, order=True):
    """One round trip to `/time`: the venue's clock less ours, and half the round trip."""

    offset_ns: int
    uncertainty_ns: int


def clock_sample(asked_ns: int, answered_ns: int, server_ns: int) -> ClockSample:
    """Return what one round trip tells. The venue cuts its time to ms, so half of one is added."""
    half = (answered_ns - asked_ns) // 2
    return ClockSample(server_ns + _NS_PER_MS // 2 - (asked_ns + half), half + _NS_PER_MS // 2)


def clock_event(venue: str, now_ns: int, samples: list[ClockSample]) -> Event:
    """Return the median of the samples as an event; at least one sample."""
    middle = sorted(samples)[len(samples) // 2]
    measured = ClockMeasured(venue=venue, offset_ns=middle.offset_ns, uncertainty_ns=middle.uncertainty_ns)
    return (int(Kind.CLOCK), 0, NO_INSTRUMENT, now_ns, 0, measured, 0, 0, 0, 0)
