"""No accepted sequence breaks a limit, whatever the venue answers and in whatever order."""

from collections import Counter
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from core.events import ReportType
from core.orders import ApprovedSubmit, OrderType, Refusal, Side
from oms.transitions import is_open
from risk.figures import collar_ceiling, outside_collar, valuation_price
from risk.limits import DEVIATION_UNIT, RiskLimits
from tests.risk.room import SECOND_NS, Room

LIMITS = RiskLimits(
    max_order_quantity="0.06",
    max_order_notional=55,
    max_position="0.1",
    max_position_notional=95,
    max_open_orders=4,
    max_open_orders_total=3,
    max_orders_per_second=2,
    max_orders_per_minute=10,
    max_data_age_ms=10**9,
)

orders = st.fixed_dictionaries(
    {
        "side": st.sampled_from(Side),
        "quantity": st.integers(1, 140).map(lambda lots: lots * 5),
        "type": st.sampled_from(OrderType),
        "reduce_only": st.booleans(),
    }
)
answers = st.tuples(
    st.integers(0, 50),  # which order
    st.sampled_from(
        [
            ReportType.ACCEPTED,
            ReportType.FILLED,
            ReportType.FILLED,
            ReportType.CANCELLED,
            ReportType.CANCEL_REJECTED,
            ReportType.OUTCOME_UNKNOWN,
        ]
    ),
    st.integers(1, 600),  # how much of it, at most
)
waits = st.integers(0, 3 * SECOND_NS)
prices = st.integers(950, 1050)
steps = st.lists(st.one_of(orders, answers, waits, prices), max_size=80)


def answer(room, names, step):
    """Let the venue answer one of the orders as venues do: no fill beyond the quantity, none after the end."""
    which, kind, quantity = step
    order = room.manager.order(names[which % len(names)])
    if kind is not ReportType.FILLED:
        room.report(kind, order.client_order_id)
    elif order.leaves:
        share = min(quantity, order.leaves)
        exec_id = f"e{len(order.exec_ids)}"
        room.report(ReportType.FILLED, order.client_order_id, exec_id=exec_id, quantity=share, price=1000_00)


@settings(max_examples=200)
@given(steps)
def test_no_accepted_sequence_breaks_position_count_or_rate(drawn):
    room = Room(LIMITS)
    names, passed_ns = [], []
    for step in drawn:
        if isinstance(step, dict):
            fields = dict(step)
            if fields["type"] is OrderType.MARKET:
                fields["price"] = 0
            decision = room.ask(**fields)
            if isinstance(decision, ApprovedSubmit):
                room.manager.submit(decision, room.now_ns, [])
                names.append(decision.intent.client_order_id)
                passed_ns.append(room.now_ns)
        elif isinstance(step, tuple):
            if names:
                answer(room, names, step)
        elif step < 10_000:
            room.quote(step * 100 - 5, step * 100 + 5)
            room.trade(step * 100)
        else:
            room.now_ns += step
        hold_the_limits(room, names, passed_ns)


def hold_the_limits(room, names, passed_ns):
    position, exposure = room.manager.position(0).quantity, room.manager.exposure(0)
    assert position + exposure.open_buy_quantity <= 1_000
    assert exposure.open_sell_quantity - position <= 1_000
    alive = [name for name in names if is_open(room.manager.order(name).state)]
    assert len(alive) <= 3
    for time_ns in passed_ns:
        assert sum(time_ns <= other < time_ns + SECOND_NS for other in passed_ns) <= 2
        assert sum(time_ns <= other < time_ns + 60 * SECOND_NS for other in passed_ns) <= 10
    for name in names:
        order = room.manager.order(name)
        assert order.quantity <= 600
        assert order.quantity * order.price * room.instrument.notional_factor <= 55 * 10**18


@settings(max_examples=100)
@given(steps)
def test_a_reduce_only_order_never_lets_the_position_cross_zero(drawn):
    room = Room(LIMITS)
    names = []
    for step in drawn:
        if isinstance(step, dict):
            before = room.manager.position(0).quantity
            fields = dict(step)
            if fields["type"] is OrderType.MARKET:
                fields["price"] = 0
            decision = room.ask(**fields)
            if not isinstance(decision, ApprovedSubmit):
                continue
            room.manager.submit(decision, room.now_ns, [])
            names.append(decision.intent.client_order_id)
            if step["reduce_only"]:
                assert before * step["side"] < 0
                assert step["quantity"] <= abs(before)
        elif isinstance(step, tuple) and names:
            answer(room, names, step)
        elif isinstance(step, int) and step >= 10_000:
            room.now_ns += step


@given(steps)
def test_the_same_questions_get_the_same_answers_and_leave_the_same_state(drawn):
    def run():
        room, told = Room(LIMITS), []
        names = []
        for step in drawn:
            if isinstance(step, dict):
                decision = room.ask(**step)
                told.append(decision)
                if isinstance(decision, ApprovedSubmit):
                    room.manager.submit(decision, room.now_ns, [])
                    names.append(decision.intent.client_order_id)
            elif isinstance(step, tuple) and names:
                answer(room, names, step)
        return told, room.gate.state(), room.manager.state()

    assert run() == run()


@given(st.lists(orders, max_size=30))
def test_every_refusal_says_what_to_do_and_most_name_a_figure(drawn):
    room = Room(LIMITS)
    codes: Counter[str] = Counter()
    for fields in drawn:
        decision = room.ask(**fields)
        if isinstance(decision, Refusal):
            codes[decision.code] += 1
            assert ":" in decision.message or ";" in decision.message
            assert decision.limit
            assert decision.figure
        else:
            room.manager.submit(decision, room.now_ns, [])
    assert set(codes) <= {
        "LOT_SIZE",
        "MIN_QUANTITY",
        "MIN_NOTIONAL",
        "MAX_QUANTITY",
        "MAX_NOTIONAL",
        "REDUCE_ONLY",
        "MAX_POSITION",
        "MAX_POSITION_NOTIONAL",
        "MAX_OPEN_ORDERS_TOTAL",
        "ORDER_RATE",
    }


whole = st.integers(0, 10**12)
deviations = st.integers(0, DEVIATION_UNIT - 1)


@given(whole, whole, deviations)
def test_the_collar_agrees_with_fractions(price, reference_twice, deviation):
    reference = Fraction(reference_twice, 2)
    outside = abs(price - reference) > reference * Fraction(deviation, DEVIATION_UNIT)
    assert outside_collar(price, reference_twice, deviation) == outside


@given(whole, deviations)
def test_the_collars_ceiling_is_the_first_whole_price_not_below_it(reference_twice, deviation):
    exact = Fraction(reference_twice, 2) * (1 + Fraction(deviation, DEVIATION_UNIT))
    ceiling = collar_ceiling(reference_twice, deviation)
    assert ceiling - 1 < exact <= ceiling


@given(st.booleans(), st.sampled_from([1, -1]), whole, whole, whole, deviations)
def test_an_order_is_valued_no_lower_than_it_can_trade(is_market, side, price, bid, reference_twice, deviation):
    value = valuation_price(is_market, side, price, bid, reference_twice, deviation)
    if is_market:
        assert value == collar_ceiling(reference_twice, deviation)
    else:
        assert value >= price
        assert side > 0 or value >= bid
