"""Frame bytes to numbers and book events, exactly: no float, no dict walked, no Decimal but once a second for marks.

Prices and quantities repeat all the time, so each decimal text is converted once and remembered (`Units`): a hit
costs one dict look-up. Whatever cannot be held exactly raises, and the session keeps the frame raw.

Times: `venue_ns` is the event time `E` of quotes and book updates (0 where the venue sends none: spot bookTicker),
and the trade time `T` of trades, which is when it happened; bars carry their opening time.
"""

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

import msgspec

from connectors.binance import messages
from connectors.binance.settings import Market
from connectors.errors import MalformedMessage
from core.bars import venue_interval
from core.decimals import to_units
from core.errors import PrecisionError
from core.instruments import Instrument
from core.records import ASK, EMPTY, FIRST, LAST, SNAPSHOT, Event, Kind

MALFORMED: Final = (ValueError, msgspec.MsgspecError, RecursionError)
"""What decoding hostile bytes may raise: bad UTF-8, wrong types, numbers out of range, JSON nested too deep."""

NUMBER_CHARS_MAX = 48
MEMO_ENTRIES_MAX = 32_768
NS_PER_MS = 1_000_000
_BOOK = int(Kind.BOOK)
_BAR = int(Kind.BAR)
_MARK = int(Kind.MARK)
_FUNDING_DECIMALS = 8

_decode_klines = msgspec.json.Decoder(list[messages.RestKline]).decode


class Units(dict[str, int]):
    """Decimal text to integer units of one precision, converted once and remembered; `units[text]` is the call.

    Raises PrecisionError for what is no plain decimal number, is below `minimum`, or cannot be held exactly. Cleared
    at MEMO_ENTRIES_MAX entries: prices drift, and memory is bounded.
    """

    __slots__ = ("minimum", "precision")

    def __init__(self, precision: int, minimum: int) -> None:
        """Convert to units of 10^-precision, none of them below `minimum` units."""
        super().__init__()
        self.precision = precision
        self.minimum = minimum

    def __missing__(self, text: str) -> int:
        """Convert `text` and remember it."""
        if len(text) > NUMBER_CHARS_MAX:
            raise PrecisionError(f"a number of {len(text)} characters")
        whole, _, fraction = text.partition(".")
        digits = whole + fraction
        if whole and len(fraction) == self.precision and len(digits) < 19 and digits.isdecimal() and digits.isascii():
            units = int(digits)  # as `to_units` would say, in half the time: spot pads to eight decimals
        else:
            units = to_units(text, self.precision)
        if units < self.minimum:
            raise PrecisionError(f"{text!r} is {'negative' if units < 0 else 'zero'}, where that means nothing")
        if len(self) >= MEMO_ENTRIES_MAX:
            self.clear()
        self[text] = units
        return units


class UnitsPool:
    """The memos of one venue: instruments of the same precision share them."""

    def __init__(self) -> None:
        """Start empty."""
        self._memos: dict[tuple[int, int], Units] = {}

    def positive(self, precision: int) -> Units:
        """Return the memo for numbers above zero: prices, traded quantities."""
        return self._memo(precision, 1)

    def unsigned(self, precision: int) -> Units:
        """Return the memo for numbers of zero and more: quantities of book levels."""
        return self._memo(precision, 0)

    def _memo(self, precision: int, minimum: int) -> Units:
        """Return the one memo of that precision and minimum."""
        return self._memos.setdefault((precision, minimum), Units(precision, minimum))


def quote_decoder(market: Market) -> Callable[[bytes], messages.SpotQuoteFrame | messages.UsdmQuoteFrame]:
    """Return the function that decodes a bookTicker frame."""
    if market is Market.SPOT:
        return msgspec.json.Decoder(messages.SpotQuoteFrame).decode
    return msgspec.json.Decoder(messages.UsdmQuoteFrame).decode


