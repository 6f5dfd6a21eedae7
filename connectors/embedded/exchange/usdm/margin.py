"""Margin as Binance's documents compute it: initial, of open orders, maintenance, available, liquidation price. Pure.

Sources, by title: "How to Calculate the Margin Requirement on Binance Futures Trading", "How to Calculate Cost Required
to Open a Position in Perpetual Futures Contracts", "How to Calculate Liquidation Price of USDⓈ-M Futures Contracts",
"Leverage and Margin of USDⓈ-M Futures" (https://www.binance.com/en/support/faq).
"""

from collections.abc import Iterable

import msgspec

from connectors.embedded.exchange.orders import UNIT
from connectors.embedded.exchange.usdm.contracts import PPM, Contract, value
from connectors.embedded.exchange.usdm.positions import Position, PositionSide


class Holding(msgspec.Struct, gc=False, kw_only=True):
    """One position of an account with all that its margin hangs on; `bids` and `asks` are its open orders' values.

    "Margin is not required when placing stop orders", and reduce-only orders cannot add to a position: neither is in
    `bids` or `asks`.
    """

    contract: Contract
    side: PositionSide
    position: Position
    mark: int
    leverage: int
    isolated: bool
    bids: int = 0
    asks: int = 0

    @property
    def notional(self) -> int:
        """The value of what is held, at the mark price; negative where it is short."""
        return value(self.mark, self.position.amount)

    @property
    def unrealised(self) -> int:
        """The profit that closing at the mark price would bring."""
        return self.position.unrealised(self.notional)

    @property
    def position_margin(self) -> int:
        """The initial margin of what is held: its value at the mark price by the leverage."""
        return divided_up(abs(self.notional), self.leverage)

    @property
    def requirement(self) -> int:
        """The initial margin of position and orders together."""
        return requirement(self.notional, self.bids, self.asks, self.leverage)

    @property
    def order_margin(self) -> int:
        """The initial margin that open orders need beyond the position's."""
        return self.requirement - self.position_margin

    @property
    def maintenance(self) -> int:
        """The maintenance margin of what is held."""
        return maintenance(self.contract, self.notional)

    @property
    def isolated_margin(self) -> int:
        """What an isolated position has to live on: its wallet and its unrealised profit."""
        return self.position.isolated_wallet + self.unrealised if self.isolated else 0


class AssetMargin(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An account's margin in one asset, as the account endpoints tell it."""

    wallet: int
    cross_wallet: int
    unrealised: int
    cross_unrealised: int
    position_margin: int
    order_margin: int
    maintenance: int
    cross_maintenance: int
    available: int

    @property
    def initial(self) -> int:
        """Total initial margin required."""
        return self.position_margin + self.order_margin

    @property
    def balance(self) -> int:
        """The margin balance: wallet and unrealised profit."""
        return self.wallet + self.unrealised

    @property
    def cross_balance(self) -> int:
        """What all cross positions together live on."""
        return self.cross_wallet + self.cross_unrealised

    @property
    def max_withdraw(self) -> int:
        """What could be transferred out: available, and no unrealised profit."""
        return max(0, min(self.available, self.cross_wallet))


def divided_up(amount: int, divisor: int) -> int:
    """Divide money, rounded up: what a venue asks for is never a unit too little."""
    return -(-amount // divisor)


def requirement(notional: int, bids: int, asks: int, leverage: int) -> int:
    """Return the margin requirement of one position side.

    "One-way mode margin requirement: Margin Requirement = Max(Abs(Position Notional Value + Bid Order Value),
    Abs(Position Notional Value - Ask Order Value)) / Leverage"; in hedge mode the sum over both sides.
    """
    return divided_up(max(abs(notional + bids), abs(notional - asks)), leverage)


def maintenance(contract: Contract, notional: int) -> int:
    """Return "Maintenance Margin = Notional Position Value * Maintenance Margin Rate - Maintenance Amount"."""
    tier = contract.bracket(notional)
    return divided_up(abs(notional) * tier.maintenance_ppm, PPM) - tier.cumulative


def asset_margin(wallet: int, holdings: Iterable[Holding]) -> AssetMargin:
    """Sum up an account's holdings of one margin asset.

    "Available for Order = max(0, crossWalletBalance + sum of cross Unrealized P&L - (sum of cross initial margin + sum
    of isolated open order initial margin))".
    """
    isolated_wallets = unrealised = cross_unrealised = position_margin = order_margin = 0
    held = cross_maintenance = isolated_maintenance = 0
    for holding in holdings:
        profit, of_position, of_orders = holding.unrealised, holding.position_margin, holding.order_margin
        unrealised += profit
        position_margin += of_position
        order_margin += of_orders
        held += of_orders
        if holding.isolated:
            isolated_wallets += holding.position.isolated_wallet
            isolated_maintenance += holding.maintenance
        else:
            held += of_position
            cross_unrealised += profit
            cross_maintenance += holding.maintenance
    cross_wallet = wallet - isolated_wallets
    return AssetMargin(
        wallet=wallet,
        cross_wallet=cross_wallet,
        unrealised=unrealised,
        cross_unrealised=cross_unrealised,
        position_margin=position_margin,
        order_margin=order_margin,
        maintenance=cross_maintenance + isolated_maintenance,
        cross_maintenance=cross_maintenance,
        available=max(0, cross_wallet + cross_unrealised - held),
    )


def open_loss(quantity: int, price: int, mark: int) -> int:
    """Return what opening a signed quantity at a price loses at once against the mark price.

    "Open Loss = Number of Contracts * Absolute Value {min[0, direction of order * (mark price - order price)]}"
    """
    return max(0, value(price, quantity) - value(mark, quantity))


def liquidation_price(margin: AssetMargin, holding: Holding, holdings: Iterable[Holding]) -> int:
    """Return the mark price in money units at which a position's margin is down to maintenance; 0 where none is.

    LP = (WB - TMM1 + UPNL1 + cum - side * size * entry) / (size * MMR - side * size), with WB the isolated wallet, or
    the cross wallet where TMM1 and UPNL1 are those of all other contracts.
    """
    if holding.position.amount == 0:
        return 0
    same = [holding]
    room = holding.position.isolated_wallet
    if not holding.isolated:
        same = [other for other in holdings if other.contract is holding.contract]  # both sides of hedge mode
        others_profit = margin.cross_unrealised - sum(other.unrealised for other in same)
        others_maintenance = margin.cross_maintenance - sum(other.maintenance for other in same)
        room = margin.cross_wallet - others_maintenance + others_profit
    slope = 0
    for other in same:
        tier = holding.contract.bracket(other.notional)
        room += (tier.cumulative if other.position.amount else 0) - other.position.cost
        slope += abs(other.position.amount) * tier.maintenance_ppm - other.position.amount * PPM
    if slope == 0:
        return 0
    price: int = room * PPM * UNIT // slope
    return max(0, price)


def bankruptcy_price(holding: Holding, room: int) -> int:
    """Return the price at which closing a position uses up `room`, the margin that it may lose; at least one tick."""
    amount, tick = holding.position.amount, holding.contract.tick
    # room + (value at the price - cost) = 0; rounded so that nothing is owed at the price returned.
    ticks, rest = divmod(holding.position.cost - room, value(tick, amount))
    return max(1, ticks + (1 if rest and amount > 0 else 0)) * tick
