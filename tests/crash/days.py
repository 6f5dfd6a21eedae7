"""The scripted days as data: where each is traded, how the account is set up, what the exchange does meanwhile."""

import itertools
import time
from collections.abc import Callable, Mapping

import msgspec

from connectors.binance.trading.credentials import Credentials
from connectors.binance.trading.requests import Rare, Target, rest_request
from tests.acceptance.processes import Venue
from tests.acceptance.settings import live_tables, venue_table
from tests.crash.scripted_day import FUND, LIQUIDATE

SYMBOL = "ETHUSDT"
RECONCILING, READY = '"state":"RECONCILING"', '"state":"READY"'  # as a status has it
CROSSED_LEVERAGE, ISOLATED_LEVERAGE = 20, 100
RATE, RATE_TOO_HIGH = 10_000, 800_000  # of 10^8; the second is more than an isolated position so leveraged can bear
_numbers = itertools.count()

Act = Callable[[Venue], None]


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One scripted day.

    `meanwhile`: what the exchange does when a life says so; `while_dead`: what it does after the first death, the
    second, ... and so on.
    """

    name: str
    strategy: str  # of scripted_day.py
    market: str  # in the exchange's ledger
    emulate: tuple[str, ...] = ()  # words for `tickerd emulate`
    trading: str = ""  # lines of [venues.binance.trading]
    accounting: str = ""
    set_up: Act | None = None
    meanwhile: Mapping[str, Act] = {}
    while_dead: tuple[Act, ...] = ()

    @property
    def usdm(self) -> bool:
        """Whether contracts are traded."""
        return self.market == "usdm"

    def tables(self, venue: Venue, folder: object, **live: object) -> tuple[str, ...]:
        """Return the settings of the venue, of live trading and of the books."""
        connector = "binance-usdm" if self.usdm else "binance-spot"
        channels = '"quotes", "trades", "marks"' if self.usdm else '"quotes", "trades"'
        of_venue = venue_table(venue, SYMBOL, connector=connector).replace('"quotes", "trades", "book"', channels)
        of_live = live_tables(venue, folder, **live).replace('key = "demo"', f'key = "demo"\n{self.trading}')  # type: ignore[arg-type]
        if self.usdm:
            private = f'private_ws_url = "{venue.usdm_ws_url}/private"'
            of_live = of_live.replace('key = "demo"', f'key = "demo"\n{private}')
        return of_venue, of_live, self.accounting


def signed(venue: Venue, verb: str, path: str, **params: str) -> None:
    """Change something of the account by hand."""
    target = Target("", verb, path)
    query = Rare(target, params, 5000).query(time.time_ns() // 10**6)
    made = rest_request("", target, query, Credentials(venue.api_key, hmac_secret=venue.api_secret))
    venue.request(verb, made.url, headers=made.headers)


def _exchange_funding(venue: Venue, rate: int) -> None:
    """Exchange funding now, at no rate twice: amounts that repeat within minutes are told apart late."""
    units = rate + next(_numbers) if rate > 0 else rate - next(_numbers)
    venue.decide(symbol=SYMBOL, funding_rate=f"{'-' if units < 0 else ''}0.{abs(units):08d}", exchange_funding=True)


def _pay_funding(venue: Venue) -> None:
    _exchange_funding(venue, RATE)


def _receive_funding(venue: Venue) -> None:
    _exchange_funding(venue, -RATE)


def _liquidate(venue: Venue) -> None:
    """Take so much funding of whoever is long, then of whoever is short, that an isolated position cannot bear it."""
    _exchange_funding(venue, RATE_TOO_HIGH)
    _exchange_funding(venue, -RATE_TOO_HIGH)


def _isolated(venue: Venue) -> None:
    signed(venue, "POST", "/fapi/v1/leverage", symbol=SYMBOL, leverage=str(ISOLATED_LEVERAGE))
    signed(venue, "POST", "/fapi/v1/marginType", symbol=SYMBOL, marginType="ISOLATED")


def _hedged(venue: Venue) -> None:
    signed(venue, "POST", "/fapi/v1/leverage", symbol=SYMBOL, leverage=str(CROSSED_LEVERAGE))
    signed(venue, "POST", "/fapi/v1/positionSide/dual", dualSidePosition="true")


SPOT = Day(name="spot", strategy="SpotDay", market="spot")
_TIMER = "dead_man_s = 30.0"
_FUTURES = ("--market", "usdm")
ONE_WAY = Day(
    name="one-way",
    strategy="OneWayDay",
    market="usdm",
    emulate=_FUTURES,
    trading=f'leverage = {{ {SYMBOL} = {ISOLATED_LEVERAGE} }}\nmargin_type = "isolated"\n{_TIMER}',
    set_up=_isolated,
    meanwhile={RECONCILING: _pay_funding, READY: _receive_funding, FUND: _pay_funding, LIQUIDATE: _liquidate},
    while_dead=(_pay_funding, _receive_funding, _liquidate, _pay_funding),
)
HEDGE = Day(
    name="hedge",
    strategy="HedgeDay",
    market="usdm",
    emulate=_FUTURES,
    trading=f'leverage = {{ {SYMBOL} = {CROSSED_LEVERAGE} }}\nmargin_type = "crossed"\nhedge_mode = true\n{_TIMER}',
    accounting="[accounting]\nhedging = true\n",
    set_up=_hedged,
    meanwhile={RECONCILING: _pay_funding, READY: _receive_funding, FUND: _pay_funding},
    while_dead=(_pay_funding, _receive_funding, _pay_funding),
)
DAYS = {day.name: day for day in (SPOT, ONE_WAY, HEDGE)}
