"""Orders that are changed while they work at the simulated venue: place, quantity, refusals, and a naive reference."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sim import QueueModel
from connectors.sim.account_settings import MarginSettings
from connectors.sim.hours_settings import HoursSettings, OutsideModel, Spans
from core.events import ReportType
from core.instruments import AssetClass
from core.records import Kind
from tests.connectors.sim.line import BID, LineWorld
from tests.connectors.sim.world import NO_LATENCY, PLAIN, World

PERPETUAL = msgspec.structs.replace(PLAIN, asset_class=AssetClass.PERPETUAL)
TOUCH = "5 @ 100 | 101 @ 5"
GONE = "Unknown order sent."
MODELS = [model for model in QueueModel if model is not QueueModel.FIFO]


def resting(settings=NO_LATENCY, instrument=PLAIN, text="A: buy 8 @ 100") -> World:
    """A world in which an order stands behind 5 others at the touch."""
    world = World(settings, instrument)
    world.quote(TOUCH)
    world.send(text)
    world.wait(settings.entry_latency_ns + settings.response_latency_ns)
    assert world.heard()[-1].endswith("accepted")
    return world


@pytest.mark.parametrize("model", MODELS)
def test_less_quantity_at_the_price_keeps_the_place_in_the_queue(model):
    world = resting(msgspec.structs.replace(NO_LATENCY, queue_model=model))
    world.trade("sell 4 @ 100")
    world.replace("A", 3, 100)
    world.hears("A01 replaced 3 @ 100")
    world.trade("sell 9 @ 100")
    world.hears("A filled 3 @ 100 maker")


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("quantity", [9, 3], ids=["more", "less, of a contract"])
def test_more_quantity_and_any_change_of_a_contract_go_to_the_back(model, quantity):
    instrument = PLAIN if quantity == 9 else PERPETUAL
    world = resting(msgspec.structs.replace(NO_LATENCY, queue_model=model), instrument)
    world.trade("sell 4 @ 100")
    world.replace("A", quantity, 100)
    world.hears(f"A01 replaced {quantity} @ 100")
    world.trade("sell 5 @ 100")
    world.hears()  # all 5 that are displayed stood before it
    world.trade("sell 2 @ 100")
    world.hears("A filled 2 @ 100 maker")


def test_true_queues_follow_in_the_line():
    world = LineWorld()
    world.show((BID, 100, 5), (BID, 99, 4), (-1, 102, 6))
    world.send("A: buy 3 @ 100")
    world.message((BID, 100, 7, 9, 0, False))
    world.replace("A", 2, 100)
    assert world.queues() == {"A": (5, 2)}
    world.replace("A", 4, 100, revision=2)
    assert world.queues() == {"A": (12, 4)}
    world.replace("A", 4, 99, revision=3)
    assert world.queues() == {"A": (4, 4)}


def test_our_own_orders_at_the_new_price_stand_before_it():
    world = resting(text="A: buy 2 @ 99")
    world.send("B: buy 2 @ 98")
    world.replace("A", 2, 98)
    world.trade("sell 3 @ 97")
    assert world.heard()[-2:] == ["B filled 2 @ 98 maker", "A filled 1 @ 98 maker"]


def test_a_price_that_crosses_takes_and_the_rest_of_it_rests():
    world = resting()
    world.replace("A", 8, 101)
    world.hears("A01 replaced 8 @ 101", "A filled 5 @ 101 taker")
    world.trade("sell 1 @ 101")
    world.hears("A filled 1 @ 101 maker")


def test_what_fills_while_the_replacement_travels_counts():
    slow = msgspec.structs.replace(NO_LATENCY, entry_latency_ns=1_000)
    world = resting(slow)
    world.replace("A", 6, 99)
    world.trade("sell 9 @ 100")
    world.hears("A filled 4 @ 100 maker")
    world.wait(1_000)
    world.hears("A01 replaced 6 @ 99")
    world.trade("sell 9 @ 98")
    world.hears("A filled 2 @ 99 maker")


def test_the_replacement_travels_as_long_as_any_request_and_its_answer_too():
    world = resting(msgspec.structs.replace(NO_LATENCY, entry_latency_ns=1_000, response_latency_ns=500))
    world.replace("A", 6, 99)
    world.wait(1_499)
    world.hears()
    world.wait(1)
    world.hears("A01 replaced 6 @ 99")


def test_requests_are_taken_in_the_order_in_which_they_were_sent():
    world = resting(msgspec.structs.replace(NO_LATENCY, entry_latency_ns=1_000))
    world.replace("A", 6, 99)
    world.cancel("A")
    world.replace("A", 7, 98, revision=2)
    world.send("B: buy 1 @ 99")
    world.wait(1_000)
    world.hears("A01 replaced 6 @ 99", "A cancelled", f"A02 replace-rejected: {GONE}", "B accepted")


def test_an_order_that_was_filled_or_never_was_is_refused():
    world = resting()
    world.trade("sell 50 @ 99")
    world.replace("A", 9, 99)
    world.replace("Z", 9, 99)
    world.hears("A filled 8 @ 100 maker", f"A01 replace-rejected: {GONE}", f"Z01 replace-rejected: {GONE}")


def test_what_is_filled_to_the_new_quantity_already_is_cancelled():
    world = resting()
    world.trade("sell 9 @ 100")
    world.replace("A", 4, 100)
    why = "replaced by no more than is filled of it: the venue cancels the rest"
    world.hears("A filled 4 @ 100 maker", f"A expired: {why}", f"A01 replace-rejected: {why}")
    world.send("A: buy 1 @ 100")
    world.hears("A accepted")  # the name is free again


def test_a_post_only_order_that_would_take_is_cancelled():
    world = resting(text="A: buy 8 @ 100 post-only")
    world.replace("A", 8, 101)
    why = "Order would immediately match and take."
    world.hears(f"A expired: {why}", f"A01 replace-rejected: {why}")


@pytest.mark.parametrize(
    ("quantity", "price", "reason"),
    [(7, 100, "Filter failure: LOT_SIZE (ABCUSD.SIM: quantity 7)"), (8, 99, "Filter failure: PRICE_FILTER")],
)
def test_what_breaks_the_venues_filters_leaves_the_order_as_it_was(quantity, price, reason):
    world = resting(instrument=msgspec.structs.replace(PLAIN, lot=2, tick=2))
    world.replace("A", quantity, price)
    (said,) = world.heard()
    assert said.startswith(f"A01 replace-rejected: {reason}")
    world.trade("sell 50 @ 98")
    world.hears("A filled 8 @ 100 maker")


def test_a_reduce_only_order_may_not_become_more_than_the_position():
    world = World()
    world.quote(TOUCH)
    world.send("L: buy 4 @ 101")
    world.heard()
    world.send("A: sell 4 @ 102 reduce-only")
    world.replace("A", 6, 102)
    world.hears("A accepted", "A01 replace-rejected: ReduceOnly Order is rejected.")
    world.replace("A", 3, 103, revision=2)
    world.hears("A02 replaced 3 @ 103")


def test_the_margin_is_asked_for_what_the_order_shall_be_not_for_both():
    margin = MarginSettings(wallets={"SIM": {"USD": "1000"}}, default_leverage=1)
    world = resting(msgspec.structs.replace(NO_LATENCY, margin=margin), PERPETUAL, "A: buy 9 @ 100")
    world.replace("A", 9, 99)
    world.replace("A", 11, 99, revision=2)
    world.replace("A", 8, 100, revision=3)
    world.hears(
        "A01 replaced 9 @ 99", "A02 replace-rejected: Margin is insufficient.", "A03 replaced 8 @ 100",
    )  # fmt: skip


def test_a_closed_venue_replaces_nothing_and_an_order_that_waits_waits_anew():
    start_ns = World().now_ns
    table: dict[str, Spans] = {
        PLAIN.id: ((start_ns + 10_000, start_ns + 20_000), (start_ns + 30_000, start_ns + 40_000))
    }
    closed = World(msgspec.structs.replace(NO_LATENCY, hours=HoursSettings(sessions=table)))
    closed.wait(10_000)
    closed.quote(TOUCH)
    closed.send("A: buy 8 @ 99")
    closed.wait(10_000)
    closed.replace("A", 7, 99)
    closed.hears("A accepted", "A01 replace-rejected: Market is closed.")
    waiting = World(msgspec.structs.replace(NO_LATENCY, hours=HoursSettings(sessions=table, closed=OutsideModel.WAIT)))
    waiting.quote(TOUCH)
    waiting.send("A: buy 8 @ 99")
    waiting.replace("A", 7, 99)
    waiting.replace("A", 7, 101, revision=2)
    waiting.wait(10_000)
    waiting.quote(TOUCH)
    waiting.hears("A accepted", "A01 replaced 7 @ 99", "A02 replaced 7 @ 101", "A filled 5 @ 101 taker")


def test_bars_serve_an_order_at_its_new_price():
    world = World()
    world.venue.open_bar((Kind.BAR, 0, 0, world.now_ns + 60, world.now_ns, 100, 104, 92, 101, 0))
    world.send("A: buy 4 @ 90")
    world.replace("A", 4, 95)
    world.wait(60)
    world.hears("A accepted", "A01 replaced 4 @ 95", "A filled 4 @ 95 maker")


# -- against a naive reference -----------------------------------------------------------------------------------------

DISPLAYED = {100: 5, 99: 7, 98: 0, 97: 2, 96: 0}
BOOK = """
      | 120 | 6
    5 | 100 |
    7 |  99 |
    2 |  97 |
    1 |  90 |
