"""Metrics of the breakers: the step that each has reached, its figure, and the figure of its next step."""

from collections.abc import Iterator, Sequence

from prometheus_client.core import GaugeMetricFamily, Metric

from daemon.metrics_families import labelled, number
from daemon.status import BreakerStatus

STEPS = ("calm", "warn", "reduce", "halt", "flatten")
_NAMES = ["breaker", "scope"]


def breaker_metrics(breakers: Sequence[BreakerStatus]) -> Iterator[Metric]:
    """Give each breaker: an alarm is due where the figure comes near the next step, and is late at a step of 2."""
    yield labelled(
        GaugeMetricFamily("tickerd_breaker_step", "0 calm, 1 warn, 2 reduce, 3 halt, 4 flatten.", labels=_NAMES),
        (([each.breaker, each.scope], float(STEPS.index(each.step))) for each in breakers),
    )
    for name, what, figure in (
        (
            "figure",
            "What the breaker measures, in the unit of its settings; absent where nothing can be said.",
            "figure",
        ),
        ("next", "The figure of its next step; absent at the last.", "next"),
    ):
        yield labelled(
            GaugeMetricFamily(f"tickerd_breaker_{name}", what, labels=_NAMES),
            (
                ([each.breaker, each.scope], number(text) if (text := getattr(each, figure)) else None)
                for each in breakers
            ),
        )
    yield labelled(
        GaugeMetricFamily("tickerd_breaker_unvalued", "1 where the figure cannot be valued.", labels=_NAMES),
        (([each.breaker, each.scope], float(bool(each.problem))) for each in breakers),
    )
