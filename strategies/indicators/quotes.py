"""What the resting orders tell: imbalance of the touch or of some levels, and the microprice."""

from dataclasses import dataclass

from core.book import Levels


@dataclass(slots=True)
class Imbalance:
    """Order-book imbalance, -1 (only asks) to 1 (only bids): (bid - ask quantity) / (bid + ask quantity).

    A pure number. With nothing on either side there is none: `ready` is False and `value` stays as it was.
    Source: A. Cartea, S. Jaimungal, J. Penalva, "Algorithmic and High-Frequency Trading" (2015); R. Cont,
    A. Kukanov, S. Stoikov (2014) show that its changes move prices. Warm-up: 1 quote (or book) that is not empty.
    """

    value: float = 0.0
    ready: bool = False


@dataclass(slots=True)
class Microprice:
    """Mid weighted by the opposite quantities: (bid * ask quantity + ask * bid quantity) / (bid + ask quantity).

    In the unit of the prices; nearer to the side that is thinner, so nearer to where the next trade moves it. Where
    either side is empty (quantity 0) there is none: `ready` is False and `value` stays as it was.
    Source: J. Gatheral, R. Oomen, "Zero-intelligence realized variance estimation" (2010); it is what S. Stoikov, "The
    micro-price" (2018), calls the weighted mid, not his martingale estimate. Warm-up: 1 quote with both sides.
    """

    value: float = 0.0
    ready: bool = False


def imbalance() -> Imbalance:
    """Return an imbalance that has seen nothing."""
    return Imbalance()


def microprice() -> Microprice:
    """Return a microprice that has seen nothing."""
    return Microprice()


def imbalance_update(imbalance: Imbalance, bid_quantity: float, ask_quantity: float) -> None:
    """Take the quantities of one quote, both in one unit, 0 where a side is empty."""
    both = bid_quantity + ask_quantity
    imbalance.ready = both > 0
    if both > 0:
        imbalance.value = (bid_quantity - ask_quantity) / both


def depth_imbalance_update(imbalance: Imbalance, bids: Levels, asks: Levels, levels: int) -> None:
    """Take the best `levels` levels of each side of a book; their quantities must sum to less than 2**63."""
    bid_quantity = 0
    ask_quantity = 0
    for level in range(1, levels + 1):
        if level <= bids.count:
            bid_quantity += bids.quantities[bids.count - level]
        if level <= asks.count:
            ask_quantity += asks.quantities[asks.count - level]
    imbalance_update(imbalance, bid_quantity, ask_quantity)


def microprice_update(
    microprice: Microprice, bid_price: float, bid_quantity: float, ask_price: float, ask_quantity: float
) -> None:
    """Take one quote; ints as well as floats. Rounded as floats, so that large integers cannot overflow."""
    ready = bid_quantity > 0 and ask_quantity > 0
    microprice.ready = ready
    if ready:
        bid_weight = float(ask_quantity)
        ask_weight = float(bid_quantity)
        microprice.value = (bid_price * bid_weight + ask_price * ask_weight) / (bid_weight + ask_weight)


HOT = (imbalance_update, depth_imbalance_update, microprice_update)
