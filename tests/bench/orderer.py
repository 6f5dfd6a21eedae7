"""A strategy for the wire benchmark: an order at the first tick of a cycle, its cancel at the last of every other."""

from core.market import Quote
from strategies import Strategy
from tests.bench.wire_venue import CYCLE, by_operator


class Orderer(Strategy):
    """Answers ticks by their number."""

    def on_start(self) -> None:
        """Follow the first instrument."""
        self._lot = self.markets[0].instrument.quantity("0.001")
        self.subscribe_quotes(self.markets[0])

    def on_quote(self, quote: Quote) -> None:
        """Order at the first of a cycle, far from the market; cancel at the last, unless the operator does."""
        cycle, place = divmod(quote.update_id - 1, CYCLE)
        if place == 0:
            self.buy(self.markets[0], self._lot, quote.bid_price - 200_000)
        elif place == CYCLE - 1 and not by_operator(cycle):
            self.cancel_all()
