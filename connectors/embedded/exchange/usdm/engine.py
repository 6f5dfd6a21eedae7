"""Orders and their executions: into the book, out of it, and what each trade does to accounts and streams. No I/O."""

from collections.abc import Callable, Sequence

import msgspec

from connectors.embedded.exchange.matching import Event as MatchEvent
from connectors.embedded.exchange.matching import Execution, Prevention
from connectors.embedded.exchange.orders import UNIT, OrderType, Status, TimeInForce
from connectors.embedded.exchange.usdm import checks, events, refusals
from connectors.embedded.exchange.usdm.account import FuturesAccount, Income
from connectors.embedded.exchange.usdm.contracts import PPM, Contract, value, whole
from connectors.embedded.exchange.usdm.events import Happening
from connectors.embedded.exchange.usdm.house import add
from connectors.embedded.exchange.usdm.margin import Holding
from connectors.embedded.exchange.usdm.orders import AccountTrade, Expiry, FuturesOrder
from connectors.embedded.exchange.usdm.positions import closing_part
from connectors.embedded.exchange.usdm.requests import MODIFICATIONS_MAX
from connectors.embedded.exchange.usdm.state import State, SymbolState, as_futures

Ended = Callable[[FuturesOrder], None]


class Engine:
    """Places, modifies, cancels and fills orders. `ended` hears of every order that is over."""

    def __init__(self, state: State) -> None:
        """Work on the exchange's memory."""
        self.state = state
        self.ended: Ended = lambda _: None

    # ------------------------------------------------------------------------------------------------------ new orders

    def check(self, order: FuturesOrder) -> None:
        """Refuse an order that the venue would not take; sets a matched price, cuts one that only closes."""
        state, one = self.state, self.state.symbols[order.symbol]
        if order.price_match != "NONE":
            order.price = checks.matched_price(one, order.side, order.price_match)
        opened = state.open_orders(order.account)
        if any(other.client_order_id == order.client_order_id for other in opened):
            raise refusals.duplicate_client_order_id()
        if sum(other.symbol == order.symbol for other in opened) >= one.contract.max_orders:
            raise refusals.too_many_open_orders()
        self._check_change(one, order)
        if order.tif is TimeInForce.GTX and one.book.crosses(order.side, order.price):
            raise refusals.post_only_rejected()
        if order.tif is TimeInForce.FOK and one.book.preview(order)[0] < order.quantity:
            raise refusals.fill_or_kill_rejected()
        if order.type is OrderType.MARKET:
            best, bound = one.book.best(order.side.other), self.bound(one, order)
            if best is None or (bound and order.signed * best > order.signed * bound):
                raise refusals.counterparty_too_far()

    def _check_change(self, one: SymbolState, order: FuturesOrder) -> None:
        checks.check_price(one, order)
        checks.cut_to_position(self.state, order)
        checks.check_notional(one, order)
        checks.check_margin(self.state, self.state.account(order.account), one, order)

    def bound(self, one: SymbolState, order: FuturesOrder) -> int:
        """Return the worst price of a market order: PERCENT_PRICE again ("marketTakeBound")."""
        return checks.market_bound(one.contract, order.side, one.pricing.mark) if one.pricing.mark else 0

    def place(self, order: FuturesOrder) -> None:
        """Take an order that passed `check`: tell of it, and match it."""
        order.status, order.working_ms, order.queued = Status.NEW, self.state.now_ms(), self.state.next_id()
        self.state.add(order)
        self.tell_order(order, "NEW", Status.NEW)
        self._match(order)

    def _match(self, order: FuturesOrder) -> None:
        one = self.state.symbols[order.symbol]
        if order.type is OrderType.MARKET:
            order.price = self.bound(one, order)
        matched = one.book.submit(order)
        if order.type is OrderType.MARKET:
            order.price = 0
        self.settle(one, matched)
        if order.status is Status.EXPIRED:
            order.expiry = Expiry.IMMEDIATE
            self._finish(order, "EXPIRED")
        elif not order.is_open:
            self._over(order)
        self.knock_out(order)

    # ----------------------------------------------------------------------------------------- changes of open orders

    def cancel(self, order: FuturesOrder) -> None:
        """Cancel an open order for its owner."""
        self.take_off(order, Status.CANCELED, "CANCELED", Expiry.NONE)

    def take_off(self, order: FuturesOrder, status: Status, execution: str, expiry: Expiry) -> None:
        """End an open order, tell why, and let its margin go."""
        self.state.symbols[order.symbol].book.cancel(order)
        order.status, order.expiry = status, expiry
        self._finish(order, execution)

    def modify(self, order: FuturesOrder, price: int, quantity: int) -> None:
        """Change price and quantity; the order is queued anew. Raises RequestError, and then nothing has changed.

        It is cancelled instead "when the order is in partially filled status and the new quantity <= executedQty", and
        "when the order is GTX and the new price will cause it to be executed immediately".
        """
        one = self.state.symbols[order.symbol]
        if order.type is not OrderType.LIMIT:
            raise refusals.only_limit_orders()
        if (price, quantity) == (order.price, order.quantity):
            raise refusals.nothing_to_modify()
        if order.modifications >= MODIFICATIONS_MAX:
            raise refusals.too_many_modifications()
        crosses = order.tif is TimeInForce.GTX and one.book.crosses(order.side, price)
        if quantity <= order.executed or crosses:
            self.cancel(order)
            return
        probe = msgspec.structs.replace(order, price=price, quantity=quantity)
        self.state.closed(order)  # its own margin and place do not count against it
        try:
            self._check_change(one, probe)
        finally:
            self.state.add(order)
        before = order.price, order.quantity
        one.book.cancel(order)
        order.price, order.quantity, order.queued = price, probe.quantity, self.state.next_id()
        self.state.changed(order.account)
        order.modifications += 1
        now_ms = order.updated_ms = order.working_ms = self.state.now_ms()
        self.state.amendments.setdefault(order.order_id, []).append(_amendment(one.contract, order, before, now_ms))
        self.tell_order(order, "AMENDMENT", Status.PARTIALLY_FILLED if order.executed else Status.NEW)
        self._match(order)

    def knock_out(self, order: FuturesOrder) -> None:
        """Expire orders that only close and that orders before them, or a smaller position, leave nothing to close."""
        opened = self.state.open.get(order.account, {})
        if not any(other.only_closes and other.symbol == order.symbol for other in opened.values()):
            return
        position = self.state.account(order.account).position(order.symbol, order.position)
        for side_order in (order, _opposite(order)):
            before = 0
            for other in checks.closing_orders(self.state, side_order):
                closable = closing_part(position.amount, other.signed * (before + other.remaining))
                if other.only_closes and other.resting and closable < before + other.remaining:
                    self.take_off(other, Status.EXPIRED, "EXPIRED", Expiry.KNOCKED_OUT)
                else:
                    before += other.remaining

    # ---------------------------------------------------------------------------------------------------- executions

    def settle(self, one: SymbolState, matched: Sequence[MatchEvent]) -> None:
        """Book what the book did: trades of accounts with each other or the market, and prevented ones."""
        for event in matched:
            for party in (event.maker, event.taker):
                if party is not None:
                    self.state.changed(party.account)
        for event in matched:
            if isinstance(event, Execution):
                one.pricing.trade(event.price, self.state.now_ms())
                self.trade(one, event)
            else:
                self._prevented(event)
        for event in matched:
            maker = as_futures(event.maker)
            if maker is not None:
                self.knock_out(maker)
        if matched:
            self.state.moved[one.contract.symbol] = None

    def trade(self, one: SymbolState, trade: Execution) -> None:
        """Book one execution for both parties."""
        maker, taker = as_futures(trade.maker), as_futures(trade.taker)
        trade_id = self.state.next_of("trade")
        if maker is not None:
            self.fill(maker, trade, trade_id, maker=True)
        if taker is not None:
            self.fill(taker, trade, trade_id, maker=False)
        lone = maker or taker
        if (maker is None or taker is None) and lone is not None:
            self.state.house.trade(one.contract, -lone.signed * trade.quantity, trade.price)
        if maker is not None and not maker.is_open:
            self._over(maker)

    def fill(self, order: FuturesOrder, trade: Execution, trade_id: int, *, maker: bool) -> None:
        """Let an account trade, pay its commission, and hear of it."""
        state, contract = self.state, self.state.contracts[order.symbol]
        account, now_ms, asset = state.account(order.account), state.now_ms(), contract.asset
        signed = order.signed * trade.quantity
        position = account.position(order.symbol, order.position)
        opened = trade.quantity - closing_part(position.amount, signed)
        profit = account.execute(contract, order.position, signed, trade.price, now_ms)
        rate_ppm = state.settings.maker_ppm if maker else state.settings.taker_ppm
        fee = whole(value(trade.price, trade.quantity) * rate_ppm // PPM)
        position.fees += fee * opened // trade.quantity
        add(state.house.fees, asset, fee)
        self._earn(account, order.symbol, {"REALIZED_PNL": profit, "COMMISSION": -fee}, trade_id)
        executed, quote = (
            (trade.maker_executed, trade.maker_quote) if maker else (trade.taker_executed, trade.taker_quote)
        )
        order.updated_ms = now_ms
        state.trades.setdefault(account.name, []).append(
            AccountTrade(
                trade_id=trade_id,
                order_id=order.order_id,
                symbol=order.symbol,
                side=order.side,
                position_side=order.position,
                price=trade.price,
                quantity=trade.quantity,
                quote=trade.quote,
                realised=profit,
                commission=fee,
                asset=asset,
                time_ms=now_ms,
                maker=maker,
            )
        )
        bids, asks = state.order_values(account.name, order.symbol, order.position)
        what = Happening(
            execution="CALCULATED" if order.type is OrderType.LIQUIDATION else "TRADE",
            status=Status.FILLED if executed == order.quantity else Status.PARTIALLY_FILLED,
            executed=executed,
            average=quote * UNIT // executed,
            time_ms=now_ms,
            quantity=trade.quantity,
            price=trade.price,
            commission=fee,
            realised=profit,
            trade_id=trade_id,
            maker=maker,
            bids=bids,
            asks=asks,
        )
        state.tell(account.name, events.trade_lite(contract, order, what))
        self.tell_account(account, "ORDER", asset, [state.holding(account, contract, order.position)])
        state.tell(account.name, events.order_event(contract, order, what))

    def _earn(self, account: FuturesAccount, symbol: str, amounts: dict[str, int], trade_id: int) -> None:
        for kind, amount in amounts.items():
            account.change(
                Income(
                    kind=kind,
                    symbol=symbol,
                    amount=amount,
                    asset=self.state.contracts[symbol].asset,
                    time_ms=self.state.now_ms(),
                    transaction_id=self.state.next_id(),
                    trade_id=trade_id,
                    info=str(trade_id),
                )
            )

    def _prevented(self, event: Prevention) -> None:
        """Tell of orders that expired because they would have traded with their own account."""
        for order, lost in ((event.maker, event.maker_prevented), (event.taker, event.taker_prevented)):
            found = as_futures(order)
            if found is not None and lost and found.remaining == 0:
                found.status, found.expiry = Status.EXPIRED_IN_MATCH, Expiry.SELF_TRADE
                self.tell_order(found, "EXPIRED", found.status)
                if order is event.maker:
                    self._over(found)

    # ------------------------------------------------------------------------------------------------------ telling

    def tell_account(
        self, account: FuturesAccount, reason: str, asset: str, holdings: list[Holding], change: int = 0
    ) -> None:
        """Tell an account of its balance of an asset and of positions that changed."""
        margin = self.state.margin(account, asset)
        balances = {asset: (margin.wallet, margin.cross_wallet)}
        event = events.account_event(reason, balances, holdings, self.state.now_ms(), change)
        self.state.tell(account.name, event)

    def _finish(self, order: FuturesOrder, execution: str) -> None:
        order.updated_ms = self.state.now_ms()
        self.state.closed(order)
        self.tell_order(order, execution, order.status)
        self._over(order)

    def _over(self, order: FuturesOrder) -> None:
        self.state.closed(order)
        self.ended(order)

    def tell_order(self, order: FuturesOrder, execution: str, status: Status) -> None:
        """Tell an order's account what happened to it, besides trades."""
        bids, asks = self.state.order_values(order.account, order.symbol, order.position)
        what = Happening(
            execution=execution,
            status=status,
            executed=order.executed,
            average=order.average,
            time_ms=self.state.now_ms(),
            bids=bids,
            asks=asks,
        )
        self.state.tell(order.account, events.order_event(self.state.contracts[order.symbol], order, what))


def _opposite(order: FuturesOrder) -> FuturesOrder:
    """Return a stand-in for the other side of an order's position, to look up the orders there."""
    return FuturesOrder(
        order_id=0,
        account=order.account,
        symbol=order.symbol,
        side=order.side.other,
        type=order.type,
        quantity=0,
        position_side=order.position_side,
    )


def _amendment(contract: Contract, order: FuturesOrder, before: tuple[int, int], now_ms: int) -> events.Event:
    price, quantity = before
    return {
        "symbol": order.symbol,
        "pair": order.symbol.partition("_")[0],
        "orderId": order.order_id,
        "clientOrderId": order.client_order_id,
        "time": now_ms,
        "amendment": {
            "price": {"before": contract.price_text(price), "after": contract.price_text(order.price)},
            "origQty": {
                "before": contract.quantity_text(quantity),
                "after": contract.quantity_text(order.quantity),
            },
            "count": order.modifications,
        },
    }
