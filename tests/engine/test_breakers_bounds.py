"""Where each breaker begins and ends to count, from both sides; and which of them a word to a scope concerns."""

import msgspec
import pytest

from core.bookings import DIVIDEND, SPLIT, BookedByHand
from core.controls import BreakerChanged
from core.effects import OrderFilled
from core.market import Market
from core.orders import ApprovedSubmit, OrderIntent, OrderType, Refusal, Side
from oms.manager import OrderManager
from risk.breaker_settings import (
    CountRow,
    DrawdownRow,
    LagRow,
    LossRow,
    QuorumRow,
    RejectRow,
    RepeatRow,
    Row,
    SlippageRow,
    SpreadRow,
    StreakRow,
    VolatilityRow,
)
from risk.breakers import repeats, second_count, slippage
from risk.breakers.breaker import Breaker, Unvalued
from risk.breakers.drawdown import Drawdown
from risk.breakers.ladder import Step
from risk.breakers.losses import DAY_NS, Loss, Since
from risk.breakers.machine import LoopLag
from risk.breakers.rates import RejectRate
from risk.breakers.repeats import Repeats
from risk.breakers.second_count import SecondCount
from risk.breakers.slippage import Slippage
from risk.breakers.streak import Streak
from risk.breakers.watch import Desk, Scoped, Watch
from tests.engine.breaker_floor import UNIT, board, mid, stage
from tests.engine.scenario import BTC, SECOND

# -- scopes ----------------------------------------------------------------------------------------------------------


def test_arming_a_scope_leaves_its_warnings_and_other_scopes_alone():
    floor = stage(loss=(LossRow(warn_at=5),), day_loss=(LossRow(halt_at=5), LossRow(scope="strategy:*", halt_at=5)))
    floor.trade(Side.BUY, 100_00)
    floor.tick(*mid(95_00))
    breaking = floor.engine.breaking
    assert breaking is not None
    assert breaking.board.tripped() == ["all", "strategy:Idle"]
    floor.arm()
    steps = {key: each.step for key, each in board(floor).breakers.items()}
    assert steps == {("loss", "all"): Step.WARN, ("day_loss", "all"): 0, ("day_loss", "strategy:Idle"): Step.HALT}


def test_a_warning_stops_no_scope():
    floor = stage(loss=(LossRow(warn_at=5),))
    floor.trade(Side.BUY, 100_00)
    floor.tick(*mid(95_00))
    assert board(floor).tripped() == []


def told(breaker: str, scope: str) -> BreakerChanged:
    return BreakerChanged(
        breaker=breaker, scope=scope, step=0, since_ns=0, figure="", limit="", memory={"since": "0"}, reason="",
        version=0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("breaker", "scope", "stays"),
    [
        ("loss", "strategy:later", True),  # it may appear yet
        ("day_loss", "strategy:own", True),
        ("day_loss", "strategy:later", False),
        ("loss", "venue:BINANCE", False),
        ("drawdown", "all", False),
        ("of-old", "all", False),
    ],
)
def test_what_the_settings_have_no_breaker_for_is_forgotten(breaker, scope, stays):
    floor = stage(loss=(LossRow(scope="strategy:*", warn_at=5),), day_loss=(LossRow(scope="strategy:own", warn_at=5),))
    before = told(breaker, scope)
    board(floor).kept.take(before)
    board(floor).restored()
    assert ((breaker, scope) in board(floor).kept.told) is stays


ETH = msgspec.structs.replace(BTC, symbol="ETHUSDT", venue="KRAKEN")


@pytest.mark.parametrize(
    ("scope", "ours_in_btc", "ours_in_eth", "others_in_btc", "markets"),
    [
        ("all", True, True, True, [0, 1]),
        ("strategy:own", True, True, False, [0, 1]),
        ("venue:BINANCE", True, False, True, [0]),
        ("symbol:ETHUSDT.KRAKEN", False, True, False, [1]),
    ],
)
def test_a_scope_holds_its_strategy_its_venue_or_its_instrument(
    scope, ours_in_btc, ours_in_eth, others_in_btc, markets
):
    scoped = Scoped(scope, Desk(OrderManager({}), [Market(0, BTC), Market(1, ETH)], 1, 0))
    assert (scoped.holds("own", 0), scoped.holds("own", 1), scoped.holds("other", 0)) == (
        ours_in_btc,
        ours_in_eth,
        others_in_btc,
    )
    assert [market.index for market in scoped.markets()] == markets


