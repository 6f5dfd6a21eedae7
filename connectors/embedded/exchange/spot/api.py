"""The spot exchange put together: accounts, engine, endpoints by name, user data to subscribers, the ledger. No I/O."""

from collections.abc import Callable, Mapping

from connectors.embedded import refusals as market_refusals
from connectors.embedded.exchange.clients import Security
from connectors.embedded.exchange.feed import Feed, Units
from connectors.embedded.exchange.gate import Caller, Endpoint, Parameters
from connectors.embedded.exchange.limits import RateLimits
from connectors.embedded.exchange.members import Member, rate_units, units_of
from connectors.embedded.exchange.orders import UNIT
from connectors.embedded.exchange.spot import reports
from connectors.embedded.exchange.spot.accounts import Bank
from connectors.embedded.exchange.spot.engine import Engine
from connectors.embedded.exchange.spot.lists import Lists
from connectors.embedded.exchange.spot.queries import Queries
from connectors.embedded.exchange.spot.rules import SpotRules, rules_of, text
from connectors.embedded.exchange.spot.trading import Trading
from connectors.embedded.view import MarketView

Listener = Callable[[reports.Json], None]


class SpotExchange:
    """Everything behind the spot endpoints. `views` are the markets by symbol, `now_ms` the venue's clock."""

    def __init__(
        self,
        views: Mapping[str, MarketView],
        limits: RateLimits,
        now_ms: Callable[[], int],
        bnb_prices: Mapping[str, int] | None = None,
    ) -> None:
        """Open without accounts."""
        self.limits = limits
        self._listeners: dict[str, list[Listener]] = {}
        self.engine = Engine(
            Bank(dict(bnb_prices or {})),
            (rules_of(view.listing) for view in views.values()),
            average_price=self._average_price,
            sink=self._publish,
            listening=self.has_listener,
            on_first_fill=lambda account: limits.count_orders(account, -1, now_ms()),
        )
        self.lists = Lists(self.engine, self._publish)
        self._views = views
        self._feeds = {symbol: Feed(view, self) for symbol, view in views.items()}
        self._trading = Trading(self.engine, self.lists, limits)
        self._queries = Queries(self.engine, self.lists, limits)
        self._now_ms = now_ms

    # -------------------------------------------------------------------------------------------------------- accounts

    def admit(self, member: Member) -> None:
        """Open an account, or change and add to the one of this name. Raises SettingsError."""
        balances = units_of(member.balances)
        terms: dict[str, object] = {}
        for name, rate in (("maker_rate", member.maker_rate), ("taker_rate", member.taker_rate)):
            if rate is not None:
                terms[name] = rate_units(rate)
        if member.pays_in_bnb is not None:
            terms["pays_in_bnb"] = member.pays_in_bnb
        if member.trade_group is not None:
            terms["trade_group"] = member.trade_group
        self.engine.bank.open(member.name, **terms)
        for asset, amount in balances.items():
            self.engine.deposit(member.name, asset, amount, self._now_ms())

    def subscribe(self, account: str, listener: Listener) -> None:
        """Let a listener have the account's user data events from now on."""
        self._listeners.setdefault(account, []).append(listener)

    def unsubscribe(self, account: str, listener: Listener) -> None:
        """End a subscription."""
        self._listeners[account].remove(listener)

    def has_listener(self, account: str) -> bool:
        """Return whether anybody has the account's events."""
        return bool(self._listeners.get(account))

    def rules(self, symbol: str) -> SpotRules:
        """Return a symbol's rules as they are now."""
        return self.engine.states[symbol].rules

    def change_rules(self, rules: SpotRules) -> None:
        """Let other rules hold for a symbol from now on; open orders stay."""
        state = self.engine.states[rules.symbol]
        state.rules = rules
        state.book.lot = rules.step

    def ledger(self) -> reports.Json:
        """Return all orders, all executions and all balances of all accounts, and who has what they gave away."""
        states = self.engine.states.values()
        bank = self.engine.bank
        return {
            "accounts": {
                name: {
                    "balances": {
                        asset: {"free": text(balance.free), "locked": text(balance.locked)}
                        for asset, balance in account.balances.items()
                    },
                    "orders": [
                        reports.queried(order) for state in states for order in state.account_orders.get(name, [])
                    ],
                    "executions": [reports.trade(fill) for state in states for fill in state.fills.get(name, [])],
                    "orderLists": [reports.order_list(listed) for listed in self.lists.of(name)],
                }
                for name, account in bank.accounts.items()
            },
            "deposited": {asset: text(amount) for asset, amount in bank.deposited.items()},
            "market": {asset: text(amount) for asset, amount in bank.market.items()},
            "commissions": {asset: text(amount) for asset, amount in bank.commissions.items()},
        }

    # ---------------------------------------------------------------------------------------- the market (MarketTaker)

    def is_busy(self, symbol: str) -> bool:
        """Whether accounts have open orders on a symbol."""
        return self.engine.states[symbol].working > 0

    def on_market_levels(self, symbol: str, bids: Units, asks: Units, *, whole: bool) -> None:
        """Take displayed levels."""
        self.engine.on_levels(symbol, bids, asks, self._now_ms(), whole=whole)

    def on_market_trade(self, symbol: str, price: int, quantity: int, *, buyer_is_maker: bool) -> None:
        """Take a trade."""
        self.engine.on_trade(symbol, price, quantity, self._now_ms(), buyer_is_maker=buyer_is_maker)

    def _average_price(self, symbol: str) -> int:
        """Return the volume-weighted price of the last minutes, 0 before the first trade."""
        candles = self._views[symbol].tape().candles("1m")[-self.rules(symbol).average_minutes :]
        volume = sum(candle.volume for candle in candles)
        return sum(candle.turnover for candle in candles) * UNIT // volume if volume else 0

    def _publish(self, account: str, event: reports.Json) -> None:
        for listener in self._listeners.get(account, ()):
            listener(event)

    # ------------------------------------------------------------------------------------------------------- endpoints

    def endpoints(self) -> list[Endpoint]:
        """Return every endpoint of the REST and the WebSocket API."""
        trading, queries = self._trading, self._queries
        base = "/api/v3/"
        rows = [
            _trade("POST", base + "order", "order.place", trading.place, places=True),
            _trade("POST", base + "order/test", "order.test", trading.test, weight=_test_weight),
            _trade("DELETE", base + "order", "order.cancel", trading.cancel),
            _trade("DELETE", base + "openOrders", "openOrders.cancelAll", trading.cancel_all),
            _trade("POST", base + "order/cancelReplace", "order.cancelReplace", trading.replace, places=True),
            _trade("PUT", base + "order/amend/keepPriority", "order.amend.keepPriority", trading.amend, weight=4),
            _trade("POST", base + "orderList/oco", "orderList.place.oco", trading.place_oco, places=True),
            _trade("POST", base + "order/oco", "orderList.place", trading.place_old_oco, places=True),
            _trade("POST", base + "orderList/oto", "orderList.place.oto", trading.place_oto, places=True),
            _trade("POST", base + "orderList/otoco", "orderList.place.otoco", trading.place_otoco, places=True),
            _trade("DELETE", base + "orderList", "orderList.cancel", trading.cancel_list),
            _query(base + "order", "order.status", queries.order, 4),
            _query(base + "openOrders", "openOrders.status", queries.open_orders, _open_orders_weight),
            _query(base + "allOrders", "allOrders", queries.all_orders, 20),
            _query(base + "orderList", "orderList.status", queries.order_list, 4),
            _query(base + "allOrderList", "allOrderLists", queries.all_order_lists, 20),
            _query(base + "openOrderList", "openOrderLists.status", queries.open_order_lists, 6),
            _query(base + "myTrades", "myTrades", queries.trades, lambda p: 5 if "orderId" in p else 20),
            _query(base + "account", "account.status", queries.account, 20),
            _query(base + "account/commission", "account.commission", queries.commission, 20),
            _query(base + "rateLimit/order", "account.rateLimits.orders", queries.order_limits, 40),
            _query(base + "myPreventedMatches", "myPreventedMatches", queries.prevented, _prevented_weight),
            _query(base + "order/amendments", "order.amendments", queries.amendments, 4),
            _query(base + "myFilters", "myFilters", queries.filters, 40),
            _query("/sapi/v1/account/apiRestrictions", "", queries.restrictions, 1),
            _query("/sapi/v1/capital/config/getall", "", queries.coins, 10),
            _query("/sapi/v1/capital/deposit/hisrec", "", queries.deposits, 1),
            _query("/sapi/v1/capital/withdraw/history", "", queries.withdrawals, 1),
            _query("/sapi/v1/asset/assetDividend", "", queries.no_rows, 10),
            _query("/sapi/v1/asset/transfer", "", queries.no_rows, 1),
            _query("/sapi/v1/asset/tradeFee", "", queries.trade_fees, 1),
            _query("/sapi/v1/margin/allPairs", "", queries.no_margin, 1),
            _query("/sapi/v1/margin/isolated/allPairs", "", queries.no_margin, 10),
        ]
        return [_following(row, self.follow) for row in rows]

    def follow(self, parameters: Parameters) -> None:
        """Bring the symbol's book to where playback is before an order meets it."""
        symbol = parameters.get("symbol", "")
        if not symbol:
            return
        feed = self._feeds.get(symbol)
        if feed is None:
            raise market_refusals.invalid_symbol()
        feed.attach()


