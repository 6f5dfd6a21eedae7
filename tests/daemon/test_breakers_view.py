"""What the operator, the metrics and `tickerd why` show of breakers, and when the loop's lag is told."""

from prometheus_client import CollectorRegistry, generate_latest

from core.events import LifecycleState, LoopLagged
from core.orders import Side
from core.records import Event, Kind
from daemon.commands import breakers as command
from daemon.lag import LoopLag
from daemon.metrics_breakers import breaker_metrics
from daemon.views.breakers import breakers_view
from daemon.views.seen import Seen
from daemon.views.why import why_view
from risk.breaker_settings import DrawdownRow, LagRow, LossRow
from tests.engine.breaker_floor import Floor, mid, stage

SECOND_NS = 1_000_000_000


def lost() -> Floor:
    """A floor that has lost 6: warned in all, halted in its strategy."""
    floor = stage(
        day_loss=(LossRow(warn_at=5, flatten_at=10), LossRow(scope="strategy:*", halt_at=6)),
        drawdown=(DrawdownRow(scope="symbol:*", warn_at=50),),
        loop_lag_ms=(LagRow(warn_at=250),),
    )
    floor.trade(Side.BUY, 100_00)
    floor.tick(*mid(94_00))
    return floor


def test_the_view_has_figure_ladder_step_and_what_takes_it_back(capsys):
    view = breakers_view(lost().engine, 1)
    assert [(each.breaker, each.scope, each.step, each.figure, each.next) for each in view.rows] == [
        ("day_loss", "all", "warn", "6", "10"),
        ("loop_lag_ms", "all", "calm", "0", "250"),
        ("day_loss", "strategy:Idle", "halt", "6", ""),
        ("drawdown", "symbol:BTCUSDT.BINANCE", "calm", "6", "50"),
    ]
    assert view.rows[2].rearm == "tickerd arm strategy:Idle --reason ..."
    assert view.rows[0].ladder == {"warn": "5", "flatten": "10"}
    command._tell(view)
    assert "! day_loss of strategy:Idle stays at halt until a person arms it" in capsys.readouterr().out


def test_a_session_without_breakers_shows_none(capsys):
    floor = Floor()
    floor.engine.breaking = None
    view = breakers_view(floor.engine, 1)
    assert not view.rows
    command._tell(view)
    assert "no breaker" in capsys.readouterr().out


def test_metrics_have_step_figure_and_next():
    class Collector:
        def collect(self):
            return breaker_metrics(breakers_view(lost().engine, 1).rows)

    registry = CollectorRegistry()
    registry.register(Collector())
    text = generate_latest(registry).decode()
    assert 'tickerd_breaker_step{breaker="day_loss",scope="strategy:Idle"} 3.0' in text
    assert 'tickerd_breaker_figure{breaker="day_loss",scope="all"} 6.0' in text
    assert 'tickerd_breaker_next{breaker="day_loss",scope="all"} 10.0' in text
    assert 'tickerd_breaker_next{breaker="day_loss",scope="strategy:Idle"}' not in text


def test_why_names_the_breaker_that_stopped_a_strategy_and_those_that_warn():
    floor = lost()
    assert floor.engine.lifecycle is LifecycleState.READY
    (told,) = why_view(floor.engine, Seen(), floor.now_ns, None).rows
    latched = "strategy:Idle is latched (halt) by breaker:day_loss: day_loss is 6, halt at 6"
    assert told.answer.startswith(f"held back: {latched}")
    notes = [each.what for each in told.reasons if each.what.startswith("the breaker")]
    assert notes == ["the breaker day_loss of all is at warn: 6", "the breaker day_loss of strategy:Idle is at halt: 6"]


def test_the_loops_lag_is_told_once_a_second_at_its_worst_and_only_from_the_first_step_on():
    told: list[Event] = []
    lag = LoopLag(lambda: 250_000_000, lambda: 7, told.extend)
    for at_s, lag_ms in ((0.0, 249), (0.1, 250), (0.2, 900), (0.3, 300), (1.2, 0), (1.3, 100), (2.4, 10)):
        lag.measured(lag_ms * 1_000_000, at_s)
    assert [(each[0], each[5]) for each in told] == [
        (Kind.LAG, LoopLagged(lag_ns=250_000_000)),
        (Kind.LAG, LoopLagged(lag_ns=900_000_000)),
    ]
    assert lag.ns == 10_000_000
    LoopLag(lambda: None, lambda: 7, told.extend).measured(10**12, 9.0)
    assert len(told) == 2


def test_a_step_that_is_set_later_is_not_taken_by_a_lag_of_before():
    told: list[Event] = []
    steps = [250_000_000]
    lag = LoopLag(lambda: steps[-1], lambda: 7, told.extend)
    lag.measured(200_000_000, 0.0)
    steps.append(100_000_000)
    lag.measured(10_000_000, 60.0)
    assert not told


def test_the_edge_is_told_what_lag_matters():
    assert stage(loop_lag_ms=(LagRow(reduce_at=250),)).engine.lag_from_ns == 250_000_000
    assert stage(day_loss=(LossRow(warn_at=1),)).engine.lag_from_ns is None
