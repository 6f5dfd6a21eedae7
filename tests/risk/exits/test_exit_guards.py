"""Guards of positions: which one a record is of, who may not enter yet, and what a restart takes over."""

from typing import Any

import pytest

from core.exits import ExitChanged
from oms.errors import BadState
from risk.exits.guards import Guards

KEY = ("ema", 0, 0)


def told(state: str = "guarded", **fields: Any) -> ExitChanged:
    given: dict[str, Any] = {"strategy_id": "ema", "instrument": 0, "hedge": 0, "sign": 1, "opened_ns": 5, "trail": 7}
    return ExitChanged(state=state, **given | fields)


@pytest.mark.parametrize(
    ("fields", "is_same"),
    [({"trail": 8}, True), ({"reason": "age"}, True), ({"sign": -1}, False), ({"opened_ns": 6}, False)],
)
def test_a_guard_goes_on_with_its_position_and_another_position_has_another(fields, is_same):
    guards = Guards()
    guards.take(told())
    guards.held[KEY].tries = 3
    guards.take(told(**fields))
    guard = guards.held[KEY]
    assert guard.tries == (3 if is_same else 0)
    assert {name: getattr(guard, name) for name in fields} == fields


@pytest.mark.parametrize(("state", "stays"), [("guarded", True), ("closing", True), ("closed", False), ("gone", False)])
def test_a_guard_ends_with_its_position(state, stays):
    guards = Guards()
    guards.take(told())
    guards.take(told(state, until_ns=9))
    assert (KEY in guards.held) is stays
    assert guards.cooling == ({} if stays else {("ema", 0): 9})


def test_a_restart_takes_over_the_instruments_that_are_still_there():
    guards, again = Guards(), Guards()
    for instrument in (0, 1):
        guards.take(told(instrument=instrument))
        guards.take(told("gone", strategy_id="other", instrument=instrument, until_ns=9))
    again.restore(1, guards.durable(), {1: 4})
    assert list(again.held) == [("ema", 4, 0)]
    assert again.cooling == {("other", 4): 9}


def test_guards_that_cannot_be_read_are_refused():
    with pytest.raises(BadState, match="version 2: this build reads 1"):
        Guards().restore(2, Guards().durable(), {})
    with pytest.raises(BadState, match="do not decode"):
        Guards().restore(1, b"\xc1", {})
