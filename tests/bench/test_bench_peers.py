"""The runner of `make bench-peers`, with scripts that stand in for peers but are processes like them."""

import json
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.bench.peers import data
from tests.bench.peers.__main__ import merged
from tests.bench.peers.engines.scenario import DEPTH, TRADE
from tests.bench.peers.environments import PINS, NotInstalledError, environments
from tests.bench.peers.figures import Compared, Peers, Side
from tests.bench.peers.rows import SCAN, SWEEP_MEMORY_MB, Row, rows
from tests.bench.peers.running import ENGINES, ROOT, launch, measure, our_command, peer_command

SUMS = {
    ("quotes", "bid"): 12_000_022_832,
    ("bars", "close"): 1_498_099_035,
    ("events", "price"): 1_799_999_167,
    ("events", "quantity"): 4_706_353,
}
ROW = Row(name="fake", title="a fake", peer="fake", script="fake.py", scenario="fast", ours="fake", goal=2)
SCRIPT = """
import json, sys
from pathlib import Path
log, seconds = Path(sys.argv[1]), [float(each) for each in sys.argv[3:]]
turn = len([line for line in log.read_text().splitlines() if line == sys.argv[2]]) if log.exists() else 0
with log.open("a") as file:
    file.write(sys.argv[2] + "\\n")
print("chatter before the figures")
print(json.dumps({"events": 1000, "orders": 7, "seconds": seconds[turn], "cpu_seconds": seconds[turn],
                  "peak_rss_mb": 50.0, "version": "1.2", "more": "is ignored"}))
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "fake.py"
    path.write_text(SCRIPT, encoding="utf-8")
    return path


def takes(script: Path, side: str, *seconds: float):
    """Return how a side is started whose runs take these times one after the other."""
    return lambda _row: [sys.executable, str(script), str(script.with_name("log")), side, *map(str, seconds)]


def refuses(_row):
    raise NotInstalledError("fake cannot be installed: ERROR: no such thing")


def test_peer_and_ours_run_in_turn_and_their_medians_are_compared(script, tmp_path):
    compared = measure(ROW, 3, takes(script, "theirs", 9.0, 1.0, 2.0), takes(script, "ours", 0.5, 0.1, 0.25), tmp_path)

    assert (tmp_path / "log").read_text().split() == ["theirs", "ours"] * 3
    assert (compared.theirs.rate, compared.ours.rate, compared.ratio) == (500.0, 4000.0, 8.0)
    assert (compared.theirs.orders, compared.theirs.peak_rss_mb, compared.theirs.version) == (7, 50.0, "1.2")
    assert compared.reached


def test_a_peer_that_cannot_be_installed_is_told_with_the_reason_and_ours_is_measured(script, tmp_path):
    compared = measure(ROW, 1, refuses, takes(script, "ours", 0.5), tmp_path)

    assert compared.theirs == Side(missing="fake cannot be installed: ERROR: no such thing")
    assert compared.ours.rate == 2000.0
    assert compared.ratio == 0
    assert compared.reached is None


def test_a_script_that_fails_is_told_with_what_it_said(script, tmp_path):
    script.write_text("import sys; sys.exit('no data here')", encoding="utf-8")

    compared = measure(ROW, 2, takes(script, "theirs"), refuses, tmp_path)

    assert compared.theirs.missing == "fake.py ended with 1: no data here"


def test_a_script_that_prints_no_figures_is_told(script, tmp_path):
    script.write_text("print('hello')", encoding="utf-8")

    compared = measure(ROW, 1, takes(script, "theirs"), refuses, tmp_path)

    assert compared.theirs.missing.startswith("fake.py said 'hello' instead of its figures")


def test_new_rows_replace_their_elders_and_leave_all_else_in_the_file(tmp_path):
    def peers(*pairs: tuple[str, float]) -> Peers:
        empty = Side(missing="-")
        made = [
            Compared(name=name, title="", peer="p", unit="", goal=0, ratio=ratio, theirs=empty, ours=empty)
            for name, ratio in pairs
        ]
        return Peers(machine={}, runs=5, scale=1.0, rows=made)

    out = tmp_path / "bench.json"
    out.write_text('{"figures": [1, 2]}', encoding="utf-8")
    out.write_bytes(merged(out, peers(("a", 1.0), ("b", 2.0))))
    out.write_bytes(merged(out, peers(("b", 3.0))))

    written = json.loads(out.read_text())
    assert written["figures"] == [1, 2]
    again = msgspec.convert(written["peers"], Peers)
    assert {row.name: row.ratio for row in again.rows} == {"a": 1.0, "b": 3.0}


def test_every_row_has_its_script_and_every_peer_its_pins():
    for row in rows(250_000):
        assert (ENGINES / row.script).exists()
        assert row.peer == SCAN or "==" in (PINS / f"{row.peer}.txt").read_text()


def test_the_data_is_the_same_on_every_machine_and_is_made_once(tmp_path):
    folder = data.prepare(tmp_path, 0.001)
    first = (folder / "events.npy").stat().st_mtime_ns

    assert data.prepare(tmp_path, 0.001) == folder
    assert (folder / "events.npy").stat().st_mtime_ns == first
    assert {name: len(np.load(folder / f"{name}.npy")) for name in ("quotes", "bars", "events")} == {
        "quotes": 2_000,
        "bars": 250,
        "events": 3_000,
    }
    assert [int(np.load(folder / f"{name}.npy")[field].sum()) for name, field in SUMS] == list(SUMS.values())


def test_the_book_never_crosses_and_trades_happen_at_its_touch():
    bids: dict[int, int] = {}
    asks: dict[int, int] = {}
    traded = 0
    for number, (_, kind, side, price, quantity) in enumerate(data.events(5_000).tolist()):
        book = bids if side > 0 else asks
        if kind == DEPTH:
            book[price] = quantity
            if not quantity:
                del book[price]
        else:
            assert kind == TRADE
            assert price == (min(asks) if side > 0 else max(bids))
            assert 0 < quantity <= (asks if side > 0 else bids)[price]
            traded += 1
        if number >= 2:
            assert max(bids) < min(asks)
    assert len(bids) >= 20
    assert len(asks) >= 20
    assert traded > 400


def test_our_scenario_runs_as_a_process_and_says_what_it_took(tmp_path):
    folder = data.prepare(tmp_path, 0.001)

    [row] = [row for row in rows(250) if row.name == "quotes"]
    run = launch(our_command(folder)(row), ROOT)

    assert run.events >= 2_000
    assert run.orders == 0
    assert run.seconds > 0


def test_a_scenario_that_tickerd_lacks_is_said_to_be_missing(tmp_path):
    with pytest.raises(NotInstalledError, match="tickerd has no scenario fake"):
        our_command(tmp_path)(ROW)


@pytest.mark.slow
def test_pip_says_why_a_peer_is_skipped(tmp_path):
    (tmp_path / "fake.txt").write_text("./there-is-no-such-wheel-1.0-py3-none-any.whl\n", encoding="utf-8")

    found = environments(tmp_path / "var", ["fake"], tmp_path)

    assert isinstance(found["fake"], NotInstalledError)
    assert "ERROR" in str(found["fake"])
    with pytest.raises(NotInstalledError, match="fake cannot be installed"):
        peer_command(found, tmp_path)(ROW)


@pytest.mark.slow
def test_our_sweep_runs_every_pair_over_every_bar_in_little_memory(tmp_path):
    folder = data.prepare(tmp_path, 0.001)
    [row] = [row for row in rows(250) if row.name == "sweep"]
    launch(our_command(folder)(row), ROOT)  # compiles, which takes memory of its own

    run = launch(our_command(folder)(row), ROOT)

    assert row.ours == "sweep-1000"
    assert run.events == 1_000 * 250
    assert run.orders > 1_000
    assert run.peak_rss_mb <= SWEEP_MEMORY_MB
