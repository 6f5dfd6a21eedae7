"""docs/live.md lists the metrics of trading for real, all of them and none that is not told."""

import re

from daemon.metrics_trading import account_metrics, live_metrics
from tests.daemon.status_samples import account, freeze, live, venue
from tests.docs.markdown import document


def test_the_page_lists_every_metric_of_trading_for_real():
    listed = set(re.findall(r"^\| `(tickerd_\w+)`", document("docs/live.md").text, re.MULTILINE))
    families = [*live_metrics(live(venue(dead_man_ns=1), freezes=[freeze()]), ["A.X"]), *account_metrics(account())]

    assert listed == {f"{family.name}_total" if family.type == "counter" else family.name for family in families}
