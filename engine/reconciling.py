"""Reconciliation as the engine runs it: inputs in, timers set, cancels that were lost sent again."""

from collections.abc import Callable

from core.effects import Alert, Effect, Severity
from core.events import AccountMoved, ClockMeasured, DeadManChanged, LifecycleState, LinkChanged, OrderReport
from core.evidence import EvidenceGiven
from core.records import Event, Kind
from engine.desk import Desk
from engine.timers import Timers
from oms.reconcile import Kept, Reconciler, ReconcileSettings

RECONCILE = "reconcile"  # owner of the timer


class Reconciling:
    """Hands the engine's inputs to a `Reconciler`, which is pure bookkeeping, and carries out what it decides."""

    def __init__(
        self, settings: ReconcileSettings, epoch: int, desk: Desk, timers: Timers, settle: Callable[[], None]
    ) -> None:
        """Reconcile with the venues of `settings`; nothing opens there before."""
        self.venues = settings.venues
        self.reconciler = Reconciler(desk.manager, settings, epoch, desk.gate.freezes)
        self.kept = Kept(desk.manager, self.reconciler.judge, desk.gate.freezes)
        self._desk = desk
        self._effects: list[Effect] = desk.effects
        self._timers = timers
        self._tick_ns = settings.tick_ns
        self._settle = settle
        self._running = False

    def lifecycle(self, state: LifecycleState, now_ns: int) -> None:
        """Start with RECONCILING, or with READY where that was left out."""
        if state in {LifecycleState.RECONCILING, LifecycleState.READY} and not self._running:
            self._running = True
            self.reconciler.start(now_ns, self._effects)
            self._timers.set(RECONCILE, "tick", now_ns + self._tick_ns)

    def handlers(self) -> list[tuple[Kind, Callable[[Event], None]]]:
        """Return how the engine handles these kinds of input."""
        return [
            (Kind.REPORT, self._on_report),
            (Kind.EVIDENCE, self._on_evidence),
            (Kind.LINK, self._on_link),
            (Kind.DEAD_MAN, self._on_dead_man),
            (Kind.CLOCK, self._on_clock),
        ]

    def before_move(self, move: AccountMoved, instrument: int, now_ns: int) -> None:
        """See money that the venue says it moved before it is booked."""
        self.reconciler.heard(move, instrument, now_ns)

    def fire(self, now_ns: int) -> None:
        """Do what has fallen due; look again one tick later."""
        self.reconciler.tick(now_ns, self._effects)
        self._timers.set(RECONCILE, "tick", now_ns + self._tick_ns)
        self._settle()

    def release(self, target: str) -> None:
        """Release what the operator names."""
        self.reconciler.release(target, self._effects)

    def _on_report(self, event: Event) -> None:
        """Book a venue's word on an order, with an eye on what was inferred and on what it says of others."""
        report, now_ns = event[5], event[3]
        assert isinstance(report, OrderReport)
        self.reconciler.judge.before(report, event[2], now_ns, self._effects)
        order = self._desk.manager.report(report, event[2], now_ns, self._effects)
        self.reconciler.reported(order, report, now_ns, self._effects)
        self._settle()

    def _on_evidence(self, event: Event) -> None:
        """Take a venue's answer: first what it means, then what is asked next."""
        given, now_ns = event[5], event[3]
        assert isinstance(given, EvidenceGiven)
        judge = self.reconciler.judge
        question = judge.answer(given, now_ns, self._effects)
        recancel = judge.recancel[:]
        judge.recancel.clear()
        for client_order_id in recancel:
            self._desk.cancel_again(client_order_id)
        if question is not None:
            self.reconciler.answered(question, given, now_ns, self._effects)
        self._settle()

    def _on_link(self, event: Event) -> None:
        """Follow the trading connection of a venue."""
        assert isinstance(event[5], LinkChanged)
        self.reconciler.link(event[5], event[3], self._effects)
        self._settle()

    def _on_clock(self, event: Event) -> None:
        """Tell a person that this machine's clock jumped; measures themselves decide nothing here."""
        told = event[5]
        assert isinstance(told, ClockMeasured)
        if told.jumped_ns:
            message = (
                f"this machine's clock jumped by {told.jumped_ns // 10**6:+} ms: nothing opens at {told.venue} until "
                "the venue's is measured anew; if it comes again, look at what sets this clock (NTP) or stops the host"
            )
            self._effects.append(Alert(severity=Severity.WARNING, code="CLOCK_JUMPED", message=message))

    def _on_dead_man(self, event: Event) -> None:
        """Tell a person whether the venue will cancel what works if we fall silent."""
        told, index = event[5], event[2]
        assert isinstance(told, DeadManChanged)
        name = self._desk.manager.instrument(index).id
        if told.armed:
            severity, code, message = Severity.INFO, "DEAD_MAN_ARMED", f"the dead-man timer of {name} is armed again"
        else:
            severity, code = Severity.ERROR, "DEAD_MAN_NOT_ARMED"
            message = (
                f"the dead-man timer of {name} is not armed ({told.reason}): if tickerd ends now, its orders stay at "
                "the venue; it is tried again, look at the key's rights and the venue's state"
            )
        self._effects.append(Alert(severity=severity, code=code, message=message, instrument=index))
