"""Start strategies later and later on the same data: from when on they decide alike, and which figures differ."""

import time
from collections.abc import Callable, Sequence

from config.load import Config
from core.market import Market
from research.backtest.data import Data
from research.backtest.driver import Progress
from research.backtest.heap import many_runs
from research.backtest.times import moment
from research.lookahead.decisions import CANCEL, PAUSED, Asked, Decision, described
from research.lookahead.errors import NothingToCheck
from research.lookahead.rerun import Rerun, Saves
from research.lookahead.warmup_report import AGREE, COUNTER, DIFFER, FADING, STAYING, Field, Start, WarmupReport

STARTS = 3
_SHARE = 10  # a start at each tenth of the data
_MARKS = (8, 4, 2)  # the state is compared after an eighth, a fourth and a half of what follows the last start
_SAME = 1e-9
Plain = int | float | str | bool | None


def check_warmup(
    config: Config, data: Data, *, claim: int | None = None, progress: Progress | None = None
) -> WarmupReport:
    """Run the backtest of `config` with strategies that start at the beginning, and a tenth, two, three tenths later.

    Each is to decide as the first does once `claim` inputs have followed its start (half of those that do, where none
    is given). Raises ConfigError, DataProblem, JournalError, NothingToCheck.
    """
    with many_runs():
        return _Check(config, data, progress).report(claim)


