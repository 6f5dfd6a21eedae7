"""No accepted sequence breaks a limit of a scope, under any order of acknowledgements, fills and cancels."""

from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.events import ReportType
from core.orders import ApprovedReplace, ApprovedSubmit, OrderType, Side
from risk.control_settings import ScopeLimits
from risk.controls.control import Controls
from risk.controls.found import Found
from tests.risk.control_room import MARKETS, PERP, SPOT, ControlRoom
from tests.risk.room import SECOND_NS

ALL = ScopeLimits(
    max_gross_notional=100,
    max_net_notional=60,
    max_open_notional=70,
    max_open_orders=5,
    max_orders_per_second=3,
    max_orders_per_day=30,
    max_turnover_per_day=300,
)
ONE = ScopeLimits(max_gross_notional=50, max_open_orders=3)
MAIN = {"main": ("BINANCE", "KRAKEN")}
MIDDLE = {PERP: Fraction(1000), SPOT: Fraction(200)}
SIZE = {PERP: 100, SPOT: 500}  # quantity units of 10 USDT

orders = st.fixed_dictionaries(
    {
        "strategy_id": st.sampled_from(("ema", "quoter")),
        "instrument": st.sampled_from((PERP, SPOT)),
        "side": st.sampled_from(Side),
        "lots": st.integers(1, 5),
        "type": st.sampled_from((OrderType.LIMIT, OrderType.MARKET)),
    }
)
answers = st.tuples(
    st.integers(0, 50),
    st.sampled_from(
        [
            ReportType.ACCEPTED,
            ReportType.FILLED,
            ReportType.FILLED,
            ReportType.FILLED,
            ReportType.CANCELLED,
            ReportType.REJECTED,
            ReportType.OUTCOME_UNKNOWN,
        ]
    ),
    st.integers(1, 2_500),
)
replaces = st.tuples(st.just("replace"), st.integers(0, 50), st.integers(1, 6))
waits = st.integers(0, 2 * SECOND_NS)
steps = st.lists(st.one_of(orders, orders, answers, replaces, waits), max_size=60)


def answer(room, names, step):
    """Let the venue answer one of the orders as venues do: no fill beyond the quantity, none after the end."""
    which, kind, quantity = step
    order = room.manager.order(names[which % len(names)])
    if kind is not ReportType.FILLED:
        room.report(kind, order.client_order_id)
    elif order.leaves:
        room.fill(order.client_order_id, min(quantity, order.leaves))


def worst(room, strategy_id=None):
    """Recount, from orders and positions alone, what might be held: (gross, long, short, buys, sells, open orders)."""
    gross = long = short = all_buys = all_sells = Fraction(0)
    count = 0
    for index in (PERP, SPOT):
        unit = MIDDLE[index] / 10_000
        manager = room.manager
        position = manager.position(index) if strategy_id is None else manager.strategy_position(strategy_id, index)
        mine = [
            each
            for each in manager.open_orders()
            if each.instrument == index and strategy_id in {None, each.strategy_id}
        ]
        buys = sum(each.leaves for each in mine if each.side > 0) * unit
        sells = sum(each.leaves for each in mine if each.side < 0) * unit
        held = position.quantity * unit
        gross += max(abs(held + buys), abs(held - sells))
        long, short = long + held + buys, short + held - sells
        all_buys, all_sells, count = all_buys + buys, all_sells + sells, count + len(mine)
    return gross, long, -short, all_buys, all_sells, count


