"""The trading connectors of one daemon: made from settings and secrets, run, and let go in order."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from config.live_settings import TradingTable
from config.secrets import Secret
from config.settings import Settings
from config.venues import binance_trading
from connectors.base import Blocked, Sink, TradingConnector, TradingStats, never
from connectors.errors import ConnectorError
from core.events import InstrumentDefined
from core.instruments import Instrument
from core.records import Event
from core.rng import Rng
from daemon.errors import StartFailed
from daemon.feeds import Addresses, address_of

if TYPE_CHECKING:
    from connectors.binance.trading.credentials import Credentials

Secrets = Callable[[str], Secret]
"""Tells the secret of a name; raises SecretMissing where there is none."""


def secret_names(table: TradingTable) -> tuple[str, str]:
    """Return the names of the key and of what signs with it, which a venue's trading needs."""
    signer = "private-key" if table.signing == "ed25519" else "api-secret"
    return f"{table.key}-api-key", f"{table.key}-{signer}"


def credentials_of(table: TradingTable, secrets: Secrets) -> "Credentials":
    """Return the key of a venue's trading, and what signs with it. Raises SecretMissing, SecretExposed."""
    from connectors.binance.trading.credentials import Credentials

    key, signer = (secrets(each).reveal() for each in secret_names(table))
    if table.signing == "ed25519":
        return Credentials(key, ed25519=signer)
    return Credentials(key, hmac_secret=signer)


def refuse_missing(settings: Settings, secrets: Secrets) -> None:
    """Look whether every secret is there, before a session begins. Raises SecretMissing, SecretExposed."""
    for venue in settings.venues.values():
        if venue.trading is not None:
            for name in secret_names(venue.trading):
                secrets(name)


class Trading:
    """One trading connector for each venue with a `[venues.NAME.trading]` table, by the venue's name in capitals."""

    def __init__(
        self,
        settings: Settings,
        clock_ns: Callable[[], int],
        rng: Rng,
        sink: Sink,
        secrets: Secrets,
        addresses: Addresses,
        blocked: Blocked = never,
    ) -> None:
        """Read the secrets and make the connectors; nothing is contacted yet. `blocked`: nothing but cancels leaves.

        Raises SecretMissing, SecretExposed.
        """
        self.connectors: dict[str, TradingConnector] = {}
        for name, venue in settings.venues.items():
            table = venue.trading
            if table is None:
                continue
            from connectors.binance.trading.transport import BinanceTrading

            credentials = credentials_of(table, secrets)
            told = binance_trading(
                name, venue, hedging=settings.accounting.hedging, alone=settings.live.foreign_orders != "ignore"
            )
            address = address_of(addresses, told.market, told.rest_base)
            made = BinanceTrading(told, credentials, clock_ns, rng, sink, address, blocked=blocked)
            self.connectors[name.upper()] = made

    async def check(self) -> None:
        """Look at every key and account. Raises StartFailed saying what to do."""
        try:
            await asyncio.gather(*(connector.check() for connector in self.connectors.values()))
        except ConnectorError as error:
            raise StartFailed(str(error)) from error

    def told(self, definition: Event) -> Event:
        """Return the definition of an instrument with what its venue keeps itself."""
        assert isinstance(definition[5], InstrumentDefined)
        instrument = definition[5].instrument
        connector = self.connectors.get(instrument.venue)
        if connector is None:
            return definition
        native = connector.native.get(instrument.symbol, ())
        named = InstrumentDefined(msgspec.structs.replace(instrument, native=native))
        return (*definition[:5], named, *definition[6:])

    def assign(self, instruments: Mapping[int, Instrument]) -> None:
        """Tell each connector its instruments, by index."""
        for venue, connector in self.connectors.items():
            connector.assign({index: each for index, each in instruments.items() if each.venue == venue})

    async def close(self, grace_s: float) -> None:
        """Let cancels that wait go out, then end."""
        await asyncio.gather(*(connector.close(grace_s) for connector in self.connectors.values()))

    def stats(self) -> dict[str, TradingStats]:
        """Return what each connector counted."""
        return {venue: connector.stats for venue, connector in self.connectors.items()}