def _following(endpoint: Endpoint, follow: Callable[[Parameters], None]) -> Endpoint:
    inner = endpoint.handler

    def handler(caller: Caller, parameters: Parameters) -> object:
        follow(parameters)
        return inner(caller, parameters)

    return Endpoint(
        verb=endpoint.verb,
        path=endpoint.path,
        method=endpoint.method,
        security=endpoint.security,
        handler=handler,
        weight=endpoint.weight,
        places=endpoint.places,
    )


def _trade(
    verb: str,
    path: str,
    method: str,
    handler: Callable[[Caller, Parameters], object],
    *,
    weight: int | Callable[[Parameters], int] = 1,
    places: bool = False,
) -> Endpoint:
    return Endpoint(
        verb=verb, path=path, method=method, security=Security.TRADE, handler=handler, weight=weight, places=places
    )


def _query(
    path: str,
    method: str,
    handler: Callable[[Caller, Parameters], object],
    weight: int | Callable[[Parameters], int],
) -> Endpoint:
    return Endpoint(verb="GET", path=path, method=method, security=Security.USER_DATA, handler=handler, weight=weight)


def _test_weight(parameters: Parameters) -> int:
    return 20 if parameters.get("computeCommissionRates") == "true" else 1


def _open_orders_weight(parameters: Parameters) -> int:
    return 6 if parameters.get("symbol") else 80


def _prevented_weight(parameters: Parameters) -> int:
    return 2 if "preventedMatchId" in parameters else 20
