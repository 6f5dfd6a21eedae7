"""What takers share: a target position, and one market order at a time that brings the position there."""

from core.effects import OrderUpdated
from core.market import Market
from core.orders import OrderState, Refusal
from strategies.base import Saved, Strategy
from strategies.context import Timer

_LOST = {OrderState.CANCELLED, OrderState.EXPIRED, OrderState.REJECTED, OrderState.NEVER_ARRIVED}


class PursuitStrategy(Strategy):
    """Base of strategies that set `target` and call `pursue`; `strategies/kernels/pursuit.py` is its kernel form.

    An order that is lost (refused, rejected, ended unfilled) is followed by a pause. An entry is not tried again: what
    was filled of it is kept, otherwise the target becomes flat. An exit is tried again after the pause.
    """

    def begin(self, market: Market, pause_ms: int) -> None:
        """Aim at nothing; call it in `on_start`.

        After a restart what there is of a position is closed: what its exit would be is forgotten. An order that is
        still out is waited for.
        """
        self._market = market
        self._pause_ns = pause_ms * 1_000_000
        self._lot = market.instrument.lot  # fees taken in the base, and odd lots of the venue, leave less than one
        self._working = next((order.client_order_id for order in self.open_orders(market)), "")
        self._paused = False
        self.target = 0

    def pursue(self) -> None:
        """Ask for what is missing to the target in whole lots, unless an order is out."""
        if self._working or self._paused:
            return
        change = self.target - self.position(self._market)
        lot = self._lot
        if change >= lot:
            self._working = self.buy(self._market, change // lot * lot)
        elif change <= -lot:
            self._working = self.sell(self._market, -change // lot * lot)

    def on_order(self, update: OrderUpdated) -> None:
        """Allow the next order once this one has ended."""
        if update.client_order_id != self._working:
            return
        if update.state is OrderState.FILLED:
            self._working = ""
        elif update.state in _LOST:
            self._give_up()

    def on_refusal(self, refusal: Refusal) -> None:
        """Pause: what the gate refused once it will refuse again at once."""
        if refusal.intent.client_order_id == self._working:
            self._give_up()

    def on_timer(self, _timer: Timer) -> None:
        """Go on."""
        self._paused = False

    def save(self) -> Saved:
        """Return the target and the order that is out; override it to add your own, and `load` likewise."""
        return {"target": self.target, "working": self._working, "paused": self._paused}

    def load(self, saved: Saved) -> None:
        """Take back the target and the order that is out."""
        self.target = int(str(saved["target"]))
        self._working = str(saved["working"])
        self._paused = bool(saved["paused"])

    def _give_up(self) -> None:
        """Keep what there is of an entry, and pause."""
        held = self.position(self._market)
        self._working = ""
        self.target = held if (self.target > 0 and held > 0) or (self.target < 0 and held < 0) else 0
        if not self._paused:
            self._paused = True
            self.set_timer("pause", self._pause_ns)
