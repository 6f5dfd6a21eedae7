"""What the gate refuses of an order before tickerd keeps it: each by its name."""

import msgspec
import pytest

from core.instruments import AssetClass
from core.orders import Contingency, OrderIntent, OrderTerms, OrderType, Side, TimeInForce, TriggerBy
from risk.held_checks import Wish, first_fault
from tests.engine.scenario import BTC, LOT

NOW_NS = 1_000
STOP = {"type": OrderType.STOP, "terms": OrderTerms(trigger_price=99_00)}
TRAIL = {"type": OrderType.TRAILING_STOP}
LIMIT = {"type": OrderType.LIMIT, "price": 100_00}
PERPETUAL = msgspec.structs.replace(BTC, asset_class=AssetClass.PERPETUAL)
TICKED = msgspec.structs.replace(BTC, tick=5, min_quantity=LOT, max_quantity=10 * LOT)


def wish(instrument=BTC, *, native=False, parent=-1, ready=True, known=False, kept=0, **order):
    intent = OrderIntent(
        **{
            "client_order_id": "o1",
            "strategy_id": "s",
            "instrument": 0,
            "side": Side.SELL,
            "type": OrderType.STOP,
            "quantity": LOT,
            **order,
        }
    )
    return Wish(intent, intent.terms or OrderTerms(), instrument, native, parent, ready, known, kept, 3, NOW_NS)


def code(*args, **order):
    fault = first_fault(wish(*args, **order))
    return fault[0] if fault else None


def terms(**words):
    return OrderTerms(**words)


