"""Orders that waited while nothing was matched trade at once: at an auction's price, or at the first touch.

- print: "the official opening price" is the first trade of the session (of a bar market its open), the official close
  the first trade at or after the close (the last bar's close): with Nasdaq's crosses and NYSE's auctions that trade is
  the auction's own print. Every order that waited and may trade at that price does, whole: we are small beside the
  auction, and what others sent is not known. Of orders that rested from before those with a better limit do; at the
  very price they may have been left over. Nobody pays more than the print.
- none: the orders trade one after the other at the first touch that is seen, as if they arrived then.

A bar's open serves orders that waited between bars by the same functions (`bars.py`).
"""

from collections.abc import Sequence

from connectors.sim.answers import AnswerSink, fill
from connectors.sim.bars import stop_waiting, take_waiting
from connectors.sim.ladder import Ladder
from connectors.sim.listing import Listing, VenueNumbers
from connectors.sim.orders import Order
from connectors.sim.taking import settle
from connectors.sim.view import touch_met
from core.market import MarketNumbers


def uncross(
    venue: VenueNumbers,
    listing: Listing,
    orders: Sequence[Order],
    ladder: Ladder,
    price: int,
    until_ns: int,
    out: AnswerSink,
) -> None:
    """Fill one side at an auction's price: whole orders, those that joined by `until_ns`."""
    place = 0
    while place < ladder.count:
        row = ladder.rows[place]
        order = orders[row]
        through = (order.limit - price) * order.sign
        if order.joined_ns <= until_ns and (through > 0 or (through == 0 and order.waits)):
            fill(venue, listing, orders, row, price, order.leaves, True, out)
            place = 0
        else:
            place += 1


def end_waiting(
    venue: VenueNumbers,
    listing: Listing,
    orders: Sequence[Order],
    market: MarketNumbers,
    ladder: Ladder,
    touch: int,
    quantity: int,
    until_ns: int,
    out: AnswerSink,
) -> None:
    """Let what an auction left of one side expire or rest; `touch` and `quantity` are its own."""
    place = 0
    while place < ladder.count and listing.waiting > 0:
        row = ladder.rows[place]
        order = orders[row]
        if order.waits and order.joined_ns <= until_ns:
            stop_waiting(listing, ladder, order, row)
            settle(venue, listing, orders, row, market, touch, quantity, order.expiry, out)
            place = 0
        else:
            place += 1


def release(
    venue: VenueNumbers, listing: Listing, orders: Sequence[Order], market: MarketNumbers, out: AnswerSink
) -> None:
    """Let all that waited trade at the touch; the rest of it expires or rests."""
    bid, bid_quantity, ask, ask_quantity = touch_met(
        market, listing.bar_open, listing.bar_open_ns, listing.half_spread_ppm, listing.tick
    )
    take_waiting(venue, listing, orders, market, listing.bids, bid, bid_quantity, ask, ask_quantity, out)
    take_waiting(venue, listing, orders, market, listing.asks, ask, ask_quantity, bid, bid_quantity, out)


def hold_auction(
    venue: VenueNumbers,
    listing: Listing,
    orders: Sequence[Order],
    market: MarketNumbers,
    price: int,
    until_ns: int,
    out: AnswerSink,
) -> None:
    """Fill at an auction's price what may trade there; what waited for it and may not expires or rests."""
    uncross(venue, listing, orders, listing.bids, price, until_ns, out)
    uncross(venue, listing, orders, listing.asks, price, until_ns, out)
    close_auction(venue, listing, orders, market, until_ns, out)


def close_auction(
    venue: VenueNumbers,
    listing: Listing,
    orders: Sequence[Order],
    market: MarketNumbers,
    until_ns: int,
    out: AnswerSink,
) -> None:
    """Let what waited until `until_ns` expire or rest."""
    bid, bid_quantity, ask, ask_quantity = touch_met(
        market, listing.bar_open, listing.bar_open_ns, listing.half_spread_ppm, listing.tick
    )
    end_waiting(venue, listing, orders, market, listing.bids, bid, bid_quantity, until_ns, out)
    end_waiting(venue, listing, orders, market, listing.asks, ask, ask_quantity, until_ns, out)


HOT = (uncross, end_waiting, release, hold_auction, close_auction)
