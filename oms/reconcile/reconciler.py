"""What is asked of a venue, and when; what the comparison of figures leads to.

A round has four stages: the open orders; the fills since the last that is known, so that what is missing among the
open orders is booked; each order of ours that is neither there nor known to have ended; last the figures. The first
round after a start or a reconnect has all of them, and nothing opens before it has ended; then a round without the
figures sweeps while orders work. Beside the rounds, each request that stays without an answer is asked for.
"""

from core.clock import NEVER
from core.effects import Alert, Effect, FreezeChanged, Reconciled, ReconcileState, Severity
from core.events import AccountMoved, LinkChanged, LinkState, OrderReport, ReportType
from core.evidence import EvidenceGiven, EvidenceWanted, Subject
from core.records import NO_INSTRUMENT
from oms.freezes import Freezes
from oms.manager import OrderManager
from oms.order import Order
from oms.reconcile.compare import Difference, contracts, differences, figures, instruments
from oms.reconcile.doubts import look_at_doubts
from oms.reconcile.judge import Judge
from oms.reconcile.legs import names_of
from oms.reconcile.line import ACCOUNT, ASK, FILLS, IDLE, ORDERS, Line
from oms.reconcile.questions import Questions
from oms.reconcile.restated import restate
from oms.reconcile.settings import ReconcileSettings

_LOOK_BACK_MAX = 20
_MOVES_MAX = 3  # figures that move so often while they are compared are left to the next comparison


