"""The Binance connector's adapters: spot and USDⓈ-M on the embedded venue."""

import contextlib
import time
from collections.abc import AsyncIterator
from decimal import Decimal

import aiohttp
import msgspec
from yarl import URL

from connectors.binance.instruments import read_exchange_info, to_instrument
from connectors.binance.settings import Market
from connectors.binance.trading.credentials import Credentials
from connectors.binance.trading.requests import Rare, Target, rest_request
from connectors.binance.trading.settings import TradingSettings
from connectors.binance.trading.transport import BinanceTrading
from connectors.embedded.exchange.members import Member
from connectors.embedded.market import Market as EmbeddedMarket
from connectors.embedded.server import EmbeddedVenue
from connectors.embedded.settings import Settings
from core.instruments import Instrument
from core.money import MONEY_DECIMALS
from core.orders import Side
from core.rng import Rng
from tests.conformance.venue import Ledger, LedgerFill, Sink, Touch, VenueLeg, Words

SYMBOL = "BTCUSDT"
OURS = Credentials("k" * 64, hmac_secret="s" * 64)
THEIRS = Credentials("o" * 64, hmac_secret="t" * 64)
STILL = 1e-9
"""The pace of the market: nothing moves but by what a case does, however long the machine lets it wait."""
OPEN = {"NEW", "PARTIALLY_FILLED", "PENDING_NEW", "PENDING_CANCEL"}


