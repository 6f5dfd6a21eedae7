"""The venue's words: markets, listings, streams and the catalogue of what is served."""

import enum
import re

import msgspec

SPOT_WIRE_DECIMALS = 8  # spot writes every price and quantity with 8 decimals; USDⓈ-M with as many as the tick and lot
AGGREGATE_TRADE = "aggTrade"
UNATTRIBUTED = "unattributed"  # the pseudo stream of frames that name none

# Quote assets, longest first where one ends another: BTCFDUSD is BTC/FDUSD, not BTCF/DUSD.
_QUOTES = (
    *("FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USDP", "DAI", "EUR", "GBP", "TRY", "BRL", "JPY", "BTC", "ETH", "BNB"),
    "USD",
)
_DEPTH_NAME = re.compile(r"(?P<symbol>[^@]+)@depth(@\d+ms)?")


class Market(enum.StrEnum):
    """Binance's markets; each has its own REST paths, websocket address and symbols."""

    SPOT = "spot"
    USDM = "usdm"


class StreamKind(enum.Enum):
    """What a stream's frames do to the venue's own view of its market."""

    DEPTH = "depth"
    TICKER = "bookTicker"
    TRADE = "trade"
    OTHER = "other"
    SNAPSHOT = "snapshot"  # not a stream of the venue: the REST depth answer that a recording holds
    UNATTRIBUTED = "unattributed"  # a recorded line that names no stream; every subscriber gets it


class Stream(msgspec.Struct, frozen=True):
    """One stream of the venue, `btcusdt@depth@100ms`; `symbol` is as REST writes it, `BTCUSDT`."""

    market: Market
    name: str
    symbol: str
    kind: StreamKind

    @property
    def public(self) -> bool:
        """Whether a client can subscribe to it."""
        return self.kind not in (StreamKind.SNAPSHOT, StreamKind.UNATTRIBUTED)


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A symbol as exchangeInfo tells it. Tick and lot are 10^-price_decimals and 10^-quantity_decimals."""

    market: Market
    symbol: str
    base: str
    quote: str
    price_decimals: int
    quantity_decimals: int

    @property
    def wire_decimals(self) -> tuple[int, int]:
        """With how many decimals prices and quantities are written."""
        if self.market is Market.SPOT:
            return SPOT_WIRE_DECIMALS, SPOT_WIRE_DECIMALS
        return self.price_decimals, self.quantity_decimals

    def price_text(self, ticks: int) -> str:
        """Write a price as this market does on the wire."""
        written = self.wire_decimals[0]
        return fixed_text(ticks * 10 ** (written - self.price_decimals), written)

    def quantity_text(self, lots: int) -> str:
        """Write a quantity as this market does on the wire."""
        written = self.wire_decimals[1]
        return fixed_text(lots * 10 ** (written - self.quantity_decimals), written)


def fixed_text(units: int, decimals: int) -> str:
    """Write `units` of 10^-decimals with all its decimals: `fixed_text(6173760, 2) == "61737.60"`."""
    if decimals == 0:
        return str(units)
    whole, fraction = divmod(units, 10**decimals)
    return f"{whole}.{fraction:0{decimals}d}"


def listing(market: Market, symbol: str, price_decimals: int, quantity_decimals: int) -> Listing:
    """List `symbol`, telling its assets apart by the known quote assets (`BTCUSDT_260925` is a dated BTCUSDT)."""
    pair = symbol.partition("_")[0]
    quote = next((asset for asset in _QUOTES if pair.endswith(asset) and pair != asset), pair[-3:])
    return Listing(
        market=market,
        symbol=symbol,
        base=pair.removesuffix(quote),
        quote=quote,
        price_decimals=price_decimals,
        quantity_decimals=quantity_decimals,
    )


def stream_kind(name: str) -> StreamKind:
    """Return what the stream called `name` carries."""
    if _DEPTH_NAME.fullmatch(name):
        return StreamKind.DEPTH
    kind = name.partition("@")[2]
    if kind == StreamKind.TICKER.value:
        return StreamKind.TICKER
    return StreamKind.TRADE if kind == StreamKind.TRADE.value else StreamKind.OTHER


class Catalogue:
    """Every stream that the venue serves, numbered: a frame carries the number of its stream."""

    def __init__(self) -> None:
        """Begin empty; `add` numbers streams as they come."""
        self.streams: list[Stream] = []
        self._numbers: dict[tuple[Market, str], int] = {}

    def add(self, market: Market, name: str, symbol: str, kind: StreamKind) -> int:
        """Return the number of the stream of this name, adding it where it is new."""
        number = self._numbers.get((market, name))
        if number is None:
            number = self._numbers[market, name] = len(self.streams)
            self.streams.append(Stream(market, name, symbol, kind))
        return number

    def exact(self, market: Market, name: str) -> int | None:
        """Return the number of the subscribable stream called exactly `name`."""
        number = self._numbers.get((market, name))
        return number if number is not None and self.streams[number].public else None

    def resolve(self, market: Market, name: str) -> list[int]:
        """Return the streams that a subscription to `name` gets; none where nothing of the kind is served.

        A depth stream is served at whatever speed there is (`btcusdt@depth` gets the recorded
        `btcusdt@depth@100ms`), `!bookTicker` is every book ticker of the market, and where no aggregate trades were
        recorded, the single ones stand for them (the hub rewrites them).
        """
        number = self.exact(market, name)
        if number is not None:
            return [number]
        if name == "!bookTicker":
            return self._select(market, StreamKind.TICKER)
        depth = _DEPTH_NAME.fullmatch(name)
        if depth:
            return self._select(market, StreamKind.DEPTH, depth["symbol"].upper())[:1]
        symbol, _, kind = name.partition("@")
        return self._select(market, StreamKind.TRADE, symbol.upper()) if kind == AGGREGATE_TRADE else []

    @property
    def public(self) -> frozenset[int]:
        """The numbers of the streams that a client can subscribe to."""
        return frozenset(number for number, stream in enumerate(self.streams) if stream.public)

    def unattributed(self, market: Market) -> int:
        """Return the number of the pseudo stream that every subscriber of a market gets."""
        return self.add(market, UNATTRIBUTED, "", StreamKind.UNATTRIBUTED)

    def depth_of(self, market: Market, symbol: str) -> list[int]:
        """Return the numbers of a symbol's depth streams."""
        return self._select(market, StreamKind.DEPTH, symbol)

    def _select(self, market: Market, kind: StreamKind, symbol: str | None = None) -> list[int]:
        return [
            number
            for number, stream in enumerate(self.streams)
            if stream.market is market and stream.kind is kind and symbol in (None, stream.symbol)
        ]
