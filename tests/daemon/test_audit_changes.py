"""What was so before a change is told over restarts, too: the state that a session took over has it."""

from core.controls import BreakerChanged
from core.effects import RosterChanged
from core.events import StateCarried
from core.records import NO_INSTRUMENT, Kind
from daemon.audit.changes import Change, Changes
from daemon.audit.walk import Seen
from daemon.store.known import Known
from oms.fold import Fold
from oms.state import state_hash
from tests.engine.scenario import Stage


def after_a_restart(kind: Kind, left: object, changed: object) -> Change | None:
    """What a record is told to have changed in a session that began with what another one left."""
    engine = Stage().engine
    fold = Fold(engine.manager, engine.parts())
    fold.record(kind, NO_INSTRUMENT, 1, left)  # type: ignore[arg-type]
    state = fold.durable_state()
    changes = Changes(Known())
    carried = StateCarried(session="before", seq=1, state=state, digest=state_hash(state))
    assert changes.of(Seen(0, Kind.CARRIED, NO_INSTRUMENT, 2, 0, carried, -1, Kind.CARRIED)) is None
    return changes.of(Seen(1, kind, NO_INSTRUMENT, 3, 0, changed, -1, Kind.COMMAND))  # type: ignore[arg-type]


def breaker(step: int) -> BreakerChanged:
    return BreakerChanged(breaker="day_loss", scope="all", step=step, since_ns=1, figure="5", limit="4",
                          memory={"since": "1"}, reason="armed", version=1)  # fmt: skip


def test_a_breaker_that_is_armed_after_a_restart_is_told_from_the_step_that_it_had():
    change = after_a_restart(Kind.BREAKER, breaker(3), breaker(0))
    assert change is not None
    assert (change.what, change.before, change.after) == ("breaker day_loss", "halt", "calm")


def test_a_strategy_that_is_enabled_after_a_restart_is_told_to_have_been_off():
    off = RosterChanged(strategy_id="ema", standing="off", since_ns=1, source="ann", reason="news", settings="a")
    again = RosterChanged(strategy_id="ema", standing="", since_ns=2, source="ann", reason="calm")
    change = after_a_restart(Kind.ROSTER, off, again)
    assert change is not None
    assert (change.before, change.after) == ("off", "as set")