# -- one breaker -----------------------------------------------------------------------------------------------------


class Said(Watch):
    """Measures what a test says."""

    says: int | None = 0
    demand: tuple[int, str] | None = None

    def figure(self, now_ns):
        return self.says

    def demands(self):
        return self.demand


def of(row: Row) -> tuple[Breaker, Said]:
    watch = Said(Desk(OrderManager({}), [], 1, 0), "all")
    return Breaker("loss", "all", row, watch, 100_000, Unvalued(Step.REDUCE, 3 * SECOND)), watch


def test_what_cannot_be_valued_is_due_when_the_time_is_over_and_not_before():
    breaker, watch = of(LossRow(halt_at=5))
    watch.says, watch.problem = None, "no rate"
    due = [breaker.look(now_ns) for now_ns in (SECOND, 4 * SECOND - 1, 4 * SECOND)]
    assert [each and each.step for each in due] == [None, None, Step.REDUCE]


@pytest.mark.parametrize(
    ("says", "demand", "step", "reason"),
    [
        (1, Step.HALT, Step.HALT, "they differ"),
        (4, Step.HALT, Step.FLATTEN, "is 4, flatten at 4"),
        (3, Step.HALT, Step.HALT, "is 3, halt at 3"),
        (0, Step.REDUCE, Step.REDUCE, "they differ"),
    ],
)
def test_of_a_figure_and_a_difference_the_stricter_step_is_asked_for(says, demand, step, reason):
    breaker, watch = of(LossRow(warn_at=1, halt_at=3, flatten_at=4))
    watch.says, watch.demand = says, (demand, "they differ")
    asked = breaker.look(SECOND)
    assert asked is not None
    assert (asked.step, asked.reason) == (step, reason)


@pytest.mark.parametrize(("says", "step"), [(5, Step.CALM), (None, None)])
def test_a_warning_of_a_breaker_without_figures_is_over_once_there_is_a_figure(says, step):
    breaker, watch = of(CountRow())
    breaker.step, watch.says = Step.WARN, says
    asked = breaker.look(SECOND)
    assert (asked and asked.step) == step


# -- drawdown --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("money_held", "share"), [(0, 0), (-(10**18), 0)])
def test_an_account_that_never_had_anything_has_no_share_to_lose(money_held, share):
    watch = Drawdown(Desk(OrderManager({"USDT": money_held}), [], 1, 0), "all", "USDT", share=True)
    assert watch.figure(SECOND) == share


def test_a_drawdown_of_a_scope_counts_from_what_it_had_earned_when_it_was_first_looked_at():
    floor = stage(drawdown=(DrawdownRow(scope="strategy:*", halt_at=10),))
    floor.trade(Side.BUY, 100_00)
    floor.tick(*mid(108_00))
    watch = board(floor).breakers["drawdown", "strategy:Idle"].watch
    watch.anew(floor.now_ns)
    assert watch.figure(floor.now_ns) == 0
    assert watch.memory == {"at:USDT": 8 * 10**18, "peak": 0}
    watch.anew(floor.now_ns)
    floor.quote(0, 0)
    assert (watch.figure(floor.now_ns), watch.memory, watch.problem) == (None, {}, "BTCUSDT.BINANCE has no price")
    floor.quote(*mid(107_00))
    assert (watch.figure(floor.now_ns), watch.problem) == (0, "")


# -- days, markets, the loop -----------------------------------------------------------------------------------------


def test_a_clock_that_steps_back_over_midnight_begins_no_new_day():
    watch = Loss(Desk(OrderManager({}), [], 1, 0), "all", "USDT", Since.DAY)
    days = []
    for now_ns in (DAY_NS, 2 * DAY_NS - 1, 2 * DAY_NS, 2 * DAY_NS - 1, 3 * DAY_NS):
        watch.figure(now_ns)
        days.append(watch.memory["since"])
    assert days == [1, 1, 2, 2, 3]


