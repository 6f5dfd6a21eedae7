"""What the venue sends to a trading account, in its own words; unknown fields are ignored, unknown values kept as text.

Sources: binance-spot-api-docs (user-data-stream.md, web-socket-api.md); developers.binance.com, USDⓈ-M: user data
streams, websocket API, account and trade.
"""

from typing import Annotated

import msgspec
from msgspec import field

from connectors.binance.address import RateLimit

Raw = msgspec.Raw
Millis = Annotated[int, msgspec.Meta(ge=-1, le=9_000_000_000_000)]
_NONE = Raw(b"")


class PartOutcome(msgspec.Struct, gc=False):
    """One half of a cancel-replace: an order's answer, or an error."""

    code: int = 0
    msg: str = ""
    executed: str = field(name="executedQty", default="0")
    order_id: int = field(name="orderId", default=0)


class ErrorData(msgspec.Struct, gc=False):
    """What some errors carry beside their message."""

    retry_after_ms: int = field(name="retryAfter", default=0)
    cancel_result: str = field(name="cancelResult", default="")
    new_result: str = field(name="newOrderResult", default="")
    cancel: PartOutcome | None = field(name="cancelResponse", default=None)
    new: PartOutcome | None = field(name="newOrderResponse", default=None)


class ApiError(msgspec.Struct, gc=False):
    """An error; over REST it is the whole body."""

    code: int = 0
    msg: str = ""
    data: ErrorData | None = None


class ApiFrame(msgspec.Struct):
    """A frame of the WebSocket API: the answer to a request, or an event of a subscription."""

    id: int | str | None = None
    status: int = 0
    result: Raw = _NONE
    error: ApiError | None = None
    limits: tuple[RateLimit, ...] = field(name="rateLimits", default=())
    event: Raw = _NONE


class Fill(msgspec.Struct, gc=False):
    """One of the trades of a FULL answer."""

    price: str
    quantity: str = field(name="qty")
    trade_id: int = field(name="tradeId")
    fee: str = field(name="commission", default="0")
    fee_asset: str = field(name="commissionAsset", default="")


class OrderAnswer(msgspec.Struct):
    """The answer to a command: spot and USDⓈ-M; ACK, RESULT and FULL; one of a batch, which may be an error."""

    order_id: int = field(name="orderId", default=0)
    name: str = field(name="clientOrderId", default="")
    status: str = ""
    executed: str = field(name="executedQty", default="0")
    fills: list[Fill] = []
    code: int = 0
    msg: str = ""
    reason: str = field(name="expiryReason", default="")

    @property
    def number(self) -> str:
        """The venue's number of the order. Raises ValueError where there is none: then it is no answer."""
        if not self.order_id:
            raise ValueError("the answer names no orderId")
        return str(self.order_id)


class ReplaceAnswer(msgspec.Struct):
    """The answer to a cancel-replace of which both parts were done."""

    cancelled: OrderAnswer = field(name="cancelResponse")
    placed: OrderAnswer = field(name="newOrderResponse")


class ListAnswer(msgspec.Struct):
    """The answer to an order list."""

    reports: list[OrderAnswer] = field(name="orderReports", default=[])


class CancelledAll(msgspec.Struct):
    """One order of the answer to the cancel of all at a symbol, or one list with the orders of it."""

    order_id: int = field(name="orderId", default=0)
    reports: list[OrderAnswer] = field(name="orderReports", default=[])


class AlgoAnswer(msgspec.Struct):
    """The answer to a conditional order of USDⓈ-M."""

    algo_id: int = field(name="algoId")


class SpotReport(msgspec.Struct, tag_field="e", tag="executionReport", gc=False):
    """`executionReport`: something happened to an order of spot."""

    event_ms: Millis = field(name="E")
    symbol: str = field(name="s")
    name: str = field(name="c")
    side: str = field(name="S")
    type: str = field(name="o")
    quantity: str = field(name="q")
    price: str = field(name="p")
    execution: str = field(name="x")
    status: str = field(name="X")
    order_id: int = field(name="i")
    time_ms: Millis = field(name="T")
    original_name: str = field(name="C", default="")
    reject: str = field(name="r", default="NONE")
    executed: str = field(name="z", default="0")
    last_quantity: str = field(name="l", default="0")
    last_price: str = field(name="L", default="0")
    fee: str = field(name="n", default="0")
    fee_asset: str | None = field(name="N", default=None)
    trade_id: int = field(name="t", default=-1)
    on_book: bool = field(name="w", default=False)
    is_maker: bool = field(name="m", default=False)
    expiry: str = field(name="eR", default="")


class BalanceUpdate(msgspec.Struct, tag_field="e", tag="balanceUpdate", gc=False):
    """`balanceUpdate`: "Deposits or withdrawals from the account; Transfer of funds between accounts"."""

    asset: str = field(name="a")
    delta: str = field(name="d")
    time_ms: Millis = field(name="T")


class AccountPosition(msgspec.Struct, tag_field="e", tag="outboundAccountPosition", gc=False):
    """Balances that may have changed: reconciled by evidence, since "balance lags fill" is no news of its own."""


class ListStatus(msgspec.Struct, tag_field="e", tag="listStatus", gc=False):
    """What became of a list; its orders have reports of their own."""