@given(steps)
def test_no_accepted_sequence_breaks_a_limit_of_the_daemon_or_of_a_strategy(drawn):
    room = ControlRoom(self_trade=True, accounts=MAIN, limits={"account:main": ALL, "strategy:ema": ONE})
    names, opened_ns = [], []
    for step in drawn:
        before, own_before = worst(room), worst(room, "ema")
        added = False
        if isinstance(step, dict):
            fields = dict(step)
            fields["quantity"] = fields.pop("lots") * SIZE[fields["instrument"]]
            decision = room.ask(**fields)
            if isinstance(decision, ApprovedSubmit):
                added = True
                names.append(decision.intent.client_order_id)
        elif isinstance(step, int):
            room.wait(step)
        elif step[0] == "replace":
            if not names:
                continue
            order = room.manager.order(names[step[1] % len(names)])
            assert order is not None
            replaced = room.replace(order.client_order_id, quantity=step[2] * SIZE[order.instrument])
            if isinstance(replaced, ApprovedReplace):
                added = True
                room.effects.append(replaced)
                room.manager.replacements.sent(replaced, room.now_ns, room.effects)
        elif names:
            answer(room, names, step)
        room.end_event()
        if added:
            check(worst(room), before, ALL)
            check(worst(room, "ema"), own_before, ONE)
            if worst(room)[0] > before[0]:
                opened_ns.append(room.now_ns)
                assert len([each for each in opened_ns if room.now_ns - each < SECOND_NS]) <= 3


def check(now, before, limits):
    """A limit holds after an order passed; one that was broken by the market or a fill grows no further."""
    bounds = (
        limits.max_gross_notional,
        limits.max_net_notional,
        limits.max_net_notional,
        limits.max_open_notional,
        limits.max_open_notional,
        limits.max_open_orders,
    )
    for figure, was, limit in zip(now, before, bounds, strict=True):
        assert limit is None or figure <= limit or figure <= was


class OneByOne(Controls):
    """Asks every scope about every order, and never looks at what is left over all of them."""

    __slots__ = ()

    def breach(self, *asked: Any) -> Found:
        self._rooms.clear.clear()
        return super().breach(*asked)

    def _is_within(self, *_: object) -> bool:
        return False


EVERY = ScopeLimits(
    max_order_value=45,
    max_gross_notional=90,
    max_net_notional=55,
    max_open_notional=65,
    max_open_orders=4,
    max_leverage="0.8",
    max_concentration="0.5",
    max_depth_share=2,
    max_orders_per_second=3,
    max_messages_per_minute=20,
    max_orders_per_day=25,
    max_fills_per_day=20,
    max_turnover_per_day=250,
    duplicate_window_ms=300,
)
SPENDS = ScopeLimits(min_cash=40, max_net_notional=70)
FEW = ScopeLimits(no_short=True, order_types=(OrderType.LIMIT,), max_gross_notional=60, max_fees_per_day="0.05")


@given(steps)
def test_what_is_left_over_all_scopes_decides_as_each_of_them_would(drawn):
    rooms = []
    for kind in (Controls, OneByOne):
        scopes = {"account:main": EVERY, "all": SPENDS, "class:perpetual": EVERY, "strategy:quoter": FEW}
        room = ControlRoom(equity="120", self_trade=True, accounts=MAIN, limits=scopes)
        settings = room.gate.limits.controls
        assert settings is not None
        room.gate.controls = kind(settings, room.gate.day, room.manager, room.effects, room.portfolio)
        for index, (instrument, _, _) in MARKETS.items():
            room.gate.controls.define(index, instrument)
        rooms.append(room)
    names: list[str] = []
    for step in drawn:
        told = [carried_out(room, names, step) for room in rooms]
        assert told[0] == told[1]
        if isinstance(told[0], ApprovedSubmit):
            names.append(told[0].intent.client_order_id)
        for room in rooms:
            room.end_event()


def carried_out(room, names, step):
    """Carry a step out and return what the gate said."""
    if isinstance(step, dict):
        fields = dict(step)
        fields["quantity"] = fields.pop("lots") * SIZE[fields["instrument"]]
        return room.ask(**fields)
    if isinstance(step, int):
        room.wait(step)
    elif step[0] == "replace" and names:
        order = room.manager.order(names[step[1] % len(names)])
        decision = room.replace(order.client_order_id, quantity=step[2] * SIZE[order.instrument])
        if isinstance(decision, ApprovedReplace):
            room.effects.append(decision)
            room.manager.replacements.sent(decision, room.now_ns, room.effects)
        return decision
    elif names and step[0] != "replace":
        answer(room, names, step)
    return None
