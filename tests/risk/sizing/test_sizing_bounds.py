"""From when on what is measured for sizes is known, and where a size is just large enough: from both sides."""

import msgspec
import pytest

from core.clock import EventClock
from core.market import Market
from core.money import money
from core.orders import Side
from oms.manager import OrderManager
from risk.controls.worth import Worth
from risk.sizing import parity, sizer
from risk.sizing.figures import Figures
from risk.sizing.kelly import mean_variance
from risk.sizing.liquidity import by_depth
from risk.sizing.parity import covariance, equal_risk, inverse_volatility, solved
from risk.sizing.regime import regime_of
from risk.sizing.samples import Samples
from risk.sizing.settings import RegimeSettings, SizingSettings, StrategySizing, billionths
from risk.sizing.sizer import Sizer
from risk.sizing.trades import Trades
from tests.risk.sizing.test_kelly import fill, trades
from tests.risk.sizing.test_sizing_rules import INSTRUMENT, SECOND, market

SETTINGS = SizingSettings(sample_s=1, window=10, least=3, atr_period=2)


def figures(*markets: Market, settings: SizingSettings = SETTINGS) -> Figures:
    return Figures(settings, OrderManager({}), markets)


def sampled(made: Figures, *columns: list[int]) -> Figures:
    """Sample markets second by second: how far each is moved up beside where it began; None: it is not connected."""
    for second, row in enumerate(zip(*columns, strict=True)):
        for here, moved in zip(made._markets, row, strict=True):
            here.connected = moved is not None
            here.bid_price, here.ask_price = 999_95 + (moved or 0), 1000_05 + (moved or 0)
        made.sample(second * SECOND)
    return made


# -- what is measured ------------------------------------------------------------------------------------------------


def test_a_volatility_is_known_from_its_least_count_of_returns_on():
    made = figures(market())
    sampled(made, [0, 10, 0])
    assert made.yearly(0) is None
    made = sampled(figures(market()), [0, 10, 0, 10])
    assert made.yearly(0) is not None


def test_an_average_true_range_is_known_once_there_is_one_and_it_is_a_range():
    made = figures(market())
    assert made.atr(0) is None
    for _ in range(3):
        made.take_bar(0, 100, 100, 100, complete=True)
    assert made.atr(0) is None  # nothing moved
    made.take_bar(0, 110, 100, 100, complete=True)
    assert made.atr(0) == 5.0


@pytest.mark.parametrize(("bid", "ask", "kept"), [(1000_00, 1000_00, 1), (1000_01, 1000_00, 0), (0, 1000_00, 0)])
def test_a_market_gives_a_sample_with_two_sides_that_are_not_crossed(bid, ask, kept):
    samples = Samples(SECOND, 10)
    samples.take(SECOND, market(bid, ask))
    assert len(samples.kept) == kept


def test_a_return_spans_at_most_a_step_and_a_half():
    samples = Samples(SECOND, 10)
    for now_ns in (0, 3 * SECOND // 2, 3 * SECOND + 1):
        samples.take(now_ns, market())
    assert samples.returns(10) == [0.0]


def test_a_regime_is_known_from_its_least_count_of_returns_on():
    settings = RegimeSettings(short=2)
    assert regime_of([0.01, 0.01], 2, settings) == "normal"
    assert regime_of([0.01], 1, settings) == "unknown"
    assert regime_of([0.01, 0.01], 3, settings) == "unknown"


def test_as_many_returns_as_the_window_has_can_be_asked_for():
    assert SizingSettings(window=10, least=10).least == 10


# -- depth -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bid", "ask", "side", "shown"),
    [
        (1000_00, 1000_00, Side.BUY, 1000),
        (1000_01, 1000_00, Side.BUY, 0),
        (0, 1, Side.SELL, 0),
        (1, 1, Side.SELL, 500),
    ],
)
def test_a_book_without_two_sides_or_a_crossed_one_shows_nothing(bid, ask, side, shown):
    assert by_depth(market(bid, ask), side, billionths(1.0), billionths(0.001)).quantity == shown


# -- shares of risk --------------------------------------------------------------------------------------------------

ONE, OTHER = [0, 10, 0, 10, 30], [0, 10, 20, 10, 10]
MEMBERS = {"a": (0, 3.0), "b": (1, 1.0)}


def both(one: list[int | None], other: list[int | None], settings: SizingSettings = SETTINGS) -> Figures:
    first, second = market(), market()
    second.index = 1
    return sampled(figures(first, second, settings=settings), one, other)  # type: ignore[arg-type]


def test_shares_go_by_correlations_once_enough_returns_are_of_the_same_times():
    made = both([0, 10, 0, 10], [0, 10, 20, 10])
    series = [made.returns(0), made.returns(1)]
    found = made.shares(MEMBERS)
    assert found is not None
    assert list(found.values()) == equal_risk(covariance(series), [3.0, 1.0])


def test_shares_go_by_volatilities_where_too_few_returns_are_of_the_same_times():
    made = both([0, 10, 0, 10, None, 0, 10], [None, None, 0, 10, 20, 10, 20])
    known = [made.yearly(0), made.yearly(1)]
    assert [len(each) for each in made._common([0, 1])] == [2, 2]
    found = made.shares(MEMBERS)
    assert found is not None
    assert list(found.values()) == inverse_volatility([each for each in known if each], [3.0, 1.0])


def test_nobody_has_a_share_while_one_market_does_not_move():
    assert both([0, 10, 0, 10], [0, 0, 0, 0]).shares(MEMBERS) is None


