"""Whether the cancels that wait are for all that works at a symbol: then spot takes one request for them. Pure.

"DELETE /api/v3/openOrders: Cancels all active orders on a symbol. This includes orders that are part of an order list."
It would take other people's orders as well, so what works there must be known: from a listing of the account's open
orders since the private stream is heard, and from that stream.
"""

from collections.abc import Mapping, Sequence

from connectors.binance.trading.calls import Call, CallKind, names_of
from connectors.binance.trading.messages import SpotReport
from core.evidence import EvidenceGiven, Subject
from core.records import NO_INSTRUMENT

_ENDED = ("FILLED", "CANCELED", "REJECTED", "EXPIRED", "EXPIRED_IN_MATCH")
_PLACING = (CallKind.PLACE, CallKind.GROUP, CallKind.REPLACE)
_KEEP = 10_000


class Whole:
    """The numbers of all orders that work on the account, ours or not, by symbol; nothing before they were listed."""

    def __init__(self, calls: Mapping[int, Call]) -> None:
        """Have heard nothing; `calls` are the requests under way."""
        self._calls = calls
        self._working: dict[str, dict[str, None]] = {}
        self._ended: dict[str, None] = {}  # a listing may be older than the stream's word
        self._heard_ns = 0  # since when the stream is heard, 0 where it is not
        self._listed = False

    def up(self, now_ns: int) -> None:
        """Hear the private stream from now on."""
        self._heard_ns = self._heard_ns or now_ns

    def down(self) -> None:
        """Know nothing any more: what happens now is not heard."""
        self._working.clear()
        self._ended.clear()
        self._heard_ns, self._listed = 0, False

    def told(self, news: SpotReport) -> None:
        """Take what happened to an order of the account."""
        number = str(news.order_id)
        working = self._working.setdefault(news.symbol, {})
        if news.status in _ENDED:
            working.pop(number, None)
            self._ended[number] = None
            if len(self._ended) > _KEEP:
                del self._ended[next(iter(self._ended))]
        else:
            self._ended.pop(number, None)  # a venue whose counters were rolled back gives a number again
            working[number] = None

    def placed(self, symbol: str, number: str) -> None:
        """Take an order of ours that an answer tells, before the stream does."""
        if number not in self._ended:
            self._working.setdefault(symbol, {})[number] = None

    def listed(self, given: EvidenceGiven) -> None:
        """Take a listing of the open orders: it adds what the stream did not tell, and takes nothing away."""
        if given.subject is not Subject.OPEN_ORDERS or not given.complete or given.failure:
            return
        if not self._heard_ns or given.asked_ns < self._heard_ns:
            return
        for order in given.orders:
            if order.venue_order_id not in self._ended:
                self._working.setdefault(order.symbol, {})[order.venue_order_id] = None
        self._listed = True

    def is_of(self, symbol: str, instrument: int, numbers: Sequence[str]) -> bool:
        """Whether the orders of these numbers are all that works at a symbol, and none is on its way there."""
        if not self._listed or instrument == NO_INSTRUMENT or not all(numbers):
            return False
        known = dict.fromkeys(numbers)
        if any(number not in known for number in self._working.get(symbol, {})):
            return False
        return not any(
            call.kind in _PLACING and not call.answered and any(index == instrument for index, _ in names)
            for call in self._calls.values()
            for names in (names_of(item.command) for item in call.items)
        )
