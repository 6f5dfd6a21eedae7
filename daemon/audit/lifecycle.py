"""Every order's life on a day: what was decided, passed or refused, sent, answered, filled and ended, a row each."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from core.effects import OrderBusted, OrderFilled, OrderUpdated
from core.events import OrderReport
from core.money import money_text
from core.orders import ApprovedCancel, ApprovedGroup, ApprovedReplace, ApprovedSubmit, OrderIntent, Refusal
from core.records import Kind
from daemon.audit.walk import Day, Seen, walk
from daemon.store.known import Known
from journal.progress import Progress
from journal.reader import open_session
from journal.timing import Timing, timings_of


class LifecycleRow(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to one order.

    `event`: `submitted` (it passed the gate), `refused`, `cancel-sent`, `replace-sent`, `report` (the venue's word),
    `update` (its state with us), `fill`, `bust`. `time_ns` is the time of the input that it followed from: when
    `submitted`, `refused`, `cancel-sent` and `replace-sent` were decided, and handed to the venue's connector, stands
    beside it, where a daemon ran and measured it. `since_ns` counts from the order's `submitted`.
    """

    session: str
    seq: int
    time_ns: int
    venue_ns: int | None
    client_order_id: str
    venue_order_id: str
    strategy: str
    instrument: str
    event: str
    state: str
    previous: str
    side: str
    type: str
    time_in_force: str
    price: str
    quantity: str
    filled: str
    exec_id: str
    fee: str
    fee_currency: str
    liquidity: str
    cause: str
    reason: str
    limits_version: int | None
    since_ns: int | None
    decided_ns: int | None = None
    handed_ns: int | None = None


class _Life(msgspec.Struct):
    """What is known of an order from its submission on."""

    intent: OrderIntent
    submitted_ns: int


def lifecycle(folder: Path, day: Day, progress: Progress | None = None) -> Iterator[LifecycleRow]:
    """Yield the rows of one session, in the order of the journal. Raises JournalError, CodecError."""
    with open_session(folder) as reader:
        rows = _Rows(folder.name, timings_of(reader))
        for seen in walk(reader, rows.known, progress):
            for row in rows.of(seen):
                if day.begin_ns <= seen.recv_ns < day.end_ns:
                    yield row


class _Rows:
    """Makes rows out of records."""

    def __init__(self, session: str, timings: dict[int, Timing]) -> None:
        self.known = Known()
        self._timings = timings
        self._session = session
        self._lives: dict[str, _Life] = {}

    def of(self, seen: Seen) -> Iterator[LifecycleRow]:
        """Yield what a record says of orders."""
        payload = seen.payload
        match payload:
            case ApprovedSubmit():
                yield self._submitted(seen, payload)
            case ApprovedGroup():
                for each in payload.orders:
                    yield self._submitted(seen, each)
            case Refusal():
                row = self._row(seen, payload.intent.client_order_id, "refused", intent=payload.intent)
                reason = f"{payload.code}: {payload.message}"
                yield msgspec.structs.replace(row, reason=reason, limits_version=payload.limits_version)
            case ApprovedCancel():
                yield self._row(seen, payload.client_order_id, "cancel-sent", strategy=payload.strategy_id)
            case ApprovedReplace():
                row = self._row(seen, payload.client_order_id, "replace-sent", strategy=payload.strategy_id)
                yield self._priced(row, payload.instrument, payload.price, payload.quantity, payload.filled)
            case OrderReport():
                row = self._row(seen, payload.client_order_id, "report")
                row = self._priced(row, seen.instrument, payload.price, payload.quantity, 0)
                yield msgspec.structs.replace(
                    row,
                    venue_ns=seen.venue_ns or None,
                    venue_order_id=payload.venue_order_id,
                    state=payload.type.value,
                    exec_id=payload.exec_id,
                    reason=payload.reason,
                )
            case OrderUpdated():
                row = self._row(seen, payload.client_order_id, "update", strategy=payload.strategy_id)
                row = self._priced(row, payload.instrument, payload.price, payload.quantity, payload.filled)
                yield msgspec.structs.replace(
                    row,
                    venue_order_id=payload.venue_order_id,
                    state=payload.state.value,
                    previous="" if payload.previous is None else payload.previous.value,
                    reason=payload.reason,
                )
            case OrderFilled() | OrderBusted():
                yield self._execution(seen, payload)
            case _:
                pass

    def _submitted(self, seen: Seen, submit: ApprovedSubmit) -> LifecycleRow:
        intent = submit.intent
        self._lives[intent.client_order_id] = _Life(intent, seen.recv_ns)
        row = self._row(seen, intent.client_order_id, "submitted")
        return msgspec.structs.replace(row, limits_version=submit.limits_version)

    def _execution(self, seen: Seen, fill: OrderFilled | OrderBusted) -> LifecycleRow:
        event = "fill" if isinstance(fill, OrderFilled) else "bust"
        row = self._row(seen, fill.client_order_id, event, strategy=fill.strategy_id)
        row = self._priced(row, fill.instrument, fill.price, fill.quantity, 0)
        liquidity = getattr(fill, "liquidity", None)
        return msgspec.structs.replace(
            row,
            exec_id=fill.exec_id,
            fee=money_text(int(fill.fee)),
            fee_currency=fill.fee_currency,
            liquidity="" if liquidity is None else liquidity.value,
        )

    def _priced(self, row: LifecycleRow, index: int, price: int, quantity: int, filled: int) -> LifecycleRow:
        return msgspec.structs.replace(
            row,
            instrument=self.known.name(index) or row.instrument,
            price=self.known.price(index, price) if price else "",
            quantity=self.known.quantity(index, quantity) if quantity else "",
            filled=self.known.quantity(index, filled) if filled else "",
        )

    def _row(
        self, seen: Seen, order: str, event: str, *, strategy: str = "", intent: OrderIntent | None = None
    ) -> LifecycleRow:
        """Return a row with what every event of an order has."""
        life = self._lives.get(order)
        known = intent if life is None else life.intent
        timing = self._timings.get(seen.seq)
        row = LifecycleRow(
            session=self._session,
            seq=seen.seq,
            time_ns=seen.recv_ns,
            venue_ns=None,
            client_order_id=order,
            venue_order_id="",
            strategy=strategy if known is None else known.strategy_id,
            instrument=self.known.name(seen.instrument),
            event=event,
            state="",
            previous="",
            side="" if known is None else known.side.name.lower(),
            type="" if known is None else known.type.value,
            time_in_force="" if known is None else known.time_in_force.value,
            price="",
            quantity="",
            filled="",
            exec_id="",
            fee="",
            fee_currency="",
            liquidity="",
            cause=Kind(seen.cause).name.lower() if event in {"submitted", "refused"} else "",
            reason="",
            limits_version=None,
            since_ns=None if life is None else seen.recv_ns - life.submitted_ns,
            decided_ns=None if timing is None else timing.decided_ns,
            handed_ns=None if timing is None else timing.handed_ns or None,
        )
        if known is None or event not in {"submitted", "refused"}:
            return row
        return self._priced(row, known.instrument, known.price, known.quantity, 0)
