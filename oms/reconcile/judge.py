"""What a venue's answer means for orders and fills.

Whatever is concluded becomes an ordinary report to the order manager, so the table of transitions and the execution
ids decide, as for the venue's own word. Nothing here depends on a clock or on when a question was asked for: the same
questions and answers folded again (`oms.fold`) come to the same books.
"""

from core.clock import NEVER
from core.effects import Alert, Effect, Severity
from core.events import AccountMoved, OrderReport, ReportType
from core.evidence import EvidenceGiven, EvidenceWanted, Subject, VenueFill, VenueOrder, VenueOrderStatus
from core.ids import parse_revision_id, revision_id
from core.orders import OrderState
from core.records import NO_INSTRUMENT
from oms.freezes import Freezes
from oms.manager import OrderManager
from oms.order import Order
from oms.reconcile.foreign import Foreign
from oms.reconcile.legs import (
    INFERRED,
    filled_of,
    has_nameless,
    is_booked,
    is_nameless,
    is_over,
    is_replaced,
    name_of_inferred,
    names_of,
    revision_of,
    under_its_name,
)
from oms.reconcile.moves import Moves
from oms.reconcile.opening import Opening
from oms.reconcile.settings import ReconcileSettings
from oms.reconcile.vanished import Vanished
from oms.reconcile.working import Working, concluded

_LIVE = (VenueOrderStatus.WORKING, VenueOrderStatus.PENDING)
_ENDED = {
    VenueOrderStatus.FILLED: ReportType.EXPIRED,  # with less than we asked for: the rest is no more
    VenueOrderStatus.CANCELLED: ReportType.CANCELLED,
    VenueOrderStatus.EXPIRED: ReportType.EXPIRED,
    VenueOrderStatus.REJECTED: ReportType.REJECTED,
}
KEEP_QUESTIONS = 10_000


