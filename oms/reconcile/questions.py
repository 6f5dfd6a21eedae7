"""How a venue is asked: every question under a number of its own, and what is done where no whole answer comes."""

from core.effects import Effect
from core.evidence import EvidenceGiven, EvidenceWanted, Subject
from core.ids import revision_id
from core.records import NO_INSTRUMENT
from oms.freezes import Freezes
from oms.order import Order
from oms.reconcile.judge import Judge
from oms.reconcile.line import Later, Line, Open
from oms.reconcile.settings import ReconcileSettings

_SKIPPED = (Subject.FILLS, Subject.ORDER, Subject.MOVES)  # what may fail without stopping the rest


class Questions:
    """Asks by effects; `number` counts what was asked in this session."""

    def __init__(self, judge: Judge, settings: ReconcileSettings, freezes: Freezes) -> None:
        """Have asked nothing."""
        self.number = 0
        self._judge = judge
        self._settings = settings
        self._freezes = freezes

    def failed(self, line: Line, was: Open, why: str, now_ns: int, effects: list[Effect]) -> None:
        """Ask again later, or go on without where only one instrument or order is concerned."""
        wanted, tries = was.wanted, was.tries + 1
        if wanted.subject in _SKIPPED and tries >= self._settings.tries:
            if wanted.subject is Subject.FILLS:
                line.unread[wanted.instrument] = None
                self._freezes.freeze(wanted.instrument, f"its fills cannot be read: {why}", effects)
            return
        if wanted.subject is Subject.ORDER and not was.staged:
            return  # the doubt asks again by itself
        wait_ns = min(self._settings.tick_ns << was.tries, self._settings.ask_max_ns)
        line.later.append(Later(wanted, now_ns + wait_ns, tries, was.staged))

    def incomplete(self, line: Line, was: Open, given: EvidenceGiven, now_ns: int, effects: list[Effect]) -> None:
        """Ask for the rest of fills or moves that came in part; anything else that did has failed."""
        wanted = was.wanted
        times = [fill.venue_ns for fill in given.fills] + [move.venue_ns for move in given.moves]
        seen_ns = max(times, default=0)
        if wanted.subject in {Subject.FILLS, Subject.MOVES} and seen_ns > wanted.since_ns:
            self.ask_for(line, wanted.subject, now_ns, effects, instrument=wanted.instrument, since_ns=seen_ns)
        else:
            self.failed(line, was, "the answer is not complete", now_ns, effects)

    def ask_for_order(
        self, line: Line, order: Order, name: str, now_ns: int, effects: list[Effect], *, staged: bool
    ) -> None:
        """Ask for one order by one of its names."""
        wanted = EvidenceWanted(
            number=0,
            venue=line.venue,
            subject=Subject.ORDER,
            instrument=order.instrument,
            client_order_id=name,
            venue_order_id=order.venue_order_id if name == order.client_order_id else "",
        )
        self.ask(line, wanted, now_ns, effects, tries=0, staged=staged)

    def ask_for_legs(self, line: Line, order: Order, now_ns: int, effects: list[Effect]) -> None:
        """Ask for every leg of an order that traded, its executions included: `since_ns` says that they are meant."""
        assert order.chain is not None
        for revision in [each for each, filled in sorted(order.chain.fills.items()) if filled]:
            wanted = EvidenceWanted(
                number=0,
                venue=line.venue,
                subject=Subject.ORDER,
                instrument=order.instrument,
                client_order_id=revision_id(order.client_order_id, revision),
                venue_order_id=order.chain.venue_ids.get(revision, ""),
                since_ns=order.submitted_ns,
            )
            self.ask(line, wanted, now_ns, effects, tries=0, staged=False)

    def ask_for(
        self,
        line: Line,
        subject: Subject,
        now_ns: int,
        effects: list[Effect],
        *,
        venue: str = "",
        instrument: int = NO_INSTRUMENT,
        since_ns: int = 0,
    ) -> None:
        """Ask for something that the round waits for."""
        wanted = EvidenceWanted(
            number=0, venue=venue or line.venue, subject=subject, instrument=instrument, since_ns=since_ns
        )
        self.ask(line, wanted, now_ns, effects, tries=0, staged=True)

    def ask(
        self, line: Line, wanted: EvidenceWanted, now_ns: int, effects: list[Effect], *, tries: int, staged: bool
    ) -> None:
        """Ask, under a new number."""
        self.number += 1
        asked = EvidenceWanted(
            number=self.number,
            venue=wanted.venue,
            subject=wanted.subject,
            instrument=wanted.instrument,
            client_order_id=wanted.client_order_id,
            venue_order_id=wanted.venue_order_id,
            since_ns=wanted.since_ns,
        )
        self._judge.asked(asked)
        line.waiting[self.number] = Open(asked, now_ns, tries, staged)
        effects.append(asked)
