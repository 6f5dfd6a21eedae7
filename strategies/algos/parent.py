"""What every execution algorithm shares: one parent order, worked by children that never come to more than it.

What may still be asked for is the parent's quantity less what is filled less all that its open children may still do;
a child whose fate is not known counts in full. So however rejects, cancels and fills fall, no more can be bought than
was asked for, as long as what the venue calls ended is ended: a fill after that is booked, and the parent ends.
"""

from typing import ClassVar, Literal

from core.effects import OrderBusted, OrderFilled, OrderUpdated
from core.market import Market, Quote, Trade
from core.orders import OrderState, Refusal, Side, TimeInForce
from strategies.algos.lasting import LastingParent
from strategies.algos.measure import Measure
from strategies.base import Saved, StrategyParams
from strategies.context import Timer

_OPEN = frozenset(
    (
        OrderState.SUBMITTED,
        OrderState.ACCEPTED,
        OrderState.PARTIALLY_FILLED,
        OrderState.PENDING_CANCEL,
        OrderState.UNKNOWN,
        OrderState.HELD,
    )
)
_DENIED = frozenset((OrderState.REJECTED, OrderState.NEVER_ARRIVED))
_IOC, _GTC = TimeInForce.IOC, TimeInForce.GTC
SECOND_NS = 1_000_000_000
MILLISECOND_NS = 1_000_000
RETRY = "retry"
TIME_OVER = "the time is over"


class ParentParams(StrategyParams, frozen=True):
    """What is to be done: `quantity` and `limit` (the worst price, "" for none) as decimal text."""

    side: Literal["buy", "sell"] = "buy"
    quantity: str = "0.01"
    limit: str = ""
    pause_ms: int = 1_000  # after a child that was refused or rejected


