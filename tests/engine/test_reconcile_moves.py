"""What the venue does to the account by itself is booked once: as its stream tells it, or as its history does."""

import msgspec
import pytest

from core.events import AccountMoved, AccountTraded
from core.evidence import Subject, VenueMove
from core.money import MONEY_UNIT
from core.orders import OrderTerms, Side
from core.records import NO_INSTRUMENT, Kind
from tests.engine.model_venue import INSTRUMENTS, SECOND, ModelVenue, balances_of
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


@pytest.mark.parametrize("hedge", [None, Side.BUY, Side.SELL])
def test_an_open_order_of_somebody_else_is_adopted_with_the_leg_that_it_works_on(hedge):
    scene = Scene(ADOPT).ready()
    there = scene.place("web_1", quantity=10)
    terms = OrderTerms(hedge=hedge) if hedge is not None else None
    there.intent = msgspec.structs.replace(there.intent, instrument=1, terms=terms)
    scene.pass_time(20)
    order = scene.engine.manager.order("web_1")
    assert order is not None
    assert order.intent.terms == terms
    scene.venue.fill("web_1", 10)
    scene.pass_time(20)
    legs = {side: leg.net.quantity for side, leg in scene.engine.manager.legs(1).items()}
    assert legs == ({} if hedge is None else {int(hedge): 10})
    assert scene.engine.manager.position(1).quantity == 10


ETH = 1


def funded(world, amount, instrument=ETH):
    """The venue moves money for a position, in its history."""
    row = VenueMove(
        move_id=f"m{world.venue.number()}",
        instrument=instrument,
        currency="USDT",
        amount=str(amount),
        reason="funding",
        venue_ns=world.now_ns,
        symbol=INSTRUMENTS[instrument].symbol,
    )
    world.venue.moves.append(row)
    return row


def heard(world, amount, venue_ns, instrument=NO_INSTRUMENT):
    """Its stream tells so, of a crossed position without the symbol."""
    told = AccountMoved(
        venue="MODEL",
        move_id=f"told-{venue_ns}-{amount}",
        currency="USDT",
        amount=str(amount),
        reason="funding",
        moved_ns=venue_ns,
    )
    world.step(Kind.ACCOUNT_MOVE, told, instrument)


def held(quantity=10):
    """A scene in which the one strategy holds a contract."""
    scene = Scene().ready()
    bought = scene.buy(instrument=ETH, quantity=quantity)
    scene.pass_time(5)
    scene.venue.fill(bought.intent.client_order_id, quantity)
    scene.pass_time(20)
    return scene


def costs(scene):
    """Fees of the position beyond those of its fills: the account's, the strategy's."""
    manager, paid = scene.engine.manager, sum(int(fill.fee) for fill in scene.venue.fills)
    return manager.position(ETH).fees - paid, manager.strategy_position("s", ETH).fees - paid


@pytest.mark.parametrize("first", ["the stream", "the stream, with its symbol", "the history", "the history alone"])
def test_profit_is_the_same_whoever_tells_first_of_a_funding(first):
    scene = held()
    row = funded(scene, -3 * MONEY_UNIT)
    if first.startswith("the stream"):
        heard(scene, -3 * MONEY_UNIT, row.venue_ns, ETH if "symbol" in first else NO_INSTRUMENT)
    scene.pass_time(20)
    if first == "the history":
        heard(scene, -3 * MONEY_UNIT, row.venue_ns)
    scene.pass_time(20)
    assert costs(scene) == (3 * MONEY_UNIT, 3 * MONEY_UNIT)
    assert scene.engine.manager.balances() == balances_of(scene.venue.fills, scene.venue.moves)
    assert scene.fold().durable_state() == scene.engine.durable_state()


def test_what_the_stream_tells_of_several_contracts_in_one_is_counted_for_each():
    scene = held()
    for amount in LEGS:
        funded(scene, amount)
    heard(scene, sum(LEGS), scene.now_ns)
    scene.pass_time(30)
    assert costs(scene) == (3 * MONEY_UNIT, 3 * MONEY_UNIT)
    assert scene.engine.manager.balances() == balances_of(scene.venue.fills, scene.venue.moves)


