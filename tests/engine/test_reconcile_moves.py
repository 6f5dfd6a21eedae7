"""What the venue does to the account by itself is booked once: as its stream tells it, or as its history does."""

import msgspec
import pytest

from core.events import AccountMoved, AccountTraded
from core.evidence import VenueMove
from core.money import MONEY_UNIT
from core.orders import Side
from core.records import Kind
from tests.engine.model_venue import SECOND, balances_of
from tests.engine.test_reconcile_scenes import ADOPT, Scene

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


@pytest.mark.parametrize("heard", [True, False], ids=["told by the stream", "while nobody listened"])
def test_what_the_venue_closes_by_itself_is_booked_once_and_is_no_foreign_order(heard):
    scene = Scene().ready()
    bought = scene.buy(instrument=1, quantity=10)
    scene.pass_time(5)
    scene.venue.fill(bought.intent.client_order_id, 10)
    scene.pass_time(5)
    name = "autoclose-7"
    there = scene.place(name, side=Side.SELL)
    there.intent = msgspec.structs.replace(there.intent, instrument=1)
    scene.venue.fill(name, 10)
    scene.venue.outbox.clear()
    fill = scene.venue.fills[-1] = msgspec.structs.replace(scene.venue.fills[-1], own="liquidation")
    if heard:
        trade = AccountTraded(
            venue="MODEL",
            order_id=name,
            exec_id=fill.exec_id,
            side=fill.side,
            price=fill.price,
            quantity=fill.quantity,
            fee=fill.fee,
            fee_currency=fill.fee_currency,
            reason="liquidation",
        )
        scene.step(Kind.ACCOUNT_TRADE, trade, 1)
    scene.pass_time(60)
    assert scene.engine.manager.position(1).quantity == 0
    assert scene.engine.manager.balances() == balances_of(scene.venue.fills)
    assert scene.codes().count("LIQUIDATION") == 1
    assert not scene.engine.gate.freezes.active
    assert scene.fold().durable_state() == scene.engine.durable_state()


def test_an_execution_of_somebody_else_is_adopted_by_the_leg_that_the_venue_calls_it():
    scene = Scene(ADOPT).ready()
    there = scene.place("web_1", quantity=10)
    there.intent = msgspec.structs.replace(there.intent, instrument=1)
    scene.venue.fill("web_1", 10)
    scene.venue.outbox.clear()
    scene.venue.fills[-1] = msgspec.structs.replace(scene.venue.fills[-1], hedge=Side.BUY)
    scene.pass_time(20)
    assert {side: leg.net.quantity for side, leg in scene.engine.manager.legs(1).items()} == {1: 10}
