"""hftbacktest's rules for one resting order, written down once more, and ours to be put in one by one.

As it stands it must fill every single order when hftbacktest does; with all of our rules, when our venue does. That is
tested on every recording, and so each difference is told by the rules that make it (`causes.py`).

Its sources, 2.4.4: `NoPartialFillExchange`, `RiskAdverseQueueModel`, `ProbQueueModel` with `PowerProbQueueFunc`,
`HashMapMarketDepth`. Quantities are floats of whole coins there, and so here, where its rules hold.
"""

import enum
import math
from bisect import bisect_left
from dataclasses import dataclass, field

from connectors.sim.matching import UNKNOWN_QUEUE, fill_on_print, queue_after_display, still_unprinted
from connectors.sim.queues import POWER, Queue, clear_queue, join_queue, print_queue, show_queue
from core.book import Levels, clear_levels, quantity_at, set_level
from core.instruments import Instrument
from research.fidelity.fills import Outcome
from research.fidelity.peer_data import CLEAR, TRADE, Rows
from research.fidelity.plan import ENTRY_NS, PRINT_LAG_NS, RISK, Script
from research.fidelity.plan import Queue as QueueChoice
from research.fidelity.recording import Recorded

_NOBODY = 0


class Rule(enum.Enum):
    """One of our rules, in the order in which they are tried."""

    QUEUE = "queue arithmetic"  # risk-averse: a print that the display has shown does not count twice; else: estimates
    QUANTITY = "quantity"  # no more is filled than was traded or is displayed
    JOINING = "joining"  # what is older than our joining tells nothing: depth by update id, trades by the venue's clock
    UNKNOWN = "unknown queue"  # where nothing shows the level, nobody gets past us or we past them


ALL = frozenset(Rule)
NONE: frozenset[Rule] = frozenset()


@dataclass(slots=True)
class _Single:
    """One order while it lives. `front` and `traded` are hftbacktest's numbers, `queue` is ours."""

    row: int
    side: int
    price: int
    leaves: int
    front: float = 0.0
    traded: float = 0.0
    queue: Queue = field(default_factory=Queue)
    joined_id: int = 0
    joined_venue_ns: int = 0
    taken: dict[int, int] = field(default_factory=dict)
    fills: list[tuple[int, int, int]] = field(default_factory=list)
    refused: bool = False


class Depth:
    """Levels and best prices as hftbacktest keeps them: a new best price moves a crossed one away at once."""

    def __init__(self) -> None:
        self.levels = {1: Levels(1), -1: Levels(-1)}
        self.best = {1: _NOBODY, -1: _NOBODY}

    def update(self, side: int, price: int, quantity: int) -> tuple[int, bool]:
        """Set a level; return what it was, and whether the side's best price improved."""
        levels, before = self.levels[side], self.best[side]
        was = quantity_at(levels, price)
        set_level(levels, price, quantity)
        if not quantity:
            if price == before:
                self.best[side] = self._behind(side, price)
            return was, False
        if before and (price - before) * side <= 0:
            return was, False
        self.best[side] = price
        opposite = self.best[-side]
        if opposite and (price - opposite) * side >= 0:
            self.best[-side] = self._behind(-side, price)
        return was, True

    def clear(self) -> None:
        """Forget everything."""
        for side in (1, -1):
            clear_levels(self.levels[side])
            self.best[side] = _NOBODY

    def _behind(self, side: int, price: int) -> int:
        levels = self.levels[side]
        place = bisect_left(levels.ranks, side * price, 0, levels.count)
        return side * levels.ranks[place - 1] if place else _NOBODY


