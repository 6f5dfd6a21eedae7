"""What the risk worker measured of the portfolio, as limits: value at risk, expected shortfall, the worst scenario.

An order's own part in them is not known before it fills, so they hold what opens back once the portfolio is beyond
them, and let pass what closes. Figures that are too old, of another currency or of a part of the portfolio alone hold
back as well: a limit that nobody measures is no limit.
"""

from risk.controls.scope import NONE, Scope
from risk.controls.sums import Sums
from risk.controls.window import SECOND_NS

DEFAULT_AGE_S = 60


def tail_breach(scope: Scope, sums: Sums, now_ns: int) -> tuple[str, int, int] | None:
    """Return (code, figure, limit) of the first of these limits that is broken; -1 where a figure is not known."""
    figures = sums.portfolio
    most_s = DEFAULT_AGE_S if scope.max_portfolio_age_s == NONE else scope.max_portfolio_age_s
    if not figures.as_of_ns or figures.age_ns(now_ns) > most_s * SECOND_NS or figures.base_currency != sums.base:
        return "PORTFOLIO_STALE", figures.age_ns(now_ns), most_s * SECOND_NS
    for code, figure, limit in (
        ("VAR_99", figures.var_99, scope.max_var_99),
        ("ES_99", figures.es_99, scope.max_es_99),
        ("STRESS_LOSS", figures.stress_worst, scope.max_stress_loss),
        ("UNMEASURED", figures.unmeasured, scope.max_unmeasured),
    ):
        if figure > limit != NONE:
            return code, figure, limit
    return None
