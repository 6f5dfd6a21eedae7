"""An execution of the venue's own making is booked once, whether its stream told it or its history alone."""

import msgspec
import pytest

from core.events import AccountTraded
from core.orders import Side
from core.records import Kind
from tests.engine.model_venue import balances_of
from tests.engine.model_world import QUICK
from tests.engine.test_reconcile_scenes import ADOPT, IGNORE, Scene

NAME = "autoclose-1"


def liquidated(scene):
    """The venue sells 10 of what is held, and nobody is told; return the execution."""
    scene.place(NAME, side=Side.SELL)
    scene.venue.fill(NAME, 10)
    scene.venue.outbox.clear()
    fill = scene.venue.fills[-1] = msgspec.structs.replace(scene.venue.fills[-1], own="liquidation")
    return fill


@pytest.mark.parametrize("policy", [QUICK, IGNORE, ADOPT], ids=["halt", "ignore", "adopt"])
def test_a_liquidation_that_nobody_heard_of_is_found_and_booked_whatever_is_done_with_foreign_orders(policy):
    scene = Scene(policy).ready()
    liquidated(scene)
    scene.pass_time(60)
    assert scene.engine.manager.position(0).quantity == -10
    assert scene.engine.manager.balances() == balances_of(scene.venue.fills)
    assert scene.codes().count("LIQUIDATION") == 1
    assert not scene.engine.gate.freezes.active
    assert scene.fold().durable_state() == scene.engine.durable_state()


@pytest.mark.parametrize("after_s", [0, 40], ids=["the stream first", "the history first"])
def test_a_liquidation_that_the_stream_tells_too_is_booked_once(after_s):
    scene = Scene().ready()
    fill = liquidated(scene)
    scene.pass_time(after_s)
    told = AccountTraded(
        venue="MODEL", order_id=NAME, exec_id=fill.exec_id, side=fill.side, price=fill.price, quantity=fill.quantity,
        fee=fill.fee, fee_currency=fill.fee_currency, reason="liquidation",
    )  # fmt: skip
    scene.step(Kind.ACCOUNT_TRADE, told, 0)
    scene.pass_time(60)
    assert scene.engine.manager.position(0).quantity == -10
    assert scene.engine.manager.balances() == balances_of(scene.venue.fills)
    assert not scene.engine.gate.freezes.active