class Replica:
    """One pass over a view's rows with all single orders, each alone."""

    def __init__(
        self, recorded: Recorded, rows: Rows, script: Script, choice: QueueChoice, rules: frozenset[Rule]
    ) -> None:
        self._rows, self._script = rows, script
        self._instrument: Instrument = recorded.instrument
        self._touches = recorded.touches
        self._has_quotes = bool((rows["update_id"][rows["kind"] == 1] == 0).any())
        self._is_risk = choice is RISK
        self._power, self._shape = choice.parameter, choice.shape
        self._own_queue = Rule.QUEUE in rules
        self._by_quantity = Rule.QUANTITY in rules
        self._by_joining = Rule.JOINING in rules and self._has_quotes
        self._knows_unknown = Rule.UNKNOWN in rules
        self._coin = 10.0**-recorded.instrument.size_precision
        self._lot = recorded.instrument.lot * self._coin
        self._depth = Depth()
        self._alive: dict[int, _Single] = {}
        self._outcomes: list[_Single | None] = [None] * len(script)

    def run(self) -> list[Outcome]:
        """Return what becomes of each order."""
        due = sorted(
            [(int(each["submit_ns"]) + ENTRY_NS, 0, row) for row, each in enumerate(self._script)]
            + [(int(each["cancel_ns"]) + ENTRY_NS, 1, row) for row, each in enumerate(self._script)]
        )
        next_due, message, update_id, last_ns = 0, 0, 0, 0
        for now_ns, kind, side, price, quantity, book_id, venue_ns, number in self._rows.tolist():
            if number != message and message:
                self._end_message(last_ns, update_id)
            message, update_id, last_ns = number, book_id, now_ns
            while next_due < len(due) and due[next_due][0] <= now_ns:
                at_ns, ends, row = due[next_due]
                next_due += 1
                if ends:
                    self._outcomes[row] = self._alive.pop(row, self._outcomes[row])
                else:
                    self._arrive(row, at_ns)
            if kind == TRADE:
                self._trade(now_ns, side, price, quantity, venue_ns)
            elif kind == CLEAR:
                self._depth.clear()
            else:
                self._level(now_ns, side, price, quantity, book_id)
        return [_outcome(single) for single in self._outcomes]

    # -- an order arrives --------------------------------------------------------------------------------------------

    def _arrive(self, row: int, at_ns: int) -> None:
        """Refuse it, let it take, or let it join."""
        asked = self._script[row]
        side = int(asked["side"])
        single = _Single(row, side, int(asked["tick"]) * self._instrument.tick, int(asked["quantity"]))
        self._outcomes[row] = single
        opposite = self._depth.best[-side]
        if opposite and (single.price - opposite) * side >= 0:
            if asked["post_only"]:
                single.refused = True
                return
            self._take(single, at_ns, opposite)
            if not single.leaves:
                return
        self._join(single, at_ns)
        self._alive[row] = single

    def _take(self, single: _Single, at_ns: int, opposite: int) -> None:
        """Trade at once: there the whole order at the best price, here what the levels show."""
        if not self._by_quantity:
            _fill(single, at_ns, opposite, single.leaves)
            return
        levels = self._depth.levels[-single.side]
        place = bisect_left(levels.ranks, levels.sign * opposite, 0, levels.count)
        while place >= 0 and single.leaves:
            price = levels.sign * levels.ranks[place]
            if (single.price - price) * single.side < 0:
                return
            got = min(single.leaves, levels.quantities[place])
            single.taken[price] = got
            _fill(single, at_ns, price, got)
            place -= 1

    def _join(self, single: _Single, at_ns: int) -> None:
        """Stand behind what is shown."""
        levels = self._depth.levels[single.side]
        shown = quantity_at(levels, single.price)
        single.front, single.traded = shown * self._coin, 0.0
        ahead = shown
        if self._knows_unknown and (not levels.count or single.side * single.price < levels.ranks[0]):
            ahead, single.front = UNKNOWN_QUEUE, math.inf
        join_queue(single.queue, ahead)
        single.queue.printed_ns = single.queue.dropped_ns = 0
        if self._by_joining:
            place = int(self._touches[:, 0].searchsorted(at_ns, side="right")) - 1
            single.joined_id, single.joined_venue_ns = int(self._touches[place, 3]), int(self._touches[place, 4])

    # -- the market moves --------------------------------------------------------------------------------------------

    def _level(self, now_ns: int, side: int, price: int, quantity: int, book_id: int) -> None:
        """Take one level: queues at it, and orders that a better best price of the other side reaches."""
        was, is_better = self._depth.update(side, price, quantity)
        for single in list(self._alive.values()):
            if single.side == side:
                if single.price == price and (not book_id or book_id >= single.joined_id):
                    self._show(single, was, quantity, now_ns)
            elif is_better and not self._by_quantity and (single.price - price) * single.side >= 0:
                self._finish(single, now_ns, single.price)

    def _end_message(self, now_ns: int, update_id: int) -> None:
        """Do what counts at a whole message: fills by what is displayed, depth that has become new enough."""
        for single in list(self._alive.values()) if self._by_quantity or self._by_joining else ():
            if self._by_joining and update_id >= single.joined_id > 0:
                shown = quantity_at(self._depth.levels[single.side], single.price)
                if (self._depth.best[single.side] - single.price) * single.side > 0:
                    self._show(single, shown, shown, now_ns)
            if self._by_quantity:
                self._touch(single, now_ns)

    def _touch(self, single: _Single, now_ns: int) -> None:
        """Fill no more than the other side's touch displays, beyond what we took of it before."""
        levels, opposite = self._depth.levels[-single.side], self._depth.best[-single.side]
        for price in list(single.taken):
            shown = quantity_at(levels, price)
            if not shown or (price - opposite) * single.side < 0:
                del single.taken[price]
            else:
                single.taken[price] = min(single.taken[price], shown)
        if opposite and (single.price - opposite) * single.side >= 0:
            taken = single.taken.get(opposite, 0)
            got = min(single.leaves, max(quantity_at(levels, opposite) - taken, 0))
            if got:
                single.taken[opposite] = taken + got
                self._part(single, now_ns, got)

    def _trade(self, now_ns: int, side: int, price: int, quantity: int, venue_ns: int) -> None:
        """Let a trade serve the orders of the other side than its aggressor's."""
        for single in list(self._alive.values()):
            better = (single.price - price) * single.side
            if single.side == side or better < 0 or 0 < venue_ns < single.joined_venue_ns:
                continue
            if better > 0:
                if not self._by_quantity:
                    self._finish(single, now_ns, single.price)
                    continue
                self._clear(single)
                self._part(single, now_ns, min(single.leaves, quantity))
                continue
            got = self._print(single, quantity, now_ns)
            if got and not self._by_quantity:
                self._finish(single, now_ns, single.price)
            elif got:
                self._part(single, now_ns, min(single.leaves, got))

    def _finish(self, single: _Single, now_ns: int, price: int) -> None:
        _fill(single, now_ns, price, single.leaves)
        del self._alive[single.row]

    def _part(self, single: _Single, now_ns: int, quantity: int) -> None:
        _fill(single, now_ns, single.price, quantity)
        if not single.leaves:
            del self._alive[single.row]

    # -- queues ------------------------------------------------------------------------------------------------------

    def _show(self, single: _Single, was: int, shown: int, now_ns: int) -> None:
        """Correct the queue by what is displayed at its price, `was` before."""
        queue = single.queue
        if self._own_queue:
            if not self._is_risk:
                show_queue(queue, POWER, self._shape, shown, now_ns, PRINT_LAG_NS)
            elif shown < queue.ahead:
                unprinted = still_unprinted(queue.unprinted, queue.dropped_ns, now_ns, PRINT_LAG_NS)
                queue.ahead, queue.unprinted = queue_after_display(queue.ahead, unprinted, shown)
                queue.dropped_ns = now_ns
            return
        after = shown * self._coin
        if self._is_risk or single.front == math.inf:
            single.front = min(single.front, after)
            return
        before = was * self._coin
        change = before - after - single.traded
        single.traded = 0.0
        if change < 0.0:
            single.front = min(single.front, after)
            return
        front = single.front
        back = before - front
        ahead_share, back_share = _power(front, self._power), _power(back, self._power)
        share = back_share / (back_share + ahead_share) if back_share + ahead_share else math.nan
        estimate = front - (1.0 - share) * change + min(back - share * change, 0.0)
        single.front = after if math.isnan(estimate) else min(estimate, after)

    def _print(self, single: _Single, quantity: int, now_ns: int) -> int:
        """Serve the queue by a trade at its price; return what got past it, in units."""
        queue = single.queue
        if self._own_queue:
            if not self._is_risk:
                return print_queue(queue, quantity, now_ns, PRINT_LAG_NS)
            unprinted = still_unprinted(queue.unprinted, queue.dropped_ns, now_ns, PRINT_LAG_NS)
            got, queue.ahead, queue.unprinted = fill_on_print(
                single.side, single.price, quantity, queue.ahead, unprinted, single.price, quantity
            )
            return got
        single.front -= quantity * self._coin
        single.traded += quantity * self._coin
        past = math.floor(-single.front / self._lot + 0.5)
        if past <= 0:
            return 0
        single.front = 0.0
        return past * self._instrument.lot

    def _clear(self, single: _Single) -> None:
        """Let nobody stand ahead: a trade went through our price."""
        clear_queue(single.queue)
        single.front = 0.0


def _fill(single: _Single, now_ns: int, price: int, quantity: int) -> None:
    single.leaves -= quantity
    single.fills.append((now_ns, price, quantity))


def _outcome(single: _Single | None) -> Outcome:
    assert single is not None
    filled = sum(quantity for _, _, quantity in single.fills)
    if not filled:
        return Outcome(0, 0, 0, 0.0, refused=single.refused)
    price = sum(price * quantity for _, price, quantity in single.fills) / filled
    return Outcome(filled, single.fills[0][0], single.fills[-1][0], price, refused=False)


def _power(base: float, exponent: float) -> float:
    return math.pow(base, exponent) if base >= 0 or exponent.is_integer() else math.nan
