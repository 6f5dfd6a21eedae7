"""Executions, repeats and busts in any order: what is left is what was executed and not taken back."""

from hypothesis import given, settings
from hypothesis import strategies as st

from core.events import ReportType
from core.money import money
from core.orders import Side
from tests.oms.making import BTC, ETH, PERPETUAL, SPOT, Desk

NAMES = {"buy": (BTC, Side.BUY), "sell": (BTC, Side.SELL), "long": (ETH, Side.BUY), "short": (ETH, Side.SELL)}
FEE = money("0.25")

EXECUTIONS = st.lists(
    st.tuples(st.sampled_from(sorted(NAMES)), st.integers(1, 40), st.integers(1, 10**6)), min_size=1, max_size=12
)


@settings(max_examples=50, deadline=None)
@given(EXECUTIONS, st.data())
def test_what_is_left_is_what_was_executed_and_not_taken_back(executions, data):
    desk = Desk("1000")
    for name, (index, side) in NAMES.items():
        desk.submit(name, quantity=30, instrument=index, side=side, strategy_id=f"s{index}")
    busted = data.draw(st.sets(st.integers(0, len(executions) - 1)))
    words = [("fill", number) for number in range(len(executions))]
    words += [("bust", number) for number in sorted(busted)]
    words += data.draw(st.lists(st.sampled_from(words), max_size=6))
    for what, number in data.draw(st.permutations(words)):
        name, quantity, price = executions[number]
        if what == "fill":
            desk.fill(f"e{number}", quantity, price, name, fee=str(FEE), fee_currency="USDT")
        else:
            desk.report(ReportType.BUSTED, name, exec_id=f"e{number}")
    left = [each for number, each in enumerate(executions) if number not in busted]
    cash = money("1000") - FEE * len(left)
    for index in (BTC, ETH):
        trades = [(int(NAMES[name][1]), size, price) for name, size, price in left if NAMES[name][0] == index]
        value = sum(side * size * price for side, size, price in trades)
        for position in (desk.manager.position(index), desk.manager.strategy_position(f"s{index}", index)):
            assert position.quantity == sum(side * size for side, size, _ in trades)
            assert position.cost - position.realised == value
            assert position.fees == FEE * len(trades)
            assert (position.cost > 0) == (position.quantity > 0)
            assert (position.cost < 0) == (position.quantity < 0)
        if index == BTC:
            cash -= value * SPOT.notional_factor
        else:
            cash += desk.manager.position(index).realised * PERPETUAL.notional_factor
    assert desk.manager.balances()["USDT"] == cash
    assert desk.manager.balances().get("BTC", 0) == desk.manager.position(BTC).quantity * 10**13
    for name in NAMES:
        assert desk.order(name).filled == sum(size for given_name, size, _ in left if given_name == name)
        assert desk.manager.exposure(NAMES[name][0]).open_orders >= 0
