"""How data is cut into runs: nowhere that matters to a driver that takes runs whole."""

from itertools import pairwise
from pathlib import Path

import pytest

from core.events import InstrumentDefined
from core.records import Event, Kind
from journal.reader import open_session
from research.backtest import data as data_module
from research.backtest.data import Data, Folder
from research.backtest.times import NO_END, NO_START
from research.history.head import Origin
from research.history.writing import HistoryWriter
from tests.research.backtest.made import SETTINGS, backtest, bars, config, history, instrument

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
SEGMENT_BYTES = 4_096  # a segment ends with the first flush beyond it
MINUTES = 300


def closing_together(minutes: int) -> list[Event]:
    """Bars of three instruments that close, each minute, at one time; prices run up and down."""
    closes = [[100_000 + 40 * abs(at % 30 - 15) * steep for at in range(minutes)] for steep in (1, 2, 3)]
    each = [bars(run, index) for index, run in enumerate(closes)]
    return [bar for together in zip(*each, strict=True) for bar in together]


def many_segments(folder: Path, events: list[Event]) -> Path:
    with HistoryWriter(folder, Origin(kind="made up"), segment_bytes=SEGMENT_BYTES) as writer:
        writer.begin([instrument(symbol) for symbol in SYMBOLS], events[0][3])
        for at in range(0, len(events), 50):
            writer.extend(events[at : at + 50])
            assert writer._journal is not None
            writer._journal.flush()
    with open_session(folder) as reader:
        assert len(reader.segments) > 3
    return folder


@pytest.mark.parametrize("size", [2, 5, 131_072])
@pytest.mark.parametrize("folders", [1, 2])
def test_bars_that_close_together_are_in_one_run(tmp_path, monkeypatch, size, folders):
    monkeypatch.setattr(data_module, "RUN_SLOTS", size)
    events = closing_together(MINUTES)
    paths = [many_segments(tmp_path / "bars", events)]
    if folders == 2:
        paths.append(history(tmp_path / "more", bars([50_000] * MINUTES), ("XRPUSDT",)))
    with Data([Folder(path) for path in paths]) as data:
        runs = [(run, list(run.events)) for run in data.runs(NO_START, NO_END) if run.plain]

    assert len(runs) > 3 or size > len(events)
    assert all(first[-1][3] < second[0][3] for (_, first), (_, second) in pairwise(runs))
    assert [event for _, told in runs for event in told if event[2] < 3] == events
    for run, told in runs:
        assert (run.inputs, run.first_ns, run.last_ns) == (len(told), told[0][3], told[-1][3])
        if run.slots is not None:
            assert [tuple(row[1:]) for row in run.slots.tolist()] == told
    assert [run.done for run, _ in runs] == sorted({run.done for run, _ in runs})


def test_what_carries_a_payload_stays_where_it_was_told(tmp_path):
    events = closing_together(3)
    folder = tmp_path / "bars"
    with HistoryWriter(folder, Origin(kind="made up")) as writer:
        writer.begin([instrument(symbol) for symbol in SYMBOLS], events[0][3])
        writer.extend(events[:4])
        again = InstrumentDefined(instrument("SOLUSDT"))
        writer.add((Kind.INSTRUMENT, 0, 2, events[4][3], 0, again, 0, 0, 0, 0))
        writer.extend(events[4:])
    with Data([Folder(folder)]) as data:
        told = [event for run in data.runs(NO_START, NO_END) for event in run.events]
    places = [at for at, event in enumerate(told) if event[0] == Kind.INSTRUMENT]
    assert [event for event in told if event[0] == Kind.BAR] == events
    assert told[places[-1] - 1] == events[3]


KERNEL = """
from dataclasses import dataclass

from strategies import Kernel, StrategyParams
from strategies.desk import BUY, GTC, SELL, ask_order


@dataclass(slots=True)
class State:
    quantity: int


class Turning(Kernel):
    class Params(StrategyParams, frozen=True):
        quantity: str = "0.01"

    @staticmethod
    def prepare(params, markets):
        return State(markets[2].instrument.quantity(params.quantity))

    @staticmethod
    def at_bar(state, market, opened, high, low, close, volume, desk):
        if market.index == 0:  # the first to close decides for the last, by what it holds
            if desk.positions[2] > 0:
                ask_order(desk, 2, SELL, state.quantity, 0, GTC)
            else:
                ask_order(desk, 2, BUY, state.quantity, 0, GTC)
"""


@pytest.mark.slow  # it compiles first
@pytest.mark.parametrize("size", [2, 5])
def test_the_compiled_driver_does_not_depend_on_where_the_data_is_cut(tmp_path, monkeypatch, size):
    file = tmp_path / "turning.py"
    file.write_text(KERNEL, encoding="utf-8")
    names = [f"{symbol}.BINANCE" for symbol in SYMBOLS]
    text = SETTINGS.replace('instruments = ["BTCUSDT", "ETHUSDT"]', f"instruments = {list(SYMBOLS)}")
    text = text.replace('["BTCUSDT.BINANCE"]', str(names)).replace('"ema-cross"', f'"{file}:Turning"')
    text = text.replace("fast = 3, slow = 9, ", "") + "max_data_age_ms = 120_000\n"  # of the last to close
    folder = many_segments(tmp_path / "bars", closing_together(MINUTES))

    python = backtest(config(text), folder, out=tmp_path / "python")
    monkeypatch.setattr(data_module, "RUN_SLOTS", size)
    compiled = backtest(config(text, driver="compiled"), folder, out=tmp_path / "compiled")

    assert python.virtual.fills == compiled.virtual.fills > 10
    assert python.engine.digest() == compiled.engine.digest()
