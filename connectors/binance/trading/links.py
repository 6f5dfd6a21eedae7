"""Whether orders may be sent: what the connections, the venue's limits and its maintenance come to; and its stream."""

from connectors.binance.trading import parse
from connectors.binance.trading.desk import Desk
from connectors.binance.trading.messages import (
    AccountUpdate,
    AlgoUpdate,
    BalanceUpdate,
    ListenKeyExpired,
    OrderTradeUpdate,
    ServerShutdown,
    SpotReport,
    StreamTerminated,
)
from connectors.binance.trading.news import spot_news, usdm_news
from core.codec import KIND_OF
from core.events import LinkChanged, LinkState
from core.records import NO_INSTRUMENT, Event


class Link:
    """The state of the way to a venue; each change of it becomes one event."""

    def __init__(self, venue: str, events: list[Event], *, needs_private: bool) -> None:
        """Be down. `needs_private`: the private stream has a connection of its own."""
        self.maintenance = False
        self.told: LinkState | None = None
        """What was last said, and why."""
        self.reason = ""
        self._venue = venue
        self._events = events
        self._needs_private = needs_private
        self._orders = False
        self._private = False
        self._until_ns = 0

    @property
    def is_up(self) -> bool:
        """Whether orders may be sent and the private stream is heard."""
        return self._orders and self.is_heard

    @property
    def takes_orders(self) -> bool:
        """Whether orders can be entered by the socket."""
        return self._orders

    @property
    def is_heard(self) -> bool:
        """Whether the private stream is heard: on spot it comes by the socket on which orders are entered."""
        return self._private if self._needs_private else self._orders

    def orders_up(self, now_ns: int) -> None:
        """Orders can be entered."""
        self._orders, self.maintenance = True, False
        self._tell(now_ns, "")

    def orders_down(self, now_ns: int, reason: str) -> None:
        """Orders cannot be entered but by REST."""
        self._orders = False
        self._tell(now_ns, reason)

    def private_up(self, now_ns: int) -> None:
        """The private stream is heard."""
        self._private = True
        self._tell(now_ns, "")

    def private_down(self, now_ns: int, reason: str) -> None:
        """Nobody tells what becomes of orders."""
        self._private = False
        self._tell(now_ns, f"private stream: {reason}")

    def in_maintenance(self, now_ns: int, reason: str) -> None:
        """The venue says that it is out of service."""
        self.maintenance = True
        self._tell(now_ns, reason)

    def limited(self, now_ns: int, until_ns: int, reason: str) -> None:
        """The venue asked for silence."""
        if until_ns <= self._until_ns:
            return
        self._until_ns = until_ns
        self._tell(now_ns, reason, again=True)

    def on_time(self, now_ns: int) -> None:
        """See a silence end."""
        if self._until_ns and now_ns >= self._until_ns:
            self._until_ns = 0
            self._tell(now_ns, "the silence that the venue asked for is over")

    def _tell(self, now_ns: int, reason: str, *, again: bool = False) -> None:
        """Say what changed, if anything did."""
        state = LinkState.UP
        if not self.is_up:
            state = LinkState.MAINTENANCE if self.maintenance else LinkState.DOWN
        elif self._until_ns:
            state = LinkState.LIMITED
        if state is self.told and not again:
            return
        if self.told is None and state is LinkState.DOWN:
            return  # it never was anything else
        self.told, self.reason = state, reason[:300]
        until_ns = self._until_ns if state is LinkState.LIMITED else 0
        change = LinkChanged(venue=self._venue, state=state, reason=self.reason, until_ns=until_ns)
        self._events.append((KIND_OF[LinkChanged], 0, NO_INSTRUMENT, now_ns, 0, change, 0, 0, 0, 0))


class PrivateEvents:
    """Takes the events of the private stream to the desk. `expired`, `shutdown`: what the connection must do next."""

    def __init__(self, venue: str, desk: Desk) -> None:
        """Know nothing yet."""
        self.expired = False
        self.shutdown = False
        self._venue = venue
        self._desk = desk

    def spot(self, event: bytes, now_ns: int) -> None:
        """Take one event of spot. Never raises."""
        desk = self._desk
        try:
            told = parse.decode_spot(event)
            if isinstance(told, SpotReport):
                desk.whole.told(told)
                desk.on_news(spot_news(told), event, now_ns)
            elif isinstance(told, BalanceUpdate):
                desk.moved("", parse.spot_move(self._venue, told), now_ns, told.time_ms)
            elif isinstance(told, StreamTerminated):
                self.expired = True
            elif isinstance(told, ServerShutdown):
                self.shutdown = True
        except parse.MALFORMED as error:
            desk.keep_malformed(event, error, now_ns)

    def usdm(self, event: bytes, now_ns: int) -> None:
        """Take one event of USDⓈ-M. Never raises."""
        desk = self._desk
        try:
            told = parse.decode_usdm(event)
            if isinstance(told, OrderTradeUpdate):
                desk.on_news(usdm_news(told), event, now_ns, told.order.algo_id)
            elif isinstance(told, AlgoUpdate):
                desk.on_algo(told, event, now_ns)
            elif isinstance(told, AccountUpdate):
                for symbol, moved in parse.usdm_moves(self._venue, told):
                    desk.moved(symbol, moved, now_ns, told.time_ms)
            elif isinstance(told, ListenKeyExpired):
                self.expired = True
            elif isinstance(told, ServerShutdown):
                self.shutdown = True
        except parse.MALFORMED as error:
            desk.keep_malformed(event, error, now_ns)
