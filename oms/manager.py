"""The order manager: approved commands and venue reports in; orders, positions and cash kept; effects out.

Effects of one call come in this order, each only where something changed:

    OrderFilled, PositionChanged, BalanceChanged (traded assets or realised profit, then the fee), OrderUpdated, Alert

`OrderFilled.realised` is the strategy's, `PositionChanged` the account's net; the cash of contracts follows the net.
What a venue does to the account without an order of ours is `oms.account`'s.
"""

from collections.abc import Iterable, Mapping

from core.effects import ConversionUsed, Effect, Severity
from core.events import AccountMoved, AccountTraded, CorporateAction, OrderReport, ReportType
from core.ids import parse_revision_id
from core.instruments import Instrument
from core.orders import ApprovedCancel, ApprovedSubmit, OrderState
from oms.account import AccountBook
from oms.booking import Bookkeeper
from oms.carry import AccountingSection
from oms.codes import ANOMALIES, EVENT_CANCEL_SENT, EVENTS, NEXT, STATES
from oms.corporate import open_orders_alert
from oms.corrections import bust, is_fee_alone, keep_fee, repeat
from oms.errors import AlreadyUsed, DuplicateOrder, UndefinedInstrument, UnitsChanged, UnknownOrder
from oms.held.keeper import HeldOrders
from oms.holding import Holding, Leg, units_of
from oms.moves import Exposure, Totals, cancel_order, fill_order, learn_name, reserve, status_order
from oms.order import Order
from oms.positions import Position
from oms.replacements import Replacements
from oms.replacing import Moved, anomaly_of_leg, learn_leg, note_fill, stay_in_doubt
from oms.reports import STATUS_CODES, fill_defect
from oms.rules import AccountingRules
from oms.section import Section
from oms.strays import Strays
from oms.table import OrderTable
from oms.taking import Taking
from oms.terms import Terms
from oms.updates import anomaly_alert, order_updated, report_alert

KEEP_CLOSED = 10_000
KEEP_FORGOTTEN = 40_000
_BUSTED, _UNKNOWN_STATUS = ReportType.BUSTED, ReportType.UNKNOWN_STATUS
_FILLED = ReportType.FILLED  # a module's attribute costs a quarter of an enumeration's