class _Check:
    """One check while it goes on."""

    def __init__(self, config: Config, data: Data, progress: Progress | None) -> None:
        self._config = config
        self._data = data
        self._progress = progress
        self._done = 0

    def report(self, claim: int | None) -> WarmupReport:
        """Carry it out."""
        begun = time.perf_counter()
        probe = Rerun(self._config, self._data)
        end_ns = min(probe.until_ns, self._data.last_ns)
        first_ns = max(probe.from_ns, self._first_ns(probe))
        starts = [first_ns + (end_ns - first_ns) * number // _SHARE for number in range(1, STARTS + 1)]
        marks = [starts[-1] + (end_ns - starts[-1]) // share for share in _MARKS]
        if not first_ns < starts[0] < marks[0] < marks[-1] < end_ns:
            raise NothingToCheck("the data is too short to start strategies at several times in it")
        whole = self._run(probe.from_ns, marks)
        if not whole.asked_for_something:
            raise NothingToCheck(whole.why_nothing())
        later = [self._run(start_ns, marks) for start_ns in starts]
        compared = [
            _compared(whole, rerun, strategy, start_ns, claim)
            for rerun, start_ns in zip(later, starts, strict=True)
            for strategy in whole.strategies
        ]
        return WarmupReport(
            verdict=AGREE if all(each.keeps_claim for each in compared) else DIFFER,
            decisions=len(whole.decisions),
            inputs=whole.trace.inputs,
            starts=compared,
            marks=[moment(mark) for mark in (*marks, end_ns)],
            fields=_fields(whole.saves, later[-1].saves),
            notes=_notes(whole, compared),
            elapsed_s=round(time.perf_counter() - begun, 3),
        )

    def _first_ns(self, probe: Rerun) -> int:
        """Return the time of the first market record."""
        runs = self._data.runs(probe.from_ns, probe.until_ns)
        return next((run.first_ns for run in runs if run.plain and run.first_ns >= probe.from_ns), 0)

    def _run(self, from_ns: int, marks: Sequence[int]) -> Rerun:
        """Run from one start, looking at the strategies' state at each mark and at the end."""
        rerun = Rerun(self._config, self._data, from_ns=from_ns)
        rerun.look_at(marks)
        rerun.go(self._told() if self._progress is not None else None)
        self._done += self._data.total
        return rerun

    def _told(self) -> Callable[[int, int], None]:
        def tell(done: int, total: int) -> None:
            assert self._progress is not None
            self._progress(self._done + done, (STARTS + 1) * total)

        return tell


# -- decisions ---------------------------------------------------------------------------------------------------------


def _compared(whole: Rerun, rerun: Rerun, strategy: str, start_ns: int, claim: int | None) -> Start:
    """Compare what one strategy decided after a start with what it decided there from the whole history."""
    was = [each for each in whole.decisions if each.strategy == strategy and each.now_ns >= start_ns]
    became = [each for each in rerun.decisions if each.strategy == strategy]
    agreeing = _common_end(was, became)
    start_input = rerun.start_input
    differs = [each[-agreeing - 1] for each in (was, became) if len(each) > agreeing]
    last = max(differs, key=lambda each: each.now_ns, default=None)
    agrees = agreeing > 0 or not differs
    after, after_ns = (last.inputs - start_input, last.now_ns - start_ns) if last is not None else (0, 0)
    pair = _first_difference(was, became)
    first_ns = min((each.now_ns for each in pair if each is not None), default=0)
    markets: Sequence[Market] = whole.engine.markets
    return Start(
        strategy=strategy,
        start=moment(start_ns),
        start_ns=start_ns,
        decisions=max(len(was), len(became)),
        agrees_after=max(after, 1) if agrees and differs else 0 if agrees else None,
        agrees_after_ns=after_ns if agrees else None,
        agreeing=agreeing,
        claim=(whole.trace.inputs - start_input) // 2 if claim is None else claim,
        was=_said(pair[0], first_ns, markets) if differs else "",
        became=_said(pair[1], first_ns, markets) if differs else "",
        time=moment(first_ns) if differs else "",
        time_ns=first_ns if differs else 0,
    )


def _common_end(was: Sequence[Decision], became: Sequence[Decision]) -> int:
    """Return how many decisions at the end are the same."""
    count = 0
    for old, new in zip(reversed(was), reversed(became), strict=False):
        if _key(old) != _key(new):
            break
        count += 1
    return count


def _first_difference(was: Sequence[Decision], became: Sequence[Decision]) -> tuple[Decision | None, Decision | None]:
    """Return the first pair that is not the same; after the end of one there is None."""
    for place in range(max(len(was), len(became))):
        old = was[place] if place < len(was) else None
        new = became[place] if place < len(became) else None
        if old is None or new is None or _key(old) != _key(new):
            return old, new
    return None, None


def _key(decision: Decision) -> tuple[int, Asked]:
    """Return what must be the same: not the order's id, which counts from the start."""
    return decision.now_ns, decision.asked


def _said(decision: Decision | None, first_ns: int, markets: Sequence[Market]) -> str:
    """Return a decision in words, without the id of an order."""
    if decision is not None and decision.asked.word == CANCEL:
        decision = decision._replace(order="an order of")
    text = described(decision, markets)
    return text if decision is None or decision.now_ns == first_ns else f"{text}, at {moment(decision.now_ns)}"


# -- state -------------------------------------------------------------------------------------------------------------


def _fields(whole: Sequence[Saves], later: Sequence[Saves]) -> list[Field]:
    """Return the saved fields that differ at any mark, the most different at the last first."""
    flat = [(_flat(was), _flat(became)) for was, became in zip(whole, later, strict=True)]
    names = sorted({name for was, became in flat for name in (*was, *became)})
    fields = []
    for strategy, field in names:
        pairs = [(was.get((strategy, field)), became.get((strategy, field))) for was, became in flat]
        differences = [_difference(old, new) for old, new in pairs]
        if any(differences):
            kind = _kind(pairs, differences[-1])
            old, new = pairs[-1]
            fields.append(
                Field(strategy=strategy, field=field, kind=kind, differences=differences, was=old, became=new)
            )
    order = {STAYING: 0, COUNTER: 1, FADING: 2}
    return sorted(fields, key=lambda each: (order[each.kind], -each.differences[-1], each.strategy, each.field))


def _flat(saves: Saves) -> dict[tuple[str, str], Plain]:
    """Return every saved value under (strategy, field), those of lists under `field[place]`."""
    found: dict[tuple[str, str], Plain] = {}
    for strategy, saved in saves.items():
        for field, value in saved.items():
            if isinstance(value, list):
                found.update({(strategy, f"{field}[{place}]"): each for place, each in enumerate(value)})
            else:
                found[strategy, field] = value
    return found


def _difference(old: Plain, new: Plain) -> float:
    """Return how far apart two values are, of the larger one; texts only by whether they are empty: ids count on."""
    if isinstance(old, str) or isinstance(new, str) or old is None or new is None:
        return float(bool(old) != bool(new))
    if old == new:
        return 0.0
    return abs(old - new) / max(abs(old), abs(new))


def _kind(pairs: Sequence[tuple[Plain, Plain]], last: float) -> str:
    """Return what becomes of a difference."""
    if last < _SAME:
        return FADING
    apart = {old - new for old, new in pairs if type(old) is int and type(new) is int}
    return COUNTER if len(apart) == 1 and all(type(each) is int for pair in pairs for each in pair) else STAYING


def _notes(whole: Rerun, compared: Sequence[Start]) -> list[str]:
    """Say what limits the check."""
    notes = []
    for strategy, saved in sorted(whole.saves[-1].items() if whole.saves else ()):
        if not saved:
            notes.append(f"{strategy}: its `save` returns nothing, so its figures cannot be compared by name")
    notes += [
        f"{each.strategy}: paused at {moment(each.now_ns)}: {each.asked.detail}"
        for each in whole.decisions
        if each.asked.word == PAUSED
    ]
    silent = sorted({each.strategy for each in compared if not each.decisions})
    notes += [f"{strategy}: decided nothing after some of the starts" for strategy in silent]
    return notes
