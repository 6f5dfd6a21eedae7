"""How families of metrics are made: gauges, counters, states as one series each, what is not known left out."""

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

NS = 1e-9
Samples = Iterable[tuple[list[str], float | None]]


def labelled(family: GaugeMetricFamily | CounterMetricFamily, samples: Samples) -> Metric:
    """Return the family with its samples; a value that is not known gets none."""
    for labels, value in samples:
        if value is not None:
            family.add_metric(labels, value)
    return family


def gauge(name: str, what: str, value: float) -> Metric:
    """Return a gauge without labels."""
    return GaugeMetricFamily(name, what, value=value)


def counter(name: str, what: str, value: float) -> Metric:
    """Return a counter without labels."""
    return CounterMetricFamily(name, what, value=value)


def states(
    name: str,
    what: str,
    present: Iterable[tuple[list[str], str]],
    known: Iterable[str],
    labels: list[str] | None = None,
) -> Metric:
    """Return 1 for the present state of each thing and 0 for all other known ones; an unknown state joins them."""
    family = GaugeMetricFamily(name, what, labels=[*(labels or []), "state"])
    for thing, state in present:
        for candidate in dict.fromkeys([*(str(one) for one in known), state]):
            family.add_metric([*thing, candidate], float(candidate == state))
    return family


def number(text: str) -> float | None:
    """Return decimal text as a float, None for what is none."""
    try:
        return float(text)
    except ValueError:
        return None
