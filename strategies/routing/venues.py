"""What is known of each venue of one asset: what it shows, what it costs, how long it takes, what it kept of its word.

Prices and quantities in here are common units: the finest precision among the venues, so that every one converts
exactly. Two instruments are the same thing if they exchange the same currencies by the same contract.
"""

from collections.abc import Mapping, Sequence

from core.book import LIVE
from core.effects import OrderUpdated
from core.errors import CoreError
from core.instruments import Instrument
from core.market import STALE_BOOK, STALE_QUOTES, Market, touch_of
from core.orders import OrderState, Side, TimeInForce
from oms.order import Order
from strategies.routing.split import Offer

PPM = 1_000_000
SECOND_NS = 1_000_000_000
VENUES_MAX = 8
HALVINGS_MAX = 64
_UNANSWERED = frozenset((OrderState.SUBMITTED, OrderState.UNKNOWN, OrderState.HELD))
_ENDED = frozenset(
    (OrderState.FILLED, OrderState.CANCELLED, OrderState.EXPIRED, OrderState.REJECTED, OrderState.NEVER_ARRIVED)
)
Levels = list[tuple[int, int]]


class RoutingError(CoreError):
    """What cannot be routed: one venue alone, too many, instruments that are not the same, a fee for none of them."""


class Units:
    """The units in which the venues of one asset are counted together."""

    __slots__ = ("price_precision", "size_precision")

    def __init__(self, instruments: Sequence[Instrument]) -> None:
        """Take the finest precisions. Raises RoutingError where the instruments are not the same thing."""
        if not 1 < len(instruments) <= VENUES_MAX:
            raise RoutingError(f"the router takes 2 to {VENUES_MAX} instruments, these are {len(instruments)}")
        first = instruments[0]
        for other in instruments:
            if other.inverse:
                raise RoutingError(f"{other.id} is an inverse contract, whose worth is another formula: leave it out")
            if _thing(other) != _thing(first):
                raise RoutingError(
                    f"{other.id} {_thing(other)} is not the same as {first.id} {_thing(first)}: route them apart"
                )
        self.price_precision = max(each.price_precision for each in instruments)
        self.size_precision = max(each.size_precision for each in instruments)


def _thing(instrument: Instrument) -> tuple[object, ...]:
    """What must agree for two instruments to be one asset."""
    one = instrument
    kind, right = one.asset_class.value, "" if one.option_kind is None else one.option_kind.value
    strike = one.strike * 10 ** (18 - one.price_precision)
    return (kind, one.base, one.quote, one.currency, one.multiplier, one.expiry_ns, strike, right)


