"""A simple two-sided quoter: one resting order on each side of the mid, leaned against the inventory."""

from core.effects import OrderUpdated
from core.market import Quote
from core.orders import OrderState, Refusal, Side
from strategies.base import Saved, Strategy, StrategyParams
from strategies.context import Timer

_WORKING = {OrderState.SUBMITTED, OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED}
_OPEN = _WORKING | {OrderState.PENDING_CANCEL, OrderState.UNKNOWN}
_BASIS_POINTS = 10_000


class TwoSidedQuoter(Strategy):
    """Keeps a post-only bid and ask `half_spread_bps` from the mid, moved when the mid has moved `requote_bps`.

    Inventory leans the quotes: at `max_inventory` long the bid is withheld, at as much short the ask.
    """

    class Params(StrategyParams, frozen=True):
        """Distances in basis points of the mid, quantities as decimal text, the pause after a refusal in ms."""

        quantity: str = "0.05"
        half_spread_bps: float = 1.0
        requote_bps: float = 1.0
        max_inventory: str = "0.25"
        pause_ms: int = 250

    params: Params

    def on_start(self) -> None:
        """Follow the quotes of the first configured instrument."""
        self._market = self.markets[0]
        instrument = self._market.instrument
        self._quantity = instrument.quantity(self.params.quantity)
        self._max_inventory = instrument.quantity(self.params.max_inventory)
        self._anchor = 0.0
        self._orders = {Side.BUY: "", Side.SELL: ""}
        self._cancelling = {Side.BUY: False, Side.SELL: False}
        self._resting = False
        for order in self.open_orders(self._market):  # of before a restart: moved with the first quote
            if self._orders[order.intent.side]:
                self.cancel(order.client_order_id)
            else:
                self._orders[order.intent.side] = order.client_order_id
        self.subscribe_quotes(self._market)

    def on_quote(self, quote: Quote) -> None:
        """Move the quotes when the mid has left the anchor far enough, or one side is missing."""
        if self._resting:
            return
        mid = quote.mid
        if abs(mid - self._anchor) * _BASIS_POINTS > self.params.requote_bps * mid:
            self._anchor = mid
            for side in (Side.BUY, Side.SELL):
                self._withdraw(side)
        for side in (Side.BUY, Side.SELL):
            if not self._orders[side]:
                self._place(side, quote)

    def on_order(self, update: OrderUpdated) -> None:
        """Forget an order that has ended; rest a moment after a rejection, so as not to hammer the venue.

        An order that works although it was to be cancelled, because the venue refused, is moved after the rest.
        """
        if update.client_order_id != self._orders[update.side]:
            return
        if update.state in _OPEN:
            if self._cancelling[update.side] and update.state in _WORKING:
                self._cancelling[update.side] = False
                self._anchor = 0.0
                self._rest()
            return
        self._orders[update.side] = ""
        self._cancelling[update.side] = False
        if update.state is OrderState.REJECTED:
            self._rest()

    def on_refusal(self, refusal: Refusal) -> None:
        """Rest a moment: what the gate refused once it will refuse again at once."""
        self._orders[refusal.intent.side] = ""
        self._rest()

    def on_timer(self, timer: Timer) -> None:
        """Quote again."""
        self._resting = self._resting and timer.name != "rest"

    def save(self) -> Saved:
        """Return the anchor and both orders."""
        return {
            "anchor": self._anchor,
            "bid": self._orders[Side.BUY],
            "ask": self._orders[Side.SELL],
            "cancelling_bid": self._cancelling[Side.BUY],
            "cancelling_ask": self._cancelling[Side.SELL],
            "resting": self._resting,
        }

    def load(self, saved: Saved) -> None:
        """Take back the anchor and both orders."""
        self._anchor = float(str(saved["anchor"]))
        self._orders = {Side.BUY: str(saved["bid"]), Side.SELL: str(saved["ask"])}
        self._cancelling = {Side.BUY: bool(saved["cancelling_bid"]), Side.SELL: bool(saved["cancelling_ask"])}
        self._resting = bool(saved["resting"])

    def _place(self, side: Side, quote: Quote) -> None:
        """Ask for a resting order on one side, unless the inventory is full on it."""
        if side * self.position(self._market) >= self._max_inventory:
            return
        tick = self._market.instrument.tick
        away = self._anchor * self.params.half_spread_bps / _BASIS_POINTS
        if side is Side.BUY:
            price = min(int((self._anchor - away) // tick) * tick, quote.ask_price - tick)
            self._orders[side] = self.buy(self._market, self._quantity, price, post_only=True)
        else:
            price = max(-int((-self._anchor - away) // tick) * tick, quote.bid_price + tick)
            self._orders[side] = self.sell(self._market, self._quantity, price, post_only=True)

    def _withdraw(self, side: Side) -> None:
        """Ask to cancel one side, once."""
        if self._orders[side] and not self._cancelling[side]:
            self._cancelling[side] = True
            self.cancel(self._orders[side])

    def _rest(self) -> None:
        """Stop quoting for `pause_ms`."""
        if not self._resting:
            self._resting = True
            self.set_timer("rest", self.params.pause_ms * 1_000_000)
