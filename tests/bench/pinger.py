"""A strategy for the tick-to-order benchmark: a limit order far away at every fiftieth quote, cancelled five later."""

from core.market import Quote
from strategies import Strategy

EVERY = 50


class Pinger(Strategy):
    """Answers a quote with an order as directly as a strategy can."""

    def on_start(self) -> None:
        """Follow the first instrument."""
        self._seen = 0
        self._lot = self.markets[0].instrument.lot * 100
        self.subscribe_quotes(self.markets[0])

    def on_quote(self, quote: Quote) -> None:
        """Order at the first of fifty quotes, cancel at the sixth."""
        self._seen += 1
        if self._seen % EVERY == 1:
            self.buy(self.markets[0], self._lot, quote.bid_price - 10_000)
        elif self._seen % EVERY == 6:
            self.cancel_all()
