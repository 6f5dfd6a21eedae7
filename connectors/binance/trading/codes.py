"""Every documented error of Binance, and what it means for an order: one table.

An order counts as rejected only where the documents say that it did not enter the book. "If a response contains 5xx
status code, it does not necessarily mean that your request has failed. Execution status is unknown"; a code that is in
no document is unknown too. Sources: binance-spot-api-docs/errors.md; developers.binance.com, USDⓈ-M, Error Codes.
"""

import enum

import msgspec

from connectors.binance.settings import Market


class Meaning(enum.StrEnum):
    """What an error says of the request that it answers."""

    REJECTED = "rejected"  # understood and refused: nothing was done
    UNKNOWN = "unknown"  # it may have been done
    BUSY = "busy"  # nothing was done, and later it may be
    DOWN = "down"  # the venue is out of service; it may have been done
    DEFECT = "defect"  # nothing was done: the request was malformed, which is a defect of ours
    KEY = "key"  # nothing was done: the key, its address or its rights
    CLOCK = "clock"  # nothing was done: the request's time was outside of the window
    ABSENT = "absent"  # the venue knows no such order
    GONE = "gone"  # a cancel or a change found no order to act on

    @property
    def is_certain(self) -> bool:
        """Whether an order that is answered so did not enter the book."""
        return self not in {Meaning.UNKNOWN, Meaning.DOWN}


class Verdict(msgspec.Struct, frozen=True):
    """A meaning, and words that tell a person what to do next; empty where the venue's own say enough."""

    meaning: Meaning
    advice: str = ""


_UNKNOWN = Verdict(Meaning.UNKNOWN)
_REJECTED = Verdict(Meaning.REJECTED)
_BUSY = Verdict(Meaning.BUSY)
_DEFECT = Verdict(Meaning.DEFECT, "please report this: tickerd sent what Binance does not document")
_KEY = Verdict(Meaning.KEY, "check the key's rights, its list of addresses, and that its file holds the right secret")
_CLOCK = Verdict(Meaning.CLOCK, "set this machine's clock (NTP): requests are timed, the window is never widened")
_DOWN = Verdict(Meaning.DOWN)

_BOTH: dict[int, Verdict] = {
    # 10xx: general server or network issues
    -1000: _UNKNOWN,  # "An unknown error occurred while processing the request."
    -1001: _UNKNOWN,  # "Internal error; unable to process your request. Please try again."
    -1002: _KEY,
    -1003: _BUSY,  # TOO_MANY_REQUESTS
    -1004: _BUSY,  # "Server is busy, please wait and try again"
    -1006: _UNKNOWN,  # "An unexpected response was received from the message bus. Execution status unknown."
    -1007: _UNKNOWN,  # "Timeout waiting for response from backend server. [...] execution status unknown."
    -1008: _BUSY,  # "Request throttled by system-level protection": the request did not reach the engine
    -1010: _REJECTED,  # ERROR_MSG_RECEIVED: "sent when an error has been returned by the matching engine"
    -1011: _KEY,  # "This IP cannot access this route."
    -1013: _REJECTED,  # "The request is rejected by the API. (i.e. The request didn't reach the Matching Engine.)"
    -1014: _REJECTED,
    -1015: _BUSY,  # TOO_MANY_ORDERS
    -1016: _DOWN,  # "This service is no longer available."
    -1020: _DEFECT,
    -1021: _CLOCK,
    -1022: _KEY,  # "Signature for this request is not valid."
    -1023: _DEFECT,
    -1033: _DEFECT,
    -1034: _BUSY,  # TOO_MANY_CONNECTIONS
    -1035: _DEFECT,
    -1099: _KEY,  # "Not found, unauthenticated, or unauthorized."
    # 20xx: processing
    -2010: _REJECTED,  # NEW_ORDER_REJECTED
    -2011: Verdict(Meaning.GONE),  # CANCEL_REJECTED, "Unknown order sent."
    -2013: Verdict(Meaning.ABSENT),  # NO_SUCH_ORDER
    -2014: _KEY,
    -2015: _KEY,
    -2016: _REJECTED,
    -2026: Verdict(Meaning.ABSENT),  # "canceled or expired with no executed qty over 90 days ago"
}

