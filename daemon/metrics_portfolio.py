"""Metrics of the portfolio's risk: amounts in the base currency, a loss is positive."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from daemon.metrics_families import NS, gauge, labelled, number
from daemon.status import ExposureStatus, PortfolioStatus

_CONFIDENCE = {"950000": "0.95", "990000": "0.99"}


def exposure_metrics(exposure: ExposureStatus) -> Iterator[Metric]:
    """Give what is at risk and what was earned, now."""
    for name, what in (
        ("profit", "Realised and open profit less fees of all positions."),
        ("gross", "Sum of all holdings beside the base currency, whatever their sign."),
        ("net", "The same with their signs."),
    ):
        amount = number(getattr(exposure, name))
        family = "tickerd_profit" if name == "profit" else f"tickerd_exposure_{name}"
        yield labelled(GaugeMetricFamily(family, what, labels=["currency"]), [([exposure.base_currency], amount)])
    yield gauge("tickerd_exposure_unpriced", "Holdings that no market values.", float(len(exposure.unpriced)))


def portfolio_metrics(portfolio: PortfolioStatus) -> Iterator[Metric]:
    """Give VaR, shortfall, stress losses, exposure and how old they are."""
    yield gauge("tickerd_portfolio_up", "1 where the newest snapshot has figures.", float(not portfolio.problem))
    if portfolio.age_ns < 0:
        return
    yield gauge("tickerd_portfolio_age_seconds", "Since the snapshot behind the figures.", portfolio.age_ns * NS)
    currency = [portfolio.base_currency]
    for name, what in (
        ("gross", "Gross exposure."),
        ("net", "Net exposure."),
        ("unmeasured", "Gross exposure that the figures leave out for want of history."),
        ("stress_worst", "Loss in the worst stress scenario."),
    ):
        amount = number(getattr(portfolio, name))
        yield labelled(GaugeMetricFamily(f"tickerd_portfolio_{name}", what, labels=["currency"]), [(currency, amount)])
    for name, what in (("var", "Value at risk."), ("es", "Expected shortfall.")):
        yield labelled(
            GaugeMetricFamily(f"tickerd_portfolio_{name}", what, labels=["currency", "method", "confidence"]),
            (
                ([*currency, method, confidence], number(row[f"{name}_{ppm}"]))
                for method, row in portfolio.tails.items()
                for ppm, confidence in _CONFIDENCE.items()
            ),
        )
    yield labelled(
        GaugeMetricFamily("tickerd_portfolio_stress_loss", "Loss in a scenario.", labels=["currency", "scenario"]),
        (([*currency, scenario], number(loss)) for scenario, loss in portfolio.stress.items()),
    )
    yield gauge("tickerd_portfolio_beta_ratio", "Beta to the benchmark, as a share of gross.", portfolio.beta)
    yield gauge("tickerd_portfolio_top_share_ratio", "The largest holding's share of gross.", portfolio.top_share)
    yield gauge("tickerd_portfolio_broken_pairs", "Pairs whose correlation broke.", float(len(portfolio.broken)))
    for name in ("delta", "gamma", "vega", "theta"):
        yield labelled(
            GaugeMetricFamily(f"tickerd_portfolio_{name}", f"Of options: {name}, in money.", labels=["currency"]),
            [(currency, number(getattr(portfolio, name)))],
        )