@pytest.mark.parametrize(("bid", "ask", "fresh"), [(1, 2, 1), (0, 2, 0), (1, 0, 0), (0, 0, 0)])
def test_a_market_without_two_sides_is_not_fresh(bid, ask, fresh):
    floor = stage(feed_quorum=(QuorumRow(warn_below=1, max_age_ms=2000),))
    floor.quote(bid, ask)
    assert board(floor).breakers["feed_quorum", "all"].watch.figure(floor.now_ns) == -fresh


@pytest.mark.parametrize(("more_ns", "fresh"), [(0, 1), (1, 0)])
def test_a_market_is_fresh_for_just_so_long(more_ns, fresh):
    floor = stage(feed_quorum=(QuorumRow(warn_below=1, max_age_ms=2000),))
    watch = board(floor).breakers["feed_quorum", "all"].watch
    assert watch.figure(floor.now_ns + 2 * SECOND + more_ns) == -fresh


def test_a_lag_is_forgotten_when_the_window_is_over():
    watch = LoopLag(Desk(OrderManager({}), [], 1, 0), "all", LagRow(warn_at=1, window_s=3))
    watch.lagged(7, SECOND)
    assert [watch.figure(now_ns) for now_ns in (4 * SECOND - 1, 4 * SECOND)] == [7, 0]


@pytest.mark.parametrize(("bid", "ask", "text"), [(100_00, 100_00, "0"), (100_00, 99_99, ""), (0, 100_00, "")])
def test_bid_and_ask_may_be_one_price_and_no_market_is_crossed(bid, ask, text):
    floor = stage(spread=(SpreadRow(scope="symbol:*", warn_at=1, for_s=1),))
    floor.tick(bid or 0, ask)
    floor.quote(bid, ask)
    floor.time(SECOND)
    assert board(floor).breakers["spread", "symbol:BTCUSDT.BINANCE"].figure_text == text


def test_a_market_is_compared_with_the_usual_once_half_of_either_window_was_seen():
    floor = stage(volatility=(VolatilityRow(scope="symbol:*", warn_at=100, short_s=4, long_s=24),))
    watch = board(floor).breakers["volatility", "symbol:BTCUSDT.BINANCE"].watch

    def moves(count: int) -> bool:
        for number in range(count):
            floor.tick(*mid(100_00 + 10 * (number % 2)))
        return watch.figure(floor.now_ns) is not None

    assert (moves(13), moves(1)) == (False, True)  # 4 of the short window, 9 and 10 of the other 20
    floor.quote(0, 0)
    for _ in range(5):
        floor.time(SECOND)
    moves(1)
    assert (moves(1), moves(1)) == (False, True)


# -- orders and executions -------------------------------------------------------------------------------------------


def fill(name: str, side: Side = Side.BUY, exec_id: str = "x") -> OrderFilled:
    return OrderFilled(
        client_order_id=name, strategy_id="Idle", instrument=0, side=side, exec_id=exec_id, price=101_00, quantity=UNIT,
        fee="0", fee_currency="USDT", liquidity=None, realised="0",
    )  # fmt: skip


def intent(name: str = "o", instrument: int = 0) -> OrderIntent:
    return OrderIntent(
        client_order_id=name, strategy_id="Idle", instrument=instrument, side=Side.BUY, type=OrderType.LIMIT,
        quantity=UNIT, price=101_00,
    )  # fmt: skip


def test_a_refusal_of_an_instrument_that_there_is_not_counts_nowhere():
    watch = RejectRate(board(stage()).desk, "venue:BINANCE", RejectRow(warn_at=1, least=1, refusals=True))
    figures = []
    for instrument in (1, -1, 0):
        refusal = Refusal(
            code="NO", limit="", figure="", message="", intent=intent(instrument=instrument), limits_version=0
        )
        watch.note(refusal, SECOND)
        figures.append(watch.figure(SECOND))
    assert figures == [None, None, 1_000_000]


def test_an_action_is_forgotten_when_the_window_is_over():
    watch = Repeats(board(stage()).desk, "all", RepeatRow(warn_at=1, window_s=3))
    watch.note(fill("a"), SECOND)
    assert [watch.figure(now_ns) for now_ns in (4 * SECOND - 1, 4 * SECOND)] == [1, 0]


