"""What a sweep came to: every trial, their order, the summary that is written and printed."""

import math
from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from research.sweep.deflated import Luck, luck_of
from research.sweep.figures import Figures
from research.sweep.grid import Values

_REASONS_SHOWN = 5


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One combination: its figures, or why there are none: the strategy refused it, or its run failed."""

    number: int  # counts combinations from 0
    values: Values
    figures: Figures | None = None
    refused: bool = False
    problem: str = ""


Rank = Callable[[Figures], float | None]

# What trials are ordered by, the best first: what is to be large, None where a trial does not tell it.
ORDERS: dict[str, Rank] = {
    "return": lambda figures: figures.gain,
    "profit": lambda figures: float(figures.profit),
    "sharpe": lambda figures: figures.sharpe,
    "drawdown": lambda figures: -figures.max_drawdown_share,
    "fees": lambda figures: -float(figures.fees),
    "orders": lambda figures: float(figures.orders),
}


class Best(msgspec.Struct, frozen=True, kw_only=True):
    """One of the best, as JSON tells it."""

    rank: int
    params: dict[str, object]
    figures: Figures


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Everything worth telling of a sweep. Shares are of 1, money is text in `currency`."""

    folder: str
    state: str  # "ended", "interrupted"
    strategy: str
    use: str
    driver: str
    data: list[str]
    data_digests: list[str]
    varied: dict[str, list[object]]
    combinations: int
    ran: int
    refused: int  # by the strategy's parameters or its `prepare`
    failed: int
    problems: dict[str, int]  # why, and how often
    by: str
    currency: str
    start: str
    sample_s: float
    inputs: int  # of one trial
    jobs: int
    elapsed_s: float
    trials_per_s: float
    luck: Luck | None  # None where the samples do not tell a Sharpe ratio
    best: list[Best]


def ranked(trials: Sequence[Trial], by: str) -> list[Trial]:
    """Return the trials that have figures, the best first; equals in the order in which they were tried."""
    rank = ORDERS[by]

    def key(trial: Trial) -> tuple[bool, float, int]:
        assert trial.figures is not None
        value = rank(trial.figures)
        return value is None, -value if value is not None else 0.0, trial.number

    return sorted((trial for trial in trials if trial.figures is not None), key=key)


def problems_of(trials: Sequence[Trial]) -> dict[str, int]:
    """Return why combinations have no figures, the most frequent reasons first."""
    return dict(Counter(trial.problem for trial in trials if trial.problem).most_common(_REASONS_SHOWN))


def luck(trials: Sequence[Trial], step_ns: int) -> Luck | None:
    """Return what so many trials bring by luck alone, beside the best Sharpe ratio; None without one."""
    told = [trial.figures for trial in trials if trial.figures is not None and trial.figures.sharpe is not None]
    if not told:
        return None
    best = max(told, key=lambda figures: figures.sharpe or -math.inf)
    return luck_of([figures.sharpe or 0.0 for figures in told], best, step_ns)
