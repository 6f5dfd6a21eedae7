"""All that the futures exchange knows: contracts with their books and prices, accounts, orders, trades. No I/O."""

from collections.abc import Callable, Iterable, Iterator

import msgspec

from connectors.embedded.exchange.matching import Book
from connectors.embedded.exchange.orders import Order, Side
from connectors.embedded.exchange.triggers import TriggerBook
from connectors.embedded.exchange.usdm.account import FuturesAccount
from connectors.embedded.exchange.usdm.contracts import Contract, make_contract, value
from connectors.embedded.exchange.usdm.house import House
from connectors.embedded.exchange.usdm.margin import AssetMargin, Holding
from connectors.embedded.exchange.usdm.orders import AccountTrade, AlgoOrder, FuturesOrder, WorkingType
from connectors.embedded.exchange.usdm.positions import PositionSide
from connectors.embedded.exchange.usdm.pricing import FUNDING_INTERVAL_MS, Pricing
from connectors.embedded.market import Listing

_NOTHING = [0, 0]

Event = dict[str, object]
Tell = Callable[[str, Event], None]  # an account's name, and what its private stream gets


class FuturesSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the venue's owner decides."""

    maker_ppm: int = 200
    taker_ppm: int = 500
    funding_interval_ms: int = FUNDING_INTERVAL_MS
    margin_call_ppm: int = 800_000  # of maintenance margin in the margin balance
    listen_key_life_ms: int = 3_600_000


class SymbolState:
    """One contract: its book, its prices, and the conditional orders that wait for them."""

    def __init__(self, contract: Contract, now_ms: int, interval_ms: int) -> None:
        """Start without a market."""
        self.contract = contract
        self.book = Book(contract.step)
        self.pricing = Pricing(now_ms, interval_ms)
        self.triggers = {kind: TriggerBook() for kind in WorkingType}
        self.funding: list[Event] = []  # `GET /fapi/v1/fundingRate`


