"""What a recording tells of its venue: which market it is, and each symbol's tick and lot.

A recording holds no exchangeInfo, so tick and lot are inferred and may be coarser than the venue's (a price that no
frame needed) or finer (after a lot grew, old orders keep quantities off the new one). The tick is the finest price
seen. The lot is the coarsest step that at least 99.9 % of the quantities fit.
"""

from collections import Counter
from pathlib import Path

from connectors.embedded.errors import RecordingError
from connectors.embedded.market import SPOT_WIRE_DECIMALS, Market, StreamKind
from connectors.embedded.wire import decode_diff, decode_snapshot, decode_ticker, decode_trade
from core.codec import UNREADABLE
from core.decimals import decimals_of

_LOT_SHARE = 0.999
_BATCH = 50_000


class _SymbolSurvey:
    """What one symbol's frames showed; texts are counted in batches, since most of them repeat."""

    __slots__ = ("first_update_id", "last_update_id", "price_decimals", "prices", "quantities", "quantity_decimals")

    def __init__(self) -> None:
        self.prices: set[str] = set()
        self.quantities: list[str] = []
        self.price_decimals = 0
        self.quantity_decimals: Counter[int] = Counter()
        self.first_update_id = 0
        self.last_update_id = 0

    def count(self, price: str, quantity: str) -> None:
        self.prices.add(price)
        self.quantities.append(quantity)

    def settle(self) -> None:
        """Turn the texts gathered into counts of decimals."""
        self.price_decimals = max(self.price_decimals, max(map(decimals_of, self.prices), default=0))
        self.prices.clear()
        for text, times in Counter(self.quantities).items():
            if text.strip("0.") != "":  # a zero removes a level: it fits every lot and says nothing
                self.quantity_decimals[decimals_of(text)] += times
        self.quantities.clear()


class Survey:
    """Evidence gathered from frames; a frame that does not decode gives none."""

    def __init__(self) -> None:
        """Begin without evidence."""
        self._symbols: dict[str, _SymbolSurvey] = {}
        self._usdm = 0
        self._spot = 0

    @property
    def symbols(self) -> list[str]:
        """The symbols seen, in the order seen."""
        return list(self._symbols)

    def add(self, symbol: str, kind: StreamKind, data: bytes) -> None:
        """Take one event of `symbol` into account."""
        try:
            if kind is StreamKind.TICKER:
                self._ticker(symbol, data)
            elif kind is StreamKind.TRADE:
                self._trade(symbol, data)
            elif kind is StreamKind.DEPTH:
                self._depth(symbol, data)
        except UNREADABLE:
            return  # recordings hold malformed frames on purpose; they are served, and teach nothing
        if symbol in self._symbols and len(self._symbols[symbol].quantities) > _BATCH:
            self._symbols[symbol].settle()

    def market(self) -> Market:
        """Return the market whose frames these are: `pu`, typed bookTickers and `X` are USDⓈ-M's."""
        return Market.USDM if self._usdm > self._spot else Market.SPOT

    def decimals(self, symbol: str) -> tuple[int, int]:
        """Return the decimals of a symbol's tick and lot."""
        seen = self._symbols[symbol]
        seen.settle()
        enough = _LOT_SHARE * seen.quantity_decimals.total()
        quantity, fitting = 0, seen.quantity_decimals[0]
        while fitting < enough:
            quantity += 1
            fitting += seen.quantity_decimals[quantity]
        return min(seen.price_decimals, SPOT_WIRE_DECIMALS), min(quantity, SPOT_WIRE_DECIMALS)

    def snapshot_symbol(self, path: Path, text: bytes) -> str | None:
        """Return whose depth answer a line is, None if it does not decode.

        The answer names no symbol; where a file holds several, its update id lies among one symbol's ids.
        """
        try:
            update_id = decode_snapshot(text).last_update_id
        except UNREADABLE:
            return None
        if len(self._symbols) == 1:
            return next(iter(self._symbols))
        owners = [
            symbol
            for symbol, seen in self._symbols.items()
            if seen.first_update_id - 1 <= update_id <= seen.last_update_id
        ]
        if len(owners) != 1:
            raise RecordingError(
                f"{path}: cannot tell whose depth snapshot this is ({', '.join(owners) or 'nobody'} "
                f"has update id {update_id}); record each symbol to its own file"
            )
        return owners[0]

    def _of(self, symbol: str) -> _SymbolSurvey:
        seen = self._symbols.get(symbol)
        if seen is None:
            seen = self._symbols[symbol] = _SymbolSurvey()
        return seen

    def _ticker(self, symbol: str, data: bytes) -> None:
        ticker = decode_ticker(data)
        seen = self._of(symbol)
        seen.count(ticker.bid, ticker.bid_quantity)
        seen.count(ticker.ask, ticker.ask_quantity)
        self._vote(usdm=ticker.event != "")

    def _trade(self, symbol: str, data: bytes) -> None:
        trade = decode_trade(data)
        self._of(symbol).count(trade.price, trade.quantity)
        if trade.spot_mark is not None or trade.origin is not None:
            self._vote(usdm=trade.origin is not None)

    def _depth(self, symbol: str, data: bytes) -> None:
        diff = decode_diff(data)
        seen = self._of(symbol)
        for price, quantity in diff.bids:
            seen.count(price, quantity)
        for price, quantity in diff.asks:
            seen.count(price, quantity)
        seen.first_update_id = seen.first_update_id or diff.first_update_id
        seen.last_update_id = max(seen.last_update_id, diff.last_update_id)
        self._vote(usdm=diff.previous_update_id is not None)

    def _vote(self, *, usdm: bool) -> None:
        if usdm:
            self._usdm += 1
        else:
            self._spot += 1