def trade_decoder(market: Market) -> Callable[[bytes], messages.SpotTradeFrame | messages.UsdmTradeFrame]:
    """Return the function that decodes a trade frame."""
    if market is Market.SPOT:
        return msgspec.json.Decoder(messages.SpotTradeFrame).decode
    return msgspec.json.Decoder(messages.UsdmTradeFrame).decode


def depth_parser(market: Market, index: int, rules: Instrument, pool: UnitsPool) -> Callable[[bytes, int], list[Event]]:
    """Return the function that turns a depthUpdate frame into BOOK events: bids, then asks, FIRST and LAST marked.

    `prev_update_id`: on USDⓈ-M the venue's own `pu`; spot sends none, but its ids are contiguous ("normally, `U` of
    the next event is equal to `u + 1` of the previous event"), so it is U - 1.
    """
    symbol = rules.symbol
    prices = pool.positive(rules.price_precision)
    quantities = pool.unsigned(rules.size_precision)
    decode_spot = msgspec.json.Decoder(messages.SpotDepthFrame).decode
    decode_usdm = msgspec.json.Decoder(messages.UsdmDepthFrame).decode

    def parse_spot(frame: bytes, recv_ns: int) -> list[Event]:
        data = decode_spot(frame).data
        return build(data, max(data.first_update_id - 1, 0), recv_ns)

    def parse_usdm(frame: bytes, recv_ns: int) -> list[Event]:
        data = decode_usdm(frame).data
        return build(data, data.prev_update_id, recv_ns)

    def build(data: messages.SpotDepth | messages.UsdmDepth, prev: int, recv_ns: int) -> list[Event]:
        first, last = data.first_update_id, data.last_update_id
        if data.symbol != symbol:
            raise MalformedMessage(f"{symbol}'s stream carries {data.symbol!r}")
        if not prev <= first <= last:
            raise MalformedMessage(f"update ids run backwards: pu {prev}, U {first}, u {last}")
        venue_ns = data.event_ms * NS_PER_MS
        events: list[Event] = [
            (_BOOK, 0, index, recv_ns, venue_ns, prices[price], quantities[quantity], first, last, prev)
            for price, quantity in data.bids
        ]
        events += [
            (_BOOK, ASK, index, recv_ns, venue_ns, prices[price], quantities[quantity], first, last, prev)
            for price, quantity in data.asks
        ]
        if not events:
            return [(_BOOK, FIRST | LAST | EMPTY, index, recv_ns, venue_ns, 0, 0, first, last, prev)]
        mark_ends(events)
        return events

    return parse_spot if market is Market.SPOT else parse_usdm


def snapshot_parser(index: int, rules: Instrument, pool: UnitsPool) -> Callable[[bytes, int], list[Event]]:
    """Return the function that turns a REST depth body into BOOK events flagged SNAPSHOT: bids, then asks."""
    decode = msgspec.json.Decoder(messages.DepthSnapshot).decode
    prices = pool.positive(rules.price_precision)
    quantities = pool.unsigned(rules.size_precision)

    def parse(body: bytes, recv_ns: int) -> list[Event]:
        data = decode(body)
        last, venue_ns = data.last_update_id, data.event_ms * NS_PER_MS
        events: list[Event] = [
            (_BOOK, SNAPSHOT | flag, index, recv_ns, venue_ns, prices[price], quantities[quantity], last, last, 0)
            for flag, levels in ((0, data.bids), (ASK, data.asks))
            for price, quantity in levels
        ]
        if not events:
            return [(_BOOK, SNAPSHOT | FIRST | LAST | EMPTY, index, recv_ns, venue_ns, 0, 0, last, last, 0)]
        mark_ends(events)
        return events

    return parse


