"""State-only replay: a journal's orders, reports and account events into an order manager, and nothing else.

No strategy runs and no market moves, so it costs as much as the orders of a session, not as its market data. Commands
are taken as the effects that they are, so whatever decided them need not be asked again. The manager that comes out is
the one that the engine had, record by record, where each timer that fell due had an input of its own before the next
input that carries a payload, as `daemon.pipeline` gives it.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from core.bookings import BookedByHand
from core.effects import ConversionUsed, Effect, HeldChanged
from core.events import AccountMoved, AccountTraded, CorporateAction, InstrumentDefined, OrderReport, StateCarried
from core.ids import parse_revision_id
from core.orders import ApprovedCancel, ApprovedGroup, ApprovedReplace, ApprovedSubmit, Refusal
from core.records import Kind
from oms.by_hand import event_of
from oms.errors import BadState
from oms.manager import OrderManager
from oms.section import Section
from oms.state import durable_state, restore_state, state_hash


class FoldPart(Section, Protocol):
    """A part of the state beside the manager that follows the same records."""

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of record that it follows."""
        ...

    def fold(self, kind: int, instrument: int, now_ns: int, payload: msgspec.Struct) -> None:
        """Follow one record, before the manager does."""
        ...


Handler = Callable[[int, int, msgspec.Struct], None]


class Fold:
    """One session's records folded into a manager, in their order."""

    def __init__(self, manager: OrderManager, parts: Sequence[FoldPart] = ()) -> None:
        """Fold into `manager`, which is new and has the balances that the session began with, and into `parts`."""
        self.manager = manager
        self._parts = parts
        self._dropped: list[Effect] = []  # what the manager says of it was said when it happened
        self._handlers: dict[int, Handler] = {
            Kind.INSTRUMENT: self._instrument,
            Kind.CARRIED: self._carried,
            Kind.REPORT: self._report,
            Kind.ACCOUNT_MOVE: self._account,
            Kind.ACCOUNT_TRADE: self._account,
            Kind.CORPORATE: self._account,
            Kind.BOOKED: self._booked,
            Kind.CONVERSION: self._conversion,
            Kind.SUBMIT: self._submit,
            Kind.SUBMIT_GROUP: self._submit_group,
            Kind.CANCEL: self._cancel,
            Kind.REPLACE: self._replace,
            Kind.REFUSAL: self._refusal,
            Kind.HELD: self._held,
        }
        self._followers: dict[int, list[FoldPart]] = {}
        for part in parts:
            for kind in part.kinds:
                self._followers.setdefault(kind, []).append(part)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of record that are folded; all others may be left out."""
        return tuple(Kind(kind) for kind in sorted(self._handlers.keys() | self._followers.keys()))

    def record(self, kind: int, instrument: int, now_ns: int, payload: msgspec.Struct) -> None:
        """Fold one record, of any kind that carries a payload. Raises OmsError."""
        for part in self._followers.get(kind, ()):
            part.fold(kind, instrument, now_ns, payload)
        handler = self._handlers.get(kind)
        if handler is not None:
            handler(instrument, now_ns, payload)
            self._dropped.clear()

    def durable_state(self) -> bytes:
        """Return what the engine's own `durable_state` returned at this place of the session."""
        return durable_state(self.manager, self._parts)

    def _instrument(self, instrument: int, _now_ns: int, payload: msgspec.Struct) -> None:
        assert isinstance(payload, InstrumentDefined)
        self.manager.define(instrument, payload.instrument)

    def _carried(self, _instrument: int, _now_ns: int, payload: msgspec.Struct) -> None:
        assert isinstance(payload, StateCarried)
        take_over(payload, self.manager, self._parts)

    def _report(self, instrument: int, now_ns: int, payload: msgspec.Struct) -> None:
        assert isinstance(payload, OrderReport)
        self.manager.report(payload, instrument, now_ns, self._dropped)

    def _account(self, instrument: int, now_ns: int, payload: msgspec.Struct) -> None:
        assert isinstance(payload, AccountMoved | AccountTraded | CorporateAction)
        self.manager.account_event(payload, instrument, self._dropped, now_ns)

    def _booked(self, instrument: int, now_ns: int, payload: msgspec.Struct) -> None:
        assert isinstance(payload, BookedByHand)
        self.manager.account_event(event_of(payload), instrument, self._dropped, now_ns)

    def _conversion(self, _instrument: int, _now_ns: int, payload: msgspec.Struct) -> None:
        """Take the rate from the journal: no market moves here that could tell it."""
        assert isinstance(payload, ConversionUsed)
        self.manager.conversion(payload)

    def _submit(self, _instrument: int, now_ns: int, payload: msgspec.Struct) -> None:
        assert isinstance(payload, ApprovedSubmit)
        _, revision = parse_revision_id(payload.intent.client_order_id) or ("", 0)
        if revision:
            self.manager.replacements.rest_sent(payload, now_ns, self._dropped)
        else:
            self.manager.submit(payload, now_ns, self._dropped)

    def _submit_group(self, _instrument: int, now_ns: int, payload: msgspec.Struct) -> None:
        assert isinstance(payload, ApprovedGroup)
        for order in payload.orders:
            self.manager.submit(order, now_ns, self._dropped)

    def _cancel(self, _instrument: int, now_ns: int, payload: msgspec.Struct) -> None:
        assert isinstance(payload, ApprovedCancel)
        self.manager.cancel_sent(payload, now_ns, self._dropped)

    def _replace(self, _instrument: int, now_ns: int, payload: msgspec.Struct) -> None:
        assert isinstance(payload, ApprovedReplace)
        self.manager.replacements.sent(payload, now_ns, self._dropped)

    def _refusal(self, _instrument: int, now_ns: int, payload: msgspec.Struct) -> None:
        assert isinstance(payload, Refusal)
        self.manager.replacements.refused(payload.intent.client_order_id, payload.message, now_ns, self._dropped)

    def _held(self, _instrument: int, _now_ns: int, payload: msgspec.Struct) -> None:
        """Take what the engine wrote down: which trigger the market pulled is not to be known here."""
        assert isinstance(payload, HeldChanged)
        self.manager.held.follow(payload)


def take_over(carried: StateCarried, manager: OrderManager, parts: Sequence[Section]) -> None:
    """Restore what a session takes over from the one before it. Raises BadState, and what `restore_state` raises."""
    if state_hash(carried.state) != carried.digest:
        raise BadState(f"the state carried over from {carried.session} does not match its digest: fold it again")
    restore_state(carried.state, manager, parts)
