"""Bars from snapshots, kept over restarts, seeded from files."""

import gzip

import pytest

from daemon.errors import UsageError
from daemon.portfolio.history import History, read_bars
from daemon.portfolio.scenario_file import read_scenarios

BAR = 60_000_000_000


def closes(history: History, name: str) -> list[float]:
    found = history.prices().get(name)
    return [] if found is None else found.closes.tolist()


def test_a_bars_close_is_the_last_price_within_it_and_the_one_under_way_is_none():
    history = History(BAR, 10)

    for second, price in ((5, 1.0), (50, 2.0), (61, 3.0), (119, 4.0), (121, 9.0)):
        history.add(second * 1_000_000_000, {"BTC": price})

    assert closes(history, "BTC") == [2.0, 4.0]
    assert history.prices()["BTC"].times_ns.tolist() == [BAR, 2 * BAR]


def test_what_was_not_priced_in_a_bar_has_none_there():
    history = History(BAR, 10)

    for bar, prices in enumerate(({"A": 1.0, "B": 1.0}, {"A": 2.0}, {"A": 3.0, "B": 3.0}, {})):
        history.add(bar * BAR, prices)

    assert history.prices()["B"].times_ns.tolist() == [BAR, 3 * BAR]


def test_only_the_window_is_kept():
    history = History(BAR, 3)

    for bar in range(10):
        history.add(bar * BAR, {"A": float(bar + 1)})

    assert closes(history, "A") == [6.0, 7.0, 8.0, 9.0]


def test_bars_survive_a_restart_and_a_torn_last_line(tmp_path):
    file = tmp_path / "deep" / "portfolio.jsonl"
    before = History(BAR, 3, file)
    for bar in range(6):
        before.add(bar * BAR, {"A": float(bar + 1)})
    with file.open("ab") as out:
        out.write(b'{"bar": 99, "bar_ns"')

    after = History(BAR, 3, file)
    after.add(6 * BAR, {"A": 7.0})
    after.add(7 * BAR, {"A": 8.0})

    assert after.skipped == 1
    assert closes(after, "A") == [3.0, 4.0, 5.0, 7.0]
    assert History(BAR, 3, file).skipped == 0
    assert closes(History(2 * BAR, 3, file), "A") == []  # bars of another length are none of ours


def test_the_file_is_written_anew_once_most_of_it_is_too_old(tmp_path):
    file = tmp_path / "portfolio.jsonl"
    before = History(BAR, 3, file)
    for bar in range(50):
        before.add(bar * BAR, {"A": 1.0})

    History(BAR, 3, file)

    assert len(file.read_bytes().splitlines()) == 4


@pytest.mark.parametrize(
    "text",
    [
        "timestamp,open,high,low,close,volume\n1970-01-01 00:01:00.000000,9,9,9,5,1\n1970-01-01T00:02:00Z,9,9,9,6,1\n",
        "time,close\n1600000020000,5\n1600000080000,6\n",
        "1630000000000,9,9,9,5,1\n1630000060000,9,9,9,6,1\n",
    ],
    ids=["iso", "milliseconds", "klines"],
)
def test_files_of_bars_are_read_whatever_their_times(tmp_path, text):
    file = tmp_path / "bars.csv.gz"
    file.write_bytes(gzip.compress(text.encode()))
    history = History(BAR, 10)

    assert history.seed("A", file) == 2

    assert closes(history, "A") == [5.0, 6.0]
    gap = history.prices()["A"].times_ns
    assert gap[1] - gap[0] == BAR


def test_a_seed_stands_before_what_was_collected_and_does_not_replace_it(tmp_path):
    file = tmp_path / "bars.csv"
    file.write_text("time_ns,close\n" + "".join(f"{10**17 + bar * BAR},{bar}\n" for bar in range(1, 5)))
    history, first = History(BAR, 10), 10**17 // BAR
    history.add((first + 4) * BAR, {"A": 77.0})
    history.add((first + 5) * BAR, {"A": 88.0})

    history.seed("A", file)

    assert closes(history, "A") == [1.0, 2.0, 3.0, 77.0]


def test_a_file_that_is_none_says_what_is_needed(tmp_path):
    file = tmp_path / "bars.csv"
    file.write_text("hello\n")

    with pytest.raises(UsageError, match="columns timestamp and close"):
        list(read_bars(file))
    with pytest.raises(UsageError, match="seed_files"):
        list(read_bars(tmp_path / "none.csv"))


def test_scenarios_of_ones_own_are_read_from_toml(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(
        '[oil]\nsource = "1990"\nvolatility = 0.1\nmoves = { "class:commodity" = 1.0, "symbol:BTC" = -0.2 }\n'
    )

    [found] = read_scenarios(file)

    assert (found.name, found.source, len(found.shocks)) == ("oil", "1990", 2)
    file.write_text('[oil]\nmoves = { "BTC" = -0.2 }\n')
    with pytest.raises(UsageError, match="no scope"):
        read_scenarios(file)
    file.write_text("[oil]\nshock = 1\n")
    with pytest.raises(UsageError, match="shock"):
        read_scenarios(file)
