"""What the venue says of our orders, as reports: answers to requests and the private stream, whichever comes first.

A request that the stream has answered is not answered again. A command whose outcome nobody tells becomes an
OUTCOME_UNKNOWN report, and an answer that comes after that is still taken.
"""

import msgspec

from connectors.binance.trading import parse
from connectors.binance.trading.calls import Call, CallKind, names_of
from connectors.binance.trading.codes import Meaning
from connectors.binance.trading.messages import AlgoUpdate, ErrorData, OrderAnswer
from connectors.binance.trading.names import Live, Names, stem_of
from connectors.binance.trading.news import (
    News,
    algo_report,
    autoclose_of,
    is_documented_algo,
    make_report,
    report_type,
)
from connectors.binance.trading.orders import ALGO
from connectors.binance.trading.replies import Refused
from connectors.binance.trading.telling import Teller
from connectors.binance.trading.whole import Whole
from core.codec import KIND_OF
from core.events import OrderReport, ReportType
from core.evidence import EvidenceGiven
from core.ids import revision_id
from core.money import money
from core.orders import ApprovedCancel, ApprovedCommand, ApprovedReplace, Liquidity
from core.records import NO_INSTRUMENT, Kind

_NS_PER_MS = 1_000_000
_REPORT = int(Kind.REPORT)
_ORDERS = (CallKind.PLACE, CallKind.GROUP, CallKind.REPLACE)
SETTLE_NS = 1_000_000_000
"""How long an acknowledged cancel waits for the stream, which tells the fills before it in their order."""


