"""What leaves, by which way, with which time and signature: a frame where order entry is up, else a REST request."""

import msgspec

from connectors.binance.address import Address
from connectors.binance.trading.budget import Budget
from connectors.binance.trading.calls import Call, CallKind
from connectors.binance.trading.credentials import Credentials
from connectors.binance.trading.desk import Desk
from connectors.binance.trading.requests import Request, RestRequest, plain_frame, rest_request
from connectors.binance.trading.settings import TradingSettings

_NS_PER_MS = 1_000_000
LINE_WEIGHT = 2  # of connecting, of logging on and of subscribing


class Sent(msgspec.Struct):
    """What was sent so far."""

    commands: int = 0
    fallbacks: int = 0
    throttled: int = 0


class Outgoing:
    """Numbers requests and lays them out for the transport."""

    def __init__(
        self, settings: TradingSettings, credentials: Credentials, desk: Desk, address: Address | None = None
    ) -> None:
        """Have no connection yet."""
        self.frames: list[tuple[int, int, bytes]] = []  # (connection, request's number, frame) to write
        self.questions: list[tuple[int, RestRequest]] = []  # (number, request) to send by REST
        self.sent = Sent()
        self.budget = Budget(settings.cancel_share, settings.reduce_share, address)
        self.offset_ns = 0  # the venue's clock less ours
        self.connection = 0  # the one in charge of order entry, 0 without one
        self._base = settings.rest_base
        self._credentials = credentials
        self._desk = desk
        self._number = 0
        self._signing: Credentials | None = credentials  # None on a session that is logged on

    def take_charge(self, connection: int, *, logged_on: bool) -> None:
        """Enter orders on a connection from now on."""
        self.connection = connection
        self._signing = None if logged_on else self._credentials

    def leave(self, call: Call, request: Request, now_ns: int) -> None:
        """Send a request for commands, and wait for its answer."""
        target = request.target
        self.budget.spend(now_ns, target.weight, target.orders)
        self._number = number = self._number + 1
        call.number = number
        call.is_algo = "/algoOrder" in target.path
        timestamp_ms = (now_ns + self.offset_ns) // _NS_PER_MS
        self.sent.commands += len(call.items)
        if self.connection and target.ws:
            call.connection = self.connection
            self.frames.append((self.connection, number, request.frame(number, timestamp_ms, self._signing)))
        else:
            if target.ws:
                self.sent.fallbacks += len(call.items)
            query = request.query(timestamp_ms)
            self.questions.append((number, rest_request(self._base, target, query, self._credentials)))
        self._desk.begin(call)

    def ask_line(self, kind: CallKind, connection: int, request: Request | str, now_ns: int) -> None:
        """Send a request about the connection itself: a signed one, or the name of one without parameters."""
        self._number = number = self._number + 1
        self.budget.spend(now_ns, LINE_WEIGHT, 0)
        self._desk.begin(Call(number, kind, connection, now_ns))
        if isinstance(request, str):
            frame = plain_frame(number, request)
        else:
            frame = request.frame(number, (now_ns + self.offset_ns) // _NS_PER_MS, self._credentials)
        self.frames.append((connection, number, frame))

    def take_frames(self) -> list[tuple[int, int, bytes]]:
        """Return what is to be written, each frame once."""
        taken, self.frames = self.frames, []
        return taken

    def take_questions(self) -> list[tuple[int, RestRequest]]:
        """Return what is to be sent by REST, each request once."""
        taken, self.questions = self.questions, []
        return taken
