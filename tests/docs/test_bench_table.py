"""The table of figures that README shows."""

from tests.bench.figures import Figure
from tests.bench.table import Bench, table

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
        "By `make bench`: one core, x86_64, Linux, CPython 3.11.7, medians of 5 runs ([bench.json](docs/bench.json))."
    )
    assert lines[2:] == [
        "| figure | of what | measured | goal |",
        "| --- | --- | ---: | ---: |",
        "| `tick_to_order_us` | os, busy feed, p50/p99/p99.9 | 45.2 / 446 / 1,226 | ≤ 60 / ≤ 200 missed / - |",
        "| `replay_python_events_per_s` | no strategy | 1,512,346 | ≥ 1,400,000 |",
        "| `import_s` | a new process, files warm | 0.123 |  |",
    ]
