"""Fills to positions, in whole numbers: average cost, with not a unit gained or lost by division."""

from dataclasses import dataclass

SQUARE_ROOT_OF_64_BITS = 3_037_000_499  # the product of two numbers that are no greater stays below 2**63
CHUNK = 4_096


def apply_fill(quantity: int, cost: int, side_sign: int, fill_quantity: int, fill_price: int) -> tuple[int, int, int]:
    """Return (quantity, cost, realised) after one fill; cost and realised in price units times quantity units.

    `quantity` is signed (short is negative), `cost` carries its sign, `side_sign` is 1 for a buy, -1 for a sell.
    A reduction takes the closed share of the cost rounded towards zero; what the division leaves stays with the
    position, so `cost - realised` always equals the signed sum of price times quantity, exactly.

    The share is split into average price and remainder: the product of cost and quantity would leave 64 bits where
    numba compiles this. With 64 bits it holds for positions below 2**50 units whose cost, and whose fills' price times
    quantity, stay below 2**63; Python has no such bound.
    """
    if quantity * side_sign >= 0:
        return quantity + side_sign * fill_quantity, cost + side_sign * fill_quantity * fill_price, 0
    open_quantity = abs(quantity)
    closed = min(open_quantity, fill_quantity)
    open_cost = abs(cost)
    average = open_cost // open_quantity
    remainder = open_cost - average * open_quantity
    if open_quantity <= SQUARE_ROOT_OF_64_BITS:
        share = average * closed + remainder * closed // open_quantity
    else:
        share = average * closed + share_in_chunks(remainder, closed, open_quantity)
    realised = side_sign * (share - closed * fill_price)
    opened = fill_quantity - closed
    if opened:
        return side_sign * opened, side_sign * opened * fill_price, realised
    return quantity + side_sign * closed, cost + side_sign * share, realised


def share_in_chunks(amount: int, part: int, whole: int) -> int:
    """Return `amount * part // whole` without the product: long division, 12 bits of `part` at a time.

    For 0 <= amount < whole, 0 <= part <= whole < 2**50.
    """
    scale = 1
    while scale * CHUNK <= part:
        scale *= CHUNK
    share = 0
    rest = 0
    while scale > 0:
        rest = rest * CHUNK + amount * (part // scale % CHUNK)
        share = share * CHUNK + rest // whole
        rest %= whole
        scale //= CHUNK
    return share


@dataclass(slots=True, eq=False)
class PositionNumbers:
    """The numbers of a position: all that hot functions touch, live on `Position`, compiled as a row.

    `quantity` in the instrument's units, signed. `cost` and `realised` in price units times quantity units. `fees` in
    the caller's fee units of the instrument's currency, `fees_rest` money below one such unit; live a fee unit is
    money's own, so `fees` is money and `fees_rest` 0. Inside 64 bits while quantities stay below 2**50 units, cost
    and realised profit below 2**63 (Python has no such bound).
    """

    quantity: int = 0
    cost: int = 0
    realised: int = 0
    fees: int = 0
    fees_rest: int = 0
    fills: int = 0


def inverse_value(quantity: int, price: int, scale: int) -> int:
    """Return what inverse contracts are worth at a price, money of the base cut towards zero; see `oms.inverse`."""
    value = abs(quantity) * scale // price
    return -value if quantity < 0 else value


class Position(PositionNumbers):
    """A net position in one instrument, of one strategy or of the whole account; one object for its whole life.

    As money: `cost_money`, `realised_money`, and `fees`, in the instrument's currency: fees in the base currency are
    valued at the fill's price, fees in any other currency are in the balances only, unless `accounting.base_currency`
    asks to convert them. Of an inverse contract cost and realised profit are money of the base; see `oms.inverse`.
    """

    __slots__ = ("factor", "instrument", "inverse_scale")

    def __init__(self, instrument: int, factor: int, inverse_scale: int = 0) -> None:
        """Be flat; `factor` is `Terms.value_factor`, `inverse_scale` the terms' too."""
        PositionNumbers.__init__(self)
        self.instrument = instrument
        self.factor = factor
        self.inverse_scale = inverse_scale

    def fill(self, side_sign: int, quantity: int, price: int) -> int:
        """Book one fill and return the profit it realised, in price units times quantity units."""
        return fill_position(self, side_sign, quantity, price)

    def take(self, numbers: PositionNumbers) -> None:
        """Become a position that was kept elsewhere."""
        self.quantity, self.cost, self.realised = numbers.quantity, numbers.cost, numbers.realised
        self.fees, self.fees_rest, self.fills = numbers.fees, numbers.fees_rest, numbers.fills

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
        if self.inverse_scale:  # harmonic: contracts over what they are worth
            return self.quantity * self.inverse_scale / self.cost if self.cost else 0.0
        return self.cost / self.quantity if self.quantity else 0.0

    def unrealised(self, mark_price: int) -> int:
        """Return the open profit at `mark_price`, as money. An inverse contract without a price (0) has none."""
        if self.inverse_scale:
            if mark_price <= 0:
                return 0
            return self.cost - inverse_value(self.quantity, mark_price, self.inverse_scale)
        return (self.quantity * mark_price - self.cost) * self.factor

    def canonical(self) -> tuple[object, ...]:
        """Return the whole position in plain values; unbounded integers as text."""
        return (self.quantity, str(self.cost), str(self.realised), str(self.fees), self.fills)


def fill_position(position: PositionNumbers, side: int, quantity: int, price: int) -> int:
    """Book one fill and return the profit it realised, in price units times quantity units; see `apply_fill`."""
    position.quantity, position.cost, realised = apply_fill(position.quantity, position.cost, side, quantity, price)
    position.realised += realised
    position.fills += 1
    return realised


def fee_value(fee: int, price: int, price_unit: int, fee_unit: int) -> tuple[int, int]:
    """Return what a fee is worth in the instrument's currency: (fee units, money on top of them, 0 to `fee_unit`).

    A fee in that currency already has `price` and `price_unit` 1; one in the base currency is valued at the fill's
    price, in units of which `price_unit` make one. It is rounded up to 10^-18: a fee is never shown smaller.
    `fee_unit` is money in one fee unit: live 1, compiled 10^(18 - decimals of the venue's commissions).

    Inside 64 bits while fee times price, and price_unit times fee_unit, are below 2**63: commissions of 8 decimals
    hold for price precisions to 8 and fees below 9e10 / price_unit of the currency.
    """
    value = fee * price
    whole = value // price_unit
    return whole, -(-(value - whole * price_unit) * fee_unit // price_unit)


def book_fee(position: PositionNumbers, whole: int, rest: int, fee_unit: int) -> None:
    """Add a fee as `fee_value` gives it."""
    position.fees += whole
    position.fees_rest += rest
    if position.fees_rest >= fee_unit:
        position.fees += 1
        position.fees_rest -= fee_unit


HOT = (apply_fill, share_in_chunks, fill_position, fee_value, book_fee)
