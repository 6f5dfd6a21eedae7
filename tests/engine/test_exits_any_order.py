"""Whatever the market and the fills: a fold of its exits is the engine's own state, and no exit overshoots."""

from hypothesis import given, settings
from hypothesis import strategies as st

from core.effects import ExitChanged
from core.events import ReportType
from core.orders import ApprovedSubmit, Side
from core.records import Kind
from oms.fold import Fold
from tests.engine.scenario import LOT, SECOND, only
from tests.engine.test_exits import Hand, staged

RULES = {"stop_loss": "1%", "take_profit": "3", "trailing": "0.7%", "max_holding_s": 30, "cool_down_s": 3}
steps = st.lists(
    st.tuples(st.integers(97_00, 104_00), st.sampled_from((0, 0, 0, 1, -1)), st.integers(0, 3), st.booleans()),
    max_size=25,
)


@settings(max_examples=40)
@given(script=steps)
def test_a_fold_has_the_guards_of_the_engine_and_nothing_is_closed_beyond_flat(script):
    stage = staged(Hand, **RULES)
    scratch = type(stage)(*stage.settings.strategies).engine
    fold = Fold(scratch.manager, scratch.parts())
    out: list[str] = []
    for middle, side, lots, fills in script:
        if side:
            Hand.wishes.append((Side(side), LOT * (lots + 1), 0))
        effects = list(stage.quote(middle - 1, middle + 1, after_ns=SECOND))
        held = stage.engine.manager.strategy_position("hand", 0).quantity
        for sent in only(effects, ApprovedSubmit):
            out.append(sent.intent.client_order_id)
            if sent.intent.reduce_only:
                assert sent.intent.quantity <= abs(held)
                assert held * int(sent.intent.side) < 0
        if fills and out:
            name = out.pop(0)
            order = stage.engine.manager.order(name)
            if order is not None and order.is_open:
                stage.report(ReportType.ACCEPTED, name, venue_order_id="v" + name)
                effects += stage.fill(name, order.leaves, middle, "x" + name)
        for effect in only(effects, ExitChanged):
            fold.record(Kind.EXIT, 0, stage.now_ns, effect)
        assert scratch.exits.guards.durable() == stage.engine.exits.guards.durable()
        for guard in stage.engine.exits.guards.held.values():
            held = stage.engine.manager.strategy_position("hand", 0).quantity
            assert (held > 0) == (guard.sign > 0)
