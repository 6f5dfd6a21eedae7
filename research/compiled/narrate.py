"""The log of the compiled loop in words: rows of numbers become the effects that the engine would have told.

Names, texts and money are made here, from what the loop wrote down; nothing is decided. A refusal's code is the gate's,
its figures are not kept: ask the Python driver for them.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from connectors.sim.codes import LIQUIDITIES
from connectors.sim.fees import fee_unit
from connectors.sim.reports import reason_text
from connectors.sim.settings import FeeCurrency, SimSettings
from core.book import FAULTS
from core.effects import (
    Alert,
    BookResyncNeeded,
    Effect,
    OrderFilled,
    OrderUpdated,
    PositionChanged,
    Severity,
    TimerSet,
)
from core.orders import (
    ApprovedCancel,
    ApprovedSubmit,
    OrderIntent,
    OrderType,
    Refusal,
    Side,
    TimeInForce,
)
from core.records import NO_INSTRUMENT
from engine.build import EngineSettings
from engine.engine import Engine
from oms.codes import ANOMALIES, STATES
from oms.ledger import Ledger
from oms.positions import PositionNumbers
from oms.terms import Terms
from research.compiled.past import Past
from research.compiled.tables import (
    ANOMALY,
    CANCEL,
    CLOSED,
    FAULT,
    FILL,
    NOT_CANCELLED,
    POSITION,
    REFUSAL,
    SAMPLE,
    SUBMIT,
    TIMER,
    UPDATE,
)
from risk.checks import CHECKS
from strategies.desk import FOK, IOC, POST_ONLY, REDUCE_ONLY
from strategies.kernel import WAKE

Told = tuple[int, int, Effect]
"""(number of the input event, time in ns, effect)"""


class Narrator:
    """Tells the effects of one run, in order; `past` keeps what a later restoring of the engine needs."""

    def __init__(self, engine: Engine, settings: EngineSettings, sim: SimSettings) -> None:
        """Take names from `engine`, the run's shadow; it must know the instruments."""
        self._engine = engine
        self._strategy_id = settings.strategies[0].id
        self._counter = engine.desk.actors[0].context.counter
        self._version = engine.gate.limits_version
        self._terms = [Terms(market.instrument) for market in engine.markets]
        self._in_base = [
            sim.fee_currency is FeeCurrency.RECEIVED and market.instrument.holds_base for market in engine.markets
        ]
        self._fee_unit = fee_unit(sim)
        self._venue = engine.markets[0].instrument.venue if engine.markets else ""
        self._fill: Any = None
        self.on_sample: Callable[[int], None] | None = None
        self.ledger = Ledger(dict(settings.balances))
        self.past = Past()

    def tell(self, rows: np.ndarray[Any, Any]) -> Iterator[Told]:
        """Yield what the rows of the log say."""
        for values in rows.tolist():
            event, now_ns, kind, number, index, *rest = values
            if kind == SAMPLE:
                self._sample(now_ns, index, rest)
                continue
            for effect in self._effects(kind, number, index, rest, now_ns):
                yield event, now_ns, effect

    def _sample(self, now_ns: int, index: int, rest: list[int]) -> None:
        """Let the shadow hold one position as it was, or, once it holds all, tell that it does."""
        if index == NO_INSTRUMENT:
            if self.on_sample is not None:
                self.on_sample(now_ns)
            return
        market = self._engine.markets[index]
        fees = rest[3] * self._fee_unit + rest[4]
        numbers = PositionNumbers(quantity=rest[0], cost=rest[1], realised=rest[2], fees=fees, fills=1)
        self._engine.manager.position(index).take(numbers)
        market.bid_price = market.ask_price = rest[5]
        market.quote_ns = now_ns

    def _effects(self, kind: int, number: int, index: int, rest: list[int], now_ns: int) -> list[Effect]:
        """Return the effects of one row."""
        if kind == UPDATE:
            return [self._updated(number, index, rest, now_ns)]
        if kind == SUBMIT:
            return [self._submitted(number, index, rest, now_ns)]
        if kind == CANCEL:
            self.past.cancelled(number, now_ns)
            return [self._cancel(number, index)]
        if kind == FILL:
            return [self._filled(number, index, rest)]
        if kind == POSITION:
            return self._moved(index, rest)
        if kind == REFUSAL:
            return [self._refused(number, index, rest)]
        if kind == TIMER:
            return [TimerSet(strategy_id=self._strategy_id, name=WAKE, due_ns=rest[0])]
        if kind == FAULT:
            return self._fault(index, rest)
        if kind == CLOSED:
            self.past.closed(number, rest)
            return []
        return [self._alert(kind, number, index, rest)]

    def _intent(self, number: int, index: int, side: int, quantity: int, price: int, flags: int) -> OrderIntent:
        """Return the wish that an order came from."""
        return OrderIntent(
            client_order_id=self._counter.id_of(number),
            strategy_id=self._strategy_id,
            instrument=index,
            side=Side(side),
            type=OrderType.LIMIT if price else OrderType.MARKET,
            quantity=quantity,
            price=price,
            time_in_force=TimeInForce.IOC if flags & IOC else TimeInForce.FOK if flags & FOK else TimeInForce.GTC,
            post_only=bool(flags & POST_ONLY),
            reduce_only=bool(flags & REDUCE_ONLY),
        )

    def _submitted(self, number: int, index: int, rest: list[int], now_ns: int) -> Effect:
        side, quantity, price, _, reference, flags, _ = rest
        intent = self._intent(number, index, side, quantity, price, flags)
        self.past.submitted(number, intent, now_ns)
        # tidy: allow approval because it tells what the gate approved in the compiled loop; nothing is sent anywhere
        return ApprovedSubmit(intent=intent, reference_price=reference, limits_version=self._version)

    def _refused(self, number: int, index: int, rest: list[int]) -> Effect:
        check, side, quantity, price, flags, _, _ = rest
        code, _ = CHECKS[check]
        return Refusal(
            code=code,
            limit="",
            figure="",
            message=f'refused by {code}; run it with driver = "python" for limit and figure',
            intent=self._intent(number, index, side, quantity, price, flags),
            limits_version=self._version,
        )

    def _cancel(self, number: int, index: int) -> Effect:
        # tidy: allow approval because it tells what the gate approved in the compiled loop; nothing is sent anywhere
        return ApprovedCancel(
            client_order_id=self._counter.id_of(number),
            strategy_id=self._strategy_id,
            instrument=index,
            venue_order_id=self.past.venue_id(number),
        )

    def _updated(self, number: int, index: int, rest: list[int], now_ns: int) -> Effect:
        previous, state, filled, venue_number, reason, _, _ = rest
        venue_id = f"{self._venue}-O{venue_number}" if venue_number else ""
        order = self.past.updated(number, state, filled, venue_id, now_ns)
        instrument = self._engine.markets[index].instrument
        return OrderUpdated(
            client_order_id=order.client_order_id,
            strategy_id=order.strategy_id,
            instrument=index,
            side=order.intent.side,
            type=order.type,
            price=order.price,
            quantity=order.quantity,
            filled=filled,
            previous=None if previous < 0 else STATES[previous],
            state=STATES[state],
            venue_order_id=venue_id,
            reason=reason_text(reason, instrument, order.price, order.quantity),
        )

    def _filled(self, number: int, index: int, rest: list[int]) -> Effect:
        price, quantity, fee_units, liquidity, execution, side, realised = rest
        terms = self._terms[index]
        fee = fee_units * self._fee_unit
        currency = terms.base if self._in_base[index] and side > 0 else terms.currency
        exec_id = f"{self._venue}-X{execution}"
        self._fill = (side, quantity, price, fee, currency)
        order = self.past.filled(number, exec_id, quantity, price, fee, currency)
        return OrderFilled(
            client_order_id=order.client_order_id,
            strategy_id=order.strategy_id,
            instrument=index,
            side=Side(side),
            exec_id=exec_id,
            price=price,
            quantity=quantity,
            fee=str(fee),
            fee_currency=currency,
            liquidity=LIQUIDITIES[liquidity],
            realised=str(realised * terms.value_factor),
        )

    def _moved(self, index: int, rest: list[int]) -> list[Effect]:
        """Tell the position after the fill that was told last, and the balances that it moved."""
        quantity, cost, realised, fees, fees_rest, gained, _ = rest
        terms = self._terms[index]
        side, filled, price, fee, currency = self._fill
        effects: list[Effect] = [
            PositionChanged(
                instrument=index,
                quantity=quantity,
                cost=str(cost * terms.value_factor),
                realised=str(realised * terms.value_factor),
                fees=str(fees * self._fee_unit + fees_rest),
            )
        ]
        self.ledger.book_trade(terms, side, filled, price, gained, effects)
        self.ledger.add(currency, -fee, "fee", effects)
        return effects

    def _fault(self, index: int, rest: list[int]) -> list[Effect]:
        """Tell that a book cannot be believed, as the engine does."""
        fault = FAULTS[rest[0]]
        assert fault is not None
        reason = f"{self._engine.markets[index].instrument.id}: book {fault.value} after update {rest[1]}"
        return [
            Alert(severity=Severity.WARNING, code="BOOK_" + fault.name, message=reason),
            BookResyncNeeded(instrument=index, reason=fault.value),
        ]

    def _alert(self, kind: int, number: int, index: int, rest: list[int]) -> Effect:
        name = self._counter.id_of(number)
        if kind == NOT_CANCELLED:
            message = f"order {name} has ended, or a cancel of it is under way"
            return Alert(severity=Severity.INFO, code="CANCEL_NOT_SENT", message=message)
        assert kind == ANOMALY, f"the log has a row of kind {kind}"
        anomaly = ANOMALIES[rest[0]]
        assert anomaly is not None
        message = f"order {name}: the venue's answer contradicts what was known of it"
        return Alert(severity=Severity.ERROR, code=anomaly.value, message=message, instrument=index)