class State:
    """The exchange's memory; whoever changes it is in `engine.py`, `algo.py`, `funding.py` and `liquidation.py`."""

    def __init__(
        self,
        listings: Iterable[Listing],
        settings: FuturesSettings,
        tell: Tell,
        publish: Tell,
        now_ms: Callable[[], int],
    ) -> None:
        """Start with every listing and without accounts; `publish` takes a public stream's name and its event."""
        self.settings = settings
        self.tell = tell
        self.publish = publish
        self.now_ms = now_ms
        began_ms = now_ms()
        self.symbols = {
            listing.symbol: SymbolState(make_contract(listing), began_ms, settings.funding_interval_ms)
            for listing in listings
        }
        self.contracts: dict[str, Contract] = {symbol: one.contract for symbol, one in self.symbols.items()}
        self.accounts: dict[str, FuturesAccount] = {}
        self.house = House()
        self.open: dict[str, dict[int, FuturesOrder]] = {}
        self.orders: dict[str, dict[int, FuturesOrder]] = {}
        self.algos: dict[str, dict[int, AlgoOrder]] = {}
        self.trades: dict[str, list[AccountTrade]] = {}
        self.amendments: dict[int, list[Event]] = {}
        self.forced: dict[str, list[FuturesOrder]] = {}
        self.moved: dict[str, None] = {}  # symbols whose prices or positions changed since anybody looked
        self.again: dict[str, int] = {}  # numbers that the next trade or order bears though they were given before
        self._number = 0
        self._values: dict[str, dict[tuple[str, str], list[int]]] = {}  # see `order_values`

    @property
    def assets(self) -> tuple[str, ...]:
        """The margin assets, in the order of the listings."""
        return tuple(dict.fromkeys(contract.asset for contract in self.contracts.values()))

    def next_id(self) -> int:
        """Return a number that was not given before, for an order, a trade or a transaction."""
        self._number += 1
        return self._number

    def next_of(self, what: str) -> int:
        """Return the number of the next "trade" or "order"."""
        number = self.next_id()
        return self.again.pop(what, number)

    def account(self, name: str) -> FuturesAccount:
        """Return an account, opening an empty one where it is new."""
        account = self.accounts.get(name)
        if account is None:
            account = self.accounts[name] = FuturesAccount(name)
            account.updated_ms = self.now_ms()
            account.wallets.update(dict.fromkeys(self.assets, 0))
        return account

    # ------------------------------------------------------------------------------------------------------- orders

    def add(self, order: FuturesOrder) -> None:
        """Remember an order that was taken."""
        self.changed(order.account)
        known = self.orders.setdefault(order.account, {})
        if known.get(order.order_id, order) is not order:
            # Given again (`faults.Reuse`): the older one is found by its owner's name alone.
            known[-order.order_id] = known.pop(order.order_id)
        known[order.order_id] = order
        if order.is_open:
            self.open.setdefault(order.account, {})[order.order_id] = order

    def closed(self, order: FuturesOrder) -> None:
        """Forget an order as an open one."""
        self.changed(order.account)
        self.open.get(order.account, {}).pop(order.order_id, None)

    def open_orders(self, account: str, symbol: str | None = None) -> list[FuturesOrder]:
        """Return an account's open orders, oldest first."""
        return [order for order in self.open.get(account, {}).values() if symbol in (None, order.symbol)]

    def find(self, account: str, symbol: str, order_id: int | None, client_id: str) -> FuturesOrder | None:
        """Return an order by the venue's id, or the latest by the client's."""
        orders = self.orders.get(account, {})
        if order_id is not None:
            order = orders.get(order_id)
            return order if order is not None and order.symbol == symbol else None
        return next(
            (o for o in reversed(orders.values()) if o.client_order_id == client_id and o.symbol == symbol), None
        )

    def open_algos(self, account: str, symbol: str | None = None) -> list[AlgoOrder]:
        """Return an account's conditional orders that wait for their trigger, oldest first."""
        return [
            algo
            for algo in self.algos.get(account, {}).values()
            if algo.algo_status == "NEW" and symbol in (None, algo.symbol)
        ]

    # -------------------------------------------------------------------------------------------------------- margin

    def mark_of(self, symbol: str) -> int:
        """Return the mark price."""
        return self.symbols[symbol].pricing.mark

    def order_values(self, account: str, symbol: str, side: PositionSide) -> tuple[int, int]:
        """Return the value at their limits of the open bids and asks that could add to a position."""
        sums = self._values.get(account)
        if sums is None:
            sums = self._values[account] = {}
            for order in self.open.get(account, {}).values():
                if not order.reduce_only:
                    both = sums.setdefault((order.symbol, order.position_side), [0, 0])
                    both[order.side is Side.SELL] += value(order.price, order.remaining)
        both = sums.get((symbol, side), _NOTHING)
        return both[0], both[1]

    def changed(self, account: str) -> None:
        """Note that an account's open orders are other ones, or have other prices or quantities."""
        self._values.pop(account, None)

    def holdings(self, account: FuturesAccount, asset: str) -> list[Holding]:
        """Return all that an account's margin in one asset hangs on."""
        return list(
            account.holdings(
                self.contracts,
                self.mark_of,
                lambda symbol, side: self.order_values(account.name, symbol, side),
                asset,
            )
        )

    def margin(self, account: FuturesAccount, asset: str) -> AssetMargin:
        """Return an account's margin in one asset."""
        return account.margin(asset, self.holdings(account, asset))

    def holding(self, account: FuturesAccount, contract: Contract, side: PositionSide) -> Holding:
        """Return one position with what its margin hangs on, whether or not anything is held."""
        settings = account.settings_of(contract.symbol)
        bids, asks = self.order_values(account.name, contract.symbol, side)
        return Holding(
            contract=contract,
            side=side,
            position=account.position(contract.symbol, side),
            mark=self.mark_of(contract.symbol),
            leverage=settings.leverage,
            isolated=settings.isolated,
            bids=bids,
            asks=asks,
        )

    def with_positions(self, symbol: str) -> Iterator[FuturesAccount]:
        """Yield the accounts that hold a position in a contract."""
        for account in list(self.accounts.values()):
            for side in PositionSide:
                position = account.positions.get((symbol, side))
                if position is not None and position.amount:
                    yield account
                    break


def as_futures(order: Order | None) -> FuturesOrder | None:
    """Return an order of the book as what it is here: every order in these books is a futures order."""
    if order is not None and not isinstance(order, FuturesOrder):
        raise TypeError(f"order {order.order_id} in a futures book is a {type(order).__name__}")
    return order
