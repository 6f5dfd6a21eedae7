"""What an instrument's fills move, worked out once: numbers for hot functions, currencies for cash."""

from core.instruments import AssetClass, Instrument
from core.money import MONEY_DECIMALS
from oms.positions import inverse_value


class Terms:
    """The terms on which one instrument settles.

    `value_factor` is money per price unit times quantity unit, `base_factor` money of the base per quantity unit,
    `price_unit` price units to one of the quote currency. An inverse contract counts its cost in money already, so its
    `value_factor` is 1; `inverse_scale` over a price is what one quantity unit is worth there, 0 for any other.
    """

    __slots__ = (
        "base",
        "base_factor",
        "currency",
        "holds_base",
        "inverse_scale",
        "is_option",
        "price_unit",
        "quote",
        "value_factor",
    )

    def __init__(self, instrument: Instrument) -> None:
        """Read them off the instrument."""
        self.base = instrument.base
        self.quote = instrument.quote
        self.currency = instrument.currency
        self.holds_base = instrument.holds_base
        self.is_option = instrument.asset_class is AssetClass.OPTION
        self.value_factor = 1 if instrument.inverse else instrument.notional_factor
        self.base_factor = int(10 ** (MONEY_DECIMALS - instrument.size_precision)) * instrument.multiplier
        self.price_unit = int(10**instrument.price_precision)
        # Money of the base is quantity * multiplier / price; the units of quantity and price make this of it.
        self.inverse_scale = self.base_factor * self.price_unit if instrument.inverse else 0

    def value(self, quantity: int, price: int) -> int:
        """Return what a quantity is worth at a price, in a position's cost units: times `value_factor` it is money."""
        return inverse_value(quantity, price, self.inverse_scale) if self.inverse_scale else quantity * price

    def open_profit(self, quantity: int, cost: int, price: int) -> int:
        """Return the profit of what is held and cost `cost` money, as money; 0 for an inverse contract at price 0."""
        if self.inverse_scale and price <= 0:
            return 0
        worth = self.value(quantity, price) * self.value_factor
        return cost - worth if self.inverse_scale else worth - cost

    def fee_price(self, fee_currency: str, price: int) -> tuple[int, int]:
        """Return (price, price unit) that value a fee in `currency`, for `positions.fee_value`.

        (0, 1), which makes it worth nothing, for a currency that a fill at `price` cannot value.
        """
        if fee_currency == self.currency:
            return 1, 1
        if fee_currency == self.base:
            return price, self.price_unit
        return 0, 1
