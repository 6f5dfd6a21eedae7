"""Mark price, index price and the funding clock of one contract. Pure.

"Mark Price = Median (Price 1, Price 2, Contract Price)" with "Price 1 = Price Index * (1 + Last Funding Rate * (Time
until next funding / Funding Period))" and "Price 2 = Price Index + Moving Average (5-minute Basis)" (Binance's "Mark
Price in Futures"). The venue has one market only: its index is the middle of its own book, whose basis is nothing.
Where a recording holds `markPriceUpdate` events, their prices and rates are taken as they are.
"""

import msgspec

from connectors.embedded.exchange.orders import DECIMALS
from connectors.embedded.exchange.usdm.contracts import RATE_DECIMALS
from core.codec import UNREADABLE
from core.decimals import to_units
from core.errors import PrecisionError

FUNDING_INTERVAL_MS = 8 * 3_600_000
DEFAULT_RATE = 10_000  # 0.0100%, the interest rate component when there is no premium
_RATE_ONE: int = 10**RATE_DECIMALS


class MarkEvent(msgspec.Struct):
    """`markPriceUpdate`: mark, index, funding rate and the next funding time."""

    mark: str = msgspec.field(name="p")
    index: str = msgspec.field(name="i")
    rate: str = msgspec.field(name="r", default="")
    next_funding_ms: int = msgspec.field(name="T", default=0)


_decode = msgspec.json.Decoder(MarkEvent).decode


class Pricing:
    """What a contract is worth to margin: brought up to date by `quote`, `trade` and recorded events."""

    def __init__(self, now_ms: int, interval_ms: int = FUNDING_INTERVAL_MS) -> None:
        """Start without a price; funding is due at the next whole interval."""
        self.interval_ms = interval_ms
        self.next_funding_ms = (now_ms // interval_ms + 1) * interval_ms
        self.last_rate = 0
        self.rate = DEFAULT_RATE  # of the funding to come
        self.index = 0
        self.mark = 0
        self.last = 0
        self.recorded = False

    def quote(self, bid: int, ask: int, now_ms: int) -> None:
        """Take the best prices; 0 is a side without orders."""
        if self.recorded:
            return
        if bid and ask:
            self.index = (bid + ask) // 2
        elif bid or ask:
            self.index = bid or ask
        self._settle(now_ms)

    def trade(self, price: int, now_ms: int) -> None:
        """Take the price of a trade."""
        self.last = price
        if not self.recorded:
            self._settle(now_ms)

    def event(self, data: bytes) -> bool:
        """Take a recorded `markPriceUpdate`; returns whether it was one."""
        try:
            event = _decode(data)
            mark, index = to_units(event.mark, DECIMALS), to_units(event.index, DECIMALS)
            rate = to_units(event.rate, RATE_DECIMALS) if event.rate else self.rate
        except (*UNREADABLE, PrecisionError):
            return False  # a malformed frame is served as it is; the mark stays what it was
        self.mark, self.index, self.rate, self.recorded = mark, index, rate, True
        return True

    def set_interval(self, interval_ms: int, now_ms: int) -> None:
        """Change how often funding is exchanged, from now on."""
        self.interval_ms = interval_ms
        self.next_funding_ms = (now_ms // interval_ms + 1) * interval_ms

    def funded(self, now_ms: int) -> None:
        """Note that funding was exchanged: the rate is the last one now."""
        self.last_rate = self.rate
        self.next_funding_ms = (now_ms // self.interval_ms + 1) * self.interval_ms

    def _settle(self, now_ms: int) -> None:
        index = self.index or self.last
        until_ms = max(0, self.next_funding_ms - now_ms)
        first = index + index * self.last_rate * until_ms // (self.interval_ms * _RATE_ONE)
        self.mark = sorted((first, index, self.last or index))[1]
