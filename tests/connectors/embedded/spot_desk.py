"""The spot exchange without a network: endpoints called as requests would call them, on a market set by hand."""

from typing import Any

from connectors.embedded.errors import RequestError
from connectors.embedded.exchange.gate import Caller, Endpoint
from connectors.embedded.exchange.keys import ApiKey
from connectors.embedded.exchange.limits import Limit, LimitKind, RateLimits
from connectors.embedded.exchange.members import Member
from connectors.embedded.exchange.orders import UNIT
from connectors.embedded.exchange.spot.api import SpotExchange
from connectors.embedded.market import Market, listing
from connectors.embedded.view import MarketView

Json = Any
SYMBOL = "BTCUSDT"
PLENTY = (Limit(LimitKind.REQUEST_WEIGHT, "MINUTE", 1, 10**9), Limit(LimitKind.ORDERS, "SECOND", 10, 10**9))


class Desk:
    """BTCUSDT with a tick of 0.01 and a lot of 0.00001; accounts `a`, `b` and `c` with 10 BTC and 100,000 USDT."""

    def __init__(self, limits: tuple[Limit, ...] = PLENTY, **terms: Any) -> None:
        self.now_ms = 1_700_000_000_000
        view = MarketView(listing(Market.SPOT, SYMBOL, 2, 5), ())
        self.limits = RateLimits(limits)
        self.exchange = SpotExchange({SYMBOL: view}, self.limits, lambda: self.now_ms, {"USDT": 500 * UNIT})
        self.engine = self.exchange.engine
        self.exchange.follow({"symbol": SYMBOL})  # from now on the market is what the test shows
        self.events: dict[str, list[Json]] = {}
        for name in "abc":
            self.exchange.admit(Member(name=name, balances={"BTC": "10", "USDT": "100000"}, **terms))
            self.events[name] = []
            self.exchange.subscribe(name, self.events[name].append)
        self.methods: dict[str, Endpoint] = {each.method: each for each in self.exchange.endpoints()}

    def call(self, account: str, method: str, **parameters: Any) -> Json:
        texts = {name: str(value) for name, value in parameters.items()}
        caller = Caller(ApiKey(key=account, account=account, secret="s"), "127.0.0.1", self.now_ms)
        return self.methods[method].handler(caller, {"symbol": SYMBOL, **texts})

    def place(self, account: str, side: str, kind: str, quantity: Any = None, price: Any = None, **more: Any) -> Json:
        if quantity is not None:
            more["quantity"] = quantity
        if price is not None:
            more["price"] = price
        if kind == "LIMIT" or kind.endswith("_LIMIT"):
            more.setdefault("timeInForce", "GTC")
        more.setdefault("newOrderRespType", "FULL")
        return self.call(account, "order.place", side=side, type=kind, **more)

    def refusal(self, account: str, method: str, **parameters: Any) -> tuple[int, str]:
        try:
            self.call(account, method, **parameters)
        except RequestError as error:
            return error.code, error.message
        raise AssertionError("the request was taken")

    def show(self, bids: dict[float, float], asks: dict[float, float]) -> None:
        self.engine.on_levels(SYMBOL, _units(bids), _units(asks), self.now_ms, whole=False)

    def trade(self, price: float, quantity: float = 0.0, *, buyer_is_maker: bool = True) -> None:
        self.engine.on_trade(
            SYMBOL, round(price * UNIT), round(quantity * UNIT), self.now_ms, buyer_is_maker=buyer_is_maker
        )

    def status(self, account: str, order_id: int) -> str:
        return str(self.call(account, "order.status", orderId=order_id)["status"])

    def balance(self, account: str, asset: str) -> tuple[float, float]:
        found = self.engine.bank.accounts[account].balance(asset)
        return found.free / UNIT, found.locked / UNIT

    def check_books(self) -> None:
        """Every unit is somewhere, and what is locked is what open orders hold."""
        for asset in ("BTC", "USDT", "BNB"):
            assert self.engine.bank.net(asset) == 0, asset
        for name, account in self.engine.bank.accounts.items():
            for asset, balance in account.balances.items():
                held = [h.amount for h in self.engine.bank.holds.values() if (h.account, h.asset) == (name, asset)]
                assert balance.locked == sum(held)
                assert balance.free >= 0


def _units(levels: dict[float, float]) -> list[tuple[int, int]]:
    return [(round(price * UNIT), round(quantity * UNIT)) for price, quantity in levels.items()]