class Path:
    """The way to one venue. One child at a time; what the venue showed before that child was sent is used up by it."""

    __slots__ = (
        "answered",
        "asked",
        "child",
        "child_price",
        "child_quantity",
        "got",
        "latency_ns",
        "market",
        "measured",
        "memory_ns",
        "paused_until_ns",
        "price_scale",
        "resting",
        "scored_ns",
        "sent_ns",
        "size_scale",
        "taken",
    )

    def __init__(self, market: Market, units: Units, *, latency_ns: int, memory_ns: int, now_ns: int) -> None:
        """Know nothing of the venue but a first guess at its latency."""
        instrument = market.instrument
        self.market = market
        self.price_scale: int = 10 ** (units.price_precision - instrument.price_precision)
        self.size_scale: int = 10 ** (units.size_precision - instrument.size_precision)
        self.latency_ns = latency_ns
        self.memory_ns = memory_ns
        self.measured = 0
        self.asked = self.got = 0  # children's shares lately, 10^-6 each
        self.scored_ns = now_ns
        self.child = ""
        self.child_price = self.child_quantity = self.taken = 0
        self.sent_ns = self.paused_until_ns = 0
        self.answered = self.resting = False

    @property
    def lot(self) -> int:
        """The lot in common units."""
        return self.market.instrument.lot * self.size_scale

    def touch(self, side: Side) -> tuple[int, int]:
        """Return (price, quantity) of one side's best, in common units; BUY for the bid."""
        bid, bids, ask, asks, _ = touch_of(self.market)
        price, quantity = (bid, bids) if side is Side.BUY else (ask, asks)
        return price * self.price_scale, quantity * self.size_scale

    def in_ticks(self, price: int, side: Side) -> int:
        """Return the venue's price nearest to a price that is no worse for this side."""
        tick = self.market.instrument.tick * self.price_scale
        return price // tick * tick if side is Side.BUY else -(-price // tick) * tick

    def age_ns(self, now_ns: int) -> int:
        """Return how old what the venue shows is."""
        return now_ns - max(self.market.quote_ns, self.market.book_ns)

    def state(self, now_ns: int, max_age_ns: int) -> str:
        """Return why nothing can be sent now, "" where something can."""
        market = self.market
        if self.child:
            return "busy"
        if now_ns < self.paused_until_ns:
            return "paused"
        if not market.connected:
            return "down"
        if market.stale & (STALE_QUOTES | STALE_BOOK) or (max_age_ns and self.age_ns(now_ns) > max_age_ns):
            return "stale"
        return ""

    def levels(self, side: Side, limit: int, depth: int) -> Levels:
        """Return what a taker of this side meets within the limit (0: any), less what our last child took of it.

        The touch of the ticker, which runs ahead of a conflated book, and the book's levels beyond it.
        """
        if not self.child and max(self.market.quote_ns, self.market.book_ns) > self.sent_ns:
            self.taken = 0
        sign, gone = int(side), self.taken
        found: Levels = []
        for price, quantity in self._shown(side, depth):
            if limit and sign * price > sign * limit:
                break
            used = min(gone, quantity)
            gone -= used
            if quantity > used:
                found.append((price, quantity - used))
        return found

    def score_ppm(self, fee_ppm: int, drift_ppm_s: int, miss_ppm: int) -> int:
        """Return what is added to the venue's prices: fee, expected move while an order travels, expected misses."""
        drift = drift_ppm_s * self.latency_ns // SECOND_NS
        return fee_ppm + drift + (PPM - self.fill_ppm) * miss_ppm // PPM

    @property
    def fill_ppm(self) -> int:
        """How much of what was asked for lately was got, with one whole fill beforehand."""
        return (self.got + PPM) * PPM // (self.asked + PPM)

    def offer(self, side: Side, levels: Levels, score_ppm: int, want: int) -> Offer:
        """Return the levels at their costs all in, and what the venue takes at least, for up to `want`."""
        sign, instrument = int(side), self.market.instrument
        most = instrument.max_quantity * self.size_scale or want
        costs, there, worst = [], 0, 0
        for price, quantity in levels:
            size = min(quantity, min(most, want) - there)
            if size <= 0:
                break
            costs.append((price * sign * (PPM + sign * score_ppm), size))
            there, worst = there + size, price
        return Offer(tuple(costs), self.lot, self.least(worst))

    def least(self, price: int) -> int:
        """Return the least quantity that the venue takes at a price."""
        instrument = self.market.instrument
        worth = price // self.price_scale * instrument.notional_factor  # of one unit of the venue's
        by_worth = -(-instrument.min_notional // worth) if worth else 0
        return max(instrument.min_quantity, by_worth, instrument.lot) * self.size_scale

    def sent(self, child: str, quantity: int, price: int, now_ns: int, *, resting: bool) -> None:
        """Note a child on its way; one that takes uses up what was shown."""
        self.child, self.child_quantity, self.child_price = child, quantity, price
        self.sent_ns, self.answered, self.resting = now_ns, False, resting
        if not resting:
            self.taken += quantity

    def adopt(self, order: Order) -> None:
        """Note a child that was sent before a restart; what it uses up is not known any more."""
        self.child, self.child_quantity = order.client_order_id, order.quantity * self.size_scale
        self.child_price, self.sent_ns = order.price * self.price_scale, order.submitted_ns
        self.resting, self.answered = order.time_in_force is TimeInForce.GTC, True

    def refused(self, until_ns: int) -> None:
        """Note that the gate let nothing out: nothing was taken, and nothing is tried here for a while."""
        self.taken = max(self.taken - (0 if self.resting else self.child_quantity), 0)
        self.child, self.paused_until_ns = "", until_ns

    def follow(self, update: OrderUpdated, side: Side, now_ns: int) -> None:
        """Learn from what became of the child: how long the venue took, and how much of it was got."""
        if self.child and (less := self.child_quantity - update.quantity * self.size_scale) > 0:  # a rule shrank it
            self.taken -= 0 if self.resting else less
            self.child_quantity -= less
        if not self.answered and update.state not in _UNANSWERED:
            self.answered = True
            took_ns = now_ns - self.sent_ns
            self.latency_ns = (3 * self.latency_ns + took_ns) // 4 if self.measured else took_ns
            self.measured += 1
        if update.state not in _ENDED or not self.child:
            return
        self.child = ""
        is_denied = update.state in {OrderState.REJECTED, OrderState.NEVER_ARRIVED}
        if is_denied or not self.resting:
            self.forget(now_ns)
            self.asked += PPM
            self.got += update.filled * PPM // update.quantity
        if self.resting:
            return
        if is_denied:
            self.taken = max(self.taken - self.child_quantity, 0)
        elif update.state is not OrderState.FILLED:  # it went through all that was there up to its price
            sign, limit = int(side), self.child_price
            shown = self._shown(side, len(self.market.book.asks) + len(self.market.book.bids) + 1)
            self.taken = sum(quantity for price, quantity in shown if sign * price <= sign * limit)

    def forget(self, now_ns: int) -> None:
        """Let what is past count half after each span of memory."""
        halvings = (now_ns - self.scored_ns) // self.memory_ns
        if halvings > 0:
            self.scored_ns += halvings * self.memory_ns
            self.asked >>= min(halvings, HALVINGS_MAX)
            self.got >>= min(halvings, HALVINGS_MAX)

    def learned(self) -> list[int]:
        """Return what was learned of the venue: how long it takes, what it kept of its word."""
        return [self.latency_ns, self.measured, self.asked, self.got, self.scored_ns]

    def relearn(self, learned: list[int]) -> None:
        """Take what `learned` returned."""
        self.latency_ns, self.measured, self.asked, self.got, self.scored_ns = learned

    def saved(self) -> list[int]:
        """Return what decides what comes next, for a digest."""
        return [
            self.latency_ns,
            self.measured,
            self.asked,
            self.got,
            self.scored_ns,
            self.taken,
            self.sent_ns,
            self.paused_until_ns,
            self.child_quantity,
            self.child_price,
        ]

    def _shown(self, side: Side, depth: int) -> Levels:
        """Return the levels that a taker of this side meets, best first."""
        market, sign = self.market, int(side)
        top, quantity = self.touch(side.opposite)
        found = [(top, quantity)] if market.quote_ns and top and quantity else []
        if market.book.state == LIVE:
            beyond = market.book.asks if side is Side.BUY else market.book.bids
            for own_price, own_quantity in beyond.best(depth):
                price = own_price * self.price_scale
                if not market.quote_ns or sign * price > sign * top:
                    found.append((price, own_quantity * self.size_scale))
        return found[:depth]


def fee_of(rates: Mapping[str, int], instrument: Instrument, otherwise: int) -> int:
    """Return a venue's rate, 10^-6."""
    return rates.get(instrument.venue, otherwise)


def check_fees(rates: Mapping[str, int], paths: Sequence[Path]) -> None:
    """Refuse a fee for a venue that is not routed to. Raises RoutingError."""
    known = [path.market.instrument.venue for path in paths]
    for name in rates:
        if name not in known:
            raise RoutingError(f"a fee is given for {name}, but the router's venues are {', '.join(known)}")


def reached(levels: Levels, quantity: int) -> int:
    """Return the price of the level with which a quantity is full, 0 for none."""
    reached = 0
    for price, there in levels:
        if quantity <= 0:
            break
        reached, quantity = price, quantity - there
    return reached
