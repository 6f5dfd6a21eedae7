"""Tax lots beside a naive ledger of single units, and what every method has in common: the whole, to the last unit."""

import json
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.effects import LotChange, LotChanged
from core.money import money
from core.orders import Side
from oms.lots import LotQueue
from oms.positions import Position
from oms.rules import AccountingRules, LotMethod
from tests.oms.making import ETH, Desk

FIFO, LIFO, AVERAGE = LotMethod.FIFO, LotMethod.LIFO, LotMethod.AVERAGE
DAY = 86_400_000_000_000

executions = st.lists(
    st.tuples(st.sampled_from([1, -1]), st.integers(1, 12), st.integers(1, 1_000), st.integers(-50, 50)), max_size=25
)


class Naive:
    """One entry a unit, matched one by one: slow, and hard to get wrong."""

    def __init__(self, method):
        self.method = method
        self.units = []  # (side, price), oldest first
        self.realised = Fraction(0)

    def fill(self, side, quantity, price):
        for _ in range(quantity):
            if self.units and self.units[0][0] != side:
                opened, cost = self.units.pop(0 if self.method is FIFO else -1)
                self.realised += opened * (price - cost)
            else:
                self.units.append((side, Fraction(price)))


def play(queue, fills):
    """Hand executions to a queue; return the parts closed."""
    parts = []
    for number, (side, quantity, price, fee) in enumerate(fills):
        closed, _ = queue.fill(side, quantity, quantity * price, fee, f"x{number}", number)
        parts += closed
    return parts


@pytest.mark.parametrize("method", [FIFO, LIFO])
@settings(max_examples=40)
@given(executions)
def test_lots_close_what_a_ledger_of_single_units_closes(method, fills):
    queue, naive = LotQueue(method), Naive(method)
    gain = sum(part.gain for part in play(queue, fills))
    for side, quantity, price, _ in fills:
        naive.fill(side, quantity, price)
    assert gain == naive.realised
    assert queue.quantity == sum(side for side, _ in naive.units)
    assert sum(lot.side * lot.cost for lot in queue.lots) == sum(side * price for side, price in naive.units)


@settings(max_examples=40)
@given(executions)
def test_the_pool_is_the_position_itself(fills):
    queue, position = LotQueue(AVERAGE), Position(0, 1)
    gain = sum(part.gain for part in play(queue, fills))
    for side, quantity, price, _ in fills:
        position.fill(side, quantity, price)
    assert gain == position.realised
    assert sum(lot.side * lot.cost for lot in queue.lots) == position.cost
    assert len(queue.lots) <= 1


@settings(max_examples=40)
@given(executions, st.integers(1, 1_000))
def test_once_flat_every_method_has_realised_the_same_and_spread_every_fee(fills, last_price):
    held = sum(side * quantity for side, quantity, *_ in fills)
    if held:
        fills = [*fills, (-1 if held > 0 else 1, abs(held), last_price, 7)]
    parts = {method: play(LotQueue(method), fills) for method in LotMethod}
    assert len({sum(part.gain for part in closed) for closed in parts.values()}) == 1
    for closed in parts.values():
        assert sum(part.fees + part.closing_fees for part in closed) == sum(fee for *_, fee in fills)


@settings(max_examples=40)
@given(executions, st.sampled_from([FIFO, LIFO]))
def test_lots_survive_a_trip_through_json(fills, method):
    queue, again = LotQueue(method), LotQueue(method)
    play(queue, fills)
    again.restore(*json.loads(json.dumps(queue.canonical())))
    assert again.canonical() == queue.canonical()
    more = [(1, 3, 10, 1), (-1, 5, 20, 2)]
    assert play(again, more) == play(queue, more)


@settings(max_examples=40)
@given(executions.filter(bool), st.sampled_from([FIFO, LIFO]), st.data())
def test_a_busted_execution_leaves_quantity_and_value_as_if_it_had_never_been(fills, method, data):
    bust = data.draw(st.integers(0, len(fills) - 1))
    queue = LotQueue(method)
    gain = sum(part.gain for part in play(queue, fills))
    side, quantity, price, fee = fills[bust]
    gone, closed, _ = queue.reverse(side, quantity, quantity * price, fee, f"x{bust}", 99)
    gain -= sum(part.gain for part in gone if part.side != side)  # what it had closed; what it had opened had no gain
    gain += sum(part.gain for part in closed)
    rest = [fill for number, fill in enumerate(fills) if number != bust]
    assert queue.quantity == sum(s * q for s, q, *_ in rest)
    assert sum(lot.side * lot.cost for lot in queue.lots) - gain == sum(s * q * p for s, q, p, _ in rest)
    assert len({lot.side for lot in queue.lots}) <= 1


