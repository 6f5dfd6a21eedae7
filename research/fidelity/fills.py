"""Orders and fills of a run, whichever engine it was, and what they come to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.instruments import Instrument


@dataclass(frozen=True)
class Fill:
    """One execution at the venue's time; price and quantity in units, the fee in the quote currency."""

    ns: int
    side: int
    price: int
    quantity: int
    fee: float
    is_maker: bool


@dataclass(frozen=True)
class Order:
    """One order by what names it in both engines: when it was sent, its side, its price (0: at the market)."""

    sent_ns: int
    side: int
    price: int
    fills: tuple[Fill, ...]

    @property
    def key(self) -> tuple[int, int, int]:
        """What names it."""
        return self.sent_ns, self.side, self.price

    @property
    def filled(self) -> int:
        """How much of it was executed."""
        return sum(fill.quantity for fill in self.fills)


@dataclass(frozen=True)
class Outcome:
    """What became of a single order: how much was filled, its first and last fill, the average price (units)."""

    filled: int
    first_ns: int
    last_ns: int
    price: float
    refused: bool


@dataclass(frozen=True)
class Result:
    """What a strategy came to, in the quote currency; the position in units."""

    orders: int
    fills: int
    makers: int
    quantity: int
    position: int
    fees: float
    equity: float  # profit with the position marked at the middle of the ticker's last touch


def result_of(orders: Sequence[Order], instrument: Instrument, mark: float) -> Result:
    """Return what orders came to; `mark` is a price in units."""
    fills = fills_of(orders)
    unit = 10.0 ** -(instrument.price_precision + instrument.size_precision)
    position = sum(fill.side * fill.quantity for fill in fills)
    cash = sum(-fill.side * fill.quantity * fill.price for fill in fills)
    fees = sum(fill.fee for fill in fills)
    return Result(
        orders=len(orders),
        fills=len(fills),
        makers=sum(fill.is_maker for fill in fills),
        quantity=sum(fill.quantity for fill in fills),
        position=position,
        fees=fees,
        equity=(cash + position * mark) * unit - fees,
    )


def fills_of(orders: Iterable[Order]) -> list[Fill]:
    """Return all fills in the order of time."""
    return sorted((fill for order in orders for fill in order.fills), key=lambda fill: fill.ns)


def curve(
    orders: Sequence[Order], instrument: Instrument, times: npt.NDArray[np.int64], marks: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the equity at `times`, marked at `marks` (units), in the quote currency."""
    fills = fills_of(orders)
    unit = 10.0 ** -(instrument.price_precision + instrument.size_precision)
    places = np.searchsorted([fill.ns for fill in fills], times, side="right")
    positions = np.cumsum([0, *(fill.side * fill.quantity for fill in fills)])
    cash = np.cumsum([0.0, *(-fill.side * fill.quantity * fill.price * unit - fill.fee for fill in fills)])
    equity: npt.NDArray[np.float64] = cash[places] + positions[places] * marks * unit
    return equity
