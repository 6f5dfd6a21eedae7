"""The gate: the only place where a wish becomes a command that may leave the process.

Nothing else constructs approved commands, and connectors take nothing else.
"""

from collections.abc import Sequence

import msgspec

from core.effects import Effect
from core.ids import revision_id
from core.instruments import Instrument
from core.market import Market, touch_of
from core.orders import (
    ApprovedCancel,
    ApprovedGroup,
    ApprovedReplace,
    ApprovedSubmit,
    CancelIntent,
    Contingency,
    OrderIntent,
    OrderState,
    OrderType,
    Refusal,
    ReplaceIntent,
    TimeInForce,
)
from oms.freezes import Freezes
from oms.manager import OrderManager
from oms.moves import Exposure
from oms.order import Order
from oms.terms import Terms
from risk.account_checks import HEDGE_SIDE, INSUFFICIENT_BALANCE, why_not_leg
from risk.checks import first_breach
from risk.codes import PASSES
from risk.controls.control import Controls
from risk.controls.day import Day
from risk.facts import Why
from risk.known import Known
from risk.limit_changes import LimitChanges
from risk.limits import InstrumentLimits, RiskLimits, limits_version, resolve
from risk.portfolio_figures import PortfolioFigures
from risk.rate import Rates, make_room, rate_advance, rate_note, times_of
from risk.records import Asked
from risk.replacing import SESSION_CLOSED, Replacing
from risk.revisions import NATIVE, NO_RATES, makes_place, why_not_replaced
from risk.rule_settings import RuleSettings
from risk.rules.compiled import Verdict
from risk.rules.functions import UserRule
from risk.rules.rulebook import Rulebook

_SECOND_NS = 1_000_000_000
CANCEL_RETRY_NS = _SECOND_NS  # a cancel of an UNKNOWN order may be asked for again after this
# An attribute of a module costs a quarter of one of an enumeration.
_MARKET = OrderType.MARKET
_GTC = TimeInForce.GTC