@pytest.mark.parametrize("matrix", [[[0.0]], [[-1.0]], [[1.0, 1.0], [1.0, 1.0]]])
def test_a_matrix_without_factors_has_no_solution(matrix):
    assert solved(matrix, [1.0] * len(matrix)) is None


@pytest.mark.parametrize(("step", "share"), [(0.1225, 1 - 0.1225), (0.16, 1 - 0.16 / 1.4)])
def test_steps_are_whole_once_the_decrement_is_small_and_damped_before(monkeypatch, step, share):
    slopes = []

    def first_step_alone(matrix, slope):
        slopes.append(slope[0])
        return [step, step] if len(slopes) == 1 else None

    monkeypatch.setattr(parity, "solved", first_step_alone)
    assert equal_risk([[1.0, 0.5], [0.5, 1.0]], [1.0, 1.0]) is None
    assert slopes == [0.5, pytest.approx(share * 1.5 - 1 / share, rel=1e-12)]  # decrements: 0.35 and 0.4


@pytest.mark.parametrize(("step", "shares"), [(1e-12, [1.0]), (1.0, None)])
def test_shares_are_found_where_a_step_is_small_and_none_where_it_leaves_nothing(monkeypatch, step, shares):
    monkeypatch.setattr(parity, "solved", lambda *_: [step])
    assert equal_risk([[1.0]], [1.0]) == shares


# -- trades ----------------------------------------------------------------------------------------------------------


def test_one_return_alone_does_not_tell_how_returns_differ():
    assert mean_variance([0.01], 0.0) is None


def test_the_fee_of_the_first_execution_counts_in_its_trade():
    counted: Trades = trades()
    counted.take(fill(Side.BUY, 100, 1000_00, fee="0.1"))
    counted.take(fill(Side.SELL, 100, 1000_00))
    assert list(counted.returns["s"]) == [pytest.approx(-0.01, rel=1e-12)]


@pytest.mark.parametrize(("beside", "known"), [(0, True), (9, True), (10, False), (-10, False)])
def test_trades_tell_of_a_strategy_while_less_than_a_lot_of_its_position_is_of_none(beside, known):
    manager = OrderManager({})
    manager.define(0, INSTRUMENT)
    made = Figures(SETTINGS, manager, [market()])
    made.trades.counting = True
    manager.strategy_position("s", 0).quantity = beside
    assert (made.trade_returns("s", INSTRUMENT, 0) is not None) is known


# -- sizes -----------------------------------------------------------------------------------------------------------


def asked(rules: StrategySizing, here: Market | None = None, equity: str = "1000") -> Sizer:
    manager, there = OrderManager({"USDT": money(equity)}), here or market()
    manager.define(0, there.instrument)
    manager.books.rates.markets = [there]
    made = Sizer(SETTINGS, manager, [there], EventClock())
    made.add("s", rules, there.instrument.id)
    return made


def bound_by(made: Sizer, **more: int) -> str:
    sized = made.size("s", made._markets[0], Side.BUY, **more)
    assert sized is not None
    return sized.bound_by


def test_ranges_are_wanted_by_rules_of_risk_alone():
    assert asked(StrategySizing(risk_per_trade=0.01)).wants_ranges
    assert not asked(StrategySizing(largest=1)).wants_ranges


def test_without_a_stop_of_the_strategy_so_many_ranges_are_the_distance():
    made = asked(StrategySizing(risk_per_trade=0.01, atr_multiple=3.0))
    assert bound_by(made) == "risk-unknown"
    assert bound_by(made, stop_distance=50) == "risk"
    for _ in range(3):
        made.figures.take_bar(0, 110, 100, 100, complete=True)
    sized = made.size("s", made._markets[0], Side.BUY)
    assert sized is not None
    assert sized.figures["stop_distance"] == "30"


def test_kelly_is_known_from_its_least_count_of_trades_on():
    made = asked(StrategySizing(kelly=1, kelly_least=2, kelly_errors=0))
    made.figures.trades = trades()
    seen = []
    for out in (1010_00, 995_00):
        seen.append(bound_by(made))
        made.figures.trades.take(fill(Side.BUY, 100, 1000_00))
        earned = (out - 1000_00) * 100 * INSTRUMENT.notional_factor
        made.figures.trades.take(fill(Side.SELL, 100, out, earned))
    assert [*seen, bound_by(made)] == ["kelly-unknown", "kelly-unknown", "kelly"]


@pytest.mark.parametrize(
    ("worth", "bound"), [(Worth(1, 1), "equity"), (Worth(0, 1), "equity-unknown"), (None, "equity-unknown")]
)
def test_a_unit_that_is_worth_nothing_is_valued_as_little_as_one_that_cannot_be(monkeypatch, worth, bound):
    monkeypatch.setattr(sizer, "worth_of", lambda *_: worth)
    assert bound_by(asked(StrategySizing(equity_share=0.5))) == bound


@pytest.mark.parametrize(
    ("changes", "largest", "bound"),
    [
        ({"min_quantity": 50}, 0.005, "largest"),
        ({"min_quantity": 50}, 0.004, "minimum"),
        ({}, 0.001, "largest"),  # a lot
        ({}, 0.0009, "minimum"),
        ({"min_notional": money("5")}, 0.005, "largest"),
        ({"min_notional": money("5")}, 0.004, "minimum"),
        ({"min_notional": money("5"), "inverse": True}, 0.004, "largest"),
    ],
)
def test_the_least_that_the_venue_takes_is_enough(changes, largest, bound):
    here = market()
    here.instrument = msgspec.structs.replace(INSTRUMENT, **changes)
    assert bound_by(asked(StrategySizing(largest=largest), here)) == bound
