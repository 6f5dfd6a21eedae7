"""How much an order may still add before any limit of its scopes is in question: a few numbers for all of them.

What stays within passes without another look; what does not is looked at scope by scope, for the limit that it breaks
and the words. So nothing here decides that an order is refused, and what passes here passes there.
"""

from collections.abc import Sequence

from core.orders import OrderType
from risk.controls.asked import Asked
from risk.controls.depth import displayed, too_far, too_much_of_volume
from risk.controls.scope import NONE, PPM, Scope
from risk.controls.sums import Sums
from risk.controls.tail_risk import tail_breach

LARGE: int = 10**60  # more money than there is
ALL_TYPES = frozenset(OrderType)


class Headroom:
    """The least that is left over several scopes of one owner in one instrument, since it was counted last."""

    __slots__ = (
        "_instrument_id",
        "_scopes",
        "buys",
        "cash",
        "depth",
        "gross",
        "is_open",
        "orders",
        "sells",
        "stamp",
        "tails",
        "twins",
        "types",
        "value",
        "watching",
        "windows",
    )

    def __init__(self, scopes: Sequence[Scope], instrument_id: str) -> None:
        """Take what stays as it is until limits change; nothing is left before `count`."""
        self._scopes = scopes
        self._instrument_id = instrument_id
        self.stamp = -1
        self.windows = tuple(window for scope in scopes for window in scope.windows)
        self.tails = tuple(scope for scope in scopes if scope.wants_portfolio)
        self.watching = tuple(scope for scope in scopes if scope.watches)
        self.twins = tuple(scope for scope in scopes if scope.duplicate_window_ms != NONE)
        self.types = ALL_TYPES.intersection(*(scope.order_types for scope in scopes if scope.order_types))
        shares = [scope.max_depth_share for scope in scopes if scope.max_depth_share != NONE]
        self.depth = min(shares, default=LARGE)
        self.gross = self.buys = self.sells = self.value = self.cash = self.orders = 0
        self.is_open = False

    def count(self, stamp: int, single: int, sums: Sums) -> None:
        """Count what is left; `single` is what the instrument may come to be worth in the whole account."""
        self.stamp = stamp
        self.gross = self.buys = self.sells = self.value = self.cash = self.orders = LARGE
        self.is_open = True
        equity = max(sums.equity, 0)
        for scope in self._scopes:
            self._values(scope)
            self._equity(scope, single, equity)
            self._counts(scope)
            if scope.min_cash != NONE:
                self.cash = min(self.cash, sums.cash - scope.min_cash)

    @property
    def lets_any_pass(self) -> bool:
        """Whether nothing but an order's own size, price, kind and time is in question."""
        if not self.is_open or self.orders < 1 or self.tails or self.watching:
            return False
        return all(len(window.times) < window.limit for window in self.windows)  # those too old still count here

    def _values(self, scope: Scope) -> None:
        """Take what a scope's limits of value leave."""
        if scope.max_gross_notional != NONE:
            self.gross = min(self.gross, scope.max_gross_notional - scope.gross)
        if scope.max_net_notional != NONE:
            self.buys = min(self.buys, scope.max_net_notional - scope.long)
            self.sells = min(self.sells, scope.max_net_notional + scope.short)
        if scope.max_open_notional != NONE:
            self.buys = min(self.buys, scope.max_open_notional - scope.buys)
            self.sells = min(self.sells, scope.max_open_notional - scope.sells)
        if scope.max_order_value != NONE:
            self.value = min(self.value, scope.max_order_value)
        if scope.max_turnover_per_day != NONE:
            self.value = min(self.value, scope.max_turnover_per_day - scope.day_turnover)

    def _equity(self, scope: Scope, single: int, equity: int) -> None:
        """Take what the limits over equity leave."""
        if scope.max_leverage != NONE:
            self.gross = min(self.gross, equity * scope.max_leverage // PPM - scope.gross)
        if scope.max_concentration != NONE:
            self.gross = min(self.gross, equity * scope.max_concentration // PPM - single)

    def _counts(self, scope: Scope) -> None:
        """Take what the counts and permissions leave."""
        if scope.max_open_orders != NONE:
            self.orders = min(self.orders, scope.max_open_orders - scope.open_orders)
        if scope.restricted or scope.no_short or (scope.instruments and self._instrument_id not in scope.instruments):
            self.is_open = False
        if NONE != scope.max_orders_per_day <= scope.day_orders or NONE != scope.max_fills_per_day <= scope.day_fills:
            self.is_open = False
        if NONE != scope.max_fees_per_day <= scope.day_fees:
            self.is_open = False

    def holds(self, asked: Asked, sums: Sums) -> bool:
        """Whether an order stays within all that is left."""
        if asked.intent.type not in self.types or asked.more_orders > self.orders or not self.is_open:
            return False
        if asked.more_gross > self.gross and asked.more_gross > 0:
            return False
        more = asked.more_side
        if more > (self.buys if asked.side > 0 else self.sells) and more > 0:
            return False
        if asked.value > self.value or (self.cash != LARGE and sums.cash_for(asked) > self.cash):
            return False
        if any(tail_breach(scope, sums, asked.now_ns) is not None for scope in self.tails):
            return False
        if any(too_far(asked, scope) or too_much_of_volume(asked, scope) for scope in self.watching):
            return False
        return self._in_time(asked) and (self.depth == LARGE or self._shown(asked))

    def _in_time(self, asked: Asked) -> bool:
        """Whether no window is full, and nobody sent the same order a moment ago."""
        for window in self.windows:
            if window.is_full(asked.now_ns):
                return False
        return all(scope.age_of_twin(asked.intent, asked.now_ns) < 0 for scope in self.twins)

    def _shown(self, asked: Asked) -> bool:
        """Whether the order takes no more than its share of what the book shows."""
        shown = displayed(asked.market, asked.touch, asked.side, asked.valued_at)
        return not shown or asked.intent.quantity * PPM <= shown * self.depth
