"""The synthetic market's book: levels kept sorted as they change, every change with its update id."""

from bisect import bisect_left, insort

Changes = tuple[int, int, int, list[tuple[int, int]], list[tuple[int, int]]]


class SyntheticBook:
    """Two sides of price -> lots, with prices sorted ascending beside them. Never crossed, never one-sided."""

    def __init__(self, update_id: int) -> None:
        """Start empty at an update id; the first two calls set a bid and an ask."""
        self.update_id = update_id
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self.bid_prices: list[int] = []
        self.ask_prices: list[int] = []
        self._sent_update_id = update_id
        self._changed_bids: dict[int, int] = {}
        self._changed_asks: dict[int, int] = {}

    def best(self) -> tuple[int, int, int, int]:
        """Return bid price, bid lots, ask price, ask lots."""
        bid, ask = self.bid_prices[-1], self.ask_prices[0]
        return bid, self.bids[bid], ask, self.asks[ask]

    def set_bid(self, price: int, lots: int) -> None:
        """Set a bid level; 0 removes it. A price that the asks have reached is a bug of the caller's."""
        assert lots == 0 or not self.ask_prices or price < self.ask_prices[0], "a bid would cross the book"
        _set(self.bids, self.bid_prices, price, lots)
        self._changed_bids[price] = lots
        self.update_id += 1

    def set_ask(self, price: int, lots: int) -> None:
        """Set an ask level; 0 removes it."""
        assert lots == 0 or not self.bid_prices or price > self.bid_prices[-1], "an ask would cross the book"
        _set(self.asks, self.ask_prices, price, lots)
        self._changed_asks[price] = lots
        self.update_id += 1

    def take_changes(self) -> Changes:
        """Return first, last and previous update id and the changed levels since the last call, and forget them."""
        previous = self._sent_update_id
        bids, asks = list(self._changed_bids.items()), list(self._changed_asks.items())
        self._changed_bids.clear()
        self._changed_asks.clear()
        self._sent_update_id = self.update_id
        return previous + 1, self.update_id, previous, bids, asks


def _set(side: dict[int, int], prices: list[int], price: int, lots: int) -> None:
    if lots == 0:
        if side.pop(price, None) is not None:
            del prices[bisect_left(prices, price)]
        return
    if price not in side:
        insort(prices, price)
    side[price] = lots
