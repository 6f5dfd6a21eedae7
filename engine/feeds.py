"""What a change of a feed means for a market: believed, withheld, late, or with trades missing."""

from core.events import FeedChanged, FeedState
from core.market import Market
from engine.bus import Bus


def change_feed(market: Market, change: FeedChanged, bus: Bus) -> None:
    """Apply a feed's change to one market that it concerns."""
    match change.state:
        case FeedState.CONNECTED:
            market.connected = True
        case FeedState.DISCONNECTED:
            market.connected = False
            bus.mark_incomplete(market)
        case FeedState.OUT_OF_SYNC:
            if change.channel == "book":
                market.book.invalidate()
            elif change.channel == "trades":
                bus.mark_incomplete(market)
        case FeedState.STALE:
            market.mark(change.channel, stale=True)
        case FeedState.FRESH:
            market.mark(change.channel, stale=False)
        case FeedState.SYNCED:
            pass  # the snapshot itself has made the book live
