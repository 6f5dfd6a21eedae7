"""A real daemon that trades on a real exchange, both in this process: settings as a user writes them, sockets, journal.

What it lacks of `tickerd run` is the process: signals, screen, store.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from config.compose import engine_settings, session_head
from config.load import Config, parse
from config.secrets import Secret
from config.settings import Mode
from config.strategies import load_strategies
from connectors.binance.trading.credentials import Credentials
from connectors.binance.trading.requests import Rare, Target, rest_request
from connectors.embedded.exchange.members import Member
from connectors.embedded.market import Market
from connectors.embedded.server import EmbeddedVenue
from connectors.embedded.settings import Settings
from core.effects import Alert, Reconciled
from core.events import LifecycleState
from core.orders import Refusal
from daemon.app import Daemon
from daemon.clock import SessionClock
from daemon.errors import StartFailed
from daemon.live.account import Account
from engine.build import build_engine
from journal.folders import create_session_folder
from journal.writer import JournalWriter

SYMBOL = "BTCUSDT"
KEY, SECRET = "k" * 64, "s" * 64
WITHIN_S = 15.0
HAND = """
from strategies import Strategy


class Hand(Strategy):
    plan = None
    done = None

    def on_start(self):
        self.subscribe_quotes(self.markets[0])

    def on_quote(self, quote):
        if self.plan is not None:
            plan, self.plan = self.plan, None
            try:
                self.done = plan(self, self.markets[0], quote)
            except Exception as error:
                self.done = error
"""


class Exchange:
    """The embedded exchange, spot or USDⓈ-M, with one account."""

    def __init__(self, venue: EmbeddedVenue, market: Market, http: aiohttp.ClientSession) -> None:
        self.venue = venue
        self.market = market
        self.http = http

    async def signed(self, verb: str, path: str, **params: str) -> Any:
        """Do something to the account by hand."""
        query = Rare(Target("", verb, path), params, 5000).query(self._now_ms())
        request = rest_request(self.venue.http_url, Target("", verb, path), query, Credentials(KEY, hmac_secret=SECRET))
        async with self.http.request(verb, URL(request.url, encoded=True), headers=request.headers) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def hook(self, **fault: object) -> str:
        """Arm a fault; return its name."""
        async with self.http.post(f"{self.venue.http_url}/emulator/hooks", json=fault) as answer:
            told = await answer.json()
            assert answer.status == 200, told
            return str(told["names"][0])

    async def fired(self, name: str) -> int:
        """How often a fault happened."""
        async with self.http.get(f"{self.venue.http_url}/emulator/hooks") as answer:
            return int(next(each["fired"] for each in (await answer.json())["faults"] if each["name"] == name))

    async def fired_at_least(self, name: str, times: int) -> bool:
        return await self.fired(name) >= times

    async def clear(self) -> None:
        """Take all faults off."""
        async with self.http.delete(f"{self.venue.http_url}/emulator/hooks") as answer:
            assert answer.status == 200

    async def ledger(self) -> Any:
        async with self.http.get(f"{self.venue.http_url}/emulator/ledger") as answer:
            return (await answer.json())[self.market.value]["accounts"]["trader"]

    def _now_ms(self) -> int:
        return SessionClock().now_ns() // 10**6


@contextlib.asynccontextmanager
async def exchange(market: Market = Market.SPOT) -> AsyncIterator[Exchange]:
    member = Member(
        name="trader", key=KEY, secret=SECRET, balances={"USDT": "1000000", "BTC": "100", "BNB": "100"},
        futures_balances={"USDT": "1000000"},
    )  # fmt: skip
    settings = Settings(synthetic=True, seed=7, accounts=(member,), demo=False, market=market)
    async with EmbeddedVenue(settings) as venue, aiohttp.ClientSession() as http:
        yield Exchange(venue, market, http)


def settings_of(
    where: Exchange,
    folder: Path,
    *,
    mode: str = "live",
    venue: str = "",
    trading: str = "",
    strategy: str = "",
    live: str = "",
    more: str = "",
    symbols: tuple[str, ...] = (SYMBOL,),
    channels: str = '"quotes", "trades"',
) -> Config:
    """Settings of a daemon on that exchange, its strategy a hand that does what a test tells it."""
    (folder / "hand.py").write_text(HAND)
    is_spot = where.market is Market.SPOT
    ws_api = where.venue.ws_api_url if is_spot else where.venue.usdm_ws_api_url
    text = f"""
