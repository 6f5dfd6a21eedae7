"""A trading connector on an embedded venue, both real, over loopback."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable

import aiohttp
import msgspec

from connectors.binance.instruments import read_exchange_info, to_instrument
from connectors.binance.settings import Market
from connectors.binance.trading.credentials import Credentials
from connectors.binance.trading.settings import TradingSettings
from connectors.binance.trading.transport import BinanceTrading
from connectors.embedded.exchange.members import Member
from connectors.embedded.market import Market as EmbeddedMarket
from connectors.embedded.server import EmbeddedVenue
from connectors.embedded.settings import Settings
from core.events import LinkChanged, LinkState, OrderReport, ReportType
from core.evidence import EvidenceGiven, EvidenceWanted, Subject
from core.ids import client_order_id
from core.instruments import Instrument
from core.orders import (
    ApprovedCancel,
    ApprovedReplace,
    ApprovedSubmit,
    OrderIntent,
    OrderTerms,
    OrderType,
    Side,
    TimeInForce,
)
from core.records import Event
from core.rng import Rng
from tests.connectors.binance_trading.crooked import Crooked, crooked

KEY, SECRET = "k" * 64, "s" * 64
BALANCES = {"USDT": "1000000", "BTC": "100", "ETH": "100", "BNB": "100"}
EPOCH = 4242
INDEX = 0


class Live:
    """What a test holds: the venue, the connector, and the events that it told."""

    def __init__(self, venue: EmbeddedVenue, trading: BinanceTrading, rules: Instrument, proxy: Crooked | None) -> None:
        self.venue = venue
        self.trading = trading
        self.rules = rules
        self._proxy = proxy
        self.events: list[Event] = []
        self._arrived = asyncio.Event()
        self._orders = 0
        self._questions = 0

    def sink(self, events: list[Event]) -> None:
        self.events += events
        self._arrived.set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let the connector run."""
        task = asyncio.create_task(self.trading.run())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def until(self, is_there: Callable[[], object], within_s: float = 5.0) -> None:
        """Wait until something is so."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + within_s
        while not is_there():
            assert loop.time() < until_s, [event[5] for event in self.events]
            self._arrived.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    await self._arrived.wait()

    def reports(self, name: str = "", kind: ReportType | None = None) -> list[OrderReport]:
        """Return the reports of an order, in the order told."""
        told = [event[5] for event in self.events if isinstance(event[5], OrderReport)]
        return [each for each in told if each.client_order_id.startswith(name) and (kind is None or each.type is kind)]

    def links(self) -> list[LinkState]:
        return [event[5].state for event in self.events if isinstance(event[5], LinkChanged)]

    async def told(self, name: str, kind: ReportType, within_s: float = 5.0) -> OrderReport:
        """Wait for a report of an order; return the first of its kind."""
        await self.until(lambda: self.reports(name, kind), within_s)
        return self.reports(name, kind)[0]

    async def up(self, times: int = 1) -> None:
        await self.until(lambda: self.links().count(LinkState.UP) >= times)

    def name(self) -> str:
        self._orders += 1
        return client_order_id(EPOCH, self._orders)

    def submit(
        self,
        side: Side = Side.BUY,
        price: str = "",
        quantity: str = "0.01",
        *,
        kind: OrderType = OrderType.LIMIT,
        tif: TimeInForce = TimeInForce.GTC,
        post_only: bool = False,
        reduce_only: bool = False,
        terms: OrderTerms | None = None,
    ) -> str:
        """Send an order; return its name."""
        order = self.order(side, price, quantity, kind=kind, tif=tif, post_only=post_only, reduce_only=reduce_only,
                           terms=terms)  # fmt: skip
        self.trading.send(order, time.time_ns())
        return order.intent.client_order_id

    def order(
        self,
        side: Side = Side.BUY,
        price: str = "",
        quantity: str = "0.01",
        *,
        kind: OrderType = OrderType.LIMIT,
        tif: TimeInForce = TimeInForce.GTC,
        post_only: bool = False,
        reduce_only: bool = False,
        terms: OrderTerms | None = None,
    ) -> ApprovedSubmit:
        intent = OrderIntent(
            client_order_id=self.name(),
            strategy_id="s",
            instrument=INDEX,
            side=side,
            type=kind,
            quantity=self.rules.quantity(quantity),
            price=self.rules.price(price) if price else 0,
            time_in_force=tif,
            post_only=post_only,
            reduce_only=reduce_only,
            terms=terms,
        )
        return ApprovedSubmit(intent=intent, reference_price=intent.price, limits_version=1)

    def cancel(self, name: str, venue_order_id: str = "") -> None:
        command = ApprovedCancel(client_order_id=name, strategy_id="s", instrument=INDEX, venue_order_id=venue_order_id)
        self.trading.send(command, time.time_ns())

    def replace(
        self, name: str, price: str, quantity: str, *, revision: int = 1, filled: str = "0", side: Side = Side.BUY
    ) -> None:
        command = ApprovedReplace(
            client_order_id=name,
            strategy_id="s",
            instrument=INDEX,
            venue_order_id="",
            revision=revision,
            side=side,
            type=OrderType.LIMIT,
            price=self.rules.price(price),
            quantity=self.rules.quantity(quantity),
            filled=self.rules.quantity(filled),
            reference_price=self.rules.price(price),
            limits_version=1,
        )
        self.trading.send(command, time.time_ns())

    async def ask(self, subject: Subject, **more: object) -> EvidenceGiven:
        """Ask for evidence and wait for it."""
        self._questions += 1
        number = self._questions
        wanted = EvidenceWanted(number=number, venue="BINANCE", subject=subject, instrument=INDEX, **more)  # type: ignore[arg-type]
        self.trading.ask(wanted, time.time_ns())

        def given() -> list[EvidenceGiven]:
            told = [event[5] for event in self.events if isinstance(event[5], EvidenceGiven)]
            return [each for each in told if each.number == number]

        await self.until(given)
        return given()[0]

    @property
    def proxy(self) -> Crooked:
        """What stands between the connector and the venue."""
        assert self._proxy is not None
        return self._proxy

    async def http(self, verb: str, path: str, body: object = None) -> dict[str, object]:
        """Ask the venue something that no connector asks."""
        client = aiohttp.ClientSession()
        async with client, client.request(verb, f"{self.venue.http_url}{path}", json=body) as answer:
            assert answer.status == 200, await answer.text()
            found: dict[str, object] = await answer.json()
            return found

    async def price(self, times: float) -> str:
        """Return a price so many times the best bid, as the tick wants it."""
        base = "/api/v3" if self.rules.holds_base else "/fapi/v1"
        touch = await self.http("GET", f"{base}/ticker/bookTicker?symbol=BTCUSDT")
        return f"{float(str(touch['bidPrice'])) * times:.{self.rules.price_precision}f}"

    async def fault(self, **fault: object) -> None:
        """Trouble the venue's clients."""
        await self.http("POST", "/emulator/faults", fault)


