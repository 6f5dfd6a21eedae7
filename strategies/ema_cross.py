"""EMA cross: long while the fast average of the mid is above the slow one, flat (or short) while it is below."""

from core.effects import OrderUpdated
from core.market import Quote
from core.orders import OrderState
from strategies.base import Saved, Strategy, StrategyParams


class EmaCross(Strategy):
    """Trades the crossing of two exponential moving averages of the mid price, with market orders.

    No order before `slow` quotes have been seen, and only one order at a time.
    """

    class Params(StrategyParams, frozen=True):
        """`fast` and `slow` are spans in quotes (alpha = 2 / (span + 1)); `quantity` is decimal text."""

        fast: int = 20
        slow: int = 100
        quantity: str = "0.01"
        allow_short: bool = False

    params: Params

    def on_start(self) -> None:
        """Follow the quotes of the first configured instrument."""
        self._market = self.markets[0]
        self._quantity = self._market.instrument.quantity(self.params.quantity)
        self._short = -self._quantity if self.params.allow_short else 0
        self._fast_alpha = 2.0 / (self.params.fast + 1)
        self._slow_alpha = 2.0 / (self.params.slow + 1)
        self._fast = self._slow = 0.0
        self._warm_up = self.params.slow
        self._seen = 0
        self._target = self.position(self._market)  # that of before a restart, too
        self._working = next((order.client_order_id for order in self.open_orders(self._market)), "")
        self.subscribe_quotes(self._market)

    def on_quote(self, quote: Quote) -> None:
        """Move both averages; ask for an order when they have crossed."""
        twice_mid = float(quote.bid_price + quote.ask_price)
        seen = self._seen
        self._seen = seen + 1
        if not seen:
            self._fast = self._slow = twice_mid
            return
        fast, slow = self._fast, self._slow
        self._fast = fast = fast + self._fast_alpha * (twice_mid - fast)
        self._slow = slow = slow + self._slow_alpha * (twice_mid - slow)
        target = self._quantity if fast > slow else self._short
        if target != self._target and seen >= self._warm_up and not self._working:
            self._go_to(target)

    def on_order(self, update: OrderUpdated) -> None:
        """Allow the next order once this one has ended; a lost one makes the strategy look at its position again."""
        if update.client_order_id != self._working:
            return
        if update.state in {
            OrderState.REJECTED,
            OrderState.CANCELLED,
            OrderState.EXPIRED,
            OrderState.NEVER_ARRIVED,
        }:
            self._target = self.position(self._market)
            self._working = ""
        elif update.state is OrderState.FILLED:
            self._working = ""

    def on_refusal(self, _refusal: object) -> None:
        """Wait for the next crossing: what the gate refused it would refuse again at every quote."""
        self._working = ""

    def save(self) -> Saved:
        """Return both averages, the count and the order that is out."""
        return {
            "fast": self._fast,
            "slow": self._slow,
            "seen": self._seen,
            "target": self._target,
            "working": self._working,
        }

    def load(self, saved: Saved) -> None:
        """Take back both averages, the count and the order that is out."""
        self._fast, self._slow = float(str(saved["fast"])), float(str(saved["slow"]))
        self._seen, self._target = int(str(saved["seen"])), int(str(saved["target"]))
        self._working = str(saved["working"])

    def _go_to(self, target: int) -> None:
        """Ask for the order that brings the position to `target`, in whole lots."""
        change = target - self.position(self._market)
        lot = self._market.instrument.lot  # fees taken in the base, and odd lots of the venue, leave less than one
        self._target = target
        if change >= lot:
            self._working = self.buy(self._market, change // lot * lot)
        elif change <= -lot:
            self._working = self.sell(self._market, -change // lot * lot)
