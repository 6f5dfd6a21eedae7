"""The simulated venue with what it does by itself: funding and borrow fees, sessions, halts and auctions.

`SimVenue` matches; this one also keeps appointments of its own. They are taken in the order of times together with the
requests under way and the bars to be served; at one time the venue's own come first. Made by `simulated_venue` where
the settings choose such a model, so that the others cost nothing.
"""

from connectors.sim.account import Account, AccountReports
from connectors.sim.account_settings import DAY_NS
from connectors.sim.answers import move_to, next_due, note_activity
from connectors.sim.auction import close_auction, hold_auction, release
from connectors.sim.bars import next_bar, serve_bars
from connectors.sim.carry import Carry, begin_carry, borrow_cost, carry_of, funding_cost, take_rate
from connectors.sim.fees import fee_unit
from connectors.sim.hours import (
    CALLED,
    CLOSES,
    CLOSING,
    HALTS,
    NOTHING,
    OPENING,
    OPENS,
    RESUMES,
    Hours,
    await_print,
    begin_hours,
    change_hours,
    hours_due,
    hours_of,
    is_matching,
    refusal_of_hours,
    stop_awaiting,
)
from connectors.sim.mark import doubled_mark
from connectors.sim.orders import Request
from connectors.sim.settings import SimSettings, uncompilable
from connectors.sim.venue import SimVenue
from core.clock import NEVER
from core.decimals import to_text
from core.events import AccountMoved
from core.instruments import Instrument
from core.market import Market
from core.orders import ApprovedReplace
from core.records import LAST, NOT_MARKET, PENDING, Event, Kind

_QUOTE, _TRADE, _BOOK, _BAR = int(Kind.QUOTE), int(Kind.TRADE), int(Kind.BOOK), int(Kind.BAR)
_MBO = int(Kind.MBO)
_BOOKS = (_BOOK, _MBO)