@pytest.mark.parametrize("method", [FIFO, LIFO])
def test_a_bust_right_after_the_execution_restores_the_lots_to_the_letter(method):
    queue = LotQueue(method)
    play(queue, [(1, 5, 100, 3), (1, 5, 200, 3)])
    before = queue.canonical()
    queue.fill(-1, 7, 7 * 150, 2, "sale", 9)
    queue.reverse(-1, 7, 7 * 150, 2, "sale", 10)
    assert queue.canonical() == before


@settings(max_examples=40)
@given(executions, st.integers(1, 7), st.integers(1, 7))
def test_a_split_keeps_the_cost_of_every_lot_and_the_whole_quantity(fills, numerator, denominator):
    queue = LotQueue(FIFO)
    play(queue, fills)
    if not queue.lots:
        return
    cost, held = sum(lot.cost for lot in queue.lots), abs(queue.quantity)
    whole = held * numerator // denominator
    closed = queue.split(numerator, denominator, whole, 5)
    assert abs(queue.quantity) == whole
    left = closed.cost if closed else sum(lot.cost for lot in queue.lots) + 5
    assert left == cost


@pytest.mark.parametrize("method", [FIFO, LIFO])
@settings(max_examples=40)
@given(executions)
def test_a_lot_knows_what_was_opened_and_what_it_has_realised(method, fills):
    queue = LotQueue(method)
    parts = play(queue, fills)
    for number in {part.number for part in parts}:
        mine = [part for part in parts if part.number == number]
        assert mine[-1].gained == sum(part.gain for part in mine)
        assert mine[-1].size == mine[-1].left + sum(part.quantity for part in mine)


def desk(method):
    return Desk("1000000", rules=AccountingRules(lots=method))


def trade(there, name, side, quantity, price, fee="0", strategy_id="s"):
    there.submit(name, side=side, quantity=quantity, price=price, instrument=ETH, strategy_id=strategy_id)
    there.fill("x" + name, quantity, price, name, fee=str(money(fee)))
    return [effect for effect in there.effects if isinstance(effect, LotChanged)]


def test_a_sale_tells_which_lots_it_closed_at_what_cost_and_for_how_long_they_were_held():
    there = desk(FIFO)
    [first] = trade(there, "a", Side.BUY, 1_000, 20_000, "2")
    assert (first.change, first.number, first.left, first.cost) == (LotChange.OPENED, 1, 1_000, str(money("2000")))
    trade(there, "b", Side.BUY, 1_000, 21_000, "2")
    there.now_ns += DAY
    closed, second = trade(there, "c", Side.SELL, 1_500, 22_000, "3")
    assert (closed.number, closed.quantity, closed.left, closed.exec_id) == (1, 1_000, 0, "xc")
    assert (closed.cost, closed.proceeds, closed.realised) == tuple(str(money(x)) for x in ("2000", "2200", "200"))
    assert closed.fees == str(money("4"))
    assert closed.held_ns > DAY
    assert (second.number, second.quantity, second.left) == (2, 500, 500)
    assert (second.realised, second.fees) == (str(money("50")), str(money("2")))


def test_lifo_closes_the_newest_lot_and_each_strategy_has_its_own():
    there = desk(LIFO)
    trade(there, "a", Side.BUY, 1_000, 20_000, strategy_id="one")
    trade(there, "b", Side.BUY, 1_000, 21_000, strategy_id="one")
    trade(there, "c", Side.BUY, 1_000, 23_000, strategy_id="two")
    [closed] = trade(there, "d", Side.SELL, 1_000, 22_000, strategy_id="one")
    assert (closed.number, closed.realised) == (2, str(money("100")))


def test_average_cost_keeps_no_lots_and_says_nothing_of_them():
    there = desk(AVERAGE)
    assert trade(there, "a", Side.BUY, 1_000, 20_000) == []
    assert len(there.manager.state()) == len(Desk().manager.state())


def test_first_in_first_out_as_the_internal_revenue_service_describes_it():
    """IRS, FAQ "Stocks (options, splits, traders) 1", on shares bought at various times that cannot be identified:
    "The basis of the shares you acquired first (first-in first-out)."; and "what you paid for the shares sold plus any
    costs of purchase". 100 shares at 10, 10 at 13, 2 at 11; of 105 sold at 14, the first 100 cost 10, five cost 13.
    """
    queue = LotQueue(FIFO)
    play(queue, [(1, 100, 10, 9), (1, 10, 13, 4), (1, 2, 11, 1)])
    first, second = play(queue, [(-1, 105, 14, 0)])
    assert (first.cost, first.proceeds, first.fees) == (1_000, 1_400, 9)
    assert (second.cost, second.proceeds, second.fees) == (65, 70, 2)
    assert [(lot.number, lot.quantity, lot.cost) for lot in queue.lots] == [(2, 5, 65), (3, 2, 22)]