class Judge:
    """Applies evidence to an order manager."""

    def __init__(self, manager: OrderManager, settings: ReconcileSettings, epoch: int, freezes: Freezes) -> None:
        """Judge for the session of `epoch`; nothing was asked yet."""
        self.looks_back = settings.look_back
        self.cursors: dict[int, int] = {}
        """Up to when every fill of an instrument is known."""
        self.opening = Opening(manager)
        self.foreign = Foreign(manager, settings.foreign, epoch, freezes, self.opening)
        self.moves = Moves(manager, self.opening, settings)
        self.vanished = Vanished(settings)
        self.working = Working(manager, settings, freezes)
        self.recancel = self.working.recancel
        """The orders whose cancel was lost."""
        self.accepted: dict[str, int] = {}
        """Differences that the operator took note of, by their key: they are no reason to freeze any more."""
        self.inferred: dict[str, list[str]] = {}
        """The inferred executions of an order, until the real ones come."""
        self._manager = manager
        self._settings = settings
        self._freezes = freezes
        self.questions: dict[int, EvidenceWanted] = {}
        self.absent: dict[str, tuple[int, int]] = {}  # how often in a row an order was absent, and since when
        self.behind: dict[str, int] = {}  # by a leg's name, since when the venue tells of more fills than we know
        self.listed_ns: dict[str, int] = {}  # when each venue's last whole list of open orders was asked for
        self.scanned_ns: dict[int, int] = {}  # when each instrument's last whole scan of fills was

    def asked(self, wanted: EvidenceWanted) -> None:
        """Remember a question."""
        self.questions[wanted.number] = wanted

    def answer(self, given: EvidenceGiven, now_ns: int, effects: list[Effect]) -> EvidenceWanted | None:
        """Apply one answer; return its question, None for an answer that nobody waits for."""
        question = self.questions.pop(given.number, None)
        if question is None or given.failure:
            return question
        if question.subject is Subject.OPEN_ORDERS:
            self._forget()
            for told in given.orders:
                self._order(told, given, now_ns, effects)
            if given.complete:
                self.listed_ns[given.venue] = given.asked_ns
        elif question.subject is Subject.FILLS:
            self._fills(question, given, now_ns, effects)
        elif question.subject is Subject.ORDER:
            for told in given.orders:
                self._name(told, now_ns, effects)
            self._book(given, now_ns, effects)
            for told in given.orders:
                self._order(told, given, now_ns, effects)
            if question.since_ns and self.looks_back:
                for told in given.orders:
                    self._look_back(told, given, now_ns, effects)
            if given.absent and given.complete and not given.orders:
                self._missing(question, given, now_ns, effects)
        elif question.subject is Subject.BALANCES and given.complete:
            self.opening.balances(given, effects)
        elif question.subject is Subject.POSITIONS and given.complete:
            self.opening.positions(given, now_ns, effects)
        elif question.subject is Subject.MOVES:
            self.moves.told(question, given, now_ns, effects)
        return question

    def heard(self, move: AccountMoved, instrument: int, now_ns: int) -> bool:
        """See money that the venue's stream says it moved, before it is booked; whether the history should be asked."""
        return self.looks_back and self.moves.heard(move, instrument, now_ns)

    def before(self, report: OrderReport, instrument: int, now_ns: int, effects: list[Effect]) -> None:
        """See a venue's report before the manager does: a real execution takes the place of the inferred ones."""
        if not self.inferred or report.type is not ReportType.FILLED:
            return
        order = self.find(report.client_order_id, report.venue_order_id, instrument)
        if order is not None and report.exec_id not in order.exec_ids:
            for exec_id in self.inferred.pop(order.client_order_id, ()):
                why = f"execution {report.exec_id} is told: it takes the place of what was inferred"
                self._bust(order, exec_id, why, now_ns, effects)

    def find(self, client_order_id: str, venue_order_id: str, instrument: int) -> Order | None:
        """Return the order that a venue names by either of its names, or by those of any of its legs."""
        parsed = parse_revision_id(client_order_id)
        order = self._manager.order(client_order_id if parsed is None else parsed[0])
        if order is None and not client_order_id and venue_order_id:
            known = (*self._manager.open_orders(), *reversed(self._manager.closed_orders()))
            return next((e for e in known if e.instrument == instrument and e.name_at_venue(venue_order_id)), None)
        return order

    def since_ns(self, instrument: int, first_ns: int) -> int:
        """Return from when on fills of an instrument are asked for: the last whole scan, or `first_ns` without one.

        Where the venue tells of fills that no scan has shown, from the beginning of their orders.
        """
        since_ns = self.cursors.get(instrument, first_ns)
        for name in (*self.behind, *self.inferred):
            order = self.find(name, "", instrument)
            if order is not None and order.instrument == instrument:
                since_ns = min(since_ns, order.submitted_ns)
        return since_ns - self._settings.overlap_ns

    def is_behind(self, order: Order) -> bool:
        """Whether the venue told of more fills of an order than we know."""
        return any(name in self.behind for name in names_of(order))

    # -- orders ----------------------------------------------------------------------------------------------------

    def _order(self, told: VenueOrder, given: EvidenceGiven, now_ns: int, effects: list[Effect]) -> None:
        """Take a venue's word on one order."""
        order = self.find(told.client_order_id, told.venue_order_id, told.instrument)
        if order is None:
            self.foreign.order(told, given, now_ns, effects)
            return
        name, told = order.client_order_id, under_its_name(told, order)
        self.absent.pop(told.client_order_id, None)
        known = filled_of(order, told.client_order_id)
        if told.filled > known and not is_booked(order, told, given):
            self._catch_up(order, told, told.filled - known, now_ns, effects)
            return
        self.behind.pop(told.client_order_id, None)
        if told.filled < known:  # it was true once, or is again
            if self.looks_back and given.subject is Subject.ORDER:
                for exec_id in self.vanished.look(order, told, given):
                    self._bust(order, exec_id, f"the venue does not know execution {exec_id} any more", now_ns, effects)
            return
        if told.status in _LIVE:
            self.working.meet(order, told, given, now_ns, effects)
        elif told.status in _ENDED:
            if order.is_open and not is_over(order, told.client_order_id):
                kind = _ENDED[told.status]
                if kind is ReportType.REJECTED and order.acknowledged:
                    kind = ReportType.CANCELLED
                self._manager.report(concluded(kind, order, told), told.instrument, now_ns, effects)
        else:
            why = f"the venue calls order {name} {told.reason or told.status.value!r}, which says nothing: look there"
            self._freezes.freeze(order.instrument, why, effects)

    def _look_back(self, told: VenueOrder, given: EvidenceGiven, now_ns: int, effects: list[Effect]) -> None:
        """Look which executions of a replaced order the venue does not know any more; each was of one of its legs."""
        order = self.find(told.client_order_id, told.venue_order_id, told.instrument)
        if order is None or order.chain is None:
            return
        for exec_id, revision in self.vanished.look_at_leg(order, under_its_name(told, order), given).items():
            why = f"the venue does not know execution {exec_id} any more"
            self._bust(order, exec_id, why, now_ns, effects, revision)

    def _catch_up(self, order: Order, told: VenueOrder, missing: int, now_ns: int, effects: list[Effect]) -> None:
        """Meet an order of which the venue tells more fills than are known: infer them once nothing else told them."""
        since_ns = self.behind.setdefault(told.client_order_id, now_ns)
        scanned = self.scanned_ns.get(order.instrument, 0) > since_ns
        if now_ns - since_ns < self._settings.infer_ns or not scanned:
            return
        price = told.price or order.price
        if price <= 0:
            why = f"order {order.client_order_id}: {missing} units were filled at a price that nobody tells: book them"
            self._freezes.freeze(order.instrument, why, effects)
            return
        del self.behind[told.client_order_id]
        exec_id = f"{INFERRED}{told.client_order_id}-{told.filled}"
        report = OrderReport(
            type=ReportType.FILLED,
            client_order_id=told.client_order_id,
            venue_order_id=told.venue_order_id,
            exec_id=exec_id,
            price=price,
            quantity=missing,
            reason="inferred from the order's cumulative quantity",
        )
        self._manager.report(report, order.instrument, now_ns, effects)
        self.inferred.setdefault(order.client_order_id, []).append(exec_id)
        why = f"order {order.client_order_id}: {missing} units booked at its limit, for no execution was told of them"
        effects.append(Alert(severity=Severity.WARNING, code="FILL_INFERRED", message=why, instrument=order.instrument))

    def _missing(self, question: EvidenceWanted, given: EvidenceGiven, now_ns: int, effects: list[Effect]) -> None:
        """Take a venue's word that it does not know an order: weak, until it has said so often, late and of all."""
        name = question.client_order_id
        order = self.find(name, "", NO_INSTRUMENT)
        if order is None or not order.is_open:
            return
        count, first_ns = self.absent.get(name, (0, given.asked_ns))
        count += 1
        self.absent[name] = (count, first_ns)
        seen_ns = (first_ns if revision_of(name) else order.submitted_ns) + self._settings.visibility_ns
        listed = self.listed_ns.get(given.venue, 0) >= seen_ns
        scanned = self.scanned_ns.get(order.instrument, 0) >= seen_ns
        if count < self._settings.negatives or given.asked_ns < seen_ns or not (listed and scanned):
            return
        if order.acknowledged and order.state is OrderState.UNKNOWN and not is_replaced(order):
            return  # it was there, and is denied: a person was told when it became UNKNOWN
        del self.absent[name]
        report = OrderReport(
            type=ReportType.NEVER_ARRIVED,
            client_order_id=name,
            reason=f"absent {count} times, past the venue's visibility lag, from its orders and its fills",
        )
        self._manager.report(report, order.instrument, now_ns, effects)

    def _forget(self) -> None:
        """Let go of what was noted of orders that are no more."""
        manager = self._manager
        for name in [name for name in self.absent if not _is_open(self.find(name, "", NO_INSTRUMENT))]:
            del self.absent[name]
        for noted in (self.behind, self.inferred, self.foreign.adopted):
            for name in [name for name in noted if self.find(name, "", NO_INSTRUMENT) is None]:
                del noted[name]
        seen = (*self.vanished.counts, *self.vanished.legs)
        self.vanished.forget([name for name in seen if manager.order(name) is None])
        while len(self.questions) > KEEP_QUESTIONS:  # a link that broke owes their answers
            del self.questions[next(iter(self.questions))]

    # -- fills -----------------------------------------------------------------------------------------------------

    def _fills(self, question: EvidenceWanted, given: EvidenceGiven, now_ns: int, effects: list[Effect]) -> None:
        """Book the fills that were missed; the scan was whole where none of them was put off."""
        late_ns = self._book(given, now_ns, effects)
        self.moves.filled(question.instrument, effects)
        if given.complete:
            self.scanned_ns[question.instrument] = given.asked_ns
            self.cursors[question.instrument] = min(given.asked_ns, late_ns)

    def _book(self, given: EvidenceGiven, now_ns: int, effects: list[Effect]) -> int:
        """Book the fills that were missed; the others are known by their execution ids.

        Fills that the venue tells by its own order id alone may be of an order of ours whose answer was lost, so that
        we do not know that id: they are put off until every such order has been asked for. Returns the time of the
        first that was, `core.clock.NEVER` for none.
        """
        late_ns = NEVER
        for fill in sorted(given.fills, key=_when):
            order = self.find(fill.client_order_id, fill.venue_order_id, fill.instrument)
            if order is None and not fill.client_order_id and self._has_nameless(fill.instrument):
                late_ns = min(late_ns, fill.venue_ns)
            elif order is None or self.foreign.was_before(order, fill):
                self.foreign.fill(fill, given, now_ns, effects)
            elif fill.exec_id not in order.exec_ids:
                report = report_of(fill, order)
                self.before(report, fill.instrument, now_ns, effects)
                self._manager.report(report, fill.instrument, now_ns, effects)
                self.behind.pop(report.client_order_id, None)  # executions of it are told: its time begins anew
        return late_ns

    def _has_nameless(self, instrument: int) -> bool:
        """Whether an open order of ours, or what is to replace one, is known by our id alone."""
        return any(order.instrument == instrument and has_nameless(order) for order in self._manager.open_orders())

    def _name(self, told: VenueOrder, now_ns: int, effects: list[Effect]) -> None:
        """Learn what the venue calls an order of ours: its fills may be told by that name alone."""
        order = self.find(told.client_order_id, told.venue_order_id, told.instrument)
        if order is not None and order.is_open and told.filled and told.venue_order_id and is_nameless(order, told):
            found = concluded(ReportType.ACCEPTED, order, told)
            self._manager.report(found, told.instrument, now_ns, effects)

    def _bust(
        self, order: Order, exec_id: str, why: str, now_ns: int, effects: list[Effect], revision: int = 0
    ) -> None:
        """Take an execution back, under the name of its leg or the one that it was booked by."""
        name = name_of_inferred(exec_id) or revision_id(order.client_order_id, revision)
        number = order.chain.venue_ids.get(revision, "") if order.chain is not None and revision else ""
        report = OrderReport(
            type=ReportType.BUSTED, client_order_id=name, venue_order_id=number, exec_id=exec_id, reason=why
        )
        self._manager.report(report, order.instrument, now_ns, effects)

    def state(self) -> list[object]:
        """Return everything that a digest must cover."""
        return [
            sorted(self.questions),
            sorted(self.cursors.items()),
            sorted(self.inferred.items()),
            sorted(self.absent.items()),
            sorted(self.behind.items()),
            sorted(self.listed_ns.items()),
            sorted(self.scanned_ns.items()),
            self.opening.state(),
            self.foreign.state(),
            *([self.vanished.state()] if self.vanished.state() else []),
            *([self.moves.state()] if self.moves.state() else []),
        ]


def report_of(fill: VenueFill, order: Order) -> OrderReport:
    """Return a venue's fill as the report that its private stream would have told."""
    return OrderReport(
        type=ReportType.FILLED,
        client_order_id=fill.client_order_id or order.name_at_venue(fill.venue_order_id) or order.client_order_id,
        venue_order_id=fill.venue_order_id,
        exec_id=fill.exec_id,
        price=fill.price,
        quantity=fill.quantity,
        fee=fill.fee,
        fee_currency=fill.fee_currency,
        liquidity=fill.liquidity,
        reason="found by asking",
    )


def _when(fill: VenueFill) -> tuple[int, str]:
    """Return what orders fills in time."""
    return fill.venue_ns, fill.exec_id


def _is_open(order: Order | None) -> bool:
    """Whether there is such an order, and it may still be filled."""
    return order is not None and order.is_open
