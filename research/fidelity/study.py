"""The whole comparison: both engines, every recording, view, queue model and strategy; numbers for the page."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from research.fidelity.causes import Differences, Told, causes_of, compare
from research.fidelity.fills import Order, Outcome, Result, curve, result_of
from research.fidelity.ours import MAKER, TAKER, run_strategy
from research.fidelity.peer import DEPTH, SINGLES, TOUCH, VENUE_TIME, Jobs, peer_orders, peer_outcomes, write_events
from research.fidelity.peer_data import Rows, rows_of
from research.fidelity.plan import POWER, QUEUES, RECORDINGS, RISK, SECOND, Queue, Recording, Script, script_of
from research.fidelity.recording import Recorded, recorded
from research.fidelity.singles import run_singles

Say = Callable[[str], object]
STRATEGIES: tuple[tuple[str, Queue], ...] = ((MAKER, RISK), (MAKER, POWER), (TAKER, RISK))
FORMS = (DEPTH, TOUCH, VENUE_TIME)
OURS_BOOK, OURS_TICKER = "tickerd, book", "tickerd, ticker"
OURS_PLAIN = "tickerd, book, print_lag_ns = 0"
THEIRS = {DEPTH: "hftbacktest, depth", TOUCH: "hftbacktest, touch", VENUE_TIME: "hftbacktest, venue time"}
PARTIAL = "hftbacktest, depth, partial fills"


@dataclass(frozen=True)
class StrategyRow:
    """One run of one strategy; compared with its counterpart on the same view, if it has one."""

    recording: str
    strategy: str
    queue: str
    run: str
    result: Result
    quantity_in_orders: float
    common: int  # orders sent at the same time, on the same side, at the same price as the counterpart's
    same: int  # of these, the same quantity filled at the same times
    gap: float  # the largest distance of the equity curves


@dataclass(frozen=True)
class SinglesRow:
    """Single orders under one queue model in one view: theirs against ours, and the causes."""

    recording: str
    queue: str
    view: str
    differences: Differences
    causes: Counter[str]
    told: Sequence[Told]


@dataclass(frozen=True)
class EffectRow:
    """What one change alone does to single orders: of the data, the clock, or the exchange model."""

    recording: str
    first: str
    second: str
    differences: Differences


@dataclass(frozen=True)
class Study:
    """Everything that the page shows."""

    strategies: list[StrategyRow]
    singles: list[SinglesRow]
    effects: list[EffectRow]
    shifts: dict[str, int]  # by recording: how far hftbacktest's converter moved our clock, ns


@dataclass(frozen=True)
class Prepared:
    """A recording with what both engines are asked about it."""

    recorded: Recorded
    script: Script
    rows: dict[str, Rows]

    @property
    def mark(self) -> float:
        """The middle of the last touch, in units."""
        return float(self.recorded.touches[-1, 1:3].sum()) / 2 * self.recorded.instrument.tick


def prepare(recording: Recording, folder: Path) -> Prepared:
    """Import a recording and draw its single orders."""
    given = recorded(recording, folder)
    instrument = given.instrument
    script = script_of(
        given.touches, given.last_ns, instrument.quantity(recording.quantity), instrument.quantity(recording.large)
    )
    return Prepared(given, script, {})


def our_strategies(prepared: Prepared) -> dict[tuple[str, str, str], list[Order]]:
    """Return our orders by strategy, queue model and view."""
    return {
        (name, queue.name, OURS_TICKER if quotes else OURS_BOOK): run_strategy(
            prepared.recorded, name, queue, quotes=quotes
        )
        for name, queue in STRATEGIES
        for quotes in (False, True)
    }


def study(data: Path, scratch: Path, python: Path, say: Say) -> Study:
    """Run everything. Raises FidelityError, HistoryError, JournalError."""
    everything = [prepare(recording, data) for recording in RECORDINGS]
    say("hftbacktest runs its side ...")
    paths = _run_peer(everything, scratch, python)
    found = Study([], [], [], {})
    for prepared in everything:
        name = prepared.recorded.recording.name
        say(f"{name}: our side, and why it differs ...")
        with np.load(paths[name, VENUE_TIME, TAKER, RISK.name]) as told:
            found.shifts[name] = int(told["shift_ns"])
        found.strategies.extend(_strategy_rows(prepared, paths))
        outcomes = _outcomes(prepared, paths)
        found.singles.extend(_single_rows(prepared, outcomes))
        found.effects.extend(_effect_rows(name, outcomes))
    return found


_Paths = dict[tuple[str, str, str, str], Path]
_Outcomes = dict[tuple[str, str], list[Outcome]]


def _run_peer(everything: Sequence[Prepared], scratch: Path, python: Path) -> _Paths:
    """Let hftbacktest run all of its side; return where what came of it is."""
    jobs, paths = Jobs(scratch), _Paths()
    for prepared in everything:
        given, name = prepared.recorded, prepared.recorded.recording.name
        prepared.rows[DEPTH] = prepared.rows[VENUE_TIME] = rows_of(given.view(quotes=False))
        prepared.rows[TOUCH] = rows_of(given.view(quotes=True))
        for form in FORMS:
            write_events(scratch, given, form, prepared.rows[form])
            for strategy, queue in STRATEGIES:
                paths[name, form, strategy, queue.name] = jobs.add(given, form, strategy, queue)
            for queue in QUEUES:
                paths[name, form, SINGLES, queue.name] = jobs.add(given, form, SINGLES, queue, prepared.script)
        paths[name, PARTIAL, SINGLES, RISK.name] = jobs.add(given, DEPTH, SINGLES, RISK, prepared.script, partial=True)
    jobs.run(python)
    return paths


def rows_for(given: Recorded, run: str) -> Rows:
    """Return the rows of the view that one of our runs had."""
    return rows_of(given.view(quotes=run == OURS_TICKER))


def _strategy_rows(prepared: Prepared, paths: _Paths) -> list[StrategyRow]:
    """Return the runs of all strategies, each of ours beside theirs on the same view."""
    given, ours, rows = prepared.recorded, our_strategies(prepared), []
    name = given.recording.name
    for strategy, queue in STRATEGIES:
        theirs = {form: peer_orders(paths[name, form, strategy, queue.name], given.instrument) for form in FORMS}
        rows.append(strategy_row(prepared, strategy, queue, THEIRS[VENUE_TIME], theirs[VENUE_TIME], None))
        for form, run in ((DEPTH, OURS_BOOK), (TOUCH, OURS_TICKER)):
            rows.append(strategy_row(prepared, strategy, queue, THEIRS[form], theirs[form], None))
            rows.append(strategy_row(prepared, strategy, queue, run, ours[strategy, queue.name, run], theirs[form]))
    return rows


def strategy_row(
    prepared: Prepared, strategy: str, queue: Queue, run: str, orders: list[Order], other: list[Order] | None
) -> StrategyRow:
    """Return one run's row, compared with another one's orders where they are given."""
    given = prepared.recorded
    result = result_of(orders, given.instrument, prepared.mark)
    common, same, gap = 0, 0, 0.0
    if other is not None:
        mine, their = _keyed(orders, strategy), _keyed(other, strategy)
        keys = mine.keys() & their.keys()
        common = len(keys)
        same = sum(_moments(mine[key]) == _moments(their[key]) for key in keys)
        gap = _gap(prepared, orders, other)
    size = given.instrument.quantity(given.recording.quantity)
    return StrategyRow(
        given.recording.name, strategy, queue.name, run, result, result.quantity / size, common, same, gap
    )


def _keyed(orders: Sequence[Order], strategy: str) -> dict[tuple[int, int, int], Order]:
    """Return orders by what names them; a market order has no price."""
    return {(*order.key[:2], 0 if strategy == TAKER else order.price): order for order in orders}


def _moments(order: Order) -> tuple[int, int, int]:
    """Return how much of an order filled, from when to when."""
    if not order.fills:
        return 0, 0, 0
    return order.filled, order.fills[0].ns, order.fills[-1].ns


def _gap(prepared: Prepared, first: Sequence[Order], second: Sequence[Order]) -> float:
    """Return the largest distance of two equity curves, looked at every second and marked alike."""
    given = prepared.recorded
    times = np.arange(given.first_ns + SECOND, given.last_ns, SECOND)
    touches = given.touches[np.searchsorted(given.touches[:, 0], times, side="right") - 1]
    marks = touches[:, 1:3].sum(axis=1) / 2 * given.instrument.tick
    curves = [curve(orders, given.instrument, times, marks) for orders in (first, second)]
    return float(np.abs(curves[0] - curves[1]).max())


def _outcomes(prepared: Prepared, paths: _Paths) -> _Outcomes:
    """Return what became of the single orders by run and queue model."""
    given, script = prepared.recorded, prepared.script
    name, instrument = given.recording.name, given.instrument
    found: _Outcomes = {}
    for queue in QUEUES:
        for form in FORMS:
            path = paths[name, form, SINGLES, queue.name]
            found[THEIRS[form], queue.name] = peer_outcomes(path, instrument, script)
        for run, quotes in ((OURS_BOOK, False), (OURS_TICKER, True)):
            found[run, queue.name] = run_singles(given, script, queue, quotes=quotes)
    found[OURS_PLAIN, RISK.name] = run_singles(given, script, RISK, quotes=False, print_lag_ns=0)
    path = paths[name, PARTIAL, SINGLES, RISK.name]
    found[PARTIAL, RISK.name] = peer_outcomes(path, instrument, script)
    return found


def _single_rows(prepared: Prepared, outcomes: _Outcomes) -> list[SinglesRow]:
    """Return theirs against ours, on the same view under the same queue model."""
    rows = []
    for form, run in ((DEPTH, OURS_BOOK), (TOUCH, OURS_TICKER)):
        for queue in QUEUES:
            theirs, ours = outcomes[THEIRS[form], queue.name], outcomes[run, queue.name]
            told = causes_of(prepared.recorded, prepared.rows[form], prepared.script, queue, theirs, ours)
            causes = Counter(each.cause for each in told)
            name = prepared.recorded.recording.name
            rows.append(SinglesRow(name, queue.name, run, compare(theirs, ours), causes, told))
    return rows


def _effect_rows(name: str, outcomes: _Outcomes) -> list[EffectRow]:
    """Return what each change alone does."""
    pairs = (
        (THEIRS[DEPTH], THEIRS[TOUCH]),
        (OURS_BOOK, OURS_TICKER),
        (OURS_BOOK, OURS_PLAIN),
        (THEIRS[DEPTH], OURS_PLAIN),
        (THEIRS[DEPTH], THEIRS[VENUE_TIME]),
        (THEIRS[DEPTH], PARTIAL),
        (PARTIAL, OURS_BOOK),
        (THEIRS[VENUE_TIME], OURS_TICKER),
    )
    return [
        EffectRow(name, first, second, compare(outcomes[first, RISK.name], outcomes[second, RISK.name]))
        for first, second in pairs
    ]
