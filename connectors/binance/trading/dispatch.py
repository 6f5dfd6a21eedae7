"""Which request a command becomes: what is known of its order decides between the venue's ways of doing it."""

from collections.abc import Mapping

import msgspec

from connectors.binance.settings import Market
from connectors.binance.trading.budget import Urgency
from connectors.binance.trading.calls import CallKind, kind_of
from connectors.binance.trading.credentials import Credentials
from connectors.binance.trading.groups import list_request
from connectors.binance.trading.logon import Facts
from connectors.binance.trading.names import Live, Names
from connectors.binance.trading.orders import ALGO, BATCH_MAX, OrderRequests
from connectors.binance.trading.outbox import Outbox, Waiting, urgency_of
from connectors.binance.trading.requests import Rare, Request, Target
from connectors.binance.trading.settings import TradingSettings
from connectors.binance.trading.whole import Whole
from core.ids import revision_id
from core.instruments import Instrument
from core.orders import (
    ApprovedCancel,
    ApprovedCommand,
    ApprovedGroup,
    ApprovedReplace,
    ApprovedSubmit,
    OrderIntent,
    OrderType,
)

_LOGON = Target("session.logon", "", "", 2)
_SUBSCRIBE = Target("userDataStream.subscribe.signature", "", "", 2)
_IMMEDIATE = (OrderType.MARKET, OrderType.LIMIT)


_ALL_MAX = 10_000  # more cannot work at a symbol: MAX_NUM_ORDERS


class Batch(msgspec.Struct, frozen=True):
    """Several cancels in one request; `numbers` as in `Call`."""

    kind: CallKind
    items: tuple[Waiting, ...]
    request: Request
    numbers: tuple[str, ...] = ()


