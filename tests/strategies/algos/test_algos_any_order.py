"""However fills, rejects, cancels and doubts fall: the children never come to more than their parent."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.events import ReportType
from core.orders import ApprovedCancel
from strategies import Strategy
from strategies.algos import Chase, Iceberg, ImplementationShortfall, Pov, Twap, Vwap
from tests.strategies.algos.market_place import LOT, SECOND, Place

PARENTS: list[tuple[type[Strategy], dict[str, Any]]] = [
    (Twap, {"duration_s": 20, "intervals": 5}),
    (Twap, {"duration_s": 20, "intervals": 5, "style": "take", "side": "sell"}),
    (Vwap, {"duration_s": 20, "weights": (1.0, 3.0, 2.0)}),
    (ImplementationShortfall, {"duration_s": 20, "intervals": 4, "risk_aversion": 0.1}),
    (Pov, {"rate": 0.3, "style": "join"}),
    (Pov, {"rate": 1.0, "clip": "0.03", "duration_s": 30}),
    (Iceberg, {"display": "0.03", "duration_s": 25}),
    (Chase, {"patience_ms": 6_000, "limit": "100.03"}),
]

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("quote"), st.integers(99_90, 100_05)),
        st.tuples(st.just("trade"), st.integers(1, 12)),
        st.tuples(st.just("obey"), st.just(0)),
        st.tuples(st.just("fill"), st.integers(1, 5)),
        st.tuples(st.just("reject"), st.just(0)),
        st.tuples(st.just("lose"), st.booleans()),
        st.tuples(st.just("expire"), st.just(0)),
    ),
    max_size=30,
)


def lose(place: Place, *, arrived: bool) -> None:
    """Let nobody know what became of a command, which did arrive or did not; its evidence comes later."""
    if not place.inbox:
        return
    command = place.inbox.popleft()
    if isinstance(command, ApprovedCancel):
        if arrived:
            place.leaves.pop(command.client_order_id, None)
        place.report(ReportType.OUTCOME_UNKNOWN, command.client_order_id)
        return
    intent = command.intent
    if arrived:
        place.leaves[intent.client_order_id] = intent.quantity
        place.intents[intent.client_order_id] = intent
    place.report(ReportType.OUTCOME_UNKNOWN, intent.client_order_id)


def resolve(place: Place) -> None:
    """Give the venue's evidence of every order that is open in our books, as its own names have it."""
    place.obey()
    for order in place.engine.manager.open_orders():
        chain = order.chain
        names = [order.client_order_id] if chain is None else [f"{order.client_order_id}{n:02}" for n in chain.names()]
        names = [name.removesuffix("00") if chain is not None else name for name in names]
        for name in names:
            if name in place.leaves:
                place.report(ReportType.ACCEPTED, name)
            elif name in place.intents:
                place.report(ReportType.CANCELLED, name)
            else:
                place.report(ReportType.NEVER_ARRIVED, name)


def one_step(place: Place, what: str, number: int) -> None:
    if what == "quote":
        place.quote(number, number + 3, after_ns=2 * SECOND)
    elif what == "trade":
        place.trade(100_00, number * LOT)
    elif what == "obey":
        place.obey()
    elif what == "fill":
        for name in list(place.leaves)[:1]:
            place.execute(name, number * LOT)
    elif what == "reject":
        if place.inbox:
            place.refuse(ReportType.REJECTED)
    elif what == "lose":
        lose(place, arrived=bool(number))
    else:
        for name in list(place.leaves)[:1]:
            del place.leaves[name]
            place.report(ReportType.EXPIRED, name)


@pytest.mark.parametrize(("algorithm", "params"), PARENTS, ids=[each.algorithm for each, _ in PARENTS])  # type: ignore[attr-defined]
@settings(max_examples=12, deadline=None)
@given(STEPS)
def test_the_children_never_come_to_more_than_their_parent(algorithm, params, drawn):
    place = Place(algorithm, quantity="0.10", **params)
    place.quote(99_99, 100_01)
    for step in drawn:
        one_step(place, *step)
        at_risk = place.executed + sum(place.leaves.values())
        assert at_risk <= 10 * LOT
        assert place.algo.filled == place.executed
        assert place.algo.filled + place.algo.working <= 10 * LOT
    for _ in range(4):
        resolve(place)
        place.run(30)
    resolve(place)
    assert place.executed + sum(place.leaves.values()) <= 10 * LOT
    assert place.algo.working == sum(place.leaves.values()), "once all is told, what it counts on is what works"
    assert place.algo.filled == place.executed
    if place.algo.has_ended:
        assert not place.leaves
        assert place.states()[-1] in {"filled", "expired"}