"""
LATENCY_NS = 4


@dataclass
class Mine:
    """One of our buy orders in the reference: ahead of it stands what was displayed when it came."""

    name: str
    price: int
    quantity: int
    came: int
    filled: int = 0
    ahead: int = 0


@dataclass
class Reference:
    """Price-time priority in plain lists: whoever is asked comes last, trades serve the best price first."""

    now_ns: int
    orders: dict[str, Mine] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    sent: list[tuple[int, Callable[[], None]]] = field(default_factory=list)
    arrivals: int = 0

    def pass_to(self, now_ns: int) -> None:
        self.now_ns = now_ns
        while self.sent and self.sent[0][0] <= now_ns:
            self.sent.pop(0)[1]()

    def send(self, what: Callable[[], None]) -> None:
        self.sent.append((self.now_ns + LATENCY_NS, what))

    def _stand(self, name: str, quantity: int, price: int, filled: int) -> None:
        self.arrivals += 1
        self.orders[name] = Mine(name, price, quantity, self.arrivals, filled, DISPLAYED[price])

    def submit(self, name: str, quantity: int, price: int) -> None:
        self._stand(name, quantity, price, 0)
        self.told.append(f"{name} accepted")

    def cancel(self, name: str) -> None:
        known = self.orders.pop(name, None)
        self.told.append(f"{name} cancelled" if known else f"{name} cancel-rejected: {GONE}")

    def replace(self, name: str, quantity: int, price: int, revision: int) -> None:
        mine, called = self.orders.get(name), f"{name}{revision:02}"
        if mine is None:
            self.told.append(f"{called} replace-rejected: {GONE}")
        elif quantity <= mine.filled:
            why = "replaced by no more than is filled of it: the venue cancels the rest"
            del self.orders[name]
            self.told += [f"{name} expired: {why}", f"{called} replace-rejected: {why}"]
        else:
            self.told.append(f"{called} replaced {quantity} @ {price}")
            if price == mine.price and quantity <= mine.quantity:
                mine.quantity = quantity
            else:
                self._stand(name, quantity, price, mine.filled)

    def trade(self, quantity: int, price: int) -> None:
        for mine in sorted(self.orders.values(), key=lambda each: (-each.price, each.came)):
            if mine.price < price:
                break
            if mine.price > price:
                mine.ahead = 0
            before = min(quantity, mine.ahead)
            mine.ahead -= before
            got = min(quantity - before, mine.quantity - mine.filled)
            quantity -= got
            mine.filled += got
            if got:
                self.told.append(f"{mine.name} filled {got} @ {mine.price} maker")
            if mine.filled == mine.quantity:
                del self.orders[mine.name]


names = st.sampled_from(["A", "B", "C"])
prices = st.sampled_from(sorted(DISPLAYED))
steps = st.one_of(
    st.tuples(st.just("submit"), names, st.integers(1, 9), prices),
    st.tuples(st.just("replace"), names, st.integers(1, 9), prices),
    st.tuples(st.just("replace"), names, st.integers(1, 9), prices),
    st.tuples(st.just("cancel"), names, st.just(0), st.just(0)),
    st.tuples(st.just("trade"), st.just(""), st.integers(1, 12), prices),
    st.tuples(st.just("trade"), st.just(""), st.integers(1, 12), prices),
    st.tuples(st.just("wait"), st.just(""), st.integers(1, 9), st.just(0)),
)


@settings(deadline=None)
@given(script=st.lists(steps, max_size=40))
def test_whatever_is_replaced_the_venue_says_what_a_naive_price_time_book_says(script):
    world = World(msgspec.structs.replace(NO_LATENCY, entry_latency_ns=LATENCY_NS))
    world.draw(BOOK)
    naive, revision, traded = Reference(world.now_ns), 0, 0
    used: dict[str, int] = {}
    wanted: dict[str, int] = {}
    for what, name, quantity, price in script:
        if what == "trade":
            traded += quantity
            world.trade(f"sell {quantity} @ {price}")
            naive.pass_to(world.now_ns)
            naive.trade(quantity, price)
        elif what == "wait":
            world.wait(quantity)
            naive.pass_to(world.now_ns)
        elif what == "submit":
            used[name] = used.get(name, 0) + 1
            fresh = f"{name}{used[name]}x"
            wanted[fresh] = quantity
            world.send(f"{fresh}: buy {quantity} @ {price}")
            naive.send(partial(naive.submit, fresh, quantity, price))
        elif name in used:
            last = f"{name}{used[name]}x"
            if what == "cancel":
                world.cancel(last)
                naive.send(partial(naive.cancel, last))
            else:
                revision = min(revision + 1, 9)
                wanted[last] = max(wanted[last], quantity)
                world.replace(last, quantity, price, revision)
                naive.send(partial(naive.replace, last, quantity, price, revision))
    world.wait(LATENCY_NS)
    naive.pass_to(world.now_ns)
    assert world.heard() == naive.told
    filled: dict[str, int] = {}
    for report in world.reports:
        if report.type is ReportType.FILLED:
            filled[report.client_order_id] = filled.get(report.client_order_id, 0) + report.quantity
    assert all(quantity <= wanted[name] for name, quantity in filled.items())
    assert sum(filled.values()) <= traded
