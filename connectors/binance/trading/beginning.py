"""A new connection's first requests, to log on and to subscribe: sent at once, or when a silence is over. Pure."""

from connectors.binance.trading.budget import Urgency
from connectors.binance.trading.calls import CallKind
from connectors.binance.trading.dispatch import Dispatcher
from connectors.binance.trading.outgoing import LINE_WEIGHT, Outgoing


class Beginning:
    """What connections still have to ask before orders can be entered on them."""

    def __init__(self, out: Outgoing, dispatcher: Dispatcher, *, logs_on: bool) -> None:
        """Nobody waits. `logs_on`: requests on a connection need no signature once it is logged on."""
        self._out = out
        self._dispatcher = dispatcher
        self._logs_on = logs_on
        self._waiting: dict[int, CallKind] = {}  # by connection

    def ask(self, kind: CallKind, connection: int, now_ns: int) -> None:
        """Log on, or subscribe, as soon as the venue's limits allow: both weigh, and a silence is for both."""
        self._waiting[connection] = kind
        self.on_time(now_ns)

    def lost(self, connection: int) -> None:
        """Forget a connection."""
        self._waiting.pop(connection, None)

    def on_time(self, now_ns: int) -> None:
        """Let those ask who may now."""
        for connection, kind in list(self._waiting.items()):
            if self._out.budget.wait_ns(now_ns, LINE_WEIGHT, 0, Urgency.CANCEL):
                return
            del self._waiting[connection]
            if kind is CallKind.LOGON:
                self._out.ask_line(kind, connection, self._dispatcher.logon(), now_ns)
            else:
                # "you no longer have to specify apiKey and signature for those requests that need them"
                request = "userDataStream.subscribe" if self._logs_on else self._dispatcher.subscription()
                self._out.ask_line(kind, connection, request, now_ns)
