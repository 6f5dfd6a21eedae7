"""What a kept order is measured by: a market to trust, the position that it reduces, the venue's smallest."""

from collections.abc import Callable

from core.clock import EventClock
from core.market import STALE_TRADES, Market, touch_of
from core.orders import Side, TriggerBy
from core.sessions import session_at
from oms.held.order import HeldOrder
from oms.held.triggers import NO_RANGE, reference_range
from oms.manager import OrderManager
from risk.gate import Gate
from risk.market_checks import stale_channel


class Sight:
    """Looks at markets and positions for kept orders; changes nothing."""

    __slots__ = ("_bar", "_clock", "_freezes", "_gate", "_is_ready", "_manager", "_markets", "_seen", "_seen_index")

    def __init__(
        self,
        gate: Gate,
        manager: OrderManager,
        clock: EventClock,
        markets: list[Market],
        is_ready: Callable[[], bool],
    ) -> None:
        """Look at what the desk has."""
        self._gate = gate
        self._manager = manager
        self._clock = clock
        self._markets = markets
        self._is_ready = is_ready
        self._freezes = gate.freezes
        self._bar = NO_RANGE  # low and high of the venue's bar that has just closed, while it is looked at
        self._seen_index = -1  # the instrument that is looked at, whose market was found to be trusted
        self._seen: dict[tuple[TriggerBy, Side], tuple[int, int]] = {}

    def begin(self, index: int, bar_low: int, bar_high: int) -> bool:
        """Look at one market for all of its kept orders; False where it cannot be trusted."""
        if not self.trusts(index):
            return False
        self._seen_index, self._bar = index, (bar_low, bar_high)
        self._seen.clear()
        return True

    def end(self) -> None:
        """Look no longer."""
        self._seen_index, self._bar = -1, NO_RANGE

    def trusts(self, index: int) -> bool:
        """Whether the daemon is READY and a market's touch is there, uncrossed, fresh and from a live feed."""
        market, limits = self._markets[index], self._gate.limits_of(index)
        bid, _, ask, _, touch_ns = touch_of(market)
        if limits is None or not self._is_ready() or not market.connected or stale_channel(market):
            return False
        sessions = market.instrument.sessions
        if sessions:  # in a session, and by a price of its own: the evening before says nothing of the open
            session = session_at(sessions, self._clock.now_ns)
            if session is None or touch_ns < session[0]:
                return False
        return 0 < bid <= ask and touch_ns >= self._clock.now_ns - limits.max_data_age_ns

    def lets(self, order: HeldOrder) -> bool:
        """Whether an order may go out now: its market can be trusted, and nothing holds it back."""
        if order.instrument != self._seen_index and not self.trusts(order.instrument):
            return False
        freezes = self._freezes
        if not freezes.active:
            return True
        instrument = self._markets[order.instrument].instrument
        strategy_id, reduces = order.intent.strategy_id, order.intent.reduce_only
        now_ns = self._clock.now_ns
        return freezes.breach(order.instrument, instrument, strategy_id, reduces=reduces, now_ns=now_ns) is None

    def reference(self, order: HeldOrder, by: TriggerBy) -> tuple[int, int]:
        """Return what the market spanned; nothing where the order could not go out now."""
        if not self.lets(order):
            return NO_RANGE
        if order.instrument != self._seen_index:
            return self._span(order, by)
        span = self._seen.get((by, order.side))
        if span is None:
            span = self._seen[by, order.side] = self._span(order, by)
        return span

    def _span(self, order: HeldOrder, by: TriggerBy) -> tuple[int, int]:
        market = self._markets[order.instrument]
        if by is TriggerBy.LAST and market.stale & STALE_TRADES:
            return NO_RANGE
        return reference_range(market, market.mark_price, by, order.side, *self._bar)

    def least(self, order: HeldOrder) -> int:
        """Return the smallest quantity that the venue takes, in whole lots."""
        market, limits = self._markets[order.instrument], self._gate.limits_of(order.instrument)
        least = market.instrument.min_quantity
        price = order.intent.price or order.trigger or market.touch()[0]
        if limits is not None and price > 0:
            least = max(least, -(-limits.min_value // price))
        return -(-least // order.lot) * order.lot

    def reducible(self, order: HeldOrder) -> int:
        """Return how much may go out so that the position is reduced and not turned, in whole lots."""
        manager, index, side = self._manager, order.instrument, order.side
        hedge = order.terms.hedge
        if hedge is None:
            exposure = manager.exposure(index)
            held = manager.position(index).quantity
            working = exposure.open_buy_quantity if side > 0 else exposure.open_sell_quantity
        else:
            held = manager.leg(index, int(hedge)).quantity
            working = sum(
                each.leaves
                for each in manager.open_orders()
                if each.instrument == index
                and each.side == side
                and each.intent.terms is not None
                and each.intent.terms.hedge is hedge
            )
        return (-int(side) * held - working) // order.lot * order.lot
