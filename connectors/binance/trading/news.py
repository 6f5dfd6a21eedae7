"""What happened to an order, in one form for both markets, and the report that it becomes.

The mapping is total: an execution or a status that is in no document gives None, and the session quarantines the
order (OUTCOME_UNKNOWN and the bytes kept). Executions are truth, statuses a hint: a trade is one whatever its status.
"""

import msgspec

from connectors.binance.trading.messages import AlgoOrderNews, OrderTradeUpdate, SpotReport
from core.events import OrderReport, ReportType
from core.instruments import Instrument
from core.money import money
from core.orders import Liquidity, Side

_CONDITIONAL = ("STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT")

_STATUSES = (
    "NEW", "PENDING_NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "PENDING_CANCEL", "REJECTED", "EXPIRED",
    "EXPIRED_IN_MATCH", "NEW_INSURANCE", "NEW_ADL",
)  # fmt: skip

_TYPES = {
    "NEW": ReportType.ACCEPTED,
    "TRADE": ReportType.FILLED,
    "CALCULATED": ReportType.FILLED,  # "Liquidation Execution"
    "CANCELED": ReportType.CANCELLED,
    "EXPIRED": ReportType.EXPIRED,
    "REJECTED": ReportType.REJECTED,
    "REPLACED": ReportType.REPLACED,  # spot: "The order has been amended."
    "AMENDMENT": ReportType.REPLACED,  # USDⓈ-M: "Order Modified"
}

_ALGO_TYPES = {
    "NEW": ReportType.ACCEPTED,
    "CANCELED": ReportType.CANCELLED,
    "TRIGGERED": ReportType.TRIGGERED,
    "REJECTED": ReportType.EXPIRED,  # it had been accepted, and the matching engine denied it when it triggered
    "EXPIRED": ReportType.EXPIRED,
}
_ALGO_SILENT = ("TRIGGERING", "FINISHED")
"""Between two states, and after the order in the matching engine ended with reports of its own."""

# "Expiry Reason" of USDⓈ-M, by number.
_EXPIRIES = {
    1: "expired to prevent a trade with oneself",
    2: "IOC order could not be filled completely",
    3: "IOC order could not be filled completely without a trade with oneself",
    4: "knocked out by another reduce-only order, or the position would have turned",
    5: "the account was liquidated",
    6: "GTE condition unsatisfied",
    7: "the symbol was delisted",
    8: "the conditional order was triggered and could not be placed",
    9: "the market order could not be filled completely",
}

AUTOCLOSE = {
    "autoclose-": "liquidation",
    "adl_autoclose": "adl",
    "settlement_autoclose-": "settlement",
}
"""What client order ids of the venue's own making begin with, and what such an order is."""


class News(msgspec.Struct, frozen=True, gc=False):
    """What happened to one order. `name` is the venue's word for our id; of a cancel, the id it had before."""

    symbol: str
    name: str
    order_id: str
    side: Side
    execution: str
    status: str
    price: str
    quantity: str
    executed: str  # of it so far
    last_price: str
    last_quantity: str
    trade_id: int
    fee: str
    fee_asset: str
    is_maker: bool
    triggered: bool  # a conditional order that is on the book now
    reason: str
    time_ms: int
    hedge: Side | None = None  # in hedge mode: the position that it is of


def leg_of(position_side: str) -> Side | None:
    """Return which position of hedge mode a word names, None for the one position of one-way mode."""
    return {"LONG": Side.BUY, "SHORT": Side.SELL}.get(position_side)


def side_of(text: str) -> Side:
    """Return a side. Raises ValueError for a word that is none."""
    if text not in {"BUY", "SELL"}:
        raise ValueError(f"a side called {text!r}")
    return Side.BUY if text == "BUY" else Side.SELL


