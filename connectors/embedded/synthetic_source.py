"""The synthetic market as frames: the seeded events of `synthetic.py` written as Binance would write them."""

import heapq
from collections.abc import Callable, Iterator

import msgspec

from connectors.embedded.frames import Frame, combine
from connectors.embedded.market import Catalogue, Listing, Market, StreamKind, listing
from connectors.embedded.synthetic import (
    BestPrices,
    DepthUpdate,
    Execution,
    MarketEvent,
    SyntheticMarket,
    SyntheticSpec,
)
from core.rng import Rng

Json = dict[str, object]


def default_specs(market: Market) -> tuple[SyntheticSpec, ...]:
    """Return the two symbols served: prices near the real ones' size, swings of some basis points in seconds."""
    coarse = market is Market.USDM  # USDⓈ-M has a coarser tick and lot
    return (
        SyntheticSpec(
            symbol="BTCUSDT",
            start_price=600_000 if coarse else 6_000_000,
            price_decimals=1 if coarse else 2,
            quantity_decimals=3 if coarse else 5,
            spacing=2 if coarse else 15,
            trend_per_s=30.0 if coarse else 250.0,
            noise_per_sqrt_s=8.0 if coarse else 80.0,
            level_lots=600 if coarse else 60_000,
        ),
        SyntheticSpec(
            symbol="ETHUSDT",
            start_price=260_000,
            price_decimals=2,
            quantity_decimals=3 if coarse else 4,
            spacing=1,
            trend_per_s=20.0,
            noise_per_sqrt_s=5.0,
            level_lots=9_000 if coarse else 90_000,
        ),
    )


class SyntheticSource:
    """Frames of the seeded market, without end; its snapshot is the first frame of each symbol."""

    synthetic = True

    def __init__(self, seed: int, *markets: Market) -> None:
        """Prepare the symbols of these markets, spot's where none is named.

        The same seed gives the same frames, relative to the time of opening; another market beside it changes none.
        """
        self._seed = seed
        markets = markets or (Market.SPOT,)
        listed = [(market, spec) for market in markets for spec in default_specs(market)]
        self._specs = [spec for _, spec in listed]
        self.catalogue = Catalogue()
        self.listings: tuple[Listing, ...] = tuple(
            listing(market, spec.symbol, spec.price_decimals, spec.quantity_decimals) for market, spec in listed
        )
        self._writers = [_Writer(self.catalogue, entry) for entry in self.listings]
        for market in markets:
            self.catalogue.unattributed(market)

    def snapshots(self, market: Market, symbol: str) -> tuple[bytes, ...]:
        """Return the book with which a symbol opens."""
        return tuple(
            writer.snapshot(self._open(index, 0), 0).data
            for index, writer in enumerate(self._writers)
            if market is writer.listing.market and writer.listing.symbol == symbol
        )

    def open(self, now_ns: int) -> Iterator[Frame]:
        """Open the market at `now_ns` and yield all that happens."""
        return heapq.merge(*(self._frames(index, now_ns) for index in range(len(self._specs))), key=_at_ns)

    def _open(self, index: int, now_ns: int) -> SyntheticMarket:
        return SyntheticMarket(self._specs[index], Rng(self._seed, index), now_ns)

    def _frames(self, index: int, now_ns: int) -> Iterator[Frame]:
        market, writer = self._open(index, now_ns), self._writers[index]
        yield writer.snapshot(market, now_ns)
        for event in market.events():
            yield from writer.frames(event)


