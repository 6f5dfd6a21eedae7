"""Checks that an account asks for: legs in hedge mode, and balances that cover what open orders may need."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.events import ReportType
from core.instruments import AssetClass
from core.money import money
from core.orders import OrderTerms, OrderType, ReplaceIntent, Side
from oms.holds import available, held
from oms.rules import AccountingRules
from tests.risk.room import BTC, Room

LONG, SHORT = OrderTerms(hedge=Side.BUY), OrderTerms(hedge=Side.SELL)
SPOT: dict[str, Any] = {"asset_class": AssetClass.CRYPTO_SPOT, "settlement": ""}


def hedged(**limits):
    room = Room(**({"limits": limits["limits"]} if limits else {}))
    room.manager.books.rules = AccountingRules(hedging=True)
    return room


def spot(usdt="100"):
    """A spot market at 1000, where a quantity unit is worth 0.1 USDT; the fee reserve is a thousandth."""
    room = Room(**SPOT)
    room.manager.books.rules = AccountingRules(check_balances=True)
    room.manager.books.reopen({"USDT": money(usdt)})
    room.manager.books.rates.markets = [room.market]
    return room


def test_in_hedge_mode_an_order_names_its_leg_and_in_netting_mode_it_names_none():
    refusal = hedged().refusal()
    assert (refusal.code, "terms.hedge" in refusal.message) == ("HEDGE_SIDE", True)
    assert Room().code(terms=LONG) == "HEDGE_SIDE"
    assert hedged().code(terms=LONG) == ""
    assert Room(**SPOT).code() == ""


def test_a_leg_is_opened_on_its_side_and_closed_no_further_than_it_is_held():
    room = hedged()
    name = room.place(terms=LONG, quantity=100)
    room.fill(name, 100)
    assert room.code(terms=LONG, side=Side.SELL, quantity=105) == "REDUCE_ONLY"
    room.place(terms=LONG, side=Side.SELL, quantity=60)
    assert room.code(terms=LONG, side=Side.SELL, quantity=45) == "REDUCE_ONLY"
    assert room.code(terms=LONG, side=Side.SELL, quantity=40) == ""
    assert room.code(terms=SHORT, side=Side.BUY, quantity=10) == "REDUCE_ONLY"
    assert room.code(terms=SHORT, side=Side.SELL, quantity=100) == ""


def test_each_leg_has_the_position_limit_for_itself():
    room = Room(msgspec.structs.replace(Room().gate._limits, max_position="0.01"))
    room.manager.books.rules = AccountingRules(hedging=True)
    room.fill(room.place(terms=LONG, quantity=100), 100)
    assert room.code(terms=LONG, quantity=10) == "MAX_POSITION"
    room.fill(room.place(terms=SHORT, side=Side.SELL, quantity=100), 100)
    assert room.code(terms=SHORT, side=Side.SELL, quantity=10) == "MAX_POSITION"
    assert (room.manager.leg(BTC, 1).quantity, room.manager.leg(BTC, -1).quantity) == (100, -100)
    assert room.manager.position(BTC).quantity == 0


def test_a_buy_needs_its_price_and_the_worst_fee_and_is_told_what_is_free():
    room = spot("100.1")
    assert room.code(quantity=1_000) == ""
    refusal = room.refusal(quantity=1_005)
    assert (refusal.code, refusal.limit, refusal.figure) == ("INSUFFICIENT_BALANCE", "100.1", "100.6005")
    assert "cancel another" in refusal.message


def test_what_an_open_order_holds_is_not_free_for_the_next_one():
    room = spot("100.1")
    room.place(quantity=500)
    assert held(room.manager, [room.market], "USDT") == money("50.05")
    assert room.code(quantity=505) == "INSUFFICIENT_BALANCE"
    assert room.code(quantity=500) == ""


def test_a_sell_needs_the_asset_itself():
    room = spot()
    assert room.code(side=Side.SELL, quantity=100) == "INSUFFICIENT_BALANCE"
    room.manager.books.reopen({"BTC": money("0.01")})
    assert room.code(side=Side.SELL, quantity=100) == ""
    assert room.code(side=Side.SELL, quantity=105) == "INSUFFICIENT_BALANCE"


def test_a_market_buy_is_counted_at_the_highest_price_that_the_collar_allows():
    room = spot("105.1")  # 0.1 BTC at 1,050 and a thousandth
    assert room.code(type=OrderType.MARKET, quantity=1_000) == "INSUFFICIENT_BALANCE"
    room = spot("105.11")
    assert room.code(type=OrderType.MARKET, quantity=1_000) == ""


def test_a_replacement_may_use_what_the_order_holds_already():
    room = spot("100.1")
    name = room.place(quantity=900)
    room.report(ReportType.ACCEPTED, name, venue_order_id="v")
    for quantity, code in ((1_000, ""), (1_005, "INSUFFICIENT_BALANCE")):
        wish = ReplaceIntent(client_order_id=name, strategy_id="s", quantity=quantity)
        answer = room.gate.check_replace(wish, room.market, room.manager, True, room.now_ns)
        assert getattr(answer, "code", "") == code, answer


def test_nothing_is_asked_of_balances_unless_the_settings_say_so():
    room = Room(**SPOT)
    room.manager.books.reopen({})
    assert room.code(quantity=100_000) == ""


@pytest.mark.parametrize("seed_balance", ["50", "1000"])
@settings(max_examples=30)
@given(steps=st.lists(st.tuples(st.sampled_from(Side), st.integers(2, 100), st.integers(0, 10)), max_size=15))
def test_what_passes_never_drives_a_balance_below_zero(seed_balance, steps):
    room = spot(seed_balance)
    for side, size, part in steps:
        quantity = size * 5
        answer = room.ask(side=side, quantity=quantity)
        if hasattr(answer, "code"):
            continue
        room.manager.submit(answer, room.now_ns, [])
        filled = min(quantity, quantity * part // 10)
        if filled:
            room.now_ns += 1
            room.fill(answer.intent.client_order_id, filled)
        for currency in ("USDT", "BTC"):
            assert available(room.manager, [room.market], currency) >= 0
    assert all(amount >= 0 for amount in room.manager.balances().values())
