"""The account at a simulated venue that checks margin: wallets, what orders it allows, what it is liquidated of.

This is the glue around `margin.py`. On a breach the venue cancels all that rests in the wallet's instruments and closes
positions at the market, whole ones, the largest maintenance margin first, until what is left is covered. What the book
does not take is tried again at the next event. A debt that remains stays one: no insurance fund takes it over, so that
profit and loss are what the fills say.
"""

from collections.abc import Sequence
from operator import itemgetter

from connectors.sim.account_settings import wallet_units
from connectors.sim.answers import Answer, end, note_activity, remove
from connectors.sim.clients import Clients
from connectors.sim.codes import EXPIRED, FILLED, LIQUIDATED, NO_REASON
from connectors.sim.errors import MissingWallet
from connectors.sim.fees import fee_unit
from connectors.sim.listing import Listing, VenueNumbers
from connectors.sim.margin import (
    NO_WALLET,
    Margin,
    Wallet,
    book_margin,
    is_breached,
    liquidation_fee,
    maintenance_of,
    margin_of,
    margin_refusal,
    next_to_close,
)
from connectors.sim.mark import MARK_CODES, doubled_mark
from connectors.sim.matching import NO_LIMIT_BUY, NO_LIMIT_SELL
from connectors.sim.orders import Request
from connectors.sim.reports import Reports, VenueReport
from connectors.sim.settings import SimSettings
from connectors.sim.taking import take
from connectors.sim.view import touch_met
from core.events import AccountTraded
from core.instruments import AssetClass, Instrument
from core.market import MarketNumbers
from core.orders import Side

LIQUIDATION = "liquidation"
OWN_ORDER = "autoclose-"  # how Binance begins the client order id of a liquidation
_ANY = 1 << 62