[session]
mode = "{mode}"
root = "{folder / "sessions"}"
flush = "os"
drain_budget_s = 2.0
[metrics]
port = 0
[venues.binance]
connector = "{"binance-spot" if is_spot else "binance-usdm"}"
rest_url = "{where.venue.http_url}"
ws_url = "{where.venue.ws_url if is_spot else where.venue.usdm_ws_url}"
instruments = [{", ".join(f'"{each}"' for each in symbols)}]
channels = [{channels}]
{venue}
[venues.binance.trading]
key = "demo"
ws_api_url = "{ws_api}"
private_ws_url = "{where.venue.usdm_ws_url}/private"
recv_window_ms = 2_000
{trading}
[live]
root = "{folder / "accounts"}"
visibility_lag_s = 2.0
{live}
[[strategies]]
id = "hand"
use = "{strategy or f"{folder / 'hand.py'}:Hand"}"
instruments = ["{SYMBOL}.BINANCE"]
[risk]
max_order_notional = 1_000_000
max_position_notional = 10_000_000
max_price_deviation = "0.5"
{more}
"""
    return parse(text, folder=folder, environ={})


class Trader:
    """One session of one daemon: run it, tell its strategy what to do, look at what came of it."""

    def __init__(self, config: Config) -> None:
        loaded = load_strategies(config)
        self.clock = SessionClock()
        live = config.settings.session.mode is Mode.LIVE
        self.account = Account.take(config) if live else None
        started_ns = self.clock.now_ns()
        root = Path(config.settings.session.root)
        self.folder = create_session_folder(root, started_ns, config.settings.session.mode.value)
        if self.account is not None:
            self.account.lease.hold(self.folder, started_ns, self.account.before)
        head = session_head(config.settings, loaded, started_ns, self.folder.name, ())
        journal = JournalWriter.create(self.folder, head)
        self.engine = build_engine(engine_settings(config.settings, loaded, started_ns))
        self.daemon = Daemon(config.settings, self.engine, journal, self.clock, [], self.account, _secret)
        self.effects: list[object] = []
        self._watched = self.daemon.projection.watch
        self.daemon.pipeline._watch = self._watch

    def _watch(self, now_ns: int, effect: Any) -> None:
        self.effects.append(effect)
        self._watched(now_ns, effect)

    async def until(self, is_so: Callable[[], object], within_s: float = WITHIN_S) -> None:
        """Wait until something is so."""
        deadline = asyncio.get_running_loop().time() + within_s
        while not is_so():
            assert asyncio.get_running_loop().time() < deadline, self.story()
            await asyncio.sleep(0.02)

    async def until_async(self, is_so: Callable[[], Any], within_s: float = WITHIN_S) -> None:
        """Wait until something is so that has to be asked for."""
        deadline = asyncio.get_running_loop().time() + within_s
        while not await is_so():
            assert asyncio.get_running_loop().time() < deadline, self.story()
            await asyncio.sleep(0.05)

    async def ask(self, plan: Callable[[Any, Any, Any], Any]) -> Any:
        """Let the strategy do something at its next quote; return what it returns."""
        hand: Any = self.engine.desk.actors[0].strategy
        hand.done, hand.plan = None, plan
        await self.until(lambda: hand.plan is None)
        if isinstance(hand.done, Exception):
            raise hand.done
        return hand.done

    def alerts(self) -> list[str]:
        return [each.code for each in self.effects if isinstance(each, Alert)]

    def messages(self) -> list[str]:
        return [each.message for each in self.effects if isinstance(each, Alert)]

    def reasons(self) -> list[str]:
        """In what our books and the venue's do not agree."""
        return [each.reason for each in self.effects if isinstance(each, Reconciled)]

    def refusals(self) -> list[str]:
        return [each.message for each in self.effects if isinstance(each, Refusal)]

    def story(self) -> str:
        manager = self.engine.manager
        orders = [
            (each.client_order_id, each.state.value) for each in (*manager.open_orders(), *manager.closed_orders())
        ]
        alerts = [each.message for each in self.effects if isinstance(each, Alert)]
        return f"{self.engine.lifecycle}; orders {orders}; refused {self.refusals()}; alerts {alerts}"


@contextlib.asynccontextmanager
async def trading(config: Config) -> AsyncIterator[Trader]:
    """A daemon that is READY; it drains at the end."""
    one = Trader(config)
    life = asyncio.create_task(one.daemon.run(None))
    try:
        await one.until(lambda: life.done() or one.engine.lifecycle is LifecycleState.READY)
        assert not life.done(), one.daemon.end_reason
        yield one
    finally:
        one.daemon.stop("the test is over", "test")
        await life
        if one.account is not None:
            one.account.lease.release()


async def refused(config: Config) -> str:
    """Start a daemon that must not come up; return why it did not."""
    one = Trader(config)
    try:
        async with asyncio.timeout(WITHIN_S):
            await one.daemon.run(0.0)
    finally:
        if one.account is not None:
            one.account.lease.release()
    assert one.daemon._failure is not None, "it started"
    assert isinstance(one.daemon._failure, StartFailed)
    return one.daemon.end_reason


def _secret(name: str) -> Secret:
    return Secret(KEY if name.endswith("api-key") else SECRET)
