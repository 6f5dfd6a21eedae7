"""What a venue does to the account by itself: booked once, exactly, and shared among the strategies concerned."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.effects import Alert, BalanceChanged, Effect, OrderFilled, PositionChanged
from core.events import AccountMoved, AccountTraded
from core.money import MONEY_UNIT, money
from core.orders import Side
from oms.errors import UndefinedInstrument
from oms.manager import OrderManager
from tests.oms.making import BTC, ETH, Desk

NO_INSTRUMENT = 0xFFFF


def move(amount: str = "-5", name: str = "M1", reason: str = "funding", currency: str = "USDT") -> AccountMoved:
    return AccountMoved(venue="SIM", move_id=name, currency=currency, amount=str(money(amount)), reason=reason)


def liquidation(quantity: int, price: int, name: str = "X1", side: Side = Side.SELL, fee: str = "0") -> AccountTraded:
    return AccountTraded(
        venue="SIM",
        order_id="autoclose-1",
        exec_id=name,
        side=side,
        price=price,
        quantity=quantity,
        fee=str(money(fee)),
        fee_currency="USDT",
        reason="liquidation",
    )


def happens(desk: Desk, what: AccountMoved | AccountTraded, instrument: int = ETH) -> list[Effect]:
    effects: list[Effect] = []
    desk.manager.account_event(what, instrument, effects)
    return effects


def long(desk: Desk, strategy: str, quantity: int, price: int = 20_000) -> None:
    name = f"{strategy}{quantity}-{price}"
    desk.submit(name, strategy_id=strategy, instrument=ETH, side=Side.BUY, quantity=quantity, price=price)
    desk.fill("x" + name, quantity, price, name)


def test_money_that_a_venue_moves_changes_the_balance_and_says_why():
    desk = Desk(usdt="100")
    [changed] = happens(desk, move("-5"))
    assert changed == BalanceChanged(
        currency="USDT", delta=str(money("-5")), balance=str(money("95")), reason="funding"
    )


def test_a_move_that_is_told_twice_is_booked_once():
    desk = Desk(usdt="100")
    happens(desk, move("-5"))
    assert happens(desk, move("-5")) == []
    assert desk.manager.balances() == {"USDT": money("95")}


def test_a_move_that_belongs_to_no_instrument_is_cash_alone():
    desk = Desk(usdt="100")
    [changed] = happens(desk, move("7", reason="transfer"), NO_INSTRUMENT)
    assert isinstance(changed, BalanceChanged)
    assert desk.manager.balances() == {"USDT": money("107")}


def test_what_holding_a_position_cost_counts_among_its_fees_and_is_shared_by_what_each_strategy_holds():
    desk = Desk(usdt="100000")
    long(desk, "a", 1_000)
    long(desk, "b", 2_000)
    effects = happens(desk, move("-1"))
    assert [type(effect) for effect in effects] == [PositionChanged, BalanceChanged]
    assert desk.manager.position(ETH).fees == money("1")
    a, b = (desk.manager.strategy_position(name, ETH).fees for name in "ab")
    assert a == money("1") // 3
    assert a + b == money("1")


def test_a_move_without_a_whole_amount_is_not_booked_and_told():
    desk = Desk(usdt="100")
    [alert] = happens(desk, AccountMoved(venue="SIM", move_id="M1", currency="USDT", amount="1.5", reason="funding"))
    assert isinstance(alert, Alert)
    assert alert.code == "BAD_ACCOUNT_MOVE"
    assert desk.manager.balances() == {"USDT": money("100")}


def test_a_liquidation_closes_the_position_pays_and_tells_the_strategy():
    desk = Desk(usdt="100")
    long(desk, "s", 1_000, 20_000)  # 1 ETH at 2,000.0
    fill, position, cash, fee, alert = happens(desk, liquidation(1_000, 19_500, fee="19.5"))
    assert isinstance(fill, OrderFilled)
    assert (fill.strategy_id, fill.client_order_id, fill.realised) == ("s", "autoclose-1", str(money("-50")))
    assert isinstance(position, PositionChanged)
    assert (position.quantity, position.fees) == (0, str(money("19.5")))
    assert isinstance(cash, BalanceChanged)
    assert isinstance(fee, BalanceChanged)
    assert (cash.reason, fee.reason) == ("realised", "fee")
    assert desk.manager.balances() == {"USDT": money("30.5")}
    assert isinstance(alert, Alert)
    assert alert.code == "LIQUIDATION"


def test_a_liquidation_that_is_told_twice_is_booked_once():
    desk = Desk()
    long(desk, "s", 1_000)
    happens(desk, liquidation(1_000, 19_500))
    assert happens(desk, liquidation(1_000, 19_500)) == []
    assert desk.manager.position(ETH).quantity == 0


def test_executions_of_one_number_in_two_symbols_are_two_executions():
    desk = Desk()
    long(desk, "s", 1_000)
    desk.submit("o9", strategy_id="s", instrument=BTC, side=Side.BUY, quantity=500, price=20_000)
    desk.fill("x9", 500, 20_000, "o9")
    happens(desk, liquidation(1_000, 19_500, name="ETHUSDT:7"))
    assert happens(desk, liquidation(1_000, 19_500, name="ETHUSDT:7")) == []
    happens(desk, liquidation(500, 19_500, name="BTCUSDT:7"), BTC)
    assert [desk.manager.position(index).quantity for index in (ETH, BTC)] == [0, 0]


def test_an_execution_that_an_older_state_knows_without_its_symbol_is_known():
    desk = Desk()
    long(desk, "s", 1_000)
    desk.manager.account.restore(["SIM:7"])
    assert happens(desk, liquidation(1_000, 19_500, name="ETHUSDT:7")) == []


def test_a_liquidation_is_shared_among_the_strategies_that_hold_the_side_that_it_closes():
    desk = Desk()
    long(desk, "a", 1_000)
    long(desk, "c", 2_000)
    desk.submit("o9", strategy_id="b", instrument=ETH, side=Side.SELL, quantity=500, price=20_000)
    desk.fill("x9", 500, 20_000, "o9")
    effects = happens(desk, liquidation(2_500, 19_000, fee="0.000000000000000001"))
    told = [(e.strategy_id, e.quantity, e.fee) for e in effects if isinstance(e, OrderFilled)]
    assert told == [("a", 1_000, "0"), ("c", 1_500, "1")]
    assert desk.manager.position(ETH).quantity == 0
    assert [desk.manager.strategy_position(name, ETH).quantity for name in "abc"] == [0, -500, 500]


def test_an_execution_of_what_no_strategy_holds_is_booked_under_no_name():
    desk = Desk()
    fill, *_ = happens(desk, liquidation(10, 19_000))
    assert isinstance(fill, OrderFilled)
    assert fill.strategy_id == ""
    assert desk.manager.position(ETH).quantity == -10


def test_an_execution_that_cannot_be_booked_is_told():
    desk = Desk()
    [alert] = happens(desk, liquidation(0, 19_000))
    assert isinstance(alert, Alert)
    assert alert.code == "BAD_ACCOUNT_TRADE"


def test_an_execution_in_an_instrument_that_nobody_defined_is_refused():
    with pytest.raises(UndefinedInstrument):
        happens(Desk(), liquidation(1, 1), 7)


def test_the_state_is_what_it_was_for_whoever_never_sees_such_things_and_covers_them_once_seen():
    desk = Desk()
    assert len(desk.manager.state()) == 6
    happens(desk, move())
    assert desk.manager.state()[6] == ["SIM:M1"]


def test_a_restored_manager_knows_what_was_booked():
    desk = Desk(usdt="100")
    happens(desk, move())
    again = OrderManager(desk.manager.balances())
    again.account.restore(desk.manager.account.canonical())
    effects: list[Effect] = []
    again.account_event(move(), BTC, effects)
    assert effects == []


HAPPENINGS = st.lists(
    st.tuples(st.sampled_from(["buy", "sell", "move", "close"]), st.sampled_from("abc"), st.integers(1, 50)),
    max_size=30,
)


@given(HAPPENINGS)
def test_whatever_happens_cash_is_profit_less_fees_and_strategies_add_up_to_the_account(happenings):
    desk = Desk(usdt="1000")
    manager = desk.manager
    for number, (what, strategy, amount) in enumerate(happenings):
        price = 20_000 + 7 * amount
        if what in {"buy", "sell"}:
            side = Side.BUY if what == "buy" else Side.SELL
            desk.submit(f"o{number}", strategy_id=strategy, instrument=ETH, side=side, quantity=amount, price=price)
            desk.fill(f"x{number}", amount, price, f"o{number}")
        elif what == "move" and manager.position(ETH).quantity:
            happens(desk, move(str(-amount), name=f"M{number}"))
        elif what == "close" and (held := manager.position(ETH).quantity):
            side = Side.SELL if held > 0 else Side.BUY
            happens(desk, liquidation(min(amount, abs(held)), price, name=f"L{number}", side=side, fee=str(amount)))
    net = manager.position(ETH)
    own = [manager.strategy_position(name, ETH) for name in "abc"]
    assert sum(each.quantity for each in own) == net.quantity
    assert sum(each.fees for each in own) == net.fees
    assert manager.balances()["USDT"] == 1_000 * MONEY_UNIT + net.realised_money - net.fees
