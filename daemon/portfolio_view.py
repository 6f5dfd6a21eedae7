"""The portfolio's risk for people: the engine's last figures, in decimal text, with their age."""

from core.portfolio import PortfolioRisk
from daemon.status import PortfolioStatus
from risk.portfolio_figures import PortfolioFigures, told_money

_NOTHING = PortfolioRisk(as_of_ns=0, base_currency="")


def portfolio_status(figures: PortfolioFigures, now_ns: int) -> PortfolioStatus | None:
    """Return the last figures, None where none were ever asked for."""
    if not figures.known:
        return None
    told = figures.last or _NOTHING
    tails: dict[str, dict[str, str]] = {}
    for tail in told.tails:
        row = tails.setdefault(tail.method, {})
        row[f"var_{tail.confidence_ppm}"] = told_money(tail.var)
        row[f"es_{tail.confidence_ppm}"] = told_money(tail.es)
    return PortfolioStatus(
        base_currency=told.base_currency,
        age_ns=figures.age_ns(now_ns),
        problem=figures.problem,
        method=told.method,
        bars=told.bars,
        gross=told_money(told.gross),
        net=told_money(told.net),
        unmeasured=told_money(told.unmeasured),
        left_out=list(told.left_out),
        var_95=told_money(told.var_95),
        es_95=told_money(told.es_95),
        var_99=told_money(told.var_99),
        es_99=told_money(told.es_99),
        stress_worst=told_money(told.stress_worst),
        stress_scenario=told.stress_scenario,
        benchmark=told.benchmark,
        beta=told.beta,
        effective=1.0 / told.hhi if told.hhi else 0.0,
        top=told.top,
        top_share=told.top_share,
        broken=[f"{each.first} / {each.second}: {each.before:.2f} to {each.after:.2f}" for each in told.breaks],
        delta=told_money(told.delta),
        gamma=told_money(told.gamma),
        vega=told_money(told.vega),
        theta=told_money(told.theta),
        tails=tails,
        stress={each.scenario: told_money(each.loss) for each in told.stress},
    )
