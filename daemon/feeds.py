"""Connectors from settings, the events that introduce their instruments, and when they are all in sync."""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from config.hours import tables_of, with_sessions
from config.settings import Channel, ConnectorName, Mode, Settings, VenueSettings
from config.venues import binance_settings
from connectors.base import MarketDataConnector, Sink
from connectors.binance.address import Address
from connectors.errors import ConnectorError
from core.book import BookState
from core.events import InstrumentDefined
from core.instruments import Instrument
from core.market import Market
from core.records import Event, Kind
from core.rng import Rng
from daemon.errors import StartFailed

Fit = Callable[[Instrument], Instrument]
"""Returns the rules of an instrument in the units that it is to be traded in, as fine as the venue's or finer."""

Addresses = dict[str, Address]
"""What each REST host allows this machine, by the host's address."""


def address_of(addresses: Addresses, market: str, rest_base: str) -> Address:
    """Return the allowances of one REST host, the same object to whoever asks there."""
    return addresses.setdefault(f"{market} {rest_base}", Address())


def make_connector(
    name: str, settings: VenueSettings, clock_ns: Callable[[], int], rng: Rng, sink: Sink, addresses: Addresses
) -> MarketDataConnector:
    """Return the connector of one venue; its client library is imported here, only where configured."""
    if settings.connector in {ConnectorName.BINANCE_SPOT, ConnectorName.BINANCE_USDM}:
        from connectors.binance.transport import BinanceConnector

        told = binance_settings(name, settings)
        address = address_of(addresses, told.market, told.rest_base)
        return BinanceConnector(told, clock_ns, rng, sink, address)
    raise StartFailed(f"[venues.{name}] has no connector, its data comes from files; try it with `tickerd backtest`")


class Feeds:
    """All market-data connectors of one daemon."""

    def __init__(
        self,
        settings: Settings,
        clock_ns: Callable[[], int],
        rng: Rng,
        sink: Sink,
        addresses: Addresses | None = None,
    ) -> None:
        """Make the connectors; nothing is contacted yet. `addresses`: shared with trading at the same hosts."""
        known = {} if addresses is None else addresses
        self._settings = settings
        self._by_index: list[MarketDataConnector] = []
        self.connectors = [
            make_connector(name, venue, clock_ns, rng, sink, known) for name, venue in settings.venues.items()
        ]

    async def define(self, now_ns: Callable[[], int], fit: Fit | None = None) -> list[Event]:
        """Return the events that define every configured instrument, in the units that `fit` gives it.

        Raises StartFailed.
        """
        try:
            loaded = await asyncio.gather(*(connector.load_instruments() for connector in self.connectors))
        except ConnectorError as error:
            raise StartFailed(str(error)) from error
        events: list[Event] = []
        tables = tables_of(self._settings.hours)
        for connector, instruments in zip(self.connectors, loaded, strict=True):
            indexes, fitted = {}, {}
            watched_only = self._settings.session.mode is Mode.LIVE and not self._takes_orders(connector.venue)
            for instrument in instruments:
                indexes[instrument.symbol] = index = len(events)
                # Live, the gate refuses orders for a venue that has no [venues.NAME.trading].
                rules = instrument if fit is None else fit(instrument)
                fitted[rules.symbol] = rules
                rules = msgspec.structs.replace(rules, tradable=False) if watched_only else rules
                rules = with_sessions(rules, tables)
                events.append(definition(index, rules, now_ns()))
                self._by_index.append(connector)
            connector.assign(indexes, fitted)
        return events

    def _takes_orders(self, venue: str) -> bool:
        """Whether the settings say how orders reach a venue."""
        return self._settings.venues[venue.lower()].trading is not None

    def resync(self, indexes: Sequence[int], reason: str) -> None:
        """Have the books of these instruments fetched again."""
        for index in indexes:
            self._by_index[index].request_snapshot(index, reason)

    def pause(self) -> None:
        """Read no more market data; connections stay."""
        for connector in self.connectors:
            connector.pause()

    def missing(self, markets: Sequence[Market]) -> list[str]:
        """Return what is still awaited before trading may begin, in words; empty when all is in sync."""
        waits = []
        for market in markets[: len(self._by_index)]:  # what comes after has no feed: it is only carried on
            channels = self._settings.venues[market.instrument.venue.lower()].channels
            if not market.connected:
                waits.append(f"{market.instrument.id} is not connected")
            elif Channel.BOOK in channels and market.book.state != BookState.LIVE:
                waits.append(f"{market.instrument.id} has no book")
            elif Channel.QUOTES in channels and not market.quote_ns:
                waits.append(f"{market.instrument.id} has no quote")
        return waits

    def errors(self) -> list[str]:
        """Return what last went wrong with each connector, in words; nothing of those that are well."""
        return [connector.stats.last_error for connector in self.connectors if connector.stats.last_error]

    def malformed(self) -> dict[str, int]:
        """Return how many frames were kept raw, by reason, over all connectors."""
        total: dict[str, int] = {}
        for connector in self.connectors:
            for reason, count in connector.stats.raw.items():
                total[reason] = total.get(reason, 0) + count
        return total

    def reconnects(self) -> int:
        """Return how often a connection was lost and made again."""
        return sum(connector.stats.reconnects for connector in self.connectors)


def definition(index: int, instrument: Instrument, now_ns: int) -> Event:
    """Return the event that defines one instrument."""
    return (Kind.INSTRUMENT, 0, index, now_ns, 0, InstrumentDefined(instrument), 0, 0, 0, 0)


def instrument_of(event: Event) -> Instrument:
    """Return the instrument that such an event defines."""
    assert isinstance(event[5], InstrumentDefined)
    return event[5].instrument
