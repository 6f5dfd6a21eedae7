"""The simulated venue with what it does on its own account: funding and borrow fees at their times.

`SimVenue` matches; this one also keeps appointments of its own. They are taken in the order of times together with the
requests under way and the bars to be served; at one time the venue's own come first. Made by `simulated_venue` where
the settings choose such a model, so that the others cost nothing.
"""

from connectors.sim.account_settings import DAY_NS
from connectors.sim.answers import move_to, next_due
from connectors.sim.bars import serve_bars
from connectors.sim.carry import Carry, begin_carry, borrow_cost, carry_of, funding_cost, take_rate
from connectors.sim.fees import fee_unit
from connectors.sim.mark import doubled_mark
from connectors.sim.matcher import receive_first
from connectors.sim.settings import SimSettings, uncompilable
from connectors.sim.venue import SimVenue
from core.clock import NEVER
from core.decimals import to_text
from core.events import AccountMoved
from core.instruments import Instrument
from core.market import Market
from core.records import Event


class Exchange(SimVenue):
    """A `SimVenue` with appointments: what it does to the account reaches us like any of its reports."""

    __slots__ = ("_carries", "_fee_unit", "_moves", "_own_due_ns", "_unplaced")

    def __init__(self, settings: SimSettings, venue_name: str) -> None:
        """Start empty; `venue_name` begins every id."""
        super().__init__(settings, venue_name)
        self._fee_unit = fee_unit(settings)
        self._carries: dict[int, Carry] = {}
        self._unplaced: list[int] = []  # instruments that have not been told the time yet
        self._own_due_ns = NEVER
        self._moves = 0

    def define(self, index: int, instrument: Instrument, market: Market) -> None:
        """List an instrument, or change its rules, which leaves its appointments as they are. Raises SimError."""
        super().define(index, instrument, market)
        if index not in self._carries:
            self._carries[index] = carry_of(self._settings, instrument)
            self._unplaced.append(index)

    def advance(self, now_ns: int) -> None:
        """Take what has arrived or fallen due by `now_ns`, each at its time, on the market as it stands."""
        if self._unplaced:
            self._begin(now_ns)
        numbers = self._numbers
        while True:
            arrival_ns = self._arrival_ns if self._commands else NEVER
            bar_ns, own_ns = numbers.bar_due_ns, self._own_due_ns
            if min(arrival_ns, bar_ns, own_ns) > now_ns:
                return
            if bar_ns < arrival_ns and bar_ns <= own_ns:
                serve_bars(numbers, self._listings, self._clients.orders, self._reports)
            elif own_ns <= arrival_ns:
                self._keep(own_ns)
            else:
                self._receive()

    def open_bar(self, bar: Event) -> None:
        """Take a BAR at its opening time; what falls due at that very time comes before it."""
        self.advance(bar[4] - 1)
        if self._own_due_ns <= bar[4]:
            self._keep(bar[4])
        super().open_bar(bar)

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
        return [*super().state(), [self._moves, self._unplaced, carries]]

    def _begin(self, now_ns: int) -> None:
        """Tell instruments that were just listed what time it is."""
        for index in self._unplaced:
            begin_carry(self._carries[index], now_ns)
        self._unplaced.clear()
        self._look_up()

    def _look_up(self) -> None:
        """Look up which appointment comes first."""
        due_ns = NEVER
        for carry in self._carries.values():
            due_ns = min(due_ns, carry.funding_due_ns, carry.borrow_due_ns)
        self._own_due_ns = due_ns

    def _keep(self, due_ns: int) -> None:
        """Keep the appointments of a time, by instrument."""
        move_to(self._numbers, due_ns)
        for index in sorted(self._carries):
            carry = self._carries[index]
            if carry.funding_due_ns <= due_ns:
                self._fund(index, carry)
            if carry.borrow_due_ns <= due_ns:
                self._charge_borrow(index, carry)
        self._look_up()

    def _receive(self) -> None:
        """Take the first request under way."""
        receive_first(self._numbers, self._listings, self._markets, self._clients.orders, self._requests, self._reports)
        self._commands.popleft()

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


def simulated_venue(settings: SimSettings, venue_name: str) -> SimVenue:
    """Return the venue that the settings ask for."""
    return Exchange(settings, venue_name) if uncompilable(settings) else SimVenue(settings, venue_name)