class ParentStrategy(LastingParent):
    """Base of execution algorithms. They begin with the first quote; `move` is called whenever something is to be seen.

    An algorithm runs as a strategy of its own (`use = "twap"`) or is asked for by one (`Strategy.work`). Either way it
    has one parent order, tells how it stands by `ParentProgress`, and retires when it has ended.
    """

    Params: ClassVar[type[StrategyParams]] = ParentParams
    params: ParentParams
    algorithm = ""

    # -- what an algorithm overrides -------------------------------------------------------------------------------

    def arrived(self) -> None:
        """Begin: the first price is known."""

    def move(self) -> None:
        """Look whether something is to be asked for or changed."""

    def traded(self, trade: Trade) -> None:
        """Take a trade of the market."""

    def due(self, name: str) -> None:
        """Take a timer of the algorithm's own."""

    # -- what it uses ----------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Read the parameters and follow the market; call it in `on_start`."""
        params, market = self.params, self.markets[0]
        instrument = market.instrument
        self.target_market: Market = market
        self.side = Side.BUY if params.side == "buy" else Side.SELL
        self.lot = instrument.lot
        self.quantity = instrument.quantity(params.quantity) // self.lot * self.lot
        self.limit = instrument.price(params.limit) if params.limit else 0
        self.open_parent()
        self.subscribe_quotes(market)
        self.subscribe_trades(market)
        self.go_on()
        if market.bid_price and market.ask_price and not self.has_ended:
            self._see(market.bid_price, market.ask_price)

    @property
    def room(self) -> int:
        """What may still be asked for, in whole lots."""
        return max(self.quantity - self.filled - self.working, 0) // self.lot * self.lot

    @property
    def near(self) -> int:
        """The best price on our own side."""
        return self.bid if self.side is Side.BUY else self.ask

    @property
    def far(self) -> int:
        """The best price on the other side."""
        return self.ask if self.side is Side.BUY else self.bid

    def within(self, price: int) -> int:
        """Return a price that is no worse than the limit."""
        if not self.limit:
            return price
        return min(price, self.limit) if self.side is Side.BUY else max(price, self.limit)

    def place(self, quantity: int, price: int, *, taking: bool = False) -> str:
        """Ask for a child of at most this quantity, at this price or the limit; return its id, "" where it cannot be.

        `taking`: only what trades at once, and only where the limit lets it.
        """
        size = min(quantity // self.lot * self.lot, self.room)
        at = self.within(price)
        if size <= 0 or self.paused or self.ending or (taking and at != price) or self._is_dust(size, at):
            return ""
        ask = self.buy if self.side is Side.BUY else self.sell
        name = ask(self.target_market, size, at, time_in_force=_IOC if taking else _GTC)
        self.sent(name, size)
        return name

    def end(self, state: str, reason: str = "") -> None:
        """Ask for nothing more; cancel what is open; retire once nothing is."""
        if not self.ending:
            self.ending, self._reason = state, reason
            for name in self.children:
                self.cancel(name)
            self.note()
        self._look_at_end()

    # -- callbacks -------------------------------------------------------------------------------------------------

    def on_start(self) -> None:
        """Begin."""
        self.begin()

    def on_quote(self, quote: Quote) -> None:
        """Follow the touch."""
        if quote.bid_price and quote.ask_price and not self.has_ended:
            self._see(quote.bid_price, quote.ask_price)

    def on_trade(self, trade: Trade) -> None:
        """Count the market's volume."""
        if self.measure is None or self.has_ended:
            return
        self.measure.trade(trade.quantity, trade.price)
        if not self.ending:
            self.traded(trade)

    def on_fill(self, fill: OrderFilled) -> None:
        """Count what is done."""
        if fill.client_order_id not in self._known or self.measure is None:
            return
        left = self.children.get(fill.client_order_id)
        if left is not None:
            self.children[fill.client_order_id] = max(left - fill.quantity, 0)
        else:
            self.note()
        self._count(fill.client_order_id, fill.quantity, fill.price)

    def on_bust(self, bust: OrderBusted) -> None:
        """Count what is done no longer."""
        if bust.client_order_id in self._known and self.measure is not None:
            self._count(bust.client_order_id, -bust.quantity, bust.price)
            self.note()

    def on_order(self, update: OrderUpdated) -> None:
        """Follow a child."""
        name = update.client_order_id
        if name not in self._known:
            return
        if update.state in _OPEN:
            self.children[name] = max(update.quantity - update.filled, 0)
            return
        if self.children.pop(name, None) is None:
            return
        self.note()
        if update.state in _DENIED:
            self._pause()
        self._tell("working", update.reason)
        if self.filled >= self.quantity:
            self.end("filled")
        elif self.ending:
            self._look_at_end()
        else:
            self.move()

    def on_refusal(self, refusal: Refusal) -> None:
        """Pause: what the gate refused once it will refuse again at once."""
        if self.children.pop(refusal.intent.client_order_id, None) is not None:
            self._pause()
            self.note()
            self._tell("working", refusal.code)
            self._look_at_end()

    def on_timer(self, timer: Timer) -> None:
        """Go on after a pause, or let the algorithm have its timer."""
        if self.has_ended:
            return
        if timer.name == RETRY:
            self.paused = False
            self.move()
        elif not self.ending:
            self.note()
            self.due(timer.name)

    def on_stop(self) -> None:
        """Tell how it stands: trading ends."""
        if not self.has_ended and self.measure is not None:
            self.has_ended = True
            self._tell("stopped", "trading ends")

    def save(self) -> Saved:
        """Return what decides what comes next."""
        return {
            "children": ",".join(f"{name}={left}" for name, left in self.children.items()),
            "count": self.child_count,
            "sums": [] if self.measure is None else self.measure.state(),
            "paused": self.paused,
            "ending": self.ending,
            "ended": self.has_ended,
            "started_ns": self.started_ns,
        }

    def _see(self, bid: int, ask: int) -> None:
        self.bid, self.ask = bid, ask
        if self.measure is None:
            self.measure = Measure(bid + ask)
            self.arrived_ns = self.now_ns
            self.note()
            self._tell("started", "")
            self.arrived()
        if not self.ending:
            self.move()

    def _is_dust(self, quantity: int, price: int) -> bool:
        """Whether the venue would not take so little."""
        instrument = self.target_market.instrument
        worth = quantity * price * instrument.notional_factor
        return quantity < instrument.min_quantity or worth < instrument.min_notional

    def _pause(self) -> None:
        if not self.paused and not self.ending:
            self.paused = True
            self.set_timer(RETRY, self.params.pause_ms * MILLISECOND_NS)

    def _look_at_end(self) -> None:
        if self.ending and not self.children and not self.has_ended:
            self.has_ended = True
            self._final = "filled" if self.filled >= self.quantity else self.ending
            self.note()
            self._tell(self._final, self._reason)
            self.retire()

    def _tell(self, state: str, reason: str) -> None:
        assert self.measure is not None
        self.tell_progress(
            self.measure.progress(
                parent=self.context.worker or self.context.strategy_id,
                strategy_id=self.context.strategy_id,
                algorithm=self.algorithm,
                instrument=self.target_market.index,
                side=self.side,
                state=state,
                quantity=self.quantity,
                children=self.child_count,
                started_ns=self.started_ns,
                reason=reason,
            )
        )