_SPOT: dict[int, Verdict] = {
    -2021: _UNKNOWN,  # "Order cancel-replace partially failed": read with both its parts, `session` does
    -2022: _REJECTED,  # "Order cancel-replace failed": neither was done
    -2035: _REJECTED,  # subscription already active
    -2036: _REJECTED,
    -2038: _REJECTED,  # ORDER_AMEND_REJECTED
    -2039: Verdict(Meaning.GONE),  # "Client order ID is not correct for this order ID."
    -2042: _BUSY,  # "Maximum subscription ID reached for this connection."
    -2043: _REJECTED,
}

_USDM: dict[int, Verdict] = {
    -1005: _KEY,
    -1113: _REJECTED,
    -1136: _REJECTED,
    -2012: _UNKNOWN,  # CANCEL_ALL_FAIL, "Batch cancel failure."
    -2017: _KEY,  # "API Keys are locked on this account."
    -2018: _REJECTED,  # "Balance is insufficient."
    -2019: _REJECTED,  # "Margin is insufficient."
    -2020: _REJECTED,  # "Unable to fill."
    -2021: _REJECTED,  # "Order would immediately trigger."
    -2022: _REJECTED,  # "ReduceOnly Order is rejected."
    -2023: _REJECTED,  # "User in liquidation mode now."
    -2024: _REJECTED,  # "Position is not sufficient."
    -2025: _REJECTED,  # "Reach max open order limit."
    -2026: _REJECTED,  # "This OrderType is not supported when reduceOnly."
    -2027: _REJECTED,
    -2028: _REJECTED,
    -4061: Verdict(Meaning.REJECTED, "the account's position mode is not the one in the settings (hedge_mode)"),
    -4116: _UNKNOWN,  # "ClientOrderId is duplicated": one of that id is there, so ours may be
    -4120: Verdict(Meaning.REJECTED, "conditional orders have an endpoint of their own"),
    -5021: _REJECTED,  # "The order will not be recorded in the order history"
    -5022: _REJECTED,  # likewise, post-only
    -5024: _REJECTED,
    -5025: _REJECTED,
    -5026: _REJECTED,  # "Exceed maximum modify order limit."
    -5027: _REJECTED,  # "No need to modify the order."
    -5028: _CLOCK,  # "Timestamp for this request is outside of the ME recvWindow."
    -5037: _DEFECT,
    -5038: _DEFECT,
    -5039: _REJECTED,
    -5040: _REJECTED,
    -5041: _REJECTED,
}

# "11xx - Request issues" of both, "40xx - Filters and other Issues" and "50xx - Order Execution Issues" of USDⓈ-M.
_RANGES: tuple[tuple[Market | None, int, int, Verdict], ...] = (
    (None, -1199, -1100, _DEFECT),
    (None, -1225, -1200, _DEFECT),
    (Market.USDM, -4999, -4000, _REJECTED),
)
_REFUSALS_IN_RANGE = (-1111, -1112, -1121, -1158, -1160, -1165, -1166, -1168, -1196, -1197, -1198, -1199, -1220)

_DUPLICATE = "Duplicate order sent."
"""Of -2010: "The clOrdId is already in use." The order that uses it may be this very one."""


def classify(market: Market, status: int, code: int, message: str) -> Verdict:
    """Return what an error means. `code` is 0 where there was none: HTML, a cut body, an empty one.

    429 and 418 are answered before anything is done; 403 is the firewall's, likewise.
    """
    if code:
        return _of_code(market, status, code, message)
    if status in {429, 418}:
        return _BUSY
    if status in {401, 403}:
        return _KEY
    if status == 503:
        return _DOWN
    return _UNKNOWN


def _of_code(market: Market, status: int, code: int, message: str) -> Verdict:
    """Return what a code means: the market's own table before the common one, single codes before ranges."""
    if message == _DUPLICATE:
        return _UNKNOWN
    verdict = (_SPOT if market is Market.SPOT else _USDM).get(code) or _BOTH.get(code)
    if verdict is None and code in _REFUSALS_IN_RANGE:
        verdict = _REJECTED
    if verdict is None:
        for of, first, last, meaning in _RANGES:
            if first <= code <= last and of in {None, market}:
                verdict = meaning
    if verdict is None:
        return _UNKNOWN
    if status >= 500 and verdict.meaning not in {Meaning.BUSY, Meaning.DOWN}:
        return _UNKNOWN
    return verdict


def words(verdict: Verdict, code: int, message: str) -> str:
    """Return an error as a report's reason: the venue's words, its code, and what to do next."""
    told = f"{message or 'no message'} ({code})" if code else message or "no readable answer"
    return f"{told}: {verdict.advice}" if verdict.advice else told
