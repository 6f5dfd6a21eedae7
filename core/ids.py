"""Client order ids: a pure function of session epoch and counter.

Fifteen characters of [0-9a-z]: inside every venue's length and alphabet (the tightest we know is 18, Kraken's
free-text `cl_ord_id`; Binance allows 36 of `[.A-Z:/a-z0-9_-]`, FIX commonly 20).
"""

import functools

from core.errors import InvariantError

PREFIX = "t"
EPOCH_DIGITS = 8
COUNTER_DIGITS = 6
REVISION_DIGITS = 2
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_PAIRS = tuple(high + low for high in _ALPHABET for low in _ALPHABET)  # the digits of base 36 squared
EPOCH_ZERO_NS = 1_704_067_200_000_000_000  # 2024-01-01T00:00:00Z: 36^8 ms from there last until 2113


def session_epoch(started_ns: int) -> int:
    """Return the session's epoch, the milliseconds since 2024-01-01, from its start time.

    Backtests on older data start before that: their epochs come round from the end of the digits.
    """
    return (started_ns - EPOCH_ZERO_NS) // 1_000_000 % int(36**EPOCH_DIGITS)


def client_order_id(epoch: int, counter: int) -> str:
    """Return the id of the session's `counter`-th order. Raises InvariantError where either is out of range."""
    return _stem(epoch) + _base36(counter, COUNTER_DIGITS)


def parse_client_order_id(text: str) -> tuple[int, int] | None:
    """Return (epoch, counter) of one of our ids, None for an id that is not ours."""
    if len(text) != 1 + EPOCH_DIGITS + COUNTER_DIGITS or text[0] != PREFIX:
        return None
    if any(letter not in _ALPHABET for letter in text[1:]):
        return None
    return int(text[1 : 1 + EPOCH_DIGITS], 36), int(text[1 + EPOCH_DIGITS :], 36)


def revision_id(client_order_id: str, revision: int) -> str:
    """Return what the venue calls the `revision`-th replacement of one of our orders; 0 is the order as submitted.

    Two digits more: 17 characters, still inside every venue's length. Raises InvariantError beyond 1,295 revisions.
    """
    return client_order_id if revision == 0 else client_order_id + _base36(revision, REVISION_DIGITS)


def parse_revision_id(text: str) -> tuple[str, int] | None:
    """Return (client order id, revision) of an id that a venue reports, None for an id that is not ours."""
    stem = text[: 1 + EPOCH_DIGITS + COUNTER_DIGITS]
    if parse_client_order_id(stem) is None:
        return None
    digits = text[len(stem) :]
    if not digits:
        return stem, 0
    if len(digits) != REVISION_DIGITS or any(letter not in _ALPHABET for letter in digits):
        return None
    return stem, int(digits, 36)


@functools.cache
def _stem(epoch: int) -> str:
    """Return what all ids of a session begin with."""
    return PREFIX + _base36(epoch, EPOCH_DIGITS)


def _base36(number: int, digits: int) -> str:
    """Return `number` in base 36, padded to `digits`, an even number of them."""
    if not 0 <= number < 36**digits:
        raise InvariantError(f"{number} does not fit {digits} base-36 digits of a client order id")
    out = ""
    for _ in range(digits // 2):
        number, rest = divmod(number, len(_PAIRS))
        out = _PAIRS[rest] + out
    return out
