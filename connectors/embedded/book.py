"""The venue's own book of one symbol: the depth snapshot and the diffs sent so far, by the documented rules.

A recording holds the answer that the venue gave at one moment. Before that moment the venue's book is not known, and
the recorded answer is given: it is what the venue would have answered a little later, and the documented procedure
(drop the buffered events up to `lastUpdateId`) makes that as good. From that moment on the book follows playback, so
a client that comes late, or again, gets the book of its own time.
"""

import re

import msgspec

from connectors.embedded.market import Market
from connectors.embedded.wire import DepthDiff, DepthSnapshot, Level, decode_diff, decode_snapshot
from core.codec import UNREADABLE

_PRICE = re.compile(r"\d+(\.\d+)?")
_BUFFERED_DIFFS = 10_000  # diffs kept for a snapshot still to come: a quarter of an hour of a 100 ms stream


class VenueBook:
    """A book of decimal texts as they came: what goes out is what came in, and nothing is rounded.

    `snapshots` are the answers that playback is still to pass. `last_update_id` is 0 until one was passed.
    """

    def __init__(self, market: Market, snapshots: tuple[bytes, ...]) -> None:
        """Start unknown; where no snapshot is to come, start empty and let diffs fill the book."""
        self.market = market
        self.synced = not snapshots
        self.last_update_id = 0
        self.event_ms = 0
        self.transaction_ms = 0
        self._ahead = list(snapshots)
        self._bids: dict[str, str] = {}
        self._asks: dict[str, str] = {}
        self._buffered: list[DepthDiff] = []

    def on_diff(self, data: bytes) -> DepthDiff | None:
        """Take a diff that playback passed and return it if the book took it over.

        One that does not decode is left out, as a client would.
        """
        try:
            diff = decode_diff(data)
        except UNREADABLE:
            return None
        if not self.synced:
            self._buffered.append(diff)
            del self._buffered[:-_BUFFERED_DIFFS]
        elif diff.last_update_id > self.last_update_id:
            if self._ahead and self._gap_before(diff):
                self.synced = False
                self._buffered = [diff]
            else:
                self._apply(diff)
                return diff
        return None

    def on_snapshot(self, text: bytes) -> bool:
        """Take a depth answer that playback passed, and return whether the book is that one now.

        A book in sync knows more and keeps what it has.
        """
        if self._ahead:
            del self._ahead[0]
        if self.synced:
            return False
        snapshot = decode_snapshot(text)  # a line that does not decode is no snapshot: the recording said so
        self.synced = True
        self.last_update_id = snapshot.last_update_id
        self.event_ms = snapshot.event_ms
        self.transaction_ms = snapshot.transaction_ms
        self._bids = dict(snapshot.bids)
        self._asks = dict(snapshot.asks)
        # "Drop any event where u is <= lastUpdateId in the snapshot"; USDⓈ-M says `<`, and applying absolute
        # quantities that the snapshot already holds changes nothing.
        for diff in self._buffered:
            if diff.last_update_id > self.last_update_id:
                self._apply(diff)
        self._buffered.clear()
        return True

    def answer(self, limit: int) -> DepthSnapshot:
        """Return what `GET depth` answers now: the recorded answer while the book is not known, else the book."""
        if not self.synced:
            return _cut(decode_snapshot(self._ahead[0]), limit)
        return DepthSnapshot(
            last_update_id=self.last_update_id,
            event_ms=self.event_ms,
            transaction_ms=self.transaction_ms,
            bids=_sorted(self._bids, limit, highest_first=True),
            asks=_sorted(self._asks, limit, highest_first=False),
        )

    def _gap_before(self, diff: DepthDiff) -> bool:
        if self.market is Market.USDM and diff.previous_update_id is not None:
            # "each new event's pu should be equal to the previous event's u"; the first event after a snapshot
            # begins before it.
            return diff.previous_update_id > self.last_update_id
        return diff.first_update_id > self.last_update_id + 1

    def _apply(self, diff: DepthDiff) -> None:
        for side, levels in ((self._bids, diff.bids), (self._asks, diff.asks)):
            for price, quantity in levels:
                if quantity.strip("0.") == "":
                    side.pop(price, None)
                else:
                    side[price] = quantity
        self.last_update_id = diff.last_update_id
        self.event_ms = diff.event_ms
        self.transaction_ms = diff.transaction_ms


def _sorted(side: dict[str, str], limit: int, *, highest_first: bool) -> list[Level]:
    # A level that a malformed frame brought (NaN, a sign) is not a price that a venue could answer with.
    levels = [(price, quantity) for price, quantity in side.items() if _PRICE.fullmatch(price)]
    levels.sort(key=_price, reverse=highest_first)
    return levels[:limit]


def _price(level: Level) -> float:
    return float(level[0])  # exact enough to order prices: neighbours differ by a tick, doubles by far less


def _cut(snapshot: DepthSnapshot, limit: int) -> DepthSnapshot:
    return msgspec.structs.replace(snapshot, bids=snapshot.bids[:limit], asks=snapshot.asks[:limit])
