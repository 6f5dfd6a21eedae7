"""The order manager: approved commands and venue reports in; orders, positions and cash kept; effects out.

Effects of one call come in this order, each only where something changed:

    OrderFilled, PositionChanged, BalanceChanged (traded assets or realised profit, then the fee), OrderUpdated, Alert

`OrderFilled.realised` is the strategy's, `PositionChanged` the account's net; the cash of contracts follows the net.
"""

from core.effects import Effect, Severity
from core.events import OrderReport, ReportType
from core.instruments import Instrument
from core.orders import ApprovedCancel, ApprovedSubmit, OrderState
from oms.errors import DuplicateOrder, UndefinedInstrument, UnitsChanged, UnknownOrder
from oms.ledger import Ledger
from oms.order import Order
from oms.positions import Position, fee_in_currency
from oms.reports import fee_amount, fill_defect, fill_event, status_event
from oms.table import Exposure, OrderTable
from oms.transitions import OrderEvent, advance
from oms.updates import anomaly_alert, order_filled, order_updated, position_changed, report_alert

KEEP_CLOSED = 10_000
KEEP_FORGOTTEN = 40_000


class OrderManager:
    """Every order of the session, the positions and the cash that its fills made."""

    __slots__ = ("_exposures", "_instruments", "_ledger", "_net", "_strategies", "_submitted", "_table")

    def __init__(
        self, balances: dict[str, int], keep_closed: int = KEEP_CLOSED, keep_forgotten: int = KEEP_FORGOTTEN
    ) -> None:
        """Start from `balances` (money per currency); see `oms.table` for the two bounds."""
        self._ledger = Ledger(balances)
        self._table = OrderTable(keep_closed, keep_forgotten)
        self._instruments: dict[int, Instrument] = {}
        self._exposures: dict[int, Exposure] = {}
        self._net: dict[int, Position] = {}
        self._strategies: dict[int, dict[str, Position]] = {}
        self._submitted = 0

    def define(self, index: int, instrument: Instrument) -> None:
        """Learn or relearn an instrument. Raises UnitsChanged if it has been traded in other units or currencies."""
        known = self._instruments.get(index)
        if known is None:
            self._exposures[index] = Exposure()
            self._net[index] = Position(index, instrument.notional_factor)
            self._strategies[index] = {}
        elif _units(known) != _units(instrument):
            if self._is_used(index):
                raise UnitsChanged(
                    f"{known.id} was traded in units {_units(known)} and is redefined in {_units(instrument)}: "
                    "give the changed instrument a new index"
                )
            self._net[index].factor = instrument.notional_factor
            for position in self._strategies[index].values():
                position.factor = instrument.notional_factor
        self._instruments[index] = instrument

    def submit(self, command: ApprovedSubmit, now_ns: int, effects: list[Effect]) -> None:
        """Take an approved order as SUBMITTED; its exposure counts from here. Raises DuplicateOrder."""
        intent = command.intent
        if self._table.knows(intent.client_order_id):
            raise DuplicateOrder(f"order {intent.client_order_id} was submitted before; a client order id is used once")
        exposure = self.exposure(intent.instrument)
        order = Order(intent, self._submitted, now_ns)
        self._submitted += 1
        self._table.insert(order, exposure)
        effects.append(order_updated(order, None, ""))

    def cancel_sent(self, command: ApprovedCancel, now_ns: int, effects: list[Effect]) -> None:
        """Note that a cancel leaves for the venue. Raises UnknownOrder."""
        order = self._table.get(command.client_order_id)
        if order is None:
            raise UnknownOrder(f"cancel of {command.client_order_id}, an order that was never submitted")
        order.cancel_sent_ns = now_ns
        self._advance(order, OrderEvent.CANCEL_SENT, order.filled, "", now_ns, effects)

    def report(self, report: OrderReport, instrument_index: int, now_ns: int, effects: list[Effect]) -> Order | None:
        """Apply one venue report and return its order, None for an order that is not ours. Repeats change nothing."""
        order = self._table.get(report.client_order_id)
        if order is None:
            self._report_of_stranger(report, instrument_index, effects)
            return None
        if order.instrument != instrument_index:
            why = f"the order is for instrument {order.instrument}, the report for {instrument_index}"
            effects.append(report_alert(Severity.ERROR, "WRONG_INSTRUMENT", report, instrument_index, why))
            return order
        if report.type is ReportType.FILLED:
            self._fill(order, report, now_ns, effects)
        else:
            event = status_event(order, report.type)
            if event is OrderEvent.ACCEPTED:
                order.acknowledged = True
            learnt = self._learn_venue_id(order, report, effects)
            self._advance(order, event, order.filled, report.reason, now_ns, effects, learnt)
        return order

    def order(self, client_order_id: str) -> Order | None:
        """Return an open or recently closed order."""
        return self._table.get(client_order_id)

    def knows(self, client_order_id: str) -> bool:
        """Whether a client order id is taken."""
        return self._table.knows(client_order_id)

    def open_orders(self) -> list[Order]:
        """Return the open orders, UNKNOWN included, oldest first."""
        return self._table.open_orders()

    def closed_orders(self) -> list[Order]:
        """Return the closed orders still kept, in the order in which they closed."""
        return self._table.closed_orders()

    @property
    def open_count(self) -> int:
        """How many orders are open, over all instruments."""
        return self._table.open_count

    def exposure(self, instrument: int) -> Exposure:
        """Return what an instrument's open orders reserve: a live object. Raises UndefinedInstrument."""
        exposure = self._exposures.get(instrument)
        if exposure is None:
            raise UndefinedInstrument(f"instrument {instrument} is not defined: define it before trading it")
        return exposure

    def position(self, instrument: int) -> Position:
        """Return the account's net position: a live object. Raises UndefinedInstrument."""
        position = self._net.get(instrument)
        if position is None:
            raise UndefinedInstrument(f"instrument {instrument} is not defined: define it before trading it")
        return position

    def strategy_position(self, strategy_id: str, instrument: int) -> Position:
        """Return one strategy's position: a live object. Raises UndefinedInstrument."""
        positions = self._strategies.get(instrument)
        if positions is None:
            raise UndefinedInstrument(f"instrument {instrument} is not defined: define it before trading it")
        position = positions.get(strategy_id)
        if position is None:
            position = positions[strategy_id] = Position(instrument, self._instruments[instrument].notional_factor)
        return position

    def balances(self) -> dict[str, int]:
        """Return money per currency, alphabetical; a copy."""
        return self._ledger.balances()

    def counts_by_state(self) -> dict[OrderState, int]:
        """Return how many of the session's orders are in each state, dropped ones included."""
        return dict(self._table.counts)

    def state(self) -> list[object]:
        """Return all that influences what comes next as lists, tuples, 64-bit integers and text, for a digest."""
        return [
            self._submitted,
            [(index, *_units(self._instruments[index])) for index in sorted(self._net)],
            self._table.canonical(),
            [(index, *self._net[index].canonical()) for index in sorted(self._net) if self._net[index].fills],
            [
                (index, strategy_id, *positions[strategy_id].canonical())
                for index, positions in sorted(self._strategies.items())
                for strategy_id in sorted(positions)
                if positions[strategy_id].fills
            ],
            self._ledger.canonical(),
        ]

    def _is_used(self, index: int) -> bool:
        """Whether any order of this instrument is known or any fill was booked."""
        orders = self._table.open_orders() + self._table.closed_orders()
        return self._net[index].fills > 0 or any(order.instrument == index for order in orders)

    def _advance(
        self,
        order: Order,
        event: OrderEvent,
        filled: int,
        reason: str,
        now_ns: int,
        effects: list[Effect],
        learnt: bool = False,
    ) -> None:
        """Move one order by the table; say so if anything about it changed."""
        previous, moved = order.state, filled != order.filled
        state, anomaly = advance(previous, event, order.acknowledged, filled)
        self._table.change(order, state, filled, self._exposures[order.instrument])
        if state is not previous or moved or learnt:
            order.updated_ns = now_ns
            effects.append(order_updated(order, previous, reason))
        if anomaly is not None:
            effects.append(anomaly_alert(anomaly, order, previous, event.value))
        self._table.settle(order)

    def _fill(self, order: Order, report: OrderReport, now_ns: int, effects: list[Effect]) -> None:
        """Book one execution once: mark it seen, then position, cash and order, all in this one call."""
        seen = order.exec_ids.get(report.exec_id)
        if seen is not None:
            if seen != (report.quantity, report.price):
                why = f"execution {report.exec_id} was booked as {seen[0]} at {seen[1]} units; corrections are by hand"
                effects.append(report_alert(Severity.ERROR, "FILL_DIFFERS", report, order.instrument, why))
            return
        defect = fill_defect(report)
        if defect:
            effects.append(report_alert(Severity.ERROR, "BAD_FILL", report, order.instrument, defect))
            return
        order.exec_ids[report.exec_id] = (report.quantity, report.price)
        order.acknowledged = True  # what is executed did arrive
        order.notional += report.quantity * report.price
        alerts: list[Effect] = []
        learnt = self._learn_venue_id(order, report, alerts)
        self._book(order, report, effects, alerts)
        filled = order.filled + report.quantity
        self._advance(order, fill_event(filled, order.quantity), filled, report.reason, now_ns, effects, learnt)
        effects.extend(alerts)

    def _book(self, order: Order, report: OrderReport, effects: list[Effect], alerts: list[Effect]) -> None:
        """Move positions and cash by one execution, the fee last."""
        index, side, quantity, price = order.instrument, int(order.side), report.quantity, report.price
        instrument = self._instruments[index]
        fee = fee_amount(report)
        if fee is None:
            why = f"its fee {report.fee[:40]!r} is no integer; booked without a fee, add it by hand"
            alerts.append(report_alert(Severity.ERROR, "BAD_FEE", report, index, why))
            fee = 0
        fee_currency = report.fee_currency or instrument.currency
        if fee:
            order.fees[fee_currency] = order.fees.get(fee_currency, 0) + fee
        valued_fee = fee_in_currency(instrument, fee, fee_currency, price)
        net, own = self._net[index], self.strategy_position(order.strategy_id, index)
        own_realised = own.fill(side, quantity, price)
        realised = net.fill(side, quantity, price)
        own.fees += valued_fee
        net.fees += valued_fee
        effects.append(order_filled(order, report, fee, fee_currency, own_realised * own.factor))
        effects.append(position_changed(net))
        self._ledger.book_trade(instrument, side, quantity, price, realised, effects)
        self._ledger.add(fee_currency, -fee, "fee", effects)

    def _learn_venue_id(self, order: Order, report: OrderReport, effects: list[Effect]) -> bool:
        """Keep the venue's id of an order; a second one means that two orders may be alive for one intent."""
        if not report.venue_order_id or report.venue_order_id == order.venue_order_id:
            return False
        if order.venue_order_id:
            why = f"it names venue order {report.venue_order_id}, known as {order.venue_order_id}; check for a twin"
            effects.append(report_alert(Severity.ERROR, "VENUE_ID_DIFFERS", report, order.instrument, why))
            return False
        order.venue_order_id = report.venue_order_id
        return True

    def _report_of_stranger(self, report: OrderReport, instrument_index: int, effects: list[Effect]) -> None:
        """Alert on a report of an order that is foreign, or ours and dropped; nothing is booked and nothing raised."""
        fills = self._table.forgotten_fills(report.client_order_id)
        if fills is None:
            why = "no such order in this session; a foreign order is left alone, reconcile positions if it is ours"
            effects.append(report_alert(Severity.WARNING, "FOREIGN_ORDER", report, instrument_index, why))
        elif report.type is ReportType.FILLED and report.exec_id not in fills:
            why = "the order closed so long ago that it was dropped: reconcile positions and cash with the venue"
            effects.append(report_alert(Severity.ERROR, "FORGOTTEN_ORDER", report, instrument_index, why))


def _units(instrument: Instrument) -> tuple[object, ...]:
    """Return what positions and cash depend on and an instrument in use may not change."""
    return (
        instrument.id,
        instrument.price_precision,
        instrument.size_precision,
        instrument.multiplier,
        instrument.base,
        instrument.quote,
        instrument.currency,
        instrument.asset_class.value,
    )
