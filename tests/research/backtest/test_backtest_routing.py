"""A backtest over two histories that the router works on: two venues of one asset, each with its own costs."""

from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from config.load import parse
from core.records import Event, Kind
from daemon.cli import main
from daemon.replay import replay_session
from research.backtest.driver import Backtest
from research.history.head import Origin
from research.history.writing import HistoryWriter
from tests.docs.markdown import document
from tests.research.backtest.made import SECOND_NS, START_NS, backtest, instrument

PAGE = document("docs/routing.md")
[SETTINGS] = [block.text for block in PAGE.blocks if block.language == "toml"]
TENTH = 10**7


def quotes(ask: int, first_ns: int, count: int = 30) -> list[Event]:
    """Four tenths of a coin on either side, a cent wide, each second at another price."""
    size = 4 * TENTH
    events: list[Event] = []
    for number in range(count):
        price, now_ns = ask + number % 5, first_ns + number * SECOND_NS
        events.append((Kind.QUOTE, 0, 0, now_ns, 0, price - 1, size, price, size, number + 1))
    return events


def history(folder: Path, venue: str, events: list[Event]) -> Path:
    with HistoryWriter(folder, Origin(kind="made up")) as writer:
        writer.begin([msgspec.structs.replace(instrument("BTCUSDT"), venue=venue)], events[0][3])
        writer.extend(events)
    return folder


@pytest.fixture(name="venues")
def two_histories(tmp_path: Path) -> tuple[Path, Path]:
    near = history(tmp_path / "near", "NEAR", quotes(60_000_00, START_NS))
    far = history(tmp_path / "far", "FAR", quotes(60_010_00, START_NS + SECOND_NS // 3))
    return near, far


def ran(venues: tuple[Path, ...], settings: str = SETTINGS) -> Backtest:
    return backtest(parse(settings), *venues)


def paid(done: Backtest) -> int:
    """What the purchase cost in all, money."""
    manager = done.engine.manager
    held = [manager.position(index) for index in range(len(done.engine.markets))]
    return sum(position.cost + position.fees for position in held)


def test_it_buys_where_it_is_cheapest_all_in(venues):
    done = ran(venues)
    bought = {market.instrument.venue: done.engine.manager.position(market.index) for market in done.engine.markets}
    assert sum(position.quantity for position in bought.values()) == 5 * TENTH
    assert bought["FAR"].quantity == 4 * TENTH, "dearer by price, cheaper all in"
    near_alone = SETTINGS.replace("NEAR = 1_000, FAR = 200", "NEAR = 0, FAR = 9_000")
    alone = ran(venues, near_alone.replace('quantity = "0.5"', 'quantity = "0.5", limit = "60001"'))
    assert [alone.engine.manager.position(market.index).quantity > 0 for market in alone.engine.markets] == [
        True,
        False,
    ]
    assert paid(done) < paid(alone)


def test_the_session_replays_bit_for_bit_and_its_decisions_can_be_exported(venues, tmp_path, capsys):
    settings = tmp_path / "my.toml"
    settings.write_text(SETTINGS)
    data = [word for folder in venues for word in ("--data", str(folder))]
    words = ["backtest", "-c", str(settings), *data, "--out", str(tmp_path / "run"), "--journal", "--json"]
    assert main(words) == 0
    journal = tmp_path / "run" / "journal"
    result = replay_session(journal)
    assert result.ok, result.text()
    capsys.readouterr()
    out = tmp_path / "routes.parquet"
    assert main(["journal", "export", str(journal), "--kind", "routes", "--format", "parquet", "--out", str(out)]) == 0
    rows = pq.read_table(out).to_pylist()
    assert {row["instrument"] for row in rows} == {"BTCUSDT.NEAR", "BTCUSDT.FAR"}
    first = [row for row in rows if row["decision"] == 1]
    assert [row["state"] for row in first] == ["sent", "sent"]
    assert [str(row["quantity"]) for row in first] == ["0.1", "0.4"]
    assert {row["fee_ppm"] for row in first} == {1_000, 200}
    assert "60000x0.4" in first[0]["levels"]


def test_the_compiled_driver_refuses_it_by_name(venues):
    with pytest.raises(Exception, match="router"):
        ran(venues, SETTINGS + '[backtest]\ndriver = "compiled"\n')
