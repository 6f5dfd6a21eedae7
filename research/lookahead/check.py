"""Re-run a backtest with no future and with other futures, and name the first decision that moved."""

import inspect
import time
from collections import Counter
from collections.abc import Callable, Sequence

from config.load import Config
from config.strategies import load_strategies
from core.market import Market
from research.backtest.data import Data
from research.backtest.driver import Progress
from research.backtest.heap import many_runs
from research.backtest.times import moment
from research.lookahead.altering import Alteration
from research.lookahead.cuts import DEFAULT_CUTS, choose_cuts
from research.lookahead.decisions import (
    PAUSED,
    REFUSED,
    SUBMIT,
    Decision,
    described,
    first_difference,
    pair_ns,
)
from research.lookahead.errors import NothingToCheck
from research.lookahead.known import early_records
from research.lookahead.outside import FileWatch, held_series
from research.lookahead.report import (
    CLEAN,
    MOVED,
    SUSPECT,
    UNREPEATABLE,
    LookaheadReport,
    Moved,
    Response,
    Suspicion,
)
from research.lookahead.rerun import Rerun, checked

TAIL_ORDERS = 10  # of each strategy, for which an altered re-run goes on after its cut
LEAST_ORDERS = 10  # fewer after all cuts tell nothing of whether a strategy follows its data
SAME_SHARE = 0.95
_RUNS_AS_A_WHOLE = 2


def check_lookahead(
    config: Config, data: Data, *, cuts: int = DEFAULT_CUTS, progress: Progress | None = None
) -> LookaheadReport:
    """Run the backtest of `config` over `data` again and again: once more as it is, and twice for each of `cuts` cuts.

    Raises ConfigError, DataProblem, JournalError, NothingToCheck.
    """
    with many_runs():
        return _Check(config, data, progress).report(cuts)


class _Check:
    """One check while it goes on."""

    def __init__(self, config: Config, data: Data, progress: Progress | None) -> None:
        self._config = checked(config)
        self._data = data
        self._progress = progress
        chosen = config.settings.backtest.seed
        self._seed = config.settings.session.seed if chosen is None else chosen
        self._done = self._runs = 0
        self._end_ns = data.last_ns + 1
        self._planned = _RUNS_AS_A_WHOLE
        self._moved: list[Moved] = []
        self._counts: dict[str, list[int]] = {}

    def report(self, cuts: int) -> LookaheadReport:
        """Carry it out."""
        begun = time.perf_counter()
        self._planned += 2 * cuts
        base, suspicions = self._base()
        chosen: list[int] = []
        repeat = self._run(Rerun(self._config, self._data))
        self._end_ns = base.engine.now_ns + 1
        self._compare(base, repeat, "repeat", self._end_ns)
        if not self._moved:
            first_ns = max(base.started_ns, base.feed.first_ns)
            chosen = choose_cuts(base.decisions, first_ns, base.engine.now_ns, cuts, self._seed)
            for number, cut_ns in enumerate(chosen):
                self._cut(base, cut_ns, number)
        suspicions += self._unfollowed()
        verdict = CLEAN
        if self._moved:
            verdict = MOVED if chosen else UNREPEATABLE
        elif suspicions:
            verdict = SUSPECT
        return LookaheadReport(
            verdict=verdict,
            decisions=len(base.decisions),
            inputs=base.trace.inputs,
            cuts=[moment(cut_ns) for cut_ns in chosen],
            reruns=self._runs - 1,
            seed=self._seed,
            moved=sorted(self._moved, key=lambda each: each.time_ns),
            suspicions=suspicions,
            responses=[_response(name, counts) for name, counts in sorted(self._counts.items())],
            data=early_records(self._data.sources()),
            notes=self._notes(base),
            elapsed_s=round(time.perf_counter() - begun, 3),
        )

    # -- the runs --------------------------------------------------------------------------------------------------

    def _base(self) -> tuple[Rerun, list[Suspicion]]:
        """Run it as it is, watching what strategies open and hold. Raises NothingToCheck."""
        with FileWatch() as watch:
            base = Rerun(self._config, self._data)
            held: list[Suspicion] = []
            base.at_start = lambda: held.extend(_held(base))
            self._run(base)
        if not base.asked_for_something:
            raise NothingToCheck(base.why_nothing())
        opened = [
            Suspicion(
                kind="opens-file",
                strategy=place,
                message=f"{what}; what it learns there was not fed to it, and no re-run can alter it",
            )
            for what, place in watch.opened_by(_strategy_files(self._config))
        ]
        return base, [*opened, *held]

    def _run(self, rerun: Rerun) -> Rerun:
        """Run one, telling how far all of them are."""
        rerun.go(self._told() if self._progress is not None else None)
        self._runs += 1
        self._done += self._data.total
        return rerun

    def _told(self) -> Callable[[int, int], None]:
        def tell(done: int, total: int) -> None:
            assert self._progress is not None
            self._progress(self._done + done, self._planned * total)

        return tell

    def _cut(self, base: Rerun, cut_ns: int, number: int) -> None:
        """Run the two re-runs of one cut."""
        truncated = self._run(Rerun(self._config, self._data, stop_ns=cut_ns))
        self._compare(base, truncated, "truncated", cut_ns)
        stop_ns = _tail_ns(base.decisions, cut_ns, self._end_ns)
        alteration = Alteration(self._seed + number, cut_ns, base.feed.ranges)
        altered = self._run(Rerun(self._config, self._data, stop_ns=stop_ns, alteration=alteration))
        self._compare(base, altered, "altered", cut_ns)
        self._count(base, altered, cut_ns, stop_ns)

    def _compare(self, base: Rerun, rerun: Rerun, check: str, cut_ns: int) -> None:
        """Keep the first decision before the cut that is not the same."""
        pair = first_difference(base.decisions, rerun.decisions, cut_ns)
        if pair is None:
            return
        time_ns = pair_ns(pair)
        either = next(decision for decision in pair if decision is not None)
        markets: Sequence[Market] = base.engine.markets
        self._moved.append(
            Moved(
                check=check,
                strategy=either.strategy,
                time=moment(time_ns),
                time_ns=time_ns,
                was=_timed(pair[0], time_ns, markets),
                became=_timed(pair[1], time_ns, markets),
                cut=moment(cut_ns),
                cut_ns=cut_ns,
                input=either.inputs,
            )
        )

    # -- whether strategies follow what they are fed ---------------------------------------------------------------

    def _count(self, base: Rerun, altered: Rerun, cut_ns: int, stop_ns: int) -> None:
        """Count the orders after a cut that came again, by strategy."""
        was = _orders(base.decisions, cut_ns, stop_ns)
        became = _orders(altered.decisions, cut_ns, stop_ns)
        exact = Counter(each.wish for each in became)
        unpriced = Counter(each.wish[:-1] for each in became)
        for each in was:
            counts = self._counts.setdefault(each.strategy, [0, 0, 0])
            counts[0] += 1
            if exact[each.wish] > 0:
                exact[each.wish] -= 1
                counts[1] += 1
            if unpriced[each.wish[:-1]] > 0:
                unpriced[each.wish[:-1]] -= 1
                counts[2] += 1

    def _unfollowed(self) -> list[Suspicion]:
        """Suspect strategies that decide the same whatever they are fed."""
        return [
            Suspicion(
                kind="ignores-data",
                strategy=strategy,
                message=f"{again:,} of {orders:,} orders came again though every price before them had been altered: "
                "its decisions do not depend on the data fed (it may know this data from elsewhere, or trade by the "
                "clock alone)",
            )
            for strategy, (orders, again, _) in sorted(self._counts.items())
            if orders >= LEAST_ORDERS and again >= SAME_SHARE * orders
        ]

    def _notes(self, base: Rerun) -> list[str]:
        """Say what limits the check."""
        notes = [
            f"{each.strategy}: paused at {moment(each.now_ns)}: {each.asked.detail}; nothing later is checked"
            for each in base.decisions
            if each.asked.word == PAUSED
        ]
        for strategy, (orders, again, unpriced) in sorted(self._counts.items()):
            if orders < LEAST_ORDERS:
                notes.append(
                    f"{strategy}: {orders} orders after the cuts are too few to tell whether it follows its data"
                )
            elif unpriced >= SAME_SHARE * orders > again:
                notes.append(
                    f"{strategy}: only the prices of its orders follow the data; their times, sides and quantities "
                    "came again under every altered future"
                )
        return notes


