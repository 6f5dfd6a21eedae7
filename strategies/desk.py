"""What a kernel sees of itself, and the fixed buffer through which it asks: hot functions (`core/hot.py`).

A kernel asks with `buy`, `sell`, `cancel` and `wake_at`; what it asked is carried out when its callback returns, in
its order. An order is known by its number, which counts the session's orders from 1.
"""

from dataclasses import dataclass

from core.hot import Ints, ints
from core.market import MarketNumbers

ASKS_MAX = 256  # what a kernel may ask for while it handles one event
MARKETS_MAX = 64

ASK_SUBMIT, ASK_CANCEL, ASK_WAKE = 1, 2, 3

# What `buy` and `sell` take as flags, added up.
GTC = 0
POST_ONLY = 1
REDUCE_ONLY = 2
IOC = 4
FOK = 8

BUY, SELL = 1, -1


@dataclass(slots=True)
class KernelDesk:
    """The time, the kernel's own positions by instrument, and what it has asked for since its callback began."""

    now_ns: int = 0
    next_number: int = 1
    asked: int = 0
    overflowed: bool = False
    positions: Ints = ints(MARKETS_MAX)
    kinds: Ints = ints(ASKS_MAX)
    instruments: Ints = ints(ASKS_MAX)
    sides: Ints = ints(ASKS_MAX)
    quantities: Ints = ints(ASKS_MAX)
    prices: Ints = ints(ASKS_MAX)
    flags: Ints = ints(ASKS_MAX)
    numbers: Ints = ints(ASKS_MAX)  # the order asked for or cancelled; the time of a wake-up


def position_of(desk: KernelDesk, market: MarketNumbers) -> int:
    """Return the kernel's own net quantity in a market, signed."""
    return desk.positions[market.index]


def buy(desk: KernelDesk, market: MarketNumbers, quantity: int, price: int, flags: int) -> int:
    """Ask to buy, at a limit or at the market (price 0); return the order's number, 0 where the buffer is full."""
    return ask_order(desk, market.index, BUY, quantity, price, flags)


def sell(desk: KernelDesk, market: MarketNumbers, quantity: int, price: int, flags: int) -> int:
    """Ask to sell, at a limit or at the market (price 0); return the order's number, 0 where the buffer is full."""
    return ask_order(desk, market.index, SELL, quantity, price, flags)


def cancel(desk: KernelDesk, number: int) -> None:
    """Ask to cancel one of the kernel's orders."""
    place = next_place(desk)
    if place >= 0:
        desk.kinds[place] = ASK_CANCEL
        desk.numbers[place] = number


def wake_at(desk: KernelDesk, due_ns: int) -> None:
    """Ask for one `at_wake` at `due_ns` in event time, which must be ahead."""
    place = next_place(desk)
    if place >= 0:
        desk.kinds[place] = ASK_WAKE
        desk.numbers[place] = due_ns


def ask_order(desk: KernelDesk, instrument: int, side: int, quantity: int, price: int, flags: int) -> int:
    """Put one order into the buffer and return its number, 0 where the buffer is full."""
    place = next_place(desk)
    if place < 0:
        return 0
    number = desk.next_number
    desk.next_number = number + 1
    desk.kinds[place] = ASK_SUBMIT
    desk.instruments[place] = instrument
    desk.sides[place] = side
    desk.quantities[place] = quantity
    desk.prices[place] = price
    desk.flags[place] = flags
    desk.numbers[place] = number
    return number


def next_place(desk: KernelDesk) -> int:
    """Return where the next wish goes, -1 where the buffer is full."""
    place = desk.asked
    if place == ASKS_MAX:
        desk.overflowed = True
        return -1
    desk.asked = place + 1
    return place


HOT = (next_place, ask_order, position_of, buy, sell, cancel, wake_at)