class Desk(Teller):
    """Reports of one account. `events` is what was said since it was last taken."""

    def __init__(self, venue: str, names: Names) -> None:
        """Report nothing yet."""
        super().__init__(venue)
        self.unknown = 0
        self.calls: dict[int, Call] = {}
        self.whole = Whole(self.calls)
        self._names = names
        self._waiting: dict[tuple[CallKind, str], Call] = {}  # calls by what they ask and the order they are about

    @property
    def has_open_calls(self) -> bool:
        """Whether an answer is waited for that may still come in time."""
        return any(not (call.told_unknown or call.answered) for call in self.calls.values())

    def in_flight(self, answered: int) -> int:
        """Return how many orders have left and are not answered, beside the call of a number."""
        return sum(
            call.kind in _ORDERS and call.number != answered and not (call.told_unknown or call.answered)
            for call in self.calls.values()
        )

    def begin(self, call: Call) -> None:
        """Wait for the answer to a call."""
        self.calls[call.number] = call
        for item in call.items:
            for _, name in names_of(item.command):
                self._waiting[call.kind, name] = call

    def end(self, call: Call) -> None:
        """Wait for a call no longer."""
        self.calls.pop(call.number, None)
        for item in call.items:
            for _, name in names_of(item.command):
                if self._waiting.get((call.kind, name)) is call:
                    del self._waiting[call.kind, name]

    def given(self, given: EvidenceGiven, now_ns: int) -> None:
        """Hand evidence in."""
        self.whole.listed(given)
        self.events.append((KIND_OF[EvidenceGiven], 0, NO_INSTRUMENT, now_ns, 0, given, 0, 0, 0, 0))

    # ---- what commands come to

    def refuse(self, command: ApprovedCommand, reason: str, now_ns: int, *, own: bool = False) -> None:
        """Say that a command did nothing at the venue; `own`: it never left."""
        if isinstance(command, ApprovedCancel):
            kind = ReportType.CANCEL_REJECTED
        elif isinstance(command, ApprovedReplace):
            kind = ReportType.REPLACE_REJECTED
            live = self._names.find(command.client_order_id)
            if live is not None and live.replacing == self._revision(command):
                live.replacing = ""
        else:
            kind = ReportType.REJECTED
        for index, name in names_of(command):
            told = self._revision(command) if isinstance(command, ApprovedReplace) else name
            self.report(index, now_ns, 0, OrderReport(type=kind, client_order_id=told, reason=reason, own=own))

    def lose(self, call: Call, reason: str, now_ns: int) -> None:
        """Say that nobody told what became of a call; it is kept, for its answer may come late."""
        if call.told_unknown or call.kind in {CallKind.LOGON, CallKind.SUBSCRIBE}:
            return
        call.told_unknown = True
        if call.answered:
            return
        self.unknown += 1
        for item in call.items:
            for index, name in names_of(item.command):
                told = self._revision(item.command) if isinstance(item.command, ApprovedReplace) else name
                report = OrderReport(type=ReportType.OUTCOME_UNKNOWN, client_order_id=told, reason=reason)
                self.report(index, now_ns, 0, report)

    def succeed(self, call: Call, body: bytes, now_ns: int, *, stream_is_up: bool) -> None:
        """Take the answer to a call that was granted. Raises what `parse.MALFORMED` names, having said nothing."""
        match call.kind:
            case CallKind.PLACE:
                self._placed(call, body, now_ns)
            case CallKind.GROUP:
                for answer in parse.decode_list(body).reports:
                    self._accepted(call, answer.name, answer.number, now_ns)
            case CallKind.CANCEL:
                if stream_is_up and not call.answered:
                    call.settle_ns = now_ns + SETTLE_NS
                    return
                self.settle(call, now_ns)
                return
            case CallKind.REPLACE:
                done = parse.decode_replace(body)
                self._replaced(call, done.cancelled.executed, done.placed.number, now_ns)
            case CallKind.AMEND:
                if (status := parse.decode_order(body).status) in {"", "NEW", "PARTIALLY_FILLED"}:
                    self._amended(call, now_ns)
                elif status == "CANCELED" and not call.answered:  # the stream tells of that: PUT /fapi/v1/order
                    self.refuse(call.command, "the venue cancelled the order instead of changing it", now_ns)
        self.end(call)

    def fail(self, call: Call, refused: Refused, data: ErrorData | None, now_ns: int) -> None:
        """Take the answer to a call that was not granted."""
        meaning = refused.verdict.meaning
        if call.kind is CallKind.REPLACE and data is not None and data.cancel_result == "SUCCESS":
            self._half_replaced(call, refused, data, now_ns)
        elif call.kind is CallKind.CANCEL and meaning is Meaning.ABSENT:
            self.refuse(call.command, refused.reason, now_ns)
        elif not meaning.is_certain or (call.kind is CallKind.PLACE and meaning in {Meaning.ABSENT, Meaning.GONE}):
            self.lose(call, refused.reason, now_ns)
            if not call.answered:
                return  # the answer may have been the venue's guess: the stream may still tell
        elif not call.answered or call.kind is CallKind.PLACE:
            for item in call.items:
                self.refuse(item.command, refused.reason, now_ns)
        self.end(call)

    def settle(self, call: Call, now_ns: int) -> None:
        """Say that an acknowledged cancel was done: the stream did not, or there is none."""
        if not call.answered:
            for item in call.items:
                for index, name in names_of(item.command):
                    live = self._names.find(name)
                    told, order_id = (live.name, live.order_id) if live is not None else (name, "")
                    report = OrderReport(type=ReportType.CANCELLED, client_order_id=told, venue_order_id=order_id)
                    self.report(index, now_ns, 0, report)
        self.end(call)

    # ---- what the stream says

    def on_news(self, news: News, event: bytes, now_ns: int, algo_id: int = 0) -> None:
        """Take what happened to an order. Raises PrecisionError for figures that the instrument cannot hold."""
        index = self.index_of(news.symbol)
        if index == NO_INSTRUMENT:
            self.keep_raw(NO_INSTRUMENT, now_ns, f"an order of {news.symbol}, which is not traded here", event)
            return
        kind = report_type(news)
        reason = autoclose_of(news.name)
        if reason:
            if kind is ReportType.FILLED:
                self.traded(news, reason, index, now_ns)
            return
        name = news.name
        if algo_id and not self._names.find(name):
            name = self._names.name_of_algo(algo_id) or name
        if kind is None:
            self.quarantine(index, name, f"{news.execution} {news.status}", event, now_ns)
            return
        if self._is_replacement(kind, news, name, index, now_ns):
            return
        live = self._names.seen(name, index, news.order_id)
        order_id = live.order_id if live is not None and live.name == name else news.order_id
        if live is not None and kind is ReportType.ACCEPTED:
            self._note_answered(kind, name)
            if live.accepted:
                return
            live.accepted = True
        report = make_report(kind, news, name, order_id, self.instruments[index])
        self._note_answered(kind, name)
        self.report(index, now_ns, news.time_ms, report)

    def on_algo(self, update: AlgoUpdate, event: bytes, now_ns: int) -> None:
        """Take what happened to a conditional order."""
        order = update.order
        index = self.index_of(order.symbol)
        if index == NO_INSTRUMENT:
            self.keep_raw(NO_INSTRUMENT, now_ns, f"a conditional order of {order.symbol}, not traded here", event)
            return
        self._names.note_algo(order.algo_id, order.name)
        order_id = f"{ALGO}{order.algo_id}"
        live = self._names.note_conditional(order.name, index, order_id, str(order.order_id))
        if not is_documented_algo(order.status):
            self.quarantine(index, order.name, f"algo status {order.status}", event, now_ns)
            return
        report = algo_report(order, order_id)
        if live is not None and report is not None and report.type is ReportType.ACCEPTED:
            self._note_answered(report.type, order.name)
            if live.accepted:
                return
            live.accepted = True
        if report is not None:
            self._note_answered(report.type, order.name)
            self.report(index, now_ns, update.event_ms, report)

    def keep_malformed(self, event: bytes, error: Exception, now_ns: int) -> None:
        """Keep an event that cannot be read; the order that it names, if any, is quarantined."""
        name, symbol = parse.hint_of(event)
        self.quarantine(self.index_of(symbol), name, f"cannot be read: {error}", event, now_ns)

    # ---- replacing

    def _is_replacement(self, kind: ReportType, news: News, name: str, index: int, now_ns: int) -> bool:
        """Take what puts a replacement into force; return False for what does not."""
        live, stem, rules = self._names.find(name), stem_of(name), self.instruments[index]
        if kind is ReportType.REPLACED:
            amend = self._waiting.get((CallKind.AMEND, stem))
            if amend is not None:
                amend.answered = True
            price = rules.price(news.price)
            quantity = (live.filled_before if live is not None else 0) + rules.quantity(news.quantity)
            # The answer may have told it: a late repeat must not pass for the answer to the next change.
            if live is None or live.terms != (price, quantity):
                self._changed(index, name, news.order_id, price, quantity, now_ns, news.time_ms)
            return True
        if live is None or not live.replacing:
            return False
        call = self._waiting.get((CallKind.REPLACE, stem))
        if kind is ReportType.CANCELLED and call is not None and name == live.name:
            # The first half: what was filled of the old order by its end is known now.
            filled = live.filled_before + rules.quantity(news.executed)
            live.replacing_filled = max(live.replacing_filled, filled)
        if kind is not ReportType.ACCEPTED or live.replacing != name:
            return False
        if call is not None:
            call.answered = True
        self._renewed(live, index, rules.price(news.price), rules.quantity(news.quantity), news.order_id, now_ns,
                      news.time_ms)  # fmt: skip
        return True

    def _renewed(
        self, live: Live, index: int, price: int, quantity: int, order_id: str, now_ns: int, time_ms: int
    ) -> None:
        """Say that a new order of `quantity` stands in the place of an old one, and know it by its new name."""
        self.whole.placed(self.instruments[index].symbol, order_id)
        live.name, live.order_id, live.working_id = live.replacing, order_id, ""
        live.filled_before, live.replacing, live.accepted = live.replacing_filled, "", True
        self._changed(index, live.name, order_id, price, live.filled_before + quantity, now_ns, time_ms)

    def _changed(
        self, index: int, name: str, order_id: str, price: int, quantity: int, now_ns: int, time_ms: int
    ) -> None:
        """Say what an order asks for now, told under the name by which the venue works it."""
        live = self._names.find(name)
        if live is not None and live.name == name:
            live.replacing, live.terms = "", (price, quantity)
            order_id = live.order_id or order_id
            if live.intent is not None:
                live.intent = msgspec.structs.replace(live.intent, price=price, quantity=quantity)
        report = OrderReport(
            type=ReportType.REPLACED, client_order_id=name, venue_order_id=order_id, price=price, quantity=quantity
        )
        self.report(index, now_ns, time_ms, report)

    def _replaced(self, call: Call, executed: str, order_id: str, now_ns: int) -> None:
        """Take the answer that both halves of a cancel-replace were done."""
        command = call.command
        assert isinstance(command, ApprovedReplace)
        live = self._names.find(command.client_order_id)
        if call.answered or live is None or live.replacing != self._revision(command):
            return
        # What was filled between our word and the venue's is known from the cancelled half.
        filled = live.filled_before + self.instruments[command.instrument].quantity(executed)
        live.replacing_filled = max(filled, command.filled)
        call.answered = True
        quantity = command.quantity - command.filled
        self._renewed(live, command.instrument, command.price, quantity, order_id, now_ns, 0)

    def _half_replaced(self, call: Call, refused: Refused, data: ErrorData, now_ns: int) -> None:
        """The old order was cancelled and the new one is not there, or nobody knows whether it is."""
        command = call.command
        assert isinstance(command, ApprovedReplace)
        live = self._names.find(command.client_order_id)
        old = live.name if live is not None else command.client_order_id
        reason = data.new.msg if data.new is not None and data.new.msg else refused.reason
        if data.new_result not in {"FAILURE", "NOT_ATTEMPTED"}:
            self.lose(call, reason, now_ns)
            return
        report = OrderReport(
            type=ReportType.CANCELLED,
            client_order_id=old,
            venue_order_id=live.order_id if live is not None else "",
            reason=f"cancelled for a replacement that was refused: {reason}",
        )
        self.report(command.instrument, now_ns, 0, report)
        self.refuse(command, reason, now_ns)

    def _amended(self, call: Call, now_ns: int) -> None:
        """Take the answer that an order was changed in place."""
        command = call.command
        assert isinstance(command, ApprovedReplace)
        live = self._names.find(command.client_order_id)
        if call.answered or live is None:
            return
        call.answered = True
        self._changed(command.instrument, live.name, live.order_id, command.price, command.quantity, now_ns, 0)

    # ---- placing

    def _placed(self, call: Call, body: bytes, now_ns: int) -> None:
        """Take the answer that an order was taken; over REST it may tell fills, which no stream may tell."""
        ((index, name),) = names_of(call.command)
        if call.is_algo:
            algo = parse.decode_algo(body)
            self._names.note_algo(algo.algo_id, name)
            self._accepted(call, name, f"{ALGO}{algo.algo_id}", now_ns)
            return
        answer = parse.decode_order(body)
        self._accepted(call, name, answer.number, now_ns)
        for fill in answer.fills:
            rules = self.instruments[index]
            report = OrderReport(
                type=ReportType.FILLED,
                client_order_id=name,
                venue_order_id=answer.number,
                exec_id=str(fill.trade_id),
                price=rules.price(fill.price),
                quantity=rules.quantity(fill.quantity),
                fee=str(money(fill.fee)),
                fee_currency=fill.fee_asset,
                liquidity=Liquidity.TAKER,
            )
            self.report(index, now_ns, 0, report)
        if answer.status.startswith("EXPIRED") and call.connection == 0:
            self._ended_at_once(index, name, answer, now_ns)

    def _ended_at_once(self, index: int, name: str, answer: OrderAnswer, now_ns: int) -> None:
        """Say that an order was over when its answer left."""
        order_id = answer.number
        report = OrderReport(
            type=ReportType.EXPIRED, client_order_id=name, venue_order_id=order_id, reason=answer.reason
        )
        self.report(index, now_ns, 0, report)

    def _accepted(self, call: Call, name: str, order_id: str, now_ns: int) -> None:
        """Say that an order is at the venue, unless the stream did."""
        index = next((index for index, each in names_of(call.command) if each == name), NO_INSTRUMENT)
        live = self._names.seen(name, index, order_id)
        if index != NO_INSTRUMENT:
            self.whole.placed(self.instruments[index].symbol, order_id)
        if index == NO_INSTRUMENT or (live is not None and live.accepted):
            return
        if live is not None:
            live.accepted = True
        number = live.order_id if live is not None else order_id
        self.report(
            index, now_ns, 0, OrderReport(type=ReportType.ACCEPTED, client_order_id=name, venue_order_id=number)
        )

    def _note_answered(self, kind: ReportType, name: str) -> None:
        """Note that the stream has answered the request that a report is the answer to."""
        if kind in {ReportType.CANCELLED, ReportType.EXPIRED}:
            for asked in (CallKind.CANCEL, CallKind.BATCH, CallKind.ALL):
                call = self._waiting.get((asked, name))
                if call is None:
                    continue
                call.told += (name,)
                if len(call.items) == 1:
                    call.answered = True
                    if call.settle_ns:
                        self.end(call)
        call = self._waiting.get((CallKind.PLACE, name))
        if call is not None:
            call.answered = True

    def _revision(self, command: ApprovedReplace) -> str:
        return revision_id(command.client_order_id, command.revision)
