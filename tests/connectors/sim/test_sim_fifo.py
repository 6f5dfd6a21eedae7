"""First in, first out: exact queues where the venue shows orders one by one, against a naive list of orders."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sim import QueueModel
from connectors.sim.exchange import Exchange, simulated_venue
from connectors.sim.hours_settings import HoursSettings
from connectors.sim.matching import UNKNOWN_QUEUE
from connectors.sim.settings import uncompilable
from core.book import BookState
from tests.connectors.sim.line import BID, EXACT, OFFER, Lines, LineWorld, Order

ALL = [(BID, 100, 5), (BID, 100, 3), (BID, 99, 4), (OFFER, 102, 6)]


@pytest.fixture
def world() -> LineWorld:
    made = LineWorld()
    made.show(*ALL)
    return made


def rest(world: LineWorld, text: str) -> None:
    """Let an order rest."""
    world.send(text)
    (said,) = world.heard()
    assert said.endswith("accepted")


def test_who_came_before_leaves_the_queue_shorter_who_came_later_does_not(world):
    rest(world, "A: buy 2 @ 100")
    assert world.queues() == {"A": (8, 2)}
    (later,) = world.message((BID, 100, 7, 9, 0, False))
    world.message((BID, 100, -3, 9, later, False))
    assert world.queues() == {"A": (8, 2)}
    world.message((BID, 100, -2, 0, 1, False))  # shrinks where it stands
    world.message((BID, 100, -3, 1, 2, True))
    assert world.queues() == {"A": (3, 2)}
    world.hears()


def test_an_order_that_loses_its_priority_leaves_and_joins_behind(world):
    rest(world, "A: buy 2 @ 100")
    world.message((BID, 100, -5, 0, 1, False), (BID, 100, 6, 0, 0, False))
    assert world.queues() == {"A": (3, 2)}


def test_an_order_that_comes_back_to_its_place_stands_ahead_again(world):
    """A fill that the venue told and did not carry out: its order keeps its rank."""
    rest(world, "A: buy 2 @ 100")
    world.message((BID, 100, -3, 1, 2, True), (BID, 100, 3, 1, 2, False))
    assert world.queues() == {"A": (8, 2)}


def test_an_execution_behind_us_is_ours_first_and_no_more_than_was_executed(world):
    rest(world, "A: buy 5 @ 100")
    (later,) = world.message((BID, 100, 7, 9, 0, False))
    world.trade("sell 11 @ 100")
    world.message((BID, 100, -5, 0, 1, True), (BID, 100, -3, 1, 2, True), (BID, 100, -3, 9, later, True))
    world.hears("A filled 3 @ 100 maker")
    world.message((BID, 100, -4, 9, later, True))
    world.hears("A filled 2 @ 100 maker")


def test_a_print_alone_moves_nothing(world):
    rest(world, "A: buy 5 @ 100")
    world.trade("sell 50 @ 100")
    world.trade("sell 50 @ 99")
    world.hears()
    assert world.queues() == {"A": (8, 5)}


def test_an_execution_through_our_price_is_ours_best_price_first_and_each_unit_once(world):
    world.show((BID, 99, 4), (OFFER, 102, 6))
    for text in ("A: buy 1 @ 100", "B: buy 2 @ 101", "C: buy 4 @ 100", "D: buy 9 @ 99"):
        rest(world, text)
    (later,) = world.message((BID, 99, 9, 8, 0, False))
    world.message((BID, 99, -4, 0, 5, True), (BID, 99, -6, 8, later, True))
    world.hears(
        *("B filled 2 @ 101 maker", "A filled 1 @ 100 maker", "C filled 1 @ 100 maker"),
        *("C filled 3 @ 100 maker", "D filled 3 @ 99 maker"),
    )


def test_orders_of_ours_that_joined_between_others_are_told_apart(world):
    rest(world, "A: buy 5 @ 100")
    (between,) = world.message((BID, 100, 7, 9, 0, False))
    rest(world, "B: buy 5 @ 100")
    assert world.queues() == {"A": (8, 5), "B": (15, 5)}
    world.message((BID, 100, -6, 9, between, True))
    world.hears("A filled 5 @ 100 maker")
    assert world.queues() == {"B": (9, 5)}


def test_an_ask_is_as_exact(world):
    rest(world, "A: sell 2 @ 102")
    assert world.queues() == {"A": (6, 2)}
    (later,) = world.message((OFFER, 102, 3, 9, 0, False))
    world.message((OFFER, 102, -1, 9, later, True))
    world.hears("A filled 1 @ 102 maker")


def test_the_other_side_coming_to_our_price_fills(world):
    rest(world, "A: buy 5 @ 101")
    world.message((OFFER, 101, 3, 9, 0, False))
    world.hears("A filled 3 @ 101 maker")


def test_inside_the_spread_nobody_stands_ahead(world):
    rest(world, "A: buy 5 @ 101")
    assert world.queues() == {"A": (0, 5)}


def test_after_a_gap_nothing_is_known_and_a_snapshot_puts_us_last(world):
    rest(world, "A: buy 2 @ 100")
    world.sequence += 1
    world.message((BID, 100, -5, 0, 1, True))
    assert world.market.book.state == BookState.INVALID
    world.message((BID, 99, -4, 2, 99, True))
    world.hears()
    world.show((BID, 100, 20), (OFFER, 102, 6))
    assert world.queues() == {"A": (20, 2)}
    (later,) = world.message((BID, 100, 1, 9, 0, False))
    world.message((BID, 100, -1, 9, later, True))
    world.hears("A filled 1 @ 100 maker")


def test_a_record_that_is_told_again_does_not_count_again(world):
    rest(world, "A: buy 2 @ 100")
    world.message((BID, 100, -3, 1, 2, False))
    world.sequence -= 1
    world.message((BID, 100, -3, 1, 2, False))
    assert world.queues() == {"A": (5, 2)}


def test_without_a_live_book_an_order_waits_for_the_next_snapshot(world):
    world.quote("5 @ 100 | 102 @ 7")
    world.market.book.invalidate()
    rest(world, "A: buy 2 @ 100")
    assert world.queues() == {"A": (UNKNOWN_QUEUE, 2)}
    world.show(*ALL)
    assert world.queues() == {"A": (8, 2)}


def test_while_trading_is_halted_queues_move_and_nobody_fills():
    start_ns = LineWorld().now_ns
    halted = HoursSettings(halts={"ABCUSD.SIM": ((start_ns + 10, start_ns + 20),)})
    world = LineWorld(msgspec.structs.replace(EXACT, hours=halted))
    world.show(*ALL)
    world.wait(1)
    rest(world, "A: buy 2 @ 100")
    world.wait(10)
    world.message((BID, 100, -5, 0, 1, False))
    world.message((BID, 99, -4, 2, 3, True))
    world.hears()
    assert world.queues() == {"A": (3, 2)}


@pytest.mark.parametrize("model", [QueueModel.RISK_AVERSE, QueueModel.PRO_RATA, QueueModel.OPTIMISTIC])
def test_other_models_see_the_same_orders_as_depth(model):
    exact = msgspec.structs.replace(EXACT, queue_model=model)
    by_order, by_level = LineWorld(exact), LineWorld(exact)
    by_order.show(*ALL)
    by_level.draw("8 | 100 |\n4 | 99 |\n| 102 | 6")
    for world in (by_order, by_level):
        rest(world, "A: buy 9 @ 100")
    (later,) = by_order.message((BID, 100, 7, 9, 0, False))
    by_level.depth(("bid", 100, 15))
    for world in (by_order, by_level):
        world.trade("sell 10 @ 100")
    by_order.message((BID, 100, -5, 0, 1, True), (BID, 100, -3, 1, 2, True), (BID, 100, -2, 9, later, True))
    by_level.depth(("bid", 100, 5))
    by_order.message((BID, 100, -4, 9, later, False))
    by_level.depth(("bid", 100, 1))
    for world in (by_order, by_level):
        world.trade("sell 1 @ 99")
    assert by_order.heard() == by_level.heard()
    assert by_order.queues() == by_level.queues()


def test_it_needs_no_appointments_and_can_be_compiled():
    assert uncompilable(EXACT) == []
    assert not isinstance(simulated_venue(EXACT, "SIM"), Exchange)


# -- against the naive truth -------------------------------------------------------------------------------------------

step = st.one_of(
    st.tuples(st.just("join"), st.sampled_from([BID, OFFER]), st.integers(0, 3), st.integers(1, 6)),
    st.tuples(st.just("leave"), st.integers(0, 40), st.integers(1, 6), st.booleans()),
    st.tuples(st.just("move"), st.integers(0, 40), st.integers(1, 6), st.integers(0, 3)),
    st.tuples(st.just("sweep"), st.sampled_from([BID, OFFER]), st.integers(1, 15), st.just(0)),
    st.tuples(st.just("rest"), st.sampled_from([BID, OFFER]), st.integers(0, 3), st.integers(1, 6)),
    st.tuples(st.just("cancel"), st.integers(0, 10), st.just(0), st.just(0)),
)
START = [(BID, 100, 5), (BID, 100, 3), (BID, 99, 4), (OFFER, 102, 6), (OFFER, 103, 2)]


class Play:
    """The same steps in the simulated venue and in the naive lists."""

    def __init__(self) -> None:
        self.world = LineWorld()
        self.lines = Lines()
        self.others: list[Order] = []
        self.sent = 0
        self.expected: list[tuple[str, int]] = []
        for (side, price, quantity), rank in zip(START, self.world.show(*START), strict=True):
            self._add(Order(side, price, quantity, rank))

    def _add(self, order: Order) -> None:
        self.others.append(order)
        self.lines.join(order)

    def _price(self, side: int, depth: int) -> int:
        """A price at which nobody crosses: 98 to 101 for bids, 102 to 105 for asks."""
        return 101 - depth if side > 0 else 102 + depth

    def join(self, side: int, depth: int, quantity: int) -> None:
        order = Order(side, self._price(side, depth), quantity)
        (order.rank,) = self.world.message((side, order.price, quantity, len(self.others), 0, False))
        self._add(order)

    def leave(self, place: int, quantity: int, whole: bool) -> None:
        alive = [order for order in self.others if order.left]
        if alive:
            order = alive[place % len(alive)]
            gone = order.left if whole else min(order.left, quantity)
            self.world.message((order.side, order.price, -gone, 0, order.rank, False))
            self.lines.leave(order, gone)

    def move(self, place: int, quantity: int, depth: int) -> None:
        """Let an order change its price or grow: it goes to the end of its line."""
        alive = [order for order in self.others if order.left]
        if alive:
            order = alive[place % len(alive)]
            moved = Order(order.side, self._price(order.side, depth), quantity)
            away = (order.side, order.price, -order.left, 0, order.rank, False)
            _, moved.rank = self.world.message(away, (moved.side, moved.price, quantity, 0, 0, False))
            self.lines.leave(order, order.left)
            self._add(moved)

    def sweep(self, side: int, quantity: int, _: int) -> None:
        """Let an aggressor trade with others of a side, best price first, first come first."""
        alive = sorted((order for order in self.others if order.left and order.side == side), key=_priority)
        changes = []
        for order in alive:
            got = min(order.left, quantity)
            if got:
                quantity -= got
                changes.append((side, order.price, -got, 0, order.rank, True))
                self.expected += self.lines.executed(order, got)
                self.lines.leave(order, got)
        if changes:
            self.world.message(*changes)

    def rest(self, side: int, depth: int, quantity: int) -> None:
        self.sent += 1
        name = f"O{self.sent}"
        self.lines.join(Order(side, self._price(side, depth), quantity, name=name))
        word = "buy" if side > 0 else "sell"
        self.world.send(f"{name}: {word} {quantity} @ {self._price(side, depth)} post-only")

    def cancel(self, place: int, _: int, __: int) -> None:
        mine = self.lines.ours()
        if mine:
            order = mine[place % len(mine)]
            self.world.cancel(order.name)
            self.lines.leave(order, order.left)


def _priority(order: Order) -> tuple[int, int]:
    return -order.side * order.price, order.rank


@given(st.lists(step, max_size=40))
def test_queues_and_fills_are_those_of_the_naive_lists(steps):
    play = Play()
    for name, *numbers in steps:
        if name == "rest" and not play.world.market.book.bids.count + play.world.market.book.asks.count:
            continue  # the venue refuses orders where there is no market
        getattr(play, name)(*numbers)
        mine = {order.name: (play.lines.ahead(order.name), order.left) for order in play.lines.ours()}
        assert play.world.queues() == mine
        filled = [said.split() for said in play.world.heard() if " filled " in said]
        assert [(words[0], int(words[2])) for words in filled] == play.expected
        play.expected.clear()
