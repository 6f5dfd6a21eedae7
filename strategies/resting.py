"""What makers share: post-only orders at numbered places, one to a place from its asking to its end."""

from core.effects import OrderFilled, OrderUpdated
from core.market import Market
from core.orders import OrderState, Refusal, Side
from strategies.base import Saved, Strategy
from strategies.context import Timer

_WORKING = {OrderState.SUBMITTED, OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED}
_OPEN = _WORKING | {OrderState.PENDING_CANCEL, OrderState.UNKNOWN}
_DENIED = {OrderState.REJECTED, OrderState.NEVER_ARRIVED}


class RestingStrategy(Strategy):
    """Base of strategies that keep resting orders; `strategies/kernels/resting.py` has the same rules for kernels.

    A place is taken until its order has ended, so no side or level ever has two orders under way. What the gate
    refuses, the venue rejects or will not cancel makes it pause. `stale` tells that the next quote is worth a look: an
    order ended or was executed, or a pause is over.
    """

    def keep_places(self, market: Market, places: int, pause_ms: int) -> None:
        """Begin with empty places; call it in `on_start`.

        After a restart orders that still work take places, bids the first half, asks the second; more are cancelled.
        """
        self._market = market
        self._orders = [""] * places
        self._prices = [0] * places
        self._cancelling = [0] * places
        self._pause_ns = pause_ms * 1_000_000
        self.stale = True
        self.paused = False
        for order in self.open_orders(market):
            half = range(places // 2) if order.intent.side is Side.BUY else range(places // 2, places)
            place = next((each for each in half if not self._orders[each]), -1)
            if place < 0:
                self.cancel(order.client_order_id)
            else:
                self._orders[place], self._prices[place] = order.client_order_id, order.price

    def put(self, place: int, side: Side, quantity: int, price: int) -> None:
        """Ask for an order at an empty place."""
        ask = self.buy if side is Side.BUY else self.sell
        self._orders[place] = ask(self._market, quantity, price, post_only=True)
        self._prices[place] = price

    def pull(self, place: int) -> None:
        """Ask to cancel the order of a place, once."""
        if not self._cancelling[place]:
            self._cancelling[place] = 1
            self.cancel(self._orders[place])

    def on_order(self, update: OrderUpdated) -> None:
        """Empty the place of an order that has ended; pause where the venue would not have it, or not cancel it."""
        if update.client_order_id not in self._orders:
            return
        place = self._orders.index(update.client_order_id)
        if update.state not in _OPEN:
            self._empty(place)
            if update.state in _DENIED:
                self._pause()
        elif self._cancelling[place] and update.state in _WORKING:
            self._cancelling[place] = 0
            self.stale = True
            self._pause()

    def on_fill(self, _fill: OrderFilled) -> None:
        """Look again: the inventory has changed."""
        self.stale = True

    def on_refusal(self, refusal: Refusal) -> None:
        """Pause: what the gate refused once it will refuse again at once."""
        if refusal.intent.client_order_id in self._orders:
            self._empty(self._orders.index(refusal.intent.client_order_id))
            self._pause()

    def on_timer(self, _timer: Timer) -> None:
        """Go on."""
        self.paused = False
        self.stale = True

    def save(self) -> Saved:
        """Return the orders by place; override it to add your own, and `load` likewise."""
        return {
            "orders": ",".join(self._orders),
            "prices": list(self._prices),
            "cancelling": list(self._cancelling),
            "stale": self.stale,
            "paused": self.paused,
        }

    def load(self, saved: Saved) -> None:
        """Take back the orders by place."""
        prices, cancelling = saved["prices"], saved["cancelling"]
        assert isinstance(prices, list)
        assert isinstance(cancelling, list)
        self._orders = str(saved["orders"]).split(",")
        self._prices = [int(price) for price in prices]
        self._cancelling = [int(flag) for flag in cancelling]
        self.stale = bool(saved["stale"])
        self.paused = bool(saved["paused"])

    def _empty(self, place: int) -> None:
        """Forget the order of a place."""
        self._orders[place] = ""
        self._cancelling[place] = 0
        self.stale = True

    def _pause(self) -> None:
        """Stop quoting for a while."""
        if not self.paused:
            self.paused = True
            self.set_timer("pause", self._pause_ns)
