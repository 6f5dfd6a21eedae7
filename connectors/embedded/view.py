"""What the venue knows of one symbol at the position that playback has reached: book, best prices, tape.

Frames that pass are only noted; they are decoded when a client asks, when the player has nothing else to do, or when
many have gathered. So playing at full speed costs the venue no parsing.
"""

from collections.abc import Sequence
from typing import Protocol

from connectors.embedded.book import VenueBook
from connectors.embedded.frames import Frame
from connectors.embedded.market import Listing, StreamKind
from connectors.embedded.tape import Print, Tape
from connectors.embedded.wire import DepthSnapshot, Level, Ticker, decode_ticker, decode_trade
from core.codec import UNREADABLE

_NOTED_MAX = 50_000
_WHOLE_BOOK = 5_000


class MarketListener(Protocol):
    """Who trades on what the view shows: the exchange."""

    @property
    def eager(self) -> bool:
        """Whether events are wanted as they pass, and not when somebody looks."""

    def on_book(self, bids: Sequence[Level], asks: Sequence[Level]) -> None:
        """Take a whole book."""

    def on_levels(self, bids: Sequence[Level], asks: Sequence[Level]) -> None:
        """Take the levels that changed."""

    def on_trade(self, trade: Print) -> None:
        """Take a trade."""


class MarketView:
    """One symbol's state, brought up to date when it is asked for."""

    def __init__(self, listing: Listing, snapshots: tuple[bytes, ...]) -> None:
        """Start before the first frame; `snapshots` are the depth answers that playback will pass."""
        self.listing = listing
        self._snapshots = snapshots
        self.listener: MarketListener | None = None
        self._noted: list[tuple[StreamKind, Frame]] = []
        self.rewind()

    def rewind(self) -> None:
        """Return to before the first frame."""
        self._noted.clear()
        self._book = VenueBook(self.listing.market, self._snapshots)
        self._tape = Tape()
        self._ticker: Frame | None = None
        if self.listener is not None:
            self.listener.on_book([], [])

    def note(self, kind: StreamKind, frame: Frame) -> None:
        """Note an event that playback sent, or a depth answer that it passed."""
        if kind is StreamKind.TICKER:
            self._ticker = frame
            return
        self._noted.append((kind, frame))
        if len(self._noted) > _NOTED_MAX or (self.listener is not None and self.listener.eager):
            self.catch_up()

    def catch_up(self) -> None:
        """Decode what was noted."""
        noted, self._noted = self._noted, []  # taken first: a listener that looks at the view comes back here
        for kind, frame in noted:
            data = frame.data
            if kind is StreamKind.DEPTH:
                diff = self._book.on_diff(data)
                if diff is not None and self.listener is not None:
                    self.listener.on_levels(diff.bids, diff.asks)
            elif kind is StreamKind.SNAPSHOT:
                if self._book.on_snapshot(data) and self.listener is not None:
                    whole = self._book.answer(_WHOLE_BOOK)
                    self.listener.on_book(whole.bids, whole.asks)
            else:
                self._trade(data)

    def depth(self, limit: int) -> DepthSnapshot:
        """Return what `GET depth` answers now."""
        self.catch_up()
        return self._book.answer(limit)

    def book_known(self) -> bool:
        """Whether the venue's own book is known, or the next recorded snapshot has to speak for it."""
        self.catch_up()
        return self._book.synced

    def tape(self) -> Tape:
        """Return the trades sent so far."""
        self.catch_up()
        return self._tape

    def ticker(self) -> Ticker:
        """Return the best prices: the last bookTicker sent, or the best of the book before there was one."""
        if self._ticker is not None:
            try:
                return decode_ticker(self._ticker.data)
            except UNREADABLE:
                self._ticker = None
        best = self.depth(1)
        zero = self.listing.price_text(0)
        bid, bid_quantity = best.bids[0] if best.bids else (zero, zero)
        ask, ask_quantity = best.asks[0] if best.asks else (zero, zero)
        return Ticker(best.last_update_id, bid, bid_quantity, ask, ask_quantity, "", best.transaction_ms)

    def _trade(self, data: bytes) -> None:
        try:
            trade = decode_trade(data)
        except UNREADABLE:
            return  # a malformed frame is served as it is; the tape goes on without it
        added = self._tape.on_trade(trade)
        if added is not None and self.listener is not None:
            self.listener.on_trade(added)
