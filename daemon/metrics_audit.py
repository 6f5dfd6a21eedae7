"""Metrics of the audit trail, for an alert rule: how old the newest signature is, here and in each second place.

docs/audit.md has the rules.
"""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from daemon.metrics_families import NS, gauge, labelled
from daemon.status import AuditSeen


def audit_metrics(audit: AuditSeen) -> Iterator[Metric]:
    """Tell of the signatures; a second place that has none yet has no age."""
    yield gauge("tickerd_audit_signed_age_seconds", "Since the head was signed last.", audit.signed_age_ns * NS)
    yield gauge("tickerd_audit_interval_seconds", "How often it is to be signed.", audit.every_ns * NS)
    yield labelled(
        GaugeMetricFamily(
            "tickerd_audit_anchored_age_seconds",
            "Since the newest signature that a second place has was made; absent before the first.",
            labels=["place"],
        ),
        (([each.place], each.age_ns * NS if each.age_ns >= 0 else None) for each in audit.places),
    )
    yield labelled(
        GaugeMetricFamily("tickerd_audit_anchors_pending", "Signatures that are not there yet.", labels=["place"]),
        (([each.place], each.pending) for each in audit.places),
    )
