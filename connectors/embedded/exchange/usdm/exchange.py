"""The USDⓈ-M exchange put together: accounts, endpoints by name, the market it follows, private streams. No I/O.

exchange = UsdmExchange(views, RateLimits(USDM_LIMITS), now_ms, send)
gate = Gate(keys, exchange.limits, exchange.endpoints(), now_ms)
"""

from collections.abc import Callable, Mapping

import msgspec

from connectors.embedded.errors import RequestError, SettingsError
from connectors.embedded.exchange.clients import Security
from connectors.embedded.exchange.feed import Feed, Units
from connectors.embedded.exchange.gate import Caller, Endpoint
from connectors.embedded.exchange.keys import Permission
from connectors.embedded.exchange.limits import LimitKind, RateLimits
from connectors.embedded.exchange.members import Member, rate_units, units_of
from connectors.embedded.exchange.orders import Side, Status, TimeInForce
from connectors.embedded.exchange.usdm import events, funding
from connectors.embedded.exchange.usdm.account import Income
from connectors.embedded.exchange.usdm.account_api import AccountApi
from connectors.embedded.exchange.usdm.algo import AlgoService
from connectors.embedded.exchange.usdm.engine import Engine
from connectors.embedded.exchange.usdm.ledger import ledger
from connectors.embedded.exchange.usdm.liquidation import Liquidator
from connectors.embedded.exchange.usdm.listen_keys import ListenKeys
from connectors.embedded.exchange.usdm.orders import AlgoStatus, Expiry
from connectors.embedded.exchange.usdm.public_api import PublicApi
from connectors.embedded.exchange.usdm.requests import Parameters
from connectors.embedded.exchange.usdm.routes import WS_METHODS, Route, rest_routes
from connectors.embedded.exchange.usdm.state import Event, FuturesSettings, State
from connectors.embedded.exchange.usdm.trade_api import TradeApi
from connectors.embedded.view import MarketView
from core.money import MONEY_UNIT

Send = Callable[[str, Event], None]  # a stream (a listen key is one), and what its subscribers get

_MONEY_OF_UNIT: int = MONEY_UNIT // 10**8


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the venue's owner may decide: funding of a contract, a transfer into an account or (negative) out of it."""

    symbol: str = ""
    funding_rate: str | None = None  # of the funding to come: "0.0001"
    funding_interval_s: float | None = None
    exchange_funding: bool = False  # now
    account: str = ""
    asset: str = "USDT"
    transfer: str | None = None


