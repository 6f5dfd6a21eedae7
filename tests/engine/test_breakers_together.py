"""All breakers at once: they replay, each can begin anew, and splits, gaps and new settings do not mislead them."""

import msgspec
import pytest

from core.effects import OrderFilled
from core.events import (
    AccountTraded,
    ClockMeasured,
    CorporateAction,
    CorporateKind,
    FeedState,
    LoopLagged,
    ReportType,
)
from core.orders import OrderTerms, Side
from core.records import Kind
from engine import build_engine
from engine.breaking import Breaking
from oms.errors import BadState
from oms.latches import Level
from risk.breaker_settings import (
    BreakerSettings,
    CancelRow,
    ClockRow,
    CountRow,
    DrawdownRow,
    LagRow,
    LossRow,
    QuorumRow,
    RejectRow,
    RepeatRow,
    SlippageRow,
    SpreadRow,
    StepName,
    StreakRow,
    VolatilityRow,
)
from risk.breakers.kept import Kept
from tests.engine.breaker_floor import UNIT, board, limits, mid, stage
from tests.engine.scenario import Stage, only
from tests.engine.test_fold import Journal, Restless, carry_out

ALL_KINDS = {
    "loss": (LossRow(scope="strategy:*", warn_at=1),),
    "day_loss": (LossRow(scope="venue:*", warn_at=1),),
    "session_loss": (LossRow(scope="symbol:*", warn_at=1),),
    "drawdown": (DrawdownRow(warn_at=1), DrawdownRow(scope="strategy:*", warn_at=1)),
    "loss_streak": (StreakRow(warn_at=1),),
    "reject_rate": (RejectRow(warn_at="0.1", least=1),),
    "cancel_ratio": (CancelRow(warn_at=1, least=1),),
    "slippage": (SlippageRow(warn_at="0.0001", least=1),),
    "volatility": (VolatilityRow(scope="symbol:*", warn_at=1, short_s=1, long_s=3),),
    "spread": (SpreadRow(scope="symbol:*", warn_at="0.0001", for_s=1),),
    "feed_quorum": (QuorumRow(warn_below=2),),
    "clock_offset_ms": (ClockRow(warn_at=1),),
    "loop_lag_ms": (LagRow(warn_at=1),),
    "repeats": (RepeatRow(warn_at=1),),
    "second_count": (CountRow(warn_at=1),),
}


def lived() -> Stage:
    made = Stage(Restless, limits=limits(**ALL_KINDS))
    made.open()
    journal = Journal(made)
    for price in (100_00, 99_00, 95_00, 97_00, 90_00):
        made.quote(*mid(price))
        for number in range(1, 5):
            kind = ReportType.REJECTED if number == 4 else ReportType.FILLED
            carry_out(journal, ("report", kind, number, price, 0.1))
        made.payload(Kind.CLOCK, ClockMeasured(venue="BINANCE", offset_ns=5_000_000, uncertainty_ns=1))
        made.payload(Kind.LAG, LoopLagged(lag_ns=3_000_000))
        carry_out(journal, ("time", 1.0))
    return made


def test_every_kind_has_a_figure_and_all_of_it_replays():
    made = lived()
    shown = {kind: each.figure_text for (kind, _), each in board(made).breakers.items()}
    assert set(shown) == set(ALL_KINDS)
    assert not [kind for kind, figure in shown.items() if not figure]
    again = build_engine(made.settings)
    for event in made.fed:
        again.step(event)
    assert again.digest() == made.engine.digest()
    assert again.durable_state() == made.engine.durable_state()


def test_every_kind_begins_anew():
    made = lived()
    before = made.engine.digest()
    for breaker in board(made).breakers.values():
        breaker.watch.anew(made.now_ns)
    assert made.engine.digest() != before
    counted = ("loop_lag_ms", "repeats", "loss_streak")
    assert [board(made).breakers[kind, "all"].watch.figure(made.now_ns) for kind in counted] == [0, 0, 0]
    silent = ("reject_rate", "cancel_ratio", "slippage")
    assert [board(made).breakers[kind, "all"].watch.figure(made.now_ns) for kind in silent] == [None, None, None]


