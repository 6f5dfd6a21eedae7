"""One futures account: wallets, positions, settings per symbol, and the record of every change of money. Pure."""

from collections.abc import Callable, Iterator

import msgspec

from connectors.embedded.exchange.usdm.contracts import Contract, value
from connectors.embedded.exchange.usdm.margin import AssetMargin, Holding, asset_margin, divided_up
from connectors.embedded.exchange.usdm.positions import Position, PositionSide, closing_part

DEFAULT_LEVERAGE = 20

OrderValues = Callable[[str, PositionSide], tuple[int, int]]  # value of open bids and of open asks
MarkOf = Callable[[str], int]


class SymbolSettings(msgspec.Struct, gc=False):
    """What a trader chose for a symbol."""

    leverage: int = DEFAULT_LEVERAGE
    isolated: bool = False


class Income(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One change of a wallet, as `GET /fapi/v1/income` tells it."""

    kind: str
    symbol: str
    amount: int
    asset: str
    time_ms: int
    transaction_id: int
    trade_id: int = 0
    info: str = ""


class MarginChange(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Margin that was moved between the cross wallet and an isolated position."""

    symbol: str
    side: PositionSide
    amount: int  # positive where margin was added
    asset: str
    time_ms: int
    by_user: bool


class FuturesAccount:
    """Balances and positions of one account. `name` is the venue's key for it, `alias` a short public one."""

    def __init__(self, name: str) -> None:
        """Start with nothing, in one-way mode and single-asset mode."""
        self.name = name
        self.dual = False
        self.wallets: dict[str, int] = {}
        self.settings: dict[str, SymbolSettings] = {}
        self.positions: dict[tuple[str, PositionSide], Position] = {}
        self.income: list[Income] = []
        self.margin_changes: list[MarginChange] = []
        self.warned = False  # a MARGIN_CALL was sent and the ratio has not recovered since
        self.updated_ms = 0

    def settings_of(self, symbol: str) -> SymbolSettings:
        """Return the leverage and margin type of a symbol, the defaults where none were set."""
        return self.settings.setdefault(symbol, SymbolSettings())

    def position(self, symbol: str, side: PositionSide) -> Position:
        """Return a position, an empty one where there is none yet."""
        return self.positions.setdefault((symbol, side), Position())

    def sides(self) -> tuple[PositionSide, ...]:
        """Return the sides that positions have in this mode."""
        return (PositionSide.LONG, PositionSide.SHORT) if self.dual else (PositionSide.BOTH,)

    def change(self, entry: Income) -> None:
        """Change a wallet and keep the record; a change of nothing leaves none."""
        if entry.amount == 0:
            return
        self.wallets[entry.asset] = self.wallets.get(entry.asset, 0) + entry.amount
        self.income.append(entry)
        self.updated_ms = entry.time_ms

    def execute(self, contract: Contract, side: PositionSide, quantity: int, price: int, time_ms: int) -> int:
        """Trade a signed quantity at a price; returns the realised profit, which the caller books.

        An isolated position takes its initial margin along from the cross wallet and gives its share back as it closes.
        """
        position = self.position(contract.symbol, side)
        settings = self.settings_of(contract.symbol)
        closing = closing_part(position.amount, quantity)
        before = abs(position.amount)
        profit = position.fill(quantity, price)
        if settings.isolated:
            if closing:
                position.isolated_wallet -= position.isolated_wallet * closing // before
            opened = value(price, abs(quantity) - closing)
            position.isolated_wallet += divided_up(opened, settings.leverage)
        position.updated_ms = self.updated_ms = time_ms
        return profit

    def holdings(
        self, contracts: dict[str, Contract], mark_of: MarkOf, orders: OrderValues, asset: str
    ) -> Iterator[Holding]:
        """Yield every position of an asset's contracts that is open or has orders."""
        for contract in contracts.values():
            if contract.asset != asset:
                continue
            settings = self.settings_of(contract.symbol)
            for side in self.sides():
                bids, asks = orders(contract.symbol, side)
                position = self.positions.get((contract.symbol, side))
                if position is None:
                    if bids == 0 and asks == 0:
                        continue
                    position = self.position(contract.symbol, side)
                if position.amount or bids or asks or position.isolated_wallet:
                    yield Holding(
                        contract=contract,
                        side=side,
                        position=position,
                        mark=mark_of(contract.symbol),
                        leverage=settings.leverage,
                        isolated=settings.isolated,
                        bids=bids,
                        asks=asks,
                    )

    def margin(self, asset: str, holdings: list[Holding]) -> AssetMargin:
        """Return the margin in one asset."""
        return asset_margin(self.wallets.get(asset, 0), holdings)
