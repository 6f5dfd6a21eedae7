"""What each order cost against the market: spreads and slippage in basis points, latencies in nanoseconds.

With `s` 1 for a buy and -1 for a sell, `p` the average price of the fills, positive figures being costs:

    arrival             middle of the touch that the decision saw (without quotes: the price the gate valued it at)
    spread              (ask - bid) / arrival, at arrival
    effective spread    2 s (p - arrival) / arrival                        as SEC Rule 605 counts it
    realised spread     2 s (p_i - middle a horizon after fill i) / arrival, weighed by quantity
    arrival slippage    s (p - arrival) / arrival
    VWAP slippage       s (p - VWAP) / VWAP, of the market's trades from arrival to the last fill
    close slippage      s (p - close) / close, the day's last trade (else the last middle)
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from core.effects import OrderBusted, OrderFilled, OrderUpdated
from core.events import OrderReport, ReportType
from core.money import money_text
from core.orders import ApprovedGroup, ApprovedSubmit, Liquidity, OrderState, Side
from daemon.audit.market import MarketData, Touch
from daemon.audit.walk import Day, Seen, walk
from daemon.store.known import Known
from journal.progress import Progress
from journal.reader import open_session
from journal.timing import Timing, timings_of

HORIZON_NS = 300 * 10**9
"""Rule 605 took the midpoint five minutes after the execution."""
_BPS = 10_000


class BestExecutionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One order that passed the gate on the day; None where it had no fills, or the journals have no such price.

    `submitted_ns` is when the input came that it followed from, `handed_ns` when the venue's connector had it.
    """

    session: str
    client_order_id: str
    strategy: str
    instrument: str
    side: str
    type: str
    state: str
    quantity: str
    filled: str
    fills: int
    average_price: float | None
    maker_share: float | None
    fees: str
    submitted_ns: int
    decided_ns: int | None
    handed_ns: int | None
    ack_ns: int | None
    first_fill_ns: int | None
    last_fill_ns: int | None
    ended_ns: int | None
    arrival_mid: float | None
    spread_bps: float | None
    effective_spread_bps: float | None
    realised_spread_bps: float | None
    arrival_slippage_bps: float | None
    vwap_slippage_bps: float | None
    close_slippage_bps: float | None


class _Fill(msgspec.Struct):
    """One execution, and what the market was a horizon later."""

    exec_id: str
    time_ns: int
    price: int
    quantity: int
    fee: int
    fee_currency: str
    maker: bool
    later: float | None


class _Order(msgspec.Struct):
    """What is known of one order."""

    session: str
    submit: ApprovedSubmit
    instrument_id: str
    submitted_ns: int
    timing: Timing | None
    touch: Touch | None
    price_scale: int
    quantity_text: Callable[[int], str]
    fills: list[_Fill] = []
    state: str = OrderState.SUBMITTED.value
    ack_ns: int | None = None
    ended_ns: int | None = None
    vwap: float | None = None


_OVER = frozenset(
    (OrderState.FILLED, OrderState.CANCELLED, OrderState.EXPIRED, OrderState.REJECTED, OrderState.NEVER_ARRIVED)
)


