"""The USER_DATA endpoints: what an account asks about its orders, trades, balances and limits. No I/O.

Source: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/account-endpoints
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from connectors.embedded import refusals as market_refusals
from connectors.embedded.errors import RequestError
from connectors.embedded.exchange import refusals
from connectors.embedded.exchange.gate import Caller
from connectors.embedded.exchange.keys import Permission
from connectors.embedded.exchange.limits import LimitKind, RateLimits
from connectors.embedded.exchange.orders import Order
from connectors.embedded.exchange.spot import reports
from connectors.embedded.exchange.spot.accounts import Deposit
from connectors.embedded.exchange.spot.drafts import Parameters, Reader
from connectors.embedded.exchange.spot.engine import Engine
from connectors.embedded.exchange.spot.lists import Lists
from connectors.embedded.exchange.spot.rules import text
from connectors.embedded.exchange.spot.trading import discount

_DAY_MS = 86_400_000
_DEFAULT_ROWS = 500
_MOST_ROWS = 1_000
Row = TypeVar("Row")


class Queries:
    """Everything that an account can look up; nothing changes."""

    def __init__(self, engine: Engine, lists: Lists, limits: RateLimits) -> None:
        """Look into these."""
        self._engine = engine
        self._lists = lists
        self._limits = limits

    def order(self, caller: Caller, parameters: Parameters) -> object:
        """`GET /api/v3/order`."""
        reader = Reader(parameters)
        symbol = reader.need("symbol")
        order_id, client_id = reader.integer("orderId"), reader.text("origClientOrderId")
        if order_id is None and not client_id:
            raise RequestError(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")
        order = self._engine.find(caller.account, symbol, order_id, client_id)
        if order is None:
            raise refusals.no_such_order()
        return reports.queried(order)

    def open_orders(self, caller: Caller, parameters: Parameters) -> object:
        """`GET /api/v3/openOrders`: of one symbol, or of all."""
        symbol = parameters.get("symbol", "")
        states = [self._engine.state(symbol)] if symbol else list(self._engine.states.values())
        return [reports.queried(order) for state in states for order in state.open_of(caller.account)]

    def all_orders(self, caller: Caller, parameters: Parameters) -> object:
        """`GET /api/v3/allOrders`."""
        state = self._engine.state(Reader(parameters).need("symbol"))
        orders: Sequence[Order] = state.account_orders.get(caller.account, [])
        found = _page(parameters, orders, "orderId", lambda order: order.order_id, lambda order: order.created_ms)
        return [reports.queried(order) for order in found]

    def order_list(self, caller: Caller, parameters: Parameters) -> object:
        """`GET /api/v3/orderList`."""
        reader = Reader(parameters)
        list_id, client_id = reader.integer("orderListId"), reader.text("origClientOrderId")
        if list_id is None and not client_id:
            raise market_refusals.missing("orderListId")
        listed = self._lists.find(caller.account, list_id, client_id)
        if listed is None:
            raise RequestError(-2018, "Order list does not exist.")
        return reports.order_list(listed)

    def all_order_lists(self, caller: Caller, parameters: Parameters) -> object:
        """`GET /api/v3/allOrderList`."""
        if "fromId" in parameters and ("startTime" in parameters or "endTime" in parameters):
            raise market_refusals.bad_combination()
        lists = self._lists.of(caller.account)
        found = _page(parameters, lists, "fromId", lambda listed: listed.list_id, lambda listed: listed.time_ms)
        return [reports.order_list(listed) for listed in found]

    def open_order_lists(self, caller: Caller, parameters: Parameters) -> object:
        """`GET /api/v3/openOrderList`."""
        return [reports.order_list(listed) for listed in self._lists.of(caller.account) if listed.is_open]

    def trades(self, caller: Caller, parameters: Parameters) -> object:
        """`GET /api/v3/myTrades`."""
        reader = Reader(parameters)
        state = self._engine.state(reader.need("symbol"))
        fills = state.fills.get(caller.account, [])
        order_id = reader.integer("orderId")
        if order_id is not None:
            if "startTime" in parameters or "endTime" in parameters:
                raise market_refusals.bad_combination()
            fills = [fill for fill in state.order_fills.get(order_id, []) if fill.account == caller.account]
        found = _page(parameters, fills, "fromId", lambda fill: fill.trade_id, lambda fill: fill.time_ms)
        return [reports.trade(fill) for fill in found]

    def account(self, caller: Caller, parameters: Parameters) -> object:
        """`GET /api/v3/account`."""
        account = self._engine.bank.accounts[caller.account]
        only_some = parameters.get("omitZeroBalances", "false").lower() == "true"
        told: reports.Json = {
            "makerCommission": account.maker_rate // 10_000,
            "takerCommission": account.taker_rate // 10_000,
            "buyerCommission": 0,
            "sellerCommission": 0,
            "commissionRates": {
                "maker": text(account.maker_rate),
                "taker": text(account.taker_rate),
                "buyer": text(0),
                "seller": text(0),
            },
            "canTrade": caller.key.may(Permission.TRADE),
            "canWithdraw": caller.key.may(Permission.WITHDRAW),
            "canDeposit": True,
            "brokered": False,
            "requireSelfTradePrevention": False,
            "preventSor": False,
            "updateTime": account.updated_ms,
            "accountType": "SPOT",
            "balances": [
                {"asset": asset, "free": text(balance.free), "locked": text(balance.locked)}
                for asset, balance in account.balances.items()
                if balance.free or balance.locked or not only_some
            ],
            "permissions": ["SPOT"],
            "uid": account.uid,
        }
        return told if account.trade_group == -1 else told | {"tradeGroupId": account.trade_group}

    def commission(self, caller: Caller, parameters: Parameters) -> object:
        """`GET /api/v3/account/commission`."""
        symbol = Reader(parameters).need("symbol")
        self._engine.state(symbol)
        account = self._engine.bank.accounts[caller.account]
        none = dict.fromkeys(("maker", "taker", "buyer", "seller"), text(0))
        return {
            "symbol": symbol,
            "standardCommission": none | {"maker": text(account.maker_rate), "taker": text(account.taker_rate)},
            "specialCommission": none,
            "taxCommission": none,
            "discount": discount(self._engine, caller.account),
        }

    def order_limits(self, caller: Caller, parameters: Parameters) -> object:
        """`GET /api/v3/rateLimit/order`."""
        return self._limits.told(LimitKind.ORDERS, caller.account, caller.now_ms)

    def prevented(self, caller: Caller, parameters: Parameters) -> object:
        """`GET /api/v3/myPreventedMatches`."""
        reader = Reader(parameters)
        state = self._engine.state(reader.need("symbol"))
        match_id, order_id = reader.integer("preventedMatchId"), reader.integer("orderId")
        if match_id is None and order_id is None:
            raise market_refusals.missing("preventedMatchId")
        first, limit = reader.integer("fromPreventedMatchId") or 0, _limit(parameters)
        found = [
            match
            for match in state.prevented
            if match.account == caller.account
            and match.match_id >= first
            and (match_id is None or match.match_id == match_id)
            and (order_id is None or order_id in (match.taker_order_id, match.maker_order_id))
        ]
        return [reports.prevented(match) for match in found[:limit]]

    def amendments(self, caller: Caller, parameters: Parameters) -> object:
        """`GET /api/v3/order/amendments`."""
        reader = Reader(parameters)
        symbol = reader.need("symbol")
        reader.need("orderId")
        order_id, first = reader.integer("orderId"), reader.integer("fromExecutionId") or 0
        state = self._engine.state(symbol)
        if self._engine.find(caller.account, symbol, order_id, "") is None:
            raise refusals.no_such_order()
        found = [entry for entry in state.amendments if entry.order_id == order_id and entry.execution_id >= first]
        return [reports.amendment(entry) for entry in found[: _limit(parameters)]]

    def filters(self, caller: Caller, parameters: Parameters) -> object:
        """`GET /api/v3/myFilters`."""
        rules = self._engine.state(Reader(parameters).need("symbol")).rules
        return {"exchangeFilters": [], "symbolFilters": rules.told, "assetFilters": []}

    def coins(self, caller: Caller, parameters: Parameters) -> object:
        """`GET /sapi/v1/capital/config/getall`: every asset, with the account's balance; no network to withdraw by."""
        account = self._engine.bank.accounts[caller.account]
        rules = [state.rules for state in self._engine.states.values()]
        listed = [asset for rule in rules for asset in (rule.base, rule.quote)]
        return [
            {
                "coin": asset,
                "name": asset,
                "depositAllEnable": False,
                "withdrawAllEnable": False,
                "trading": asset in listed,
                "isLegalMoney": False,
                "free": text(account.balances[asset].free if asset in account.balances else 0),
                "locked": text(account.balances[asset].locked if asset in account.balances else 0),
                "freeze": "0",
                "withdrawing": "0",
                "ipoing": "0",
                "ipoable": "0",
                "storage": "0",
                "networkList": [],
            }
            for asset in dict.fromkeys([*listed, *account.balances])
        ]

    def trade_fees(self, caller: Caller, parameters: Parameters) -> object:
        """`GET /sapi/v1/asset/tradeFee`: of one symbol, or of all."""
        symbol = parameters.get("symbol", "")
        symbols = [self._engine.state(symbol).rules.symbol] if symbol else list(self._engine.states)
        account = self._engine.bank.accounts[caller.account]
        return [
            {
                "symbol": name,
                "makerCommission": text(account.maker_rate),
                "takerCommission": text(account.taker_rate),
            }
            for name in symbols
        ]

    def deposits(self, caller: Caller, parameters: Parameters) -> object:
        """`GET /sapi/v1/capital/deposit/hisrec`: what came in from outside."""
        return [
            {
                "id": str(one.number),
                "amount": text(one.amount),
                "coin": one.asset,
                "status": 1,
                "insertTime": one.time_ms,
                "completeTime": one.time_ms,
            }
            for one in self._from_outside(caller, parameters)
            if one.amount > 0
        ]

    def withdrawals(self, caller: Caller, parameters: Parameters) -> object:
        """`GET /sapi/v1/capital/withdraw/history`: what went out; times are told in UTC, to the second."""
        return [
            {
                "id": str(one.number),
                "amount": text(-one.amount),
                "transactionFee": "0",
                "coin": one.asset,
                "status": 6,
                "applyTime": f"{datetime.fromtimestamp(one.time_ms / 1_000, UTC):%Y-%m-%d %H:%M:%S}",
            }
            for one in self._from_outside(caller, parameters)
            if one.amount < 0
        ]

    def no_rows(self, caller: Caller, parameters: Parameters) -> object:
        """`GET /sapi/v1/asset/assetDividend` and `asset/transfer`: there are none."""
        return {"total": 0, "rows": []}

    def _from_outside(self, caller: Caller, parameters: Parameters) -> Sequence[Deposit]:
        reader = Reader(parameters)
        begin, end = reader.integer("startTime"), reader.integer("endTime")
        mine = [
            one
            for one in self._engine.bank.deposits
            if one.account == caller.account
            and (begin is None or one.time_ms >= begin)
            and (end is None or one.time_ms <= end)
        ]
        return mine[: _limit(parameters)]

    def no_margin(self, caller: Caller, parameters: Parameters) -> object:
        """`GET /sapi/v1/margin/allPairs` and `isolated/allPairs`: no pair is traded on margin."""
        return []

    def restrictions(self, caller: Caller, parameters: Parameters) -> object:
        """`GET /sapi/v1/account/apiRestrictions`."""
        key = caller.key
        return {
            "ipRestrict": bool(key.addresses),
            "createTime": key.created_ms,
            "enableReading": key.may(Permission.USER_DATA),
            "enableWithdrawals": key.may(Permission.WITHDRAW),
            "enableInternalTransfer": False,
            "enableMargin": False,
            "enableFutures": key.may(Permission.FUTURES),
            "permitsUniversalTransfer": False,
            "enableVanillaOptions": False,
            "enableFixApiTrade": False,
            "enableFixReadOnly": False,
            "enableSpotAndMarginTrading": key.may(Permission.TRADE),
            "enablePortfolioMarginTrading": False,
        }


def _limit(parameters: Parameters) -> int:
    limit = Reader(parameters).integer("limit")
    return min(_DEFAULT_ROWS if limit is None else limit, _MOST_ROWS)


def _page(
    parameters: Parameters,
    rows: Sequence[Row],
    first: str,
    id_of: Callable[[Row], int],
    time_of: Callable[[Row], int],
) -> Sequence[Row]:
    """Return the rows asked for: from an id or a time on the oldest, otherwise the latest."""
    reader = Reader(parameters)
    from_id, begin, end = reader.integer(first), reader.integer("startTime"), reader.integer("endTime")
    limit = _limit(parameters)
    if begin is not None and end is not None and end - begin > _DAY_MS:
        raise RequestError(-1127, "More than 24 hours between startTime and endTime.")
    if from_id is not None:
        return [row for row in rows if id_of(row) >= from_id][:limit]
    if begin is None and end is None:
        return rows[-limit:] if limit else []
    found = [row for row in rows if (begin is None or time_of(row) >= begin) and (end is None or time_of(row) <= end)]
    return found[:limit] if begin is not None else found[-limit:]
