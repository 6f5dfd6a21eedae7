"""What holds on the spot exchange whatever accounts and market do: money is conserved, holds are exact."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.embedded.errors import RequestError
from connectors.embedded.exchange.orders import Side
from tests.connectors.embedded.spot_desk import Desk

WHO = st.sampled_from("abc")
SIDES = st.sampled_from(["BUY", "SELL"])
PRICES = st.integers(95, 105)
SIZES = st.sampled_from(["0.1", "0.33333", "1", "2.5"])
MODES = st.sampled_from(["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT"])

ORDER = st.tuples(st.just("order"), WHO, SIDES, PRICES, SIZES, MODES, st.sampled_from(["GTC", "IOC", "FOK"]))
MARKET = st.tuples(st.just("market"), WHO, SIDES, SIZES, MODES)
BY_QUOTE = st.tuples(st.just("quote"), WHO, SIDES, st.sampled_from(["50", "123.45"]))
STOP = st.tuples(
    st.just("stop"), WHO, SIDES, st.sampled_from(["STOP_LOSS", "TAKE_PROFIT", "STOP_LOSS_LIMIT"]), PRICES, SIZES
)
TRAIL = st.tuples(st.just("trail"), WHO, SIDES, SIZES)
LIST = st.tuples(st.just("otoco"), WHO, PRICES, SIZES)
PAIR = st.tuples(st.just("oco"), WHO, SIDES, SIZES)
CANCEL = st.tuples(st.just("cancel"), WHO, st.integers(0, 5))
AMEND = st.tuples(st.just("amend"), WHO, st.integers(0, 5))
REPLACE = st.tuples(st.just("replace"), WHO, st.integers(0, 5), PRICES)
TRADE = st.tuples(st.just("trade"), PRICES, st.sampled_from([0.1, 1.0, 4.0]), st.booleans())
SHOW = st.tuples(st.just("show"), PRICES, st.sampled_from([0.0, 0.5, 3.0]))
STEPS = st.one_of(
    *(ORDER, ORDER, ORDER, MARKET, BY_QUOTE, STOP, TRAIL, LIST, PAIR, CANCEL, AMEND, REPLACE, TRADE, TRADE, SHOW, SHOW)
)


def act(desk: Desk, step: tuple[Any, ...]) -> None:
    match step:
        case ("order", who, side, price, size, mode, tif):
            desk.place(who, side, "LIMIT", size, price, timeInForce=tif, selfTradePreventionMode=mode)
        case ("market", who, side, size, mode):
            desk.place(who, side, "MARKET", size, selfTradePreventionMode=mode)
        case ("quote", who, side, amount):
            desk.place(who, side, "MARKET", quoteOrderQty=amount)
        case ("stop", who, side, kind, stop, size):
            limit = stop if kind.endswith("LIMIT") else None
            desk.place(who, side, kind, size, limit, stopPrice=stop)
        case ("trail", who, side, size):
            desk.place(who, side, "STOP_LOSS", size, trailingDelta=100)
        case ("otoco", who, price, size):
            working = {"workingType": "LIMIT", "workingSide": "BUY", "workingPrice": price, "workingQuantity": size}
            above = {"pendingAboveType": "LIMIT_MAKER", "pendingAbovePrice": price + 3}
            below = {"pendingBelowType": "STOP_LOSS", "pendingBelowStopPrice": price - 3}
            pending = {"pendingSide": "SELL", "pendingQuantity": size, **above, **below}
            desk.call(who, "orderList.place.otoco", workingTimeInForce="GTC", **working, **pending)
        case ("oco", who, side, size):
            stop = {"Type": "STOP_LOSS", "StopPrice": 97 if side == "SELL" else 103}
            profit = {"Type": "LIMIT_MAKER", "Price": 103 if side == "SELL" else 97}
            above, below = (profit, stop) if side == "SELL" else (stop, profit)
            legs = {f"above{k}": v for k, v in above.items()} | {f"below{k}": v for k, v in below.items()}
            desk.call(who, "orderList.place.oco", side=side, quantity=size, **legs)
        case ("trade", price, size, buyer_is_maker):
            desk.trade(price, size, buyer_is_maker=buyer_is_maker)
        case ("show", price, size):
            desk.show({price: size} if price < 100 else {}, {price: size} if price >= 100 else {})
        case (kind, who, index, *rest):
            act_on_open(desk, kind, who, index, rest)


def taken(desk: Desk, step: tuple[Any, ...]) -> bool:
    try:
        act(desk, step)
    except RequestError:
        return False
    return True


def act_on_open(desk: Desk, kind: str, who: str, index: int, rest: list[Any]) -> None:
    orders = desk.call(who, "openOrders.status")
    if index >= len(orders):
        return
    order = orders[index]
    number = {"orderId": order["orderId"]}
    if kind == "cancel":
        desk.call(who, "order.cancel", **number)
    elif kind == "amend":
        desk.call(who, "order.amend.keepPriority", newQty="0.2", **number)
    else:
        new = {"side": order["side"], "type": "LIMIT", "timeInForce": "GTC", "quantity": 1, "price": rest[0]}
        desk.call(who, "order.cancelReplace", cancelReplaceMode="ALLOW_FAILURE", cancelOrderId=order["orderId"], **new)


@settings(max_examples=70)
@given(st.lists(STEPS, min_size=5, max_size=40))
def test_money_is_conserved_and_what_is_locked_is_what_open_orders_need(steps: list[tuple[Any, ...]]) -> None:
    desk = Desk(pays_in_bnb=True)
    desk.engine.deposit("b", "BNB", 10**8, desk.now_ms)
    desk.trade(100.0)
    for step in steps:
        before = sum(len(each) for each in desk.events.values())
        if not taken(desk, step) and step[0] != "replace":  # which may fail in one half only
            assert before == sum(len(each) for each in desk.events.values()), step
        desk.check_books()
        check_orders(desk)


def check_orders(desk: Desk) -> None:
    state = desk.engine.states["BTCUSDT"]
    needed: dict[tuple[str, str], int] = {}
    for order in state.orders.values():
        fills = state.order_fills.get(order.order_id, [])
        assert order.executed == sum(fill.quantity for fill in fills)
        assert order.quote == sum(fill.quote for fill in fills)
        assert order.executed + order.prevented <= order.quantity
        assert order.is_open == (order.order_id in state.open.get(order.account, {}))
        assert not order.resting or order.is_open
        assert (order.status == "FILLED") == (order.executed == order.quantity and order.quantity > 0)
        if order.is_open and order.list_id == -1:
            price = order.price or order.reserve_price
            key = (order.account, "USDT" if order.side == "BUY" else "BTC")
            units = price * order.remaining // 10**8 if order.side == "BUY" else order.remaining
            needed[key] = needed.get(key, 0) + units
    for (name, asset), units in needed.items():
        assert desk.engine.bank.accounts[name].balance(asset).locked >= units
    bids, asks = list(state.book.resting(Side.BUY)), list(state.book.resting(Side.SELL))
    assert not bids or not asks or bids[0].price < asks[0].price