def test_of_one_action_so_many_orders_are_remembered(monkeypatch):
    monkeypatch.setattr(repeats, "ORDERS_MOST", 2)
    watch = Repeats(board(stage()).desk, "all", RepeatRow(warn_at=1))
    assert [watch.note(fill(name), SECOND) for name in ("a", "b", "c")] == [True, True, False]
    assert watch.figure(SECOND) == 2


def test_a_trade_that_brought_nothing_begins_the_count_of_losses_anew():
    floor = stage(loss_streak=(StreakRow(halt_at=9),))
    counts = []
    for out in (99_00, 99_00, 100_00, 99_00, 101_00):
        floor.trade(Side.BUY, 100_00)
        floor.trade(Side.SELL, out)
        counts.append(board(floor).breakers["loss_streak", "all"].watch.memory["streak"])
    assert counts == [1, 2, 0, 1, 0]


def test_what_was_lost_before_the_first_look_is_no_part_of_the_next_trade():
    floor = stage()
    floor.trade(Side.BUY, 100_00)
    floor.trade(Side.SELL, 95_00)
    watch = Streak(board(floor).desk, "all")
    assert watch.figure(floor.now_ns) == 0
    assert watch.memory == {"streak": 0, "Idle BTCUSDT.BINANCE": -5 * 10**18}


def counted() -> tuple[SecondCount, OrderFilled]:
    """A second count that has begun, and an execution that it has counted."""
    floor = stage()
    floor.trade(Side.BUY, 100_00)
    watch, execution = SecondCount(board(floor).desk, "all", "USDT", CountRow()), fill("a")
    watch.figure(floor.now_ns)
    watch.note(execution, floor.now_ns)
    return watch, execution


def test_a_second_count_goes_on_from_what_was_held_when_it_began():
    watch, _ = counted()
    assert watch.memory == {"begun": 1, "of:BTCUSDT.BINANCE": 2 * UNIT}


@pytest.mark.parametrize(
    ("what", "instrument", "left"), [(SPLIT, 0, 1), (DIVIDEND, 0, 2), (SPLIT, 1, 2), (SPLIT, -1, 2)]
)
def test_a_split_of_an_instrument_that_there_is_begins_its_second_count_anew(what, instrument, left):
    watch, _ = counted()
    told = BookedByHand(instrument=instrument, what=what, venue="BINANCE", booking_id="b", source="s", reason="r")
    assert watch.note(told, SECOND) is False
    assert watch.memory["of:BTCUSDT.BINANCE"] == left * UNIT  # the books know nothing of the execution above


def test_so_many_names_of_executions_are_remembered_and_the_oldest_is_forgotten(monkeypatch):
    monkeypatch.setattr(second_count, "NAMES_MOST", 2)
    watch, _ = counted()
    watch.note(fill("b"), SECOND)
    watch.note(fill("a"), SECOND)
    assert watch.memory["of:BTCUSDT.BINANCE"] == 3 * UNIT
    watch.note(fill("c"), SECOND)
    watch.note(fill("a"), SECOND)
    assert watch.memory["of:BTCUSDT.BINANCE"] == 5 * UNIT


def sent(name: str, reference_price: int) -> ApprovedSubmit:
    return ApprovedSubmit(intent=intent(name), reference_price=reference_price, limits_version=0)


def test_an_order_that_had_no_price_beside_it_is_compared_with_nothing():
    watch = Slippage(board(stage()).desk, "all", SlippageRow(warn_at=1, least=1))
    for price, is_compared in ((0, False), (1, True)):
        watch.note(sent("a", price), SECOND)
        assert watch.note(fill("a"), SECOND) is is_compared


def test_so_many_orders_wait_for_their_executions_and_the_oldest_is_compared_with_nothing(monkeypatch):
    monkeypatch.setattr(slippage, "ORDERS_MOST", 2)
    watch = Slippage(board(stage()).desk, "all", SlippageRow(warn_at=1, least=1))
    for name in ("a", "b"):
        watch.note(sent(name, 100_00), SECOND)
    assert [watch.note(fill(name), SECOND) for name in ("a", "b")] == [True, True]
    watch.note(sent("c", 100_00), SECOND)
    assert [watch.note(fill(name), SECOND) for name in ("a", "b", "c")] == [False, True, True]
    assert watch.figure(SECOND) == 10_000
