"""The page's tables can be read back, and its own numbers of ours are what the recorded frames give."""

from collections import Counter
from pathlib import Path

import pytest

from research.fidelity import page
from research.fidelity.causes import NOT_TOLD, compare
from research.fidelity.errors import PageBroken, PeerFailed
from research.fidelity.fills import Fill, Order, Outcome, result_of
from research.fidelity.peer import Jobs
from research.fidelity.plan import QUEUES, RECORDINGS, RISK, source_of
from research.fidelity.replica import ALL, Replica, Rule
from research.fidelity.singles import run_singles
from research.fidelity.study import (
    OURS_BOOK,
    OURS_TICKER,
    STRATEGIES,
    THEIRS,
    EffectRow,
    SinglesRow,
    StrategyRow,
    Study,
    our_strategies,
    prepare,
    rows_for,
    strategy_row,
)
from tests.research.fidelity.made_market import PLAIN

NOTHING = Outcome(0, 0, 0, 0.0, refused=False)
ETH = RECORDINGS[1]


def made_study() -> Study:
    order = Order(1, 1, 100, (Fill(2, 1, 100, 3, 0.5, is_maker=True),))
    row = StrategyRow("made", "maker", "risk-averse", OURS_BOOK, result_of([order], PLAIN, 101.0), 3.0, 1, 1, 0.25)
    differences = compare([NOTHING], [NOTHING])
    singles = SinglesRow("made", "risk-averse", OURS_BOOK, differences, Counter({"quantity": 2, NOT_TOLD: 1}), [])
    return Study([row], [singles], [EffectRow("made", "one", "other", differences)], {"made": 1_250_000_000})


def test_tables_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text(f"# Above\n\n{page.BEGIN_MARK}\nreplaced\n{page.END_MARK}\n\nbelow\n", encoding="utf-8")
    page.write_section(path, page.markdown(made_study(), {"made": 1.0}, [("quantity", "a line")]))
    written = path.read_text(encoding="utf-8")
    assert written.startswith("# Above\n")
    assert written.endswith("below\n")
    assert "replaced" not in written
    strategies, singles, causes, effects = page.read_tables(path)
    assert tuple(strategies[0]) == page.STRATEGY_HEAD
    assert (strategies[0]["position"], strategies[0]["equity"]) == ("3.000000", "2.500000")
    assert singles[0]["alike"] == "1"
    assert causes[-1]["quantity"] == "2"
    assert causes[-1][NOT_TOLD] == "1"
    assert effects[0]["from"] == "one"


def test_a_page_without_marks_or_with_a_broken_row_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("no marks", encoding="utf-8")
    with pytest.raises(PageBroken, match="needs the lines"):
        page.read_tables(path)
    path.write_text(f"{page.BEGIN_MARK}\n| a | b |\n| --- | --- |\n| 1 |\n{page.END_MARK}", encoding="utf-8")
    with pytest.raises(PageBroken, match="a row of 1 cells in a table of 2"):
        page.read_tables(path)


def test_a_missing_environment_is_told_with_the_way_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(PeerFailed, match="make bench-peers"):
        Jobs(tmp_path).run(tmp_path / "python")


def test_the_pages_tables_cover_every_recording_strategy_and_view() -> None:
    strategies, singles, causes, effects = page.read_tables(page.PAGE)
    names = {recording.name for recording in RECORDINGS}
    runs = {OURS_BOOK, OURS_TICKER, *THEIRS.values()}
    assert tuple(strategies[0]) == page.STRATEGY_HEAD
    assert tuple(singles[0]) == page.SINGLES_HEAD
    assert tuple(effects[0]) == page.EFFECT_HEAD
    assert len(strategies) == len(names) * len(STRATEGIES) * len(runs)
    assert {row["run"] for row in strategies} == runs
    assert len(singles) == len(causes) - 1 == len(names) * len(QUEUES) * 2
    assert {row["recording"] for row in effects} == names


def test_every_difference_on_the_page_is_counted_once_and_told() -> None:
    _, singles, causes, _ = page.read_tables(page.PAGE)
    for single, cause in zip(singles, causes[:-1], strict=True):
        kinds = [*page.SINGLES_HEAD[6:11]]
        assert sum(_number(single[kind]) for kind in kinds) <= _number(cause["differ"])
        assert _number(cause["differ"]) == sum(_number(cause[name]) for name in list(cause)[4:])
    assert _number(causes[-1][NOT_TOLD]) <= _number(causes[-1]["differ"]) // 1_000


@pytest.mark.slow
def test_the_recorded_frames_still_give_our_numbers_on_the_page(recorded_dir: Path) -> None:
    if not source_of(recorded_dir, ETH).exists():
        pytest.skip(f"no {ETH.file} in {recorded_dir / 'binance'}")
    prepared = prepare(ETH, recorded_dir)
    strategies, singles, _, _ = page.read_tables(page.PAGE)
    shown = {(row["recording"], row["strategy"], row["queue"], row["run"]): row for row in strategies}
    queues = {queue.name: queue for queue in QUEUES}
    units = 10.0**-prepared.recorded.instrument.size_precision
    for (name, queue, run), orders in our_strategies(prepared).items():
        row = strategy_row(prepared, name, queues[queue], run, orders, None)
        cells = dict(zip(page.STRATEGY_HEAD, page.strategy_cells(row, units), strict=True))
        written = shown[ETH.name, name, queue, run]
        for column in page.STRATEGY_HEAD[:10]:
            assert cells[column] == written[column], (name, queue, run, column)
    wanted = {(row["view"], row["queue"]): row for row in singles if row["recording"] == ETH.name}
    for run in (OURS_BOOK, OURS_TICKER):
        ours = run_singles(prepared.recorded, prepared.script, RISK, quotes=run == OURS_TICKER)
        assert f"{sum(each.filled > 0 for each in ours):,}" == wanted[run, RISK.name]["filled here"]
        # All that sets the two engines apart is in the replica: with our rules it is our venue.
        replica = Replica(prepared.recorded, rows_for(prepared.recorded, run), prepared.script, RISK, ALL).run()
        assert compare(replica, ours).same == len(ours)
    # Without the set-off of late prints the queue is hftbacktest's: our rule for it makes no difference any more.
    ours = run_singles(prepared.recorded, prepared.script, RISK, quotes=False, print_lag_ns=0)
    rows = rows_for(prepared.recorded, OURS_BOOK)
    replica = Replica(prepared.recorded, rows, prepared.script, RISK, ALL - {Rule.QUEUE}).run()
    assert compare(replica, ours).same == len(ours)


def _number(text: str) -> int:
    return int(text.replace(",", ""))
