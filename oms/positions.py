"""Fills to positions, in whole numbers: average cost, with not a unit gained or lost by division."""

from core.instruments import Instrument


def apply_fill(quantity: int, cost: int, side_sign: int, fill_quantity: int, fill_price: int) -> tuple[int, int, int]:
    """Return (quantity, cost, realised) after one fill; cost and realised in price units times quantity units.

    `quantity` is signed (short is negative), `cost` carries its sign, `side_sign` is 1 for a buy, -1 for a sell.
    A reduction takes the closed share of the cost rounded towards zero; what the division leaves stays with the
    position, so `cost - realised` always equals the signed sum of price times quantity, exactly.

    The share is split into average price and remainder: the product of cost and quantity would leave 64 bits where
    numba compiles this. With 64 bits it holds for positions below 3e9 units; Python has no such bound.
    """
    open_quantity = abs(quantity)
    if quantity * side_sign >= 0:
        return quantity + side_sign * fill_quantity, cost + side_sign * fill_quantity * fill_price, 0
    closed = min(fill_quantity, open_quantity)
    open_cost = abs(cost)
    average = open_cost // open_quantity
    share = average * closed + (open_cost - average * open_quantity) * closed // open_quantity
    realised = side_sign * (share - closed * fill_price)
    opened = fill_quantity - closed
    if opened:
        return side_sign * opened, side_sign * opened * fill_price, realised
    return quantity + side_sign * closed, cost + side_sign * share, realised


class Position:
    """A net position in one instrument, of one strategy or of the whole account; one object for its whole life.

    `quantity` in the instrument's units, signed. `cost` and `realised` in price units times quantity units; as
    money: `cost_money`, `realised_money`. `fees` is money in the instrument's currency: fees in the base currency
    are valued at the fill's price, fees in any other currency are in the balances only.
    """

    __slots__ = ("cost", "factor", "fees", "fills", "instrument", "quantity", "realised")

    def __init__(self, instrument: int, factor: int) -> None:
        """Be flat; `factor` is the instrument's `notional_factor`."""
        self.instrument = instrument
        self.factor = factor
        self.quantity = self.cost = self.realised = self.fees = self.fills = 0

    def fill(self, side_sign: int, quantity: int, price: int) -> int:
        """Book one fill and return the profit it realised, in price units times quantity units."""
        self.quantity, self.cost, realised = apply_fill(self.quantity, self.cost, side_sign, quantity, price)
        self.realised += realised
        self.fills += 1
        return realised

    @property
    def cost_money(self) -> int:
        """What the open quantity cost, as money; negative for a short position."""
        return self.cost * self.factor

    @property
    def realised_money(self) -> int:
        """The profit of what was closed, before fees, as money."""
        return self.realised * self.factor

    @property
    def average_price(self) -> float:
        """The average entry price in price units, 0.0 when flat: a signal, not money."""
        return self.cost / self.quantity if self.quantity else 0.0

    def unrealised(self, mark_price: int) -> int:
        """Return the open profit at `mark_price`, as money."""
        return (self.quantity * mark_price - self.cost) * self.factor

    def canonical(self) -> tuple[object, ...]:
        """Return the whole position in plain values; unbounded integers as text."""
        return (self.quantity, str(self.cost), str(self.realised), str(self.fees), self.fills)


def fee_in_currency(instrument: Instrument, fee: int, fee_currency: str, price: int) -> int:
    """Return a fee as money of the instrument's currency, 0 for a currency that the fill cannot value.

    A fee in the base currency is valued at the fill's price, rounded up to 10^-18: a fee is never shown smaller.
    """
    if fee_currency == instrument.currency:
        return fee
    if fee_currency == instrument.base:
        return int(-(-fee * price // 10**instrument.price_precision))
    return 0
