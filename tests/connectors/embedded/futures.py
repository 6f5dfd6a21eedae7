"""A futures exchange on a clock of its own, and traders who sign their requests as any client does."""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from connectors.embedded.exchange.gate import Gate, Reply
from connectors.embedded.exchange.keys import KeyStore
from connectors.embedded.exchange.limits import Limit, RateLimits
from connectors.embedded.exchange.members import Member, add_key
from connectors.embedded.exchange.usdm.contracts import USDM_LIMITS
from connectors.embedded.exchange.usdm.exchange import UsdmExchange
from connectors.embedded.exchange.usdm.state import FuturesSettings
from connectors.embedded.market import Listing, Market, listing
from connectors.embedded.view import MarketView

Json = Any
ONE = 10**8
START_MS = 1_700_000_000_000
LISTINGS: tuple[Listing, ...] = (
    listing(Market.USDM, "BTCUSDT", 1, 3),
    listing(Market.USDM, "ETHUSDT", 2, 3),
)


class Refused(Exception):
    def __init__(self, status: int, body: Json) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.code = body["code"]


class Bench:
    """An exchange, its clock, and what every account's private stream got."""

    def __init__(
        self, accounts: str = "ab", balance: str = "10000", limits: Sequence[Limit] = USDM_LIMITS, **settings: Any
    ) -> None:
        self.now_ms = START_MS
        keys = KeyStore()
        self.told: dict[str, list[Json]] = {}
        self.exchange = UsdmExchange(
            {one.symbol: MarketView(one, ()) for one in LISTINGS},
            RateLimits(limits),
            lambda: self.now_ms,
            lambda key, event: self.told.setdefault(key, []).append(event),
            FuturesSettings(**settings),
        )
        self.exchange.follow()
        for name in accounts:
            member = Member(name=name, key=f"key-{name}", secret=f"secret-{name}", futures_balances={"USDT": balance})
            add_key(keys, member, self.now_ms)
            self.exchange.admit(member)
        self.gate = Gate(keys, self.exchange.limits, self.exchange.endpoints(), lambda: self.now_ms)

    def answer(self, method: str, path: str, query: str, api_key: str | None) -> Reply:
        """Send a request as it is."""
        endpoint = self.gate.rest[method, f"/fapi/{path}"]
        return self.gate.answer_rest(endpoint, query=query, body="", api_key=api_key, address="test")

    def trader(self, name: str = "a") -> "Trader":
        return Trader(self, name)

    def market(self, bid: float, ask: float, size: float = 1_000, symbol: str = "BTCUSDT") -> None:
        """Show a market of one level a side, and let it trade once in the middle of it."""
        levels = [(round(bid * ONE), round(size * ONE))], [(round(ask * ONE), round(size * ONE))]
        self.exchange.on_market_levels(symbol, *levels, whole=True)

    def last(self, price: float, size: float = 0.001, symbol: str = "BTCUSDT", *, sold: bool = True) -> None:
        self.exchange.on_market_trade(symbol, round(price * ONE), round(size * ONE), buyer_is_maker=sold)

    def advance(self, ms: int) -> None:
        self.now_ms += ms
        self.exchange.tick()


class Trader:
    """An account's client: signs, sends, and raises Refused where it is refused."""

    def __init__(self, bench: Bench, name: str) -> None:
        self.bench = bench
        self.name = name
        self.listen_key: str = self.keyed("POST")["listenKey"]
        bench.told[self.listen_key] = []

    @property
    def events(self) -> list[Json]:
        return self.bench.told[self.listen_key]

    def kinds(self) -> list[str]:
        return [event["e"] for event in self.events]

    def keyed(self, method: str, path: str = "v1/listenKey") -> Json:
        """Call what takes a key and no signature."""
        return self._body(self.bench.answer(method, path, "", f"key-{self.name}"))

    def call(self, method: str, path: str, **parameters: object) -> Json:
        sent = {name: value for name, value in parameters.items() if value is not None}
        query = urlencode({**sent, "timestamp": self.bench.now_ms})
        signature = hmac.new(f"secret-{self.name}".encode(), query.encode(), hashlib.sha256).hexdigest()
        return self._body(self.bench.answer(method, path, f"{query}&signature={signature}", f"key-{self.name}"))

    @staticmethod
    def _body(answer: Reply) -> Json:
        if answer.status != 200:
            raise Refused(answer.status, answer.body)
        return answer.body

    def order(self, side: str, quantity: object, price: object = None, **more: object) -> Json:
        terms: dict[str, object] = {"symbol": "BTCUSDT", "side": side, "quantity": quantity, **more}
        if price is None:
            terms = {"type": "MARKET", "newOrderRespType": "RESULT", **terms}
        else:
            terms = {"type": "LIMIT", "timeInForce": "GTC", "price": price, **terms}
        return self.call("POST", "v1/order", **terms)

    def algo(self, kind: str, side: str, quantity: object, **more: object) -> Json:
        terms = {"symbol": "BTCUSDT", "algoType": "CONDITIONAL", "side": side, "type": kind, "quantity": quantity}
        return self.call("POST", "v1/algoOrder", **{**terms, **more})

    def position(self, symbol: str = "BTCUSDT", side: str = "BOTH") -> float:
        rows = self.call("GET", "v2/positionRisk", symbol=symbol)
        return next(float(row["positionAmt"]) for row in rows if row["positionSide"] == side)

    def wallet(self) -> float:
        return float(self.call("GET", "v3/account")["totalWalletBalance"])
