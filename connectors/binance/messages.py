"""Binance's frames as typed structs, numbers as the text that the venue sent.

Spot:   https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams
USDⓈ-M: https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams

Combined streams wrap every event: `{"stream":"<streamName>","data":<rawPayload>}`; `*Frame` is that wrapping, whose
stream name `parse` reads without decoding. Unknown fields are skipped, so the venue may add some.
"""

from typing import Annotated

import msgspec
from msgspec import field

from connectors.binance.address import RateLimit

Id = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]
"""An update or trade id: has to fit a record."""
Millis = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) // 1_000_000 - 1)]
"""Milliseconds since 1970 whose nanoseconds fit a record."""
Level = tuple[str, str]
"""Price and absolute quantity; a quantity of zero removes the level."""


class SpotQuote(msgspec.Struct, gc=False):
    """`<symbol>@bookTicker`, spot: no event type and no time."""

    update_id: Id = field(name="u")
    symbol: str = field(name="s")
    bid_price: str = field(name="b")
    bid_quantity: str = field(name="B")
    ask_price: str = field(name="a")
    ask_quantity: str = field(name="A")
    event_ms: Millis = field(name="E", default=0)


class UsdmQuote(msgspec.Struct, gc=False):
    """`<symbol>@bookTicker`, USDⓈ-M."""

    update_id: Id = field(name="u")
    symbol: str = field(name="s")
    bid_price: str = field(name="b")
    bid_quantity: str = field(name="B")
    ask_price: str = field(name="a")
    ask_quantity: str = field(name="A")
    event_ms: Millis = field(name="E")


class SpotTrade(msgspec.Struct, gc=False):
    """`<symbol>@trade`, spot. `T` is the time of the trade, `m` whether the buyer is the maker."""

    symbol: str = field(name="s")
    trade_id: Id = field(name="t")
    price: str = field(name="p")
    quantity: str = field(name="q")
    trade_ms: Millis = field(name="T")
    buyer_is_maker: bool = field(name="m")
    order_type: str = field(name="X", default="MARKET")


class UsdmTrade(msgspec.Struct, gc=False):
    """`<symbol>@trade`, USDⓈ-M. `X` other than MARKET (INSURANCE_FUND, ADL, NA) is no trade of the book."""

    symbol: str = field(name="s")
    trade_id: Id = field(name="t")
    price: str = field(name="p")
    quantity: str = field(name="q")
    trade_ms: Millis = field(name="T")
    buyer_is_maker: bool = field(name="m")
    order_type: str = field(name="X")


class SpotDepth(msgspec.Struct, gc=False):
    """`<symbol>@depth@100ms`: absolute quantities changed by updates `U` to `u`."""

    symbol: str = field(name="s")
    event_ms: Millis = field(name="E")
    first_update_id: Id = field(name="U")
    last_update_id: Id = field(name="u")
    bids: list[Level] = field(name="b")
    asks: list[Level] = field(name="a")


class UsdmDepth(msgspec.Struct, gc=False):
    """`<symbol>@depth@0ms` and its slower kin: `pu` is the `u` of the event before."""

    symbol: str = field(name="s")
    event_ms: Millis = field(name="E")
    first_update_id: Id = field(name="U")
    last_update_id: Id = field(name="u")
    prev_update_id: Id = field(name="pu")
    bids: list[Level] = field(name="b")
    asks: list[Level] = field(name="a")


class KlineBar(msgspec.Struct, gc=False):
    """The bar inside a kline event. `T` is its last millisecond, `x` whether it is closed."""

    open_ms: Millis = field(name="t")
    close_ms: Millis = field(name="T")
    symbol: str = field(name="s")
    open: str = field(name="o")
    high: str = field(name="h")
    low: str = field(name="l")
    close: str = field(name="c")
    volume: str = field(name="v")
    closed: bool = field(name="x")


class Kline(msgspec.Struct, gc=False):
    """`<symbol>@kline_<interval>`."""

    symbol: str = field(name="s")
    bar: KlineBar = field(name="k")


class MarkPrice(msgspec.Struct, gc=False):
    """`<symbol>@markPrice@1s`. `r` is empty for contracts without funding."""

    event_ms: Millis = field(name="E")
    symbol: str = field(name="s")
    mark_price: str = field(name="p")
    index_price: str = field(name="i")
    funding_rate: str = field(name="r", default="")
    next_funding_ms: Millis = field(name="T", default=0)