class LockUpdate(msgspec.Struct, tag_field="e", tag="externalLockUpdate", gc=False):
    """Part of the balance was locked or unlocked "by an external system"."""


class StreamTerminated(msgspec.Struct, tag_field="e", tag="eventStreamTerminated", gc=False):
    """The subscription is over."""


class ServerShutdown(msgspec.Struct, tag_field="e", tag="serverShutdown", gc=False):
    """The server will end the connection: "Please establish a new connection as soon as possible"."""


class UsdmOrder(msgspec.Struct, gc=False):
    """What happened to an order of USDⓈ-M."""

    symbol: str = field(name="s")
    name: str = field(name="c")
    side: str = field(name="S")
    quantity: str = field(name="q")
    price: str = field(name="p")
    execution: str = field(name="x")
    status: str = field(name="X")
    order_id: int = field(name="i")
    time_ms: Millis = field(name="T")
    executed: str = field(name="z", default="0")
    last_quantity: str = field(name="l", default="0")
    last_price: str = field(name="L", default="0")
    fee: str = field(name="n", default="0")
    fee_asset: str | None = field(name="N", default=None)
    trade_id: int = field(name="t", default=0)
    is_maker: bool = field(name="m", default=False)
    expiry: int | str = field(name="er", default="")
    algo_id: int = field(name="si", default=0)
    position_side: str = field(name="ps", default="")


class OrderTradeUpdate(msgspec.Struct, tag_field="e", tag="ORDER_TRADE_UPDATE", gc=False):
    """`ORDER_TRADE_UPDATE`."""

    event_ms: Millis = field(name="E")
    order: UsdmOrder = field(name="o")


class AlgoOrderNews(msgspec.Struct, gc=False):
    """What happened to a conditional order."""

    name: str = field(name="caid")
    algo_id: int = field(name="aid")
    symbol: str = field(name="s")
    status: str = field(name="X")
    order_id: str | int = field(name="ai", default="")
    reason: str = field(name="rm", default="")


class AlgoUpdate(msgspec.Struct, tag_field="e", tag="ALGO_UPDATE", gc=False):
    """`ALGO_UPDATE`."""

    event_ms: Millis = field(name="E")
    order: AlgoOrderNews = field(name="o")


class BalanceChange(msgspec.Struct, gc=False):
    """One asset's balance; `change` is "Balance Change except PnL and Commission"."""

    asset: str = field(name="a")
    change: str = field(name="bc", default="0")


class PositionChange(msgspec.Struct, gc=False):
    """A position that an account update names."""

    symbol: str = field(name="s")


class AccountChange(msgspec.Struct):
    """Why an account changed, and what of it."""

    reason: str = field(name="m")
    balances: list[BalanceChange] = field(name="B", default=[])
    positions: list[PositionChange] = field(name="P", default=[])


class AccountUpdate(msgspec.Struct, tag_field="e", tag="ACCOUNT_UPDATE"):
    """`ACCOUNT_UPDATE`."""

    event_ms: Millis = field(name="E")
    time_ms: Millis = field(name="T")
    change: AccountChange = field(name="a")


class ListenKeyExpired(msgspec.Struct, tag_field="e", tag="listenKeyExpired", gc=False):
    """The private stream's key is no longer valid: nothing more will come."""


class TradeLite(msgspec.Struct, tag_field="e", tag="TRADE_LITE", gc=False):
    """A fill told a little earlier, without its fee: the ORDER_TRADE_UPDATE is waited for."""


class MarginCall(msgspec.Struct, tag_field="e", tag="MARGIN_CALL", gc=False):
    """A position is near its liquidation: our own margin figures tell earlier."""


class AccountConfigUpdate(msgspec.Struct, tag_field="e", tag="ACCOUNT_CONFIG_UPDATE", gc=False):
    """Somebody changed leverage or modes."""


class StrategyUpdate(msgspec.Struct, tag_field="e", tag="STRATEGY_UPDATE", gc=False):
    """A grid of the venue's own; not ours."""


class GridUpdate(msgspec.Struct, tag_field="e", tag="GRID_UPDATE", gc=False):
    """A grid of the venue's own; not ours."""


class ConditionalReject(msgspec.Struct, tag_field="e", tag="CONDITIONAL_ORDER_TRIGGER_REJECT", gc=False):
    """A triggered order was refused; ALGO_UPDATE tells it with its name."""


SpotEvent = SpotReport | BalanceUpdate | AccountPosition | ListStatus | LockUpdate | StreamTerminated | ServerShutdown
UsdmEvent = (
    OrderTradeUpdate
    | AlgoUpdate
    | AccountUpdate
    | ListenKeyExpired
    | TradeLite
    | MarginCall
    | AccountConfigUpdate
    | StrategyUpdate
    | GridUpdate
    | ConditionalReject
    | ServerShutdown
)


class ListenKey(msgspec.Struct):
    """The answer to POST listenKey."""

    key: str = field(name="listenKey", default="")


class OrderHint(msgspec.Struct, gc=False):
    """Enough of an order's event to say whose it is, where the rest cannot be read. The first two are spot's."""

    name: str = field(name="c", default="")
    symbol: str = field(name="s", default="")
    original_name: str = field(name="C", default="")
    order: Raw = field(name="o", default=_NONE)
