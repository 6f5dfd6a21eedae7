"""The venue's dead-man timer: it cancels what works in a symbol when nothing was heard of us for so long. Pure."""

from connectors.binance.trading.replies import Question, Reply
from connectors.binance.trading.requests import Rare, Target
from connectors.binance.trading.settings import TradingSettings
from core.codec import KIND_OF
from core.events import DeadManChanged
from core.records import Event

_COUNTDOWN = Target("", "POST", "/fapi/v1/countdownCancelAll", 10)


class DeadMan:
    """What is armed until when; tells once for each symbol that it cannot be armed, and once that it is again."""

    def __init__(self, settings: TradingSettings) -> None:
        """Have armed nothing."""
        self._settings = settings
        self.until_ns: dict[str, int] = {}  # when each symbol's timer runs out, by its last arming
        self._unarmed: dict[str, str] = {}

    @property
    def problem(self) -> str:
        """What is not armed, and why; empty when everything is."""
        return "; ".join(f"the dead-man timer of {symbol} is not armed: {why}" for symbol, why in self._unarmed.items())

    def question(self, symbol: str) -> Question:
        """Return the request that arms the timer of one symbol."""
        params = {"symbol": symbol, "countdownTime": str(int(self._settings.dead_man_s * 1000))}
        return Question(Rare(_COUNTDOWN, params, self._settings.recv_window_ms))

    def answered(self, index: int, symbol: str, reply: Reply, asked_ns: int, now_ns: int) -> list[Event]:
        """Take what arming one symbol came to; return the event of a change."""
        was_armed = symbol not in self._unarmed
        if reply.ok:
            self._unarmed.pop(symbol, None)
            self.until_ns[symbol] = asked_ns + int(self._settings.dead_man_s * 1e9)
        else:
            self._unarmed[symbol] = reply.reason
        if reply.ok is was_armed:
            return []
        change = DeadManChanged(venue=self._settings.venue, armed=reply.ok, reason=reply.reason[:300])
        return [(KIND_OF[DeadManChanged], 0, index, now_ns, 0, change, 0, 0, 0, 0)]
