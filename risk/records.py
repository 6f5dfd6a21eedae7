"""The records that the hot functions of the checks look at: an order and its instrument's rules, in numbers."""

from dataclasses import dataclass

from core.instruments import Instrument


@dataclass(slots=True)
class Asked:
    """An order as the checks see it; the gate owns one and refills it.

    `side` is the sign of a `Side`, quantity and price in units, any 64-bit integers. `rests` means good till cancel.
    """

    side: int = 1
    quantity: int = 0
    price: int = 0  # 0 for a market order
    is_market: bool = False
    rests: bool = True
    post_only: bool = False
    reduce_only: bool = False


@dataclass(slots=True, frozen=True)
class Rules:
    """What the venue demands of an order in one instrument, in units; a largest quantity or an expiry of 0 is none."""

    tick: int = 1
    lot: int = 1
    min_quantity: int = 0
    max_quantity: int = 0
    expiry_ns: int = 0
    tradable: bool = True


def rules_of(instrument: Instrument) -> Rules:
    """Return an instrument's rules."""
    return Rules(
        tick=instrument.tick,
        lot=instrument.lot,
        min_quantity=instrument.min_quantity,
        max_quantity=instrument.max_quantity,
        expiry_ns=instrument.expiry_ns,
        tradable=instrument.tradable,
    )
