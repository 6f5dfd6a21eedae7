"""Money that the venue tells in one on its stream, and in several rows in its history, is booked once."""

import pytest

from core.events import AccountMoved
from core.evidence import VenueMove
from core.money import MONEY_UNIT
from tests.engine.model_venue import SECOND, balances_of
from tests.engine.test_reconcile_scenes import Scene

LEGS = (-6 * MONEY_UNIT, 3 * MONEY_UNIT)  # what a long and a short side of one contract pay and get


def moved(world, amount, delay_ns):
    told = AccountMoved(venue="MODEL", move_id=f"told-{amount}", currency="USDT", amount=str(amount), reason="funding")
    world.venue.say(told, delay_ns)


def rows(world, amounts):
    for amount in amounts:
        world.venue.moves.append(
            VenueMove(
                move_id=f"m{world.venue.number()}",
                instrument=1,
                currency="USDT",
                amount=str(amount),
                reason="funding",
                venue_ns=world.venue.now_ns,
            )
        )


@pytest.mark.parametrize("delay_ns", [0, 10 * SECOND], ids=["the stream first", "the history first"])
@pytest.mark.parametrize("amounts", [LEGS, (*LEGS, -MONEY_UNIT)], ids=["two legs", "three rows"])
def test_what_the_stream_tells_in_one_and_the_history_in_several_rows_is_booked_once(delay_ns, amounts):
    world = Scene().ready()
    world.pass_time(40)
    rows(world, amounts)
    moved(world, sum(amounts), delay_ns)
    world.pass_time(60)
    assert world.engine.manager.balances() == balances_of(world.venue.fills, world.venue.moves)


def test_what_the_stream_tells_of_one_contract_leaves_another_of_the_same_time_to_be_booked():
    world = Scene().ready()
    world.pass_time(40)
    rows(world, (*LEGS, -7 * MONEY_UNIT))
    moved(world, sum(LEGS), 0)
    world.pass_time(60)
    assert world.engine.manager.balances() == balances_of(world.venue.fills, world.venue.moves)