class SpotQuoteFrame(msgspec.Struct, gc=False):
    """A combined-stream frame."""

    data: SpotQuote


class UsdmQuoteFrame(msgspec.Struct, gc=False):
    """A combined-stream frame."""

    data: UsdmQuote


class SpotTradeFrame(msgspec.Struct, gc=False):
    """A combined-stream frame."""

    data: SpotTrade


class UsdmTradeFrame(msgspec.Struct, gc=False):
    """A combined-stream frame."""

    data: UsdmTrade


class SpotDepthFrame(msgspec.Struct, gc=False):
    """A combined-stream frame."""

    data: SpotDepth


class UsdmDepthFrame(msgspec.Struct, gc=False):
    """A combined-stream frame."""

    data: UsdmDepth


class KlineFrame(msgspec.Struct, gc=False):
    """A combined-stream frame."""

    data: Kline


class MarkFrame(msgspec.Struct, gc=False):
    """A combined-stream frame."""

    data: MarkPrice


class RestError(msgspec.Struct, gc=False):
    """A refusal: `{"code":-1121,"msg":"Invalid symbol."}`."""

    code: int
    msg: str


class OtherData(msgspec.Struct, gc=False):
    """The data of a frame on no stream that we asked for."""

    event: str = field(name="e", default="")


class OtherFrame(msgspec.Struct, gc=False):
    """Any other frame: `!serverShutdown` (raw or combined), a reply to a request, an error.

    "A `serverShutdown` event will be sent when the server is about to shut down": `{"e":"serverShutdown","E":...}`
    raw, under the stream `!serverShutdown` when combined.
    """

    stream: str = ""
    data: OtherData | None = None
    event: str = field(name="e", default="")
    id: int | str | None = None
    code: int = 0
    msg: str = ""
    error: RestError | None = None


class DepthSnapshot(msgspec.Struct, gc=False):
    """REST `/depth`: the best levels of both sides at `lastUpdateId`. Spot sends no time."""

    last_update_id: Id = field(name="lastUpdateId")
    bids: list[Level]
    asks: list[Level]
    event_ms: Millis = field(name="E", default=0)


class RestKline(msgspec.Struct, array_like=True, gc=False):
    """One bar of REST `/klines`: an array whose later fields we do not need."""

    open_ms: Millis
    open: str
    high: str
    low: str
    close: str
    volume: str
    close_ms: Millis


class ServerTime(msgspec.Struct, gc=False):
    """REST `/time`."""

    server_ms: Millis = field(name="serverTime")


class SymbolFilter(msgspec.Struct, gc=False):
    """One of a symbol's filters; which fields are filled depends on `filterType`."""

    type: str = field(name="filterType")
    tick_size: str = field(name="tickSize", default="0")
    step_size: str = field(name="stepSize", default="0")
    min_quantity: str = field(name="minQty", default="0")
    max_quantity: str = field(name="maxQty", default="0")
    min_notional: str = field(name="minNotional", default="0")  # spot: NOTIONAL, and MIN_NOTIONAL before it
    notional: str = "0"  # USDⓈ-M: MIN_NOTIONAL


class SymbolInfo(msgspec.Struct):
    """One symbol of `exchangeInfo`. The fields with defaults belong to USDⓈ-M, the last one to spot."""

    symbol: str
    status: str
    base: str = field(name="baseAsset")
    quote: str = field(name="quoteAsset")
    filters: list[SymbolFilter]
    base_precision: int = field(name="baseAssetPrecision", default=8)
    quote_precision: int = field(name="quotePrecision", default=8)
    contract_type: str = field(name="contractType", default="")
    margin_asset: str = field(name="marginAsset", default="")
    pair: str = ""
    delivery_ms: Millis = field(name="deliveryDate", default=0)
    may_replace: bool = field(name="cancelReplaceAllowed", default=False)


class ExchangeInfo(msgspec.Struct):
    """REST `/exchangeInfo`."""

    symbols: list[SymbolInfo]


class Limits(msgspec.Struct):
    """The other half of REST `/exchangeInfo`."""

    limits: tuple[RateLimit, ...] = field(name="rateLimits", default=())
