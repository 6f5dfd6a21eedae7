"""docs/live.md lists the metrics of trading for real, all of them and none that is not told."""

import re

from daemon.metrics_trading import account_metrics, guard_metrics, live_metrics
from daemon.status import GuardSeen
from tests.daemon.status_samples import account, freeze, live, venue
from tests.docs.markdown import document


def test_the_page_lists_every_metric_of_trading_for_real():
    listed = set(re.findall(r"^\| `(tickerd_\w+)`", document("docs/live.md").text, re.MULTILINE))
    seen = GuardSeen(
        watching=True, problem="", state="ARMED", pid=1, beats=1, beat_age_ns=1, last_kill_ns=0, last_kill=""
    )
    trading = live_metrics(live(venue(dead_man_ns=1), freezes=[freeze()]), ["A.X"])
    families = [*trading, *account_metrics(account()), *guard_metrics(seen)]

    assert listed == {f"{family.name}_total" if family.type == "counter" else family.name for family in families}
