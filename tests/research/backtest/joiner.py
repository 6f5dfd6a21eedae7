"""A strategy for tests that reads the book alone: one post-only order at the best price of each side."""

from core.effects import OrderUpdated
from core.market import Market
from core.orders import OrderState, Side
from strategies.base import Strategy, StrategyParams

_OPEN = {OrderState.SUBMITTED, OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED, OrderState.PENDING_CANCEL}


class Joiner(Strategy):
    """Joins the best bid and ask, and follows them once they have moved away by more than `reach` ticks."""

    class Params(StrategyParams, frozen=True):
        """Contracts an order, and ticks."""

        quantity: str = "3"
        reach: int = 1

    params: Params

    def on_start(self) -> None:
        self._market = self.markets[0]
        self._quantity = self._market.instrument.quantity(self.params.quantity)
        self._out: dict[Side, tuple[str, int]] = {}
        self._leaving: set[str] = set()
        self.subscribe_book(self._market)

    def on_book(self, market: Market) -> None:
        for side, price in ((Side.BUY, market.book.best_bid), (Side.SELL, market.book.best_ask)):
            if not price:
                continue
            if side not in self._out:
                ask = self.buy if side is Side.BUY else self.sell
                self._out[side] = ask(market, self._quantity, price, post_only=True), price
                continue
            name, at = self._out[side]
            if abs(price - at) > self.params.reach * market.instrument.tick and name not in self._leaving:
                self._leaving.add(name)
                self.cancel(name)

    def on_order(self, update: OrderUpdated) -> None:
        if update.state not in _OPEN:
            self._out = {side: out for side, out in self._out.items() if out[0] != update.client_order_id}
            self._leaving.discard(update.client_order_id)

    def on_refusal(self, refusal) -> None:
        self._out = {side: out for side, out in self._out.items() if out[0] != refusal.intent.client_order_id}
