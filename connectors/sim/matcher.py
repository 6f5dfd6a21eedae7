"""One instrument's matching: our orders against the market that the events tell."""

from bisect import insort
from operator import attrgetter

from connectors.sim import rules
from connectors.sim.matching import (
    NO_LIMIT_BUY,
    NO_LIMIT_SELL,
    UNKNOWN_QUEUE,
    crosses,
    fill_on_print,
    fill_on_touch,
    is_deeper,
    left_of,
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

TAKEN_MAX = 256  # levels of which we remember what we took; beyond it the oldest is forgotten

_QUOTE, _TRADE, _BOOK = int(Kind.QUOTE), int(Kind.TRADE), int(Kind.BOOK)
_rank = attrgetter("rank")


class Matcher:
    """The working orders of one instrument. `active` says whether a market event can matter to it."""

    __slots__ = (
        "_market",
        "_orders",
        "_print_lag_ns",
        "_reports",
        "_taken",
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
        # Best price first, then first come.
        self._orders: dict[Side, list[WorkingOrder]] = {Side.BUY: [], Side.SELL: []}
        # By side and price: what we took of the quantity that the venue displays there.
        self._taken: dict[Side, dict[int, int]] = {Side.BUY: {}, Side.SELL: {}}

    def redefine(self, instrument: Instrument, market: Market) -> None:
        """Go on under the venue's new rules; what works keeps its price and place."""
        self.instrument = instrument
        self._market = market

    # -- requests --------------------------------------------------------------------------------------------

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
        taken = self._taken[order.side.opposite]
        total = 0
        for price, displayed in levels_of(self._market, order.side.opposite):
            if total >= order.leaves or not crosses(order.sign, order.limit, price):
                break
            total += left_of(displayed, taken.get(price, 0))
        return total

    def _take(self, order: WorkingOrder) -> None:
        """Walk the other side's levels within the limit, one fill a level; remember what was taken of each."""
        taken = self._taken[order.side.opposite]
        for price, displayed in levels_of(self._market, order.side.opposite):
            if not order.leaves or not crosses(order.sign, order.limit, price):
                break
            quantity = min(order.leaves, left_of(displayed, taken.get(price, 0)))
            if quantity:
                self._note_taken(taken, price, quantity)
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
            insort(self._orders[order.side], order, key=_rank)

    def _queue_at(self, order: WorkingOrder, touch: Touch) -> int:
        """How many stand ahead of an order that joins now: all that is displayed at its price."""
        price, quantity = touch[:2] if order.side is Side.BUY else touch[2:]
        if order.limit == price:
            return quantity
        if not is_deeper(order.sign, order.limit, price):
            return 0
        displayed = displayed_in_book(self._market, order.side, order.limit)
        return UNKNOWN_QUEUE if displayed is None else displayed

    # -- market events ---------------------------------------------------------------------------------------

    def on_event(self, event: Event) -> None:
        """Let an event that the market has already taken in act on the working orders."""
        kind, flags = event[0], event[1]
        if kind == _QUOTE:
            self._on_touch(touch_of(self._market))
        elif kind == _TRADE:
            if not flags & NOT_MARKET:
                self._on_print(event)
        elif kind == _BOOK and flags & LAST and not flags & PENDING:
            if not self._market.quote_ns:
                self._on_touch(touch_of(self._market))
            self._on_depth()
        else:
            return
        self._note_activity()

    def _on_touch(self, touch: Touch) -> None:
        """Fill orders that the other side came to; correct the queue of those at the touch or before it."""
        if touch == NO_TOUCH:
            return
        bid, bid_quantity, ask, ask_quantity = touch
        self._forget_taken(Side.BUY, bid, bid_quantity)
        self._forget_taken(Side.SELL, ask, ask_quantity)
        for order in tuple(self._orders[Side.BUY]):
            if not self._meet_touch(order, bid, bid_quantity, ask, ask_quantity):
                break
        for order in tuple(self._orders[Side.SELL]):
            if not self._meet_touch(order, ask, ask_quantity, bid, bid_quantity):
                break

    def _meet_touch(self, order: WorkingOrder, own: int, own_quantity: int, opposite: int, displayed: int) -> bool:
        """Let one order meet the touch; return whether orders further back could be concerned too."""
        taken = self._taken[order.side.opposite]
        left = left_of(displayed, taken.get(opposite, 0))
        quantity = fill_on_touch(order.sign, order.limit, order.leaves, opposite, left)
        if quantity:
            self._note_taken(taken, opposite, quantity)
            self._fill(order, order.limit, quantity, Liquidity.MAKER)
        elif is_deeper(order.sign, order.limit, own):
            return False
        self._show(order, own_quantity if order.limit == own else 0)
        return True

    def _on_print(self, event: Event) -> None:
        """Serve our orders from a public trade: best price, then first come, never more than was traded."""
        _, flags, _, now_ns, venue_ns, price, left, *_ = event
        assert isinstance(price, int)
        for order in tuple(self._orders[Side.BUY if flags & SELL_AGGRESSOR else Side.SELL]):
            if not left or (order.limit - price) * order.sign < 0:
                break
            # The venue's own clock says that this trade happened before the order joined.
            if not order.leaves or 0 < venue_ns < order.joined_venue_ns:
                continue
            unprinted = still_unprinted(order.unprinted, order.dropped_ns, now_ns, self._print_lag_ns)
            quantity, order.ahead, order.unprinted = fill_on_print(
                order.sign, order.limit, order.leaves, order.ahead, unprinted, price, left
            )
            if quantity:
                left -= quantity
                self._fill(order, order.limit, quantity, Liquidity.MAKER)

    def _on_depth(self) -> None:
        """Correct what lies behind the touch by a whole book message: queues, and what is left of levels."""
        bid, _, ask, _ = touch_of(self._market)
        for side, touch in ((Side.BUY, bid), (Side.SELL, ask)):
            for order in self._orders[side]:
                # A book older than our joining shows a queue that others may have joined since.
                if is_deeper(order.sign, order.limit, touch) and (
                    self._market.book.last_update_id >= order.joined_update_id
                ):
                    displayed = displayed_in_book(self._market, side, order.limit)
                    if displayed is not None:
                        self._show(order, displayed)
            taken = self._taken[side]
            for price in tuple(taken):
                if is_deeper(int(side), price, touch):
                    displayed = displayed_in_book(self._market, side, price)
                    if displayed is not None:
                        _lower(taken, price, displayed)

    def _show(self, order: WorkingOrder, displayed: int) -> None:
        """Correct one order's queue by what the venue displays at its price."""
        if displayed < order.ahead:
            now_ns = self._reports.match_ns
            unprinted = still_unprinted(order.unprinted, order.dropped_ns, now_ns, self._print_lag_ns)
            order.ahead, order.unprinted = queue_after_display(order.ahead, unprinted, displayed)
            order.dropped_ns = now_ns

    # -- what was taken --------------------------------------------------------------------------------------

    def _note_taken(self, taken: dict[int, int], price: int, quantity: int) -> None:
        """Remember what we took of a displayed level: it is not there a second time."""
        taken[price] = taken.get(price, 0) + quantity
        if len(taken) > TAKEN_MAX:
            del taken[next(iter(taken))]

    def _forget_taken(self, side: Side, touch: int, displayed: int) -> None:
        """Forget levels that lie before the touch, so are gone; at the touch, no more is ours than is shown."""
        taken = self._taken[side]
        if not taken:
            return
        for price in tuple(taken):
            if price == touch:
                _lower(taken, price, displayed)
            elif not is_deeper(int(side), price, touch):
                del taken[price]

    # -- fills and ends --------------------------------------------------------------------------------------

    def _fill(self, order: WorkingOrder, price: int, quantity: int, liquidity: Liquidity) -> None:
        """Book one execution; end the order where it was the last."""
        self._reports.fill(order, self.instrument, price, quantity, liquidity)
        order.leaves -= quantity
        self.position += order.sign * quantity
        if not order.leaves:
            self._remove(order)
        self._expire_reduced()

    def _expire_reduced(self) -> None:
        """End reduce-only orders that, after a fill, would do more than reduce the position."""
        for orders in self._orders.values():
            for order in [order for order in orders if order.reduce_only]:
                if -order.sign * self.position < order.leaves:
                    self._end(order, ReportType.EXPIRED, "reduce-only: more than is left of the position")

    def _end(self, order: WorkingOrder, kind: ReportType, reason: str) -> None:
        """End an order that still had something to fill."""
        self._reports.tell(kind, order, reason)
        order.leaves = 0
        self._remove(order)

    def _remove(self, order: WorkingOrder) -> None:
        """Take an ended order off the lists."""
        del self._working[order.client_order_id]
        orders = self._orders[order.side]
        if order in orders:
            orders.remove(order)

    def _note_activity(self) -> None:
        """Keep `active` true only while a market event can change something."""
        orders, taken = self._orders, self._taken
        self.active = bool(orders[Side.BUY] or orders[Side.SELL] or taken[Side.BUY] or taken[Side.SELL])

    def state(self) -> list[object]:
        """Return what a digest covers."""
        return [
            self.position,
            [order.state() for side in (Side.BUY, Side.SELL) for order in self._orders[side]],
            [sorted(self._taken[side].items()) for side in (Side.BUY, Side.SELL)],
        ]


def _lower(taken: dict[int, int], price: int, displayed: int) -> None:
    """No more of a level can be ours than is shown; what comes on top of it later is new."""
    if not displayed:
        del taken[price]
    elif displayed < taken[price]:
        taken[price] = displayed
