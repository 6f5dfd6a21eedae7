"""Whether an order may take the place of one that is open: everything that the gate asks of it, in its order."""

import msgspec

from core.market import Market, touch_of
from core.orders import OrderIntent, Refusal
from oms.moves import Exposure
from oms.order import Order
from risk.account_checks import INSUFFICIENT_BALANCE
from risk.checks import first_breach
from risk.codes import PASSES
from risk.facts import Why
from risk.known import Known
from risk.rate import Rates
from risk.refusals import Refusals
from risk.revisions import ask_as, belongs, leave_out

SESSION_CLOSED = "SESSION_CLOSED"


class Replacing(Refusals):
    """The gate's questions about replacements; a base of `risk.gate.Gate`."""

    __slots__ = ("_beside",)

    _beside: Exposure
    """What is open beside the order that is to be replaced."""

    def _in_place_of(
        self, order: Order, wanted: OrderIntent, known: Known, market: Market, rates: Rates, ready: bool, now_ns: int
    ) -> tuple[int, str] | Refusal:
        """Return the quantity with which an order may take the place of another, and by which rule that is less."""
        refusal = self._refusal_of(wanted, order, order.filled, known, market, rates, ready, now_ns)
        if refusal is not None:
            return refusal
        verdict = self._judged(wanted, known, market, self._beside, known.totals.open_orders - 1, now_ns)
        if verdict is None:
            return wanted.quantity, ""
        same = (wanted.price, verdict.quantity) == (order.price, order.quantity)
        if same or verdict.quantity <= order.filled or belongs(wanted):
            return self._ruled_out(verdict, wanted)
        smaller = msgspec.structs.replace(wanted, quantity=verdict.quantity)
        refusal = self._refusal_of(smaller, order, order.filled, known, market, rates, ready, now_ns)
        if refusal is not None:
            return self._ruled_out(verdict, wanted, refusal)
        self.rulebook.count(verdict, refused=False)
        return verdict.quantity, verdict.why.message

    def _refusal_of(
        self,
        wanted: OrderIntent,
        order: Order,
        filled: int,
        known: Known,
        market: Market,
        rates: Rates,
        ready: bool,
        now_ns: int,
    ) -> Refusal | None:
        """Return why an order may not take the place of one that is open, `filled` of it done; None where it may."""
        held_back = self._held_back(wanted, known.instrument, now_ns) if self.freezes.active else None
        if held_back is not None:
            return held_back
        if known.sessions and (closed := known.why_closed(now_ns)):
            return self._refusal(SESSION_CLOSED, Why("", "", closed), wanted)
        ask_as(self._asked, wanted)
        self._asked.reduce_only = wanted.reduce_only or known.hedge == -self._asked.side
        leave_out(self._beside, known.exposure, order, filled)
        open_orders = known.totals.open_orders - 1
        touch, held = touch_of(market), known.position.quantity
        number = first_breach(
            self._asked, known.rules, known.limits, market, touch, self._beside, open_orders, held, rates, ready,
            False, now_ns,
        )  # fmt: skip
        if number != PASSES:
            return self._refuse(number, wanted, known, market, now_ns, self._beside)
        if known.check_balances and filled == order.filled:  # a rest's balance is held since its replacement passed
            short = known.why_not_covered(wanted, market, order)
            if short:
                return self._refusal(INSUFFICIENT_BALANCE, short, wanted)
        if self.controls is not None:
            return self._beyond(wanted, known, market, touch, order, filled, now_ns)
        return None
