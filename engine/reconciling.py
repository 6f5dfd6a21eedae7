"""Reconciliation as the engine runs it: inputs in, timers set, cancels that were lost sent again."""

from core.effects import Effect
from core.events import LifecycleState, LinkChanged, OrderReport
from core.evidence import EvidenceGiven
from engine.desk import Desk
from engine.timers import Timers
from oms.order import Order
from oms.reconcile import Kept, Reconciler, ReconcileSettings

RECONCILE = "reconcile"  # owner of the timer


class Reconciling:
    """Hands the engine's inputs to a `Reconciler`, which is pure bookkeeping, and carries out what it decides."""

    def __init__(self, settings: ReconcileSettings, epoch: int, desk: Desk, timers: Timers) -> None:
        """Reconcile with the venues of `settings`; nothing opens there before."""
        self.reconciler = Reconciler(desk.manager, settings, epoch, desk.gate.freezes)
        self.kept = Kept(desk.manager, self.reconciler.judge, desk.gate.freezes)
        self._desk = desk
        self._effects: list[Effect] = desk.effects
        self._timers = timers
        self._tick_ns = settings.tick_ns
        self._running = False

    def lifecycle(self, state: LifecycleState, now_ns: int) -> None:
        """Start with RECONCILING, or with READY where that was left out."""
        if state in {LifecycleState.RECONCILING, LifecycleState.READY} and not self._running:
            self._running = True
            self.reconciler.start(now_ns, self._effects)
            self._timers.set(RECONCILE, "tick", now_ns + self._tick_ns)

    def link(self, change: LinkChanged, now_ns: int) -> None:
        """Follow the link of a venue."""
        self.reconciler.link(change, now_ns, self._effects)

    def evidence(self, given: EvidenceGiven, now_ns: int) -> None:
        """Take a venue's answer: first what it means, then what is asked next."""
        judge = self.reconciler.judge
        question = judge.answer(given, now_ns, self._effects)
        if question is None:
            return
        recancel = judge.recancel[:]
        judge.recancel.clear()
        for client_order_id in recancel:
            self._desk.cancel_again(client_order_id)
        self.reconciler.answered(question, given, now_ns, self._effects)

    def before(self, report: OrderReport, instrument: int, now_ns: int) -> None:
        """See a report before the order manager does."""
        self.reconciler.judge.before(report, instrument, now_ns, self._effects)

    def after(self, order: Order | None, report: OrderReport, now_ns: int) -> None:
        """See a report after the order manager has."""
        self.reconciler.reported(order, report, now_ns, self._effects)

    def fire(self, now_ns: int) -> None:
        """Do what has fallen due; look again one tick later."""
        self.reconciler.tick(now_ns, self._effects)
        self._timers.set(RECONCILE, "tick", now_ns + self._tick_ns)

    def release(self, target: str) -> None:
        """Release what the operator names."""
        self.reconciler.release(target, self._effects)
