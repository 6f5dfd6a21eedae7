"""The spot exchange's engine: orders are accepted, put to work, traded, settled and ended; accounts are told. No I/O.

Every public method is one moment: it ends with all consequences drawn (fills settled, triggers fired, order lists
moved on) and the accounts told. Times and requests are handed in.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from connectors.embedded import refusals as market_refusals
from connectors.embedded.errors import RequestError
from connectors.embedded.exchange import refusals
from connectors.embedded.exchange.matching import Event, Execution, Prevention
from connectors.embedded.exchange.orders import Order, OrderType, Status, TimeInForce
from connectors.embedded.exchange.spot import reports
from connectors.embedded.exchange.spot.accounts import Bank, Deposit
from connectors.embedded.exchange.spot.records import Amendment, Fill, Prevented, SymbolState
from connectors.embedded.exchange.spot.rules import SpotRules
from connectors.embedded.exchange.spot.till import Till
from connectors.embedded.exchange.triggers import triggers_at_once

REJECTED = "REJECTED"
Sink = Callable[[str, reports.Json], None]


class ListHook(Protocol):
    """What order lists want to know of their orders."""

    def started_or_filled(self, order: Order, now_ms: int) -> None:
        """An order of a list was triggered, or traded for the first time."""

    def ended(self, order: Order, now_ms: int) -> None:
        """An order of a list can trade no more."""

    def shares_hold(self, order: Order) -> tuple[Order, ...]:
        """Return the orders that are paid for by the same hold, the order itself among them."""


class Engine:
    """All symbols and accounts.

    `sink` gets each user data event with the account's name, if `listening` says that anybody wants them.
    """

    def __init__(
        self,
        bank: Bank,
        rules: Iterable[SpotRules],
        *,
        average_price: Callable[[str], int],
        sink: Sink,
        listening: Callable[[str], bool],
        on_first_fill: Callable[[str], None],
    ) -> None:
        """Start with empty books. `average_price` is the symbol's of the last minutes, 0 before the first trade."""
        self.bank = bank
        self.states = {rule.symbol: SymbolState(rule) for rule in rules}
        self.average_price = average_price
        self.lists: ListHook | None = None
        self.till = Till(bank, self._sharing)
        self.trades = 0
        self.executions = 0
        self.order_ids = 0
        self.again: dict[str, int] = {}  # numbers that the next trade or order bears though they were given before
        self._sink = sink
        self._listening = listening
        self._on_first_fill = on_first_fill
        self._prevented_ids = 0

    # --------------------------------------------------------------------------------------------------------- looking

    def state(self, symbol: str) -> SymbolState:
        """Return a symbol's state. Raises RequestError for one that is not listed."""
        found = self.states.get(symbol)
        if found is None:
            raise market_refusals.invalid_symbol()
        return found

    def find(self, account: str, symbol: str, order_id: int | None, client_id: str) -> Order | None:
        """Return an account's order by id, by client order id, or by both, which then must agree.

        Raises RequestError.
        """
        state = self.state(symbol)
        if order_id is None:
            return state.by_client.get((account, client_id))
        order = state.orders.get(order_id)
        if order is None or order.account != account:
            return None
        if client_id and order.client_order_id != client_id:
            raise RequestError(-2039, "Client order ID is not correct for this order ID.")
        return order

    def fills_of(self, order: Order) -> list[Fill]:
        """Return what an order traded, oldest first."""
        return self.states[order.symbol].order_fills.get(order.order_id, [])

    # ----------------------------------------------------------------------------------------------- what accounts ask

    def check(self, placed: list[Order]) -> None:
        """Refuse orders that break a filter or bear an id in use. Raises RequestError; changes nothing."""
        state = self.state(placed[0].symbol)
        if not state.rules.trading:
            raise RequestError(-1013, "Market is closed.")
        average = self.average_price(placed[0].symbol) or state.last_price
        for order in placed:
            state.rules.check(order, average)
            known = state.by_client.get((order.account, order.client_order_id))
            if order.client_order_id and known is not None and known.is_open:
                raise refusals.rejected("Duplicate order sent.")
        state.rules.check_counts(placed, state.open_of(placed[0].account))

    def place(self, order: Order, now_ms: int) -> None:
        """Accept an order and let it work. Raises RequestError where it is refused, and then nothing has happened."""
        self.check([order])
        self.check_start(order)
        self.register(order, now_ms)
        self.start(order, now_ms)
        self.settle(now_ms)

    def check_start(self, order: Order) -> None:
        """Refuse an order that could not begin now: triggered at once, a taker against its will, or not paid for."""
        state = self.state(order.symbol)
        if order.waits_for_trigger and triggers_at_once(order, state.last_price):
            raise refusals.rejected("Order would trigger immediately.")
        if order.type is OrderType.LIMIT_MAKER and state.book.crosses(order.side, order.price):
            raise refusals.rejected("Order would immediately match and take.")
        self.till.set_reserve(state, order)
        if not self.till.covers(state, order):
            raise refusals.insufficient_balance()
        if order.quote_quantity and not state.book.preview(order)[0]:
            raise refusals.rejected("Order book liquidity is less than symbol minimum quantity.")

    def register(self, order: Order, now_ms: int, status: Status = Status.NEW) -> None:
        """Give an accepted order its ids, remember it, and tell its owner."""
        state = self.states[order.symbol]
        self.order_ids += 1
        order.order_id = self.again.pop("order", self.order_ids)
        order.client_order_id = order.client_order_id or self.new_client_id()
        order.created_ms = order.updated_ms = now_ms
        order.status = status
        order.trade_group = self.bank.accounts[order.account].trade_group
        state.orders[order.order_id] = order
        state.open.setdefault(order.account, {})[order.order_id] = order
        state.by_client[order.account, order.client_order_id] = order
        state.account_orders.setdefault(order.account, []).append(order)
        state.working += 1
        if status is Status.NEW:
            order.working_ms = -1 if order.waits_for_trigger else now_ms
        self.report(order, "NEW", now_ms)

    def start(self, order: Order, now_ms: int) -> None:
        """Let a registered order wait for its trigger, or trade and rest."""
        state = self.states[order.symbol]
        self.till.rehold(self.states[order.symbol], order)
        if order.waits_for_trigger:
            state.triggers.add(order, state.last_price)
            order.trailing_ms = now_ms if order.trail_extreme else -1
        else:
            self._work(state, order, now_ms)

    def cancel(self, order: Order, now_ms: int, client_id: str = "") -> str:
        """Cancel an open order; returns the cancel's client order id."""
        client_id = client_id or self.new_client_id()
        self._take_off(order)
        order.status = Status.CANCELED
        order.updated_ms = now_ms
        self.report(order, "CANCELED", now_ms, client_id=client_id)
        self._end(order, now_ms)
        return client_id

    def expire(self, order: Order, reason: str, now_ms: int) -> None:
        """Expire an open order for a documented reason."""
        self._take_off(order)
        order.status = Status.EXPIRED
        order.expiry_reason = reason
        order.updated_ms = now_ms
        self.report(order, "EXPIRED", now_ms)
        self._end(order, now_ms)

    def amend(self, order: Order, quantity: int, client_id: str, now_ms: int) -> int:
        """Reduce an order's quantity, keeping its place; returns the execution id. The caller has checked it."""
        state = self.states[order.symbol]
        old_client, old_quantity = order.client_order_id, order.quantity
        state.book.amend(order, quantity)
        order.client_order_id = client_id or self.new_client_id()
        state.by_client[order.account, order.client_order_id] = order
        order.updated_ms = now_ms
        order.amends += 1
        self.till.rehold(self.states[order.symbol], order)
        self.report(order, "REPLACED", now_ms, original=old_client)
        state.amendments.append(
            Amendment(
                order.symbol,
                order.order_id,
                self.executions,
                old_client,
                order.client_order_id,
                old_quantity,
                quantity,
                now_ms,
            )
        )
        return self.executions

    def deposit(self, account: str, asset: str, amount: int, now_ms: int) -> None:
        """Change a balance from outside, and tell the account."""
        self.bank.deposit(account, asset, amount)
        self.bank.deposits.append(Deposit(len(self.bank.deposits) + 1, account, asset, amount, now_ms))
        self._sink(account, reports.balance_update(asset, amount, now_ms))
        self._tell_balances(now_ms)

    # ------------------------------------------------------------------------------------------- what the market does

    def on_levels(
        self, symbol: str, bids: list[tuple[int, int]], asks: list[tuple[int, int]], now_ms: int, *, whole: bool
    ) -> None:
        """Take displayed levels that changed, or the whole book."""
        state = self.states[symbol]
        events = state.book.reset(bids, asks) if whole else state.book.show(bids, asks)
        if events:
            self._process(state, events, now_ms)
            self.settle(now_ms)

    def on_trade(self, symbol: str, price: int, quantity: int, now_ms: int, *, buyer_is_maker: bool) -> None:
        """Take a trade of the market's."""
        state = self.states[symbol]
        events = state.book.trade(price, quantity, buyer_is_maker=buyer_is_maker)
        state.prices.append(price)
        if events:
            self._process(state, events, now_ms)
        if events or len(state.triggers):
            self.settle(now_ms)
        else:
            state.last_price = price
            state.prices.clear()

    # ------------------------------------------------------------------------------------------------------- its parts

    def settle(self, now_ms: int) -> None:
        """Draw the consequences of all that was traded, and tell the accounts what they own."""
        moved = True
        while moved:
            moved = False
            for state in self.states.values():
                while state.prices:
                    moved = True
                    self._on_price(state, state.prices.pop(0), now_ms)
        self._tell_balances(now_ms)

    def _on_price(self, state: SymbolState, price: int, now_ms: int) -> None:
        state.last_price = price
        for order in state.triggers.on_price(price):
            if order.is_open:
                self._trigger(state, order, now_ms)

    def _trigger(self, state: SymbolState, order: Order, now_ms: int) -> None:
        order.triggered = True
        if self.lists is not None and order.list_id != -1:
            self.lists.started_or_filled(order, now_ms)
        if not self.till.covers(state, order):
            self.expire(order, REJECTED, now_ms)
            return
        order.working_ms = order.updated_ms = now_ms
        self.report(order, "NEW", now_ms)
        self._work(state, order, now_ms)

    def _work(self, state: SymbolState, order: Order, now_ms: int) -> None:
        order.working_ms = now_ms
        self._process(state, state.book.submit(order), now_ms)
        if order.status is Status.EXPIRED:
            order.expiry_reason = _why_unfilled(order)
            order.updated_ms = now_ms
            self.report(order, "EXPIRED", now_ms)
        if not order.is_open:
            self._end(order, now_ms)

    def _process(self, state: SymbolState, events: Iterable[Event], now_ms: int) -> None:
        for event in events:
            if isinstance(event, Prevention):
                self._prevented(state, event, now_ms)
            else:
                self._trade(state, event, now_ms)

    def _trade(self, state: SymbolState, trade: Execution, now_ms: int) -> None:
        self.trades += 1
        trade_id = self.again.pop("trade", self.trades)
        state.prices.append(trade.price)
        for order, maker in ((trade.maker, True), (trade.taker, False)):
            if order is None:
                buys = trade.buyer_is_maker is maker
                self.bank.with_market(state.rules.base, trade.quantity if buys else -trade.quantity)
                self.bank.with_market(state.rules.quote, -trade.quote if buys else trade.quote)
                continue
            fill = self.till.settle(state, order, trade, trade_id, now_ms, maker=maker)
            executed = trade.maker_executed if maker else trade.taker_executed
            order.updated_ms = now_ms
            status = Status.FILLED if executed == order.quantity else Status.PARTIALLY_FILLED
            quote = trade.maker_quote if maker else trade.taker_quote
            self.report(order, "TRADE", now_ms, status=status, executed=executed, quote=quote, fill=fill)
            if executed == trade.quantity:
                self._on_first_fill(order.account)
            if maker:
                self._after_maker(order, now_ms)
            elif self.lists is not None and order.list_id != -1:
                self.lists.started_or_filled(order, now_ms)

    def _after_maker(self, order: Order, now_ms: int) -> None:
        self.till.rehold(self.states[order.symbol], order)
        if self.lists is not None and order.list_id != -1:
            self.lists.started_or_filled(order, now_ms)
        if not order.is_open and order.order_id in self.states[order.symbol].open.get(order.account, {}):
            self._end(order, now_ms)

    def _prevented(self, state: SymbolState, event: Prevention, now_ms: int) -> None:
        self._prevented_ids += 1
        maker, taker = event.maker, event.taker
        state.prevented.append(
            Prevented(
                self._prevented_ids,
                state.rules.symbol,
                taker.account,
                taker.order_id,
                maker.order_id,
                taker.trade_group,
                event.mode.value,
                event.price,
                event.maker_prevented,
                event.taker_prevented,
                now_ms,
            )
        )
        for order, lost, counter in (
            (maker, event.maker_prevented, taker),
            (taker, event.taker_prevented, maker),
        ):
            if not lost:
                continue
            order.prevented_match_id = self._prevented_ids
            order.updated_ms = now_ms
            self.report(order, "TRADE_PREVENTION", now_ms, lost=lost, counter=counter, price=event.price)
        if event.maker_prevented:
            self._after_maker(maker, now_ms)

    def _end(self, order: Order, now_ms: int) -> None:
        """Forget an order that can trade no more among the open ones, and give back what was held for it."""
        state = self.states[order.symbol]
        if state.open.get(order.account, {}).pop(order.order_id, None) is None:
            return
        state.working -= 1
        self.till.rehold(self.states[order.symbol], order)
        if self.lists is not None and order.list_id != -1:
            self.lists.ended(order, now_ms)

    def _take_off(self, order: Order) -> None:
        state = self.states[order.symbol]
        if order.resting:
            state.book.cancel(order)
        else:
            state.triggers.remove(order)

    def report(self, order: Order, kind: str, now_ms: int, **details: object) -> None:
        """Tell an order's owner what became of it."""
        self.executions += 1
        if not self._listening(order.account):
            return
        rules = self.states[order.symbol].rules
        self.bank.touch(order.account, rules.base, rules.quote)  # told as "possibly changed", as the venue does
        self._sink(order.account, reports.execution(order, kind, now_ms, self.executions, details))

    def new_client_id(self) -> str:
        """Return a client order id for who sent none."""
        return f"emu{self.order_ids:09d}{self.executions:010d}"

    def _tell_balances(self, now_ms: int) -> None:
        for name, assets in self.bank.take_changed().items():
            account = self.bank.accounts[name]
            account.updated_ms = now_ms
            if self._listening(name):
                self._sink(name, reports.account_position(account, assets, now_ms))

    def _sharing(self, order: Order) -> tuple[Order, ...]:
        if self.lists is None or order.list_id == -1:
            return (order,)
        return self.lists.shares_hold(order)


def _why_unfilled(order: Order) -> str:
    if order.type is OrderType.LIMIT and order.tif is TimeInForce.FOK:
        return "UNFILLED_FOK_ORDER_EXPIRED"
    if order.price and order.tif is TimeInForce.IOC:
        return "UNFILLED_IOC_QUANTITY_EXPIRED"
    return "INSUFFICIENT_LIQUIDITY"