class Reconciler:
    """Asks, and compares; `judge` has read each answer before it is handed in here."""

    def __init__(self, manager: OrderManager, settings: ReconcileSettings, epoch: int, freezes: Freezes) -> None:
        """Ask nothing before `start`; what opens is held back until then."""
        self.settings = settings
        self.freezes = freezes
        self.judge = Judge(manager, settings, epoch, freezes)
        self.lines = {venue: Line(venue) for venue in settings.venues}
        self._manager = manager
        self._running = False
        self._questions = Questions(self.judge, settings, freezes)
        self._sound: dict[str, int] = {}  # what the venue has confirmed of orders since figures last agreed
        self._warned: dict[str, int] = {}
        self._rejects: dict[int, int] = {}
        for venue in settings.venues:
            freezes.block(venue, "its link is not up yet")

    @property
    def reconciled(self) -> bool:
        """Whether every venue has been compared since its link came up, whatever was found."""
        return all(line.done for line in self.lines.values())

    def start(self, now_ns: int, effects: list[Effect]) -> None:
        """Begin with every venue whose link is up: the daemon is RECONCILING."""
        if not self._running:
            self._running = True
            for line in self.lines.values():
                if line.up:
                    self._renew(line, now_ns, effects)

    def link(self, change: LinkChanged, now_ns: int, effects: list[Effect]) -> None:
        """Follow the link of a venue; when it comes up, everything is compared anew."""
        line = self.lines.get(change.venue)
        if line is None or change.state is LinkState.LIMITED:
            return
        line.drop()
        line.up, line.done = change.state is LinkState.UP, False
        self.freezes.block(line.venue, f"its link is {change.state.value}")
        if line.up and self._running:
            self._renew(line, now_ns, effects)

    def answered(self, question: EvidenceWanted, given: EvidenceGiven, now_ns: int, effects: list[Effect]) -> None:
        """Go on with the round after an answer, which the judge has read."""
        line = next((each for each in self.lines.values() if question.number in each.waiting), None)
        if line is None:
            return  # asked before the link came up anew
        was = line.waiting.pop(question.number)
        if self.judge.opening.began:
            self.judge.opening.began = False
            line.figures = figures(self._manager)
        if given.failure:
            self._questions.failed(line, was, given.failure, now_ns, effects)
        elif not given.complete:
            self._questions.incomplete(line, was, given, now_ns, effects)
        elif question.subject is Subject.OPEN_ORDERS:
            line.listed_ns = given.asked_ns
            line.listed = dict.fromkeys(told.client_order_id or told.venue_order_id for told in given.orders)
        elif question.subject is Subject.ACCOUNT and given.account is not None and not given.account.may_trade:
            self.freezes.halt(f"{line.venue} does not let this key trade: {given.account.detail}", effects)
        elif question.subject is Subject.ORDER:
            if self._is_behind(question):
                line.next_ns = min(line.next_ns, now_ns)
            self._note_sound(given)
        self._go_on(line, now_ns, effects)

    def tick(self, now_ns: int, effects: list[Effect]) -> None:
        """Do what has fallen due."""
        if self.freezes.paused:
            self.freezes.wake(now_ns)
        for line in self.lines.values():
            if not (line.up and self._running):
                continue
            for number, each in list(line.waiting.items()):
                if now_ns - each.sent_ns >= self.settings.answer_ns:
                    del line.waiting[number]
                    self._questions.failed(line, each, "no answer came", now_ns, effects)
            due = [each for each in line.later if each.due_ns <= now_ns]
            line.later = [each for each in line.later if each.due_ns > now_ns]
            for again in due:
                self._questions.ask(line, again.wanted, now_ns, effects, tries=again.tries, staged=again.staged)
            look_at_doubts(line, self._open(line), self._questions, self.settings, now_ns, effects)
            self._go_on(line, now_ns, effects)
            if line.stage == IDLE and now_ns >= self._due_ns(line):
                self._begin(line, now_ns, effects)

    def heard(self, move: AccountMoved, instrument: int, now_ns: int) -> None:
        """See money that the venue's stream says it moved, before it is booked; ask, where it may be one of two."""
        line = self.lines.get(move.venue)
        if self.judge.heard(move, instrument, now_ns) and line is not None:
            line.next_ns = min(line.next_ns, now_ns)

    def reported(self, order: Order | None, report: OrderReport, now_ns: int, effects: list[Effect]) -> None:
        """See a venue's report after the manager has: rejections in a row, and orders of another daemon."""
        if order is None:
            self.judge.foreign.is_ours(report.client_order_id, effects)
        elif report.type is not ReportType.REJECTED:
            self._rejects.pop(order.instrument, None)
            if report.type is ReportType.CANCEL_REJECTED and order.is_open:
                self._look_for(order, now_ns, effects)
        elif not report.own:
            index = order.instrument
            self._rejects[index] = self._rejects.get(index, 0) + 1
            if self._rejects[index] >= self.settings.reject_streak:
                self._rejected(index, report.reason, now_ns, effects)

    def release(self, target: str, effects: list[Effect]) -> None:
        """Release what the operator names, an instrument or (empty) everything; what differs now is accepted."""
        for line in self.lines.values():
            for each in line.differs:
                self._accept(each, effects)
        for index in sorted(self.freezes.instruments):
            if target in {"", self._manager.instrument(index).id}:
                self.freezes.release(index, "released by the operator", effects)
        if not target:
            self.freezes.resume("released by the operator", effects)

    def _accept(self, difference: Difference, effects: list[Effect]) -> None:
        """Let a difference be no reason to freeze any more, after a restart neither."""
        key, figure = difference.key, difference.figure
        if self.judge.accepted.get(key) == figure:
            return
        self.judge.accepted[key] = figure
        if self.settings.look_back:
            why = f"accepted by the operator: {difference.text}"
            effects.append(
                FreezeChanged(instrument=NO_INSTRUMENT, frozen=False, reason=why, key=key, figure=str(figure))
            )

    # -- rounds ----------------------------------------------------------------------------------------------------

    def _renew(self, line: Line, now_ns: int, effects: list[Effect]) -> None:
        """Begin to compare everything anew."""
        line.drop()
        line.started, line.done = True, False
        self.freezes.block(line.venue, "orders, fills, balances and positions are being compared")
        effects.append(Reconciled(venue=line.venue, state=ReconcileState.STARTED))
        self._begin(line, now_ns, effects)

    def _begin(self, line: Line, now_ns: int, effects: list[Effect]) -> None:
        """Begin a round."""
        line.full = not line.done or line.next_ns <= now_ns or now_ns - line.compared_ns >= self.settings.account_ns
        line.next_ns, line.stage = NEVER, ORDERS
        line.unread.clear()
        self._questions.ask_for(line, Subject.OPEN_ORDERS, now_ns, effects)
        if not line.done:
            self._questions.ask_for(line, Subject.ACCOUNT, now_ns, effects)

    def _go_on(self, line: Line, now_ns: int, effects: list[Effect]) -> None:
        """Enter the next stages, as long as there is nothing to wait for."""
        while line.stage != IDLE and not line.is_staged():
            if line.stage == ORDERS:
                line.stage = FILLS
                self._ask_for_fills(line, now_ns, effects)
            elif line.stage == FILLS:
                line.stage = ASK
                self._ask_for_orders(line, now_ns, effects)
            elif line.stage == ASK and line.full:
                line.stage = ACCOUNT
                self._ask_for_figures(line, now_ns, effects)
            elif line.stage == ASK:
                line.stage, line.swept_ns = IDLE, now_ns
            else:
                line.stage, line.swept_ns = IDLE, now_ns
                self._compare(line, now_ns, effects)

    def _ask_for_fills(self, line: Line, now_ns: int, effects: list[Effect]) -> None:
        """Ask for the fills of each instrument (not of idle ones that no longer trade), in a sweep of those at work."""
        working = dict.fromkeys(order.instrument for order in self._open(line))
        every = instruments(self._manager, line.venue) if line.full else sorted(working | line.worked)
        asked = [index for index in every if index in working or self._manager.instrument(index).tradable]
        line.worked = working
        if line.full and self.settings.look_back:
            since_ns = self.judge.moves.since_ns(line.venue, now_ns)
            self._questions.ask_for(line, Subject.MOVES, now_ns, effects, since_ns=since_ns)
        first_ns = min((order.submitted_ns for order in self._open(line)), default=now_ns)
        for index in asked:
            since_ns = self.judge.since_ns(index, first_ns)
            self._questions.ask_for(line, Subject.FILLS, now_ns, effects, instrument=index, since_ns=since_ns)

    def _ask_for_orders(self, line: Line, now_ns: int, effects: list[Effect]) -> None:
        """Ask for each order of ours that should be among the open ones and is not."""
        asked = {each.wanted.client_order_id: None for each in line.waiting.values()}
        for order in self._open(line):
            if order.submitted_ns >= line.listed_ns or order.venue_order_id in line.listed:
                continue
            if line.done and order.client_order_id in line.doubts:
                continue  # it is asked for by itself
            for name in names_of(order):
                if name not in line.listed and name not in asked:
                    self._questions.ask_for_order(line, order, name, now_ns, effects, staged=True)

    def _ask_for_figures(self, line: Line, now_ns: int, effects: list[Effect]) -> None:
        """Ask for what is compared: the balances of all venues, since our books have one of each currency."""
        line.figures = figures(self._manager)
        for other in self.lines.values():
            if other.up:
                self._questions.ask_for(line, Subject.BALANCES, now_ns, effects, venue=other.venue)
        if contracts(self._manager, line.venue):
            self._questions.ask_for(line, Subject.POSITIONS, now_ns, effects)

    def _compare(self, line: Line, now_ns: int, effects: list[Effect]) -> None:
        """End a full round: agreed, to be looked at again, or broken."""
        before, ours = line.figures, figures(self._manager)
        if before != ours and line.moved < _MOVES_MAX:
            line.moved += 1
            line.next_ns = now_ns + self.settings.tick_ns
            return
        found = [
            each
            for each in differences(self._manager, self.judge.opening, self.settings.venues, line.venue)
            if before.get(each.key, 0) == ours.get(each.key, 0)  # else the venue was asked before it moved
        ]
        line.differs = [each for each in found if self.judge.accepted.get(each.key) != each.figure]
        line.moved, line.compared_ns = 0, now_ns
        grave = [each for each in line.differs if each.instruments]
        if grave and self.settings.look_back and line.attempt:
            self._look_back(line, grave, now_ns, effects)
            if line.attempt + 1 >= self.settings.confirmations:
                grave = restate(self._manager, self.judge.opening, line, grave, effects)
        if grave and line.attempt + 1 < self.settings.confirmations:
            line.next_ns = now_ns + (self.settings.tick_ns << line.attempt)
            line.attempt += 1
            return
        line.attempt = 0
        for each in line.differs:
            for index in each.instruments:
                self.freezes.freeze(index, each.text, effects)
            if not each.instruments and self._warned.get(each.key) != each.figure:
                self._warned[each.key] = each.figure
                effects.append(Alert(severity=Severity.WARNING, code="BALANCE_DIFFERS", message=each.text))
        self._end(line, bool(grave or line.unread), "; ".join(each.text for each in grave), effects)

    def _look_back(self, line: Line, grave: list[Difference], now_ns: int, effects: list[Effect]) -> None:
        """Ask for the orders that traded where figures differ: the venue may have taken executions back."""
        concerned = {index: None for each in grave for index in each.instruments}
        asked = {each.wanted.client_order_id: None for each in line.waiting.values()}
        traded = [
            order
            for order in (*self._manager.closed_orders(), *self._open(line))
            if order.instrument in concerned and order.filled
        ]
        for order in traded[-_LOOK_BACK_MAX:]:
            name = order.client_order_id
            if order.chain is not None:
                if self._sound.get(name) != order.filled:
                    self._questions.ask_for_legs(line, order, now_ns, effects)
            elif name not in asked and self._sound.get(name) != order.filled:
                self._questions.ask_for_order(line, order, name, now_ns, effects, staged=False)

    def _note_sound(self, given: EvidenceGiven) -> None:
        """Remember of which orders the venue says what we have."""
        if self.settings.look_back and given.complete:
            for told in given.orders:
                order = self.judge.find(told.client_order_id, told.venue_order_id, told.instrument)
                if order is not None and order.filled == told.filled:
                    self._sound[order.client_order_id] = order.filled

    def _end(self, line: Line, broken: bool, reason: str, effects: list[Effect]) -> None:
        """End a comparison: release what agrees, let orders pass, and say what was found, where that is news."""
        still = dict.fromkeys(index for each in line.differs for index in each.instruments) | line.unread
        for index in instruments(self._manager, line.venue):
            if index not in still:
                self.freezes.release(index, "the venue's figures and ours agree", effects)
        if not line.done or broken != line.broken:
            state = ReconcileState.BROKEN if broken else ReconcileState.AGREED
            effects.append(Reconciled(venue=line.venue, state=state, reason=reason))
        line.done, line.broken = True, broken
        if not broken:
            self._sound.clear()
        self.freezes.unblock(line.venue)

    def _due_ns(self, line: Line) -> int:
        """Return when the next round of an idle line is due."""
        if not line.done:
            return line.next_ns
        due_ns = min(line.next_ns, line.compared_ns + self.settings.account_ns)
        if line.worked or self._open(line):
            due_ns = min(due_ns, line.swept_ns + self.settings.sweep_ns)
        return due_ns

    def _rejected(self, index: int, reason: str, now_ns: int, effects: list[Effect]) -> None:
        """Pause an instrument whose orders are all rejected, and compare at once: our position may be a phantom."""
        count = self._rejects.pop(index)
        instrument = self._manager.instrument(index)
        self.freezes.pause(index, now_ns + self.settings.pause_ns)
        why = (
            f"{count} orders in a row were rejected in {instrument.id} ({reason}): paused, and compared with the venue"
        )
        effects.append(Alert(severity=Severity.ERROR, code="REJECT_STREAK", message=why, instrument=index))
        line = self.lines.get(instrument.venue)
        if line is not None:
            line.next_ns = now_ns

    def _look_for(self, order: Order, now_ns: int, effects: list[Effect]) -> None:
        """Ask for an order whose cancel was refused: as a rule it has ended, and that was not told."""
        line = self.lines.get(self._manager.instrument(order.instrument).venue)
        if line is None or not line.up:
            return
        asked = [each.wanted.client_order_id for each in line.waiting.values()]
        for name in names_of(order):
            if name not in asked:
                self._questions.ask_for_order(line, order, name, now_ns, effects, staged=False)

    def _is_behind(self, question: EvidenceWanted) -> bool:
        """Whether the venue told of fills of an order that we do not know yet."""
        order = self.judge.find(question.client_order_id, "", question.instrument)
        return order is not None and self.judge.is_behind(order)

    def _open(self, line: Line) -> list[Order]:
        """Return our open orders at a venue."""
        return [o for o in self._manager.open_orders() if self._manager.instrument(o.instrument).venue == line.venue]

    def state(self) -> list[object]:
        """Return everything that a digest must cover."""
        return [
            [self._running, self._questions.number],
            self.freezes.state(),
            self.judge.state(),
            [line.state() for line in self.lines.values()],
            sorted((key, str(figure)) for key, figure in self.judge.accepted.items()),
            sorted((key, str(figure)) for key, figure in self._warned.items()),
            sorted(self._rejects.items()),
            *([sorted(self._sound.items())] if self._sound else []),
        ]