class BestExecution:
    """Collects a day's orders, session after session."""

    def __init__(self, day: Day, horizon_ns: int = HORIZON_NS) -> None:
        """Begin a day."""
        self._day = day
        self._horizon_ns = horizon_ns
        self._orders: dict[str, _Order] = {}
        self._close: dict[str, float] = {}  # in price units
        self._timings: dict[int, Timing] = {}  # of the session that is being taken

    def take(self, folder: Path, progress: Progress | None = None) -> None:
        """Take one session. Raises JournalError, CodecError."""
        touched: list[_Order] = []
        with open_session(folder) as reader:
            market, known = MarketData(reader), Known()
            self._timings = timings_of(reader)
            for seen in walk(reader, known, progress):
                order = self._take(seen, folder.name, market, known)
                if order is not None and (not touched or touched[-1] is not order):
                    touched.append(order)
            for index in market.instruments:
                if (close := market.close(index, self._day.end_ns)) is not None:
                    self._close[known.name(index)] = close
            for order in touched:
                if order.fills:
                    end_ns = order.fills[-1].time_ns
                    order.vwap = market.vwap(order.submit.intent.instrument, order.submitted_ns, end_ns)

    def _take(self, seen: Seen, session: str, market: MarketData, known: Known) -> _Order | None:
        """Take one record; return the order that it filled."""
        payload = seen.payload
        match payload:
            case ApprovedSubmit():
                self._submit(seen, payload, session, market, known)
            case ApprovedGroup():
                for each in payload.orders:
                    self._submit(seen, each, session, market, known)
            case OrderReport(type=ReportType.ACCEPTED):
                order = self._orders.get(payload.client_order_id)
                if order is not None and order.ack_ns is None:
                    order.ack_ns = seen.recv_ns
            case OrderUpdated():
                order = self._orders.get(payload.client_order_id)
                if order is not None:
                    order.state = payload.state.value
                    order.ended_ns = seen.recv_ns if payload.state in _OVER else None
            case OrderFilled():
                return self._fill(seen, payload, market)
            case OrderBusted():
                order = self._orders.get(payload.client_order_id)
                if order is not None:
                    order.fills = [fill for fill in order.fills if fill.exec_id != payload.exec_id]
            case _:
                pass
        return None

    def _submit(self, seen: Seen, submit: ApprovedSubmit, session: str, market: MarketData, known: Known) -> None:
        if not self._day.begin_ns <= seen.recv_ns < self._day.end_ns:
            return
        index = submit.intent.instrument
        traded = known.instruments[index]
        self._orders[submit.intent.client_order_id] = _Order(
            session=session,
            submit=submit,
            instrument_id=traded.instrument.id,
            submitted_ns=seen.recv_ns,
            timing=self._timings.get(seen.seq),
            touch=market.touch_before(index, seen.seq),
            price_scale=10**traded.instrument.price_precision,
            quantity_text=traded.instrument.quantity_text,
        )

    def _fill(self, seen: Seen, fill: OrderFilled, market: MarketData) -> _Order | None:
        order = self._orders.get(fill.client_order_id)
        if order is None:
            return None
        later = market.touch_at(fill.instrument, seen.recv_ns + self._horizon_ns)
        order.fills.append(
            _Fill(
                exec_id=fill.exec_id,
                time_ns=seen.recv_ns,
                price=fill.price,
                quantity=fill.quantity,
                fee=int(fill.fee),
                fee_currency=fill.fee_currency,
                maker=fill.liquidity is Liquidity.MAKER,
                later=None if later is None else later.middle,
            )
        )
        return order

    def rows(self) -> list[BestExecutionRow]:
        """Return the day's orders, in the order in which they were sent."""
        return [_row(order, self._close.get(order.instrument_id)) for order in self._orders.values()]


def _row(order: _Order, close: float | None) -> BestExecutionRow:
    """Return the figures of one order."""
    intent, fills = order.submit.intent, order.fills
    sign = 1 if intent.side is Side.BUY else -1
    quantity = sum(fill.quantity for fill in fills)
    price = sum(fill.price * fill.quantity for fill in fills) / quantity if quantity else None
    arrival = order.touch.middle if order.touch is not None else float(order.submit.reference_price) or None

    def cost(against: float | None) -> float | None:
        return None if price is None or not against else sign * (price - against) / against * _BPS

    slippage = cost(arrival)
    fees: dict[str, int] = {}
    for fill in fills:
        fees[fill.fee_currency] = fees.get(fill.fee_currency, 0) + fill.fee
    return BestExecutionRow(
        session=order.session,
        client_order_id=intent.client_order_id,
        strategy=intent.strategy_id,
        instrument=order.instrument_id,
        side=intent.side.name.lower(),
        type=intent.type.value,
        state=order.state,
        quantity=order.quantity_text(intent.quantity),
        filled=order.quantity_text(quantity),
        fills=len(fills),
        average_price=None if price is None else price / order.price_scale,
        maker_share=sum(fill.quantity for fill in fills if fill.maker) / quantity if quantity else None,
        fees=" ".join(f"{money_text(amount)} {currency}".rstrip() for currency, amount in sorted(fees.items())),
        submitted_ns=order.submitted_ns,
        decided_ns=None if order.timing is None else order.timing.decided_ns,
        handed_ns=None if order.timing is None else order.timing.handed_ns or None,
        ack_ns=order.ack_ns,
        first_fill_ns=fills[0].time_ns if fills else None,
        last_fill_ns=fills[-1].time_ns if fills else None,
        ended_ns=order.ended_ns,
        arrival_mid=None if arrival is None else arrival / order.price_scale,
        spread_bps=None if order.touch is None else (order.touch.ask - order.touch.bid) / order.touch.middle * _BPS,
        effective_spread_bps=None if slippage is None else 2 * slippage,
        realised_spread_bps=_realised(fills, arrival, sign),
        arrival_slippage_bps=slippage,
        vwap_slippage_bps=cost(order.vwap),
        close_slippage_bps=cost(close),
    )


def _realised(fills: Sequence[_Fill], arrival: float | None, sign: int) -> float | None:
    """Return the realised spread; None where the journal ends before the horizon of any fill."""
    total = 0.0
    for fill in fills:
        if fill.later is None:
            return None
        total += fill.quantity * 2 * sign * (fill.price - fill.later)
    quantity = sum(fill.quantity for fill in fills)
    return None if not quantity or not arrival else total / quantity / arrival * _BPS