@pytest.mark.parametrize(
    "order",
    [
        STOP,
        {"type": OrderType.STOP_LIMIT, "price": 98_00, "terms": terms(trigger_price=99_00)},
        {"type": OrderType.MARKET_IF_TOUCHED, "terms": terms(trigger_price=101_00, trigger_by=TriggerBy.MID)},
        {"type": OrderType.LIMIT_IF_TOUCHED, "price": 98_00, "terms": terms(trigger_price=99_00)},
        TRAIL | {"terms": terms(trail=50)},
        TRAIL | {"terms": terms(trail_ppm=5_000, activation_price=101_00, trigger_price=90_00)},
        {"type": OrderType.TRAILING_STOP_LIMIT, "terms": terms(trail=50, limit_offset=5)},
        LIMIT | {"time_in_force": TimeInForce.GTD, "terms": terms(expire_ns=NOW_NS + 1), "post_only": True},
        LIMIT | {"time_in_force": TimeInForce.DAY},
        LIMIT | {"quantity": 5 * LOT, "terms": terms(display_quantity=LOT)},
        LIMIT | {"terms": terms(group="g", contingency=Contingency.OCO)},
        STOP | {"terms": terms(trigger_price=99_00, parent="p"), "parent": LOT},
        LIMIT | {"time_in_force": TimeInForce.AT_CLOSE, "native": True},
        LIMIT | {"terms": terms(hidden=True), "native": True},
        STOP | {"time_in_force": TimeInForce.IOC},
    ],
)
def test_what_fits_together_may_be_kept(order):
    assert code(**order) is None


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("NOT_READY", STOP | {"ready": False}),
        ("NOT_TRADABLE", STOP | {"instrument": msgspec.structs.replace(BTC, tradable=False)}),
        ("NOT_TRADABLE", STOP | {"instrument": msgspec.structs.replace(BTC, expiry_ns=1)}),
        ("DUPLICATE_ID", STOP | {"known": True}),
        ("MAX_HELD_ORDERS", STOP | {"kept": 3}),
        ("QUANTITY_NOT_POSITIVE", STOP | {"quantity": 0}),
        ("LOT_SIZE", STOP | {"quantity": 7}),
        ("MIN_QUANTITY", STOP | {"instrument": TICKED, "quantity": 1_000}),
        ("MAX_VENUE_QUANTITY", STOP | {"instrument": TICKED, "quantity": 11 * LOT}),
        ("PRICE_NOT_POSITIVE", {"type": OrderType.STOP_LIMIT, "terms": terms(trigger_price=99_00)}),
        ("PRICE_ON_MARKET", STOP | {"price": 99_00}),
        ("PRICE_ON_MARKET", TRAIL | {"price": 99_00, "terms": terms(trail=50)}),
        ("TICK_SIZE", STOP | {"instrument": TICKED, "terms": terms(trigger_price=99_01)}),
        ("TICK_SIZE", TRAIL | {"instrument": TICKED, "terms": terms(trail=3)}),
        ("TICK_SIZE", STOP | {"terms": terms(trigger_price=-1)}),
        ("POST_ONLY_NOT_LIMIT", STOP | {"post_only": True}),
        ("POST_ONLY_NOT_LIMIT", LIMIT | {"post_only": True, "time_in_force": TimeInForce.IOC}),
        ("TRIGGER_PRICE", {"type": OrderType.STOP}),
        ("TRIGGER_PRICE", LIMIT | {"terms": terms(trigger_price=99_00)}),
        ("TRIGGER_BY", STOP | {"terms": terms(trigger_price=99_00, trigger_by=TriggerBy.MARK)}),
        ("TRAIL", TRAIL),
        ("TRAIL", TRAIL | {"terms": terms(trail=50, trail_ppm=5)}),
        ("TRAIL", TRAIL | {"terms": terms(trail_ppm=1_000_000)}),
        ("TRAIL", STOP | {"terms": terms(trigger_price=99_00, trail=50)}),
        ("TRAIL", TRAIL | {"terms": terms(trail=50, limit_offset=5)}),
        ("EXPIRE_TIME", LIMIT | {"time_in_force": TimeInForce.GTD}),
        ("EXPIRE_TIME", LIMIT | {"time_in_force": TimeInForce.GTD, "terms": terms(expire_ns=NOW_NS)}),
        ("EXPIRE_TIME", LIMIT | {"terms": terms(expire_ns=NOW_NS + 1)}),
        ("EXPIRE_TIME", {"type": OrderType.MARKET, "time_in_force": TimeInForce.DAY}),
        (
            "CALENDAR",
            LIMIT | {"instrument": msgspec.structs.replace(BTC, calendar="XNYS"), "time_in_force": TimeInForce.DAY},
        ),
        ("NO_AUCTION", LIMIT | {"time_in_force": TimeInForce.AT_OPEN}),
        ("NO_AUCTION", LIMIT | {"time_in_force": TimeInForce.AT_CLOSE}),
        ("HIDDEN_NOT_OFFERED", LIMIT | {"terms": terms(hidden=True)}),
        ("DISPLAY_QUANTITY", LIMIT | {"terms": terms(display_quantity=2 * LOT)}),
        ("DISPLAY_QUANTITY", LIMIT | {"terms": terms(display_quantity=7)}),
        ("DISPLAY_QUANTITY", {"type": OrderType.MARKET, "terms": terms(display_quantity=LOT)}),
        ("DISPLAY_QUANTITY", LIMIT | {"time_in_force": TimeInForce.IOC, "terms": terms(display_quantity=LOT)}),
        ("GROUP", LIMIT | {"terms": terms(group="g")}),
        ("GROUP", LIMIT | {"terms": terms(contingency=Contingency.OUO)}),
        ("GROUP", {"type": OrderType.MARKET, "terms": terms(group="g", contingency=Contingency.OCO)}),
        ("PARENT", LIMIT | {"terms": terms(parent="p")}),
        ("PARENT", LIMIT | {"quantity": 2 * LOT, "terms": terms(parent="p"), "parent": LOT}),
    ],
)
def test_what_cannot_be_is_refused_by_name(name, order):
    assert code(**order) == name


HOURS = msgspec.structs.replace(BTC, calendar="XNYS", sessions=((500, NOW_NS), (2_000, 3_000)))
OVER = msgspec.structs.replace(BTC, calendar="XNYS", sessions=((500, NOW_NS),))
ENDING = msgspec.structs.replace(BTC, expiry_ns=NOW_NS + 1)
SHOWN = {"quantity": 2 * LOT}