def _strategy_files(config: Config) -> set[str]:
    """Return the files that define the configured strategies, as code objects name them. Raises ConfigError."""
    files: set[str] = set()
    for loaded in load_strategies(config).values():
        for each in loaded.strategy.__mro__:
            codes = [member.__code__ for member in vars(each).values() if inspect.isfunction(member)]
            if each.__module__.partition(".")[0] != "strategies":
                files.update(code.co_filename for code in codes)
    return files


def _held(base: Rerun) -> list[Suspicion]:
    """Suspect series that strategies hold when trading begins."""
    return [
        Suspicion(
            kind="holds-data",
            strategy=actor.id,
            message=f"holds {count:,} numbers in {name} before it has seen any market data",
        )
        for actor in base.engine.desk.actors
        for name, count in held_series(actor.strategy)
    ]


def _timed(decision: Decision | None, first_ns: int, markets: Sequence[Market]) -> str:
    """Return a decision in words, with its time where that is not the earlier one's."""
    text = described(decision, markets)
    return text if decision is None or decision.now_ns == first_ns else f"{text}, at {moment(decision.now_ns)}"


def _orders(decisions: Sequence[Decision], from_ns: int, until_ns: int) -> list[Decision]:
    """Return the orders asked for, refused ones too, in a span of time."""
    return [each for each in decisions if each.asked.word in {SUBMIT, REFUSED} and from_ns <= each.now_ns < until_ns]


def _tail_ns(decisions: Sequence[Decision], cut_ns: int, end_ns: int) -> int:
    """Return when each strategy has asked for some orders after a cut: what to run on to."""
    counts: Counter[str] = Counter()
    tail_ns = cut_ns
    for each in _orders(decisions, cut_ns, end_ns):
        counts[each.strategy] += 1
        if counts[each.strategy] <= TAIL_ORDERS:
            tail_ns = each.now_ns + 1
    return tail_ns


def _response(strategy: str, counts: Sequence[int]) -> Response:
    orders, again, unpriced = counts
    return Response(strategy=strategy, orders=orders, again=again, again_but_price=unpriced)