class UsdmExchange:
    """Everything of USDⓈ-M behind a server; each method is one moment, and ends with all its consequences drawn."""

    def __init__(
        self,
        views: Mapping[str, MarketView],
        limits: RateLimits,
        now_ms: Callable[[], int],
        send: Send,
        settings: FuturesSettings | None = None,
    ) -> None:
        """List the views' contracts; what an account is told goes to `send`, the stream being its listen key."""
        self.limits = limits
        self.now_ms = now_ms
        chosen = settings or FuturesSettings()
        self.listen_keys = ListenKeys(chosen.listen_key_life_ms)
        self._send = send
        self.state = State((view.listing for view in views.values()), chosen, self._tell, send, now_ms)
        self.engine = Engine(self.state)
        self.algos = AlgoService(self.engine)
        self.liquidator = Liquidator(self.engine, self.algos)
        self.trade = TradeApi(self.engine, self.algos)
        self.public = PublicApi(self.state)
        self._feeds = {symbol: Feed(view, self) for symbol, view in views.items()}
        self._busy: dict[str, bool] = {}
        key = Security.KEY
        self._routes = {
            **rest_routes(self.trade, AccountApi(self.engine)),
            ("POST", "v1/listenKey"): Route(self._create_key, key, 1),
            ("PUT", "v1/listenKey"): Route(self._keep_key, key, 1),
            ("DELETE", "v1/listenKey"): Route(self._delete_key, key, 1),
            ("GET", "v1/rateLimit/order"): Route(self._order_limits, Security.USER_DATA, 1),
        }

    # ------------------------------------------------------------------------------------------------------- requests

    def endpoints(self) -> list[Endpoint]:
        """Return every endpoint with a key; a call known to the WebSocket API under two names is there twice."""
        methods: dict[tuple[str, str], list[str]] = {}
        for method, route in WS_METHODS.items():
            methods.setdefault(route, []).append(method)
        return [
            Endpoint(
                verb=verb,
                path=f"/fapi/{path}",
                method=method,
                security=route.security,
                handler=self._handler(route, changes=verb != "GET"),
                weight=route.cost,
                places=bool(route.orders),
                permission=Permission.FUTURES if route.security is Security.TRADE else None,
            )
            for (verb, path), route in self._routes.items()
            for method in methods.get((verb, path), [""])
        ]

    def _handler(self, route: Route, *, changes: bool) -> Callable[[Caller, Parameters], object]:
        def handle(caller: Caller, parameters: Parameters) -> object:
            if route.orders:
                self.limits.orders(caller.account, route.orders, caller.now_ms)
                self.limits.count_orders(caller.account, route.orders, caller.now_ms)
            symbol = parameters.get("symbol", "")
            self.follow(symbol)
            self.state.account(caller.account)
            try:
                return route.handler(caller.account, parameters)
            finally:
                if changes:
                    # It may have given a symbol work, or taken its last; batches name theirs inside.
                    self.state.moved.update(dict.fromkeys([symbol] if symbol in self._feeds else self._feeds))
                self.react()

        return handle

    # ----------------------------------------------------------------------------------------- the market (MarketTaker)

    def follow(self, symbol: str = "") -> None:
        """Bring a symbol's book, or every one, to where playback is."""
        for name, feed in self._feeds.items():
            if name == symbol or symbol not in self._feeds or self.is_busy(name):
                feed.attach()
        self.react()

    def is_busy(self, symbol: str) -> bool:
        """Whether orders, conditional orders or positions wait for a symbol's market."""
        return self._busy.get(symbol, False)

    def _has_work(self, symbol: str) -> bool:
        state = self.state
        return (
            any(len(triggers) for triggers in state.symbols[symbol].triggers.values())
            or any(order.symbol == symbol for orders in state.open.values() for order in orders.values())
            or next(state.with_positions(symbol), None) is not None
        )

    def on_market_levels(self, symbol: str, bids: Units, asks: Units, *, whole: bool) -> None:
        """Take displayed levels with their absolute quantities; `whole` where they are all there are."""
        one = self.state.symbols[symbol]
        matched = one.book.reset(bids, asks) if whole else one.book.show(bids, asks)
        if matched:
            self.engine.settle(one, matched)
        before = one.pricing.mark
        one.pricing.quote(one.book.best(Side.BUY) or 0, one.book.best(Side.SELL) or 0, self.now_ms())
        if self.is_busy(symbol) and (matched or one.pricing.mark != before):
            self.state.moved[symbol] = None
            self.react()

    def on_market_trade(self, symbol: str, price: int, quantity: int, *, buyer_is_maker: bool) -> None:
        """Take a trade of the market's."""
        one = self.state.symbols[symbol]
        matched = one.book.trade(price, quantity, buyer_is_maker=buyer_is_maker)
        if matched:
            self.engine.settle(one, matched)
        one.pricing.trade(price, self.now_ms())
        if self.is_busy(symbol):
            self.state.moved[symbol] = None
            self.react()

    def on_mark(self, symbol: str, data: bytes) -> None:
        """Take a recorded `markPriceUpdate`."""
        if self.state.symbols[symbol].pricing.event(data):
            self.state.moved[symbol] = None
            self.react()

    def react(self) -> None:
        """Trigger, and liquidate, until nothing is left that prices or positions call for."""
        moved = self.state.moved
        while moved:
            symbol = next(iter(moved))
            del moved[symbol]
            self.algos.on_prices(symbol)
            self.liquidator.check(symbol)
            self._busy[symbol] = self._has_work(symbol)

    # ------------------------------------------------------------------------------------------------------- the clock

    def tick(self) -> None:
        """Do what is due by the clock: funding, good-till-date, countdowns, keys that were not kept alive."""
        now_ms = self.now_ms()
        for symbol, feed in self._feeds.items():
            if self.is_busy(symbol):
                feed.attach()
        funding.exchange_due(self.engine)
        self._expire_orders(now_ms)
        for (account, symbol), due_ms in list(self.trade.countdowns.items()):
            if due_ms <= now_ms:
                del self.trade.countdowns[account, symbol]
                self.trade.cancel_symbol(account, symbol)
        for key in self.listen_keys.expired(now_ms):
            self._send(key.text, events.listen_key_expired(key.text, now_ms))
        self.react()

    def _expire_orders(self, now_ms: int) -> None:
        for orders in list(self.state.open.values()):
            for order in list(orders.values()):
                if order.tif is TimeInForce.GTD and order.good_till_ms <= now_ms and order.resting:
                    self.engine.take_off(order, Status.EXPIRED, "EXPIRED", Expiry.NONE)
        for name in list(self.state.algos):
            for algo in self.state.open_algos(name):
                if algo.tif is TimeInForce.GTD and algo.good_till_ms <= now_ms:
                    self.algos.cancel(algo, AlgoStatus.EXPIRED)

    # ------------------------------------------------------------------------------------------------- what owners do

    def admit(self, member: Member) -> None:
        """Open an account, or add to the one of this name. Raises SettingsError."""
        self.state.account(member.name)
        for asset, amount in units_of(member.futures_balances).items():
            self.deposit(member.name, asset, amount * _MONEY_OF_UNIT)

    def deposit(self, account: str, asset: str, amount: int) -> None:
        """Transfer money in, or out where it is negative; it has to be there. Raises RequestError."""
        owner, now_ms = self.state.account(account), self.now_ms()
        if amount < 0 and -amount > self.state.margin(owner, asset).max_withdraw:
            raise RequestError(-2018, "Balance is insufficient.")
        owner.change(
            Income(
                kind="TRANSFER",
                symbol="",
                amount=amount,
                asset=asset,
                time_ms=now_ms,
                transaction_id=self.state.next_id(),
            )
        )
        self.engine.tell_account(owner, "DEPOSIT" if amount > 0 else "WITHDRAW", asset, [], amount)

    def decide(self, decision: Decision) -> None:
        """Do what the venue's owner decided. Raises SettingsError or RequestError."""
        if decision.symbol:
            one = self.state.symbols.get(decision.symbol)
            if one is None:
                raise SettingsError(f"no contract {decision.symbol!r}; there are {', '.join(self.state.symbols)}")
            if decision.funding_rate is not None:
                one.pricing.rate = rate_units(decision.funding_rate)
            if decision.funding_interval_s is not None:
                one.pricing.set_interval(max(1, round(decision.funding_interval_s * 1_000)), self.now_ms())
            if decision.exchange_funding:
                self.follow(decision.symbol)
                funding.exchange(self.engine, one)
        if decision.account and decision.transfer is not None:
            self.deposit(decision.account, decision.asset, rate_units(decision.transfer) * _MONEY_OF_UNIT)
        self.react()

    def ledger(self) -> Event:
        """Return all orders, executions, positions and balances of all accounts, and who has what they gave away."""
        return ledger(self.state)

    # -------------------------------------------------------------------------------------------------- private streams

    def _tell(self, account: str, event: Event) -> None:
        key = self.listen_keys.of(account)
        if key is not None:
            self._send(key, event)

    def _create_key(self, account: str, _: Parameters) -> Event:
        return {"listenKey": self.listen_keys.create(account, self.now_ms())}

    def _keep_key(self, account: str, _: Parameters) -> Event:
        return {"listenKey": self.listen_keys.keep_alive(account, self.now_ms())}

    def _delete_key(self, account: str, _: Parameters) -> Event:
        self.listen_keys.delete(account)
        return {}

    def _order_limits(self, account: str, _: Parameters) -> list[Mapping[str, object]]:
        return [limit.told for limit, _ in self.limits.used(LimitKind.ORDERS, account, self.now_ms())]
