"""Backtests of bars: orders sent at a close trade at the next open, and passing over bars changes nothing."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sim.paper import PaperExecution
from connectors.sim.settings import SimSettings
from core.arrays import SLOT_DTYPE
from core.bars import Bar
from core.clock import NEVER
from core.effects import Effect, OrderFilled
from core.events import FeedChanged, FeedState, InstrumentDefined, LifecycleChanged, LifecycleState
from core.records import EVENT, NO_INSTRUMENT, Event, Kind
from engine.build import EngineSettings, build_engine
from engine.spec import StrategySpec
from engine.virtual import VirtualRun
from research.backtest.agenda import BacktestAgenda
from research.backtest.openings import Openings, RecordedOpenings
from risk.limits import RiskLimits
from strategies import Strategy
from tests.research.backtest.made import MINUTE_NS, START_NS, bars, instrument

LOT = 1_000_000
SPREAD_FREE = SimSettings(entry_latency_ns=1_000_000, response_latency_ns=1_000_000)


class OnBars(Strategy):
    """Takes at some closes, rests at others, cancels at others."""

    def on_start(self) -> None:
        for market in self.markets:
            self.subscribe_venue_bars(market)

    def on_bar(self, bar: Bar) -> None:
        market = self.markets[bar.instrument]
        what = bar.close % 7
        if what == 1:
            self.buy(market, LOT)
        elif what == 2:
            self.sell(market, LOT, bar.close + 15)
        elif what == 3:
            self.buy(market, LOT, bar.close - 15)
        elif what == 4:
            self.cancel_all(market)


class Attentive(PaperExecution):
    """A venue that always says that it may matter, so that no bar is passed over."""

    def active(self) -> bool:
        return True


def run(events: list[Event], opens: Iterator[Event], venue: type[PaperExecution]) -> list[tuple[int, Effect]]:
    seen: list[tuple[int, Effect]] = []
    ids = ("BTCUSDT.BINANCE", "ETHUSDT.BINANCE")
    spec = StrategySpec(id="bars", strategy=OnBars, params=OnBars.Params(), instruments=ids)
    limits = RiskLimits(max_order_notional=1_000_000, max_position_notional=100_000_000)
    engine = build_engine(EngineSettings(epoch=1, seed=1, limits=limits, strategies=(spec,)))
    paper = venue(SPREAD_FREE, engine.markets)
    agenda = BacktestAgenda(Openings(opens), paper.open_bar, MINUTE_NS)
    virtual = VirtualRun(
        engine, paper, watch=lambda now_ns, effects: seen.extend((now_ns, each) for each in effects), agenda=agenda
    )
    for index, symbol in enumerate(("BTCUSDT", "ETHUSDT")):
        virtual.step((Kind.INSTRUMENT, 0, index, START_NS, 0, InstrumentDefined(instrument(symbol)), 0, 0, 0, 0))
    connected = FeedChanged(venue="BINANCE", state=FeedState.CONNECTED)
    virtual.step((Kind.FEED, 0, NO_INSTRUMENT, START_NS, 0, connected, 0, 0, 0, 0))
    ready = LifecycleChanged(LifecycleState.READY)
    virtual.step((Kind.LIFECYCLE, 0, NO_INSTRUMENT, START_NS, 0, ready, 0, 0, 0, 0))
    virtual.feed_run(events)
    agenda.stop()
    virtual.catch_up(engine.now_ns + 10 * MINUTE_NS)
    return seen


def opening_order(events: list[Event]) -> Iterator[Event]:
    return iter(sorted(events, key=lambda bar: bar[4]))


def test_an_order_sent_at_a_close_fills_at_the_next_open_after_its_latency():
    closes = [6_000_000, 6_000_001, 6_001_000, 6_002_000]  # the second asks for a market order
    events = bars([close - close % 7 + (1 if number == 1 else 0) for number, close in enumerate(closes)])

    fills = [(now_ns, effect) for now_ns, effect in run(events, opening_order(events), PaperExecution)
             if isinstance(effect, OrderFilled)]  # fmt: skip

    [(now_ns, fill)] = fills
    assert now_ns == events[1][3] + 2_000_000  # out and back
    assert fill.price >= int(str(events[2][5]))  # the open of the bar after, never the close that the strategy saw
    assert fill.price != events[1][8]


MOVES = st.lists(st.integers(-40, 40), min_size=1, max_size=60)


@settings(max_examples=60)
@given(MOVES, MOVES)
def test_bars_that_are_passed_over_while_nothing_is_under_way_change_nothing(btc, eth):
    series = []
    for index, moves in enumerate((btc, eth)):
        close, closes = 6_000_000, []
        for move in moves:
            close += move
            closes.append(close)
        series.append(bars(closes, index))
    events = sorted([*series[0], *series[1]], key=lambda bar: bar[3])

    passing, looking = (run(events, opening_order(events), venue) for venue in (PaperExecution, Attentive))

    assert passing == looking


def test_a_future_that_is_altered_moves_no_decision_before_it():
    closes = [6_000_000 + 37 * number % 400 for number in range(60)]
    other = [close if number < 40 else close + 1_000 for number, close in enumerate(closes)]
    before, after = bars(closes), bars(other)
    altered_ns = after[40][4]

    was, became = (run(events, opening_order(events), PaperExecution) for events in (before, after))

    kept = [entry for entry in was if entry[0] <= altered_ns]
    assert kept
    assert kept == [entry for entry in became if entry[0] <= altered_ns]


@pytest.mark.parametrize("intervals", [("1m",), ("1m", "5m")])
def test_the_opens_of_a_history_come_in_the_order_of_opening(tmp_path: Path, intervals):
    from research.backtest.data import Data, Folder
    from tests.research.backtest.made import history

    events = bars(range(6_000_000, 6_000_020))
    if "5m" in intervals:
        five = bars(range(6_000_000, 6_000_004), interval="5m")
        events += [
            (*bar[:3], START_NS + (n + 1) * 5 * MINUTE_NS, START_NS + n * 5 * MINUTE_NS, *bar[5:])
            for n, bar in enumerate(five)
        ]
    events.sort(key=lambda bar: bar[3])
    with Data([Folder(history(tmp_path / "bars", events))]) as data:
        opens = list(data.bars())

    assert sorted(opens) == sorted(events)
    assert [bar[4] for bar in opens] == sorted(bar[4] for bar in events)


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 2)), max_size=40),
    st.integers(1, 7),
    st.lists(st.one_of(st.none(), st.integers(0, 60))),
)
def test_records_open_like_the_events_that_they_are(bars_at, batch, moves):
    events: list[Event] = [
        (Kind.BAR, 2, index, opens_ns + 9, opens_ns, number, 0, 0, 0, 0)
        for number, (opens_ns, index) in enumerate(sorted(bars_at, key=lambda bar: bar[0]))
    ]
    slots = np.frombuffer(b"".join(EVENT.pack(*event) for event in events), SLOT_DTYPE)
    plain = Openings(iter(events))
    recorded = RecordedOpenings(slots[at : at + batch] for at in range(0, len(slots), batch))

    for move in moves:
        assert recorded.next_ns == plain.next_ns
        if move is not None:
            passed, looked_at = list(recorded.pass_over(move)), list(plain.pass_over(move))
            assert sorted(passed) == sorted(looked_at)
            assert [bar[4] for bar in passed] == [bar[4] for bar in looked_at]
        elif plain.next_ns != NEVER:
            assert recorded.take() == plain.take()
