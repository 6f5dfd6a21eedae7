"""The two strategies that come with tickerd, on the engine they run in."""

import math

import msgspec
import pytest

from core.effects import StrategyState
from core.events import ReportType
from core.orders import ApprovedCancel, ApprovedSubmit, OrderIntent, OrderType, Side
from engine import StrategySpec
from risk.limits import RiskLimits
from strategies import BUILTIN, EmaCross, EmaCrossKernel, TwoSidedQuoter
from tests.engine.scenario import LOT, Stage, only

# The router wants several venues of one asset: tests/strategies/routing.
ON_ONE_MARKET = [strategy for name, strategy in BUILTIN.items() if name != "router"]


def spec(strategy, **params) -> StrategySpec:
    return StrategySpec(id="s", strategy=strategy, params=strategy.Params(**params), instruments=("BTCUSDT.BINANCE",))


def opened(strategy, *, limits: RiskLimits | None = None, **params) -> Stage:
    stage = Stage(spec(strategy, **params), limits=limits)
    stage.open()
    return stage


def strategy_of(stage: Stage):
    return stage.engine.desk.actors[0].strategy


def submits(effects):
    return [submit.intent for submit in only(effects, ApprovedSubmit)]


def test_the_averages_are_exponential_moving_averages_of_the_mid():
    """Against the closed form: ema_n = alpha * sum((1 - alpha)^k * x_(n-k)) + (1 - alpha)^n * x_0."""
    stage = opened(EmaCross, fast=3, slow=8, quantity="0.01")
    mids = [200_00 + 37 * number % 11 for number in range(50)]
    for twice_mid in mids:
        stage.quote((twice_mid - 2) // 2, twice_mid - (twice_mid - 2) // 2)
    for name, span in (("fast", 3), ("slow", 8)):
        alpha, n = 2 / (span + 1), len(mids) - 1
        expected = (1 - alpha) ** n * mids[0] + math.fsum(alpha * (1 - alpha) ** k * mids[n - k] for k in range(n))
        assert math.isclose(strategy_of(stage).save()[name], expected, rel_tol=1e-12)


def test_no_order_before_the_slow_average_is_warm():
    stage = opened(EmaCross, fast=2, slow=20, quantity="0.01")
    orders = [submits(stage.quote(99_00 + number, 99_02 + number)) for number in range(21)]
    assert orders[:20] == [[]] * 20
    assert len(orders[20]) == 1


def test_it_buys_when_the_fast_average_is_above_and_sells_out_when_it_falls_below():
    stage = opened(EmaCross, fast=2, slow=5, quantity="0.01")
    bought: list[OrderIntent] = []
    price = 99_00
    while not bought:
        price += 1
        bought = submits(stage.quote(price, price + 2))
    [order] = bought
    assert (order.side, order.type, order.quantity) == (Side.BUY, OrderType.MARKET, LOT)
    stage.fill(order.client_order_id, LOT, price + 2)
    sold: list[OrderIntent] = []
    while not sold:
        price -= 1
        sold = submits(stage.quote(price, price + 2))
    assert (sold[0].side, sold[0].quantity) == (Side.SELL, LOT)


@pytest.mark.parametrize("strategy", [EmaCross, EmaCrossKernel])
def test_the_ema_cross_trades_whole_lots_and_leaves_what_is_less(strategy):
    stage = opened(strategy, fast=2, slow=5, quantity="0.01")
    price = 99_00
    orders: list[OrderIntent] = []
    while not orders:
        price += 1
        orders = submits(stage.quote(price, price + 2))
    stage.fill(orders[0].client_order_id, 155_501, price + 2)
    stage.report(ReportType.EXPIRED, orders[0].client_order_id)
    [rest] = submits(stage.quote(price + 1, price + 3))
    assert rest.quantity == 844_000
    stage.fill(rest.client_order_id, 844_000, price + 3, "e2")
    orders = []
    while not orders:
        price -= 1
        orders = submits(stage.quote(price, price + 2))
    assert orders[0].quantity == 999_000
    stage.fill(orders[0].client_order_id, 999_000, price, "e3")
    assert [submits(stage.quote(price - 1, price + 1)) for _ in range(3)] == [[], [], []]


def test_only_one_order_is_out_at_a_time():
    stage = opened(EmaCross, fast=2, slow=5, quantity="0.01")
    count = sum(
        len(submits(stage.quote(99_00 + sign * 10, 99_02 + sign * 10)))
        for sign in (1, 1, 1, 1, 1, 1, -9, -9, -9, 9, 9, 9)
    )
    assert count == 1


def test_a_rejected_order_is_tried_again_at_the_next_quote():
    stage = opened(EmaCross, fast=2, slow=5, quantity="0.01")
    orders: list[OrderIntent] = []
    price = 99_00
    while not orders:
        price += 1
        orders = submits(stage.quote(price, price + 2))
    stage.report(ReportType.REJECTED, orders[0].client_order_id, reason="no")
    assert len(submits(stage.quote(price + 1, price + 3))) == 1


def test_a_refused_order_is_not_asked_for_again_before_the_next_crossing():
    stage = opened(EmaCross, limits=RiskLimits(max_order_notional="0.5"), fast=2, slow=5, quantity="0.01")
    refused = sum(len(stage.quote(99_00 + number, 99_02 + number)) for number in range(20))
    assert refused == 1
    assert strategy_of(stage).save()["seen"] == 20


def test_the_quoter_rests_one_order_on_each_side_of_the_mid():
    stage = opened(TwoSidedQuoter, quantity="0.01", half_spread_bps=10.0)
    orders = submits(stage.quote(100_00, 100_02))
    assert sorted(order.side for order in orders) == [Side.SELL, Side.BUY]
    assert all(order.post_only for order in orders)
    prices = {order.side: order.price for order in orders}
    assert prices[Side.BUY] < 100_00
    assert prices[Side.SELL] > 100_02
    assert submits(stage.quote(100_00, 100_02)) == []


def test_the_quoter_moves_its_quotes_with_the_mid():
    stage = opened(TwoSidedQuoter, quantity="0.01", half_spread_bps=10.0, requote_bps=5.0)
    first = submits(stage.quote(100_00, 100_02))
    effects = stage.quote(101_00, 101_02)
    assert {cancel.client_order_id for cancel in only(effects, ApprovedCancel)} == {
        order.client_order_id for order in first
    }
    for order in first:
        stage.report(ReportType.CANCELLED, order.client_order_id)
    second = submits(stage.quote(101_00, 101_02))
    assert sorted(order.side for order in second) == [Side.SELL, Side.BUY]


def test_the_quoter_withholds_the_side_on_which_its_inventory_is_full():
    stage = opened(TwoSidedQuoter, quantity="0.01", max_inventory="0.01")
    orders = {order.side: order for order in submits(stage.quote(100_00, 100_02))}
    buy = orders[Side.BUY]
    stage.fill(buy.client_order_id, LOT, buy.price)
    assert submits(stage.quote(100_00, 100_02)) == []
    stage.report(ReportType.CANCELLED, orders[Side.SELL].client_order_id)
    assert [order.side for order in submits(stage.quote(100_00, 100_02))] == [Side.SELL]


def test_the_quoter_rests_after_a_refusal_and_then_goes_on():
    stage = opened(TwoSidedQuoter, limits=RiskLimits(max_order_notional="0.5"), quantity="0.01", pause_ms=100)
    stage.quote(100_00, 100_02)
    assert stage.quote(100_00, 100_02) == ()
    stage.time(100_000_000)
    assert stage.quote(100_00, 100_02) != ()


def test_every_builtin_has_typed_parameters_with_defaults_and_saves_plain_values():
    for strategy in ON_ONE_MARKET:
        assert issubclass(strategy.Params, msgspec.Struct)
        stage = opened(strategy)
        stage.quote(100_00, 100_02)
        msgspec.json.encode(strategy_of(stage).save())


def test_a_strategy_that_loads_what_it_saved_saves_the_same():
    for strategy in ON_ONE_MARKET:
        first, second = opened(strategy), opened(strategy)
        for number in range(150):
            first.quote(100_00 + number % 7, 100_02 + number % 7)
        strategy_of(second).load(strategy_of(first).save())
        assert strategy_of(second).save() == strategy_of(first).save()


def test_a_strategy_that_fails_before_it_is_set_up_is_paused_and_the_session_has_its_digest():
    stage = opened(BUILTIN["router"])  # one market alone
    assert stage.engine.desk.actors[0].state is StrategyState.PAUSED
    assert len(stage.engine.digest()) == 32