class Dispatcher:
    """Makes requests of commands, and notes in `names` what they will be called."""

    def __init__(self, settings: TradingSettings, credentials: Credentials, names: Names) -> None:
        """Know no instrument yet."""
        self.instruments: Mapping[int, Instrument] = {}
        self._settings = settings
        self._names = names
        self._requests = OrderRequests(settings, credentials.key)
        self._amendable: tuple[str, ...] = ()

    def assign(self, instruments: Mapping[int, Instrument]) -> None:
        """Take the rules of the instruments by index."""
        self.instruments = instruments
        self._requests.assign(instruments)

    def take(self, facts: Facts) -> None:
        """Take what the checks at logon found."""
        self._amendable = facts.amendable
        self._requests.hedge_mode = facts.hedge_mode

    def cost(self, command: ApprovedCommand) -> tuple[int, int]:
        """Return the weight and the orders that a command counts for, at most."""
        if isinstance(command, ApprovedCancel):
            return 1, 0
        if isinstance(command, ApprovedGroup):
            return 1, len(command.orders)
        return (4, 1) if isinstance(command, ApprovedReplace) else (1, 1)

    def urgency(self, command: ApprovedCommand) -> Urgency:
        """Return who goes first; a replacement that only takes quantity off reduces what may be traded."""
        if isinstance(command, ApprovedReplace):
            live = self._names.find(command.client_order_id)
            if live is not None and live.intent is not None and command.price == live.intent.price:
                return Urgency.REDUCE if command.quantity < live.intent.quantity else Urgency.OPEN
        return urgency_of(command)

    def request(self, command: ApprovedCommand) -> Request | str:
        """Return the request for a command, or why there is none."""
        if isinstance(command, ApprovedSubmit):
            return self._submit(command)
        if isinstance(command, ApprovedCancel):
            return self._cancel(command)
        if isinstance(command, ApprovedReplace):
            if self._settings.market is Market.USDM:
                return self._modify(command)
            return self._replace(command)
        return self._group(command)

    def kind(self, command: ApprovedCommand, request: Request) -> CallKind:
        """Return what a request asks for: some replacements are made in place."""
        kind = kind_of(command)
        if kind is CallKind.REPLACE and request.target.ws != "order.cancelReplace":
            return CallKind.AMEND
        return kind

    def batch(self, command: ApprovedCommand, outbox: Outbox, whole: Whole) -> Batch | None:
        """Return waiting cancels that leave as one request, taken out of the box; None where there is no such thing.

        USDⓈ-M takes a list of them. Spot has only one for everything at a symbol: right where nothing else works there.
        """
        if not isinstance(command, ApprovedCancel) or outbox.count_cancels(command.instrument) < 2:
            return None
        is_spot = self._settings.market is Market.SPOT
        if (is_spot and not self._settings.alone) or command.instrument not in self.instruments:
            return None
        taken = tuple(outbox.take_cancels(command.instrument, _ALL_MAX if is_spot else BATCH_MAX))
        numbers: list[str] = []
        names: list[str] = []
        for waiting in taken:
            each = waiting.command
            assert isinstance(each, ApprovedCancel)
            numbers.append(self._number_of(each, self._names.find(each.client_order_id)))
            names.append(each.client_order_id)
        if is_spot:
            if whole.is_of(self.instruments[command.instrument].symbol, command.instrument, numbers):
                return Batch(CallKind.ALL, taken, self._requests.cancel_all(command.instrument), tuple(numbers))
        elif not any(number.startswith(ALGO) for number in numbers):
            by_name = not all(numbers)
            given = ([], names) if by_name else (numbers, [])
            return Batch(CallKind.BATCH, taken, self._requests.cancel_batch(command.instrument, *given))
        for waiting in reversed(taken):
            outbox.put_back(waiting, Urgency.CANCEL)
        return None

    def logon(self) -> Request:
        """Return the request that authenticates a connection."""
        return Rare(_LOGON, {}, self._settings.recv_window_ms)

    def subscription(self) -> Request:
        """Return the signed request for the private stream."""
        return Rare(_SUBSCRIBE, {}, self._settings.recv_window_ms)

    def _submit(self, command: ApprovedSubmit) -> Request | str:
        request = self._requests.submit(command)
        if not isinstance(request, str):
            intent = command.intent
            self._names.add(intent.client_order_id, Live(intent, intent.instrument, intent.client_order_id))
        return request

    def _cancel(self, command: ApprovedCancel) -> Request | str:
        """Cancel an order under the very name that the command gives: a replaced one may be alive under two."""
        live = self._names.find(command.client_order_id)
        number = self._number_of(command, live)
        conditional = live is not None and live.intent is not None and live.intent.type not in _IMMEDIATE
        if self._settings.market is Market.USDM and conditional and not number:
            return self._requests.cancel_algo(command.client_order_id)
        return self._requests.cancel(command, command.client_order_id, number)

    def _number_of(self, command: ApprovedCancel, live: Live | None) -> str:
        """Return the venue's number of an order: ours may be newer than the core's."""
        if live is not None and live.name == command.client_order_id:
            return live.cancel_id or command.venue_order_id
        return command.venue_order_id

    def _modify(self, command: ApprovedReplace) -> Request | str:
        request = self._requests.modify(command)
        if not isinstance(request, str):
            self._note_replacing(command, self._live(command), command.filled)
        return request

    def _replace(self, command: ApprovedReplace) -> Request | str:
        """Take quantity off in place where that is all; else cancel the order and place another."""
        live = self._names.find(command.client_order_id)
        instrument = self.instruments.get(command.instrument)
        if live is None or live.intent is None or instrument is None:
            return "an earlier session placed this order, how is not known: cancel it and place another"
        if live.replacing:
            return "a replacement of this order is under way"
        new = self._replacement(live.intent, command)
        if new.quantity <= 0:
            return "nothing would be left to be done: cancel the order"
        same_price = command.price == live.intent.price
        less = command.quantity < live.intent.quantity
        if same_price and less and command.type is OrderType.LIMIT and instrument.symbol in self._amendable:
            self._note_replacing(command, live, live.filled_before)
            # "It is possible to reuse the current clientOrderId by sending it as the newClientOrderId."
            return self._requests.amend(command, live.name, command.quantity - live.filled_before, live.name)
        request = self._requests.replace(new, live.name, live.cancel_id or command.venue_order_id)
        if not isinstance(request, str):
            self._note_replacing(command, live, command.filled)
        return request

    def _replacement(self, intent: OrderIntent, command: ApprovedReplace) -> OrderIntent:
        """Return the order that takes the place of one: what is not filled yet, under the revision's name."""
        return msgspec.structs.replace(
            intent,
            client_order_id=revision_id(command.client_order_id, command.revision),
            price=command.price,
            quantity=command.quantity - command.filled,
        )

    def _note_replacing(self, command: ApprovedReplace, live: Live, filled: int) -> None:
        """Note by which name the order will be known once it is replaced."""
        live.replacing = revision_id(command.client_order_id, command.revision)
        live.replacing_filled = filled

    def _live(self, command: ApprovedReplace) -> Live:
        """Return what is known of an order, beginning to know it."""
        live = self._names.find(command.client_order_id)
        if live is None:
            live = Live(None, command.instrument, command.client_order_id, command.venue_order_id)
            self._names.add(command.client_order_id, live)
        return live

    def _group(self, command: ApprovedGroup) -> Request | str:
        if self._settings.market is Market.USDM:
            return "USDⓈ-M offers no order lists: tickerd keeps them"
        instrument = self.instruments.get(command.orders[0].intent.instrument)
        if instrument is None:
            return "the instrument is not assigned to this connector"
        request = list_request(command, instrument, self._settings)
        if not isinstance(request, str):
            for order in command.orders:
                intent = order.intent
                self._names.add(intent.client_order_id, Live(intent, intent.instrument, intent.client_order_id))
        return request