class World:
    """Builds the two, and takes them down."""

    @staticmethod
    def spot(
        credentials: Credentials | None = None, member: Member | None = None, **more: object
    ) -> contextlib.AbstractAsyncContextManager[Live]:
        """A spot account on a synthetic market that stands still; `bent`: its socket goes through a crooked proxy."""
        member = member or Member(name="trader", key=KEY, secret=SECRET, balances=BALANCES)
        return World._of(Market.SPOT, credentials, member, **more)  # type: ignore[arg-type]

    @staticmethod
    def usdm(
        credentials: Credentials | None = None, member: Member | None = None, **more: object
    ) -> contextlib.AbstractAsyncContextManager[Live]:
        """A futures account, likewise."""
        member = member or Member(name="trader", key=KEY, secret=SECRET, futures_balances={"USDT": "1000000"})
        return World._of(Market.USDM, credentials, member, **more)  # type: ignore[arg-type]

    @staticmethod
    @contextlib.asynccontextmanager
    async def _of(
        market: Market,
        credentials: Credentials | None,
        member: Member,
        *,
        start: bool = True,
        bent: bool = False,
        limit_scale: int = 1,
        **settings: object,
    ) -> AsyncIterator[Live]:
        is_spot = market is Market.SPOT
        of_venue = Settings(
            synthetic=True, seed=7, accounts=(member,), limit_scale=limit_scale, market=EmbeddedMarket(market.value)
        )
        venue = EmbeddedVenue(of_venue)
        async with venue, contextlib.AsyncExitStack() as stack:
            ws_api_url = venue.ws_api_url if is_spot else venue.usdm_ws_api_url
            proxy = await stack.enter_async_context(crooked(ws_api_url)) if bent else None
            client = aiohttp.ClientSession()
            path = "/api/v3/exchangeInfo" if is_spot else "/fapi/v1/exchangeInfo"
            async with client, client.get(f"{venue.http_url}{path}") as answer:
                symbols = read_exchange_info(await answer.read())
            rules = to_instrument(symbols["BTCUSDT"], market, "BINANCE")
            urls = {
                "market": market,
                "rest_url": venue.http_url,
                "ws_api_url": proxy.url if proxy else ws_api_url,
                "private_ws_url": f"{venue.usdm_ws_url}/private",
            }
            chosen = msgspec.convert(urls | {"answer_timeout_s": 1.0} | settings, TradingSettings)
            live: Live

            def sink(events: list[Event]) -> None:
                live.sink(events)

            trading = BinanceTrading(
                chosen, credentials or Credentials(KEY, hmac_secret=SECRET), time.time_ns, Rng(1), sink
            )
            live = Live(venue, trading, rules, proxy)
            trading.assign({INDEX: rules})
            if start:
                await stack.enter_async_context(live.running())
            yield live


__all__ = ["BALANCES", "KEY", "SECRET", "Live", "World"]