class Binance:
    """One market of the embedded venue."""

    def __init__(self, venue: EmbeddedVenue, market: Market, rules: Instrument, http: aiohttp.ClientSession) -> None:
        self.rules = rules
        self._venue = venue
        self._market = market
        self._turned_ns = 0
        self._is_spot = market is Market.SPOT
        self._base = "/api/v3" if self._is_spot else "/fapi/v1"
        self._http = http
        self.offers = frozenset({"iceberg", "halt"} if self._is_spot else {"reduce-only", "listen-key"})
        report = "executionReport" if self._is_spot else "ORDER_TRADE_UPDATE"
        self.words = Words(
            submit="order.place",
            cancel="order.cancel",
            cancel_many="openOrders.cancelAll" if self._is_spot else "DELETE /fapi/v1/batchOrders",
            replace="order.cancelReplace" if self._is_spot else "order.modify",
            news=f"{report}*",
            trade=f"{report}/TRADE",
            trade_text='"x":"TRADE"',
            symbol_text=f'"s":"{SYMBOL}"',
            ended_text='"x":"CANCELED"',
            balances="outboundAccountPosition" if self._is_spot else "ACCOUNT_UPDATE",
        )

    def connector(self, sink: Sink, **settings: object) -> BinanceTrading:
        venue = self._venue
        chosen: dict[str, object] = {
            "market": self._market,
            "instruments": (SYMBOL,),
            "rest_url": venue.http_url,
            "ws_api_url": venue.ws_api_url if self._is_spot else venue.usdm_ws_api_url,
            "private_ws_url": f"{venue.usdm_ws_url}/private",
            "answer_timeout_s": 0.5,
            "request_timeout_s": 1.0,
            "ping_after_s": 0.4,
            "clock_every_s": 0.5,
        }
        told = msgspec.convert(chosen | settings, TradingSettings)
        wall_ns = lambda: time.time_ns() + self._turned_ns  # noqa: E731
        return BinanceTrading(told, OURS, time.time_ns, Rng(1), sink, wall_ns=wall_ns)

    def turn_clock(self, seconds: float) -> None:
        self._turned_ns += int(seconds * 10**9)

    async def touch(self) -> Touch:
        told = await self._get(f"{self._base}/ticker/bookTicker?symbol={SYMBOL}")
        price, quantity = self.rules.price, self.rules.quantity
        return Touch(
            price(_short(told["bidPrice"])),
            quantity(_short(told["bidQty"])),
            price(_short(told["askPrice"])),
            quantity(_short(told["askQty"])),
        )

    async def other(self, side: Side, quantity: int, price: int = 0) -> None:
        await self._order(THEIRS, side, quantity, price, "IOC", f"other{time.monotonic_ns()}")

    async def human(self, side: Side, quantity: int, price: int) -> str:
        name = f"web_{time.monotonic_ns()}"
        await self._order(OURS, side, quantity, price, "GTC", name)
        return name

    async def cancel_by_hand(self, client_order_id: str) -> None:
        await self._signed(OURS, "DELETE", "order", symbol=SYMBOL, origClientOrderId=client_order_id)

    async def end_listen_key(self) -> None:
        await self._signed(OURS, "DELETE", "listenKey")

    async def hook(self, **fault: object) -> str:
        async with self._http.post(f"{self._venue.http_url}/emulator/hooks", json=fault) as answer:
            told = await answer.json()
            assert answer.status == 200, told
            return str(told["names"][0])

    async def take_back(self) -> None:
        await self.hook(hook="bust", symbol=SYMBOL, account="trader", market=self._market.value)

    async def give_again(self, number: str) -> None:
        await self.hook(hook="reuse", symbol=SYMBOL, account="trader", market=self._market.value, number=number)

    async def move_money(self) -> None:
        path, body = "futures", {"symbol": SYMBOL, "funding_rate": "0.0001", "exchange_funding": True}
        if self._is_spot:
            path, body = "accounts", {"name": "trader", "key": "k" * 64, "secret": "s" * 64, "balances": {"USDT": "7"}}
        async with self._http.post(f"{self._venue.http_url}/emulator/{path}", json=body) as answer:
            assert answer.status == 200, await answer.text()

    async def fired(self, name: str) -> int:
        told = await self._get("/emulator/hooks")
        return int(next(each["fired"] for each in told["faults"] if each["name"] == name))

    async def clear(self) -> None:
        async with self._http.delete(f"{self._venue.http_url}/emulator/hooks") as answer:
            assert answer.status == 200

    async def ledger(self) -> Ledger:
        told = (await self._get("/emulator/ledger"))[self._market.value]["accounts"]["trader"]
        names = {row["orderId"]: row["clientOrderId"] for row in told["orders"]}
        orders = [self._leg(row["clientOrderId"], row["status"] in OPEN, row) for row in told["orders"]]
        orders += [
            VenueLeg(row["clientAlgoId"], row["algoStatus"] == "NEW", self.rules.quantity(_short(row["quantity"])), 0)
            for row in told.get("algoOrders", [])
            if row["algoStatus"] == "NEW"
        ]
        fills = [
            LedgerFill(
                names[row["orderId"]],
                str(row["id"]),
                self.rules.price(_short(row["price"])),
                self.rules.quantity(_short(row["qty"])),
                str(int(Decimal(row["commission"]).scaleb(MONEY_DECIMALS))),
            )
            for row in told["executions"]
        ]
        position = None
        if not self._is_spot:
            position = sum(
                self.rules.quantity(_short(row["positionAmt"]).lstrip("-"))
                * (-1 if row["positionAmt"][0] == "-" else 1)
                for row in told["account"]["positions"]
                if row["symbol"] == SYMBOL
            )
        return Ledger(tuple(orders), tuple(fills), position)

    def _leg(self, name: str, is_open: bool, row: dict[str, str]) -> VenueLeg:
        quantity = self.rules.quantity
        return VenueLeg(name, is_open, quantity(_short(row["origQty"])), quantity(_short(row["executedQty"])))

    async def _get(self, path: str):
        async with self._http.get(f"{self._venue.http_url}{path}") as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def _order(self, who: Credentials, side: Side, quantity: int, price: int, tif: str, name: str) -> None:
        params = {"symbol": SYMBOL, "side": side.name, "newClientOrderId": name}
        params["quantity"] = self.rules.quantity_text(quantity)
        if price:
            params |= {"type": "LIMIT", "timeInForce": tif, "price": self.rules.price_text(price)}
        else:
            params["type"] = "MARKET"
        await self._signed(who, "POST", "order", **params)

    async def _signed(self, who: Credentials, verb: str, path: str, **params: str) -> None:
        target = Target("", verb, f"{self._base}/{path}")
        query = Rare(target, params, 5000).query(time.time_ns() // 10**6)
        request = rest_request(self._venue.http_url, target, query, who)
        async with self._http.request(verb, URL(request.url, encoded=True), headers=request.headers) as answer:
            assert answer.status == 200, await answer.text()


def _short(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


@contextlib.asynccontextmanager
async def _opened(market: Market) -> AsyncIterator[Binance]:
    rich = {"USDT": "100000000", "BTC": "1000", "BNB": "100"}
    money = {"USDT": "100000000"}
    members = tuple(
        Member(name=name, key=key * 64, secret=secret * 64, balances=rich, futures_balances=money)
        for name, key, secret in (("trader", "k", "s"), ("other", "o", "t"))
    )
    settings = Settings(
        synthetic=True, seed=7, accounts=members, demo=False, market=EmbeddedMarket(market.value), speed=STILL
    )
    async with EmbeddedVenue(settings) as venue, aiohttp.ClientSession() as http:
        path = "/api/v3/exchangeInfo" if market is Market.SPOT else "/fapi/v1/exchangeInfo"
        async with http.get(f"{venue.http_url}{path}") as answer:
            body = await answer.read()
        rules = to_instrument(read_exchange_info(body)[SYMBOL], market, "BINANCE")
        yield Binance(venue, market, rules, http)


def spot() -> contextlib.AbstractAsyncContextManager[Binance]:
    return _opened(Market.SPOT)


def usdm() -> contextlib.AbstractAsyncContextManager[Binance]:
    return _opened(Market.USDM)
