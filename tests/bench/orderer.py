"""A strategy for the wire benchmark: an order at the first tick of a cycle, its cancel at the last."""

from core.market import Quote
from strategies import Strategy
from tests.bench.wire_venue import CYCLE


class Orderer(Strategy):
    """Answers ticks by their number."""

    def on_start(self) -> None:
        """Follow the first instrument."""
        self._lot = self.markets[0].instrument.quantity("0.001")
        self.subscribe_quotes(self.markets[0])

    def on_quote(self, quote: Quote) -> None:
        """Order at the first of a cycle, far from the market; cancel at the last."""
        place = quote.update_id % CYCLE
        if place == 1:
            self.buy(self.markets[0], self._lot, quote.bid_price - 200_000)
        elif place == 0:
            self.cancel_all()
