"""Asks thousands of hypothetical orders where they truly stood, and each queue model where it believed them to stand.

`python -m research.l3.study FILE` writes the table into the marked section of docs/queues.md.
"""

import argparse
import heapq
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np

from research.l3 import tables
from research.l3.believers import Believer
from research.l3.book import OrderBook, Outcome
from research.l3.continuous import continuous
from research.l3.errors import StudyImpossible
from research.l3.findings import END, HORIZONS, SECOND_NS, Findings, Plan
from research.l3.ghosts import Ghost, Line, join
from research.l3.records import Event, read_events

DEPTHS = 4  # at the touch and 1 to 3 levels behind
_NEVER = 1 << 63
_PAGE = Path(__file__).resolve().parents[2] / "docs" / "queues.md"


class Study:
    """One pass over the events with book, true line and believers side by side."""

    def __init__(self, events: Sequence[Event], plan: Plan) -> None:
        """Raises StudyImpossible where nothing can be asked."""
        self._events = events
        self._plan = plan
        self._open = continuous(events)
        self._joins = self._drawn()
        self._book = OrderBook()
        self._line = Line()
        self._due: list[tuple[int, int, str, Ghost]] = []  # moments at which a ghost is sampled or its life ends
        self._interval_ns = max(view.every_ns for view in plan.views)
        self._unsampled: dict[tuple[int, int], int] = {}  # what the last sample showed of levels changed since
        self._sample_ns = 0
        self.findings = Findings(plan)

    def __len__(self) -> int:
        """How many events there are."""
        return len(self._events)

    def run(self, progress: Callable[[int], object] = lambda _: None) -> Findings:
        """Walk all events; `progress` is told each event's place."""
        for place, event in enumerate(self._events):
            if place in self._open:
                self._reach(event[-1].recv_ns)
            outcome = self._book.apply(event)
            if place in self._open:
                self._step(outcome)
                for _ in range(self._joins.get(place, 0)):
                    self._join(outcome.ns)
            progress(place)
        self._finish()
        return self.findings

    def _drawn(self) -> Counter[int]:
        """Choose after which events orders join; a life must end within the recording."""
        last_ns = self._events[-1][-1].recv_ns - self._plan.life_ns
        places = [place for place in self._open if self._events[place][-1].recv_ns <= last_ns]
        if not places:
            raise StudyImpossible("the recording is shorter than an order's life: choose a smaller --life")
        self._rng = np.random.default_rng(self._plan.seed)
        return Counter(int(place) for place in self._rng.choice(places, self._plan.orders))

    def _join(self, now_ns: int) -> None:
        """Let one order join the true line and every believer's."""
        side = 1 if self._rng.integers(2) else -1
        ghost = join(self._book, side, int(self._rng.integers(DEPTHS)), now_ns, self._plan.life_ns)
        if ghost is None:
            return
        for view in self._plan.views:
            key = (ghost.side, ghost.price)
            stale = view.every_ns and not (view.touch_at_once and ghost.depth == 0)
            shown = self._unsampled.get(key, ghost.ahead) if stale else ghost.ahead
            for model in self._plan.models:
                believer = Believer(model, view)
                believer.join(shown)
                ghost.believers.append(believer)
        self._line.add(ghost)
        number = len(self.findings.ghosts)
        self.findings.ghosts.append(ghost)
        for name, wait_ns in HORIZONS:
            if wait_ns < self._plan.life_ns:
                heapq.heappush(self._due, (now_ns + wait_ns, number, name, ghost))
        heapq.heappush(self._due, (ghost.until_ns, number, END, ghost))

    def _reach(self, now_ns: int) -> None:
        """Do what falls due before an event, in the order of time: samples of depth and of beliefs, ends of lives."""
        while True:
            sample_ns = self._sample_ns if self._unsampled and self._interval_ns else _NEVER
            due_ns = self._due[0][0] if self._due else _NEVER
            if min(sample_ns, due_ns) >= now_ns:
                return
            if sample_ns <= due_ns:
                self._sample_depth()
                continue
            _, _, name, ghost = heapq.heappop(self._due)
            self._note(ghost, name)
            if name == END:
                self._line.remove(ghost)

    def _note(self, ghost: Ghost, name: str) -> None:
        """Write down truth and beliefs at one moment of a life, unless the order was truly filled before."""
        if not ghost.filled_ns:
            ghost.sampled[name] = (ghost.ahead, [believer.ahead for believer in ghost.believers])

    def _step(self, outcome: Outcome) -> None:
        """Let an event act on truth and beliefs."""
        findings = self.findings
        findings.events += 1
        findings.trades += len(outcome.trades)
        for quantity, ahead, behind in outcome.cancels:
            if ahead + behind:
                findings.cancels[min(9, 10 * ahead // (ahead + behind))] += quantity
        for price, quantity, aggressor in outcome.trades:
            self._show_trade(price, quantity, aggressor, outcome.ns)
        if self._interval_ns and not self._unsampled:
            self._sample_ns = (outcome.ns // self._interval_ns + 1) * self._interval_ns
        for (side, price), before in outcome.before.items():
            self._unsampled.setdefault((side, price), before)
            self._show_level(side, price, outcome.ns)
        for half in (self._book.bids, self._book.asks):
            if half.best() and (half.sign, half.best()) not in outcome.before:
                self._show_level(half.sign, half.best(), outcome.ns)  # a quote shows what has become the best level
        self._show_touch(self._book.bids.best(), self._book.asks.best(), outcome.ns, conflated=False)
        for ghost in self._line.on_event(self._book, outcome):
            # At its true fill nobody is ahead: what a model still believes there is its error.
            ghost.sampled[END] = (0, [believer.ahead for believer in ghost.believers])

    def _show_level(self, side: int, price: int, now_ns: int) -> None:
        """Let believers see one level's quantity: all who see every change, and who sees the touch, at the touch."""
        half = self._book.half(side)
        total, at_touch = half.total(price), self._at_touch(side, price)
        for ghost in self._line.at(side, price):
            for believer in ghost.believers:
                if not believer.view.every_ns or (at_touch and believer.view.touch_at_once):
                    believer.on_display(total, now_ns)

    def _at_touch(self, side: int, price: int) -> bool:
        """Whether a price is its side's best, or better than that."""
        return (self._book.half(side).best() - price) * side <= 0

    def _show_trade(self, price: int, quantity: int, aggressor: int, now_ns: int) -> None:
        """Let believers see a trade: at their price it serves the queue, through it the level is done."""
        for side, own, ghosts in self._line.levels():
            if side != -aggressor or (own - price) * side < 0:
                continue
            for ghost in ghosts:
                for believer in ghost.believers:
                    if own == price:
                        believer.on_print(quantity, now_ns)
                    else:
                        believer.fill(now_ns)

    def _show_touch(self, bid: int, ask: int, now_ns: int, *, conflated: bool) -> None:
        """Let believers see the other side's best price: where it reaches theirs, they are filled."""
        for side, own, ghosts in self._line.levels():
            opposite = ask if side > 0 else bid
            if not opposite or (own - opposite) * side < 0:
                continue
            for ghost in ghosts:
                for believer in ghost.believers:
                    view = believer.view
                    if conflated == (view.every_ns > 0 and not view.touch_at_once):
                        believer.fill(now_ns)

    def _sample_depth(self) -> None:
        """Show the conflated view what has changed since its last sample; several changes in between are one."""
        book, now_ns = self._book, self._sample_ns
        for side, price in self._unsampled:
            shown, at_touch = book.half(side).total(price), self._at_touch(side, price)
            for ghost in self._line.at(side, price):
                for believer in ghost.believers:
                    if believer.view.every_ns and not (at_touch and believer.view.touch_at_once):
                        believer.on_display(shown, now_ns)
        self._unsampled.clear()
        self._show_touch(book.bids.best(), book.asks.best(), now_ns, conflated=True)

    def _finish(self) -> None:
        """Let the remaining moments fall due, and tell how the venue served its own lines."""
        self._reach(self._events[-1][-1].recv_ns + 1)
        findings = self.findings
        findings.fills = self._book.served_in_line + self._book.served_out_of_line
        findings.fills_out_of_line = self._book.served_out_of_line
        findings.span_ns = self._events[-1][-1].recv_ns - self._events[self._open[0]][-1].recv_ns


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the study from the command line and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m research.l3.study", description=__doc__)
    parser.add_argument("file", type=Path, help="market by order of one instrument, DBN (.dbn or .dbn.zst)")
    parser.add_argument("--orders", type=int, default=Plan().orders, help="hypothetical orders (%(default)s)")
    parser.add_argument("--seed", type=int, default=Plan().seed, help="chooses times, sides and levels (%(default)s)")
    parser.add_argument("--life", type=float, default=60.0, help="seconds until an order is given up (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print all errors as JSON, and write nothing")
    parser.add_argument("--page", type=Path, default=_PAGE, help="the page whose marked section is written")
    options = parser.parse_args(arguments)
    plan = Plan(options.orders, options.seed, int(options.life * SECOND_NS))
    study = Study(list(read_events(options.file)), plan)
    findings = tables.watched(study.run, len(study), quiet=not sys.stderr.isatty())
    if options.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(tables.summary(findings)), indent=2).decode() + "\n")
        return 0
    text = tables.markdown(findings)
    tables.write_section(options.page, text)
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
