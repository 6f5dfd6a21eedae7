"""One instrument's matching: our orders against the market that the events tell."""

from connectors.sim import rules
from connectors.sim.ladder import Ladder
from connectors.sim.matching import (
    NO_LIMIT_BUY,
    NO_LIMIT_SELL,
    UNKNOWN_QUEUE,
    crosses,
    fill_on_print,
    fill_on_touch,
    is_deeper,
    queue_after_display,
    still_unprinted,
)
from connectors.sim.orders import WorkingOrder
from connectors.sim.reports import Reports
from connectors.sim.view import NO_TOUCH, Touch, displayed_in_book, levels_of, touch_of
from core.events import ReportType
from core.instruments import Instrument
from core.market import Market
from core.orders import Liquidity, OrderIntent, OrderType, Side, TimeInForce
from core.records import LAST, NOT_MARKET, PENDING, SELL_AGGRESSOR, Event, Kind

_QUOTE, _TRADE, _BOOK = int(Kind.QUOTE), int(Kind.TRADE), int(Kind.BOOK)


class Matcher:
    """The working orders of one instrument. `active` says whether a market event can matter to it."""

    __slots__ = (
        "_asks",
        "_bids",
        "_market",
        "_print_lag_ns",
        "_reports",
        "_working",
        "active",
        "instrument",
        "position",
    )

    def __init__(
        self,
        instrument: Instrument,
        market: Market,
        reports: Reports,
        working: dict[str, WorkingOrder],
        print_lag_ns: int,
    ) -> None:
        """Read `market`, write `reports`; `working` is the whole venue's orders by client order id."""
        self.instrument = instrument
        self.active = False
        self.position = 0  # our fills summed: what reduce-only is judged by
        self._market = market
        self._reports = reports
        self._working = working
        self._print_lag_ns = print_lag_ns
        self._bids = Ladder(Side.BUY)
        self._asks = Ladder(Side.SELL)

    def redefine(self, instrument: Instrument, market: Market) -> None:
        """Go on under the venue's new rules; what works keeps its price and place."""
        self.instrument = instrument
        self._market = market

    # -- requests --------------------------------------------------------------------------------------------------

    def submit(self, intent: OrderIntent) -> None:
        """Refuse a new order, or accept it, trade what can be traded and let the rest stay or expire."""
        touch = touch_of(self._market)
        reason = self._refusal(intent, touch)
        if reason:
            self._reports.refuse(intent.instrument, intent.client_order_id, reason)
            return
        limit = intent.price
        if intent.type is OrderType.MARKET:
            limit = NO_LIMIT_BUY if intent.side is Side.BUY else NO_LIMIT_SELL
        order = WorkingOrder(intent, self._reports.new_order_id(), limit)
        self._reports.tell(ReportType.ACCEPTED, order)
        if intent.time_in_force is TimeInForce.FOK and self._obtainable(order) < order.leaves:
            self._reports.tell(ReportType.EXPIRED, order, "fill or kill: the book holds less")
            return
        self._working[order.client_order_id] = order
        self._take(order)
        if order.leaves:
            self._rest_or_expire(order, intent, touch)
        self._note_activity()

    def cancel(self, order: WorkingOrder) -> None:
        """Take a working order out of the book."""
        self._end(order, ReportType.CANCELLED, "")
        self._note_activity()

    def _refusal(self, intent: OrderIntent, touch: Touch) -> str:
        """Say why the venue does not take the order, empty if it does."""
        opposite = touch[2] if intent.side is Side.BUY else touch[0]
        reason = rules.refusal_of(intent, self.instrument, opposite)
        if reason:
            return reason
        if intent.client_order_id in self._working:
            return rules.DUPLICATE_ORDER
        if touch == NO_TOUCH:
            return f"no market: neither a quote nor a live book of {self.instrument.id} has come"
        if intent.post_only and crosses(int(intent.side), intent.price, opposite):
            return rules.WOULD_TAKE
        if intent.reduce_only and -int(intent.side) * self.position < intent.quantity:
            return rules.NOT_REDUCING
        return ""

    def _obtainable(self, order: WorkingOrder) -> int:
        """How much of the order could trade now."""
        ladder = self._opposite(order)
        total = 0
        for price, displayed in levels_of(self._market, ladder.side):
            if total >= order.leaves or not crosses(order.sign, order.limit, price):
                break
            total += ladder.left(price, displayed)
        return total

    def _take(self, order: WorkingOrder) -> None:
        """Walk the other side's levels within the limit, one fill a level."""
        ladder = self._opposite(order)
        for price, displayed in levels_of(self._market, ladder.side):
            if not order.leaves or not crosses(order.sign, order.limit, price):
                break
            quantity = min(order.leaves, ladder.left(price, displayed))
            if quantity:
                ladder.take(price, quantity)
                self._fill(order, price, quantity, Liquidity.TAKER)

    def _rest_or_expire(self, order: WorkingOrder, intent: OrderIntent, touch: Touch) -> None:
        """Let a limit order's remainder join the queue at its price; end any other remainder."""
        if intent.type is OrderType.MARKET:
            self._end(order, ReportType.EXPIRED, "market order: the book holds no more")
        elif intent.time_in_force is not TimeInForce.GTC:
            self._end(order, ReportType.EXPIRED, "immediate or cancel: no more within the limit")
        else:
            order.ahead = self._queue_at(order, touch)
            order.joined_update_id = self._market.update_id
            order.joined_venue_ns = self._market.venue_ns
            self._own(order).add(order)

    def _queue_at(self, order: WorkingOrder, touch: Touch) -> int:
        """How many stand ahead of an order that joins now: all that is displayed at its price."""
        price, quantity = touch[:2] if order.side is Side.BUY else touch[2:]
        if order.limit == price:
            return quantity
        if not is_deeper(order.sign, order.limit, price):
            return 0
        displayed = displayed_in_book(self._market, order.side, order.limit)
        return UNKNOWN_QUEUE if displayed is None else displayed

    # -- market events ---------------------------------------------------------------------------------------------

    def on_event(self, event: Event) -> None:
        """Let an event that the market has already taken in act on the working orders."""
        kind, flags = event[0], event[1]
        if kind == _BOOK:
            if flags & (LAST | PENDING) != LAST:
                return
            self._reports.move_to(event[3])
            if not self._market.quote_ns:
                self._on_touch()
            self._on_depth()
        elif kind == _QUOTE:
            self._reports.move_to(event[3])
            self._on_touch()
        elif kind == _TRADE and not flags & NOT_MARKET:
            self._reports.move_to(event[3])
            self._on_print(event)
        else:
            return
        self._note_activity()

    def _on_touch(self) -> None:
        """Fill orders that the other side came to; correct the queue of those at the touch or before it."""
        touch = touch_of(self._market)
        bid, bid_quantity, ask, ask_quantity = touch
        if not bid and not ask:
            return
        bids, asks = self._bids, self._asks
        if bids.taken:
            bids.show_touch(bid, bid_quantity)
        if asks.taken:
            asks.show_touch(ask, ask_quantity)
        if bids.orders:
            self._meet(bids, bid, bid_quantity, asks, ask, ask_quantity)
        if asks.orders:
            self._meet(asks, ask, ask_quantity, bids, bid, bid_quantity)

    def _meet(self, own: Ladder, touch: int, quantity: int, other: Ladder, opposite: int, displayed: int) -> None:
        """Let one side's orders meet both touches, best first, as far back as a touch can concern them."""
        sign = own.sign
        for order in tuple(own.orders):
            limit = order.limit
            if crosses(sign, limit, opposite):
                fill = fill_on_touch(sign, limit, order.leaves, opposite, other.left(opposite, displayed))
                if fill:
                    other.take(opposite, fill)
                    self._fill(order, limit, fill, Liquidity.MAKER)
            elif is_deeper(sign, limit, touch):
                break
            shown = quantity if limit == touch else 0
            if shown < order.ahead:
                self._show(order, shown)

    def _on_print(self, event: Event) -> None:
        """Serve our orders from a public trade: best price, then first come, never more than was traded."""
        _, flags, _, now_ns, venue_ns, price, left, _, _, _ = event
        assert isinstance(price, int)
        own = self._bids if flags & SELL_AGGRESSOR else self._asks
        for order in tuple(own.orders):
            if (order.limit - price) * own.sign < 0:
                break
            # The venue's own clock says that this trade happened before the order joined.
            if 0 < venue_ns < order.joined_venue_ns:
                continue
            unprinted = still_unprinted(order.unprinted, order.dropped_ns, now_ns, self._print_lag_ns)
            quantity, order.ahead, order.unprinted = fill_on_print(
                own.sign, order.limit, order.leaves, order.ahead, unprinted, price, left
            )
            if quantity:
                left -= quantity
                self._fill(order, order.limit, quantity, Liquidity.MAKER)

    def _on_depth(self) -> None:
        """Correct what lies behind the touch by a whole book message: queues, and what is left of levels."""
        bid, _, ask, _ = touch_of(self._market)
        last_update_id = self._market.book.last_update_id
        for ladder, touch in ((self._bids, bid), (self._asks, ask)):
            for order in ladder.orders:
                # A book older than our joining shows a queue that others may have joined since.
                if is_deeper(ladder.sign, order.limit, touch) and last_update_id >= order.joined_update_id:
                    shown = displayed_in_book(self._market, ladder.side, order.limit)
                    if shown is not None and shown < order.ahead:
                        self._show(order, shown)
            for price in tuple(ladder.taken):
                if is_deeper(ladder.sign, price, touch):
                    shown = displayed_in_book(self._market, ladder.side, price)
                    if shown is not None:
                        ladder.show(price, shown)

    def _show(self, order: WorkingOrder, displayed: int) -> None:
        """Correct one order's queue: the venue displays less than we believed to stand ahead of it."""
        now_ns = self._reports.match_ns
        unprinted = still_unprinted(order.unprinted, order.dropped_ns, now_ns, self._print_lag_ns)
        order.ahead, order.unprinted = queue_after_display(order.ahead, unprinted, displayed)
        order.dropped_ns = now_ns

    # -- fills and ends --------------------------------------------------------------------------------------------

    def _fill(self, order: WorkingOrder, price: int, quantity: int, liquidity: Liquidity) -> None:
        """Book one execution; end the order where it was the last."""
        self._reports.fill(order, self.instrument, price, quantity, liquidity)
        order.leaves -= quantity
        self.position += order.sign * quantity
        if not order.leaves:
            self._remove(order)
        self._expire_reduced()

    def _expire_reduced(self) -> None:
        """End resting reduce-only orders that, after a fill, would do more than reduce the position."""
        for ladder in (self._bids, self._asks):
            for order in [order for order in ladder.orders if order.reduce_only]:
                if -order.sign * self.position < order.leaves:
                    self._end(order, ReportType.EXPIRED, "reduce-only: more than is left of the position")

    def _end(self, order: WorkingOrder, kind: ReportType, reason: str) -> None:
        """End an order that still had something to fill."""
        self._reports.tell(kind, order, reason)
        order.leaves = 0
        self._remove(order)

    def _remove(self, order: WorkingOrder) -> None:
        """Forget an ended order."""
        del self._working[order.client_order_id]
        self._own(order).discard(order)

    def _own(self, order: WorkingOrder) -> Ladder:
        """The side on which an order rests."""
        return self._bids if order.sign > 0 else self._asks

    def _opposite(self, order: WorkingOrder) -> Ladder:
        """The side with which an order trades."""
        return self._asks if order.sign > 0 else self._bids

    def _note_activity(self) -> None:
        """Keep `active` true only while a market event can change something."""
        bids, asks = self._bids, self._asks
        self.active = bool(bids.orders or asks.orders or bids.taken or asks.taken)

    def state(self) -> list[object]:
        """Return what a digest covers."""
        return [self.position, self._bids.state(), self._asks.state()]