class Account:
    """The wallets at one venue and the margin of its instruments, by index."""

    __slots__ = ("_liquidations", "_mark", "_settings", "_venue", "margins", "wallets", "wallets_by_name")

    def __init__(self, settings: SimSettings, venue: str) -> None:
        """Begin with the venue's wallets of the settings; without any, no order is checked."""
        self._settings = settings
        self._venue = venue
        self._mark = MARK_CODES[settings.margin.mark]
        self._liquidations = 0
        amounts = settings.margin.wallets.get(venue, {})
        self.wallets_by_name = {currency: place for place, currency in enumerate(sorted(amounts))}
        self.wallets = [
            Wallet(wallet_units(amounts[currency], settings.fee_decimals) or 0) for currency in sorted(amounts)
        ]
        self.margins: list[Margin] = []

    def define(self, index: int, instrument: Instrument) -> None:
        """Let an instrument be traded on margin, if it is one of contracts. Raises MissingWallet."""
        while len(self.margins) <= index:
            self.margins.append(Margin())
        if not self.wallets or instrument.holds_base or instrument.asset_class is AssetClass.OPTION:
            return
        place = self.wallets_by_name.get(instrument.currency)
        if place is None:
            raise MissingWallet(
                f"{instrument.id} is settled in {instrument.currency}, of which the margin account at {self._venue} "
                f'has no wallet; give it one: margin.wallets.{self._venue}.{instrument.currency} = "1000"'
            )
        margin, known = margin_of(self._settings, instrument, place), self.margins[index]
        margin.cash, margin.doubled_mark = known.cash, known.doubled_mark
        self.margins[index] = margin

    def covers(self, index: int) -> bool:
        """Whether an instrument is traded on margin."""
        return index < len(self.margins) and self.margins[index].wallet != NO_WALLET

    def mark(self, index: int, listing: Listing, market: MarketNumbers) -> None:
        """Take the mark price of now; where nothing is known the last one stays."""
        known = doubled_mark(listing, market, self._mark)
        if known > 0:
            self.margins[index].doubled_mark = known

    def judge(
        self, request: Request, listings: Sequence[Listing], markets: Sequence[MarketNumbers], clients: Clients
    ) -> int:
        """Say why the account does not allow an order, NO_REASON where it does."""
        if request.is_cancel or not self.covers(request.instrument):
            return NO_REASON
        for index in range(len(self.margins)):
            if self.covers(index):
                self.mark(index, listings[index], markets[index])
        return margin_refusal(self.wallets, self.margins, listings, clients.orders, request)

    def pay(self, index: int, cost: int) -> None:
        """Take what holding a position cost from its wallet."""
        if self.covers(index):
            self.wallets[self.margins[index].wallet].balance -= cost

    def fill(self, index: int, sign: int, price: int, quantity: int, fee: int) -> None:
        """Book one fill."""
        if self.covers(index):
            margin = self.margins[index]
            book_margin(margin, self.wallets[margin.wallet], sign, price, quantity, fee)

    def is_breached(self, index: int, listings: Sequence[Listing]) -> bool:
        """Whether the wallet behind an instrument must be liquidated."""
        return is_breached(self.wallets, self.margins, listings, self.margins[index].wallet)

    def liquidate(
        self,
        index: int,
        numbers: VenueNumbers,
        listings: Sequence[Listing],
        markets: Sequence[MarketNumbers],
        clients: Clients,
        reports: Reports,
    ) -> None:
        """Cancel what rests and close positions of the wallet behind an instrument until the rest is covered."""
        wallet = self.margins[index].wallet
        for listing, margin in zip(listings, self.margins, strict=True):
            if margin.wallet == wallet:
                for ladder in (listing.bids, listing.asks):
                    while ladder.count:
                        row = ladder.rows[0]
                        end(numbers, listing, clients.orders[row], row, EXPIRED, LIQUIDATED, reports)
                note_activity(listing)
        below = _ANY
        while is_breached(self.wallets, self.margins, listings, wallet):
            place = next_to_close(self.margins, listings, wallet, below)
            if place < 0:
                return
            self._close(place, numbers, listings[place], markets[place], clients, reports)
            left = listings[place].position
            if left:  # nobody takes it now: go on with smaller ones
                below = maintenance_of(self.margins[place], left)

    def _close(
        self,
        index: int,
        numbers: VenueNumbers,
        listing: Listing,
        market: MarketNumbers,
        clients: Clients,
        reports: Reports,
    ) -> None:
        """Close a position at the market by an order of the venue's own."""
        bid, bid_quantity, ask, ask_quantity = touch_met(
            market, listing.bar_open, listing.bar_open_ns, listing.half_spread_ppm, listing.tick
        )
        is_long = listing.position > 0
        touch, quantity = (bid, bid_quantity) if is_long else (ask, ask_quantity)
        if not touch:
            return
        self._liquidations += 1
        numbers.orders += 1
        row = clients.hold(f"{OWN_ORDER}{self._liquidations}")
        order = clients.orders[row]
        order.number, order.instrument = numbers.orders, index
        order.sign = -1 if is_long else 1
        order.limit = NO_LIMIT_SELL if is_long else NO_LIMIT_BUY
        order.leaves = abs(listing.position)
        order.rank = -order.sign * order.limit
        order.reduce_only = False
        order.working = True
        take(numbers, listing, clients.orders, row, market, touch, quantity, reports)
        if order.leaves:
            order.leaves = 0
            remove(listing, order, row)
            clients.release(row, 1)
        note_activity(listing)

    def state(self) -> list[object]:
        """Return what a digest covers."""
        return [
            self._liquidations,
            [wallet.balance for wallet in self.wallets],
            [(margin.wallet, margin.cash, margin.doubled_mark) for margin in self.margins],
        ]


class AccountReports(Reports):
    """Reports that the account sees as they are made; executions of the venue's own are told as such."""

    __slots__ = ("_account",)

    def __init__(
        self, settings: SimSettings, venue: str, clients: Clients, instruments: dict[int, Instrument], account: Account
    ) -> None:
        """Tell `account` of every fill."""
        super().__init__(settings, venue, clients, instruments)
        self._account = account
        self._fee_unit = fee_unit(settings)

    def append(self, answer: Answer, /) -> None:
        """Take one answer; a fill changes the account at once, whenever we hear of it."""
        _, index, kind, row, _, _, price, quantity, _, fee, _, _ = answer
        if kind == FILLED:
            if self._clients.names[row].startswith(OWN_ORDER):
                fee = liquidation_fee(self._account.margins[index], price, quantity)
            self._account.fill(index, self._clients.orders[row].sign, price, quantity, fee)
        super().append(answer)

    def _fill(self, name: str, answer: Answer) -> VenueReport:
        """Say that a quantity was executed; if by an order of the venue's own, what it took for that."""
        if not name.startswith(OWN_ORDER):
            return super()._fill(name, answer)
        index, row, execution, price, quantity = itemgetter(1, 3, 5, 6, 7)(answer)
        fee = liquidation_fee(self._account.margins[index], price, quantity)
        return AccountTraded(
            venue=self._venue,
            order_id=name,
            exec_id=f"{self._venue}-X{execution}",
            side=Side(self._clients.orders[row].sign),
            price=price,
            quantity=quantity,
            fee=str(fee * self._fee_unit),
            fee_currency=self._instruments[index].currency,
            reason=LIQUIDATION,
        )
