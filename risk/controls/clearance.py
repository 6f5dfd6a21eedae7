"""How large and how dear an order may be to pass every limit without being weighed: a few numbers for each side.

They are counted while nobody waits, from what is left over all scopes (`risk.controls.headroom`). Each limit only gets
tighter with quantity and price, so what stays within these numbers stays within all of them; what does not is weighed.
So nothing here decides that an order is refused, and what passes here passes there.
"""

from collections.abc import Mapping

from core.market import Market, mark_price_of
from core.orders import OrderIntent
from oms.manager import OrderManager
from risk.controls.depth import displayed
from risk.controls.headroom import ALL_TYPES, LARGE, Headroom
from risk.controls.lists import Lists
from risk.controls.scope import PPM, Scope
from risk.controls.sums import Sums
from risk.controls.worth import worth_of
from risk.facts import Touch

AHEAD = 4
"""For how many pairs of strategy and market it is counted ahead: each takes about 10 us of every event with effects."""


class Clearance:
    """What one strategy may send to one market, while `stamp` is what it was and until the time comes."""

    __slots__ = (
        "_asks",
        "_bids",
        "_buys",
        "_depth",
        "_sells",
        "_top_price",
        "_twins",
        "_types",
        "_until_ns",
        "heads",
        "stamp",
    )

    def __init__(self, shared: Headroom | None, own: Headroom | None) -> None:
        """Let nothing pass yet. `shared`: what is left over the scopes of the account; `own`: over the strategy's."""
        self.heads = shared, own
        self.stamp = -1
        heads = [head for head in self.heads if head is not None]
        types = ALL_TYPES.intersection(*(head.types for head in heads))
        self._types = None if types == ALL_TYPES else types
        self._twins: tuple[Scope, ...] = tuple(scope for head in heads for scope in head.twins)
        self._depth = min((head.depth for head in heads), default=LARGE)
        self._buys = self._sells = self._top_price = self._until_ns = self._bids = self._asks = 0

    def count(self, stamp: int, until_ns: int, market: Market, manager: OrderManager, base: str, lists: Lists) -> None:
        """Count anew; the heads have been. Where something is only known of the order itself nothing passes here."""
        self.stamp, self._until_ns = stamp, until_ns
        self._buys = self._sells = 0
        instrument, index = market.instrument, market.index
        heads = [head for head in self.heads if head is not None]
        if instrument.margin_initial_ppm > PPM or not all(head.lets_any_pass for head in heads):
            return
        self._top_price = mark_price_of(market) * 21 // 20
        worth = worth_of(index, manager, base, self._top_price) if self._top_price else None
        if worth is None or manager.terms(index).inverse_scale:  # an inverse contract is worth more at a lower price
            return
        room = min((min(head.gross, head.value, head.cash) for head in heads), default=LARGE)
        buys = min((head.buys for head in heads), default=LARGE)
        sells = min((head.sells for head in heads), default=LARGE)
        most_bought, most_sold = lists.most(instrument, index, manager)
        self._buys = min(min(room, buys) * worth.denominator // worth.numerator, most_bought)
        self._sells = min(min(room, sells) * worth.denominator // worth.numerator, most_sold)
        self._bids, self._asks = lists.own_touch(index, manager)

    def lets_pass(self, intent: OrderIntent, market: Market, touch: Touch, valued_at: int, now_ns: int) -> bool:
        """Whether an order is within all of it."""
        quantity, price, buys = intent.quantity, intent.price, intent.side > 0
        if valued_at > self._top_price or now_ns > self._until_ns:
            return False
        if buys:
            if quantity > self._buys or (self._asks and (price >= self._asks or not price)):
                return False
        elif quantity > self._sells or price <= self._bids:
            return False
        if self._types is not None and intent.type not in self._types:
            return False
        for scope in self._twins:
            if scope.is_lately(now_ns) and scope.age_of_twin(intent, now_ns) >= 0:
                return False
        if self._depth == LARGE:
            return True
        shown = displayed(market, touch, 1 if buys else -1, valued_at)
        return not shown or quantity * PPM <= shown * self._depth


class Rooms:
    """What is left for each strategy in each market that it asked about; what the account leaves is one for all."""

    __slots__ = ("_base", "_manager", "_next", "_shared", "_sums", "clear")

    def __init__(self, manager: OrderManager, base: str, sums: Sums) -> None:
        """Know nobody yet."""
        self._manager, self._base, self._sums = manager, base, sums
        self._shared: dict[int, Headroom] = {}
        self._next: dict[tuple[str, int], None] = {}
        self.clear: dict[tuple[str, int], Clearance] = {}

    def expect(self, pair: tuple[str, int]) -> None:
        """Count ahead for who has just sent or traded: the likeliest to send next. Others wait for it when they do."""
        self._next.pop(pair, None)
        self._next[pair] = None
        if len(self._next) > AHEAD:
            del self._next[next(iter(self._next))]

    def forget(self, index: int) -> None:
        """Forget what was left in an instrument: its scopes are others now."""
        self._shared.pop(index, None)
        self.clear = {pair: clear for pair, clear in self.clear.items() if pair[1] != index}

    def room(self, pair: tuple[str, int], scopes: tuple[Scope, ...], stamp: int) -> Clearance:
        """Return what the scopes of a strategy in an instrument leave now: its heads are counted as of the stamp."""
        clear, index = self.clear.get(pair), pair[1]
        if clear is None:
            clear = self.clear[pair] = self._make(index, scopes)
        for head in clear.heads:
            if head is not None and head.stamp != stamp:
                head.count(stamp, self._sums.gross_of(index), self._sums)
        return clear

    def count_ahead(
        self, stamp: int, until_ns: int, by_pair: Mapping[tuple[str, int], tuple[Scope, ...]], lists: Lists
    ) -> None:
        """Count what those who are expected may send next, so that they need not wait for it then."""
        markets = self._manager.books.rates.markets
        for pair in self._next:
            clear = self.clear.get(pair)
            if clear is not None and clear.stamp != stamp:
                self.room(pair, by_pair[pair], stamp)
                clear.count(stamp, until_ns, markets[pair[1]], self._manager, self._base, lists)

    def _make(self, index: int, scopes: tuple[Scope, ...]) -> Clearance:
        name = self._manager.instrument(index).id
        shared = tuple(scope for scope in scopes if not scope.strategy_id)
        own = tuple(scope for scope in scopes if scope.strategy_id)
        if shared and index not in self._shared:
            self._shared[index] = Headroom(shared, name)
        return Clearance(self._shared.get(index) if shared else None, Headroom(own, name) if own else None)