class Gate(Replacing):
    """Holds the limits, the instruments they were resolved for, and the order rate; decides one order at a time."""

    __slots__ = (
        "_instruments",
        "_limits",
        "_times",
        "changes",
        "day",
    )

    def __init__(self, limits: RiskLimits, functions: Sequence[UserRule] = ()) -> None:
        """Know no instrument yet: until `define`, every order is refused. `functions`: users' own, by the settings."""
        self.freezes = Freezes()
        self.day = Day(counting=limits.controls is not None)
        self.changes = LimitChanges(limits)
        self.controls: Controls | None = None
        self._limits = limits
        self._instruments: dict[int, Known] = {}
        self._rates = Rates()
        self._rates.second.limit = limits.max_orders_per_second
        self._rates.minute.limit = limits.max_orders_per_minute
        self._times: list[int] = []
        self._asked = Asked()
        self._closes = False
        self._beside = Exposure()  # what is open beside the order that is to be replaced
        self.rulebook = Rulebook(functions)
        self.rulebook.take(limits.rules or RuleSettings())
        self.limits_version = limits_version(limits)

    def watch(self, manager: OrderManager, effects: Sequence[Effect], portfolio: PortfolioFigures) -> None:
        """Count what the manager holds, what happens, and what was measured, for the limits that need it."""
        if self._limits.controls is not None:
            self.controls = Controls(self._limits.controls, self.day, manager, effects, portfolio)
            for index, known in self._instruments.items():
                self.controls.define(index, known.instrument)

    @property
    def limits(self) -> RiskLimits:
        """The limits that hold now."""
        return self._limits

    def change(self, limits: RiskLimits) -> None:
        """Have other limits from now on; what was counted stays. `[risk.controls]` cannot come or go."""
        assert (limits.controls is None) == (self._limits.controls is None)
        self._limits = limits
        self.limits_version = limits_version(limits)
        self._rates.second.limit = limits.max_orders_per_second
        self._rates.minute.limit = limits.max_orders_per_minute
        self.rulebook.take(limits.rules or RuleSettings())
        for index, known in self._instruments.items():
            known.limits = resolve(limits, known.instrument)
            self.rulebook.define(index, known.instrument)
        if self.controls is not None and limits.controls is not None:
            self.controls.change(limits.controls)

    def define(self, index: int, instrument: Instrument) -> None:
        """Learn or relearn an instrument; its limits are resolved here, once."""
        self._instruments[index] = Known(instrument, resolve(self._limits, instrument))
        self.day.define(index, Terms(instrument))
        self.rulebook.define(index, instrument)
        if self.controls is not None:
            self.controls.define(index, instrument)

    def check_submit(
        self,
        intent: OrderIntent,
        market: Market | None,
        manager: OrderManager,
        ready: bool,
        now_ns: int,
        *,
        whole: bool = False,
        closes: bool = False,
    ) -> ApprovedSubmit | Refusal:
        """Return the command if every check lets the order pass, else the first refusal.

        An approval consumes the order rate; hand it to `manager.submit` before the next check, so that the order
        counts at once. A user's rule may have shrunk it; `whole`: then it is refused. `closes`: it
        is known to do no more than close, which rules are not asked about unless they say so.
        """
        self._closes = closes
        answer = self._check(intent, market, manager, ready, now_ns, "")
        self._closes = False
        if not isinstance(answer, Verdict):
            return answer
        if not answer.quantity or whole:
            return self._ruled_out(answer, intent)
        smaller = msgspec.structs.replace(intent, quantity=answer.quantity)
        verdict = self._check(smaller, market, manager, ready, now_ns, answer.why.message)
        if isinstance(verdict, ApprovedSubmit):
            self.rulebook.count(answer, refused=False)
            return verdict
        assert isinstance(verdict, Refusal)
        return self._ruled_out(answer, intent, verdict)

    def _check(
        self, intent: OrderIntent, market: Market | None, manager: OrderManager, ready: bool, now_ns: int, shrunk: str
    ) -> ApprovedSubmit | Refusal | Verdict:
        """Return the command, the first refusal, or what a user's rule says; of what one has shrunk none is asked."""
        known = self._instruments.get(intent.instrument)
        if known is None or market is None:
            return self._refuse_unknown(intent)
        if self.freezes.active:
            refusal = self._held_back(intent, known.instrument, now_ns)
            if refusal is not None:
                return refusal
        if known.sessions and (closed := known.why_closed(now_ns)):
            return self._refusal(SESSION_CLOSED, Why("", "", closed), intent)
        if known.manager is not manager:
            known.join(intent.instrument, manager)
        closes = False
        if intent.terms is not None or known.hedging:
            fault = why_not_leg(intent, known.instrument, known.hedging)
            if fault is not None:
                return self._refusal(HEDGE_SIDE, fault, intent)
            known = known.leg(intent, manager)
            closes = known.hedge == -intent.side
        order, rates, times = self._asked, self._rates, self._times
        order.side, order.quantity, order.price = 1 if intent.side > 0 else -1, intent.quantity, intent.price
        order.is_market, order.rests = intent.type is _MARKET, intent.time_in_force is _GTC
        order.post_only, order.reduce_only = intent.post_only, intent.reduce_only or closes
        name = intent.client_order_id
        touch = touch_of(market)
        rate_advance(rates.second, times, now_ns)
        rate_advance(rates.minute, times, now_ns)
        open_orders, held, twice = known.totals.open_orders, known.position.quantity, not name or manager.knows(name)
        number = first_breach(
            order, known.rules, known.limits, market, touch, known.exposure, open_orders, held, rates, ready,
            twice, now_ns,
        )  # fmt: skip
        if number != PASSES:
            return self._refuse(number, intent, known, market, now_ns)
        if known.check_balances and (short := known.why_not_covered(intent, market)):
            return self._refusal(INSUFFICIENT_BALANCE, short, intent)
        if self.controls is not None and (refusal := self._beyond(intent, known, market, touch, None, 0, now_ns)):
            return refusal
        if not shrunk and not self.rulebook.empty:
            verdict = self._judged(intent, known, market, known.exposure, open_orders, now_ns)
            if verdict is not None:
                return verdict
        if rates.minute.count == len(times):
            make_room(rates, times)
        rate_note(rates, times, now_ns)
        return ApprovedSubmit(
            intent=intent,
            reference_price=(touch[0] + touch[2]) // 2,
            limits_version=self.limits_version,
            shrunk=shrunk,
        )

    def _consume(self, now_ns: int) -> None:
        """Count an order that passes in the rates, which have been advanced."""
        if self._rates.minute.count == len(self._times):
            make_room(self._rates, self._times)
        rate_note(self._rates, self._times, now_ns)

    def approve_group(self, group: str, contingency: Contingency, orders: tuple[ApprovedSubmit, ...]) -> ApprovedGroup:
        """Return the command for orders that the venue takes as one list; each has passed on its own."""
        return ApprovedGroup(group=group, contingency=contingency, orders=orders)

    def check_replace(
        self, intent: ReplaceIntent, market: Market | None, manager: OrderManager, ready: bool, now_ns: int
    ) -> ApprovedReplace | Refusal | str:
        """Return the command, the first refusal, or in words why there is nothing to replace.

        The order as it shall be meets every check, beside all that is open but itself: only what it adds counts. What
        does no more than take quantity off passes whatever the limits say, like a cancel. A `Refusal` names the
        revision that was refused. An approval consumes the order rate; hand it to `manager.replacements.sent`.
        """
        order = manager.order(intent.client_order_id)
        why = why_not_replaced(intent, order)
        if why or order is None:
            return why
        price, quantity = intent.price or order.price, intent.quantity or order.quantity
        revision = 1 if order.chain is None else order.chain.newest + 1
        known = self._instruments.get(order.instrument)
        name = revision_id(order.client_order_id, revision)
        wanted = msgspec.structs.replace(order.intent, client_order_id=name, price=price, quantity=quantity)
        if known is None or market is None:
            return self._refuse_unknown(wanted)
        if known.manager is not manager:
            known.join(order.instrument, manager)
        known = known.leg(wanted, manager)
        rates, times = self._rates, self._times
        rate_advance(rates.second, times, now_ns)
        rate_advance(rates.minute, times, now_ns)
        shrunk = ""
        if price != order.price or quantity > order.quantity:
            answer = self._in_place_of(order, wanted, known, market, rates, ready, now_ns)
            if isinstance(answer, Refusal):
                return answer
            quantity, shrunk = answer
        if rates.minute.count < rates.minute.limit:  # what takes off passes at the limit, and then is not counted
            self._consume(now_ns)
        touch = touch_of(market)
        return ApprovedReplace(
            client_order_id=order.client_order_id,
            strategy_id=order.strategy_id,
            instrument=order.instrument,
            venue_order_id=order.venue_order_id,
            revision=revision,
            side=order.intent.side,
            type=order.type,
            price=price,
            quantity=quantity,
            filled=order.filled,
            reference_price=(touch[0] + touch[2]) // 2,
            limits_version=self.limits_version,
            native=NATIVE in known.instrument.native,
            shrunk=shrunk,
        )

    def check_rest(
        self, order: Order, market: Market, manager: OrderManager, ready: bool, now_ns: int
    ) -> ApprovedSubmit | Refusal:
        """Return the order that follows on a cancelled leg: what is left, at the new price, under the revision's name.

        Its quantity was reserved, and its rate consumed, when the replacement passed; the market is looked at again.
        """
        assert order.chain is not None
        pending = order.chain.pending
        assert pending is not None
        whole = self._instruments[order.instrument]
        if whole.manager is not manager:
            whole.join(order.instrument, manager)  # the order may be of the session before
        known = whole.leg(order.intent, manager)
        rest = msgspec.structs.replace(
            order.intent,
            client_order_id=revision_id(order.client_order_id, pending.revision),
            price=pending.price,
            quantity=pending.quantity - order.filled,
        )
        refusal = self._refusal_of(rest, order, 0, known, market, NO_RATES, ready, now_ns)
        if refusal is not None:
            return refusal
        verdict = self._judged(rest, known, market, self._beside, known.totals.open_orders - 1, now_ns)
        if verdict is not None:
            return self._ruled_out(verdict, rest)
        touch = touch_of(market)
        return ApprovedSubmit(
            intent=rest, reference_price=(touch[0] + touch[2]) // 2, limits_version=self.limits_version
        )

    def check_cancel(self, intent: CancelIntent, manager: OrderManager, now_ns: int) -> ApprovedCancel | str:
        """Return the command, or in words why there is nothing to cancel. No limit holds a cancel back.

        A strategy cancels its own orders; an empty `strategy_id` is the engine's or the operator's and cancels any.
        """
        order = manager.order(intent.client_order_id)
        if order is None:
            return f"order {intent.client_order_id} is not known in this session"
        if intent.strategy_id not in ("", order.strategy_id):
            return f"order {order.client_order_id} belongs to {order.strategy_id}, not to {intent.strategy_id}"
        if not order.is_open:
            return f"order {order.client_order_id} has ended, it is {order.state.value}"
        if order.state is OrderState.PENDING_CANCEL and not makes_place(order):
            return f"a cancel of order {order.client_order_id} is under way"
        asked_lately = order.cancel_sent_ns and now_ns - order.cancel_sent_ns < CANCEL_RETRY_NS
        if order.state is OrderState.UNKNOWN and asked_lately:
            return f"a cancel of order {order.client_order_id} was sent less than a second ago, its state is unknown"
        return ApprovedCancel(
            client_order_id=order.client_order_id,
            strategy_id=order.strategy_id,
            instrument=order.instrument,
            venue_order_id=order.venue_order_id,
        )

    def cancels_of(self, order: Order) -> list[ApprovedCancel]:
        """Return the cancels of an order with replacements, for which `check_cancel` has been: one for each name.

        While a replacement is not answered nobody knows by which name the order is alive. The venue refuses the other.
        """
        chain = order.chain
        assert chain is not None
        return [
            ApprovedCancel(
                client_order_id=revision_id(order.client_order_id, revision),
                strategy_id=order.strategy_id,
                instrument=order.instrument,
                venue_order_id=chain.venue_ids.get(revision, ""),
            )
            for revision in chain.names()
        ]

    def limits_of(self, index: int) -> InstrumentLimits | None:
        """Return the limits that hold for an instrument, None for one not defined."""
        known = self._instruments.get(index)
        return None if known is None else known.limits

    def restore(self, second_ns: Sequence[int], minute_ns: Sequence[int]) -> None:
        """Count the orders that passed at these times, oldest first; the second's are the last of the minute's."""
        rates = self._rates
        self._times[:] = list(minute_ns)
        rates.minute.head, rates.minute.count = 0, len(minute_ns)
        rates.second.head, rates.second.count = len(minute_ns) - len(second_ns), len(second_ns)

    def state(self) -> list[object]:
        """Return all that influences the next decision as lists, integers and text, for a digest."""
        return [
            self.limits_version,
            [(index, self._instruments[index].instrument.id) for index in sorted(self._instruments)],
            times_of(self._rates.second, self._times),
            times_of(self._rates.minute, self._times),
            *([] if self.controls is None else [self.controls.state()]),
        ]
