"""Whatever the order, repetition and contradiction of reports: fills are a set, money is kept, exposure is true."""

from hypothesis import given
from hypothesis import strategies as st

from core.effects import BalanceChanged, OrderFilled
from core.events import OrderReport, ReportType
from core.money import money
from core.orders import OrderState, Side
from oms.reports import STATUS_CODES
from oms.transitions import TABLE_STATES, is_open
from tests.oms.making import BTC, ETH, PERPETUAL, SPOT, Desk

NAMES = ("o0", "o1", "o2", "o3")
SIZE = 100
STATUSES = list(STATUS_CODES)


@st.composite
def executions(draw):
    """Unique executions of four orders: two buys, two sells, one pair spot and one pair perpetual."""
    found = []
    for name in NAMES:
        for number in range(draw(st.integers(0, 4))):
            fee = draw(st.sampled_from(["0", str(money("0.001")), str(money("-0.0005"))]))
            found.append(
                OrderReport(
                    type=ReportType.FILLED,
                    client_order_id=name,
                    exec_id=f"e{number}",
                    quantity=draw(st.integers(1, SIZE)),
                    price=draw(st.integers(1, 10**7)),
                    fee=fee,
                    fee_currency=draw(st.sampled_from(["", "USDT", "BNB"])),
                )
            )
    return found


@st.composite
def streams(draw):
    """The executions, some of them repeated, among any status reports and cancels, in any order."""
    fills = draw(executions())
    repeats = draw(st.lists(st.sampled_from(fills))) if fills else []
    statuses = draw(
        st.lists(
            st.builds(
                OrderReport,
                type=st.sampled_from(STATUSES),
                client_order_id=st.sampled_from([*NAMES, "foreign"]),
                venue_order_id=st.sampled_from(["", "v1", "v2"]),
            )
        )
    )
    cancels = draw(st.lists(st.sampled_from(NAMES), max_size=4))
    return fills, draw(st.permutations([*fills, *repeats, *statuses, *cancels]))


def trading_desk(keep_closed=100):
    desk = Desk("1000", keep_closed=keep_closed)
    for number, name in enumerate(NAMES):
        side = Side.BUY if number % 2 else Side.SELL
        desk.submit(name, quantity=SIZE, instrument=BTC if number < 2 else ETH, side=side, strategy_id=f"s{number % 3}")
    return desk


def play(desk, stream):
    """Hand the stream to the manager; return every effect."""
    effects = []
    for item in stream:
        if isinstance(item, str):
            desk.cancel(item)
        else:
            order = desk.manager.order(item.client_order_id)
            desk.effects = []
            desk.manager.report(item, order.instrument if order else BTC, desk.now_ns, desk.effects)
        effects += desk.effects
    return effects


def signed(desk, fills, instrument):
    """(side, quantity, price) of the unique executions of one instrument."""
    orders = ((desk.order(fill.client_order_id), fill) for fill in fills)
    return [(int(order.side), fill.quantity, fill.price) for order, fill in orders if order.instrument == instrument]


@given(streams())
def test_every_execution_is_booked_once_whatever_else_is_said(drawn):
    fills, stream = drawn
    desk = trading_desk()
    effects = play(desk, stream)
    booked = [(e.client_order_id, e.exec_id, e.quantity, e.price) for e in effects if isinstance(e, OrderFilled)]
    assert sorted(booked) == sorted((f.client_order_id, f.exec_id, f.quantity, f.price) for f in fills)
    for name in NAMES:
        assert desk.order(name).filled == sum(fill.quantity for fill in fills if fill.client_order_id == name)


@given(streams())
def test_positions_and_cash_follow_from_the_set_of_executions(drawn):
    fills, stream = drawn
    desk = trading_desk()
    effects = play(desk, stream)
    fees = {"USDT": 0, "BNB": 0}
    for fill in fills:
        fees[fill.fee_currency or "USDT"] += int(fill.fee)
    for instrument in (BTC, ETH):
        position, trades = desk.manager.position(instrument), signed(desk, fills, instrument)
        assert position.quantity == sum(side * quantity for side, quantity, _ in trades)
        assert position.cost - position.realised == sum(side * quantity * price for side, quantity, price in trades)
        own = [desk.manager.strategy_position(f"s{number}", instrument) for number in range(3)]
        assert sum(p.quantity for p in own) == position.quantity
        assert sum(p.cost - p.realised for p in own) == position.cost - position.realised
        assert sum(p.fees for p in own) == position.fees
    spot, balances = signed(desk, fills, BTC), desk.manager.balances()
    cash = -sum(side * quantity * price for side, quantity, price in spot) * SPOT.notional_factor
    profit = desk.manager.position(ETH).realised * PERPETUAL.notional_factor
    assert balances.get("BTC", 0) == sum(side * quantity for side, quantity, _ in spot) * 10**13
    assert balances["USDT"] == money("1000") + cash + profit - fees["USDT"]
    assert balances.get("BNB", 0) == -fees["BNB"]
    told = sum(int(e.delta) for e in effects if isinstance(e, BalanceChanged) and e.currency == "USDT")
    assert balances["USDT"] == money("1000") + told


@given(streams())
def test_exposure_is_always_the_sum_of_what_open_orders_leave(drawn):
    _, stream = drawn
    desk = trading_desk()
    for item in stream:
        play(desk, [item])
        orders = [desk.order(name) for name in NAMES]
        for instrument in (BTC, ETH):
            alive = [order for order in orders if order.instrument == instrument and is_open(order.state)]
            exposure = desk.manager.exposure(instrument)
            assert exposure.open_orders == len(alive)
            buys = [max(order.quantity - order.filled, 0) for order in alive if order.side is Side.BUY]
            sells = [max(order.quantity - order.filled, 0) for order in alive if order.side is Side.SELL]
            assert (exposure.open_buy_quantity, exposure.open_sell_quantity) == (sum(buys), sum(sells))
        counts = desk.manager.counts_by_state()
        assert counts == {state: sum(order.state is state for order in orders) for state in TABLE_STATES}
        assert desk.manager.open_count == sum(is_open(order.state) for order in orders)


@given(streams())
def test_an_order_open_with_its_quantity_complete_does_not_exist(drawn):
    _, stream = drawn
    desk = trading_desk()
    play(desk, stream)
    for name in NAMES:
        order = desk.order(name)
        assert (order.state is OrderState.FILLED) == (order.filled >= order.quantity)


@given(streams())
def test_a_whole_stream_told_again_books_nothing(drawn):
    _, stream = drawn
    desk = trading_desk()
    play(desk, stream)
    before = desk.manager.balances(), desk.manager.position(BTC).canonical(), desk.manager.position(ETH).canonical()
    again = play(desk, [item for item in stream if not isinstance(item, str)])
    assert not [effect for effect in again if isinstance(effect, OrderFilled | BalanceChanged)]
    after = desk.manager.balances(), desk.manager.position(BTC).canonical(), desk.manager.position(ETH).canonical()
    assert after == before


@given(streams())
def test_the_same_stream_gives_the_same_effects_and_the_same_state(drawn):
    _, stream = drawn
    one, two = trading_desk(), trading_desk()
    assert play(one, stream) == play(two, stream)
    assert one.manager.state() == two.manager.state()


@given(streams())
def test_nothing_a_venue_says_raises_even_of_orders_dropped(drawn):
    _, stream = drawn
    desk = trading_desk(keep_closed=1)
    for item in stream:
        if not isinstance(item, str):
            play(desk, [item])
    assert len(desk.manager.closed_orders()) <= 1
