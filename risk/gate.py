"""The gate: the only place where a wish becomes a command that may leave the process.

Nothing else constructs `ApprovedSubmit` or `ApprovedCancel`, and connectors take nothing else.
"""

from collections.abc import Sequence

from core.instruments import Instrument
from core.market import Market, touch_of
from core.orders import (
    ApprovedCancel,
    ApprovedSubmit,
    CancelIntent,
    OrderIntent,
    OrderState,
    OrderType,
    Refusal,
    TimeInForce,
)
from oms.freezes import Freezes
from oms.manager import OrderManager
from oms.moves import Exposure, Totals
from oms.positions import Position
from risk.checks import CHECKS, first_breach
from risk.codes import PASSES
from risk.facts import Facts
from risk.limits import InstrumentLimits, RiskLimits, limits_version, resolve
from risk.rate import Rates, make_room, rate_advance, rate_note, times_of
from risk.records import Asked, Rules, rules_of

_SECOND_NS = 1_000_000_000
CANCEL_RETRY_NS = _SECOND_NS  # a cancel of an UNKNOWN order may be asked for again after this
# An attribute of a module costs a quarter of one of an enumeration.
_MARKET = OrderType.MARKET
_GTC = TimeInForce.GTC


class Gate:
    """Holds the limits, the instruments they were resolved for, and the order rate; decides one order at a time."""

    __slots__ = ("_asked", "_instruments", "_limits", "_rates", "_times", "freezes", "limits_version")

    def __init__(self, limits: RiskLimits) -> None:
        """Know no instrument yet: until `define`, every order is refused."""
        self.freezes = Freezes()
        """What is held back whatever the limits say."""
        self._limits = limits
        self._instruments: dict[int, _Known] = {}
        self._rates = Rates()
        self._rates.second.limit = limits.max_orders_per_second
        self._rates.minute.limit = limits.max_orders_per_minute
        self._times: list[int] = []
        self._asked = Asked()
        self.limits_version = limits_version(limits)

    def define(self, index: int, instrument: Instrument) -> None:
        """Learn or relearn an instrument; its limits are resolved here, once."""
        self._instruments[index] = _Known(instrument, resolve(self._limits, instrument))

    def check_submit(
        self, intent: OrderIntent, market: Market | None, manager: OrderManager, ready: bool, now_ns: int
    ) -> ApprovedSubmit | Refusal:
        """Return the command if every check lets the order pass, else the first refusal.

        An approval consumes the order rate; hand it to `manager.submit` before the next check, so that the order
        counts at once.
        """
        known = self._instruments.get(intent.instrument)
        if known is None or market is None:
            return self._refuse_unknown(intent)
        if self.freezes.active:
            refusal = self._held_back(intent, known.instrument, now_ns)
            if refusal is not None:
                return refusal
        if known.manager is not manager:
            known.join(intent.instrument, manager)
        order, rates, times = self._asked, self._rates, self._times
        order.side, order.quantity, order.price = 1 if intent.side > 0 else -1, intent.quantity, intent.price
        order.is_market, order.rests = intent.type is _MARKET, intent.time_in_force is _GTC
        order.post_only, order.reduce_only = intent.post_only, intent.reduce_only
        name = intent.client_order_id
        touch = touch_of(market)
        rate_advance(rates.second, times, now_ns)
        rate_advance(rates.minute, times, now_ns)
        number = first_breach(
            order,
            known.rules,
            known.limits,
            market,
            touch,
            known.exposure,
            known.totals.open_orders,
            known.position.quantity,
            rates,
            ready,
            not name or manager.knows(name),
            now_ns,
        )
        if number != PASSES:
            return self._refuse(number, intent, known, market, now_ns)
        if rates.minute.count == len(times):
            make_room(rates, times)
        rate_note(rates, times, now_ns)
        return ApprovedSubmit(
            intent=intent,
            reference_price=(touch[0] + touch[2]) // 2,
            limits_version=self.limits_version,
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
        if order.state is OrderState.PENDING_CANCEL:
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
        ]

    def _refuse(self, number: int, intent: OrderIntent, known: "_Known", market: Market, now_ns: int) -> Refusal:
        """Return the refusal that a broken check makes."""
        code, explain = CHECKS[number]
        limit, figure, message = explain(
            Facts(
                intent=intent,
                order=self._asked,
                instrument=known.instrument,
                limits=known.limits,
                market=market,
                exposure=known.exposure,
                open_orders=known.totals.open_orders,
                position=known.position.quantity,
                rates=self._rates,
                now_ns=now_ns,
            )
        )
        return Refusal(
            code=code,
            limit=limit,
            figure=figure,
            message=message,
            intent=intent,
            limits_version=self.limits_version,
        )

    def _held_back(self, intent: OrderIntent, instrument: Instrument, now_ns: int) -> Refusal | None:
        """Return the refusal of an order that reconciliation holds back, None where it may pass."""
        breach = self.freezes.breach(intent.instrument, instrument.venue, reduces=intent.reduce_only, now_ns=now_ns)
        if breach is None:
            return None
        code, message = breach
        return Refusal(
            code=code, limit="", figure="", message=message, intent=intent, limits_version=self.limits_version
        )

    def _refuse_unknown(self, intent: OrderIntent) -> Refusal:
        """Return the refusal of an order for an instrument that was never defined."""
        index = intent.instrument
        return Refusal(
            code="UNKNOWN_INSTRUMENT",
            limit="",
            figure=str(index),
            message=f"instrument {index} is not defined: name it in the venue's `instruments` and wait for its rules",
            intent=intent,
            limits_version=self.limits_version,
        )


class _Known:
    """One instrument as the gate sees it, and what the order manager counts of it: live objects, looked up once."""

    __slots__ = ("exposure", "instrument", "limits", "manager", "position", "rules", "totals")

    exposure: Exposure
    position: Position
    totals: Totals

    def __init__(self, instrument: Instrument, limits: InstrumentLimits) -> None:
        """Know the rules; the manager comes with the first order."""
        self.instrument = instrument
        self.rules: Rules = rules_of(instrument)
        self.limits = limits
        self.manager: OrderManager | None = None

    def join(self, index: int, manager: OrderManager) -> None:
        """Look up what the manager counts. Raises UndefinedInstrument."""
        self.exposure = manager.exposure(index)
        self.position = manager.position(index)
        self.totals = manager.totals
        self.manager = manager
