"""Positions: what was bought or sold, at what cost, and what closing it brought. Pure.

A position keeps its cost, not its entry price: cost is exact, and the sum of wallets and unrealised profits over all
accounts and the market stays what was paid in, to the last unit.
"""

import enum

import msgspec

from connectors.embedded.exchange.orders import UNIT
from connectors.embedded.exchange.usdm.contracts import value, whole
from core.decimals import to_text
from core.money import MONEY_DECIMALS


class PositionSide(enum.StrEnum):
    """BOTH in one-way mode; LONG and SHORT, each a position of its own, in hedge mode."""

    BOTH = "BOTH"
    LONG = "LONG"
    SHORT = "SHORT"


class Position(msgspec.Struct, gc=False):
    """A position in one contract; `amount` and `cost` are negative where it is short."""

    amount: int = 0
    cost: int = 0  # money paid for what is held: amount times the entry price
    fees: int = 0  # commissions paid to open what is held: the break-even price counts them
    realised: int = 0  # (pre-fee) accumulated realised profit, ACCOUNT_UPDATE's "cr"
    isolated_wallet: int = 0
    updated_ms: int = 0

    def unrealised(self, notional: int) -> int:
        """Return the profit that closing at `notional` (the value of what is held) would bring."""
        return notional - self.cost

    def fill(self, quantity: int, price: int) -> int:
        """Trade a signed quantity at a price, and return the realised profit.

        Closing takes its share of the cost out; what is left over opens the other way.
        """
        closing = 0
        if self.amount * quantity < 0:
            closing = min(abs(quantity), abs(self.amount)) * (1 if quantity > 0 else -1)
        released = whole(abs(self.cost) * abs(closing) // abs(self.amount)) if closing else 0
        if self.amount < 0:
            released = -released
        profit = -value(price, closing) - released
        if closing:
            self.fees -= abs(self.fees * closing // self.amount) if self.amount + closing else self.fees
        self.amount += quantity
        self.cost += value(price, quantity - closing) - released
        self.realised += profit
        return profit

    @property
    def entry_price(self) -> int:
        """The average entry price in money units; 0 of no position."""
        return self.cost * UNIT // self.amount if self.amount else 0

    @property
    def break_even_price(self) -> int:
        """The price in money units at which closing pays back what opening cost, commissions counted."""
        return (self.cost + self.fees) * UNIT // self.amount if self.amount else 0


def closing_part(amount: int, quantity: int) -> int:
    """Return how much of an order's signed quantity closes what is held (never negative)."""
    return min(abs(amount), abs(quantity)) if amount * quantity < 0 else 0


def money_price_text(price: int, decimals: int = 8) -> str:
    """Write a price in money units with at most `decimals` decimals, rounded half up."""
    cut: int = 10 ** (MONEY_DECIMALS - decimals)
    return to_text((price + cut // 2) // cut, decimals)
