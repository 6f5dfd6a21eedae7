"""The arithmetic of matching: small hot functions on integers (`core/hot.py`).

`sign` is +1 for a buy, -1 for a sell; prices and quantities are ints in the instrument's units; a price of 0 means
that nobody is there. Nothing here knows orders, books or reports: `matcher.py` and `events.py` call these.
"""

UNKNOWN_QUEUE = 1 << 62  # nothing tells how many stand ahead: wait until the venue shows the level
NO_LIMIT_BUY = 1 << 62  # the limit price of a market order
NO_LIMIT_SELL = 0


def crosses(sign: int, limit: int, opposite: int) -> bool:
    """Whether an order at `limit` can trade with the other side's price `opposite`."""
    return opposite > 0 and (limit - opposite) * sign >= 0


def is_deeper(sign: int, price: int, touch: int) -> bool:
    """Whether `price` lies strictly behind `touch` on the side where buys (+1) or sells (-1) rest."""
    return touch > 0 and (touch - price) * sign > 0


def left_of(displayed: int, taken: int) -> int:
    """What is still to be had of a displayed quantity of which we took `taken` before."""
    return displayed - taken if displayed > taken else 0


def queue_after_display(ahead: int, unprinted: int, displayed: int) -> tuple[int, int]:
    """Return (ahead, unprinted) once the venue shows `displayed` at our price.

    Cancellations ahead of us are credited only where less is displayed than we believed to stand ahead. What went
    may have been traded, and its print may still be on its way: it is remembered in `unprinted`, so that the print
    does not move the queue a second time.
    """
    if displayed >= ahead:
        return ahead, unprinted
    if ahead >= UNKNOWN_QUEUE:
        return displayed, 0
    return displayed, unprinted + ahead - displayed


def still_unprinted(unprinted: int, dropped_ns: int, now_ns: int, print_lag_ns: int) -> int:
    """What a print may still explain: a queue that shrank before `print_lag_ns` shrank by cancellations."""
    return unprinted if now_ns - dropped_ns <= print_lag_ns else 0


def fill_on_print(
    sign: int, limit: int, leaves: int, ahead: int, unprinted: int, price: int, quantity: int
) -> tuple[int, int, int]:
    """Return (fill, ahead, unprinted) of a resting order when `quantity` trades at `price` against its side.

    A trade at our price serves the queue first. A trade at a worse price means that our whole level was served, so
    the queue is done; we get no more of it than was traded.
    """
    better = (limit - price) * sign
    if better > 0:
        return min(leaves, quantity), 0, 0
    if better < 0 or ahead >= UNKNOWN_QUEUE:
        return 0, ahead, unprinted
    shown_before = min(quantity, unprinted)
    news = quantity - shown_before
    served = min(news, ahead)
    return min(leaves, news - served), ahead - served, unprinted - shown_before


def fill_on_touch(sign: int, limit: int, leaves: int, opposite: int, left: int) -> int:
    """Return the fill of a resting order when the other side shows `left` at `opposite`: it came to us."""
    return min(leaves, left) if opposite > 0 and (limit - opposite) * sign >= 0 else 0


HOT = (
    crosses,
    is_deeper,
    left_of,
    queue_after_display,
    still_unprinted,
    fill_on_print,
    fill_on_touch,
)


HOT = (crosses, is_deeper, left_of, queue_after_display, still_unprinted, fill_on_print, fill_on_touch)
