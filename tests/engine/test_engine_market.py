from typing import Any

import pytest

from core.bars import VENUE_INTERVALS, BarSpec, BarUnit
from core.book import BookState
from core.effects import Alert, BookResyncNeeded, OrderUpdated
from core.events import FeedState, InstrumentDefined
from core.records import ASK, FIRST, LAST, NOT_MARKET, PENDING, SNAPSHOT, Kind
from engine.errors import EngineError
from strategies import Strategy
from tests.engine.scenario import BTC, LOT, SECOND, Stage, only

WHOLE = FIRST | LAST


class Listener(Strategy):
    """Subscribes to everything and keeps what it hears."""

    def on_start(self):
        self.heard: list[Any] = []
        market = self.markets[0]
        self.subscribe_quotes(market)
        self.subscribe_quotes(market)  # twice is once
        self.subscribe_trades(market)
        self.subscribe_book(market)
        self.subscribe_bars(market, "1s")
        self.subscribe_bars(market, BarSpec(BarUnit.TICK, 2))

    def on_quote(self, quote):
        self.heard.append(("quote", quote.bid_price, quote.ask_price, self.now_ns == quote.recv_ns))

    def on_trade(self, trade):
        self.heard.append(("trade", trade.price, trade.aggressor.name))

    def on_book(self, market):
        self.heard.append(("book", market.book.best_bid, market.book.best_ask))

    def on_bar(self, bar):
        self.heard.append(("bar", bar.spec.unit.value, bar.open, bar.close, bar.trades, bar.complete))

    def on_timer(self, timer):
        self.heard.append(("timer", timer.name, timer.now_ns - timer.due_ns))


@pytest.fixture
def stage() -> Stage:
    made = Stage(Listener)
    made.open()
    return made


def heard(stage: Stage) -> list[Any]:
    strategy = stage.engine.desk.actors[0].strategy
    assert isinstance(strategy, Listener)
    out = strategy.heard[:]
    strategy.heard.clear()
    return out


def test_each_quote_is_heard_once_at_its_own_time(stage):
    stage.quote(99_98, 100_02)
    assert heard(stage) == [("quote", 99_98, 100_02, True)]


def test_trades_name_the_side_that_crossed_the_spread(stage):
    stage.trade(100_00)
    stage.trade(100_01, flags=0)
    assert [item for item in heard(stage) if item[0] == "trade"] == [
        ("trade", 100_00, "SELL"),
        ("trade", 100_01, "BUY"),
    ]


def test_a_trade_outside_the_market_moves_nothing(stage):
    stage.trade(0, 0, flags=NOT_MARKET)
    assert heard(stage) == []
    assert stage.engine.markets[0].last_price == 0


def test_a_book_is_heard_when_its_message_is_whole(stage):
    stage.book(SNAPSHOT | FIRST, 99_00, LOT, 10, 0)
    stage.book(SNAPSHOT | LAST | ASK, 101_00, LOT, 10, 0)
    stage.book(FIRST, 99_50, LOT, 11, 10)
    stage.book(LAST, 99_60, LOT, 11, 10)
    assert heard(stage) == [("book", 99_00, 101_00), ("book", 99_60, 101_00)]


def test_pending_levels_are_not_heard(stage):
    stage.book(WHOLE | PENDING, 99_00, LOT, 10, 0)
    assert heard(stage) == []


def test_a_gap_withholds_the_book_and_asks_for_a_snapshot(stage):
    stage.book(SNAPSHOT | FIRST, 99_00, LOT, 10, 0)
    stage.book(SNAPSHOT | LAST | ASK, 101_00, LOT, 10, 0)
    stage.book(WHOLE, 99_10, LOT, 11, 10)
    effects = stage.book(WHOLE, 99_20, LOT, 20, 15)
    assert [effect.instrument for effect in only(effects, BookResyncNeeded)] == [0]
    assert only(effects, Alert)[0].code == "BOOK_GAP"
    assert stage.engine.markets[0].book.state == BookState.INVALID


def test_a_feed_out_of_sync_withholds_the_book(stage):
    stage.book(SNAPSHOT | WHOLE, 99_00, LOT, 10, 0)
    stage.feed(FeedState.OUT_OF_SYNC, "book")
    assert stage.engine.markets[0].book.state == BookState.INVALID


def test_bars_close_by_trades_and_by_time(stage):
    stage.trade(100_00)
    stage.trade(100_05)
    stage.quote(99_98, 100_02, after_ns=2 * SECOND)
    bars = [item for item in heard(stage) if item[0] == "bar"]
    assert bars == [("bar", "tick", 100_00, 100_05, 2, True), ("bar", "time", 100_00, 100_05, 2, True)]


def test_a_time_bar_is_heard_before_the_event_that_came_after_its_end(stage):
    stage.trade(100_00)
    stage.quote(99_98, 100_02, after_ns=2 * SECOND)
    assert [item[0] for item in heard(stage)] == ["trade", "bar", "quote"]


def test_a_quiet_market_closes_its_bar_when_time_passes(stage):
    stage.trade(100_00)
    assert stage.engine.next_due_ns % SECOND == 0
    stage.time(2 * SECOND)
    assert [item[0] for item in heard(stage)] == ["trade", "bar"]


def test_bars_over_an_outage_say_that_they_are_incomplete(stage):
    stage.trade(100_00)
    stage.feed(FeedState.DISCONNECTED)
    stage.feed(FeedState.CONNECTED)
    stage.trade(100_05)
    bars = [item for item in heard(stage) if item[0] == "bar"]
    assert [bar[-1] for bar in bars] == [False]


def test_a_venues_own_bar_is_heard_by_whoever_asked_for_it():
    class VenueBars(Listener):
        def on_start(self):
            self.heard = []
            self.subscribe_venue_bars(self.markets[0])

    stage = Stage(VenueBars)
    stage.open()
    minute = VENUE_INTERVALS.index("1m")
    stage.step((Kind.BAR, minute, 0, stage.now_ns, 60 * SECOND, 100, 120, 90, 110, 7 * LOT))
    assert heard(stage) == [("bar", "time", 100, 110, 0, True)]


def test_timers_fire_in_order_of_time_at_the_event_that_brings_it():
    class Timed(Listener):
        def on_start(self):
            super().on_start()
            self.set_timer("late", 300)
            self.set_timer("early", 100)

    stage = Stage(Timed)
    stage.open()
    stage.time(50)
    assert heard(stage) == []
    stage.time(450)
    assert heard(stage) == [("timer", "early", 400), ("timer", "late", 200)]


def test_an_event_of_an_undefined_instrument_stops_the_engine():
    stage = Stage()
    with pytest.raises(EngineError, match="must not skip"):
        stage.payload(Kind.INSTRUMENT, InstrumentDefined(BTC), 1)


def test_an_input_that_this_build_does_not_know_stops_the_engine(stage):
    with pytest.raises(EngineError, match="not an input"):
        stage.step((99, 0, 0, stage.now_ns, 0, 0, 0, 0, 0, 0))


def test_no_event_without_consequences_makes_effects(stage):
    assert stage.quote(99_98, 100_02) == ()
    assert only(stage.trade(100_00), OrderUpdated) == []
