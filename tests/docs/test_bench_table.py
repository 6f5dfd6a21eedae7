"""The table of figures that README shows."""

from tests.bench.figures import Figure
from tests.bench.peers.figures import Compared, Peers, Side
from tests.bench.table import Bench, peers_table, table

MACHINE_TEXT = {"python": "3.11.7", "machine": "x86_64", "system": "Linux"}
MACHINE: dict[str, str | int | float] = {"python": "3.11.7", "machine": "x86_64", "system": "Linux"}


def test_percentiles_of_one_measurement_share_a_row_and_a_missed_goal_is_said():
    figures = [
        Figure("tick_to_order_us", "os, busy feed, p50 of 1000", 45.25, "us", 60),
        Figure("tick_to_order_us", "os, busy feed, p99 of 1000", 446.2, "us", 200),
        Figure("tick_to_order_us", "os, busy feed, p99.9 of 1000", 1226.04, "us"),
        Figure("replay_python_events_per_s", "no strategy", 1_512_345.6, "events/s", 1_400_000, higher=True),
        Figure("import_s", "a new process, files warm", 0.123456, "s"),
    ]

    lines = table(Bench(MACHINE, 5, 1.0, figures)).splitlines()

    assert lines[0] == (
        "By `make bench`: one core, x86_64, Linux, CPython 3.11.7, medians of 5 runs ([bench.json](bench.json))."
    )
    assert lines[2:] == [
        "| figure | of what | measured | goal |",
        "| --- | --- | ---: | ---: |",
        "| `tick_to_order_us` | os, busy feed, p50/p99/p99.9 | 45.2 / 446 / 1,226 | ≤ 60 / ≤ 200 missed / - |",
        "| `replay_python_events_per_s` | no strategy | 1,512,346 | ≥ 1,400,000 |",
        "| `import_s` | a new process, files warm | 0.123 |  |",
    ]
    aimed = table(Bench(MACHINE, 5, 1.0, figures), goals_only=True).splitlines()
    assert aimed[2:] == lines[2:-1]
    assert aimed[0].endswith("([all figures](docs/bench.md)).")


def test_peers_stand_beside_ours_with_the_ratio_and_what_is_missing_is_a_dash():
    rows = [
        Compared(
            name="quotes",
            title="q",
            peer="fast",
            unit="events/s",
            goal=5,
            ratio=4.25,
            theirs=Side(rate=200_000.0, orders=0, peak_rss_mb=9.2, version="1.2", waited=1.5),
            ours=Side(rate=850.0, orders=33, peak_rss_mb=60.0, version="this tree"),
        ),
        Compared(
            name="sweep",
            title="a sweep",
            peer="broken",
            unit="pairs/s",
            goal=0,
            ratio=0,
            theirs=Side(missing="broken cannot be installed"),
            ours=Side(rate=412.5, peak_rss_mb=250.0),
        ),
    ]

    lines = peers_table(Peers(MACHINE_TEXT, 5, 1.0, rows)).splitlines()

    assert lines[0].startswith("By `make bench-peers`: the same data and strategy in turn on one core, x86_64, Linux, ")
    assert lines[4:] == [
        "| q | fast 1.2 | 200,000 events/s, 9 MB, core shared | 850 events/s, 33 orders, 60 MB | 4.25 | ≥ 5 missed |",
        "| a sweep | broken | - | 412 pairs/s, 250 MB | - |  |",
    ]