class OrderManager:
    """Every order of the session, the positions and the cash that its fills made."""

    __slots__ = ("_holdings", "_table", "_totals", "books", "held", "replacements", "strays", "taking")

    def __init__(
        self,
        balances: dict[str, int],
        keep_closed: int = KEEP_CLOSED,
        keep_forgotten: int = KEEP_FORGOTTEN,
        rules: AccountingRules | None = None,
    ) -> None:
        """Start from `balances` (money per currency); see `oms.table` for the two bounds."""
        self.books = Bookkeeper(balances, rules or AccountingRules())
        self.held = HeldOrders()  # what tickerd keeps back; `engine.keeper` runs them
        self._table = OrderTable(keep_closed, keep_forgotten)
        self._totals = self._table.totals
        self._holdings: dict[int, Holding] = {}
        self.strays = Strays(self._table, self.report)
        self.replacements = Replacements(self._table, self._holdings, self._totals, self._tell)
        self.taking = Taking(self._table, self._holdings, self._totals, self.books)

    @property
    def account(self) -> AccountBook:
        """What a venue did to the account on its own, by name."""
        return self.books.account

    def define(self, index: int, instrument: Instrument) -> None:
        """Learn or relearn an instrument. Raises UnitsChanged if it has been traded in other units or currencies."""
        self.books.rates.define(index, instrument)
        holding = self._holdings.get(index)
        if holding is None:
            self._holdings[index] = Holding(index, instrument)
            return
        known = holding.instrument
        if units_of(known) != units_of(instrument) and self._is_used(holding):
            raise UnitsChanged(
                f"{known.id} was traded in units {units_of(known)} and is redefined in {units_of(instrument)}: "
                "give the changed instrument a new index"
            )
        holding.redefine(instrument)

    def restore(
        self,
        open_orders: Iterable[Order],
        closed_orders: Iterable[Order],
        totals: Totals,
        positions: Iterable[Position],
        own_positions: Iterable[tuple[str, Position]],
        drop: int = 0,
        balances: Mapping[str, int] | None = None,
        forgotten: Mapping[str, tuple[int, tuple[str, ...]]] | None = None,
    ) -> None:
        """Become the manager that lived through a history, from what is left of it. Raises AlreadyUsed.

        Call it on a new manager that started from the balances at the end and knows the instruments; its `state()` and
        its answers to what comes next are those of the manager that lived. Orders are handed over for good:

        - `open_orders`, in the order in which they opened;
        - `closed_orders`, in the order of their (last) closing; all but the newest `keep_closed + keep_forgotten` may
          be left out. `drop` of them, the first, had been dropped. It may be left 0 where no closed order reopened:
          those beyond `keep_closed` are dropped;
        - `totals`, whose count of open orders is counted anew; `balances`, where it did not start from them;
        - the account's positions, and (strategy id, position) of each strategy; their numbers are copied, fees money;
        - `forgotten`: (closing, execution ids) of the orders dropped before these, by their names.

        Raises UndefinedInstrument.
        """
        if self._totals.submitted or self.account.canonical():  # positions alone are taken over whatever they are
            raise AlreadyUsed("this manager has a history of its own: restore into a new OrderManager")
        if balances is not None:
            self.books.reopen(balances)
        opened = list(open_orders)
        for order in opened:
            exposure = self.exposure(order.instrument)
            exposure.open_orders += 1
            reserve(exposure, order.side, order.leaves)
            if order.chain is not None:
                self.replacements.open[order.client_order_id] = order
        self._table.restore(opened, closed_orders, totals, drop, forgotten or {})
        for position in positions:
            self.position(position.instrument).take(position)
        for strategy_id, position in own_positions:
            self.strategy_position(strategy_id, position.instrument).take(position)

    def submit(self, command: ApprovedSubmit, now_ns: int, effects: list[Effect]) -> None:
        """Take an approved order as SUBMITTED; its exposure counts from here. Raises DuplicateOrder."""
        intent = command.intent
        if self._table.knows(intent.client_order_id):
            raise DuplicateOrder(f"order {intent.client_order_id} was submitted before; a client order id is used once")
        holding = self._holdings.get(intent.instrument) or self._holding(intent.instrument)
        order = Order(intent, self._totals.submitted, now_ns)
        self._table.insert(order, holding.exposure)
        effects.append(order_updated(order, None, command.shrunk))

    def cancel_sent(self, command: ApprovedCancel, now_ns: int, effects: list[Effect]) -> None:
        """Note that a cancel leaves for the venue. Raises UnknownOrder."""
        order = self._table.get(command.client_order_id) or self.replacements.find(command.client_order_id)[0]
        if order is None:
            raise UnknownOrder(f"cancel of {command.client_order_id}, an order that was never submitted")
        if order.chain is not None:
            self.replacements.drop(order, now_ns)
        exposure = self._holdings[order.instrument].exposure
        previous, anomaly = cancel_order(order, exposure, self._totals, NEXT, now_ns)
        self._tell(order, previous, EVENT_CANCEL_SENT, anomaly, order.state_code != previous, "", effects)

    def report(self, report: OrderReport, instrument_index: int, now_ns: int, effects: list[Effect]) -> Order | None:
        """Apply one venue report and return its order, None for an order that is not ours. Repeats change nothing."""
        order, revision = self._table.get(report.client_order_id), 0
        if order is None:
            if not report.client_order_id and report.venue_order_id:
                return self.strays.take(report, instrument_index, now_ns, effects)
            order, revision = self.replacements.find(report.client_order_id)
        if order is None:
            self._report_of_stranger(report, instrument_index, effects)
            return None
        if order.instrument != instrument_index:
            why = f"the order is for instrument {order.instrument}, the report for {instrument_index}"
            effects.append(report_alert(Severity.ERROR, "WRONG_INSTRUMENT", report, instrument_index, why))
        elif report.type is _FILLED:
            self._fill(order, report, revision, now_ns, effects)
        elif report.type is _BUSTED:
            holding = self._holdings[instrument_index]
            self._table.settle(order, bust(order, holding, self.books, self._totals, report, now_ns, effects))
        elif report.type is _UNKNOWN_STATUS:
            self.replacements.quarantine(order, report, now_ns, effects)
        elif order.chain is not None:
            self.replacements.report(order, report, revision, now_ns, effects)
        elif report.type not in STATUS_CODES:
            why = "no replacement of this order is under way, and no execution of it is known to be taken back"
            effects.append(report_alert(Severity.ERROR, "UNEXPECTED_REPORT", report, instrument_index, why))
        else:
            learnt = self._learn_venue_id(order, report, effects)
            exposure, status = self._holdings[instrument_index].exposure, STATUS_CODES[report.type]
            previous, event, anomaly, changed = status_order(
                order, exposure, self._totals, NEXT, status, learnt, now_ns
            )
            self._tell(order, previous, event, anomaly, changed, report.reason, effects)
        if self.strays.waiting and order.venue_order_id in self.strays.waiting:
            self.strays.join(order, now_ns, effects)
        return order

    def account_event(
        self,
        what: AccountMoved | AccountTraded | CorporateAction,
        instrument_index: int,
        effects: list[Effect],
        now_ns: int = 0,
    ) -> None:
        """Book what was done to the account without an order of ours. Repeats change nothing.

        Raises UndefinedInstrument.
        """
        if isinstance(what, AccountMoved):
            self.books.account_event(what, self._holdings.get(instrument_index), now_ns, effects)
            return
        holding = self._holding(instrument_index)
        is_news = self.books.account_event(what, holding, now_ns, effects)
        if is_news and isinstance(what, CorporateAction):
            effects.extend(open_orders_alert(what, holding, self.open_orders()))

    def conversion(self, used: ConversionUsed) -> None:
        """Book a conversion that was decided elsewhere: `oms.fold` follows a journal without its markets."""
        self.books.book_conversion(used, self._holding(used.instrument))

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

    def forgotten_written(self) -> bytes:
        """Return what is left of the orders that were dropped, oldest first, as a durable state has it."""
        return self._table.forgotten_written()

    @property
    def is_new(self) -> bool:
        """Whether nothing has happened yet: no order, no fill, no account event."""
        positions = self.positions()
        return not (self._totals.submitted or self.account.canonical() or any(each.fills for _, _, each in positions))

    @property
    def open_count(self) -> int:
        """How many orders are open, over all instruments."""
        return self._totals.open_orders

    @property
    def totals(self) -> Totals:
        """What is counted over the whole session: a live object."""
        return self._totals

    def exposure(self, instrument: int) -> Exposure:
        """Return what an instrument's open orders reserve: a live object. Raises UndefinedInstrument."""
        return self._holding(instrument).exposure

    def position(self, instrument: int) -> Position:
        """Return the account's net position: a live object. Raises UndefinedInstrument."""
        return self._holding(instrument).net

    def strategy_position(self, strategy_id: str, instrument: int) -> Position:
        """Return one strategy's position: a live object. Raises UndefinedInstrument."""
        return self._holding(instrument).position(strategy_id)

    def leg(self, instrument: int, side: int) -> Position:
        """Return the account's long (1) or short (-1) position in hedge mode: a live object."""
        return self._holding(instrument).leg(side).net

    def legs(self, instrument: int) -> Mapping[int, Leg]:
        """Return both sides of a position in hedge mode, by their signs; nothing in netting mode."""
        return self._holding(instrument).legs

    def positions(self) -> list[tuple[int, str | None, Position]]:
        """Return (instrument, strategy id, position) of all, the account's net (None) before each strategy's own."""
        return [
            entry
            for index, holding in sorted(self._holdings.items())
            for entry in (
                (index, None, holding.net),
                *((index, strategy_id, holding.own[strategy_id]) for strategy_id in sorted(holding.own)),
            )
        ]

    def instruments(self) -> list[int]:
        """Return the indexes of the instruments that are defined, ascending."""
        return sorted(self._holdings)

    def instrument(self, index: int) -> Instrument:
        """Return an instrument as it is defined now. Raises UndefinedInstrument."""
        return self._holding(index).instrument

    def terms(self, index: int) -> Terms:
        """Return the terms on which an instrument settles. Raises UndefinedInstrument."""
        return self._holding(index).terms

    def sections(self) -> tuple[Section, ...]:
        """Return the parts of the durable state that have a file of their own, for `oms.state`: add yours here."""
        return (AccountingSection(self.books, self._holdings), self.held, self.strays)

    def balances(self) -> dict[str, int]:
        """Return money per currency, alphabetical; a copy."""
        return self.books.ledger.balances()

    def counts_by_state(self) -> dict[OrderState, int]:
        """Return how many of the session's orders are in each state, dropped ones included."""
        return dict(zip(STATES, self._totals.counts, strict=True))

    def state(self) -> list[object]:
        """Return all that influences what comes next as lists, tuples, 64-bit integers and text, for a digest."""
        holdings = sorted(self._holdings.items())
        account, held = self.account.canonical(), self.held.state()
        return [
            self._totals.submitted,
            [(index, *units_of(holding.instrument)) for index, holding in holdings],
            self._table.canonical(),
            [(index, *holding.net.canonical()) for index, holding in holdings if holding.net.fills],
            [
                (index, strategy_id, *holding.own[strategy_id].canonical())
                for index, holding in holdings
                for strategy_id in sorted(holding.own)
                if holding.own[strategy_id].fills
            ],
            self.books.ledger.canonical(),
            *([account] if account else []),
            *([self.strays.canonical()] if self.strays.waiting else []),
            *([["held", held]] if held else []),
            *self.books.canonical(holding for _, holding in holdings),
        ]

    def _holding(self, instrument: int) -> Holding:
        """Return all that is held of an instrument. Raises UndefinedInstrument."""
        holding = self._holdings.get(instrument)
        if holding is None:
            raise UndefinedInstrument(f"instrument {instrument} is not defined: define it before trading it")
        return holding

    def _is_used(self, holding: Holding) -> bool:
        """Whether any order of this instrument is known or any fill was booked."""
        orders = self._table.open_orders() + self._table.closed_orders()
        return holding.net.fills > 0 or any(order.instrument == holding.index for order in orders)

    def _tell(
        self, order: Order, previous: int, event: int, code: int, changed: bool, reason: str, effects: list[Effect]
    ) -> None:
        """Say what became of an order that was moved, if anything about it changed, and keep it where it belongs."""
        if changed:
            effects.append(order_updated(order, STATES[previous], reason))
        anomaly = ANOMALIES[code]
        if anomaly is not None:
            effects.append(anomaly_alert(anomaly, order, STATES[previous], EVENTS[event].value))
        self._table.settle(order, previous)

    def _fill(self, order: Order, report: OrderReport, revision: int, now_ns: int, effects: list[Effect]) -> None:
        """Book one execution once: mark it seen, then position, cash and order, all in this one call."""
        quantity, price = report.quantity, report.price
        seen = order.exec_ids.get(report.exec_id)
        if seen is not None and seen[:2] != (0, 0):
            repeat(order, self._holdings[order.instrument], self.books, seen, report, effects)
            return
        if is_fee_alone(report):
            keep_fee(order, report)
            return
        defect = fill_defect(report)
        if defect:
            effects.append(report_alert(Severity.ERROR, "BAD_FILL", report, order.instrument, defect))
            return
        holding = self._holdings[order.instrument]
        alerts: list[Effect] = []
        if order.chain is None:
            self._learn_venue_id(order, report, alerts)
        else:
            learn_leg(order, revision, report.venue_order_id)
            note_fill(order, holding.exposure, self._totals, revision, quantity, now_ns)
        order.exec_ids[report.exec_id] = self.books.fill(order, holding, report, now_ns, effects, alerts)
        previous, event, anomaly = fill_order(order, holding.exposure, self._totals, NEXT, quantity, price, now_ns)
        if order.chain is None:
            self._tell(order, previous, event, anomaly, True, report.reason, effects)
        else:
            anomaly = anomaly_of_leg(order, revision, previous, anomaly)
            stay_in_doubt(order, holding.exposure, self._totals, now_ns)
            self.replacements.tell(order, Moved(previous, event, anomaly, True, report.reason), effects)
        effects.extend(alerts)

    def _learn_venue_id(self, order: Order, report: OrderReport, effects: list[Effect]) -> bool:
        """Keep the venue's id of an order; a second one means that two orders may be alive for one intent."""
        if not report.venue_order_id or report.venue_order_id == order.venue_order_id:
            return False
        if order.venue_order_id:
            why = f"it names venue order {report.venue_order_id}, known as {order.venue_order_id}; check for a twin"
            effects.append(report_alert(Severity.ERROR, "VENUE_ID_DIFFERS", report, order.instrument, why))
            return False
        order.venue_order_id = report.venue_order_id
        return learn_name(order)

    def _report_of_stranger(self, report: OrderReport, instrument_index: int, effects: list[Effect]) -> None:
        """Alert on a report of an order that is foreign, or ours and dropped; nothing is booked and nothing raised."""
        name, _ = parse_revision_id(report.client_order_id) or (report.client_order_id, 0)
        fills = self._table.forgotten_fills(name)
        if fills is None:
            why = "no such order in this session; a foreign order is left alone, reconcile positions if it is ours"
            effects.append(report_alert(Severity.WARNING, "FOREIGN_ORDER", report, instrument_index, why))
        elif report.type is ReportType.FILLED and report.exec_id not in fills:
            why = "the order closed so long ago that it was dropped: reconcile positions and cash with the venue"
            effects.append(report_alert(Severity.ERROR, "FORGOTTEN_ORDER", report, instrument_index, why))