def test_a_session_of_before_the_stream_told_the_venues_time_is_booked_as_it_was():
    scene = held()
    row = funded(scene, -MONEY_UNIT)
    scene.venue.moves[-1] = msgspec.structs.replace(row, symbol="")
    heard(scene, -MONEY_UNIT, 0)
    assert [len(each.row()) for each in scene.engine.reconciling.reconciler.judge.moves.waiting] == [5]
    scene.pass_time(30)
    assert costs(scene) == (0, 0)


def test_of_equal_amounts_in_a_row_each_is_booked_once_and_at_once():
    scene = held()
    funded(scene, -MONEY_UNIT)  # nobody hears of it
    scene.pass_time(20)
    second = funded(scene, -MONEY_UNIT)
    heard(scene, -MONEY_UNIT, second.venue_ns)
    scene.pass_time(3)  # the next comparison would be 8 s after the last
    assert scene.engine.manager.balances() == balances_of(scene.venue.fills, scene.venue.moves)
    third = funded(scene, -MONEY_UNIT)
    heard(scene, -MONEY_UNIT, third.venue_ns)
    scene.pass_time(3)
    assert scene.engine.manager.balances() == balances_of(scene.venue.fills, scene.venue.moves)
    scene.pass_time(30)
    assert costs(scene) == (3 * MONEY_UNIT, 3 * MONEY_UNIT)
    assert scene.engine.manager.balances() == balances_of(scene.venue.fills, scene.venue.moves)


def test_a_row_of_the_history_is_taken_for_the_nearest_move_and_for_none_of_another_contract():
    scene = held()
    row = funded(scene, -MONEY_UNIT)
    scene.venue.moves.clear()
    heard(scene, -MONEY_UNIT, row.venue_ns - 30 * SECOND, instrument=0)
    heard(scene, -MONEY_UNIT, row.venue_ns - 20 * SECOND)
    heard(scene, -MONEY_UNIT, row.venue_ns)
    scene.venue.moves.append(row)
    scene.pass_time(20)
    waiting = scene.engine.reconciling.reconciler.judge.moves.waiting
    assert [row.venue_ns - each.when_ns for each in waiting] == [30 * SECOND, 20 * SECOND]
    assert costs(scene) == (MONEY_UNIT, MONEY_UNIT)


@pytest.mark.parametrize("told", [True, False], ids=["told by the stream", "while nobody listened"])
def test_a_funding_is_counted_though_the_history_tells_of_it_before_the_fills_of_its_position(told, monkeypatch):
    scene = Scene().ready()
    bought = scene.buy(instrument=ETH)
    scene.pass_time(5)
    scene.venue.fill(bought.intent.client_order_id, 10)
    scene.venue.outbox.clear()
    row = funded(scene, -MONEY_UNIT)
    if told:
        heard(scene, -MONEY_UNIT, row.venue_ns)

    def ask(wanted):
        after_ns = SECOND if wanted.subject is Subject.FILLS else SECOND // 100
        monkeypatch.setattr(scene.venue, "wait", lambda _: after_ns)
        ModelVenue.ask(scene.venue, wanted)

    monkeypatch.setattr(scene.venue, "ask", ask)
    before = False
    for _ in range(60):
        scene.pass_time(0.3)
        before |= bool(scene.engine.reconciling.reconciler.judge.moves.late)
        assert scene.fold().durable_state() == scene.engine.durable_state()
    assert before
    assert costs(scene) == (MONEY_UNIT, MONEY_UNIT)
    assert scene.engine.manager.balances() == balances_of(scene.venue.fills, scene.venue.moves)


def test_a_funding_of_a_position_that_is_not_ours_is_cash_and_is_not_kept_for_a_later_one():
    scene = Scene().ready()
    scene.pass_time(20)
    funded(scene, -MONEY_UNIT)
    scene.pass_time(20)
    moves = scene.engine.reconciling.reconciler.judge.moves
    assert len(moves.late) == 1
    scene.pass_time(200)
    assert moves.late == []
    assert scene.engine.manager.balances() == balances_of([], scene.venue.moves)