class _Writer:
    """Writes one symbol's events as frames of its market's streams."""

    def __init__(self, catalogue: Catalogue, listed: Listing) -> None:
        self.listing = listed
        self._spot = listed.market is Market.SPOT
        self._names = {
            StreamKind.DEPTH: f"{listed.symbol.lower()}@depth@100ms",
            StreamKind.TICKER: f"{listed.symbol.lower()}@bookTicker",
            StreamKind.TRADE: f"{listed.symbol.lower()}@trade",
            StreamKind.OTHER: f"{listed.symbol.lower()}@aggTrade",
        }
        self._numbers = {
            kind: catalogue.add(listed.market, name, listed.symbol, kind) for kind, name in self._names.items()
        }
        self._snapshot = catalogue.add(listed.market, f"{listed.symbol} snapshot", listed.symbol, StreamKind.SNAPSHOT)

    def snapshot(self, market: SyntheticMarket, now_ns: int) -> Frame:
        """Write the whole book as `GET depth` answers it."""
        book = market.book
        text = msgspec.json.encode(
            {
                "lastUpdateId": book.update_id,
                "E": now_ns // 1_000_000,
                "T": now_ns // 1_000_000,
                "bids": [self._level(price, book.bids[price]) for price in reversed(book.bid_prices)],
                "asks": [self._level(price, book.asks[price]) for price in book.ask_prices],
            }
        )
        return Frame(now_ns, self._snapshot, text, 0, len(text))

    def frames(self, event: MarketEvent) -> Iterator[Frame]:
        """Yield the frames of an event: a trade comes with its aggregate, which here is the trade itself."""
        if isinstance(event, DepthUpdate):
            yield self._frame(event, StreamKind.DEPTH, self._depth(event))
        elif isinstance(event, BestPrices):
            yield self._frame(event, StreamKind.TICKER, self._ticker(event))
        else:
            yield self._frame(event, StreamKind.TRADE, self._trade(event))
            yield self._frame(event, StreamKind.OTHER, self._aggregate(event))

    def _frame(self, event: MarketEvent, kind: StreamKind, data: Json) -> Frame:
        return Frame(event.at_ns, self._numbers[kind], *combine(self._names[kind], _encode(data)))

    def _level(self, price: int, lots: int) -> tuple[str, str]:
        return self.listing.price_text(price), self.listing.quantity_text(lots)

    def _depth(self, event: DepthUpdate) -> Json:
        head: Json = {"e": "depthUpdate", "E": event.at_ns // 1_000_000}
        if not self._spot:
            head["T"] = event.at_ns // 1_000_000
        head |= {"s": self.listing.symbol, "U": event.first_update_id, "u": event.last_update_id}
        if not self._spot:
            head["pu"] = event.previous_update_id
        return head | {
            "b": [self._level(price, lots) for price, lots in event.bids],
            "a": [self._level(price, lots) for price, lots in event.asks],
        }

    def _ticker(self, event: BestPrices) -> Json:
        bid, bid_quantity = self._level(event.bid, event.bid_quantity)
        ask, ask_quantity = self._level(event.ask, event.ask_quantity)
        prices: Json = {
            "u": event.update_id,
            "s": self.listing.symbol,
            "b": bid,
            "B": bid_quantity,
            "a": ask,
            "A": ask_quantity,
        }
        if self._spot:
            return prices
        time_ms = event.at_ns // 1_000_000
        return {"e": "bookTicker", **prices, "T": time_ms, "E": time_ms}

    def _trade(self, event: Execution) -> Json:
        price, quantity = self._level(event.price, event.quantity)
        time_ms = event.at_ns // 1_000_000
        trade: Json = {
            "e": "trade",
            "E": time_ms,
            "s": self.listing.symbol,
            "t": event.trade_id,
            "p": price,
            "q": quantity,
            "T": time_ms,
        }
        end: Json = {"M": True} if self._spot else {"X": "MARKET"}
        return trade | {"m": event.buyer_is_maker} | end

    def _aggregate(self, event: Execution) -> Json:
        price, quantity = self._level(event.price, event.quantity)
        time_ms = event.at_ns // 1_000_000
        aggregate: Json = {
            "e": "aggTrade",
            "E": time_ms,
            "s": self.listing.symbol,
            "a": event.trade_id,
            "p": price,
            "q": quantity,
            "f": event.trade_id,
            "l": event.trade_id,
            "T": time_ms,
            "m": event.buyer_is_maker,
        }
        return aggregate | {"M": True} if self._spot else aggregate


_encode: Callable[[object], bytes] = msgspec.json.Encoder().encode


def _at_ns(frame: Frame) -> int:
    return frame.at_ns
