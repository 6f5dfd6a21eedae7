"""Families of kept orders against a venue that does anything: never too much, never two legs at once, never stuck."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from core.effects import HeldChanged, OrderUpdated
from core.orders import Contingency, OrderIntent, OrderState, OrderTerms, OrderType, Side
from oms.held.groups import slice_quantity
from oms.held.keeper import HeldOrders
from oms.held.order import HeldOrder
from oms.transitions import is_open

BUY, SELL = Side.BUY, Side.SELL
MIDDLE = 100
LOT = 2
_WORKING = (OrderState.SUBMITTED, OrderState.PENDING_CANCEL)


class Part:
    """An order at the venue."""

    def __init__(self, order: HeldOrder, name: str, quantity: int) -> None:
        self.order, self.name, self.quantity, self.filled = order, name, quantity, 0
        self.state = OrderState.SUBMITTED

    @property
    def leaves(self) -> int:
        return self.quantity - self.filled if is_open(self.state) else 0


class Venue:
    """A door to a venue in a few lines, and the naive books of what went through it."""

    def __init__(self) -> None:
        self.held = HeldOrders()
        self.parts: list[Part] = []
        self.price = MIDDLE
        self.ends: list[str] = []
        self.retries: list[HeldOrder] = []
        self.refuses = self.blind = False
        self.journal = HeldOrders()  # what a restart would know

    # -- the door --

    def can_release(self, _order: HeldOrder) -> bool:
        return not self.blind

    def save(self, order: HeldOrder, data: bytes) -> None:
        self.journal.follow(
            HeldChanged(client_order_id=order.client_order_id, strategy_id="s", instrument=0, state=data)
        )

    def release(self, order: HeldOrder, quantity: int) -> tuple[str, int] | str:
        assert quantity > 0
        if self.refuses:
            return "refused"
        whole = quantity == order.intent.quantity and not order.slices and not order.terms.display_quantity
        name = order.client_order_id if whole else f"{order.client_order_id}/{len(self.parts)}"
        self.parts.append(Part(order, name, quantity))
        return name, quantity

    def withdraw(self, _order: HeldOrder, name: str) -> None:
        [part] = [each for each in self.parts if each.name == name]
        assert is_open(part.state)
        part.state = OrderState.PENDING_CANCEL

    def hold(self, order: HeldOrder, previous: OrderState | None) -> None:
        assert order.client_order_id not in self.ends

    def end(self, order: HeldOrder, state: OrderState) -> None:
        assert not is_open(state)
        self.ends.append(order.client_order_id)

    def again(self, order: HeldOrder) -> None:
        self.retries.append(order)

    def least(self, _order: HeldOrder) -> int:
        return LOT

    def reference(self, _order: HeldOrder, _by: object) -> tuple[int, int]:
        return (0, 0) if self.blind else (self.price, self.price)

    # -- the venue --

    def tell(self, part: Part, state: OrderState, filled: int = 0) -> None:
        previous = part.state
        part.state, part.filled = state, part.filled + filled
        self.held.moved(
            OrderUpdated(
                client_order_id=part.name,
                strategy_id="s",
                instrument=0,
                side=part.order.side,
                type=OrderType.MARKET,
                price=0,
                quantity=part.quantity,
                filled=part.filled,
                previous=previous,
                state=state,
                venue_order_id="",
                reason="",
            ),
            self,
        )

    def fill(self, part: Part, quantity: int) -> None:
        quantity = min(quantity, part.leaves)
        done = part.filled + quantity == part.quantity
        if quantity:
            state = OrderState.FILLED if done else part.state
            self.tell(part, OrderState.PARTIALLY_FILLED if state is OrderState.SUBMITTED else state, quantity)

    def open_parts(self) -> list[Part]:
        return [part for part in self.parts if is_open(part.state)]


def order(name: str, type_: OrderType, side: Side, quantity: int, family: str, **terms: object) -> HeldOrder:
    price = 0 if type_ in (OrderType.MARKET, OrderType.STOP, OrderType.MARKET_IF_TOUCHED) else MIDDLE
    intent = OrderIntent(
        client_order_id=name,
        strategy_id="s",
        instrument=0,
        side=side,
        type=type_,
        quantity=quantity,
        price=price,
        terms=OrderTerms(**terms),  # type: ignore[arg-type]
    )
    return HeldOrder(intent, family, LOT, 1, 0)


quantities = st.integers(1, 10).map(lambda lots: lots * LOT)
contingencies = st.sampled_from([Contingency.OCO, Contingency.OUO])


@st.composite
def families(draw) -> list[HeldOrder]:
    """A bracket, a group, an iceberg, or a parent with children that do not exclude each other."""
    quantity = draw(quantities)
    kind = draw(st.sampled_from(["bracket", "group", "iceberg", "children"]))
    if kind == "iceberg":
        shown = draw(st.integers(1, quantity // LOT)) * LOT
        return [order("o0", OrderType.LIMIT, BUY, quantity, "o0", display_quantity=shown)]
    legs = []
    if kind == "group":
        rule = {"group": "g", "contingency": draw(contingencies)}
    else:
        rule = {"parent": "o0"}
        type_, trigger = draw(st.sampled_from([(OrderType.LIMIT, 0), (OrderType.STOP, 103)]))
        legs.append(order("o0", type_, BUY, quantity, "o0", trigger_price=trigger))
        if kind == "bracket":
            rule |= {"group": "g", "contingency": draw(contingencies)}
    for _ in range(draw(st.integers(2, 3))):
        leg_type = draw(st.sampled_from([OrderType.LIMIT, OrderType.STOP, OrderType.LIMIT_IF_TOUCHED]))
        trigger = 0 if leg_type is OrderType.LIMIT else draw(st.integers(96, 104))
        size = quantity if kind != "group" else draw(quantities)
        legs.append(order(f"o{len(legs)}", leg_type, SELL, size, "o0", trigger_price=trigger, **rule))
    return legs


ACTIONS = ("fill", "price", "cancelled", "reject-cancel", "ended", "cancel", "expire", "retry", "refuse", "blind")


def act(venue: Venue, family: list[HeldOrder], action: str, number: int, amount: int) -> None:
    """Let one thing happen, if there is anything that it can happen to."""
    parts = venue.open_parts()
    part = parts[number % len(parts)] if parts else None
    member = family[number % len(family)].client_order_id
    if action == "price":
        venue.price = 96 + amount % 9
        venue.held.look(0, venue)
    elif action == "fill" and part:
        venue.fill(part, amount)
    elif action == "cancelled" and part and part.state is OrderState.PENDING_CANCEL:
        venue.tell(part, OrderState.CANCELLED)
    elif action == "reject-cancel" and part and part.state is OrderState.PENDING_CANCEL:
        venue.tell(part, OrderState.ACCEPTED)
    elif action == "ended" and part and part.state is not OrderState.PENDING_CANCEL:
        venue.tell(part, OrderState.EXPIRED if amount % 2 else OrderState.REJECTED)
    elif action == "cancel" and (kept := venue.held.get(member)) is not None:
        venue.held.cancel(kept, "asked to", venue)
    elif action == "expire":
        venue.held.expire(member, venue)
    elif action == "retry":
        again(venue)
    elif action == "blind":
        venue.blind = not venue.blind
        venue.held.look(0, venue)
    elif action == "refuse":
        venue.refuses = not venue.refuses


def again(venue: Venue) -> None:
    waiting, venue.retries = venue.retries, []
    for kept in waiting:
        venue.held.retry(kept.client_order_id, venue)


def check(venue: Venue, family: list[HeldOrder]) -> None:
    """Compare what is at the venue with the rules, counted from the naive books."""
    filled = {each.client_order_id: 0 for each in family}
    leaves = dict(filled)
    for part in venue.parts:
        filled[part.order.client_order_id] += part.filled
        leaves[part.order.client_order_id] += part.leaves
    for each in family:
        name, terms = each.client_order_id, each.terms
        assert each.filled == filled[name]
        assert filled[name] + leaves[name] <= each.intent.quantity
        if terms.display_quantity:
            assert leaves[name] <= max(terms.display_quantity, 2 * LOT - 1)
        if terms.parent:
            armed = each.intent.quantity * filled["o0"] // family[0].intent.quantity
            assert filled[name] + leaves[name] <= armed, "a child never exceeds its parent"
    group = [each for each in family if each.exclusive]
    if group:
        assert sum(leaves[each.client_order_id] > 0 for each in group) <= 1, "one leg at a time"
        largest = max(each.intent.quantity for each in group)
        assert sum(filled[each.client_order_id] for each in group) <= largest
    assert len(set(venue.ends)) == len(venue.ends), "an order ends once"
    assert venue.journal.state() == venue.held.state(), "every change is written down"
    copy = HeldOrders()
    if venue.held.durable():
        copy.restore(1, venue.held.durable(), {0: 0})
    assert copy.state() == venue.held.state()


def run(family: list[HeldOrder], script: list[tuple[str, int, int]], see: Callable[[Venue], None]) -> Venue:
    venue = Venue()
    venue.held.take(family, venue)
    see(venue)
    for action, number, amount in script:
        act(venue, family, action, number, amount)
        see(venue)
    return venue


scripts = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 5), st.integers(1, 20)), max_size=25)


@settings(max_examples=100)
@given(families(), scripts)
def test_whatever_the_venue_does_no_family_exceeds_what_it_may(family, script):
    run(family, script, lambda venue: check(venue, family))


@settings(max_examples=60)
@given(families(), scripts)
def test_a_family_always_comes_to_its_end(family, script):
    venue = run(family, script, lambda _venue: None)
    venue.refuses = venue.blind = False
    for _ in range(30):
        venue.held.cancel_all("", "over", venue)
        again(venue)
        for part in venue.open_parts():
            venue.tell(part, OrderState.CANCELLED)
    assert venue.held.orders == {}
    assert venue.held.watched == [[]]
    assert sorted(venue.ends) == sorted(each.client_order_id for each in family)


@given(st.integers(1, 100), st.integers(1, 20), st.integers(1, 10))
def test_slices_add_up_and_leave_no_crumb_where_that_can_be_avoided(total, display, least):
    room, slices = total, []
    while room:
        slices.append(slice_quantity(room, display, least))
        room -= slices[-1]
    assert sum(slices) == total
    assert all(0 < each < display + least for each in slices)
    if total >= least and display >= least:
        assert all(each >= least for each in slices)


def test_a_late_fill_of_an_ended_leg_shrinks_the_one_that_went_out():
    legs = [
        order("o0", OrderType.LIMIT, SELL, 10, "o0", group="g", contingency=Contingency.OUO),
        order("o1", OrderType.STOP, SELL, 10, "o0", trigger_price=98, group="g", contingency=Contingency.OUO),
    ]
    venue = Venue()
    venue.held.take(legs, venue)
    venue.price = 98
    venue.held.look(0, venue)
    first = venue.parts[0]
    venue.tell(first, OrderState.CANCELLED)
    assert venue.parts[1].leaves == 10
    venue.tell(first, OrderState.CANCELLED, filled=4)
    assert venue.parts[1].state is OrderState.PENDING_CANCEL
    venue.tell(venue.parts[1], OrderState.CANCELLED)
    assert venue.parts[2].leaves == 6


def test_of_two_limit_legs_the_second_waits_for_the_market_to_touch_it():
    legs = [
        order("o0", OrderType.LIMIT, BUY, 10, "o0", group="g", contingency=Contingency.OCO),
        order("o1", OrderType.LIMIT, SELL, 10, "o0", group="g", contingency=Contingency.OCO),
    ]
    venue = Venue()
    venue.price = 99
    venue.held.take(legs, venue)
    assert [part.order for part in venue.parts] == legs[:1]
    venue.price = MIDDLE
    venue.held.look(0, venue)
    assert venue.parts[0].state is OrderState.PENDING_CANCEL
    venue.tell(venue.parts[0], OrderState.CANCELLED)
    assert venue.parts[1].order is legs[1]