def test_a_market_without_two_sides_has_no_spread_and_no_move():
    floor = stage(spread=(SpreadRow(scope="symbol:*", reduce_at="0.5", for_s=1),), volatility=ALL_KINDS["volatility"])
    floor.tick(90_00, 110_00, seconds=5)
    floor.quote(0, 110_00)
    floor.time(10**9)
    assert [each.figure_text for (kind, _), each in board(floor).breakers.items() if kind == "spread"] == [""]


# -- the second count ------------------------------------------------------------------------------------------------


def test_a_split_and_a_liquidation_are_no_difference():
    floor = stage(second_count=(CountRow(),))
    floor.trade(Side.BUY, 100_00, 3 * UNIT)
    split = CorporateAction(venue="BINANCE", action_id="s", kind=CorporateKind.SPLIT, numerator=2, denominator=1)
    floor.payload(Kind.CORPORATE, split, 0)
    assert floor.engine.manager.position(0).quantity == 6 * UNIT
    sold = AccountTraded(
        venue="BINANCE", order_id="autoclose-1", exec_id="7", side=Side.SELL, price=50_00, quantity=UNIT
    )
    floor.payload(Kind.ACCOUNT_TRADE, sold, 0)
    floor.tick()
    assert floor.engine.manager.position(0).quantity == 5 * UNIT
    assert floor.latch() == 0


def test_an_execution_that_the_books_count_twice_is_counted_once():
    floor = stage(second_count=(CountRow(),))
    (fill,) = only(floor.trade(Side.BUY, 100_00), OrderFilled)
    watch = board(floor).breakers["second_count", "all"].watch
    watch.note(fill, floor.now_ns)
    floor.tick()
    assert floor.latch() == 0
    floor.engine.manager.position(0).fill(1, UNIT, 100_00)  # as books would that took it twice
    floor.tick()
    assert floor.latch() == Level.HALT


def test_a_count_that_has_no_value_says_so():
    floor = stage(
        second_count=(CountRow(halt_at=5),), base_currency="EUR", unvalued=StepName.REDUCE, unvalued_after_s=0
    )
    floor.trade(Side.BUY, 100_00)
    floor.tick()
    assert floor.latch() == Level.REDUCE
    drawn = stage(drawdown=(DrawdownRow(halt_at=5),), base_currency="EUR", unvalued=StepName.REDUCE, unvalued_after_s=0)
    drawn.tick()
    assert drawn.latch() == Level.REDUCE


def test_a_position_that_lost_its_price_has_no_figure():
    floor = stage(loss=(LossRow(halt_at=5),), unvalued=StepName.HALT, unvalued_after_s=1)
    floor.trade(Side.BUY, 100_00)
    floor.quote(0, 0)
    floor.time(2 * 10**9)
    floor.time(2 * 10**9)
    assert floor.latch() == Level.HALT
    assert floor.engine.gate.freezes.latches.held["all"].reason == (
        "loss cannot be valued: BTCUSDT.BINANCE has no price"
    )


# -- settings and states ---------------------------------------------------------------------------------------------


def test_a_state_that_cannot_be_read_is_refused():
    kept = Kept()
    with pytest.raises(BadState, match="version 2: this build reads 1"):
        kept.restore(2, b"", {})
    with pytest.raises(BadState, match="do not decode"):
        kept.restore(1, b"\xc1", {})


def test_an_order_that_closes_one_side_of_hedge_mode_goes_on_working():
    floor = stage(loss=(LossRow(reduce_at=5),))
    breaking = floor.engine.breaking
    assert isinstance(breaking, Breaking)
    name, _ = floor.send(Side.SELL)
    order = floor.engine.manager.order(name)
    assert order is not None
    assert not breaking._only_closes(order, {})
    for hedge, closes in ((Side.BUY, True), (Side.SELL, False)):
        order.intent = msgspec.structs.replace(order.intent, terms=OrderTerms(hedge=hedge))
        assert breaking._only_closes(order, {}) is closes


def test_settings_without_rows_watch_nothing():
    floor = stage()
    floor.feed(FeedState.DISCONNECTED)
    floor.tick()
    assert not board(floor).breakers
    assert floor.settings.limits.breakers == BreakerSettings()
