"""The frames and answers of Binance that the venue itself has to read, as typed structs.

Sources: https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams and
https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams.
Fields that the venue does not use are left out; msgspec skips them.
"""

import msgspec
from msgspec import field

from connectors.embedded.market import SPOT_WIRE_DECIMALS

UNITS_PER_ONE: int = (
    10**SPOT_WIRE_DECIMALS
)  # prices and quantities of the tape are ints in units of 10^-8, whatever the market

Level = tuple[str, str]  # price, quantity


class DepthDiff(msgspec.Struct):
    """`depthUpdate`: absolute quantities of the levels that changed; only USDⓈ-M has `pu` and `T`."""

    first_update_id: int = field(name="U")
    last_update_id: int = field(name="u")
    bids: list[Level] = field(name="b")
    asks: list[Level] = field(name="a")
    previous_update_id: int | None = field(name="pu", default=None)
    event_ms: int = field(name="E", default=0)
    transaction_ms: int = field(name="T", default=0)


class DepthSnapshot(msgspec.Struct, omit_defaults=True):
    """The answer of `GET depth`; only USDⓈ-M has `E` and `T`."""

    last_update_id: int = field(name="lastUpdateId")
    event_ms: int = field(name="E", default=0)
    transaction_ms: int = field(name="T", default=0)
    bids: list[Level] = field(default_factory=list)
    asks: list[Level] = field(default_factory=list)


class Ticker(msgspec.Struct):
    """`bookTicker`: the best bid and ask; only USDⓈ-M has `e`, `E` and `T`."""

    update_id: int = field(name="u")
    bid: str = field(name="b")
    bid_quantity: str = field(name="B")
    ask: str = field(name="a")
    ask_quantity: str = field(name="A")
    event: str = field(name="e", default="")
    transaction_ms: int = field(name="T", default=0)


class TradeEvent(msgspec.Struct):
    """`trade`: one execution; `M` is spot's, `X` (how it came about) is USDⓈ-M's."""

    trade_id: int = field(name="t")
    price: str = field(name="p")
    quantity: str = field(name="q")
    time_ms: int = field(name="T")
    buyer_is_maker: bool = field(name="m")
    spot_mark: bool | None = field(name="M", default=None)
    origin: str | None = field(name="X", default=None)


decode_diff = msgspec.json.Decoder(DepthDiff).decode
decode_snapshot = msgspec.json.Decoder(DepthSnapshot).decode
decode_ticker = msgspec.json.Decoder(Ticker).decode
decode_trade = msgspec.json.Decoder(TradeEvent).decode
