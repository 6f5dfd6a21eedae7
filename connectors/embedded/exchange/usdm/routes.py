"""Which call goes where: paths and methods to endpoints, with the right and the weight that each takes. No I/O.

Weights as the documents tell them; orders count against the order limits of their account.
"""

from collections.abc import Callable

import msgspec

from connectors.embedded.exchange.clients import Security
from connectors.embedded.exchange.usdm.account_api import AccountApi
from connectors.embedded.exchange.usdm.requests import Parameters
from connectors.embedded.exchange.usdm.trade_api import TradeApi

Handler = Callable[[str, Parameters], object]


class Route(msgspec.Struct, frozen=True):
    """One call: who may make it, what it costs, and what answers it, by the account's name and the parameters."""

    handler: Handler
    security: Security
    weight: int
    weight_without_symbol: int = 0  # where it is another
    orders: int = 0

    def cost(self, parameters: Parameters) -> int:
        """Return the request weight of a call."""
        without = self.weight_without_symbol
        return without if without and not parameters.get("symbol") else self.weight


def rest_routes(trade: TradeApi, account: AccountApi) -> dict[tuple[str, str], Route]:
    """Return the endpoints of `/fapi`, by method and path from the version on: ("POST", "v1/order")."""
    return {**_orders(trade), **_conditional(trade), **_account(account)}


def _orders(trade: TradeApi) -> dict[tuple[str, str], Route]:
    data, act = Security.USER_DATA, Security.TRADE
    return {
        ("POST", "v1/order"): Route(trade.place, act, 0, orders=1),
        ("POST", "v1/order/test"): Route(trade.test, act, 0),
        ("PUT", "v1/order"): Route(trade.modify, act, 0, orders=1),
        ("DELETE", "v1/order"): Route(trade.cancel, act, 1),
        ("GET", "v1/order"): Route(trade.query, data, 1),
        ("POST", "v1/batchOrders"): Route(trade.place_batch, act, 5, orders=5),
        ("PUT", "v1/batchOrders"): Route(trade.modify_batch, act, 5, orders=5),
        ("DELETE", "v1/batchOrders"): Route(trade.cancel_batch, act, 1),
        ("DELETE", "v1/allOpenOrders"): Route(trade.cancel_all, act, 1),
        ("POST", "v1/countdownCancelAll"): Route(trade.countdown, act, 10),
        ("GET", "v1/openOrder"): Route(trade.query_open, data, 1),
        ("GET", "v1/openOrders"): Route(trade.open_orders, data, 1, 40),
        ("GET", "v1/allOrders"): Route(trade.all_orders, data, 5),
        ("GET", "v1/userTrades"): Route(trade.trades, data, 5),
        ("GET", "v1/orderAmendment"): Route(trade.amendments, data, 1),
        ("GET", "v1/forceOrders"): Route(trade.forced, data, 20, 50),
    }


def _conditional(trade: TradeApi) -> dict[tuple[str, str], Route]:
    data, act = Security.USER_DATA, Security.TRADE
    return {
        ("POST", "v1/algoOrder"): Route(trade.place_algo, act, 0, orders=1),
        ("DELETE", "v1/algoOrder"): Route(trade.cancel_algo, act, 1),
        ("GET", "v1/algoOrder"): Route(trade.query_algo, data, 1),
        ("DELETE", "v1/algoOpenOrders"): Route(trade.cancel_all_algos, act, 1),
        ("GET", "v1/openAlgoOrders"): Route(trade.open_algos, data, 1, 40),
        ("GET", "v1/allAlgoOrders"): Route(trade.all_algos, data, 5),
    }


def _account(account: AccountApi) -> dict[tuple[str, str], Route]:
    data, act = Security.USER_DATA, Security.TRADE
    return {
        ("GET", "v2/balance"): Route(account.balance, data, 5),
        ("GET", "v3/balance"): Route(account.balance, data, 5),
        ("GET", "v2/account"): Route(account.account_v2, data, 5),
        ("GET", "v3/account"): Route(account.account_v3, data, 5),
        ("GET", "v2/positionRisk"): Route(account.position_risk_v2, data, 5),
        ("GET", "v3/positionRisk"): Route(account.position_risk_v3, data, 5),
        ("GET", "v1/adlQuantile"): Route(account.adl_quantile, data, 5),
        ("GET", "v1/income"): Route(account.income, data, 30),
        ("GET", "v1/leverageBracket"): Route(account.brackets, data, 1),
        ("GET", "v1/commissionRate"): Route(account.commission, data, 20),
        ("GET", "v1/accountConfig"): Route(account.account_config, data, 5),
        ("GET", "v1/symbolConfig"): Route(account.symbol_config, data, 5),
        ("GET", "v1/multiAssetsMargin"): Route(account.multi_assets, data, 30),
        ("POST", "v1/multiAssetsMargin"): Route(account.set_multi_assets, act, 1),
        ("GET", "v1/feeBurn"): Route(account.fee_burn, data, 30),
        ("GET", "v1/positionSide/dual"): Route(account.dual, data, 30),
        ("POST", "v1/positionSide/dual"): Route(account.set_dual, act, 1),
        ("POST", "v1/leverage"): Route(account.set_leverage, act, 1),
        ("POST", "v1/marginType"): Route(account.set_margin_type, act, 1),
        ("POST", "v1/positionMargin"): Route(account.change_margin, act, 1),
        ("GET", "v1/positionMargin/history"): Route(account.margin_history, data, 1),
    }


# WebSocket API methods and the REST call that each is.
WS_METHODS: dict[str, tuple[str, str]] = {
    "order.place": ("POST", "v1/order"),
    "order.modify": ("PUT", "v1/order"),
    "order.cancel": ("DELETE", "v1/order"),
    "order.status": ("GET", "v1/order"),
    "algoOrder.place": ("POST", "v1/algoOrder"),
    "algoOrder.cancel": ("DELETE", "v1/algoOrder"),
    "account.balance": ("GET", "v2/balance"),
    "v2/account.balance": ("GET", "v3/balance"),
    "account.status": ("GET", "v2/account"),
    "v2/account.status": ("GET", "v3/account"),
    "account.position": ("GET", "v2/positionRisk"),
    "v2/account.position": ("GET", "v3/positionRisk"),
    "userDataStream.start": ("POST", "v1/listenKey"),
    "userDataStream.ping": ("PUT", "v1/listenKey"),
    "userDataStream.stop": ("DELETE", "v1/listenKey"),
}