class Exchange(SimVenue):
    """A `SimVenue` with appointments: what it does to the account reaches us like any of its reports."""

    __slots__ = ("_account", "_carries", "_covered", "_fee_unit", "_hours", "_moves", "_own_due_ns", "_unplaced")

    def __init__(self, settings: SimSettings, venue_name: str) -> None:
        """Start empty; `venue_name` begins every id."""
        super().__init__(settings, venue_name)
        self._fee_unit = fee_unit(settings)
        self._account = Account(settings, venue_name)
        self._reports = AccountReports(settings, venue_name, self._clients, self._instruments, self._account)
        self._carries: dict[int, Carry] = {}
        self._hours: dict[int, Hours] = {}
        self._covered: list[int] = []  # instruments that are traded on margin
        self._unplaced: list[int] = []  # instruments that have not been told the time yet
        self._own_due_ns = NEVER
        self._moves = 0

    def define(self, index: int, instrument: Instrument, market: Market) -> None:
        """List an instrument, or change its rules, which leaves its appointments as they are. Raises SimError."""
        super().define(index, instrument, market)
        self._account.define(index, instrument)
        if index not in self._carries:
            self._carries[index] = carry_of(self._settings, instrument)
            hours = hours_of(self._settings.hours, instrument)
            if hours is not None:
                self._hours[index] = hours
            self._unplaced.append(index)
            if self._account.covers(index):
                self._covered.append(index)

    def advance(self, now_ns: int) -> None:
        """Take what has arrived or fallen due by `now_ns`, each at its time, on the market as it stands."""
        if self._unplaced:
            self._begin(now_ns)
        numbers = self._numbers
        while True:
            arrival_ns, bar_ns, own_ns = self._arrival_ns(), numbers.bar_due_ns, self._own_due_ns
            if min(arrival_ns, bar_ns, own_ns) > now_ns:
                break
            if bar_ns < arrival_ns and bar_ns <= own_ns:
                serve_bars(numbers, self._listings, self._clients.orders, self._reports)
            elif own_ns <= arrival_ns:
                self._keep(own_ns)
            else:
                self._receive()
        self._watch()

    def open_bar(self, bar: Event) -> None:
        """Take a BAR at its opening time; what falls due at that very time comes before it."""
        index, open_ns, price = bar[2], bar[4], bar[5]
        self.advance(open_ns - 1)
        if self._own_due_ns <= open_ns:
            self._keep(open_ns)
        hours = self._hours.get(index)
        if hours is not None and not is_matching(hours):
            if hours.awaited != OPENING:
                return
            assert isinstance(price, int)
            move_to(self._numbers, open_ns)
            self._open(index, hours, price if hours.has_auctions else 0, open_ns)
        super().open_bar(bar)
        self._guard(index, open_ns)

    def on_event(self, event: Event) -> None:
        """Match on an event that the market has taken in, where the hours allow it, then take requests."""
        hours = self._hours.get(event[2])
        if hours is not None and hours.awaited != NOTHING:
            self._take_print(event, hours)
        if hours is None or event[0] == _MBO or is_matching(hours):  # true queues move while nothing is matched
            super().on_event(event)
        elif self._arrival_ns() <= event[3]:
            move_to(self._numbers, event[3])
            self.advance(event[3])
        self._guard(event[2], event[3])

    def on_bar(self, bar: Event) -> None:
        """See a BAR that has closed: its open or close may be the print that an auction waits for."""
        self.on_event(bar)

    def next_due_ns(self) -> int:
        """When something arrives or falls due next, 0 if nothing does."""
        due_ns = super().next_due_ns() or NEVER
        due_ns = min(due_ns, self._own_due_ns)
        return due_ns if due_ns != NEVER else 0

    def state(self) -> list[object]:
        """Return everything that decides what comes next, as plain values, the same on every machine."""
        carries = [
            (index, carry.funding_due_ns, carry.borrow_due_ns, carry.place)
            for index, carry in sorted(self._carries.items())
        ]
        hours = [
            (index, each.in_session, each.halted, each.calling, each.awaited, each.awaited_since_ns, hours_due(each))
            for index, each in sorted(self._hours.items())
        ]
        return [*super().state(), [self._moves, self._unplaced, carries, hours, self._account.state()]]

    def _begin(self, now_ns: int) -> None:
        """Tell instruments that were just listed what time it is."""
        for index in self._unplaced:
            begin_carry(self._carries[index], now_ns)
            if index in self._hours:
                begin_hours(self._hours[index], now_ns)
                self._apply(index)
        self._unplaced.clear()
        self._look_up()

    def _look_up(self) -> None:
        """Look up which appointment comes first."""
        due_ns = NEVER
        for carry in self._carries.values():
            due_ns = min(due_ns, carry.funding_due_ns, carry.borrow_due_ns)
        for hours in self._hours.values():
            due_ns = min(due_ns, hours_due(hours))
        self._own_due_ns = due_ns

    def _keep(self, due_ns: int) -> None:
        """Keep the appointments of a time, by instrument."""
        move_to(self._numbers, due_ns)
        for index, hours in sorted(self._hours.items()):
            while hours_due(hours) <= due_ns:
                self._change(index, hours, change_hours(hours, due_ns), due_ns)
        for index in sorted(self._carries):
            carry = self._carries[index]
            if carry.funding_due_ns <= due_ns:
                self._fund(index, carry)
            if carry.borrow_due_ns <= due_ns:
                self._charge_borrow(index, carry)
        self._look_up()

    def _receive(self) -> None:
        """Take the first request under way; the account has a say in it."""
        if not isinstance(self._commands[0], ApprovedReplace):
            request = self._request(0)
            request.verdict = self._account.judge(request, self._listings, self._markets, self._clients)
        super()._receive()

    def _verdict(self, request: Request) -> int:
        """Say why the account does not allow what an order shall become in the place of what it is."""
        order = self._clients.orders[request.row]
        leaves, quantity = order.leaves, request.quantity
        order.leaves, request.quantity = 0, quantity - order.quantity + leaves
        reason = self._account.judge(request, self._listings, self._markets, self._clients)
        order.leaves, request.quantity = leaves, quantity
        return reason

    def _fund(self, index: int, carry: Carry) -> None:
        """Let funding be paid or received on the position of now."""
        rate = take_rate(carry)
        listing = self._listings[index]
        mark = doubled_mark(listing, self._markets[index], carry.funding_mark)
        cost = funding_cost(carry.worth, rate, listing.position, mark)
        self._move(index, cost, "funding", f"rate {to_text(rate, 8)}, {self._held(index, mark)}")

    def _charge_borrow(self, index: int, carry: Carry) -> None:
        """Charge a day's borrow fee on a short position."""
        carry.borrow_due_ns += DAY_NS
        listing = self._listings[index]
        mark = doubled_mark(listing, self._markets[index], carry.borrow_mark)
        cost = borrow_cost(carry, listing.position, mark)
        self._move(index, cost, "borrow", f"rate {to_text(carry.borrow_ppm, 6)} a year, {self._held(index, mark)}")

    def _held(self, index: int, mark: int) -> str:
        """Say what is held, and at which price it is valued."""
        instrument = self._instruments[index]
        held = instrument.quantity_text(self._listings[index].position)
        return f"{held} at {to_text(mark * 5, instrument.price_precision + 1)}"

    def _move(self, index: int, cost: int, reason: str, detail: str) -> None:
        """Move money on the account, in fee units; a move of nothing is none."""
        if cost == 0:
            return
        self._account.pay(index, cost)
        self._moves += 1
        move = AccountMoved(
            venue=self._name,
            move_id=f"{self._name}-M{self._moves}",
            currency=self._instruments[index].currency,
            amount=str(-cost * self._fee_unit),
            reason=reason,
            detail=detail,
        )
        self._reports.put(next_due(self._numbers), index, move)

    # -- margin ----------------------------------------------------------------------------------------------------

    def _guard(self, index: int, now_ns: int) -> None:
        """Mark an instrument after an event of it, and liquidate where the account no longer covers its positions."""
        if not self._account.covers(index):
            return
        listing = self._listings[index]
        self._account.mark(index, listing, self._markets[index])
        is_matched = listing.position != 0 and not listing.gathering
        if is_matched and self._account.is_breached(index, self._listings):
            move_to(self._numbers, now_ns)
            self._account.liquidate(index, self._numbers, self._listings, self._markets, self._clients, self._reports)
        self._watch()

    def _is_watched(self, index: int) -> bool:
        """Whether every event of an instrument matters, for a print that is awaited or a position on margin."""
        hours = self._hours.get(index)
        awaits = hours is not None and hours.awaited != NOTHING
        return awaits or (self._account.covers(index) and self._listings[index].position != 0)

    def _watch(self) -> None:
        """Look again at which instruments on margin have positions."""
        for index in self._covered:
            listing = self._listings[index]
            if listing.watched != self._is_watched(index):
                listing.watched = not listing.watched
                note_activity(listing)

    # -- hours -----------------------------------------------------------------------------------------------------

    def _apply(self, index: int) -> None:
        """Let an instrument's hours be known to the matching."""
        listing, hours = self._listings[index], self._hours[index]
        listing.gathering = not is_matching(hours)
        listing.barred = refusal_of_hours(hours)
        listing.watched = self._is_watched(index)
        note_activity(listing)

    def _change(self, index: int, hours: Hours, what: int, now_ns: int) -> None:
        """Carry out one change of hours."""
        listing, orders, market = self._listings[index], self._clients.orders, self._markets[index]
        if what in (OPENS, RESUMES):
            if hours.in_session and not hours.halted:
                await_print(hours, OPENING, now_ns)
        elif what in (HALTS, CLOSES, CALLED):
            stop_awaiting(hours)
            if what == CLOSES and hours.has_auctions and listing.waiting > 0:
                await_print(hours, CLOSING, now_ns)
            listing.bar_serve_ns = NEVER  # the extremes of the bar that forms may come while nothing is matched
            next_bar(self._numbers, self._listings)
        elif hours.awaited == OPENING:
            self._open(index, hours, 0, now_ns)
        else:
            close_auction(self._numbers, listing, orders, market, hours.awaited_since_ns, self._reports)
            stop_awaiting(hours)
        self._apply(index)

    def _open(self, index: int, hours: Hours, price: int, until_ns: int) -> None:
        """Begin to match: at an auction's price what joined by `until_ns`, without one (0) at the touch."""
        listing, orders, market = self._listings[index], self._clients.orders, self._markets[index]
        if price:
            hold_auction(self._numbers, listing, orders, market, price, until_ns, self._reports)
        release(self._numbers, listing, orders, market, self._reports)
        stop_awaiting(hours)
        self._apply(index)

    def _take_print(self, event: Event, hours: Hours) -> None:
        """Take the print that an auction waits for, or without auctions the first event of the market."""
        kind, flags, index, now_ns, start_ns, price, _, _, close, _ = event
        assert isinstance(price, int)
        is_trade = kind == _TRADE and not flags & NOT_MARKET
        is_bar = kind == _BAR and start_ns >= hours.awaited_since_ns
        move_to(self._numbers, now_ns)
        if hours.awaited == CLOSING:
            if is_trade or kind == _BAR:
                listing, orders, market = self._listings[index], self._clients.orders, self._markets[index]
                official, until_ns = price if is_trade else close, hours.awaited_since_ns
                hold_auction(self._numbers, listing, orders, market, official, until_ns, self._reports)
                stop_awaiting(hours)
                self._apply(index)
        elif is_trade or is_bar:
            self._open(index, hours, price if hours.has_auctions else 0, now_ns if is_trade else start_ns)
        elif not hours.has_auctions and (
            kind == _QUOTE or (kind in (_BOOK, _MBO) and flags & (LAST | PENDING) == LAST)
        ):
            self._open(index, hours, 0, now_ns)


def simulated_venue(settings: SimSettings, venue_name: str) -> SimVenue:
    """Return the venue that the settings ask for."""
    return Exchange(settings, venue_name) if uncompilable(settings) else SimVenue(settings, venue_name)
