"""The gate: the only place where a wish becomes a command that may leave the process.

Nothing else constructs `ApprovedSubmit` or `ApprovedCancel`, and connectors take nothing else.
"""

from core.instruments import Instrument
from core.market import Market
from core.orders import (
    ApprovedCancel,
    ApprovedSubmit,
    CancelIntent,
    OrderIntent,
    OrderState,
    OrderType,
    Refusal,
)
from oms.manager import OrderManager
from risk.checks import first_breach
from risk.facts import Breach, Facts
from risk.figures import collar_ceiling, valuation_price, worst_position
from risk.limits import InstrumentLimits, RiskLimits, limits_version, resolve
from risk.rate import RateWindow

_SECOND_NS = 1_000_000_000
CANCEL_RETRY_NS = _SECOND_NS  # a cancel of an UNKNOWN order may be asked for again after this


class Gate:
    """Holds the limits, the instruments they were resolved for, and the order rate; decides one order at a time."""

    __slots__ = ("_facts", "_instruments", "_limits", "_per_minute", "_per_second", "limits_version")

    def __init__(self, limits: RiskLimits) -> None:
        """Know no instrument yet: until `define`, every order is refused."""
        self._limits = limits
        self._instruments: dict[int, tuple[Instrument, InstrumentLimits]] = {}
        self._per_second = RateWindow(limits.max_orders_per_second, _SECOND_NS)
        self._per_minute = RateWindow(limits.max_orders_per_minute, 60 * _SECOND_NS)
        self._facts = Facts()
        self._facts.per_second, self._facts.per_minute = self._per_second, self._per_minute
        self.limits_version = limits_version(limits)

    def define(self, index: int, instrument: Instrument) -> None:
        """Learn or relearn an instrument; its limits are resolved here, once."""
        self._instruments[index] = (instrument, resolve(self._limits, instrument))

    def check_submit(
        self, intent: OrderIntent, market: Market | None, manager: OrderManager, ready: bool, now_ns: int
    ) -> ApprovedSubmit | Refusal:
        """Return the command if every check lets the order pass, else the first refusal.

        An approval consumes the order rate; hand it to `manager.submit` before the next check, so that the order
        counts at once.
        """
        known = self._instruments.get(intent.instrument)
        if known is None or market is None:
            return self._refuse(intent, _unknown_instrument(intent.instrument))
        facts = self._facts
        _gather(facts, intent, known[0], known[1], market, manager)
        facts.ready, facts.now_ns = ready, now_ns
        self._per_second.advance(now_ns)
        self._per_minute.advance(now_ns)
        breach = first_breach(facts)
        if breach is not None:
            return self._refuse(intent, breach)
        self._per_second.note(now_ns)
        self._per_minute.note(now_ns)
        return ApprovedSubmit(
            intent=intent, reference_price=facts.reference_twice // 2, limits_version=self.limits_version
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
        return None if known is None else known[1]

    def state(self) -> list[object]:
        """Return all that influences the next decision as lists, integers and text, for a digest."""
        return [
            self.limits_version,
            [(index, self._instruments[index][0].id) for index in sorted(self._instruments)],
            self._per_second.canonical(),
            self._per_minute.canonical(),
        ]

    def _refuse(self, intent: OrderIntent, breach: Breach) -> Refusal:
        """Return the refusal that a breach makes."""
        return Refusal(
            code=breach.code,
            limit=breach.limit,
            figure=breach.figure,
            message=breach.message,
            intent=intent,
            limits_version=self.limits_version,
        )


def _gather(
    facts: Facts,
    intent: OrderIntent,
    instrument: Instrument,
    limits: InstrumentLimits,
    market: Market,
    manager: OrderManager,
) -> None:
    """Fill in what the checks look at; allocates nothing that outlives the call."""
    index, side, quantity = intent.instrument, intent.side, intent.quantity
    exposure = manager.exposure(index)
    bid, ask, touch_ns = market.touch()
    reference_twice = bid + ask if 0 < bid <= ask else 0
    is_market = intent.type is OrderType.MARKET
    ceiling = collar_ceiling(reference_twice, limits.max_deviation)
    position = manager.position(index).quantity
    open_same = exposure.open_buy_quantity if side > 0 else exposure.open_sell_quantity
    facts.intent, facts.instrument, facts.limits = intent, instrument, limits
    facts.market, facts.manager, facts.exposure = market, manager, exposure
    facts.bid, facts.ask, facts.touch_ns, facts.reference_twice = bid, ask, touch_ns, reference_twice
    facts.is_market, facts.position, facts.quantity = is_market, position, quantity
    facts.price = (ask if side > 0 else bid) if is_market else intent.price
    facts.valued_at = valuation_price(is_market, side, intent.price, bid, ceiling)
    facts.worst = worst_position(side, position, open_same, quantity)


def _unknown_instrument(index: int) -> Breach:
    """Return the breach of an order for an instrument that was never defined."""
    why = f"instrument {index} is not defined: name it in the venue's `instruments` and wait for its rules"
    return Breach("UNKNOWN_INSTRUMENT", "", str(index), why)
