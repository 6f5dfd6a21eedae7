"""An execution is inferred only where the venue has told none of its order for long."""

from tests.engine.model_venue import balances_of
from tests.engine.test_reconcile_scenes import Scene


def test_executions_that_only_scans_tell_one_after_the_other_are_not_inferred_between_them():
    scene = Scene().ready()
    bought = scene.buy(quantity=30)
    scene.pass_time(1)
    for _ in range(15):
        scene.venue.fill(bought.intent.client_order_id, 1)
        scene.venue.outbox.pop()
        scene.pass_time(3)
    assert scene.order(bought).filled > 5
    assert "FILL_INFERRED" not in scene.codes()
    scene.pass_time(20)
    assert scene.engine.manager.balances() == balances_of(scene.venue.fills)
