"""Liquidation: an account whose margin is down to maintenance loses its orders, then its positions. No I/O.

"Margin Ratio = Maintenance Margin / Margin Balance": at 100% the venue takes over. It cancels the open orders, then
closes positions, those that need most maintenance first, until the ratio is below 100% again: with an IOC order at the
bankruptcy price, and what that leaves goes to the insurance fund at the bankruptcy price. The fund also pays what an
account owes after that, and is paid the liquidation fee out of what is left.
"""

from connectors.embedded.exchange.matching import Execution
from connectors.embedded.exchange.orders import UNIT, OrderType, Side, Status, TimeInForce
from connectors.embedded.exchange.usdm import events
from connectors.embedded.exchange.usdm.account import FuturesAccount, Income
from connectors.embedded.exchange.usdm.algo import AlgoService
from connectors.embedded.exchange.usdm.contracts import PPM, Contract, value, whole
from connectors.embedded.exchange.usdm.engine import Engine
from connectors.embedded.exchange.usdm.house import add
from connectors.embedded.exchange.usdm.margin import AssetMargin, Holding, bankruptcy_price
from connectors.embedded.exchange.usdm.orders import AlgoStatus, Expiry, FuturesOrder


class Liquidator:
    """Watches margins, warns, and liquidates."""

    def __init__(self, engine: Engine, algos: AlgoService) -> None:
        """Act on the engine's accounts."""
        self.engine = engine
        self.state = engine.state
        self.algos = algos

    def check(self, symbol: str) -> None:
        """Look at every account that holds a contract whose price, or whose holders' margin, has changed."""
        asset = self.state.contracts[symbol].asset
        for account in self.state.with_positions(symbol):
            self.check_account(account, asset)
        for account in self.state.accounts.values():
            if account.wallets.get(asset, 0) < 0:
                self._absolve(account, asset, symbol)

    def check_account(self, account: FuturesAccount, asset: str) -> None:
        """Liquidate what is due of an account's positions in one margin asset, and warn of what is near."""
        holdings = self.state.holdings(account, asset)
        near = []
        for holding in holdings:
            if holding.isolated and holding.position.amount:
                if holding.isolated_margin <= holding.maintenance:
                    self._isolated(account, holding)
                elif self._is_near(holding.maintenance, holding.isolated_margin):
                    near.append(holding)
        crossed = [holding for holding in self.state.holdings(account, asset) if _is_crossed(holding)]
        margin = self.state.margin(account, asset)
        if crossed and margin.cross_balance <= margin.cross_maintenance:
            self._cross(account, asset, crossed)
        elif crossed and self._is_near(margin.cross_maintenance, margin.cross_balance):
            near += crossed
        self._warn(account, asset, near)

    def _absolve(self, account: FuturesAccount, asset: str, symbol: str) -> None:
        """Let the fund pay what an account owes that has closed its last crossed position at too bad a price."""
        if any(_is_crossed(holding) for holding in self.state.holdings(account, asset)):
            return
        owed = self.state.margin(account, asset).cross_wallet
        if owed < 0:
            self._insure(account, self.state.contracts[symbol], owed, 0)

    def _is_near(self, maintenance: int, balance: int) -> bool:
        return maintenance * PPM >= balance * self.state.settings.margin_call_ppm

    def _warn(self, account: FuturesAccount, asset: str, near: list[Holding]) -> None:
        """Send one MARGIN_CALL each time that the ratio becomes high."""
        if near and not account.warned:
            cross_wallet = self.state.margin(account, asset).cross_wallet
            self.state.tell(account.name, events.margin_call(cross_wallet, near, self.state.now_ms()))
        account.warned = bool(near)

    # --------------------------------------------------------------------------------------- isolated, cross

    def _isolated(self, account: FuturesAccount, holding: Holding) -> None:
        asset = holding.contract.asset
        self._cancel_orders(account, [holding])
        before = self.state.margin(account, asset).cross_wallet
        notional = self._close(account, holding, bankruptcy_price(holding, holding.position.isolated_wallet))
        left = self.state.margin(account, asset).cross_wallet - before
        self._insure(account, holding.contract, left, notional)

    def _cross(self, account: FuturesAccount, asset: str, crossed: list[Holding]) -> None:
        self._cancel_orders(account, crossed)
        for holding in sorted(crossed, key=lambda one: -one.maintenance):
            margin = self.state.margin(account, asset)
            if margin.cross_balance > margin.cross_maintenance:
                return
            notional = self._close(account, holding, self._cross_price(margin, holding))
            margin = self.state.margin(account, asset)
            self._insure(account, holding.contract, max(0, margin.cross_balance), notional)
        margin = self.state.margin(account, asset)
        if margin.cross_wallet < 0:
            self._insure(account, crossed[0].contract, margin.cross_wallet, 0)

    def _cross_price(self, margin: AssetMargin, holding: Holding) -> int:
        """Return the price at which the whole account would be bankrupt, but never one better than the mark price."""
        price = bankruptcy_price(holding, margin.cross_balance - holding.unrealised)
        mark = max(holding.contract.tick, holding.mark // holding.contract.tick * holding.contract.tick)
        return min(price, mark) if holding.position.amount > 0 else max(price, mark)

    # ---------------------------------------------------------------------------------------------------------- closing

    def _cancel_orders(self, account: FuturesAccount, holdings: list[Holding]) -> None:
        for symbol in dict.fromkeys(holding.contract.symbol for holding in holdings):
            for order in self.state.open_orders(account.name, symbol):
                self.engine.take_off(order, Status.EXPIRED, "EXPIRED", Expiry.LIQUIDATION)
            for algo in self.state.open_algos(account.name, symbol):
                self.algos.cancel(algo, AlgoStatus.EXPIRED)

    def _close(self, account: FuturesAccount, holding: Holding, price: int) -> int:
        """Close a position at a price or better, what the book leaves at the price; returns the value traded."""
        state, contract, now_ms = self.state, holding.contract, self.state.now_ms()
        number = state.next_id()
        order = FuturesOrder(
            order_id=number,
            account=account.name,
            symbol=contract.symbol,
            side=Side.SELL if holding.position.amount > 0 else Side.BUY,
            type=OrderType.LIQUIDATION,
            original_type=OrderType.LIQUIDATION,
            quantity=abs(holding.position.amount),
            price=price,
            tif=TimeInForce.IOC,
            client_order_id=f"autoclose-{now_ms}{number:06d}",
            position_side=holding.side.value,
            created_ms=now_ms,
            updated_ms=now_ms,
            working_ms=now_ms,
        )
        one = state.symbols[contract.symbol]
        state.orders.setdefault(account.name, {})[number] = order
        state.forced.setdefault(account.name, []).append(order)
        self.engine.tell_order(order, "NEW", Status.NEW)
        self.engine.settle(one, one.book.submit(order))
        rest = order.remaining
        if rest:
            order.status = Status.FILLED
            order.executed += rest
            quote = price * rest // UNIT
            order.quote += quote
            taken = Execution(price, rest, quote, None, order, 0, 0, order.executed, order.quote)
            self.engine.trade(one, taken)
            state.moved[contract.symbol] = None
        forced = events.force_order(contract, order, rest or order.quantity, now_ms)
        for stream in (f"{contract.symbol.lower()}@forceOrder", "!forceOrder@arr"):
            state.publish(stream, forced)
        return value(order.average, order.executed)

    def _insure(self, account: FuturesAccount, contract: Contract, left: int, notional: int) -> None:
        """Take the liquidation fee out of what is left of the margin, or let the fund pay what is owed."""
        amount = whole(-left if left < 0 else -min(left, notional * contract.liquidation_fee_ppm // PPM))
        if amount == 0:
            return
        add(self.state.house.insurance, contract.asset, -amount)
        account.change(
            Income(
                kind="INSURANCE_CLEAR",
                symbol=contract.symbol,
                amount=amount,
                asset=contract.asset,
                time_ms=self.state.now_ms(),
                transaction_id=self.state.next_id(),
            )
        )
        self.engine.tell_account(account, "INSURANCE_CLEAR", contract.asset, [], amount)


def _is_crossed(holding: Holding) -> bool:
    return not holding.isolated and holding.position.amount != 0