def spot_news(report: SpotReport) -> News:
    """Return what an `executionReport` tells. Raises ValueError."""
    renamed = report.execution in {"CANCELED", "REPLACED"} and report.original_name
    reason = "" if report.reject == "NONE" else report.reject
    return News(
        symbol=report.symbol,
        name=report.original_name if renamed else report.name,
        order_id=str(report.order_id),
        side=side_of(report.side),
        execution=report.execution,
        status=report.status,
        price=report.price,
        quantity=report.quantity,
        executed=report.executed,
        last_price=report.last_price,
        last_quantity=report.last_quantity,
        trade_id=report.trade_id,
        fee=report.fee,
        fee_asset=report.fee_asset or "",
        is_maker=report.is_maker,
        triggered=report.on_book and report.type in _CONDITIONAL,
        reason=report.expiry or reason,
        time_ms=report.time_ms,
    )


def usdm_news(update: OrderTradeUpdate) -> News:
    """Return what an ORDER_TRADE_UPDATE tells. Raises ValueError."""
    order = update.order
    reason = "" if order.expiry in {"", "0", 0} else _EXPIRIES.get(int(order.expiry), f"expiry reason {order.expiry}")
    return News(
        symbol=order.symbol,
        name=order.name,
        order_id=str(order.order_id),
        side=side_of(order.side),
        execution=order.execution,
        status=order.status,
        price=order.price,
        quantity=order.quantity,
        executed=order.executed,
        last_price=order.last_price,
        last_quantity=order.last_quantity,
        trade_id=order.trade_id,
        fee=order.fee,
        fee_asset=order.fee_asset or "",
        is_maker=order.is_maker,
        triggered=False,
        reason=reason,
        time_ms=order.time_ms,
        hedge=leg_of(order.position_side),
    )


def report_type(news: News) -> ReportType | None:
    """Return what kind of report news is; None where no document names it."""
    if news.execution == "TRADE_PREVENTION":
        # A part may be prevented while the rest works on (DECREMENT): that is no end.
        return ReportType.EXPIRED if news.status.startswith("EXPIRED") else ReportType.ACCEPTED
    kind = _TYPES.get(news.execution)
    if kind is None or kind is ReportType.FILLED:
        return kind
    if news.status not in _STATUSES:
        return None
    return ReportType.TRIGGERED if kind is ReportType.ACCEPTED and news.triggered else kind


def make_report(kind: ReportType, news: News, name: str, order_id: str, instrument: Instrument) -> OrderReport:
    """Return the report under our name for the order. Raises PrecisionError for figures that cannot be held."""
    if kind is ReportType.FILLED:
        return OrderReport(
            type=kind,
            client_order_id=name,
            venue_order_id=order_id,
            exec_id=str(news.trade_id),
            price=instrument.price(news.last_price),
            quantity=instrument.quantity(news.last_quantity),
            fee=str(money(news.fee)),
            fee_currency=news.fee_asset,
            liquidity=Liquidity.MAKER if news.is_maker else Liquidity.TAKER,
        )
    return OrderReport(type=kind, client_order_id=name, venue_order_id=order_id, reason=news.reason)


def algo_report(order: AlgoOrderNews, order_id: str) -> OrderReport | None:
    """Return the report of a conditional order's news, None where it says nothing to us or nothing known."""
    kind = _ALGO_TYPES.get(order.status)
    if kind is None:
        return None
    return OrderReport(type=kind, client_order_id=order.name, venue_order_id=order_id, reason=order.reason)


def is_documented_algo(status: str) -> bool:
    """Whether a conditional order's status is in the documents."""
    return status in _ALGO_TYPES or status in _ALGO_SILENT


def own_exec_id(symbol: str, trade_id: int | str) -> str:
    """Return the id of an execution of the venue's own making: Binance numbers trades by symbol, each from 1."""
    return f"{symbol}:{trade_id}"


def autoclose_of(name: str) -> str:
    """Return what an order of the venue's own making is, by its name; empty for any other."""
    return next((reason for start, reason in AUTOCLOSE.items() if name.startswith(start)), "")
