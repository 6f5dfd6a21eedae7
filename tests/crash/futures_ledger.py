"""What a futures exchange knows beyond orders: wallets, positions by side, income, orders of its own making."""

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from core.money import MONEY_UNIT, money
from core.orders import Side
from oms.manager import OrderManager

Account = Mapping[str, Any]

OWN_MAKING = "autoclose-"  # the name of an order by which the exchange liquidates
_CUT: int = MONEY_UNIT // 10**8
_LEGS = {"LONG": Side.BUY, "SHORT": Side.SELL}


def wallets(account: Account) -> dict[str, Decimal]:
    """Return what an account owns, by asset."""
    return {asset["asset"]: Decimal(asset["walletBalance"]) for asset in account["account"]["assets"]}


def executed_by_itself(account: Account) -> set[str]:
    """Return the executions that the exchange made on its own, liquidations: by symbol and number."""
    own = {order["orderId"] for order in account["orders"] if order["clientOrderId"].startswith(OWN_MAKING)}
    return {execution_name(each) for each in account["executions"] if each["orderId"] in own}


def execution_name(execution: Mapping[str, Any]) -> str:
    """Return its name among all: numbers of executions are unique within a symbol."""
    return f"{execution['symbol']}:{execution['id']}"


def compare_futures(account: Account, books: OrderManager) -> None:
    """Compare positions of each side, realised profit, and what changed the wallet otherwise, with the books."""
    working = [algo for algo in account["algoOrders"] if algo["algoStatus"] in ("NEW", "TRIGGERING")]
    assert not working, f"conditional orders left working: {working}"
    places = {books.instrument(index).symbol: index for index in books.instruments()}
    for row in account["account"]["positions"]:
        index, leg = places[row["symbol"]], _LEGS.get(row["positionSide"])
        ours = books.position(index) if leg is None else books.leg(index, leg)
        held = Decimal(ours.quantity).scaleb(-books.instrument(index).size_precision)
        assert held == Decimal(row["positionAmt"]), f"position: {held} in the books, at the exchange {row}"
    names = {name.partition(":")[2] for name in books.account.canonical()}
    missing = executed_by_itself(account) - names
    assert not missing, f"liquidations that are not booked: {missing}"
    moved = {f"income-{row['incomeType']}-{row['tranId']}" for row in account["income"]}
    invented = {name for name in names if name.startswith("income-")} - moved
    assert not invented, f"booked and never moved: {invented}"
    _compare_profit(account, books)


def _compare_profit(account: Account, books: OrderManager) -> None:
    """What positions cost less what they realised is what was paid, to the last unit; the split of it is rounded."""
    positions = [books.position(index) for index in books.instruments()]
    paid = sum(
        money(each["price"]) * money(each["qty"]) // MONEY_UNIT * (1 if each["side"] == "BUY" else -1)
        for each in account["executions"]
    )
    ours = sum(position.cost_money - position.realised_money for position in positions)
    assert ours == paid, f"cost less profit: {ours} in the books, {paid} by the executions"
    sums: Counter[str] = Counter()
    for row in account["income"]:
        sums[row["incomeType"]] += money(row["income"])
    realised, closed = sum(each.realised_money for each in positions), sums["REALIZED_PNL"]
    rounded = rounding(account) + len(account["executions"]) * max((each.factor for each in positions), default=0)
    assert abs(realised - closed) <= rounded, f"realised profit: {realised} in the books, {closed} at the exchange"
    _compare_fees(account, books)


def _compare_fees(account: Account, books: OrderManager) -> None:
    """Compare the commissions of our orders; funding and those of liquidations are in the cash."""
    own = executed_by_itself(account)
    orders = (*books.closed_orders(), *books.open_orders())
    fees = sum(amount for order in orders for amount in order.fees.values())
    taken = sum(money(each["commission"]) for each in account["executions"] if execution_name(each) not in own)
    assert fees == taken, f"fees {fees} in the books, {taken} at the exchange"


def rounding(account: Account) -> int:
    """Return how far sums of the exchange's figures can be off: each is told with eight decimals, cut."""
    return len(account["income"]) * _CUT