def bar_parser(index: int, rules: Instrument, pool: UnitsPool) -> Callable[[bytes, int], Event | None]:
    """Return the function that turns a kline frame into a BAR event, None while the bar is still open."""
    decode = msgspec.json.Decoder(messages.KlineFrame).decode
    symbol = rules.symbol
    prices = pool.positive(rules.price_precision)
    quantities = pool.unsigned(rules.size_precision)

    def parse(frame: bytes, recv_ns: int) -> Event | None:
        data = decode(frame).data
        bar = data.bar
        if data.symbol != symbol or bar.symbol != symbol:
            raise MalformedMessage(f"{symbol}'s stream carries {data.symbol!r}")
        event = (
            _BAR, _interval(bar.open_ms, bar.close_ms), index, recv_ns, bar.open_ms * NS_PER_MS,
            prices[bar.open], prices[bar.high], prices[bar.low], prices[bar.close], quantities[bar.volume],
        )  # fmt: skip
        return event if bar.closed else None

    return parse


def mark_parser(index: int, rules: Instrument) -> Callable[[bytes, int], Event]:
    """Return the function that turns a markPriceUpdate frame into a MARK event.

    Mark and index prices are averages with more decimals than orders have: they are rounded to the instrument's units.
    """
    decode = msgspec.json.Decoder(messages.MarkFrame).decode
    symbol, precision = rules.symbol, rules.price_precision

    def parse(frame: bytes, recv_ns: int) -> Event:
        data = decode(frame).data
        if data.symbol != symbol:
            raise MalformedMessage(f"{symbol}'s stream carries {data.symbol!r}")
        mark_price = _rounded(data.mark_price, precision)
        if mark_price <= 0:
            raise PrecisionError(f"a mark price of {data.mark_price!r} means nothing")
        return (
            _MARK, 0, index, recv_ns, data.event_ms * NS_PER_MS, mark_price, _rounded(data.index_price, precision),
            _rounded(data.funding_rate or "0", _FUNDING_DECIMALS), data.next_funding_ms * NS_PER_MS, 0,
        )  # fmt: skip

    return parse


def _rounded(text: str, precision: int) -> int:
    """Return a decimal number in units of 10^-precision, rounded half to even. Raises PrecisionError for no number."""
    if len(text) > NUMBER_CHARS_MAX:
        raise PrecisionError(f"a number of {len(text)} characters")
    try:
        return int(Decimal(text).scaleb(precision).to_integral_value(ROUND_HALF_EVEN))
    except (ArithmeticError, ValueError) as error:
        raise PrecisionError(f"{text!r} is no number") from error


def read_bars(body: bytes, now_ns: int, index: int, rules: Instrument) -> list[Event]:
    """Return the BAR events of a REST klines body, oldest first, without the one still open at `now_ns`.

    Raises MalformedMessage.
    """
    prices, quantities = Units(rules.price_precision, 1), Units(rules.size_precision, 0)
    try:
        return [
            (
                _BAR, _interval(bar.open_ms, bar.close_ms), index, now_ns, bar.open_ms * NS_PER_MS,
                prices[bar.open], prices[bar.high], prices[bar.low], prices[bar.close], quantities[bar.volume],
            )
            for bar in _decode_klines(body)
            if bar.close_ms * NS_PER_MS < now_ns
        ]  # fmt: skip
    except MALFORMED as error:
        raise MalformedMessage(f"klines do not read as documented: {error}; body begins {body[:80]!r}") from error


def _interval(open_ms: int, close_ms: int) -> int:
    """Return the flags of a BAR record: Binance's closing time is the last millisecond inside the bar."""
    return venue_interval((close_ms + 1 - open_ms) * NS_PER_MS)


def mark_ends(events: list[Event]) -> None:
    """Flag the first event of a message FIRST and the last one LAST."""
    events[0] = with_flags(events[0], FIRST)
    events[-1] = with_flags(events[-1], LAST)


def with_flags(event: Event, add: int, remove: int = 0) -> Event:
    """Return the event with flags added and removed."""
    return (event[0], (event[1] | add) & ~remove, *event[2:])