@pytest.mark.parametrize(
    "order",
    [
        STOP | {"kept": 2},
        STOP | {"instrument": ENDING},
        LIMIT | {"instrument": TICKED, "quantity": LOT},
        LIMIT | {"instrument": TICKED, "quantity": 10 * LOT},
        LIMIT | {"instrument": TICKED, "quantity": 11 * LOT, "terms": terms(display_quantity=LOT)},
        TRAIL | {"terms": terms(trail_ppm=999_999)},
        LIMIT | {"quantity": LOT, "terms": terms(display_quantity=LOT)},
        TRAIL | SHOWN | {"type": OrderType.TRAILING_STOP_LIMIT, "terms": terms(trail=50, display_quantity=LOT)},
        LIMIT | {"instrument": TICKED, "quantity": 2 * LOT, "terms": terms(display_quantity=LOT)},
        LIMIT | {"terms": terms(contingency=Contingency.OTO)},
        LIMIT | {"terms": terms(contingency=Contingency.OTO, group="g")},
        {"type": OrderType.MARKET, "terms": terms(parent="p"), "parent": LOT},
        LIMIT | {"instrument": HOURS, "time_in_force": TimeInForce.DAY},
        LIMIT | {"instrument": HOURS, "time_in_force": TimeInForce.AT_OPEN},
        {"type": OrderType.MARKET, "instrument": HOURS, "time_in_force": TimeInForce.AT_CLOSE},
        LIMIT | {"instrument": OVER, "time_in_force": TimeInForce.GTC},
        LIMIT | {"instrument": OVER, "time_in_force": TimeInForce.DAY, "native": True},
    ],
)
def test_what_is_just_within_may_be_kept(order):
    assert code(**order) is None


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("NOT_TRADABLE", STOP | {"instrument": msgspec.structs.replace(BTC, expiry_ns=NOW_NS)}),
        ("MIN_QUANTITY", LIMIT | {"instrument": TICKED, "quantity": LOT - 1_000}),
        ("MAX_VENUE_QUANTITY", LIMIT | {"instrument": TICKED, "quantity": 10 * LOT + 1_000}),
        ("TRAIL", TRAIL | {"terms": terms(trail=50, trail_ppm=-1)}),
        ("TRAIL", {"type": OrderType.STOP_LIMIT, "price": 5, "terms": terms(trigger_price=99_00, limit_offset=5)}),
        ("EXPIRE_TIME", LIMIT | {"time_in_force": TimeInForce.DAY, "terms": terms(expire_ns=NOW_NS + 1)}),
        ("SESSIONS_END", LIMIT | {"instrument": OVER, "time_in_force": TimeInForce.DAY}),
        ("SESSIONS_END", LIMIT | {"instrument": OVER, "time_in_force": TimeInForce.AT_CLOSE}),
        ("NO_AUCTION", STOP | {"instrument": HOURS, "time_in_force": TimeInForce.AT_CLOSE}),
        (
            "NO_AUCTION",
            LIMIT | {"instrument": HOURS, "time_in_force": TimeInForce.AT_OPEN, "terms": terms(display_quantity=LOT)},
        ),
        ("DISPLAY_QUANTITY", LIMIT | SHOWN | {"terms": terms(display_quantity=-1_000)}),
        ("DISPLAY_QUANTITY", LIMIT | SHOWN | {"instrument": TICKED, "terms": terms(display_quantity=LOT - 1_000)}),
        ("DISPLAY_QUANTITY", STOP | SHOWN | {"terms": terms(trigger_price=99_00, display_quantity=LOT)}),
        ("GROUP", LIMIT | {"terms": terms(contingency=Contingency.OCO)}),
        ("PARENT", LIMIT | {"quantity": LOT + 1_000, "terms": terms(parent="p"), "parent": LOT}),
    ],
)
def test_what_is_just_beyond_is_refused_by_name(name, order):
    assert code(**order) == name


def test_a_change_of_what_is_kept_needs_no_later_session():
    day = wish(OVER, **LIMIT | {"time_in_force": TimeInForce.DAY})
    assert first_fault(day) is not None
    assert first_fault(day._replace(changes=True)) is None


@pytest.mark.parametrize(
    ("parent", "why"), [(-1, "no open order of this strategy"), (0, "larger than its parent of 0")]
)
def test_a_parent_that_is_not_there_and_one_that_has_nothing_left_are_told_apart(parent, why):
    fault = first_fault(wish(parent=parent, **LIMIT | {"terms": terms(parent="p")}))
    assert fault is not None
    assert why in fault[1].message


@pytest.mark.parametrize(
    ("by", "native", "marked", "refused"),
    [
        (TriggerBy.MARK, False, False, True),
        (TriggerBy.MARK, False, True, False),
        (TriggerBy.MARK, True, False, False),
        (TriggerBy.LAST, False, False, False),
    ],
)
def test_a_mark_that_tickerd_has_to_look_at_must_have_been_told(by, native, marked, refused):
    stop = wish(PERPETUAL, native=native, **STOP | {"terms": terms(trigger_price=99_00, trigger_by=by)})
    assert (first_fault(stop._replace(marked=marked)) is not None) is refused


def test_a_contract_may_be_triggered_by_its_mark():
    by_mark = terms(trigger_price=99_00, trigger_by=TriggerBy.MARK)
    assert code(PERPETUAL, **STOP | {"terms": by_mark}) is None
