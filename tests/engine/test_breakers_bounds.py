"""Where each breaker begins and ends to count, from both sides; and which of them a word to a scope concerns."""

import pytest

from core.controls import BreakerChanged
from core.orders import Side
from risk.breaker_settings import LossRow
from risk.breakers.ladder import Step
from tests.engine.test_breakers import board, mid, stage

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
