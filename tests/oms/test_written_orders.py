"""A state put together of orders that were encoded before is the state encoded anew, whatever orders lived through."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import oms.written
from core.events import OrderReport, ReportType
from core.ids import client_order_id, revision_id
from core.orders import ApprovedReplace, Side
from oms.manager import OrderManager
from oms.rows import Rows
from oms.state import SavedState, durable_state, plain_state, restore_state, saved_state
from oms.written import saved_order, write_ahead
from tests.oms.making import BTC, ETH, PERPETUAL, SPOT, Desk, approved, intent

NAMES = [client_order_id(1, number) for number in range(4)]
encode = msgspec.msgpack.Encoder(order="deterministic").encode
orders = st.sampled_from(NAMES)
reports = st.builds(
    OrderReport,
    type=st.sampled_from([*ReportType, ReportType.FILLED, ReportType.BUSTED, ReportType.CANCELLED]),
    client_order_id=st.builds(revision_id, orders, st.sampled_from([0, 0, 0, 1, 2])),
    venue_order_id=st.sampled_from(["", "v1", "v2"]),
    exec_id=st.sampled_from(["e1", "e2", "e3"]),
    quantity=st.sampled_from([0, 20, 50, 100]),
    price=st.sampled_from([0, 60_000_00, 10**15]),
    fee=st.sampled_from(["0", "600000000000000", "70000000000000000000000"]),
    fee_currency=st.sampled_from(["USDT", "BNB"]),
)
commands = st.tuples(st.sampled_from(["cancel", "replace", "replace by cancel", "look", "write"]), orders)
steps = st.lists(reports | commands, min_size=5, max_size=40)


class Life:
    """A manager, and what must be remembered of the orders that it dropped."""

    def __init__(self, keep_closed: int, keep_forgotten: int) -> None:
        self.manager = OrderManager({"USDT": 10**24}, keep_closed, keep_forgotten)
        self.manager.define(BTC, SPOT)
        self.manager.define(ETH, PERPETUAL)
        self.keep_forgotten = keep_forgotten
        self.now_ns = 1_000
        self.forgotten: list[tuple[str, int, list[str]]] = []
        for number, name in enumerate(NAMES):
            wish = intent(name, instrument=number % 2, side=Side.BUY if number % 3 else Side.SELL)
            self.manager.submit(approved(wish), self.now_ns, [])
        self.orders = self.manager.open_orders()  # of which the manager still knows

    def step(self, what):
        self.now_ns += 1
        if isinstance(what, OrderReport):
            index = NAMES.index(what.client_order_id[:15]) % 2
            self.manager.report(what, index, self.now_ns, [])
        elif what[0] in {"cancel", "replace", "replace by cancel"}:
            order = self.manager.order(what[1])
            if order is not None and order.is_open:
                self.command(what[0], order)
        elif what[0] == "write":
            write_ahead((*self.manager.open_orders(), *self.manager.closed_orders()), 2)
        for order in [each for each in self.orders if self.manager.order(each.client_order_id) is None]:
            self.orders.remove(order)
            self.forgotten.append((order.client_order_id, order.closing, sorted(order.exec_ids)))
        self.forgotten = self.forgotten[-self.keep_forgotten :] if self.keep_forgotten else []

    def command(self, name, order):
        if name == "cancel":
            self.manager.cancel_sent(order, self.now_ns, [])
        elif name.startswith("replace") and (order.chain is None or order.chain.pending is None):
            command = ApprovedReplace(
                client_order_id=order.client_order_id, strategy_id="s", instrument=order.instrument, venue_order_id="",
                revision=1 + (order.chain.newest if order.chain else 0), side=Side(order.side), type=order.type,
                price=order.price + 100, quantity=order.quantity + 10, filled=order.filled, reference_price=order.price,
                limits_version=1, native=name == "replace",
            )  # fmt: skip
            self.manager.replacements.sent(command, self.now_ns, [])

    def straightforward(self) -> bytes:
        """The state with every order encoded now."""
        saved = saved_state(durable_state(self.manager))
        opened = [saved_order(order) for order in self.manager.open_orders()]
        closed = [saved_order(order) for order in self.manager.closed_orders()]
        told = {"open_orders": opened, "closed_orders": closed, "forgotten": self.forgotten}
        return encode(msgspec.structs.replace(saved, **told))


@settings(max_examples=100)
@given(st.sampled_from([0, 1, 2, 100]), st.sampled_from([0, 1, 100]), steps)
def test_joined_bytes_are_those_of_encoding_everything_anew(keep_closed, keep_forgotten, history):
    life = Life(keep_closed, keep_forgotten)
    for what in history:
        life.step(what)
        if what is history[-1] or (isinstance(what, tuple) and what[0] == "look"):
            assert plain_state(life.manager) == life.straightforward()
    again = OrderManager({}, keep_closed, keep_forgotten)
    again.define(BTC, SPOT)
    again.define(ETH, PERPETUAL)
    restore_state(durable_state(life.manager), again)
    assert plain_state(again) == plain_state(life.manager)
    assert again.state() == life.manager.state()


@pytest.fixture
def encoded(monkeypatch):
    """The names of the orders that were encoded."""
    names = []

    def counting(order):
        names.append(order.client_order_id)
        return saved_order(order)

    monkeypatch.setattr(oms.written, "saved_order", counting)
    return names


def close(desk, name):
    desk.submit(name)
    desk.report(ReportType.ACCEPTED, name, venue_order_id=f"v-{name}")
    desk.fill(f"e-{name}", 100, 60_000_00, name)


def test_a_state_encodes_the_orders_that_changed_since_the_last_and_no_others(encoded):
    desk = Desk(keep_closed=300)
    for number in range(200):
        close(desk, f"o{number}")
    desk.submit("works")
    plain_state(desk.manager)
    assert len(encoded) == 201
    encoded.clear()
    plain_state(desk.manager)
    assert encoded == []
    close(desk, "new")
    desk.report(ReportType.BUSTED, "o7", exec_id="e-o7")
    desk.fill("e-o8", 100, 60_000_00, "o8", fee="5", fee_currency="USDT")  # its fee comes late
    desk.report(ReportType.FILLED, "o9", exec_id="later", fee="5", fee_currency="BNB")  # a fee before its execution
    plain_state(desk.manager)
    assert sorted(encoded) == ["new", "o7", "o8", "o9"]


def test_what_is_encoded_ahead_is_bounded_and_not_encoded_again(encoded):
    desk = Desk(keep_closed=300)
    for number in range(20):
        close(desk, f"o{number}")
    orders = desk.manager.closed_orders()
    assert [write_ahead(orders, 8) for _ in range(4)] == [8, 8, 4, 0]
    plain_state(desk.manager)
    assert len(encoded) == 20


def test_an_order_that_is_dropped_keeps_no_bytes():
    desk = Desk(keep_closed=1)
    close(desk, "first")
    order = desk.order("first")
    plain_state(desk.manager)
    assert order.written
    close(desk, "second")
    assert not order.written


@pytest.mark.parametrize("count", [0, 1, 15, 16, 65_536])
def test_rows_read_as_the_list_that_they_are(count):
    rows = Rows()
    for number in range(count + 3):
        rows.add(str(number), encode((str(number), number)))
    dropped = [rows.drop_oldest() for _ in range(3)]
    assert dropped == [encode((str(number), number)) for number in range(3)]
    assert msgspec.msgpack.decode(rows.written()) == [[str(number), number] for number in range(3, count + 3)]
    assert (len(rows), "2" in rows, rows.get("2")) == (count, False, None)
    if count:
        assert rows.get(str(count + 2)) == encode((str(count + 2), count + 2))


def test_the_fields_of_a_state_stand_in_the_order_of_its_struct():
    """`plain_state` joins them by hand."""
    saved = msgspec.msgpack.decode(plain_state(Desk().manager))
    assert len(saved) == len(SavedState.__struct_fields__) == 15
