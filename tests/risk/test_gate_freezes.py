"""What reconciliation holds back at the gate, and what always passes it."""

import msgspec
import pytest

from core.effects import Effect
from core.events import ReportType
from core.orders import ApprovedCancel, ApprovedReplace, OrderTerms, Refusal, ReplaceIntent, Side
from oms.freezes import Freezes
from tests.risk.room import BTC, INSTRUMENT, SECOND_NS, Room


def frozen(room):
    room.gate.freezes.freeze(BTC, "position differs", [])


def halted(room):
    room.gate.freezes.halt("a twin", [])


def reconciling(room):
    room.gate.freezes.block("BINANCE", "its link is down")


def paused(room):
    room.gate.freezes.pause(BTC, room.now_ns + SECOND_NS)


HELD_BACK = [(frozen, "FROZEN"), (halted, "HALTED"), (reconciling, "RECONCILING")]


@pytest.mark.parametrize(("hold_back", "code"), [*HELD_BACK, (paused, "PAUSED")])
def test_what_opens_is_refused_by_name_and_cancels_pass(hold_back, code):
    room = Room()
    name = room.place()
    hold_back(room)
    refusal = room.refusal()
    assert refusal.code == code
    assert refusal.message
    assert isinstance(room.cancel(name), ApprovedCancel)


@pytest.mark.parametrize(("hold_back", "code"), HELD_BACK)
def test_what_reduces_passes(hold_back, code):
    room = Room()
    room.hold(100)
    hold_back(room)
    assert room.code(side=Side.SELL, quantity=100, reduce_only=True) == ""
    assert room.code(side=Side.SELL, quantity=100) == code  # it says nothing of reducing: more may be under way


def test_the_closing_side_of_a_leg_reduces_by_itself():
    room = Room()
    room.hold(100)
    frozen(room)
    long_leg = OrderTerms(hedge=Side.BUY)
    assert room.code(side=Side.BUY, terms=long_leg) == "FROZEN"
    assert room.code(side=Side.SELL, terms=long_leg) != "FROZEN"


def test_a_pause_holds_back_what_reduces_too_and_ends():
    room = Room()
    room.hold(100)
    paused(room)
    assert room.code(side=Side.SELL, quantity=100, reduce_only=True) == "PAUSED"
    room.now_ns += SECOND_NS
    assert room.code(side=Side.SELL, quantity=100, reduce_only=True) != "PAUSED"


@pytest.mark.parametrize(("hold_back", "code"), HELD_BACK)
def test_a_replacement_may_take_off_and_not_add(hold_back, code):
    room = Room()
    name = room.place(quantity=200)
    room.report(ReportType.ACCEPTED, name, venue_order_id="v")
    hold_back(room)
    for quantity, price, passes in ((100, 0, True), (300, 0, False), (0, 999_90, False)):
        wish = ReplaceIntent(client_order_id=name, strategy_id="s", quantity=quantity, price=price)
        answer = room.gate.check_replace(wish, room.market, room.manager, True, room.now_ns)
        assert isinstance(answer, ApprovedReplace if passes else Refusal)


def test_another_instrument_and_another_venue_are_not_concerned():
    freezes = Freezes()
    freezes.freeze(1, "why", [])
    freezes.block("KRAKEN", "why")
    assert freezes.breach(0, INSTRUMENT, "s", reduces=False, now_ns=0) is None
    assert freezes.breach(1, INSTRUMENT, "s", reduces=False, now_ns=0) is not None
    assert (
        freezes.breach(0, msgspec.structs.replace(INSTRUMENT, venue="KRAKEN"), "s", reduces=False, now_ns=0) is not None
    )


def test_nothing_is_asked_once_everything_is_released():
    freezes = Freezes()
    effects: list[Effect] = []
    freezes.freeze(1, "why", effects)
    freezes.freeze(1, "another", effects)
    freezes.halt("why", effects)
    freezes.halt("another", effects)
    freezes.pause(2, 10)
    names = [type(effect).__name__ for effect in effects]
    assert (freezes.active, names) == (True, ["FreezeChanged", "Alert"] * 2)
    freezes.wake(10)
    freezes.release(1, "agreed", effects)
    freezes.resume("agreed", effects)
    assert not freezes.active
    assert [effect.frozen for effect in effects if hasattr(effect, "frozen")] == [True, True, False, False]
