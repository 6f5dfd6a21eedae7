"""The last figures of the portfolio's risk, as limits read them: whole money, and how old they are."""

from core.money import money_text
from core.portfolio import BreakFigure, PortfolioRisk


class PortfolioFigures:
    """VaR, shortfall and worst stress loss in money (10^-18) of `base_currency`; a loss is positive.

    `as_of_ns` is the time of the positions and prices behind them, 0 before the first: whoever limits by these must
    say what counts as too old. A problem leaves the figures as they were, so that they age.
    """

    __slots__ = (
        "as_of_ns",
        "base_currency",
        "broken",
        "es_95",
        "es_99",
        "last",
        "problem",
        "problem_kind",
        "stress_worst",
        "unmeasured",
        "var_95",
        "var_99",
    )

    def __init__(self) -> None:
        """Know nothing yet."""
        self.as_of_ns = 0
        self.base_currency = ""
        self.var_95 = self.es_95 = self.var_99 = self.es_99 = self.stress_worst = self.unmeasured = 0
        self.problem = ""  # why the newest answer had no figures, "" where it had
        self.problem_kind = ""
        self.last: PortfolioRisk | None = None  # the newest answer that had figures
        self.broken: tuple[tuple[str, str], ...] = ()  # pairs whose correlation broke

    @property
    def known(self) -> bool:
        """Whether anything was ever told."""
        return bool(self.as_of_ns or self.problem)

    def take(self, told: PortfolioRisk) -> list[str]:
        """Take the worker's word; return what a person should know of it, once."""
        if told.problem:
            is_new = not self.problem or told.problem_kind != self.problem_kind
            self.problem, self.problem_kind = told.problem, told.problem_kind
            return [told.problem] if is_new else []
        self.problem = self.problem_kind = ""
        if told.as_of_ns < self.as_of_ns:
            return []  # an answer that came after a newer one
        self.as_of_ns, self.base_currency, self.last = told.as_of_ns, told.base_currency, told
        self.var_95, self.es_95 = int(told.var_95), int(told.es_95)
        self.var_99, self.es_99 = int(told.var_99), int(told.es_99)
        self.stress_worst, self.unmeasured = int(told.stress_worst), int(told.unmeasured)
        before, self.broken = self.broken, tuple((each.first, each.second) for each in told.breaks)
        return [_broke(each) for each in told.breaks if (each.first, each.second) not in before]

    def age_ns(self, now_ns: int) -> int:
        """Return how old the figures are, -1 where there are none."""
        return now_ns - self.as_of_ns if self.as_of_ns else -1

    def state(self) -> list[object]:
        """Return what a digest covers."""
        figures = [self.var_95, self.es_95, self.var_99, self.es_99, self.stress_worst, self.unmeasured]
        pairs = [list(pair) for pair in self.broken]
        return [self.as_of_ns, self.base_currency, *[str(each) for each in figures], self.problem, pairs]


def told_money(amount: str) -> str:
    """Return money that a record carries as text of a whole number, as decimal text for people."""
    return money_text(int(amount), 8)


def _broke(pair: BreakFigure) -> str:
    """Return a pair's break in words."""
    return (
        f"the correlation of {pair.first} and {pair.second} went from {pair.before:.2f} to {pair.after:.2f}: "
        "what was hedged or spread by it may no longer be"
    )
