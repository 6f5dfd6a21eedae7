"""Rows of a run folder's tables: what effects tell of orders, as exact decimal text."""

from core.decimals import shifted, to_text
from core.effects import OrderFilled, OrderUpdated, PositionChanged
from core.instruments import Instrument
from core.money import MONEY_DECIMALS
from core.orders import OrderIntent, Refusal
from oms.terms import Terms

Row = tuple[object, ...]


class Written:
    """How one instrument is written: its name, its units and what they are worth, looked up once."""

    __slots__ = ("currency", "id", "price_precision", "size_precision", "terms")

    def __init__(self, instrument: Instrument) -> None:
        """Look them up."""
        self.id = instrument.id
        self.currency = instrument.currency
        self.terms = Terms(instrument)
        self.price_precision = instrument.price_precision
        self.size_precision = instrument.size_precision


def order_row(
    written: Written, submitted_ns: int, ended_ns: int, intent: OrderIntent, update: OrderUpdated | None
) -> Row:
    """Return the row of an order; `update` is its last, None where nothing was told of it."""
    size_precision = written.size_precision
    return (
        submitted_ns,
        ended_ns,
        intent.client_order_id,
        intent.strategy_id,
        written.id,
        _side(intent.side),
        intent.type,
        intent.time_in_force,
        to_text(intent.price, written.price_precision) if intent.price else "",
        to_text(intent.quantity, size_precision),
        to_text(update.filled, size_precision) if update is not None else "0",
        update.state if update is not None else "",
        update.reason if update is not None else "",
    )


def fill_row(written: Written, now_ns: int, fill: OrderFilled) -> Row:
    """Return the row of an execution."""
    return (
        now_ns,
        fill.client_order_id,
        fill.exec_id,
        fill.strategy_id,
        written.id,
        _side(fill.side),
        to_text(fill.price, written.price_precision),
        to_text(fill.quantity, written.size_precision),
        shifted(fill.fee, MONEY_DECIMALS),
        fill.fee_currency,
        fill.liquidity or "",
        shifted(fill.realised, MONEY_DECIMALS),
    )


def position_row(written: Written, now_ns: int, change: PositionChanged) -> Row:
    """Return the row of a position after a fill."""
    return (
        now_ns,
        written.id,
        to_text(change.quantity, written.size_precision),
        shifted(change.cost, MONEY_DECIMALS),
        shifted(change.realised, MONEY_DECIMALS),
        shifted(change.fees, MONEY_DECIMALS),
    )


def refusal_row(written: Written | None, now_ns: int, refusal: Refusal) -> Row:
    """Return the row of an order that the gate refused; `written` is None where the instrument is not known."""
    intent = refusal.intent
    return (
        now_ns,
        intent.client_order_id,
        intent.strategy_id,
        written.id if written is not None else str(intent.instrument),
        _side(intent.side),
        to_text(intent.price, written.price_precision) if written is not None and intent.price else "",
        to_text(intent.quantity, written.size_precision) if written is not None else str(intent.quantity),
        refusal.code,
        refusal.message,
    )


def _side(side: int) -> str:
    return "buy" if side > 0 else "sell"
